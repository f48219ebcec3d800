//! The SVG of a page: its own fonts, few and short elements, and a script that shows values under the pointer.

use std::fmt::Write as _;

use base64ct::{Base64, Encoding as _};

use super::Color;
use super::font::Face;
use super::picture::Picture;
use super::style::{TICK, UNITS, Unit};
use super::text::{FAMILY, Span};

/// What the figure does when it is looked at in a browser; without scripts it is what it is.
const SCRIPT: &str = include_str!("interactive.js");

/// An SVG on its way, drawn in whole drawing units.
#[derive(Default)]
pub(super) struct Svg {
    body: String,
    /// A path that may become longer, and how it is painted.
    path: String,
    paint: String,
    faces: [bool; Face::ALL.len()],
}

impl Svg {
    pub(super) fn polyline(&mut self, points: &[Unit], color: Color, width: u32) {
        let paint = stroke(color, width);
        self.shape(&path(points), paint, color);
    }

    pub(super) fn polygon(&mut self, points: &[Unit], color: Color) {
        // Of one winding, whichever they are given in: overlapping ones of one path do not cut holes into each other.
        let next = points.iter().cycle().skip(1);
        let pairs = points.iter().zip(next);
        let area: i64 = pairs
            .map(|(a, b)| i64::from(a.0) * i64::from(b.1) - i64::from(b.0) * i64::from(a.1))
            .sum();
        let outline = match area < 0 {
            true => path(&points.iter().rev().copied().collect::<Vec<_>>()),
            false => path(points),
        };
        self.shape(&(outline + "z"), fill(color), color);
    }

    pub(super) fn rectangle(&mut self, a: Unit, b: Unit, color: Color) {
        let (left, top) = (a.0.min(b.0), a.1.min(b.1));
        let (w, h) = ((a.0 - b.0).abs(), (a.1 - b.1).abs());
        self.shape(&format!("M{left} {top}h{w}v{h}h-{w}z"), fill(color), color);
    }

    pub(super) fn disc(&mut self, center: Unit, radius: u32, color: Color) {
        self.shape(&circle(center, radius), fill(color), color);
    }

    pub(super) fn ring(&mut self, center: Unit, radius: u32, color: Color, width: u32) {
        self.shape(&circle(center, radius), stroke(color, width), color);
    }

    /// A text whose baseline starts here, to the right or (upright) upwards.
    pub(super) fn text(&mut self, span: &Span, (x, y): Unit, color: Color, upright: bool) {
        self.flush();
        self.faces[span.face as usize] = true;
        self.body += "<text";
        match upright {
            false => self.attributes(&[("x", &x.to_string()), ("y", &y.to_string())]),
            true => {
                let place = format!("matrix(0 -1 1 0 {x} {y})");
                self.attributes(&[("transform", &place)]);
            }
        }
        if span.size != TICK {
            let size = (span.size * UNITS * 100.0).round() / 100.0;
            self.attributes(&[("font-size", &size.to_string())]);
        }
        if color != Color::BLACK {
            self.attributes(&[("fill", &color.hex())]);
        }
        match span.face {
            Face::Regular => {}
            Face::Italic => self.attributes(&[("font-style", "oblique")]),
            Face::Bold => self.attributes(&[("font-weight", "bold")]),
        }
        let text = escape(&span.text);
        self.body += &format!(">{text}</text>");
    }

    pub(super) fn picture(&mut self, picture: &Picture, a: Unit, b: Unit, png: &[u8]) {
        self.flush();
        let data = format!("data:image/png;base64,{}", Base64::encode_string(png));
        let [x, y, w, h] = [a.0, a.1, b.0 - a.0, b.1 - a.1].map(|n| n.to_string());
        debug_assert!(!picture.levels.is_empty(), "a picture has pixels");
        self.body += "<image";
        self.attributes(&[
            ("x", &x),
            ("y", &y),
            ("width", &w),
            ("height", &h),
            ("preserveAspectRatio", "none"),
            ("style", "image-rendering:pixelated"),
            ("href", &data),
        ]);
        self.body += "/>";
    }

    /// Begins a group that the script knows by these attributes.
    pub(super) fn open(&mut self, attributes: &[(&str, String)]) {
        self.flush();
        self.body += "<g";
        for (name, value) in attributes {
            self.attributes(&[(name, value)]);
        }
        self.body.push('>');
    }

