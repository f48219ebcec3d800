//! Digits and their reconstructions.

use anyhow::Result;

use super::super::Figure;
use super::super::works::PETERSON;
use crate::plot::{Axes, Page, Picture, Scale, Width};
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

/// Digits in rows, examples in columns, with some paper between them: one picture.
fn grid(images: &Frame) -> Result<Axes> {
    const GAP: usize = 2;
    let pixels: Vec<&String> = images.columns().iter().filter(|c| is_pixel(c)).collect();
    let pitch = pixels.len() + GAP;
    let size = |n: usize| n * pitch + GAP;
    let (width, height) = (size(images.distinct("example")?.len()), size(10));
    let mut levels = vec![u8::MAX; width * height];
    for row in images.rows() {
        let line = size(row.number("digit")? as usize) + row.number("row")? as usize;
        let left = size(row.number("example")? as usize);
        for (at, column) in pixels.iter().enumerate() {
            levels[line * width + left + at] = u8::MAX - row.number(column)? as u8;
        }
    }
    let (across, up) = ((0.0, width as f64), (0.0, height as f64));
    let x = Scale::linear("").limits(across.0, across.1);
    let mut axes = Axes::new(x, Scale::linear("").limits(up.0, up.1)).bare();
    axes.picture(across, up, Picture { width, levels });
    Ok(axes)
}

fn is_pixel(column: &str) -> bool {
    column
        .strip_prefix('x')
        .is_some_and(|rest| rest.parse::<usize>().is_ok())
}
