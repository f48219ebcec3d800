//! How much of an accuracy is chance of the autoencoder: its latents read in other orders.

use anyhow::Result;

use super::super::Figure;
use super::super::look::ASTROCYTES;
use super::super::works::PETERSON;
use crate::plot::{Axes, Color, Marker, Page, SERIES, Scale, Stroke, Width};
use crate::results::started::Accuracies;
use crate::results::stats::median;
use crate::results::{Frame, Inputs, Reads};
use crate::sources::peterson::{printed_on_autoencoder, program_on_autoencoder};

/// The published wiring reads 18 of 20 latents. Which these are is chance of the autoencoder; what of accuracies is?
pub(in crate::figures) static LATENTS: Figure = Figure {
    id: "astro-latents",
    work: &PETERSON,
    code: file!(),
    place: "open question",
    finding: "Which latents are wired together decides what an astrocyte network reaches",
    shows: "accuracy of astrocyte classifiers that read the latents of one autoencoder in other orders",
    reads: &[Reads::runs(
        "astro_latents",
        &[
            "encoder.order",
            "training.epochs",
            "test_accuracy",
            "started",
        ],
    )],
    amounts: &[("training.epochs", "epochs")],
    draw,
};

/// Of the talk's classifiers.
const TALK_EPOCHS: f64 = 150.0;

/// Runs on latents in one order, or runs of others on an autoencoder of theirs.
struct Group {
    label: String,
    color: Color,
    started: Vec<f64>,
    stuck: usize,
}

impl Group {
    fn new(label: impl Into<String>, color: Color, runs: &Accuracies) -> Self {
        Self {
            label: label.into(),
            color,
            stuck: runs.stuck(),
            started: runs.started(),
        }
    }

    fn median(&self) -> f64 {
        median(&self.started)
    }
}

fn draw(inputs: &Inputs<'_>) -> Result<Page> {
    let runs = inputs.runs("astro_latents")?;
    let mut orders = orders(&runs)?;
    orders.sort_by(|a, b| a.median().total_cmp(&b.median()));
    let others = others(inputs, &runs)?;
    let last = orders.len() as f64 - 0.4;
    let x = Scale::linear("orders of the latents, by the median of their runs")
        .limits(-0.6, last)
        .ticks(Vec::<(f64, String)>::new());
    let accuracy = Scale::linear("accuracy of runs that started / %").limits(70.0, 100.0);
    let mut axes = Axes::new(x, accuracy).title(span(&orders));
    for (group, stroke) in others.iter().zip([Stroke::dashed, Stroke::dotted]) {
        let stroke = stroke(group.color);
        axes.across(100.0 * group.median(), stroke);
        axes.legend(group.label.clone(), stroke, None);
    }
    for (place, group) in orders.iter().enumerate() {
        let place = place as f64;
        let median = 100.0 * group.median();
        let aside = |i: usize| 0.05 * ((i * 7 % 11) as f64 - 5.0);
        let dots = group.started.iter().enumerate();
        let dots = dots.map(|(i, a)| (place + aside(i), 100.0 * a));
        let faint = Marker::dot(group.color.lighter(0.5)).radius(0.9);
        axes.points(dots.collect::<Vec<_>>(), faint);
        if median.is_finite() {
            let level = [(place - 0.35, median), (place + 0.35, median)];
            axes.line(level, Stroke::solid(group.color));
        }
        axes.text((place, 98.0), group.stuck.to_string(), Color::NOTE, 0.5);
    }
    for (name, color) in [
        ("another order: runs and their median", ASTROCYTES),
        ("as trained", SERIES[1]),
    ] {
        axes.legend(name, Stroke::solid(color), Marker::dot(color.lighter(0.5)));
    }
    let mut page = Page::new(Width::Double, 190.0);
    page.key(&mut axes);
    page.place(page.cell(1, 1, 0, 0), axes);
    page.note(
        "One autoencoder, of whose 20 latents the published wiring reads 18 and joins neighbours. Above: how many runs of each order \
         stayed at chance.",
    );
    Ok(page)
}

/// One group per order; order 0 is the one in which the autoencoder was trained.
fn orders(runs: &Frame) -> Result<Vec<Group>> {
    let group = |order: String| {
        let runs = Accuracies::ours(&runs.matching("encoder.order", &order)?)?;
        // Settings that are as usual are left out of the table.
        Ok(match order.as_str() {
            "" => Group::new("0", SERIES[1], &runs),
            _ => Group::new(order, ASTROCYTES, &runs),
        })
    };
    runs.distinct("encoder.order")?
        .into_iter()
        .map(group)
        .collect()
}

/// Runs of the published program on its autoencoder of the same recipe, and the printed ones; after as many epochs.
fn others(inputs: &Inputs<'_>, runs: &Frame) -> Result<Vec<Group>> {
    let epochs = runs
        .numbers("training.epochs")?
        .into_iter()
        .fold(0.0, f64::max);
    let program = program_on_autoencoder(inputs, epochs)?;
    let mut groups = Vec::new();
    if program.len() > 0 {
        groups.push(Group::new(
            "median of the published program's runs, its autoencoder",
            Color::GREY,
            &program,
        ));
    }
    if epochs == TALK_EPOCHS {
        let printed = printed_on_autoencoder(inputs)?;
        groups.push(Group::new("of the talk's", Color::GREY, &printed));
    }
    Ok(groups)
}

/// Lowest and highest median.
fn span(orders: &[Group]) -> String {
    let medians: Vec<f64> = orders
        .iter()
        .map(Group::median)
        .filter(|m| m.is_finite())
        .collect();
    match (medians.first(), medians.last()) {
        (Some(low), Some(high)) => format!(
            "medians of {} orders: {:.1} to {:.1} %",
            medians.len(),
            100.0 * low,
            100.0 * high
        ),
        _ => String::new(),
    }
}
