//! The page of a sweep or a search: a picture of all points, the best of them in a table, and where the files are.

use std::fmt::Write as _;

use anyhow::Result;

use super::markup::{STYLE, escape};
use super::panels::draw;
use super::points::{Parameter, Points};
use super::size;
use crate::paths::Output;
use crate::results::Cell;
use crate::results::files::write_atomically;

/// Points of the table.
const SHOWN: usize = 20;

/// Writes `<name>.html`, and its picture as SVG, PDF and PNG.
pub(crate) fn write_points(points: &Points<'_>, output: &Output) -> Result<()> {
    let name = points.name;
    let picture = draw(points)?;
    let write =
        |extension: &str, bytes: &[u8]| write_atomically(&output.figure(name, extension), bytes);
    write("svg", picture.svg.as_bytes())?;
    write("pdf", &picture.pdf)?;
    write("png", &picture.png)?;
    let (width, height) = size(&picture.svg).unwrap_or((519.0, 400.0));
    let (title, about) = (escape(name), escape(&points.about));
    let mut page = String::new();
    write!(
        page,
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>{title}</title>\
         <style>{STYLE}</style><main><h1>{title}</h1><p>{about}</p><figure><object type=\"image/svg+xml\" \
         data=\"{title}.svg\" aria-label=\"All points of {title}\" style=\"--w:{width};--h:{height}\">\
         <img src=\"{title}.png\" alt=\"All points of {title}\"></object><figcaption><span class=\"files\">\
         <a href=\"{title}.svg\">SVG</a> <a href=\"{title}.pdf\">PDF</a> <a href=\"{title}.png\">PNG</a></span>\
         </figcaption></figure><h2>The best points</h2><div class=\"scroll\"><table><tr><th scope=\"col\">rank"
    )?;
    for Parameter { key, .. } in &points.parameters {
        write!(page, "<th scope=\"col\">{}", escape(key))?;
    }
    let objective = escape(points.objective);
    write!(
        page,
        "<th scope=\"col\">{objective}<th scope=\"col\">± s.e.<th scope=\"col\">seeds<th scope=\"col\">diverged"
    )?;
    for (i, score) in points.scores.iter().enumerate().take(SHOWN) {
        write!(page, "<tr><td>{}", i + 1)?;
        for Parameter { values, .. } in &points.parameters {
            write!(page, "<td>{}", escape(&values[i].to_string()))?;
        }
        let [value, error] = [score.value, score.standard_error].map(|x| Cell::rounded(x, 5));
        write!(
            page,
            "<td>{value}<td>{error}<td>{}<td>{}",
            score.runs, score.diverged
        )?;
    }
    page += "</table></div><h2>Files</h2><ul>";
    for (file, what) in &points.files {
        let file = escape(file);
        write!(page, "<li><a href=\"{file}\">{file}</a>: {}", escape(what))?;
    }
    page += "</ul></main></html>\n";
    write_atomically(&output.figure(name, "html"), page.as_bytes())
}
