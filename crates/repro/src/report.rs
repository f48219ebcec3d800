//! `index.html`: every figure with its source, what it was made with, and how it compares.

use std::fmt::Write as _;

use anyhow::Result;

use crate::compare::{self, Compared};
use crate::figures::{self, Figure};
use crate::progress::duration;
use crate::results::columns::BOOKKEEPING;
use crate::results::files::write_atomically;
use crate::results::{Frame, Provenance, Results};
use crate::terminal::{count, say};

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.6rem}h2{font-size:1.2rem;margin:3rem 0 .2rem;border-top:1px solid #8886;padding-top:1rem}\
img{zoom:1.39;max-width:100%;height:auto;background:#fff;border-radius:4px}\
p.source{margin:0 0 .6rem;opacity:.75}\
nav{columns:14rem}nav a{display:block}\
.scroll{overflow-x:auto}\
table{border-collapse:collapse;font-size:.85rem;font-variant-numeric:tabular-nums}\
td,th{padding:.15rem .6rem;text-align:right;border-bottom:1px solid #8883;white-space:nowrap}\
td:first-child,th:first-child{text-align:left}\
summary{cursor:pointer}";

/// Writes the page over all figures that have been drawn, and the CSV files of their comparisons.
pub(crate) fn write(results: &Results) -> Result<()> {
    let drawn = figures::ALL
        .iter()
        .filter(|f| results.output().figure(f.id, "svg").exists());
    let drawn: Vec<&Figure> = drawn.copied().collect();
    let profile = results.profile();
    let title = format!("Figures, {} profile", profile.name());
    let mut page = String::new();
    write!(
        page,
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>{title}</title><style>{STYLE}</style><h1>{title}</h1>\
         <p>Made by <code>repro</code>. Every figure is drawn from the CSV files linked below it.</p><nav>"
    )?;
    for figure in &drawn {
        write!(page, "<a href=\"#{0}\">{0}</a>", figure.id)?;
    }
    page += "</nav>";
    let mut compared = Vec::new();
    for figure in drawn {
        section(&mut page, results, figure)?;
        let comparison = compare::ALL.iter().find(|c| c.figure == figure.id);
        match comparison.map(|comparison| comparison.make(results)) {
            Some(Ok(comparison)) => {
                comparison_table(&mut page, &comparison)?;
                compared.push((figure.id, comparison));
            }
            Some(Err(error)) => {
                let text = format!("{}: not compared: {error:#}", figure.id);
                say(&text);
                write!(page, "<p>{}</p>", escape(&text))?;
            }
            None => {}
        }
        page += "</section>";
    }
    page += "</html>\n";
    let output = results.output();
    compare::write(&compared, profile, output)?;
    write_atomically(&output.dir().join("index.html"), page.as_bytes())
}

fn section(page: &mut String, results: &Results, figure: &Figure) -> Result<()> {
    let (id, shows) = (figure.id, escape(figure.shows));
    write!(
        page,
        "<section><h2 id=\"{id}\">{id}</h2><p class=\"source\">{}</p>\
         <img alt=\"{shows}\" src=\"{id}.svg\"><p>{}.</p>",
        escape(figure.source),
        capitalised(&shows)
    )?;
    for experiment in figure.experiments() {
        made_with(page, results, experiment)?;
    }
    Ok(())
}

/// What an experiment was made with: amount of work, wall time, tables, and all settings.
fn made_with(page: &mut String, results: &Results, experiment: &str) -> Result<()> {
    let runs = results.runs(experiment)?;
    let Some(provenance) = results.provenance(experiment)? else {
        write!(page, "<p>{experiment}: no provenance.</p>")?;
        return Ok(());
    };
    let Provenance {
        about,
        planned,
        finished,
        seeds,
        wall_s,
        ..
    } = &provenance;
    let all = match finished == planned {
        true => String::new(),
        false => format!(" of {planned}"),
    };
    write!(
        page,
        "<details><summary>{}: {}{all}, {}, {} of computation</summary><p>",
        escape(about),
        count(*finished, "run"),
        count(seeds.len(), "seed"),
        duration(*wall_s)
    )?;
    for file in results.output().tables(experiment)? {
        write!(page, "<a href=\"data/{file}\">{file}</a> ")?;
    }
    write!(
        page,
        "<a href=\"data/{experiment}.provenance.toml\">provenance</a></p>"
    )?;
    if let Some(differs) = provenance.differs() {
        write!(page, "<p>{}.</p>", escape(&differs))?;
    }
    settings_table(page, &runs, &provenance.metrics)?;
    *page += "</details>";
    Ok(())
}

/// Every setting; what varies is shown by its range.
fn settings_table(page: &mut String, runs: &Frame, metrics: &[String]) -> Result<()> {
    *page += "<div class=\"scroll\"><table>";
    let is_setting = |c: &&String| !metrics.contains(c) && !BOOKKEEPING.contains(&c.as_str());
    for column in runs.columns().iter().filter(is_setting) {
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

fn comparison_table(page: &mut String, compared: &Compared) -> Result<()> {
    let Compared { points, verdicts } = compared;
    if points.is_empty() {
        return Ok(());
    }
    *page += "<p>";
    for line in verdicts {
        write!(page, "{}.<br>", escape(line))?;
    }
    *page += "</p><details><summary>Point by point</summary><div class=\"scroll\"><table>\
              <tr><th>series</th><th>at</th><th>ours / %</th><th>published / %</th>\
              <th>difference / percentage points</th><th>judged</th></tr>";
    for p in points {
        let (ours, published) = p.values.texts();
        write!(
            page,
            "<tr><td>{}</td><td>{} = {:.2}</td><td>{ours}</td><td>{published}</td><td>{:+.2}</td><td>{}</td></tr>",
            escape(&p.series),
            p.x.0,
            p.x.1,
            p.difference(),
            p.judgement()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_results_say_is_text_and_no_markup() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.csv");
        let csv = "key,seed,data.dir,error,wall_s,code\nab,1,\"<b>\"\"&\",2,3,c\n";
        std::fs::write(&path, csv).unwrap();
        let mut page = String::new();
        let metrics = ["error".to_owned()];
        settings_table(&mut page, &Frame::read(&path).unwrap(), &metrics).unwrap();
        assert!(
            page.contains("<td>data.dir</td><td>&lt;b&gt;&quot;&amp;</td>"),
            "{page}"
        );
        assert!(
            !page.contains("error") && !page.contains("wall_s"),
            "{page}"
        );
    }
}
