//! From what plotters draws to a self-contained SVG file.

use base64ct::{Base64, Encoding as _};

use super::font::Face;
use super::style::UNITS;

/// Gives the SVG its physical size, its fonts and a white ground.
pub(super) fn finish_svg(drawn: &str, width_pt: f64, height_pt: f64) -> String {
    let body = drawn.split_once('>').map_or("", |(_, rest)| rest);
    let (w, h) = ((width_pt * UNITS).round(), (height_pt * UNITS).round());
    let mut style = String::new();
    for face in Face::ALL {
        let (used, css) = match face {
            Face::Regular => (true, ""),
            Face::Italic => (body.contains("oblique"), "font-style:oblique;"),
            Face::Bold => (body.contains("font-weight"), "font-weight:bold;"),
        };
        if used {
            let data = Base64::encode_string(face.bytes());
            style += &format!(
                "@font-face{{font-family:'DejaVu Sans Condensed';{css}\
                 src:url(data:font/ttf;base64,{data})}}"
            );
        }
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width_pt}pt\" height=\"{height_pt}pt\" \
         viewBox=\"0 0 {w} {h}\"><style>{style}</style>\
         <rect width=\"{w}\" height=\"{h}\" fill=\"#fff\"/>{body}"
    )
}
