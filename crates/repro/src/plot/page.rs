//! Pages: panels in a grid.

use anyhow::Result;

use super::area::Rect;
use super::axes::LegendEntry;
use super::canvas::{Canvas, Files};
use super::panel::{ENTRY, Fit, Margins, entry_width};
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

/// Where a panel stands.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    /// In a grid over the page, whose plotted areas are aligned and of equal size.
    Cell {
        /// Rows and columns of the grid.
        grid: (usize, usize),
        /// Row and column of the panel.
        at: (usize, usize),
    },
    /// In a part of the page, by itself.
    Part(Rect),
}

impl From<Rect> for Place {
    fn from(part: Rect) -> Self {
        Self::Part(part)
    }
}

/// A page of panels.
#[derive(Clone, Debug)]
pub struct Page {
    width: f64,
    height: f64,
    notes: Vec<String>,
    key: Vec<LegendEntry>,
    panels: Vec<(Place, Axes)>,
}

impl Page {
    /// A page of this width and height (points; 1 pt = 0.353 mm).
    pub fn new(width: Width, height: f64) -> Self {
        Self {
            width: width.points(),
            height,
            notes: Vec::new(),
            key: Vec::new(),
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

    /// Takes the legend of a panel: it holds for the whole page, and stands below the panels.
    pub fn key(&mut self, axes: &mut Axes) {
        self.key.append(&mut axes.legend);
    }

    /// The cell in `row` and `column` of a grid over the page.
    pub fn cell(&self, rows: usize, columns: usize, row: usize, column: usize) -> Place {
        Place::Cell {
            grid: (rows, columns),
            at: (row, column),
        }
    }

    /// The part of the page that a cell of a grid would take.
    pub fn part(&self, rows: usize, columns: usize, row: usize, column: usize) -> Rect {
        let (w, h) = (self.width / columns as f64, self.height / rows as f64);
        Rect {
            x: column as f64 * w,
            y: row as f64 * h,
            w,
            h,
        }
    }

    /// Puts a panel with its labels onto the page.
    pub fn place(&mut self, place: impl Into<Place>, axes: Axes) {
        self.panels.push((place.into(), axes));
    }

    /// The key in lines no wider than the page.
    fn key_lines(&self) -> Vec<Vec<&LegendEntry>> {
        let mut lines: Vec<Vec<&LegendEntry>> = Vec::new();
        let mut left = 0.0;
        for entry in &self.key {
            let width = entry_width(entry);
            match lines.last_mut() {
                Some(line) if width <= left => line.push(entry),
                _ => {
                    left = self.width;
                    lines.push(vec![entry]);
                }
            }
            left -= width;
        }
        lines
    }

    /// The page as SVG, PNG and PDF.
    pub fn render(&self) -> Result<Files> {
        let notes = wrap(&self.foot(), NOTE, self.width - 2.0 * GAP);
        let key = self.key_lines();
        let below = |lines: usize, pitch: f64| match lines {
            0 => 0.0,
            n => GAP + n as f64 * pitch,
        };
        let height = self.height + below(key.len(), ENTRY) + below(notes.len(), PITCH);
        let mut pen = Pen {
            canvas: Canvas::new(self.width, height)?,
        };
        self.draw(&mut pen, height, &key, &notes)?;
        pen.canvas.finish()
    }

    fn draw(
        &self,
        pen: &mut Pen,
        height: f64,
        key: &[Vec<&LegendEntry>],
        notes: &[String],
    ) -> Result<()> {
        let fits: Vec<Fit<'_>> = self.panels.iter().map(|(_, axes)| Fit::of(axes)).collect();
        let margins: Vec<Margins> = fits.iter().map(Fit::margins).collect();
        // Entries of legends are numbered over the page, those of its key first.
        let mut number = self.key.len();
        for ((place, axes), (fit, own)) in self.panels.iter().zip(fits.iter().zip(&margins)) {
            let (frame, left) = self.frame(*place, *own, &margins);
            let entries = (number..).zip(&axes.legend).chain((0..).zip(&self.key));
            let entries: Vec<(usize, &LegendEntry)> = entries.collect();
            number += axes.legend.len();
            pen.panel(fit, frame, left, &entries)?;
        }
        let mut number = 0;
        for (i, line) in key.iter().enumerate() {
            let width: f64 = line.iter().map(|entry| entry_width(entry)).sum();
            let mut x = (self.width - width) / 2.0;
            for entry in line {
                let middle = self.height + (i as f64 + 0.5) * ENTRY;
                pen.entry((number, entry), (x, middle));
                number += 1;
                x += entry_width(entry);
            }
        }
        for (note, above) in notes.iter().zip((0..notes.len()).rev()) {
            let baseline = height - GAP - 1.0 - above as f64 * PITCH;
            pen.text(note, (GAP, baseline), NOTE, Color::NOTE, 0.0, false);
        }
        Ok(())
    }

    /// The plotted area of a panel, and the left edge of its part of the page.
    fn frame(&self, place: Place, own: Margins, margins: &[Margins]) -> (Rect, f64) {
        let (grid, at) = match place {
            Place::Part(Rect { x, y, w, h }) => {
                let frame = Rect {
                    x: x + own.left,
                    y: y + own.above,
                    w: (w - own.left - own.right).max(10.0),
                    h: (h - own.above - own.below).max(10.0),
                };
                return (frame, x);
            }
            Place::Cell { grid, at } => (grid, at),
        };
        // What the panels of each column need at its sides, and those of each row above and below.
        let mut columns = vec![Margins::default(); grid.1];
        let mut rows = vec![Margins::default(); grid.0];
        for ((place, _), margins) in self.panels.iter().zip(margins) {
            if let Place::Cell { grid: other, at } = place {
                if other.1 == grid.1 {
                    columns[at.1] = columns[at.1].max(*margins);
                }
                if other.0 == grid.0 {
                    rows[at.0] = rows[at.0].max(*margins);
                }
            }
        }
        let across: f64 = columns.iter().map(|m| m.left + m.right).sum();
        let down: f64 = rows.iter().map(|m| m.above + m.below).sum();
        let w = ((self.width - across) / grid.1 as f64).max(10.0);
        let h = ((self.height - down) / grid.0 as f64).max(10.0);
        let before = &columns[..at.1];
        let left: f64 = before.iter().map(|m| m.left + w + m.right).sum();
        let above: f64 = rows[..at.0].iter().map(|m| m.above + h + m.below).sum();
        let frame = Rect {
            x: left + columns[at.1].left,
            y: above + rows[at.0].above,
            w,
            h,
        };
        (frame, left)
    }
}
