//! Training on MNIST, or on samples of the user's own, one by one.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use microcircuit::{Microcircuit, NetworkParams, Pattern, Trial, Weights};
use rand::RngExt as _;
use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};
use serde::{Deserialize, Serialize};
use tasks::mnist::Split;

use super::circuits::{
    DIVERGED, ENGINE, MODEL, Model, NETWORK, Score, network_bytes, record_divergence,
};
use super::{Contents, DataSets, Idle, Metric, Monitor, Outcome, Study};
use crate::datasets::{MNIST, Patterns, Set};
use crate::results::{Cell, Column, Table, columns};

/// Settings of an MNIST run. The seed has four generators: one for the choice of images, one for the
/// initial weights, one for the orders of presentation, one for noise.
///
/// Source: Hill (2020), summary; Sacramento et al., NeurIPS 2018, section 3.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MnistRun {
    /// Full simulation or steady-state approximation.
    #[serde(default)]
    model: Model,
    network: NetworkParams,
    #[serde(default, skip_serializing_if = "Data::is_mnist")]
    data: Data,
    #[serde(default)]
    task: Task,
    training: Training,
}

/// Samples of the user's own in place of MNIST.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Data {
    /// A folder of IDX, CSV or NPZ files, looked for among the data sets and then where the program runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    dir: Option<String>,
    /// SHA-256 of its files.
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
}

impl Data {
    fn is_mnist(&self) -> bool {
        self.dir.is_none()
    }

    /// The samples.
    fn load(&self, data: &DataSets) -> Result<Arc<Patterns>> {
        match &self.dir {
            Some(dir) => data.patterns(dir).context("data.dir"),
            None => data.patterns(MNIST),
        }
    }
}

/// How many samples there are of what size.
struct Sizes<'a> {
    name: &'a str,
    features: usize,
    classes: usize,
    train: usize,
    test: usize,
}

const SIZES: Sizes<'_> = Sizes {
    name: "MNIST",
    features: 784,
    classes: 10,
    train: 60_000,
    test: 10_000,
};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Task {
    /// Images to learn from and to validate with, chosen at random among those of the training set, 60 000 in MNIST.
    train: usize,
    validation: usize,
    /// Images of the test set, evenly spaced: its first half is of another difficulty than its second.
    test: usize,
    /// Rate of an input neuron whose pixel is full ink; 255 is what the published program did.
    brightest: f64,
    /// Target potentials of the other classes, and of the image's own.
    target_low: f64,
    target_high: f64,
}

