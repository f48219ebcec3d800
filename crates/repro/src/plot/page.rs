//! Pages: panels in a grid, drawn through plotters.

use anyhow::{Result, anyhow};
use plotters::backend::{DrawingBackend, SVGBackend};

use super::area::Rect;
use super::export::{UNITS, finish_svg, png};
use super::pen::Pen;
use super::style::{GAP, TICK};
use super::text::wrap;
use super::{Axes, Color};

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
        let size = TICK - 0.5;
        let lines = wrap(&self.foot(), size, self.width - 2.0 * GAP);
        let pitch = TICK + GAP;
        let foot = match lines.len() {
            0 => 0.0,
            n => GAP + n as f64 * pitch,
        };
        let height = self.height + foot;
        let mut svg = String::new();
        {
            let pixels = ((self.width * UNITS) as u32, (height * UNITS) as u32);
            let mut pen = Pen {
                backend: SVGBackend::with_string(&mut svg, pixels),
            };
            for (rect, axes) in &self.panels {
                pen.panel(*rect, axes)
                    .map_err(|e| anyhow!("drawing failed: {e}"))?;
            }
            for (line, above) in lines.iter().zip((0..lines.len()).rev()) {
                let baseline = height - GAP - 1.0 - above as f64 * pitch;
                pen.text(line, (GAP, baseline), size, Color::GREY, 0.0, false)
                    .map_err(|e| anyhow!("drawing failed: {e}"))?;
            }
            pen.backend
                .present()
                .map_err(|e| anyhow!("drawing failed: {e}"))?;
        }
        let svg = finish_svg(&svg, self.width, height);
        let png = png(&svg)?;
        Ok((svg, png))
    }
}
