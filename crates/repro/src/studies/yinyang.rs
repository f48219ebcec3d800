//! Training on Yin-Yang, as the published runs did it: one seed gives data, initial weights and
//! order of presentation.

use anyhow::{Context as _, Result, ensure};
use microcircuit::{
    Diverged, Microcircuit, NetworkParams, Params, Pattern, PresentError, Trial, Weights,
};
use serde::{Deserialize, Serialize};
use tasks::Dataset;
use tasks::yinyang::{self, Epoch, Sizes, Splits};

use super::circuits::{Model, Score, argmax, distance_from_self_prediction};
use super::{Better, Monitor, Outcome, Study};
use crate::frame::Table;

/// Settings of a Yin-Yang run.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct YinYang {
    /// Full simulation or steady-state approximation.
    #[serde(default)]
    model: Model,
    network: NetworkParams,
    #[serde(default)]
    task: Task,
    training: Training,
    #[serde(default)]
    record: Record,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Task {
    train: usize,
    validation: usize,
    test: usize,
    /// Target potentials of the other classes and of the sample's class.
    target_low: f64,
    target_high: f64,
}

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

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Training {
    epochs: usize,
    /// Validations per epoch, and patterns in each.
    #[serde(default = "one")]
    validations: usize,
    #[serde(default = "hundred")]
    validation_patterns: usize,
}

/// Longer results to keep.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Record {
    /// Table `curves`: validation and distance from the self-predicting state over training.
    curves: bool,
    /// Table `predictions`: every test point with its label and prediction.
    predictions: bool,
}

fn one() -> usize {
    1
}

fn hundred() -> usize {
    100
}

impl Study for YinYang {
    const NAME: &'static str = "yinyang";
    const HEADLINE: (&'static str, Better) = ("test_accuracy", Better::Higher);

    fn check(&self, seed: u64) -> Result<()> {
        u32::try_from(seed).with_context(|| {
            format!(
                "seed {seed}: Yin-Yang runs have seeds from 0 to {}",
                u32::MAX
            )
        })?;
        self.params()?;
        let dims = &self.network.dims;
        ensure!(
            dims.first() == Some(&4) && dims.last() == Some(&3),
            "network.dims = {dims:?}: Yin-Yang has 4 inputs and 3 classes, as in [4, 120, 3]"
        );
        for (key, n) in [("train", self.task.train), ("test", self.task.test)] {
            ensure!(n > 0, "task.{key} = 0: at least one sample is needed");
        }
        let (patterns, samples) = (self.training.validation_patterns, self.task.validation);
        ensure!(
            patterns <= samples,
            "training.validation_patterns = {patterns}: task.validation has only {samples} samples"
        );
        let (low, high) = (self.task.target_low, self.task.target_high);
        ensure!(
            low.is_finite() && high.is_finite() && low < high,
            "task.target_low = {low}, task.target_high = {high}: both must be finite, low below high"
        );
        Ok(())
    }

    fn seconds(&self) -> f64 {
        let per_epoch =
            self.task.train + self.training.validations * self.training.validation_patterns;
        let patterns = self.training.epochs * per_epoch + self.task.validation + self.task.test;
        patterns as f64 * self.model.pattern_seconds(&self.network)
    }

    fn run(&self, seed: u64, monitor: &Monitor<'_>) -> Result<Outcome> {
        let mut outcome = Outcome::default();
        match Training::run(self, seed as u32, monitor, &mut outcome) {
            Err(error) => match error.downcast_ref::<PresentError>() {
                // Divergence is a result of this parameter point, not a failure of the sweep.
                Some(PresentError::Diverged(at)) => outcome.metric("diverged", describe(at)),
                _ => return Err(error),
            },
            Ok(()) => outcome.metric("diverged", ""),
        }
        Ok(outcome)
    }
}

fn describe(at: &Diverged) -> String {
    format!(
        "{:?} of layer {} at {} ms",
        at.compartment, at.layer, at.time_ms
    )
}

impl YinYang {
    fn params(&self) -> Result<Params> {
        self.network.check().context("network")
    }

