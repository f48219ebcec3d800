//! `index.html`: every figure with its source, what it was made with, and how it compares; `columns.html` explains the data.

mod columns;
mod importance;
mod markup;
mod panels;
pub(crate) mod points;
mod settings;
pub(crate) mod studied;

use std::fmt::Write as _;
use std::fs;

use anyhow::Result;

use crate::compare::{self, Compared, Point};
use crate::dictionary::Dictionary;
use crate::figures::{self, Figure, Work};
use crate::profile::Profile;
use crate::progress::duration;
use crate::results::files::write_atomically;
use crate::results::{Provenance, Results};
use crate::terminal::{count, say};
use markup::{STYLE, capitalised, escape};
use settings::Settings;

/// A figure that has been drawn, with its comparison if there is one.
struct Drawn {
    figure: &'static Figure,
    compared: Option<Result<Compared>>,
}

/// Writes the page over all figures, and the CSV files of their comparisons.
pub(crate) fn write(results: &Results) -> Result<()> {
    let is_there = |f: &&&Figure| results.output().figure(f.id, "svg").exists();
    let drawn = figures::ALL.iter().filter(is_there).map(|&figure| {
        let comparison = compare::ALL.iter().find(|c| c.figure == figure.id);
        Drawn {
            figure,
            compared: comparison.map(|comparison| comparison.make(results)),
        }
    });
    let drawn: Vec<Drawn> = drawn.collect();
    let profile = results.profile().name();
    let mut works: Vec<&Work> = figures::ALL.iter().map(|f| f.work).collect();
    works.dedup();
    let mut page = String::new();
    write!(
        page,
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>Brains that compute like deep networks, reproduced: {profile} profile</title><style>{STYLE}</style><main>\
         <h1>Brains that compute like deep networks, reproduced</h1>\
         <p>Three works ask how brains could compute what deep learning computes. Their figures, drawn anew from runs of our own, \
         {}. Every figure is drawn from the CSV files that are linked below it. It shows its values under the pointer, and its \
         key switches series off and on.</p>",
        match results.profile() {
            Profile::Quick => "in the quick profile: fewer points, seeds or epochs than published",
            Profile::Paper =>
                "in the sources' own numbers of points, seeds and epochs, as far as they have been run",
        }
    )?;
    contents(&mut page, &works, &drawn)?;
    summary(&mut page, &drawn)?;
    for work in works {
        chapter(&mut page, results, work, &drawn)?;
    }
    let output = results.output();
    let compared: Vec<(&str, &Compared)> = drawn
        .iter()
        .filter_map(|d| Some((d.figure.id, d.compared.as_ref()?.as_ref().ok()?)))
        .collect();
    compare::write(&compared, results.profile(), output)?;
    let dictionary = Dictionary::of(results)?;
    dictionary.write(output)?;
    columns::write(&dictionary, output)?;
    page += "</main></html>\n";
    write_atomically(&output.dir().join("index.html"), page.as_bytes())
}

fn contents(page: &mut String, works: &[&Work], drawn: &[Drawn]) -> Result<()> {
    *page += "<nav aria-label=\"Contents\">";
    for work in works {
        write!(page, "<b>{}</b><ol>", work.system)?;
        for Drawn { figure, .. } in drawn.iter().filter(|d| d.figure.work == *work) {
            write!(
                page,
                "<li><a href=\"#{}\">{}</a></li>",
                figure.id,
                escape(figure.finding)
            )?;
        }
        *page += "</ol>";
    }
    *page += "<b>Data</b><ol><li><a href=\"#compared\">Ours beside the published</a></li>\
              <li><a href=\"columns.html\">What the columns of the CSV files mean</a></li></ol></nav>";
    Ok(())
}

/// Every verdict of a comparison with published values, in one table.
fn summary(page: &mut String, drawn: &[Drawn]) -> Result<()> {
    *page += "<h2 id=\"compared\">Ours beside the published</h2><p>Point by point in <a href=\"compare.csv\">compare.csv</a>, \
              run by run in <a href=\"compare_runs.csv\">compare_runs.csv</a>.</p><table class=\"verdicts\"><tr><th scope=\"col\">figure</th>\
              <th scope=\"col\">what became of it</th></tr>";
    for Drawn { figure, compared } in drawn {
        if let Some(Ok(Compared { verdicts, .. })) = compared {
            for verdict in verdicts {
                let verdict = escape(verdict);
                write!(
                    page,
                    "<tr><td><a href=\"#{0}\">{0}</a><td>{verdict}",
                    figure.id
                )?;
            }
        }
    }
    *page += "</table>";
    Ok(())
}

