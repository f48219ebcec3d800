//! Tables of ranked points on the terminal.

use std::io::Write as _;

use anyhow::Result;

use crate::terminal::Screen;

/// Prints a table: names on the left of their columns, numbers on the right.
pub(crate) struct Ranks {
    /// Names of the columns, and how many of the first ones are aligned to the left.
    pub(crate) names: Vec<String>,
    pub(crate) words: usize,
    /// As many fields a row, and perhaps a note behind them.
    pub(crate) rows: Vec<Vec<String>>,
}

impl Ranks {
    pub(crate) fn print(&self, out: &mut Screen) -> Result<()> {
        let rows = || std::iter::once(&self.names).chain(&self.rows);
        let width = |i: usize| {
            let widths = rows().filter_map(|row| row.get(i));
            widths.map(|field| field.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.names.len()).map(width).collect();
        for row in rows() {
            let mut line = String::new();
            for (i, field) in row.iter().enumerate() {
                let width = widths.get(i).copied().unwrap_or(0);
                let gap = if i == 0 { "" } else { "  " };
                line += &match i < self.words || i >= widths.len() {
                    true => format!("{gap}{field:<width$}"),
                    false => format!("{gap}{field:>width$}"),
                };
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// A number as it is shown in a table; a dash if there is none.
pub(crate) fn shown(x: f64) -> String {
    match x.is_finite() {
        true => format!("{x:.5}"),
        false => "–".to_owned(),
    }
}

/// Dotted keys as heads of columns: without the table that they are in.
pub(crate) fn short(key: &str) -> &str {
    key.split_once('.').map_or(key, |(_, rest)| rest)
}
