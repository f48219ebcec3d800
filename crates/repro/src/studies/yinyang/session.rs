//! Everything that a published Yin-Yang run draws from its seed, ready to be presented.

use anyhow::{Result, ensure};
use microcircuit::{Microcircuit, NetworkParams, Number, Params, Weights};
use serde::{Deserialize, Serialize};
use tasks::Dataset;
use tasks::yinyang::{self, Epoch, Sizes};

use super::super::circuits::Model;
use crate::results::{Column, columns};

/// Sizes of the sets, and the target potentials of the other classes and of the sample's own.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in super::super) struct Task {
    pub(in super::super) train: usize,
    pub(in super::super) validation: usize,
    pub(in super::super) test: usize,
    pub(in super::super) target_low: f64,
    pub(in super::super) target_high: f64,
}

/// Columns of [`Task`].
pub(in super::super) const TASK: &[Column] = &columns! {
    "task.train" ["samples"] "samples to learn from",
    "task.validation" ["samples"] "samples to validate with",
    "task.test" ["samples"] "samples to test with",
    "task.target_low" [""] "target potential of the other classes",
    "task.target_high" [""] "target potential of the class of the sample",
};

impl Default for Task {
    fn default() -> Self {
        let Sizes {
            train,
            validation,
            test,
        } = Sizes::PUBLISHED;
        Self {
            train,
            validation,
            test,
            target_low: 0.1,
            target_high: 1.0,
        }
    }
}

impl Task {
    /// Bytes of the samples, by the largest of the sets.
    pub(in super::super) fn memory(&self, network: &NetworkParams) -> (&'static str, f64) {
        let sets = [
            ("task.train", self.train),
            ("task.validation", self.validation),
            ("task.test", self.test),
        ];
        let (key, n) = sets.into_iter().max_by_key(|(_, n)| *n).unwrap_or_default();
        let numbers = [network.dims.first(), network.dims.last()];
        let numbers: f64 = numbers.into_iter().flatten().map(|&n| n as f64).sum();
        (key, n as f64 * (150.0 + 24.0 * numbers))
    }

    /// Refuses what cannot be run, and seeds that the generator does not have.
    pub(in super::super) fn check(&self, network: &NetworkParams, seed: u64) -> Result<Params> {
        ensure!(
            u32::try_from(seed).is_ok(),
            "seed {seed}: Yin-Yang runs have seeds from 0 to {}",
            u32::MAX
        );
        let params = network.check()?;
        let dims = &network.dims;
        ensure!(
            dims.first() == Some(&4) && dims.last() == Some(&3),
            "network.dims = {dims:?}: Yin-Yang has 4 inputs and 3 classes, as in [4, 120, 3]"
        );
        for (key, n) in [("train", self.train), ("test", self.test)] {
            ensure!(n > 0, "task.{key} = 0: at least one sample is needed");
        }
        let (low, high) = (self.target_low, self.target_high);
        ensure!(
            low.is_finite() && high.is_finite() && low < high,
            "task.target_low = {low}, task.target_high = {high}: both must be finite, the first lower"
        );
        Ok(params)
    }
}

/// A data set with rows ready to be presented.
pub(in super::super) struct Samples {
    /// Rates of the input layer.
    pub(in super::super) inputs: Vec<Vec<f64>>,
    /// Target potentials of the output layer.
    pub(in super::super) targets: Vec<Vec<f64>>,
    /// Classes.
    pub(in super::super) labels: Vec<usize>,
}

impl Samples {
    fn new(data: &Dataset, task: &Task) -> Self {
        let target = |i| data.target(i, task.target_low, task.target_high);
        Self {
            inputs: (0..data.len()).map(|i| data.input(i).collect()).collect(),
            targets: (0..data.len()).map(target).collect(),
            labels: data.labels.clone(),
        }
    }
}

/// How many epochs, and how they are interleaved with validation.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Schedule {
    pub(in super::super) epochs: usize,
    pub(in super::super) validations: usize,
    pub(in super::super) validation_patterns: usize,
}

/// A run before its first pattern.
pub(in super::super) struct Session<T = f32> {
    pub(in super::super) params: Params,
    pub(in super::super) network: Box<dyn Microcircuit<T>>,
    pub(in super::super) epochs: Vec<Epoch>,
    pub(in super::super) train: Samples,
    pub(in super::super) validation: Samples,
    pub(in super::super) test: Samples,
}

impl<T: Number> Session<T> {
    /// Draws data, weights and orders from the one stream of `seed`, in the published order.
    pub(in super::super) fn new(
        model: Model,
        network: &NetworkParams,
        task: &Task,
        schedule: Schedule,
        seed: u64,
    ) -> Result<Self> {
        let params = task.check(network, seed)?;
        let Task {
            train,
            validation,
            test,
            ..
        } = *task;
        let (mut stream, splits) = yinyang::run(
            seed as u32,
            Sizes {
                train,
                validation,
                test,
            },
        );
        let weights = Weights::<T>::draw(&params, || stream.uniform());
        // All orders are drawn before the first pattern: noise comes after them in the stream.
        let epoch = |_| {
            let mut epoch = stream.epoch(train, validation, schedule.validations);
            epoch
                .validation
                .iter_mut()
                .for_each(|c| c.truncate(schedule.validation_patterns));
            epoch
        };
        let epochs = (0..schedule.epochs).map(epoch).collect();
        let network = model.build(params.clone(), weights, move || stream.gaussian())?;
        let [train, validation, test] =
            [splits.train, splits.validation, splits.test].map(|d| Samples::new(&d, task));
        Ok(Self {
            params,
            network,
            epochs,
            train,
            validation,
            test,
        })
    }
}
