//! The columns of the CSV files, as a table of the page.

use std::fmt::Write as _;

use anyhow::Result;

use super::markup::escape;
use crate::dictionary::Dictionary;

/// As many files of a column are named.
const NAMED: usize = 2;

/// Every different column once. End tags that HTML does not ask for are left out: there are hundreds of rows.
pub(super) fn section(page: &mut String, dictionary: &Dictionary) -> Result<()> {
    *page += "<h2 id=\"columns\">Columns of the CSV files</h2><p>A row of a table belongs to the run whose <code>key</code> it \
              has. Fields that say nothing of a run are empty. Units are left out where numbers have none. \
              <a href=\"columns.csv\">columns.csv</a> lists the columns file by file; \
              <a href=\"compare.csv\">compare.csv</a> and <a href=\"compare_runs.csv\">compare_runs.csv</a> hold what is \
              compared above.</p><details><summary>What every column means</summary><div class=\"scroll\">\
              <table class=\"words\"><tr><th scope=\"col\">column<th scope=\"col\">unit<th scope=\"col\">meaning\
              <th scope=\"col\">files";
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
    *page += "</table></div></details>";
    Ok(())
}
