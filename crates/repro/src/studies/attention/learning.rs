//! A trained transformer, frozen, whose circuits find their own hidden neurons.

use anyhow::{Context as _, Result, ensure};
use astro::attention::learning::{Change, Descent, HeadErrors, Hebbian, HiddenNeurons, Recall};
use astro::attention::transformer::{LabelledImages, Mechanism, Transformer};
use astro::attention::{AttentionError, HeadMaps, HeadTokens};
use astro::numerics::random::Streams;
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use super::super::circuits::DIVERGED;
use super::features::{FIT, Fit, TEST, Test};
use super::sequence::{CIRCUIT, Hidden};
use super::trained::{ARCHITECTURE, CHUNK, TRANSFORMER, Trained, accuracy, first};
use super::{Contents, DataSets, Idle, Metric, Monitor, Outcome, Stopped, Study};
use crate::results::{Cell, Column, Table, columns};

/// Test images over whose sequences the divergence from the teacher is the mean.
const COMPARED: usize = 100;
/// Presentations between two looks at the clock.
const TICK: usize = 16;

/// Hidden neurons of every head, from their draw to what they have learnt.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::studies) struct AttentionLearning {
    transformer: Trained,
    circuit: Hidden,
    fit: Fit,
    learning: Learning,
    test: Test,
}

/// How hidden neurons learn.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Learning {
    rule: Rule,
    /// Number of training images, the first ones; without their labels where there is a teacher.
    images: usize,
    /// How often one of them is presented, each time a random one.
    presentations: usize,
    /// Presentations per change of the neurons, which is the mean of their changes.
    batch: usize,
    /// Of the first change; it falls to 0 in proportion to the presentations left.
    rate: f64,
    /// Presentations after which accuracies are taken, besides before the first and after the last.
    looks: Vec<usize>,
    hebbian: Hebbian,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Rule {
    /// Adam along the exact gradient of the divergence from softmax attention.
    Gradient,
    /// The local rule with softmax attention as teacher.
    Hebbian,
    /// Adam along the exact gradient of the transformer's loss.
    TaskGradient,
    /// The local rule without a teacher, by the errors of the heads' outputs.
    TaskHebbian,
}

/// What heads learn from.
enum Lessons {
    /// Queries and keys with softmax attention: \[block\]\[head\].
    Teacher(Vec<Vec<HeadTokens>>),
    /// Images with their labels.
    Task(LabelledImages),
}

const SETTINGS: &[Column] = &columns! {
    "learning.rule" ["word"] "how neurons learn: gradient (Adam) or hebbian (local rule) with softmax attention as teacher; task-gradient or task-hebbian by the error of the task",
    "learning.images" ["images"] "training images, the first ones; without their labels where there is a teacher",
    "learning.presentations" ["images"] "presentations, each of a random one of them",
    "learning.batch" ["images"] "presentations per change",
    "learning.rate" [""] "step of the first change; it falls linearly to 0",
    "learning.looks" ["list"] "presentations after which accuracies are taken, besides before the first and after the last",
    "learning.hebbian.competition" ["word"] "what a neuron's part in an association is divided by: the sum over all hidden neurons (divisive) or its mean over the sequence (none)",
    "learning.hebbian.negative_phase" ["true or false"] "whether what the circuit itself recalls is unlearnt",
    "learning.hebbian.calcium_noise" [""] "deviation of the logarithm of that divisor",
};

/// Columns of table `progress`.
const PROGRESS: [Column; 3] = columns! {
    "presentations" ["images"] "presentations so far",
    "accuracy" ["fraction"] "correct test images",
    "divergence" ["nats"] "Kullback-Leibler divergence of the circuit's recall from softmax attention, mean over heads and queries of 100 test images",
};

/// What only local rules have.
const HEBBIAN: [&str; 2] = [
    "learning.hebbian.competition",
    "learning.hebbian.calcium_noise",
];
/// What only the one with a teacher has.
const PHASES: [&str; 1] = ["learning.hebbian.negative_phase"];

/// One head that learns.
struct Head {
    neurons: HiddenNeurons,
    descent: Descent,
    compared_on: HeadTokens,
}

impl Rule {
    fn is_local(self) -> bool {
        matches!(self, Self::Hebbian | Self::TaskHebbian)
    }

    fn has_teacher(self) -> bool {
        matches!(self, Self::Gradient | Self::Hebbian)
    }
}

