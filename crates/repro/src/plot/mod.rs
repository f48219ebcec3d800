//! A small plotting layer on plotters: pages of panels with a common, journal-like look.
//!
//! A figure builds [`Axes`] (what is plotted), places them on a [`Page`] (where), and the page
//! becomes an SVG, a PNG and a PDF, by the same strokes. Labels may use a light markup, see `text`.

mod area;
mod axes;
mod bitmap;
mod canvas;
mod color;
mod font;
mod ink;
mod interactive;
mod legend;
mod page;
mod panel;
mod pdf;
mod pen;
mod picture;
mod scale;
mod series;
mod style;
mod svg;
mod text;

pub use area::Rect;
pub use axes::{Axes, Marker, Stroke};
pub use canvas::Files;
pub use color::{Color, SERIES, gradient};
pub use page::{Page, Place, Width};
pub use picture::Picture;
pub use scale::Scale;
pub use text::literal;