    fn target(&self, data: &Dataset, i: usize) -> Vec<f64> {
        data.target(i, self.task.target_low, self.task.target_high)
    }
}

/// A data set with rows ready to be presented.
struct Samples {
    inputs: Vec<Vec<f64>>,
    targets: Vec<Vec<f64>>,
    labels: Vec<usize>,
}

impl Samples {
    fn new(study: &YinYang, data: &Dataset) -> Self {
        Self {
            inputs: (0..data.len()).map(|i| data.input(i).collect()).collect(),
            targets: (0..data.len()).map(|i| study.target(data, i)).collect(),
            labels: data.labels.clone(),
        }
    }
}

impl Training {
    fn run(study: &YinYang, seed: u32, monitor: &Monitor<'_>, outcome: &mut Outcome) -> Result<()> {
        let Task {
            train,
            validation,
            test,
            ..
        } = study.task;
        let (mut stream, splits) = yinyang::run(
            seed,
            Sizes {
                train,
                validation,
                test,
            },
        );
        let params = study.params()?;
        let weights = Weights::<f32>::draw(&params, || stream.uniform());
        let Self {
            epochs,
            validations,
            validation_patterns,
        } = study.training;
        // All orders are drawn before the first pattern: noise comes after them in the stream.
        let mut epochs: Vec<Epoch> = (0..epochs)
            .map(|_| stream.epoch(train, validation, validations))
            .collect();
        for chunk in epochs.iter_mut().flat_map(|e| &mut e.validation) {
            chunk.truncate(validation_patterns);
        }
        let mut network = study
            .model
            .build(params.clone(), weights, move || stream.gaussian())?;
        let network = network.as_mut();
        let Splits {
            train,
            validation,
            test,
        } = splits;
        let [train, validation, test] = [train, validation, test].map(|d| Samples::new(study, &d));

        let mut curves = Table::new(&[
            "epoch",
            "validation_mse",
            "validation_accuracy",
            "ip_distance",
            "pi_distance",
        ]);
        let mut record = |epoch: usize, score: Score, network: &dyn Microcircuit<f32>| {
            if study.record.curves {
                let (ip, pi) = distance_from_self_prediction(&params, &network.weights());
                let score = (score.mse(), score.accuracy());
                curves.push([
                    epoch.into(),
                    score.0.into(),
                    score.1.into(),
                    ip.into(),
                    pi.into(),
                ]);
            }
        };
        record(0, Score::default(), network);
        let mut last = Score::default();
        let n_epochs = epochs.len().max(1) as f64;
        for (number, epoch) in epochs.iter().enumerate() {
            let mut score = Score::default();
            let per_epoch = epoch.train.len().max(1) as f64;
            let mut presented = 0;
            for trial in microcircuit::epoch(&epoch.train, &epoch.validation) {
                match trial {
                    Trial::Train(i) => {
                        network.present(
                            &Pattern::train(&train.inputs[i], &train.targets[i]),
                            &mut (),
                        )?;
                        presented += 1;
                        if presented % 100 == 0 {
                            let fraction =
                                (number as f64 + f64::from(presented) / per_epoch) / n_epochs;
                            monitor.at(0.99 * fraction)?;
                        }
                    }
                    Trial::Validate(i) => {
                        let pattern =
                            Pattern::validate(&validation.inputs[i], &validation.targets[i]);
                        let output = network.present(&pattern, &mut ())?;
                        score.add(output, &validation.targets[i], validation.labels[i]);
                    }
                }
            }
            last = score;
            record(number + 1, score, network);
        }
        outcome.metric("last_validation_mse", last.mse());
        let mut predictions = Table::new(&["x", "y", "class", "predicted"]);
        let mut evaluate = |samples: &Samples, keep: bool| -> Result<Score> {
            network.reset();
            let mut score = Score::default();
            for (i, (input, target)) in samples.inputs.iter().zip(&samples.targets).enumerate() {
                let output = network.present(&Pattern::validate(input, target), &mut ())?;
                let label = samples.labels[i];
                score.add(output, target, label);
                if keep {
                    let at = (input[0], input[1]);
                    predictions.push([
                        at.0.into(),
                        at.1.into(),
                        label.into(),
                        argmax(output).into(),
                    ]);
                }
            }
            Ok(score)
        };
        let validated = evaluate(&validation, false)?;
        let tested = evaluate(&test, study.record.predictions)?;
        outcome.metric("validation_accuracy", validated.accuracy());
        outcome.metric("test_accuracy", tested.accuracy());
        outcome.metric("test_mse", tested.mse());
        let (ip, pi) = distance_from_self_prediction(&params, &network.weights());
        outcome.metric("ip_distance", ip);
        outcome.metric("pi_distance", pi);
        if study.record.curves {
            outcome.table("curves", curves);
        }
        if study.record.predictions {
            outcome.table("predictions", predictions);
        }
        Ok(())
    }
}
