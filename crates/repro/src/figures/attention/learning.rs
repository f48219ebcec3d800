//! Accuracy of a frozen transformer while its circuits find their own hidden neurons.

use anyhow::Result;

use super::super::works::KOZACHKOV;
use super::Figure;
use super::kept::KEPT;
use crate::plot::{Axes, Color, Marker, Page, SERIES, Scale, Stroke, Width};
use crate::results::stats::{mean, median};
use crate::results::{Frame, Inputs, Reads};

/// What learns in the first panel: rule, hidden neurons, place of the colour.
const RULES: [(&str, &str, &str, usize); 4] = [
    ("local rule", "hebbian", "8", 3),
    ("gradient", "gradient", "8", 0),
    ("local rule", "hebbian", "16", 1),
    ("gradient", "gradient", "16", 2),
];

/// What is taken away in the second: competition, negative phase, calcium noise, place of the colour.
const ABLATIONS: [(&str, &str, &str, &str, usize); 4] = [
    ("whole", "divisive", "true", "0", 3),
    ("noisy calcium", "divisive", "true", "1", 5),
    ("no competition", "none", "true", "0", 4),
    ("no negative phase", "divisive", "false", "0", 1),
];

/// Hidden neurons of the second panel.
const ABLATED: &str = "8";

/// How few hidden neurons are enough if they are the right ones.
pub(in crate::figures) static ATTENTION_LEARNING: Figure = Figure {
    id: "attention-learning",
    work: &KOZACHKOV,
    code: file!(),
    place: "claim",
    finding: "Eight hidden neurons a head do, found by a local rule with softmax attention as teacher",
    shows: "a frozen transformer's accuracy on MNIST while each head's circuit learns its hidden neurons, and without parts of the rule",
    reads: &[
        Reads::runs(
            "attention_learning",
            &[
                "key",
                "circuit.m",
                "learning.rule",
                "learning.hebbian.competition",
                "learning.hebbian.negative_phase",
                "learning.hebbian.calcium_noise",
                "accuracy",
                "softmax_accuracy",
                "diverged",
            ],
        ),
        Reads::table(
            "attention_learning",
            "progress",
            &["key", "presentations", "accuracy"],
        ),
    ],
    amounts: &[
        ("test.images", "test images"),
        ("learning.presentations", "presentations"),
    ],
    draw,
};

fn draw(inputs: &Inputs<'_>) -> Result<Page> {
    let runs = inputs.runs("attention_learning")?;
    let progress = inputs.table("attention_learning", "progress")?;
    let softmax = mean(&runs.numbers("softmax_accuracy")?);
    let whole = |runs: &Frame| {
        runs.matching("learning.hebbian.competition", "divisive")?
            .matching("learning.hebbian.negative_phase", "true")?
            .matching("learning.hebbian.calcium_noise", "0")
    };
    let mut page = Page::new(Width::Double, 215.0);
    let panel = |tag: &str, title: &str, from: f64| {
        let x = Scale::linear("images presented / 1000");
        let y = Scale::linear("test accuracy / %").limits(from, 100.0);
        let mut axes = Axes::new(x, y).tag(tag).title(title);
        axes.across(100.0 * softmax, Stroke::solid(Color::BLACK));
        axes.across(100.0 * KEPT * softmax, Stroke::dotted(Color::GREY));
        axes
    };
    let mut learning = panel("a", "hidden neurons that learn", 85.0);
    for (label, rule, m, color) in RULES {
        let these = whole(
            &runs
                .matching("learning.rule", rule)?
                .matching("circuit.m", m)?,
        )?;
        let color = SERIES[color];
        draw_course(
            &mut learning,
            &these,
            &progress,
            color,
            softmax,
            &format!("{label}, *m* = {m}"),
        )?;
    }
    let mut ablated = panel("b", "the local rule without parts of it, *m* = 8", 0.0);
    let hebbian = runs.matching("learning.rule", "hebbian")?;
    for (label, competition, negative, noise, color) in ABLATIONS {
        let these = hebbian
            .matching("circuit.m", ABLATED)?
            .matching("learning.hebbian.competition", competition)?
            .matching("learning.hebbian.negative_phase", negative)?
            .matching("learning.hebbian.calcium_noise", noise)?;
        draw_course(
            &mut ablated,
            &these,
            &progress,
            SERIES[color],
            softmax,
            label,
        )?;
    }
    for (column, axes) in [learning, ablated].into_iter().enumerate() {
        page.place(page.cell(1, 2, 0, column), axes);
    }
    page.note(format!(
        "The transformer stays as it was trained with softmax ({:.1} %, solid; dotted: 99 % of that); images have no labels. In brackets: seeds \
         that end above 99 %. Noisy calcium: the divisor is off by a factor of e at one standard deviation. No competition: it is the \
         mean over the sequence. Medians; bars: range over seeds.",
        100.0 * softmax
    ));
    Ok(page)
}

/// Median and range over seeds while these runs learn; enters them in the key of the panel.
fn draw_course(
    axes: &mut Axes,
    runs: &Frame,
    progress: &Frame,
    color: Color,
    softmax: f64,
    label: &str,
) -> Result<()> {
    let (stroke, marker) = (Stroke::solid(color), Marker::dot(color));
    let (mut line, mut bars) = (Vec::new(), Vec::new());
    for (presentations, rows) in progress.of_runs(runs)?.by_number("presentations")? {
        let values = rows.numbers("accuracy")?;
        let (low, high) = values
            .iter()
            .fold((1.0f64, 0.0f64), |(a, b), &x| (a.min(x), b.max(x)));
        let x = presentations / 1000.0;
        line.push((x, 100.0 * median(&values)));
        bars.push((x, 50.0 * (low + high), 50.0 * (high - low)));
    }
    axes.error_bars(bars, stroke);
    axes.line(line.clone(), stroke);
    axes.points(line, marker);
    let ended = runs.numbers("accuracy")?;
    let kept = ended.iter().filter(|&&x| x >= KEPT * softmax).count();
    let diverged = runs.filter(|row| row.text("diverged").is_ok_and(|text| !text.is_empty()));
    let end = match diverged.len() {
        0 => format!("{kept} of {}", runs.len()),
        count => format!("{kept} of {}, {count} diverge", runs.len()),
    };
    axes.legend(format!("{label} ({end})"), stroke, marker);
    Ok(())
}