/// A system, its figures, and those of them that have not been run.
fn chapter(page: &mut String, results: &Results, work: &Work, drawn: &[Drawn]) -> Result<()> {
    write!(
        page,
        "<h2>{0}</h2><div class=\"system\"><svg width=\"300\" height=\"120\" viewBox=\"0 0 300 120\" role=\"img\" \
         aria-label=\"Drawing: {0}\">{1}</svg><p>{2}<br>",
        work.system,
        work.drawing,
        escape(work.about)
    )?;
    for (title, address) in work.sources {
        write!(page, "<a href=\"{address}\">{}</a>. ", escape(title))?;
    }
    *page += "</p></div>";
    let mut shown = Vec::new();
    for d in drawn.iter().filter(|d| d.figure.work == work) {
        section(page, results, d.figure, &mut shown)?;
        match &d.compared {
            Some(Ok(compared)) => comparison_table(page, compared)?,
            Some(Err(error)) => {
                let text = format!("{}: not compared: {error:#}", d.figure.id);
                say(&text);
                write!(page, "<p>{}</p>", escape(&text))?;
            }
            None => {}
        }
        *page += "</section>";
    }
    let missing = figures::ALL
        .iter()
        .filter(|f| f.work == work && !drawn.iter().any(|d| d.figure.id == f.id));
    let missing: Vec<&str> = missing.map(|f| f.id).collect();
    if !missing.is_empty() {
        write!(
            page,
            "<p>Not run yet: {}; <code>repro run</code> does.</p>",
            missing.join(", ")
        )?;
    }
    Ok(())
}

/// A figure and its experiments, whose settings are added to those `shown`.
fn section(
    page: &mut String,
    results: &Results,
    figure: &Figure,
    shown: &mut Vec<Settings>,
) -> Result<()> {
    let (id, shows) = (figure.id, capitalised(&escape(figure.shows)));
    let profile = match results.profile() {
        Profile::Quick => "",
        Profile::Paper => " --profile paper",
    };
    let svg = fs::read_to_string(results.output().figure(id, "svg"))?;
    let (width, height) = size(&svg).unwrap_or((519.0, 300.0));
    write!(
        page,
        "<section><h3 id=\"{id}\">{}</h3><p class=\"source\">{id} · {} · <code>repro run {id}{profile}</code> · drawn by \
         <code>{}</code></p><figure><object type=\"image/svg+xml\" data=\"{id}.svg\" aria-label=\"{shows}\" \
         style=\"--w:{width};--h:{height}\"><img alt=\"{shows}\" src=\"{id}.png\"></object>\
         <figcaption>{shows}. <span class=\"files\"><a href=\"{id}.svg\">SVG</a> <a href=\"{id}.pdf\">PDF</a> \
         <a href=\"{id}.png\">PNG</a></span></figcaption></figure>",
        escape(figure.finding),
        escape(&figure.source()),
        figure.code,
    )?;
    for experiment in figure.experiments() {
        made_with(page, results, experiment, shown)?;
    }
    Ok(())
}

/// Width and height of an SVG file, in points: room is kept for it before it is there.
fn size(svg: &str) -> Option<(f64, f64)> {
    let value = |name: &str| {
        let (_, rest) = svg.split_once(&format!(" {name}=\""))?;
        rest.split_once("pt\"")?.0.parse::<f64>().ok()
    };
    Some((value("width")?, value("height")?))
}

/// What an experiment was made with: amount of work, wall time, tables, and settings.
fn made_with(
    page: &mut String,
    results: &Results,
    experiment: &str,
    shown: &mut Vec<Settings>,
) -> Result<()> {
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
    let anchor = match shown.iter().any(|s| s.experiment == experiment) {
        true => String::new(),
        false => format!(" id=\"of-{experiment}\""),
    };
    write!(
        page,
        "<details{anchor}><summary>{}: {}{all}, {}, {} of computation</summary><p>",
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
        "<a href=\"data/{experiment}.provenance.toml\">provenance</a>; settings from \
         <code>experiments/{experiment}.toml</code></p>"
    )?;
    if let Some(differs) = provenance.differs() {
        write!(page, "<p>{}.</p>", escape(&differs))?;
    }
    let settings = Settings::of(experiment, &runs, &provenance.metrics)?;
    settings.write(page, shown)?;
    shown.push(settings);
    *page += "</details>";
    Ok(())
}

/// From this many points on, those that agree are left to compare.csv.
const MANY: usize = 40;

fn comparison_table(page: &mut String, compared: &Compared) -> Result<()> {
    let Compared { points, verdicts } = compared;
    if points.is_empty() {
        return Ok(());
    }
    *page += "<p>";
    for line in verdicts {
        write!(page, "{}.<br>", escape(line))?;
    }
    let apart = |p: &&Point| p.standard_errors().is_none_or(|errors| errors.abs() > 2.0);
    let (about, shown): (_, Vec<&Point>) = match points.len() > MANY {
        true => (
            "Points beyond 2 standard errors, or not judged",
            points.iter().filter(apart).collect(),
        ),
        false => ("Point by point", points.iter().collect()),
    };
    write!(page, "</p><details><summary>{about}</summary>")?;
    *page += "<div class=\"scroll\"><table>\
              <tr><th scope=\"col\">series</th><th scope=\"col\">at</th><th>ours / %</th><th>published / %</th>\
              <th>difference / percentage points</th><th>judged</th></tr>";
    for p in shown {
        let (ours, published) = p.values.texts();
        write!(
            page,
            "<tr><td>{}<td>{} = {:.2}<td>{ours}<td>{published}<td>{:+.2}<td>{}",
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
