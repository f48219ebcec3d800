//! From drawing commands to a self-contained SVG file, and from that to a PNG.

use std::sync::{Arc, OnceLock};

use anyhow::{Context as _, Result};
use base64ct::{Base64, Encoding as _};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{self, fontdb};

use super::text::Face;

/// Drawing units per point: plotters places things on whole units, a tenth of a point is fine
/// enough.
pub(super) const UNITS: f64 = 10.0;
/// Pixels per point of the PNG: 288 dots per inch.
const PIXELS_PER_POINT: f32 = 4.0;

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

/// Renders an SVG made by [`finish_svg`].
pub(super) fn png(svg: &str) -> Result<Vec<u8>> {
    static FONTS: OnceLock<Arc<fontdb::Database>> = OnceLock::new();
    let fontdb = FONTS.get_or_init(|| {
        let mut fonts = fontdb::Database::new();
        for face in Face::ALL {
            fonts.load_font_data(face.bytes().to_vec());
        }
        Arc::new(fonts)
    });
    let options = usvg::Options {
        fontdb: fontdb.clone(),
        dpi: 72.0,
        ..Default::default()
    };
    let tree = usvg::Tree::from_str(svg, &options).context("the SVG cannot be rendered")?;
    let size = tree.size();
    let pixels = |length: f32| (length * PIXELS_PER_POINT).ceil() as u32;
    let mut pixmap =
        Pixmap::new(pixels(size.width()), pixels(size.height())).context("the page has no area")?;
    let scale = Transform::from_scale(PIXELS_PER_POINT, PIXELS_PER_POINT);
    resvg::render(&tree, scale, &mut pixmap.as_mut());
    pixmap.encode_png().context("the PNG cannot be written")
}
