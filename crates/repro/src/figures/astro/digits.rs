//! Digits and their reconstructions.

use anyhow::Result;

use super::super::Figure;
use super::super::works::PETERSON;
use crate::plot::{Axes, Color, Page, Scale, Width};
use crate::results::{Frame, Inputs, Reads};

/// Talk, the grids of digits.
pub(in crate::figures) static DIGITS: Figure = Figure {
    id: "astro-digits",
    work: &PETERSON,
    code: file!(),
    place: "digits",
    finding: "What the autoencoder keeps of a digit",
    shows: "test digits and what the autoencoder makes of them",
    reads: &[Reads::table(
        "astro_digits",
        "images",
        &["digit", "example", "kind", "row", "x*"],
    )],
    amounts: &[],
    draw,
};

/// Grey levels that pixels are drawn with.
const LEVELS: f64 = 8.0;

fn draw(inputs: &Inputs<'_>) -> Result<Page> {
    let images = inputs.table("astro_digits", "images")?;
    let mut page = Page::new(Width::Double, 330.0);
    for (column, (kind, title)) in [
        ("image", "test images"),
        ("reconstruction", "decoded from the mean of their codes"),
    ]
    .iter()
    .enumerate()
    {
        let axes = grid(&images.matching("kind", kind)?)?
            .title(*title)
            .tag(["a", "b"][column]);
        page.place(page.cell(1, 2, 0, column), axes);
    }
    Ok(page)
}

/// Digits in rows, examples in columns. Equal neighbours of a line of pixels are drawn as one.
fn grid(images: &Frame) -> Result<Axes> {
    let side = images.columns().iter().filter(|c| is_pixel(c)).count();
    let examples = images.distinct("example")?.len();
    let pitch = side as f64 + 2.0;
    let limits = |n: usize| (-1.0, n as f64 * pitch);
    let (width, height) = (limits(examples), limits(10));
    let x = Scale::linear("").limits(width.0, width.1);
    let mut axes = Axes::new(x, Scale::linear("").limits(height.0, height.1)).bare();
    let pixels: Vec<String> = (0..side).map(|x| format!("x{x}")).collect();
    for row in images.rows() {
        let left = row.number("example")? * pitch;
        let top = (10.0 - row.number("digit")?) * pitch - 2.0 - row.number("row")?;
        let mut run: Option<(usize, f64)> = None;
        for at in 0..=side {
            let level = match pixels.get(at) {
                Some(column) => (row.number(column)? / 255.0 * LEVELS).round() / LEVELS,
                None => 0.0,
            };
            if let Some((from, grey)) = run.filter(|&(_, grey)| grey != level || at == side) {
                let shade = (255.0 * (1.0 - grey)).round() as u8;
                let across = (left + from as f64, left + at as f64);
                axes.rectangle(across, (top - 1.0, top), Color::rgb(shade, shade, shade));
                run = None;
            }
            if run.is_none() && level > 0.0 {
                run = Some((at, level));
            }
        }
    }
    Ok(axes)
}

fn is_pixel(column: &str) -> bool {
    column
        .strip_prefix('x')
        .is_some_and(|rest| rest.parse::<usize>().is_ok())
}
