//! Training on MNIST, or on samples of the user's own, one by one.

mod course;

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use microcircuit::NetworkParams;
use serde::{Deserialize, Serialize};

use self::course::{CURVES, Course, Task, Training};
use super::circuits::{DIVERGED, ENGINE, MODEL, Model, NETWORK, network_bytes, record_divergence};
use super::{Contents, DataSets, Idle, Metric, Monitor, Outcome, Study, paused};
use crate::datasets::{MNIST, Patterns, Set};
use crate::results::{Column, columns};

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

/// Number of samples, and their size.
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

    fn goes_on_in(&self) -> Option<&'static str> {
        paused::goes_on_in(self.model, &self.network)
    }

    fn run(&self, seed: u64, data: &DataSets, monitor: &Monitor<'_>) -> Result<Outcome> {
        let mut outcome = Outcome::default();
        let patterns = self.data.load(data)?;
        let (task, training) = (&self.task, &self.training);
        let mut course = Course::new(self.model, &self.network, task, training, patterns, seed)?;
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