impl Default for Task {
    fn default() -> Self {
        Self {
            train: 55_000,
            validation: 5_000,
            test: 10_000,
            brightest: 1.0,
            target_low: 0.1,
            target_high: 1.0,
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Training {
    epochs: usize,
    /// Validations per epoch, each of all validation images.
    #[serde(default = "one")]
    validations: usize,
    /// Epochs after which the test images are presented, besides the last; nothing is chosen by them.
    #[serde(default)]
    test_after: Vec<usize>,
}

impl Training {
    /// How often the test images are presented.
    fn n_tests(&self) -> usize {
        1 + self
            .test_after
            .iter()
            .filter(|&&epoch| epoch != self.epochs)
            .count()
    }
}

/// Columns of table `curves`.
const CURVES: [Column; 4] = columns! {
    "epoch" ["epochs"] "epochs of training done",
    "validation_mse" [""] "mean squared error of the output potentials over a validation",
    "validation_error" ["fraction"] "wrong images of a validation",
    "test_error" ["fraction"] "wrong test images, where they were presented",
};

fn one() -> usize {
    1
}

/// Columns of its own settings.
const SETTINGS: &[Column] = &columns! {
    "data.dir" ["path"] "data of one's own; empty: MNIST",
    "data.sha256" ["hexadecimal"] "digest of their files; empty: as shipped",
    "task.train" ["images"] "images to learn from",
    "task.validation" ["images"] "images to validate with",
    "task.test" ["images"] "images of the test set, evenly spaced",
    "task.brightest" [""] "rate of an input neuron whose pixel is full ink",
    "task.target_low" [""] "target potential of the other classes",
    "task.target_high" [""] "target potential of the class of the image",
    "training.epochs" ["epochs"] "epochs of training",
    "training.validations" [""] "validations per epoch, each of all validation images",
    "training.test_after" ["list"] "epochs after which test images are presented, besides the last",
};

impl Study for MnistRun {
    const NAME: &'static str = "mnist";
    const METRICS: &'static [Metric] = &[
        ENGINE,
        Metric::lower(
            "validation_mse",
            "",
            "mean squared error of the output potentials over the last validation",
        ),
        Metric::lower(
            "validation_error",
            "fraction",
            "wrong images of the last validation",
        ),
        Metric::lower(
            "test_mse",
            "",
            "mean squared error of the output potentials over the test images after training",
        )
        .of_test_data(),
        Metric::lower("test_error", "fraction", "wrong test images after training").of_test_data(),
        DIVERGED,
    ];
    const HEADLINE: &'static str = "validation_error";
    const SETTINGS: &'static [&'static [Column]] = &[MODEL, NETWORK, SETTINGS];
    const TABLES: &'static [(&'static str, &'static [Column])] = &[("curves", &CURVES)];

    /// MNIST has one name.
    fn resolve(&mut self, contents: &Contents) {
        let Data { dir, sha256 } = &mut self.data;
        dir.take_if(|dir| dir == MNIST);
        match dir {
            Some(dir) => *sha256 = sha256.take().or_else(|| contents.sha256(dir)),
            None => *sha256 = None,
        }
    }

    fn idle(&self) -> Vec<Idle> {
        self.model.idle(&self.network)
    }

    fn memory(&self) -> Vec<(&'static str, f64)> {
        let Training {
            epochs,
            validations,
            ..
        } = self.training;
        vec![
            network_bytes(&self.network),
            ("training.validations", 24.0 * validations as f64),
            (
                "training.epochs",
                300.0 * epochs as f64 * validations as f64,
            ),
        ]
    }

    fn check(&self, _: u64) -> Result<()> {
        self.network.check()?;
        if self.data.is_mnist() {
            self.check_sizes(&SIZES)?;
        }
        let Task {
            train,
            validation,
            test,
            brightest,
            target_low,
            target_high,
        } = self.task;
        for (key, n) in [("train", train), ("validation", validation), ("test", test)] {
            ensure!(n > 0, "task.{key} = 0: at least one image is needed");
        }
        ensure!(
            brightest.is_finite() && brightest > 0.0,
            "task.brightest = {brightest}: a rate above zero, such as 1"
        );
        ensure!(
            target_low.is_finite() && target_high.is_finite() && target_low < target_high,
            "task.target_low = {target_low}, task.target_high = {target_high}: both must be finite, \
             the first lower"
        );
        let Training {
            epochs,
            validations,
            ref test_after,
        } = self.training;
        ensure!(
            (1..=train).contains(&validations),
            "training.validations = {validations}: from 1 to the {train} images of an epoch"
        );
        if let Some(epoch) = test_after.iter().find(|&e| !(1..=epochs).contains(e)) {
            anyhow::bail!("training.test_after holds {epoch}: there are {epochs} epochs, from 1");
        }
        Ok(())
    }

    fn check_data(&self, data: &DataSets) -> Result<()> {
        if let Data {
            dir: Some(dir),
            sha256,
        } = &self.data
        {
            data.contents()
                .check("data.sha256", dir, sha256.as_deref())?;
        }
        let patterns = self.data.load(data)?;
        self.check_sizes(&Sizes {
            name: self.data.dir.as_deref().unwrap_or(SIZES.name),
            features: patterns.features(),
            classes: patterns.classes(),
            train: patterns.labels(Set::Train).len(),
            test: patterns.labels(Set::Test).len(),
        })
    }

    fn seconds(&self) -> f64 {
        let Training {
            epochs,
            validations,
            ..
        } = self.training;
        let per_epoch = self.task.train as f64 + validations as f64 * self.task.validation as f64;
        let tested = self.training.n_tests() as f64 * self.task.test as f64;
        (epochs as f64 * per_epoch + tested) * self.model.pattern_seconds(&self.network)
    }

    fn run(&self, seed: u64, data: &DataSets, monitor: &Monitor<'_>) -> Result<Outcome> {
        let mut outcome = Outcome::default();
        let mut course = Course::new(self, self.data.load(data)?, seed)?;
        outcome.metric("engine", course.network.engine());
        let result = course.train_and_test(monitor, &mut outcome);
        record_divergence(result, &mut outcome)?;
        outcome.table("curves", course.curves);
        Ok(outcome)
    }
}

impl MnistRun {
    /// Refuses a network that the samples do not fit, and more samples than there are.
    fn check_sizes(&self, there: &Sizes<'_>) -> Result<()> {
        let Sizes {
            name,
            features,
            classes,
            ..
        } = *there;
        let dims = &self.network.dims;
        ensure!(
            dims.first() == Some(&features) && dims.last() == Some(&classes),
            "network.dims = {dims:?}: {name} has {features} features and {classes} classes, \
             as in [{features}, 500, 500, {classes}]"
        );
        let Task {
            train,
            validation,
            test,
            ..
        } = self.task;
        ensure!(
            train.saturating_add(validation) <= there.train,
            "task.train + task.validation = {train} + {validation}: there are {} samples in {name}",
            there.train
        );
        ensure!(
            test <= there.test,
            "task.test = {test}: there are {} samples in {name}",
            there.test
        );
        Ok(())
    }
}

/// A run on its way.
struct Course<'a> {
    study: &'a MnistRun,
    patterns: Arc<Patterns>,
    split: Split,
    network: Box<dyn Microcircuit<f32>>,
    orders: ChaCha8Rng,
    /// The pattern being presented.
    input: Vec<f64>,
    target: Vec<f64>,
    presented: usize,
    to_present: usize,
    curves: Table,
}

