//! `columns.html`: what the columns of the CSV files mean.

use std::fmt::Write as _;

use anyhow::Result;

use super::markup::{STYLE, escape};
use crate::dictionary::Dictionary;
use crate::paths::Output;
use crate::results::files::write_atomically;

/// As many files of a column are named.
const NAMED: usize = 2;

/// Writes the page: every different column once. End tags that HTML does not ask for are left out, there being hundreds of rows.
pub(super) fn write(dictionary: &Dictionary, output: &Output) -> Result<()> {
    let mut page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>Columns of the CSV files</title>\
         <style>{STYLE}</style><main><h1>Columns of the CSV files</h1><p>A row of a table belongs to the run whose \
         <code>key</code> it has. Fields that say nothing of a run are empty. Units are left out where numbers have none. \
         <a href=\"columns.csv\">columns.csv</a> lists the columns file by file; \
         <a href=\"index.html\">the figures</a> link to the files.</p><div class=\"scroll\">\
         <table class=\"words\"><tr><th scope=\"col\">column<th scope=\"col\">unit<th scope=\"col\">meaning\
         <th scope=\"col\">files"
    );
    for (column, files) in dictionary.distinct() {
        let files = match files.as_slice() {
            few if few.len() <= NAMED => few.join(", "),
            many => format!("{} files", many.len()),
        };
        write!(
            page,
            "<tr><td>{}<td>{}<td>{}<td>{files}",
            escape(column.name),
            escape(column.unit),
            escape(column.about)
        )?;
    }
    page += "</table></div></main></html>\n";
    write_atomically(&output.dir().join("columns.html"), page.as_bytes())
}