impl Learning {
    /// Takes every head one change further; says what diverged.
    fn step(
        &self,
        model: &Transformer<f32>,
        blocks: &mut [Vec<Head>],
        (lessons, presented): (&Lessons, &[usize]),
        rate: f64,
        rng: &mut impl Rng,
    ) -> Result<Option<String>> {
        let changed = match lessons {
            Lessons::Teacher(tokens) => self.taught(blocks, tokens, presented, rng),
            Lessons::Task(images) => {
                let Ok(maps) = maps(blocks) else {
                    return Ok(Some("hidden neurons".to_owned()));
                };
                let circuit = Mechanism::Circuit(maps);
                let (_, errors) = model.head_errors(images, presented, &circuit)?;
                self.by_errors(blocks, &errors, presented.len(), rng)
            }
        };
        let changes = match changed {
            Ok(changes) => changes,
            Err(error @ AttentionError::NoCalcium { .. }) => return Ok(Some(error.to_string())),
            Err(error) => return Err(error.into()),
        };
        for (head, change) in blocks.iter_mut().flatten().zip(&changes) {
            match self.rule.is_local() {
                true => head.neurons.learn(change, rate),
                false => head.descent.step(&mut head.neurons, change, rate)?,
            }
        }
        Ok(None)
    }

    /// Changes of all heads towards their teacher, each the mean over sequences.
    fn taught(
        &self,
        blocks: &[Vec<Head>],
        tokens: &[Vec<HeadTokens>],
        sequences: &[usize],
        rng: &mut impl Rng,
    ) -> Result<Vec<Change>, AttentionError> {
        let heads = blocks.iter().flatten().zip(tokens.iter().flatten());
        let change = |(Head { neurons, .. }, tokens): (&Head, &HeadTokens)| {
            let mut change = Change::none(neurons);
            for &sequence in sequences {
                change.add(&match self.rule.is_local() {
                    true => self.hebbian.change(neurons, tokens, sequence, rng)?,
                    false => Recall::of(neurons, tokens, sequence).gradient(),
                });
            }
            change.scale(1.0 / sequences.len() as f64);
            Ok(change)
        };
        heads.map(change).collect()
    }

    /// Changes of all heads by errors of the mean loss over `count` images.
    fn by_errors(
        &self,
        blocks: &[Vec<Head>],
        errors: &[Vec<HeadErrors>],
        count: usize,
        rng: &mut impl Rng,
    ) -> Result<Vec<Change>, AttentionError> {
        let heads = blocks.iter().flatten().zip(errors.iter().flatten());
        let change = |(Head { neurons, .. }, errors): (&Head, &HeadErrors)| {
            let mut change = Change::none(neurons);
            for image in 0..count {
                change.add(&match self.rule.is_local() {
                    true => self.hebbian.change_by_errors(neurons, errors, image, rng)?,
                    false => errors.gradient(neurons, image),
                });
            }
            Ok(change)
        };
        heads.map(change).collect()
    }

    fn check(&self) -> Result<()> {
        for (key, value) in [
            ("images", self.images),
            ("presentations", self.presentations),
            ("batch", self.batch),
        ] {
            ensure!(value > 0, "learning.{key} = 0: at least 1 is needed");
        }
        ensure!(
            self.presentations.is_multiple_of(self.batch),
            "learning.presentations = {}: must be a multiple of learning.batch = {}",
            self.presentations,
            self.batch
        );
        ensure!(
            self.rate > 0.0 && self.rate.is_finite(),
            "learning.rate = {}: must be positive and finite",
            self.rate
        );
        for (i, &look) in self.looks.iter().enumerate() {
            ensure!(
                look > 0 && look < self.presentations && look.is_multiple_of(self.batch),
                "learning.looks: {look} must be a multiple of learning.batch = {}, above 0 and below learning.presentations = {}",
                self.batch,
                self.presentations
            );
            ensure!(
                i == 0 || look > self.looks[i - 1],
                "learning.looks: {look} must come before {}",
                self.looks[i - 1]
            );
        }
        let noise = self.hebbian.calcium_noise;
        ensure!(
            (0.0..=3.0).contains(&noise),
            "learning.hebbian.calcium_noise = {noise}: must lie between 0 and 3"
        );
        Ok(())
    }
}

