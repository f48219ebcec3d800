//! How much of an accuracy is chance of the autoencoder: its latents read in other orders.

use anyhow::Result;

use super::super::Figure;
use super::bars::OURS;
use crate::plot::{Axes, Color, Marker, Page, SERIES, Scale, Stroke, Width};
use crate::results::started::Accuracies;
use crate::results::stats::median;
use crate::results::{Frame, Inputs, Reads};
use crate::sources::peterson::{printed_on_autoencoder, program_on_autoencoder};

/// The published wiring reads 18 of 20 latents. Which these are is chance of the autoencoder; what of accuracies is?
pub(in crate::figures) static LATENTS: Figure = Figure {
    id: "astro-latents",
    source: "Peterson 2019, open question",
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
    at_chance: f64,
}

impl Group {
    fn new(label: impl Into<String>, color: Color, runs: &Accuracies) -> Self {
        Self {
            label: label.into(),
            color,
            at_chance: runs.at_chance(),
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
    let mut page = Page::new(Width::Double, 290.0);
    let count = orders.len();
    let x = || {
        let names = orders.iter().enumerate();
        let ours = names.map(|(i, group)| (i as f64, group.label.clone()));
        let theirs = others.iter().enumerate();
        let theirs = theirs.map(|(i, group)| (beyond(count, i), group.label.clone()));
        Scale::linear("order of the latents, by the median of its runs")
            .ticks(ours.chain(theirs).collect::<Vec<_>>())
            .limits(-0.7, beyond(count, others.len()) - 1.0)
    };
    let accuracy = Scale::linear("accuracy if started / %").limits(60.0, 95.0);
    let mut started = Axes::new(x(), accuracy).legend_at(0.0, 0.0);
    let mut chance = Axes::new(x(), Scale::linear("runs at chance / %").limits(0.0, 100.0));
    let places = (0..count).map(|i| i as f64);
    let places = places.chain((0..).map(|i| beyond(count, i)));
    for (place, group) in places.zip(orders.iter().chain(&others)) {
        let median = 100.0 * group.median();
        let aside = |i: usize| 0.05 * ((i * 7 % 11) as f64 - 5.0);
        let dots = group.started.iter().enumerate();
        let dots = dots.map(|(i, a)| (place + aside(i), 100.0 * a));
        let faint = Marker::dot(group.color.lighter(0.5)).radius(0.9);
        started.points(dots.collect::<Vec<_>>(), faint);
        if median.is_finite() {
            started.line(
                [(place - 0.35, median), (place + 0.35, median)],
                Stroke::solid(group.color),
            );
        }
        let share = (0.0, 100.0 * group.at_chance);
        chance.rectangle(
            (place - 0.35, place + 0.35),
            share,
            group.color.lighter(0.45),
        );
    }
    for (name, color) in [
        ("another order, median of its runs", OURS),
        ("as trained", SERIES[1]),
        ("other autoencoders", Color::GREY),
    ] {
        started.legend(name, Stroke::solid(color), Marker::dot(color.lighter(0.5)));
    }
    let whole = page.cell(2, 1, 0, 0);
    page.place(whole, started.tag("a"));
    page.place(page.cell(2, 1, 1, 0), chance.tag("b"));
    page.note(
        "One autoencoder, of whose 20 latents the published wiring reads 18. Others: those of the published program and of the talk.",
    );
    page.note(span(&orders));
    Ok(page)
}

/// Where other autoencoders stand: beside all orders, further apart.
fn beyond(orders: usize, other: usize) -> f64 {
    orders as f64 + 1.0 + 2.0 * other as f64
}

/// One group per order; order 0 is the one in which the autoencoder was trained.
fn orders(runs: &Frame) -> Result<Vec<Group>> {
    let group = |order: String| {
        let runs = Accuracies::ours(&runs.matching("encoder.order", &order)?)?;
        // Settings that are as usual are left out of the table.
        Ok(match order.as_str() {
            "" => Group::new("0", SERIES[1], &runs),
            _ => Group::new(order, OURS, &runs),
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
        groups.push(Group::new("program", Color::GREY, &program));
    }
    if epochs == TALK_EPOCHS {
        let printed = printed_on_autoencoder(inputs)?;
        groups.push(Group::new("talk", Color::GREY, &printed));
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
            "Medians of {} orders: {:.1} to {:.1} %.",
            medians.len(),
            100.0 * low,
            100.0 * high
        ),
        _ => String::new(),
    }
}
