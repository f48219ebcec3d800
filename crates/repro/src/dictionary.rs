//! What the columns of the CSV files of a folder mean: `columns.csv` and `columns.html`.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::compare;
use crate::figures;
use crate::paths::Output;
use crate::results::{Column, Results, Table, columns};
use crate::studies;

/// Columns of `columns.csv`.
const COLUMNS: [Column; 4] = columns! {
    "file" ["word"] "CSV file",
    "column" ["word"] "column of it",
    "unit" ["text"] "what its numbers count or are measured in, or what else stands in it; pure numbers have none",
    "meaning" ["text"] "what it says",
};

/// What is said of a column that this version of its study does not write.
const UNKNOWN: Column = Column::new("", "", "no longer written");

/// A column of a file.
struct Entry {
    file: String,
    column: String,
    means: Column,
}

/// The columns of all CSV files of a folder, in the order of the figures that are drawn from them.
pub(crate) struct Dictionary(Vec<Entry>);

impl Dictionary {
    /// Of all files that are there.
    pub(crate) fn of(results: &Results) -> Result<Self> {
        let mut experiments: Vec<&str> = Vec::new();
        for name in figures::ALL.iter().flat_map(|figure| figure.experiments()) {
            if !experiments.contains(&name) {
                experiments.push(name);
            }
        }
        let mut entries = Vec::new();
        for experiment in experiments {
            let Some(provenance) = results.provenance(experiment)? else {
                continue;
            };
            let study = studies::find(&provenance.study)?;
            for file in results.output().tables(experiment)? {
                let inner = file.strip_prefix(experiment).unwrap_or(&file);
                let table = inner.trim_matches('.').strip_suffix(".csv");
                let path = results.output().data().join(&file);
                for column in csv::Reader::from_path(path)?.headers()? {
                    entries.push(Entry {
                        file: file.clone(),
                        column: column.to_owned(),
                        means: study.column(table, column).unwrap_or(UNKNOWN),
                    });
                }
            }
        }
        let own = ("columns.csv", &COLUMNS[..]);
        for (file, columns) in compare::FILES.into_iter().chain([own]) {
            entries.extend(columns.iter().map(|&means| Entry {
                file: file.to_owned(),
                column: means.name.to_owned(),
                means,
            }));
        }
        Ok(Self(entries))
    }

    /// Writes `columns.csv`.
    pub(crate) fn write(&self, output: &Output) -> Result<()> {
        let mut table = Table::new(COLUMNS);
        for Entry {
            file,
            column,
            means,
        } in &self.0
        {
            let fields = [file.as_str(), column.as_str(), means.unit, means.about];
            table.push(fields.map(Into::into));
        }
        table.write(&output.dir().join("columns.csv"))
    }

    /// Each different column once, by name, with the files that have it.
    pub(crate) fn distinct(&self) -> BTreeMap<Column, Vec<&str>> {
        let mut all: BTreeMap<Column, Vec<&str>> = BTreeMap::new();
        for Entry { file, means, .. } in &self.0 {
            let files = all.entry(*means).or_default();
            if !files.contains(&file.as_str()) {
                files.push(file);
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::experiment::Experiment;
    use crate::paths::Repository;
    use crate::profile::Profile;
    use crate::settings::tree;

    #[test]
    fn every_column_that_an_experiment_writes_has_a_meaning() {
        let repository = Repository::find().unwrap();
        let mut names: Vec<&str> = figures::ALL.iter().flat_map(|f| f.experiments()).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            let file = repository.experiment(name);
            let experiment = Experiment::read(&file, &repository).unwrap();
            let plan = experiment.plan(Profile::Quick, &[]).unwrap();
            let mut written: BTreeSet<(Option<&str>, String)> = BTreeSet::new();
            for run in &plan.runs {
                let settings = run.settings();
                let settings = tree::leaves(&settings);
                written.extend(settings.into_iter().map(|(key, _)| (None, key)));
                for (table, layout) in run.job.tables() {
                    written.extend(layout.columns.into_iter().map(|c| (Some(table), c)));
                }
            }
            for (table, column) in written {
                let means = plan.study.column(table, &column);
                assert!(means.is_some(), "{name}: nothing is said of {column}");
            }
        }
    }

    #[test]
    fn every_column_of_the_results_that_ship_has_a_meaning() {
        let repository = Repository::find().unwrap();
        let output = Output::new(repository.figures(), Profile::Paper);
        let results = Results::new(&repository, &output, Profile::Paper);
        let dictionary = Dictionary::of(&results).unwrap();
        for entry in &dictionary.0 {
            let Entry {
                file,
                column,
                means,
            } = entry;
            assert!(*means != UNKNOWN, "{file}: nothing is said of {column}");
            let Column { unit, about, .. } = means;
            let is_plain = !about.ends_with('.') && about.len() <= 160 && unit.len() <= 14;
            assert!(is_plain, "{file}: {column}: {unit}: {about}");
        }
        // And every file that ships is in it.
        for dir in [output.dir().to_owned(), output.data()] {
            for file in std::fs::read_dir(dir).unwrap() {
                let file = file.unwrap().file_name().into_string().unwrap();
                if file.ends_with(".csv") {
                    let is_there = dictionary.0.iter().any(|entry| entry.file == file);
                    assert!(is_there, "{file} is not in the dictionary");
                }
            }
        }
    }
}