impl<'a> Course<'a> {
    fn new(study: &'a MnistRun, patterns: Arc<Patterns>, seed: u64) -> Result<Self> {
        let stream = |number| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream(number);
            rng
        };
        let Task {
            train,
            validation,
            test,
            ..
        } = study.task;
        let mut split = Split::shuffled(
            patterns.labels(Set::Train).len(),
            validation,
            &mut stream(0),
        )?;
        split.train.truncate(train);
        let params = study.network.check()?;
        let mut weights = stream(1);
        let weights = Weights::<f32>::draw(&params, || weights.random());
        let mut noise = stream(3);
        let noise = move || StandardNormal.sample(&mut noise);
        let Training {
            epochs,
            validations,
            ..
        } = study.training;
        let per_epoch = train + validations * validation;
        Ok(Self {
            study,
            input: vec![0.0; patterns.features()],
            target: vec![0.0; patterns.classes()],
            patterns,
            split,
            network: study.model.build(params, weights, noise)?,
            orders: stream(2),
            presented: 0,
            to_present: epochs * per_epoch + study.training.n_tests() * test,
            curves: Table::new(CURVES),
        })
    }

    fn train_and_test(&mut self, monitor: &Monitor<'_>, outcome: &mut Outcome) -> Result<()> {
        let Training {
            epochs,
            validations,
            ref test_after,
        } = self.study.training;
        let mut validated = Score::default();
        let mut tested = None;
        for epoch in 1..=epochs {
            self.split.train.shuffle(&mut self.orders);
            let order = self.split.train.clone();
            let chunks = vec![self.split.validation.clone(); validations];
            let mut score = Score::default();
            let mut done = 0;
            for trial in microcircuit::epoch(&order, &chunks) {
                match trial {
                    Trial::Train(i) => self.present(Set::Train, i, None, monitor)?,
                    Trial::Validate(i) => {
                        self.present(Set::Train, i, Some(&mut score), monitor)?;
                    }
                }
                if score.patterns() < self.split.validation.len() {
                    continue;
                }
                validated = std::mem::take(&mut score);
                done += 1;
                let test_now =
                    done == validations && (epoch == epochs || test_after.contains(&epoch));
                tested = test_now.then(|| self.test(monitor)).transpose()?;
                self.curves.push([
                    Cell::rounded((epoch - 1) as f64 + done as f64 / validations as f64, 9),
                    Cell::rounded(validated.mse(), 6),
                    Cell::rounded(validated.error(), 6),
                    tested.map_or(Cell::Empty(()), |test| Cell::rounded(test.error(), 6)),
                ]);
            }
        }
        let tested = match tested {
            Some(tested) => tested,
            None => self.test(monitor)?,
        };
        outcome.metric("validation_mse", validated.mse());
        outcome.metric("validation_error", validated.error());
        outcome.metric("test_mse", tested.mse());
        outcome.metric("test_error", tested.error());
        Ok(())
    }

    /// Presents the test images, without nudging or plasticity.
    fn test(&mut self, monitor: &Monitor<'_>) -> Result<Score> {
        let mut score = Score::default();
        let n = self.study.task.test;
        let all = self.patterns.labels(Set::Test).len();
        for i in (0..n).map(|i| i * all / n) {
            self.present(Set::Test, i, Some(&mut score), monitor)?;
        }
        Ok(score)
    }

    /// Presents an image: to be learnt, or, if there is a score, to be recognised.
    fn present(
        &mut self,
        set: Set,
        i: usize,
        score: Option<&mut Score>,
        monitor: &Monitor<'_>,
    ) -> Result<()> {
        let Task {
            brightest,
            target_low,
            target_high,
            ..
        } = self.study.task;
        let label = usize::from(self.patterns.labels(set)[i]);
        self.patterns.rates(set, i, brightest, &mut self.input);
        self.target.fill(target_low);
        self.target[label] = target_high;
        let pattern = match score {
            None => Pattern::train(&self.input, &self.target),
            Some(_) => Pattern::validate(&self.input, &self.target),
        };
        let output = self.network.present(&pattern, &mut ())?;
        if let Some(score) = score {
            score.add(output, &self.target, label);
        }
        self.presented += 1;
        if self.presented.is_multiple_of(20) {
            monitor.at(self.presented as f64 / self.to_present as f64)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use astro::networks::images::Images;
    use serde_json::json;

    use super::*;
    use crate::datasets::Digits;

    const N_PIXELS: usize = 4;

    /// Blank images with these labels, to learn from and to be tested with.
    fn blank(test_labels: Vec<u8>) -> Arc<Patterns> {
        let images = |n: usize| Images::new(vec![0; n * N_PIXELS], N_PIXELS).unwrap();
        Arc::new(Patterns::Images(Arc::new(Digits {
            train: images(4),
            train_labels: vec![9; 4],
            test: images(test_labels.len()),
            test_labels,
            is_mnist: false,
        })))
    }

    #[test]
    fn test_images_are_taken_from_the_whole_set() {
        let network = NetworkParams {
            dims: vec![N_PIXELS, 3, 10],
            ..NetworkParams::yin_yang()
        };
        let study: MnistRun = serde_json::from_value(json!({
            "model": "steadnet",
            "network": network,
            "task": {"train": 2, "validation": 2, "test": 2},
            "training": {"epochs": 0},
        }))
        .unwrap();
        let error = |labels: &[u8]| {
            let mut course = Course::new(&study, blank(labels.to_vec()), 1).unwrap();
            let monitor = AtomicBool::new(false);
            course.test(&Monitor::new(&monitor, &|_| {})).unwrap().mse()
        };
        let (threes, sevens) = (error(&[3; 6]), error(&[7; 6]));
        assert_ne!(threes, sevens);
        // Of six images the first and the fourth.
        let both = error(&[3, 3, 3, 7, 7, 7]);
        assert!((both - 0.5 * (threes + sevens)).abs() < 1e-12, "{both}");
    }
}
