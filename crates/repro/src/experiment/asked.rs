//! What an experiment file asks for, and how results differ from it.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use anyhow::Result;
use serde_json::{Map, Value};

use super::run::Run;
use crate::results::{Cell, Frame};
use crate::settings::tree;

/// The runs that a file asks for under a profile, without changes from the command line.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    keys: HashSet<String>,
    seeds: BTreeSet<u64>,
    /// The dotted settings, and their values at the first point.
    settings: Vec<String>,
    first: Vec<Cell>,
    /// Which of them are others at other points, and these at every point.
    varied: Vec<usize>,
    points: Vec<Vec<Cell>>,
}

impl Asked {
    pub(super) fn new(runs: &[Run]) -> Self {
        let first = runs.first().map(Run::settings);
        let first = first.unwrap_or_else(|| Value::Object(Map::new()));
        let mut settings: Vec<String> = Vec::new();
        settings.extend(tree::leaves(&first).into_iter().map(|(key, _)| key));
        let mut varied: Vec<String> = Vec::new();
        for run in runs {
            tree::differing(&first, &run.settings(), &mut varied);
        }
        // Those that the first run does not have.
        let more = varied.iter().filter(|key| !settings.contains(key));
        let more: Vec<String> = more.cloned().collect();
        settings.extend(more);
        let mut varied: Vec<usize> = varied
            .iter()
            .filter_map(|varied| settings.iter().position(|key| key == varied))
            .collect();
        varied.sort_unstable();
        let mut points: Vec<Vec<Cell>> = Vec::new();
        for run in runs {
            let own = run.settings();
            let cell = |&i: &usize| as_read(tree::get(&own, &settings[i]));
            let point = varied.iter().map(cell).collect();
            // Runs of a point follow each other.
            if points.last() != Some(&point) {
                points.push(point);
            }
        }
        let cell = |key: &String| as_read(tree::get(&first, key));
        Self {
            keys: runs.iter().map(|run| run.key.clone()).collect(),
            seeds: runs.iter().map(|run| run.seed).collect(),
            first: settings.iter().map(cell).collect(),
            settings,
            varied,
            points,
        }
    }

    /// The value of a setting at a point.
    fn at<'a>(&'a self, point: &'a [Cell], setting: usize) -> &'a Cell {
        match self.varied.binary_search(&setting) {
            Ok(place) => &point[place],
            Err(_) => self.first.get(setting).unwrap_or(&Cell::Empty(())),
        }
    }

    /// Number of runs.
    pub(crate) fn runs(&self) -> usize {
        self.keys.len()
    }

    /// Number of different seeds.
    pub(crate) fn seeds(&self) -> usize {
        self.seeds.len()
    }

    /// Numbers among the settings that are larger here than in any of the rows.
    pub(crate) fn more_than(&self, rows: &Frame) -> Result<BTreeMap<String, f64>> {
        let mut more = BTreeMap::new();
        for (i, key) in self
            .settings
            .iter()
            .enumerate()
            .filter(|(_, k)| rows.has(k))
        {
            let here = rows.rows().map(|row| Ok(Cell::parse(row.text(key)?)));
            let here = largest(here.collect::<Result<Vec<_>>>()?.iter());
            let asked = largest(self.points.iter().map(|point| self.at(point, i)));
            if let (Some(asked), Some(here)) = (asked, here)
                && asked > here
            {
                more.insert(key.clone(), asked);
            }
        }
        Ok(more)
    }

    /// The settings in which rows are not among the runs asked for, with their values there. A row is held
    /// against the point that it differs least from. `results` are the columns that are not settings.
    pub(crate) fn changed(
        &self,
        rows: &Frame,
        results: &[&str],
    ) -> Result<BTreeMap<String, String>> {
        let others = rows.filter(|row| row.text("key").is_ok_and(|key| !self.keys.contains(key)));
        let mut columns: Vec<&str> = self.settings.iter().map(String::as_str).collect();
        for column in rows.columns().iter().map(String::as_str) {
            if !columns.contains(&column) && !results.contains(&column) {
                columns.push(column);
            }
        }
        let mut changed: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut note = |setting: &str, value: String| {
            let values = changed.entry(setting.to_owned()).or_default();
            if !values.contains(&value) {
                values.push(value);
            }
        };
        for row in others.rows() {
            let cell = |column: &&str| match rows.has(column) {
                true => Ok(Cell::parse(row.text(column)?)),
                false => Ok(Cell::Empty(())),
            };
            let here = columns.iter().map(cell).collect::<Result<Vec<_>>>()?;
            let differing = |point: &Vec<Cell>| -> Vec<usize> {
                (0..here.len())
                    .filter(|&i| here[i] != *self.at(point, i))
                    .collect()
            };
            let least = self.points.iter().map(differing).min_by_key(Vec::len);
            let least = least.unwrap_or_default();
            for &i in &least {
                note(columns[i], here[i].to_string());
            }
            let seed = row.text("seed")?;
            let known = seed.parse().is_ok_and(|seed| self.seeds.contains(&seed));
            if !known {
                note("seed", seed.to_owned());
            } else if least.is_empty() {
                note("study_version", "another".to_owned());
            }
        }
        let joined = |(setting, values): (String, Vec<String>)| (setting, values.join(", "));
        Ok(changed.into_iter().map(joined).collect())
    }
}

/// A setting as it is read again from its CSV field, empty if it is not there.
fn as_read(value: Option<&Value>) -> Cell {
    value.map_or(Cell::Empty(()), |value| {
        Cell::parse(&setting_cell(value).to_string())
    })
}

fn largest<'a>(cells: impl Iterator<Item = &'a Cell>) -> Option<f64> {
    let numbers = cells.filter_map(|cell| match cell {
        Cell::Number(x) => Some(*x),
        Cell::Text(_) | Cell::Empty(()) => None,
    });
    numbers.reduce(f64::max)
}

/// A setting as a CSV field; a list as JSON.
pub(crate) fn setting_cell(value: &Value) -> Cell {
    match value {
        Value::Null => Cell::Empty(()),
        // Beyond 2^53 a float is another number.
        Value::Number(n) => match n.as_f64().filter(|x| x.abs() < 9e15) {
            Some(x) => Cell::from(x),
            None => Cell::from(n.to_string()),
        },
        Value::String(s) => Cell::from(s.as_str()),
        other => Cell::from(other.to_string()),
    }
}
