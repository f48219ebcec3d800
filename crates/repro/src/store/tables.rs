//! The CSV files of an experiment: written from records, and taken up as records again.

use std::collections::HashMap;

use anyhow::Result;

use super::record::Record;
use crate::experiment::{Plan, Run, setting_cell};
use crate::paths::Output;
use crate::results::columns::{DIVERGED, HAS_DIVERGED};
use crate::results::{Cell, Frame, Table, write_rows};
use crate::settings::tree;

/// Writes `<experiment>.csv`: settings, metrics, wall time and commit of every run.
pub(super) fn write_runs(output: &Output, plan: &Plan, done: &[(&Run, &Record)]) -> Result<()> {
    let mut names: Vec<String> = Vec::new();
    let mut add = |name: &str| {
        if !names.iter().any(|n| n == name) {
            names.push(name.to_owned());
        }
    };
    let settings = plan.setting_columns(done.iter().map(|(run, _)| *run));
    settings.iter().for_each(|key| add(key));
    let metrics = plan.study.metrics.iter();
    metrics.for_each(|metric| add(metric.name()));
    if names.iter().any(|name| name == DIVERGED) {
        names.push(HAS_DIVERGED.name.to_owned());
    }
    let ends = |first: [&str; 2]| first.map(str::to_owned).into_iter();
    let columns = ends(["key", "seed"]).chain(names.iter().cloned());
    let columns: Vec<String> = columns.chain(ends(["wall_s", "code"])).collect();
    let row = |(run, record): &(&Run, &Record)| -> Vec<Cell> {
        let own = run.settings();
        let own = |key: &'_ String| tree::get(&own, key).map(setting_cell);
        let settings = settings
            .iter()
            .map(|key| (key.as_str(), own(key).unwrap_or(Cell::Empty(()))));
        let metrics = record.metrics.iter().map(|(k, v)| (k.as_str(), v.clone()));
        let mut values: HashMap<&str, Cell> = settings.chain(metrics).collect();
        if let Some(diverged) = values.get(DIVERGED) {
            let blank = Cell::from("");
            let has = f64::from(*diverged != Cell::Empty(()) && *diverged != blank);
            values.insert(HAS_DIVERGED.name, Cell::from(has));
        }
        let values = names.iter().map(|name| values.remove(name.as_str()));
        let values = values.map(|value| value.unwrap_or(Cell::Empty(())));
        let first = [
            Cell::from(run.key.as_str()),
            Cell::from(run.seed.to_string()),
        ];
        let last = [record.wall_s.clone(), Cell::from(record.code.as_str())];
        first.into_iter().chain(values).chain(last).collect()
    };
    let path = output.runs_csv(&plan.experiment);
    write_rows(&path, &columns, done.iter().map(row))
}

/// Writes `<experiment>.<table>.csv` for every table that a run has made. Tables of one name may differ in their
/// columns: then the fields that a run lacks are empty.
pub(super) fn write_tables(output: &Output, plan: &Plan, done: &[(&Run, &Record)]) -> Result<()> {
    let mut wholes: Vec<(&str, Table)> = Vec::new();
    for (name, table) in done.iter().flat_map(|(_, record)| &record.tables) {
        let at = wholes.iter().position(|(known, _)| known == name);
        let at = at.unwrap_or_else(|| {
            wholes.push((name, Table::new(["key"])));
            wholes.len() - 1
        });
        for column in &table.columns {
            if !wholes[at].1.columns.contains(column) {
                wholes[at].1.columns.push(column.clone());
            }
        }
    }
    for (name, mut whole) in wholes {
        for (run, record) in done {
            let own = record.tables.iter().filter(|(n, _)| n == name);
            for (_, table) in own {
                let place = |column| table.columns.iter().position(|own| own == column);
                let places: Vec<_> = whole.columns[1..].iter().map(place).collect();
                for row in &table.rows {
                    let field = |at: &Option<usize>| row.get((*at)?).cloned();
                    let fields = places.iter().map(|at| field(at).unwrap_or(Cell::Empty(())));
                    let key = Cell::from(run.key.as_str());
                    whole
                        .rows
                        .push(std::iter::once(key).chain(fields).collect());
                }
            }
        }
        whole.write(&output.table_csv(&plan.experiment, name))?;
    }
    Ok(())
}

/// Reads the results that are there as CSV.
pub(super) fn read(output: &Output, plan: &Plan) -> Result<Vec<Record>> {
    let path = output.runs_csv(&plan.experiment);
    if !path.exists() {
        return Ok(Vec::new());
    }
    let frame = Frame::read(&path)?;
    let metrics = plan.study.metrics.iter().map(|metric| metric.name());
    let metrics: Vec<&str> = metrics.filter(|name| frame.has(name)).collect();
    let mut records = Vec::new();
    for row in frame.rows() {
        let metrics = metrics
            .iter()
            .map(|&name| Ok((name.to_owned(), Cell::parse(row.text(name)?))));
        records.push(Record {
            key: row.text("key")?.to_owned(),
            metrics: metrics.collect::<Result<_>>()?,
            tables: Vec::new(),
            wall_s: Cell::parse(row.text("wall_s")?),
            code: row.text("code")?.to_owned(),
        });
    }
    read_tables(output, plan, &mut records)?;
    Ok(records)
}

fn read_tables(output: &Output, plan: &Plan, records: &mut [Record]) -> Result<()> {
    let places: HashMap<String, usize> = records
        .iter()
        .enumerate()
        .map(|(i, record)| (record.key.clone(), i))
        .collect();
    for file in output.tables(&plan.experiment)? {
        let name = file.split('.').nth(1).unwrap_or_default();
        if file != format!("{}.{name}.csv", plan.experiment) {
            continue;
        }
        let frame = Frame::read(&output.data().join(&file))?;
        frame.distinct("key")?;
        let columns: Vec<&String> = frame.columns().iter().filter(|c| *c != "key").collect();
        for row in frame.rows() {
            let Some(&place) = places.get(row.text("key")?) else {
                continue;
            };
            let cells = columns.iter().map(|c| Ok(Cell::parse(row.text(c)?)));
            let cells = cells.collect::<Result<_>>()?;
            let tables = &mut records[place].tables;
            match tables.iter_mut().find(|(n, _)| n == name) {
                Some((_, table)) => table.rows.push(cells),
                None => {
                    let mut table = Table::new(columns.iter().copied());
                    table.rows.push(cells);
                    tables.push((name.to_owned(), table));
                }
            }
        }
    }
    Ok(())
}
