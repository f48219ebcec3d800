//! `index.html`: every figure with its source, what it was made with, and how it compares.

use std::fmt::Write as _;
use std::fs;

use anyhow::Result;
use base64ct::{Base64, Encoding as _};

use crate::compare::{self, Point, count, verdicts};
use crate::experiment::Experiment;
use crate::figures::{self, Figure, Inputs};
use crate::progress::duration;
use crate::results::Frame;
use crate::results::files::write_atomically;

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.6rem}h2{font-size:1.2rem;margin:3rem 0 .2rem;border-top:1px solid #8886;padding-top:1rem}\
img{width:100%;height:auto;background:#fff;border-radius:4px}\
.single img{max-width:32rem}\
p.source{margin:0 0 .6rem;opacity:.75}\
nav{columns:14rem}nav a{display:block}\
.scroll{overflow-x:auto}\
table{border-collapse:collapse;font-size:.85rem;font-variant-numeric:tabular-nums}\
td,th{padding:.15rem .6rem;text-align:right;border-bottom:1px solid #8883;white-space:nowrap}\
td:first-child,th:first-child{text-align:left}\
summary{cursor:pointer}";

/// Writes the page over all figures that have been drawn.
pub(crate) fn write(inputs: &Inputs<'_>) -> Result<()> {
    let drawn: Vec<(&Figure, String)> = figures::ALL
        .iter()
        .filter_map(|f| {
            Some((
                *f,
                fs::read_to_string(inputs.output.figure(f.id, "svg")).ok()?,
            ))
        })
        .collect();
    let mut page = String::new();
    let profile = inputs.profile.name();
    let title = format!("Figures, {profile} profile");
    write!(
        page,
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>{title}</title><style>{STYLE}</style><h1>{title}</h1>\
         <p>Made by <code>repro</code>. Every figure is drawn from the CSV files linked below it.</p><nav>"
    )?;
    for (figure, _) in &drawn {
        write!(page, "<a href=\"#{0}\">{0}</a>", figure.id)?;
    }
    page += "</nav>";
    for (figure, svg) in &drawn {
        section(&mut page, inputs, figure, svg)?;
    }
    page += "</html>\n";
    write_atomically(&inputs.output.dir().join("index.html"), page.as_bytes())
}

fn section(page: &mut String, inputs: &Inputs<'_>, figure: &Figure, svg: &str) -> Result<()> {
    let data = Base64::encode_string(svg.as_bytes());
    let class = if svg.contains("width=\"252pt\"") {
        "single"
    } else {
        "double"
    };
    let (id, shows) = (figure.id, escape(figure.shows));
    write!(
        page,
        "<section class=\"{class}\"><h2 id=\"{id}\">{id}</h2><p class=\"source\">{}</p>\
         <img alt=\"{shows}\" src=\"data:image/svg+xml;base64,{data}\"><p>{}.</p>",
        escape(figure.source),
        capitalised(&shows)
    )?;
    for experiment in figure.experiments {
        made_with(page, inputs, experiment)?;
    }
    let comparison = compare::ALL.iter().find(|c| c.figure == id);
    if let Some(Ok(points)) = comparison.map(|c| (c.points)(inputs))
        && !points.is_empty()
    {
        comparison_table(page, &points)?;
    }
    *page += "</section>";
    Ok(())
}

/// What an experiment was made with: amount of work, wall time, tables, and all fixed settings.
fn made_with(page: &mut String, inputs: &Inputs<'_>, experiment: &str) -> Result<()> {
    let Ok(runs) = inputs.runs(experiment) else {
        return Ok(());
    };
    let about = Experiment::read(&inputs.repository.experiment(experiment))?.about;
    let seconds: f64 = runs.numbers("wall_s")?.iter().sum();
    let seeds = runs.distinct("seed")?.len();
    write!(
        page,
        "<details><summary>{}: {}, {}, {} of computation</summary><p>",
        escape(&about),
        count(runs.len(), "run"),
        count(seeds, "seed"),
        duration(seconds)
    )?;
    for file in tables(inputs, experiment)? {
        write!(page, "<a href=\"data/{file}\">{file}</a> ")?;
    }
    write!(
        page,
        "<a href=\"data/{experiment}.provenance.toml\">provenance</a></p>"
    )?;
    settings_table(page, &runs)?;
    *page += "</details>";
    Ok(())
}

fn tables(inputs: &Inputs<'_>, experiment: &str) -> Result<Vec<String>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(inputs.output.data())? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let ours = name
            .strip_prefix(experiment)
            .is_some_and(|rest| rest.starts_with('.'));
        if ours && name.ends_with(".csv") {
            files.push(name);
        }
    }
    files.sort();
    Ok(files)
}

/// Settings have dots in their names; what varies is shown by its range.
fn settings_table(page: &mut String, runs: &Frame) -> Result<()> {
    *page += "<div class=\"scroll\"><table>";
    for column in runs.columns().iter().filter(|c| c.contains('.')) {
        let values = runs.distinct(column)?;
        let shown = match values.as_slice() {
            [one] => escape(one),
            [first, .., last] => {
                format!(
                    "{} … {} ({} values)",
                    escape(first),
                    escape(last),
                    values.len()
                )
            }
            [] => String::new(),
        };
        if !shown.is_empty() {
            write!(page, "<tr><td>{column}</td><td>{shown}</td></tr>")?;
        }
    }
    *page += "</table></div>";
    Ok(())
}

fn comparison_table(page: &mut String, points: &[Point]) -> Result<()> {
    *page += "<p>";
    for line in verdicts(points) {
        write!(page, "{}.<br>", escape(&line))?;
    }
    *page += "</p><details><summary>Point by point</summary><div class=\"scroll\"><table>\
              <tr><th>series</th><th>at</th><th>ours / %</th><th>published / %</th>\
              <th>difference</th><th>standard errors</th></tr>";
    for p in points {
        write!(
            page,
            "<tr><td>{}</td><td>{} = {:.2}</td><td>{}</td><td>{}</td><td>{:+.2}</td><td>{}</td></tr>",
            escape(&p.series),
            p.x.0,
            p.x.1,
            p.ours.percent(),
            p.published.percent(),
            100.0 * (p.ours.mean - p.published.mean),
            p.standard_errors_text()
        )?;
    }
    *page += "</table></div></details>";
    Ok(())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}