    /// Ends the group that was begun last.
    pub(super) fn close(&mut self) {
        self.flush();
        self.body += "</g>";
    }

    /// The whole file, of a page of this size in points.
    pub(super) fn finish(mut self, width: f64, height: f64) -> String {
        self.flush();
        let mut fonts = String::new();
        for face in Face::ALL
            .into_iter()
            .filter(|face| self.faces[*face as usize])
        {
            let style = match face {
                Face::Regular => "",
                Face::Italic => "font-style:oblique;",
                Face::Bold => "font-weight:bold;",
            };
            let data = Base64::encode_string(face.bytes());
            fonts += &format!(
                "@font-face{{font-family:'DejaVu Sans Condensed';{style}src:url(data:font/ttf;base64,{data})}}"
            );
        }
        let (w, h) = ((width * UNITS).round(), (height * UNITS).round());
        let size = TICK * UNITS;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}pt\" height=\"{height}pt\" viewBox=\"0 0 {w} {h}\" \
             font-family=\"{FAMILY}\" font-size=\"{size}\"><style>{fonts}</style><path fill=\"#fff\" d=\"M0 0h{w}v{h}h-{w}z\"/>\
             {}\n<script><![CDATA[\n{SCRIPT}]]></script></svg>\n",
            self.body
        )
    }

    /// Paints a path, together with the one before it if nobody can tell.
    fn shape(&mut self, path: &str, paint: String, color: Color) {
        if paint != self.paint || !color.is_opaque() {
            self.flush();
            self.paint = paint;
        }
        self.path += path;
    }

    fn flush(&mut self) {
        if !self.path.is_empty() {
            let (path, paint) = (
                std::mem::take(&mut self.path),
                std::mem::take(&mut self.paint),
            );
            self.body += &format!("<path {paint} d=\"{path}\"/>");
        }
    }

    fn attributes(&mut self, attributes: &[(&str, &str)]) {
        for (name, value) in attributes {
            let value = escape(value);
            self.body += &format!(" {name}=\"{value}\"");
        }
    }
}

fn path(points: &[Unit]) -> String {
    let mut path = String::new();
    for (i, (x, y)) in points.iter().enumerate() {
        let before = if i == 0 { 'M' } else { ' ' };
        let _ = write!(path, "{before}{x} {y}");
    }
    path
}

fn circle((x, y): Unit, r: u32) -> String {
    let left = x - r as i32;
    format!(
        "M{left} {y}a{r} {r} 0 1 1 {0} 0a{r} {r} 0 1 1 -{0} 0z",
        2 * r
    )
}

fn fill(color: Color) -> String {
    match color.is_opaque() {
        true => format!("fill=\"{}\"", color.hex()),
        false => format!(
            "fill=\"{}\" fill-opacity=\"{}\"",
            color.hex(),
            color.alpha()
        ),
    }
}

fn stroke(color: Color, width: u32) -> String {
    let faint = match color.is_opaque() {
        true => String::new(),
        false => format!(" stroke-opacity=\"{}\"", color.alpha()),
    };
    format!(
        "fill=\"none\" stroke=\"{}\"{faint} stroke-width=\"{width}\"",
        color.hex()
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_of_one_opaque_paint_become_one_path() {
        let mut svg = Svg::default();
        svg.rectangle((10, 10), (0, 0), Color::BLACK);
        svg.polygon(&[(0, 0), (0, 9), (9, 0)], Color::BLACK);
        let faint = Color::BLACK.opacity(0.5);
        svg.rectangle((0, 0), (5, 5), faint);
        svg.rectangle((2, 2), (7, 7), faint);
        svg.flush();
        // The triangle was given the other way round.
        let expected = "<path fill=\"#000000\" d=\"M0 0h10v10h-10zM9 0 0 9 0 0z\"/>\
             <path fill=\"#000000\" fill-opacity=\"0.5\" d=\"M0 0h5v5h-5z\"/>\
             <path fill=\"#000000\" fill-opacity=\"0.5\" d=\"M2 2h5v5h-5z\"/>";
        assert_eq!(svg.body, expected);
    }
}
