//! Columns of CSV files by name: which a reader reads, and whether they are there.
//!
//! A name that ends in `*` stands for every column that begins with what is before the star.

/// Columns that every CSV file of runs has, besides settings and metrics.
pub(crate) const BOOKKEEPING: [&str; 4] = ["key", "seed", "wall_s", "code"];

/// What a figure or a comparison reads of one CSV file.
#[derive(Clone, Copy, Debug)]
pub struct Reads {
    /// The experiment whose results these are.
    pub experiment: &'static str,
    /// The table; none: the runs themselves.
    pub table: Option<&'static str>,
    /// Names of columns.
    pub columns: &'static [&'static str],
}

impl Reads {
    /// Columns of `<experiment>.csv`.
    pub(crate) const fn runs(experiment: &'static str, columns: &'static [&'static str]) -> Self {
        Self {
            experiment,
            table: None,
            columns,
        }
    }

    /// Columns of `<experiment>.<table>.csv`.
    pub(crate) const fn table(
        experiment: &'static str,
        table: &'static str,
        columns: &'static [&'static str],
    ) -> Self {
        Self {
            experiment,
            table: Some(table),
            columns,
        }
    }

    /// The file's name.
    pub(crate) fn file(&self) -> String {
        match self.table {
            Some(table) => format!("{}.{table}.csv", self.experiment),
            None => format!("{}.csv", self.experiment),
        }
    }

    /// The columns that are not among those `written`.
    pub(crate) fn missing(&self, written: &[String]) -> Vec<&'static str> {
        let is_there = |name: &str| written.iter().any(|column| stands_for(name, column));
        let all = self.columns.iter().copied();
        all.filter(|name| !is_there(name)).collect()
    }
}

/// The experiments that are read, each once.
pub(crate) fn experiments(reads: &[Reads]) -> Vec<&'static str> {
    let mut names: Vec<&str> = Vec::new();
    for Reads { experiment, .. } in reads {
        if !names.contains(experiment) {
            names.push(experiment);
        }
    }
    names
}

/// Whether `name`, which may end in a star, stands for this column.
pub(crate) fn stands_for(name: &str, column: &str) -> bool {
    match name.strip_suffix('*') {
        Some(prefix) => column.starts_with(prefix),
        None => name == column,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_that_are_not_written_are_missing() {
        let reads = Reads::table("mimic", "weights", &["epoch", "up_1_*", "up_3_*", "epochs"]);
        let written = ["key", "epoch", "up_1_1", "up_1_2", "up_2_1"].map(str::to_owned);
        assert_eq!(reads.missing(&written), ["up_3_*", "epochs"]);
        assert_eq!(reads.file(), "mimic.weights.csv");
        assert_eq!(Reads::runs("mimic", &[]).file(), "mimic.csv");
    }
}
