//! Columns of CSV files by name: which a reader reads, and whether they are there.
//!
//! A name that ends in `*` stands for every column that begins with what is before the star.

/// A column of a CSV file, with what a reader has to know of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What its numbers count or are measured in, or what else stands in its fields. Pure numbers have none.
    pub unit: &'static str,
    /// What it means.
    pub about: &'static str,
}

impl Column {
    pub(crate) const fn new(name: &'static str, unit: &'static str, about: &'static str) -> Self {
        Self { name, unit, about }
    }

    /// Whether this is what is said of a column of that name.
    pub(crate) fn stands_for(&self, name: &str) -> bool {
        stands_for(self.name, name)
    }
}

impl From<Column> for String {
    fn from(column: Column) -> Self {
        column.name.to_owned()
    }
}

impl From<&Column> for String {
    fn from(column: &Column) -> Self {
        column.name.to_owned()
    }
}

/// An array of [`Column`]s, one a line: `"name" ["unit"] "meaning",`.
macro_rules! columns {
    ($($name:literal [$unit:literal] $about:literal,)*) => {
        [$($crate::results::Column::new($name, $unit, $about)),*]
    };
}
pub(crate) use columns;

/// Names the run that a row of a table belongs to.
pub(crate) const KEY: Column = Column::new(
    "key",
    "word",
    "names the run: a hash of its settings, its seed and the version of its study",
);
/// Name of the metric that says in words what diverged, in the studies that have it.
pub(crate) const DIVERGED: &str = "diverged";
/// Stands where there is such a metric.
pub(crate) const HAS_DIVERGED: Column =
    Column::new("has_diverged", "0 or 1", "1 for a run that diverged");
/// Columns that CSV files of runs have besides settings and metrics.
pub(crate) const BOOKKEEPING: [Column; 5] = [
    KEY,
    HAS_DIVERGED,
    Column::new("seed", "", "seed of the run"),
    Column::new("wall_s", "s", "seconds that the run took"),
    Column::new(
        "code",
        "word",
        "commit of the program that computed the run",
    ),
];

/// Whether a column of a CSV file of runs is neither setting nor metric.
pub(crate) fn is_bookkeeping(name: &str) -> bool {
    BOOKKEEPING.iter().any(|column| column.name == name)
}

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
