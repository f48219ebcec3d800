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
    ("one phase", "divisive", "false", "0", 1),
];

/// Hidden neurons of the second panel.
const ABLATED: &str = "8";

/// What learns without a teacher in the third panel: likewise as in the first.
const UNTAUGHT: [(&str, &str, &str, usize); 4] = [
    ("local rule", "task-hebbian", "8", 3),
    ("gradient", "task-gradient", "8", 0),
    ("local rule", "task-hebbian", "16", 1),
    ("gradient", "task-gradient", "16", 2),
];

/// How few hidden neurons are enough if they are the right ones.
pub(in crate::figures) static ATTENTION_LEARNING: Figure = Figure {
    id: "attention-learning",
    work: &KOZACHKOV,
    code: file!(),
    place: "claim",
    finding: "Eight hidden neurons a head do, found by a local rule with softmax attention as teacher; without one they come close",
    shows: "a frozen transformer's accuracy on MNIST while each head's circuit learns its hidden neurons, without parts of the rule, and without a teacher",
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
    let courses = |axes: &mut Axes, rules: [(&str, &str, &str, usize); 4]| -> Result<()> {
        for (label, rule, m, color) in rules {
            let these = whole(
                &runs
                    .matching("learning.rule", rule)?
                    .matching("circuit.m", m)?,
            )?;
            let label = format!("{label}, *m* = {m}");
            draw_course(axes, &these, &progress, SERIES[color], softmax, &label)?;
        }
        Ok(())
    };
    let mut learning = panel("a", "softmax as teacher", 85.0);
    courses(&mut learning, RULES)?;
    let mut untaught = panel("c", "no teacher: the error of the task", 85.0);
    courses(&mut untaught, UNTAUGHT)?;
    let mut ablated = panel("b", "parts of the rule, *m* = 8", 0.0);
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
    for (column, axes) in [learning, ablated, untaught].into_iter().enumerate() {
        page.place(page.cell(1, 3, 0, column), axes);
    }
    page.note(format!(
        "The transformer stays as it was trained with softmax ({:.1} %, solid; dotted: 99 % of that). In brackets: seeds that end above \
         99 %. a, b: images have no labels. Noisy calcium: the divisor is off by a factor of e at one standard deviation. No competition: \
         it is the mean over the sequence. c: hidden neurons learn from the errors of their head's output in the labelled task. Medians; \
         bars: range over seeds.",
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
        all if all == runs.len() => format!("{all} of {all} diverge"),
        count => format!("{kept} of {}, {count} diverge", runs.len()),
    };
    axes.legend(format!("{label} ({end})"), stroke, marker);
    Ok(())
}