/// The maps that hidden neurons are, for each block.
fn maps(blocks: &[Vec<Head>]) -> Result<Vec<HeadMaps<f32>>, AttentionError> {
    let maps = |heads: &Vec<Head>| {
        let maps: Result<_, _> = heads.iter().map(|head| head.neurons.map::<f32>()).collect();
        HeadMaps::each(maps?)
    };
    blocks.iter().map(maps).collect()
}

/// Accuracy and divergence of the circuit as learnt so far; `None` if it is no number.
fn look(
    model: &Transformer<f32>,
    blocks: &[Vec<Head>],
    images: &LabelledImages,
    monitor: &dyn Fn(f64) -> Result<(), Stopped>,
) -> Result<Option<(f64, f64)>> {
    let Ok(maps) = maps(blocks) else {
        return Ok(None);
    };
    let heads = || blocks.iter().flatten();
    let far = |head: &Head| {
        let sequences = 0..head.compared_on.sequences();
        let far = |sequence| Recall::of(&head.neurons, &head.compared_on, sequence).divergence();
        sequences.map(far).sum::<f64>() / head.compared_on.sequences() as f64
    };
    let divergence = heads().map(far).sum::<f64>() / heads().count() as f64;
    if !divergence.is_finite() {
        return Ok(None);
    }
    let accuracy = accuracy(model, images, &Mechanism::Circuit(maps), monitor)?;
    Ok(Some((accuracy, divergence)))
}

impl AttentionLearning {
    /// Every head with hidden neurons as they are drawn, and what they learn from; balances the model.
    fn heads(
        &self,
        data: &DataSets,
        model: &mut Transformer<f32>,
        streams: &mut Streams,
    ) -> Result<(Vec<Vec<Head>>, Lessons)> {
        let digits = self.transformer.digits(data)?;
        let calibration = self.transformer.calibration(&digits)?;
        let maps = self.fit.maps(&self.circuit, model, &calibration, streams)?;
        let tokens = |images: &LabelledImages| {
            let all: Vec<usize> = (0..images.len()).collect();
            model.head_tokens(images, &all)
        };
        let presented = first(&digits.train, &digits.train_labels, self.learning.images)?;
        let lessons = match self.learning.rule.has_teacher() {
            true => Lessons::Teacher(tokens(&presented)?),
            false => Lessons::Task(presented),
        };
        let compared_on = tokens(&first(&digits.test, &digits.test_labels, COMPARED)?)?;
        let mut blocks = Vec::new();
        for (maps, compared_on) in maps.iter().zip(compared_on) {
            let mut heads = Vec::new();
            for (map, compared_on) in maps.iter().zip(compared_on) {
                let neurons = HiddenNeurons::of(map)?;
                heads.push(Head {
                    descent: Descent::new(&neurons),
                    neurons,
                    compared_on,
                });
            }
            blocks.push(heads);
        }
        Ok((blocks, lessons))
    }

    /// Accuracy with softmax on the same images, taken once for all runs.
    fn softmax(&self, data: &DataSets, images: &LabelledImages) -> Result<f64> {
        let model = self.transformer.load(data)?;
        let name = format!(
            "softmax accuracy of {:?}, {}",
            self.transformer,
            images.len()
        );
        let share = data.shared(&name, || {
            accuracy(&model, images, &Mechanism::Softmax, &|_| Ok(()))
        })?;
        Ok(*share)
    }
}

