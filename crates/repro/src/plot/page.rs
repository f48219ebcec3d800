//! Pages: panels in a grid.

use anyhow::{Result, anyhow};

use super::area::Rect;
use super::canvas::{Canvas, Drawn};
use super::export::finish_svg;
use super::pen::Pen;
use super::style::{GAP, TICK};
use super::text::wrap;
use super::{Axes, Color};

/// Size of the notes at the foot, and the distance of their lines.
const NOTE: f64 = TICK - 0.5;
const PITCH: f64 = TICK + GAP;

/// Width of a page: one or two columns of a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// 89 mm.
    Single,
    /// 183 mm.
    Double,
}

impl Width {
    fn points(self) -> f64 {
        match self {
            Self::Single => 252.0,
            Self::Double => 519.0,
        }
    }
}

/// A page of panels.
#[derive(Clone, Debug)]
pub struct Page {
    width: f64,
    height: f64,
    notes: Vec<String>,
    panels: Vec<(Rect, Axes)>,
}

impl Page {
    /// A page of this width and height (points; 1 pt = 0.353 mm).
    pub fn new(width: Width, height: f64) -> Self {
        Self {
            width: width.points(),
            height,
            notes: Vec::new(),
            panels: Vec::new(),
        }
    }

    /// Adds a note to the foot, in small type: what has to be known to read the figure. Notes follow
    /// each other in lines that are broken where the page ends.
    pub fn note(&mut self, text: impl Into<String>) {
        let text = text.into();
        if !text.is_empty() {
            self.notes.push(text);
        }
    }

    fn foot(&self) -> String {
        let mut foot = String::new();
        for note in &self.notes {
            foot += match foot.chars().last() {
                None => "",
                Some('.') => " ",
                Some(_) => "; ",
            };
            foot += note;
        }
        foot
    }

    /// The cell in `row` and `column` of a grid over the page.
    pub fn cell(&self, rows: usize, columns: usize, row: usize, column: usize) -> Rect {
        let (w, h) = (self.width / columns as f64, self.height / rows as f64);
        Rect {
            x: column as f64 * w,
            y: row as f64 * h,
            w,
            h,
        }
    }

    /// Puts a panel with its labels into a part of the page.
    pub fn place(&mut self, rect: Rect, axes: Axes) {
        self.panels.push((rect, axes));
    }

    /// The page as SVG and PNG.
    pub fn render(&self) -> Result<(String, Vec<u8>)> {
        let notes = wrap(&self.foot(), NOTE, self.width - 2.0 * GAP);
        let foot = match notes.len() {
            0 => 0.0,
            n => GAP + n as f64 * PITCH,
        };
        let height = self.height + foot;
        let mut svg = String::new();
        let png = {
            let mut pen = Pen {
                canvas: Canvas::new(&mut svg, self.width, height)?,
            };
            self.draw(&mut pen, height, &notes)
                .map_err(|e| anyhow!("drawing failed: {e}"))?;
            pen.canvas.finish()?
        };
        Ok((finish_svg(&svg, self.width, height), png))
    }

    fn draw(&self, pen: &mut Pen<'_>, height: f64, notes: &[String]) -> Drawn {
        for (rect, axes) in &self.panels {
            pen.panel(*rect, axes)?;
        }
        for (note, above) in notes.iter().zip((0..notes.len()).rev()) {
            let baseline = height - GAP - 1.0 - above as f64 * PITCH;
            pen.text(note, (GAP, baseline), NOTE, Color::GREY, 0.0, false)?;
        }
        Ok(())
    }
}
