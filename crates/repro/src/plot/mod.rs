//! A small plotting layer on plotters: pages of panels with a common, journal-like look.
//!
//! A figure builds [`Axes`] (what is plotted), places them on a [`Page`] (where), and the page
//! becomes an SVG and a PNG, by the same strokes. Labels may use a light markup, see `text`.

mod area;
mod axes;
mod bitmap;
mod canvas;
mod color;
mod export;
mod font;
mod legend;
mod page;
mod panel;
mod pen;
mod scale;
mod style;
mod text;

pub use area::Rect;
pub use axes::{Axes, Marker, Stroke};
pub use color::{Color, SERIES, gradient};
pub use page::{Page, Place, Width};
pub use scale::Scale;
pub use text::literal;