impl Study for AttentionLearning {
    const NAME: &'static str = "attention-learning";
    const METRICS: &'static [Metric] = &[
        Metric::higher("accuracy", "fraction", "correct test images after learning"),
        Metric::neutral(
            "softmax_accuracy",
            "fraction",
            "correct test images with softmax attention",
        ),
        Metric::lower(
            "divergence",
            "nats",
            "divergence of the circuit's recall from softmax attention after learning, as in table progress",
        ),
        Metric::neutral("images", "images", "test images classified"),
        DIVERGED,
    ];
    const HEADLINE: &'static str = "accuracy";
    const SETTINGS: &'static [&'static [Column]] = &[TRANSFORMER, CIRCUIT, FIT, SETTINGS, TEST];
    const TABLES: &'static [(&'static str, &'static [Column])] = &[("progress", &PROGRESS)];

    fn resolve(&mut self, contents: &Contents) {
        self.transformer.resolve(contents);
    }

    fn idle(&self) -> Vec<Idle> {
        let mut idle = self.fit.idle(&self.circuit);
        if !self.learning.rule.is_local() {
            idle.extend(Idle::all(&HEBBIAN, "learning.rule"));
        }
        if self.learning.rule != Rule::Hebbian {
            idle.extend(Idle::all(&PHASES, "learning.rule"));
        }
        idle
    }

    fn memory(&self) -> Vec<(&'static str, f64)> {
        let m = self.circuit.count(ARCHITECTURE.head_dim()) as f64;
        let tokens = (ARCHITECTURE.heads * ARCHITECTURE.tokens()) as f64;
        let image = tokens * 8.0 * (m + 100.0);
        vec![
            ("circuit.m", image * CHUNK as f64),
            ("learning.images", 4e5 * self.learning.images as f64),
            (
                "transformer.balanced_on",
                2e5 * self.transformer.balanced_on as f64,
            ),
        ]
    }

    fn check(&self, seed: u64) -> Result<()> {
        let streams = &mut Streams::new(seed);
        let dim = ARCHITECTURE.head_dim();
        let map = self.circuit.draw::<f32>(dim, streams).context("circuit")?;
        HiddenNeurons::of(&map).context("circuit")?;
        self.fit.check(&self.circuit)?;
        self.learning.check()?;
        self.test.check()?;
        self.transformer.check()
    }

    fn check_data(&self, data: &DataSets) -> Result<()> {
        self.transformer.check_data(data)
    }

    fn seconds(&self) -> f64 {
        let m = self.circuit.count(ARCHITECTURE.head_dim()) as f64;
        let looks = self.learning.looks.len() as f64 + 2.0;
        let presented = match self.learning.rule {
            Rule::Gradient => 3e-4 + 5e-5 * m,
            Rule::Hebbian => 3e-4 + 1e-5 * m,
            Rule::TaskGradient | Rule::TaskHebbian => 9e-4 + 1e-5 * m,
        };
        looks * self.test.images as f64 * (1e-4 + 8e-6 * m)
            + self.learning.presentations as f64 * presented
    }

    fn run(&self, seed: u64, data: &DataSets, monitor: &Monitor<'_>) -> Result<Outcome> {
        let Learning {
            presentations,
            batch,
            rate,
            ..
        } = self.learning;
        let mut streams = Streams::new(seed);
        let mut model = Transformer::clone(&*self.transformer.load(data)?);
        let digits = self.transformer.digits(data)?;
        let images = first(&digits.test, &digits.test_labels, self.test.images)?;
        let (mut blocks, lessons) = self.heads(data, &mut model, &mut streams)?;
        let mut looks = self.learning.looks.iter().copied().chain([presentations]);
        let mut next = Some(0);
        let mut progress = Table::new(PROGRESS);
        let mut last = (f64::NAN, f64::NAN);
        let mut diverged = String::new();
        for done in (0..=presentations).step_by(batch) {
            let share = done as f64 / presentations as f64;
            if next == Some(done) {
                let seen = look(&model, &blocks, &images, &|_| monitor.at(share))?;
                let Some(seen) = seen else {
                    diverged = format!("hidden neurons after {done} presentations");
                    break;
                };
                last = seen;
                let divergence = Cell::rounded(seen.1, 6);
                progress.push([done.into(), seen.0.into(), divergence]);
                next = looks.next();
            }
            if done == presentations {
                break;
            }
            if (done / batch).is_multiple_of(TICK) {
                monitor.at(share)?;
            }
            let count = self.learning.images.min(digits.train_labels.len());
            let presented: Vec<usize> = (0..batch)
                .map(|_| streams.order.random_range(0..count))
                .collect();
            let (lesson, rng) = ((&lessons, &presented[..]), &mut streams.codes);
            let rate = rate * (1.0 - share);
            if let Some(what) = (self.learning).step(&model, &mut blocks, lesson, rate, rng)? {
                diverged = what;
                break;
            }
        }
        if !diverged.is_empty() {
            last = (f64::NAN, f64::NAN);
        }
        let mut outcome = Outcome::default();
        outcome.metric("accuracy", last.0);
        outcome.metric("softmax_accuracy", self.softmax(data, &images)?);
        outcome.metric("divergence", Cell::rounded(last.1, 6));
        outcome.metric("images", images.len());
        outcome.metric("diverged", diverged);
        outcome.table("progress", progress);
        Ok(outcome)
    }
}
