//! Settings of experiments, each by its differences from one shown before it.

use std::fmt::Write as _;

use anyhow::Result;

use super::markup::escape;
use crate::results::Frame;
use crate::results::columns::is_bookkeeping;

/// At most this many values of a setting are listed.
const LISTED: usize = 6;

/// The settings of the runs of an experiment.
pub(super) struct Settings {
    pub(super) experiment: String,
    values: Vec<Setting>,
}

/// A setting with the values that it has in the runs; numbers ascend.
#[derive(PartialEq, Eq)]
struct Setting {
    key: String,
    values: Vec<String>,
}

impl Settings {
    /// Reads them from the table of the runs, whose other columns are `metrics` and bookkeeping.
    pub(super) fn of(experiment: &str, runs: &Frame, metrics: &[String]) -> Result<Self> {
        let is_setting = |c: &&String| !metrics.contains(c) && !is_bookkeeping(c);
        let mut values = Vec::new();
        for key in runs.columns().iter().filter(is_setting) {
            let distinct = ascending(runs.distinct(key)?);
            if distinct.iter().any(|text| !text.is_empty()) {
                values.push(Setting {
                    key: key.clone(),
                    values: distinct,
                });
            }
        }
        Ok(Self {
            experiment: experiment.to_owned(),
            values,
        })
    }

    /// Writes what differs from the one of `before` that is most alike, or all where none is alike.
    pub(super) fn write(&self, page: &mut String, before: &[Self]) -> Result<()> {
        let model = before.iter().min_by_key(|other| self.differences(other));
        let model = model.filter(|other| 2 * self.differences(other) < self.values.len());
        let apart: Vec<&Setting> = match model {
            Some(other) => self.not_in(other).collect(),
            None => self.values.iter().collect(),
        };
        if let Some(other) = model {
            let name = escape(&other.experiment);
            let but = match self.differences(other) {
                0 => ".",
                _ => ", but:",
            };
            write!(
                page,
                "<p>Settings as in <a href=\"#of-{name}\">{name}</a>{but}</p>"
            )?;
        }
        if model.is_some_and(|other| self.differences(other) == 0) {
            return Ok(());
        }
        *page += "<div class=\"scroll\"><table>";
        for setting in apart {
            write!(
                page,
                "<tr><td>{}<td>{}",
                escape(&setting.key),
                setting.shown()
            )?;
        }
        for key in model.iter().flat_map(|other| self.lacking(other)) {
            write!(page, "<tr><td>{}<td>is no setting here", escape(key))?;
        }
        *page += "</table></div>";
        Ok(())
    }

    fn differences(&self, other: &Self) -> usize {
        self.not_in(other).count() + self.lacking(other).count()
    }

    /// Those that the other lacks, or has with other values.
    fn not_in<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = &'a Setting> {
        self.values.iter().filter(|s| !other.values.contains(s))
    }

    /// Keys that only the other has.
    fn lacking<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = &'a str> {
        let keys = other.values.iter().map(|s| s.key.as_str());
        keys.filter(|&key| self.values.iter().all(|s| s.key != key))
    }
}

impl Setting {
    /// All values; the ends, where there are many.
    fn shown(&self) -> String {
        match self.values.as_slice() {
            [first, .., last] if self.values.len() > LISTED => {
                let (first, last) = (escape(first), escape(last));
                format!("{first} … {last} ({} values)", self.values.len())
            }
            few => {
                let or_unset = |text: &String| match text.as_str() {
                    "" => "unset".to_owned(),
                    value => escape(value),
                };
                few.iter().map(or_unset).collect::<Vec<_>>().join(", ")
            }
        }
    }
}

/// Values in their order if all are numbers, else as they were found.
fn ascending(values: Vec<String>) -> Vec<String> {
    let number = |text: &String| Some((text.parse::<f64>().ok()?, text.clone()));
    let Some(mut numbers) = values.iter().map(number).collect::<Option<Vec<_>>>() else {
        return values;
    };
    numbers.sort_by(|a, b| a.0.total_cmp(&b.0));
    numbers.into_iter().map(|(_, text)| text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The settings of experiment `name`, of a table with these lines.
    fn settings(name: &str, csv: &str) -> Settings {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.csv");
        std::fs::write(&path, csv).unwrap();
        Settings::of(name, &Frame::read(&path).unwrap(), &["error".to_owned()]).unwrap()
    }

    #[test]
    fn what_results_say_is_text_and_no_markup() {
        let of = settings(
            "a",
            "key,seed,data.dir,error,wall_s,code\nab,1,\"<b>\"\"&\",2,3,c\n",
        );
        let mut page = String::new();
        of.write(&mut page, &[]).unwrap();
        assert!(
            page.contains("<td>data.dir<td>&lt;b&gt;&quot;&amp;<"),
            "{page}"
        );
        assert!(
            !page.contains("error") && !page.contains("wall_s"),
            "{page}"
        );
    }

    #[test]
    fn only_what_differs_from_the_most_alike_is_listed() {
        let head = "key,g,h,i,k,l,x";
        let first = settings("first", &format!("{head}\na,1,2,3,4,5,6\n"));
        let other = settings("other", "key,q\na,1\n");
        let own = settings("own", "key,g,h,i,k,l\na,10,2,3,4,5\nb,9,2,3,4,5\n");
        let mut page = String::new();
        own.write(&mut page, &[first, other]).unwrap();
        assert!(
            page.contains("as in <a href=\"#of-first\">first</a>, but"),
            "{page}"
        );
        assert!(page.contains("<td>g<td>9, 10<"), "{page}");
        assert!(page.contains("<td>x<td>is no setting here<"), "{page}");
        assert!(!page.contains("<td>h<"), "{page}");
        let mut whole = String::new();
        own.write(&mut whole, &[settings("other", "key,q\na,1\n")])
            .unwrap();
        assert!(
            whole.contains("<td>h<td>2<") && !whole.contains("as in"),
            "{whole}"
        );
    }
}
