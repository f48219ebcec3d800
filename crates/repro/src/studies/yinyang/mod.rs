//! Training on Yin-Yang, as the published runs did it: one seed gives data, initial weights and
//! order of presentation.

mod session;

use anyhow::{Result, ensure};
use microcircuit::{Microcircuit, NetworkParams, Number, Pattern, Trial};
use serde::{Deserialize, Serialize};

use super::circuits::{
    DIVERGED, ENGINE, IP_DISTANCE, MODEL, Model, NETWORK, PI_DISTANCE, Precision, Score,
    distance_from_self_prediction, network_bytes, record_divergence,
};
use super::paused::{self, Paused};
use super::{DataSets, Idle, Metric, Monitor, Outcome, Study};
use crate::results::stats::argmax;
use crate::results::{Cell, Column, Table, columns};
pub(super) use session::{Samples, Schedule, Session, TASK, Task};

/// Settings of a Yin-Yang run.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct YinYang {
    /// Full simulation or steady-state approximation.
    #[serde(default)]
    model: Model,
    #[serde(default, skip_serializing_if = "Precision::is_single")]
    precision: Precision,
    network: NetworkParams,
    #[serde(default)]
    task: Task,
    training: Training,
    #[serde(default)]
    record: Record,
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
    /// Table `predictions`: every test point with its class and prediction.
    predictions: bool,
}

/// What a training that is paused has found.
#[derive(Serialize, Deserialize)]
struct Progress {
    last: Score,
    curves: Vec<Vec<Cell>>,
}

/// Columns of table `curves`.
const CURVES: [Column; 5] = columns! {
    "epoch" ["epochs"] "epochs of training done",
    "validation_mse" [""] "mean squared error of the output potentials over the validations of the epoch",
    "validation_accuracy" ["fraction"] "correct samples of the validations of the epoch",
    "ip_distance" [""] "squared distance of the weights from pyramidal neurons to interneurons from the self-predicting state",
    "pi_distance" [""] "squared distance of the weights from interneurons to pyramidal neurons from minus the feedback weights",
};
/// Columns of table `predictions`.
const PREDICTIONS: [Column; 4] = columns! {
    "x" [""] "place of a test point, horizontal",
    "y" [""] "place of a test point, vertical",
    "class" [""] "its class: 0 yin, 1 yang, 2 dot",
    "predicted" [""] "class of the largest output",
};

fn one() -> usize {
    1
}

fn hundred() -> usize {
    100
}

/// Columns of its own settings.
const SETTINGS: &[Column] = &columns! {
    "precision" ["word"] "number type of the simulation; empty: single precision",
    "training.epochs" ["epochs"] "epochs of training",
    "training.validations" [""] "validations per epoch",
    "training.validation_patterns" ["samples"] "validation samples presented in each of them",
    "record.curves" ["true or false"] "whether table curves is written",
    "record.predictions" ["true or false"] "whether table predictions is written",
};

impl Study for YinYang {
    const NAME: &'static str = "yinyang";
    const METRICS: &'static [Metric] = &[
        ENGINE,
        Metric::lower(
            "last_validation_mse",
            "",
            "mean squared error of the output potentials over the validations of the last epoch",
        ),
        Metric::higher(
            "validation_accuracy",
            "fraction",
            "correct validation samples after training, of all validation samples",
        ),
        Metric::higher(
            "test_accuracy",
            "fraction",
            "correct test samples after training",
        )
        .of_test_data(),
        Metric::lower(
            "test_mse",
            "",
            "mean squared error of the output potentials over the test samples after training",
        )
        .of_test_data(),
        IP_DISTANCE,
        PI_DISTANCE,
        DIVERGED,
    ];
    const HEADLINE: &'static str = "validation_accuracy";
    const SETTINGS: &'static [&'static [Column]] = &[MODEL, NETWORK, TASK, SETTINGS];
    const TABLES: &'static [(&'static str, &'static [Column])] =
        &[("curves", &CURVES), ("predictions", &PREDICTIONS)];

    fn tables(&self) -> Vec<(&'static str, Table)> {
        let Record {
            curves,
            predictions,
        } = self.record;
        let curves = curves.then(|| ("curves", Table::new(CURVES)));
        let predictions = predictions.then(|| ("predictions", Table::new(PREDICTIONS)));
        curves.into_iter().chain(predictions).collect()
    }

    fn idle(&self) -> Vec<Idle> {
        self.model.idle(&self.network)
    }

    fn memory(&self) -> Vec<(&'static str, f64)> {
        let Training {
            epochs,
            validations,
            validation_patterns,
        } = self.training;
        let order =
            self.task.train as f64 + validations as f64 * (24.0 + validation_patterns as f64);
        vec![
            network_bytes(&self.network),
            self.task.memory(&self.network),
            ("training.epochs", epochs as f64 * (300.0 + 8.0 * order)),
            ("training.validations", 8.0 * order),
        ]
    }

    fn check(&self, seed: u64) -> Result<()> {
        self.task.check(&self.network, seed)?;
        let (patterns, samples) = (self.training.validation_patterns, self.task.validation);
        ensure!(
            patterns <= samples,
            "training.validation_patterns = {patterns}: task.validation has only {samples} samples"
        );
        Ok(())
    }

    fn seconds(&self) -> f64 {
        let Training {
            epochs,
            validations,
            validation_patterns,
        } = self.training;
        let per_epoch = self.task.train as f64 + validations as f64 * validation_patterns as f64;
        let once = self.task.validation as f64 + self.task.test as f64;
        let slower = match self.precision {
            Precision::F32 => 1.0,
            Precision::F64 => 2.5,
        };
        (epochs as f64 * per_epoch + once) * slower * self.model.pattern_seconds(&self.network)
    }

    /// All data and orders are drawn before noise is.
    fn goes_on_in(&self) -> Option<&'static str> {
        paused::goes_on_in(self.model, &self.network)
    }

    fn run(&self, seed: u64, _: &DataSets, monitor: &Monitor<'_>) -> Result<Outcome> {
        let mut outcome = Outcome::default();
        let result = match self.precision {
            Precision::F32 => self.train_and_test::<f32>(seed, monitor, &mut outcome),
            Precision::F64 => self.train_and_test::<f64>(seed, monitor, &mut outcome),
        };
        record_divergence(result, &mut outcome)?;
        Ok(outcome)
    }
}

impl YinYang {
    fn train_and_test<T: Number>(
        &self,
        seed: u64,
        monitor: &Monitor<'_>,
        outcome: &mut Outcome,
    ) -> Result<()> {
        let Training {
            epochs,
            validations,
            validation_patterns,
        } = self.training;
        let schedule = Schedule {
            epochs,
            validations,
            validation_patterns,
        };
        let mut session = Session::<T>::new(self.model, &self.network, &self.task, schedule, seed)?;
        outcome.metric("engine", session.network.engine());
        let mut curves = Table::new(CURVES);
        let mut last = Score::default();
        let mut first = 0;
        if let Some(paused) = paused::take_up(monitor, epochs, session.network.as_mut()) {
            let Progress { curves: rows, .. } = paused.progress;
            (first, last, curves.rows) = (paused.epochs + 1, paused.progress.last, rows);
        }
        for epoch in first..=epochs {
            if epoch > 0 {
                last = train_epoch(&mut session, epoch - 1, monitor)?;
            }
            if self.record.curves {
                let (ip, pi) = session.distance();
                let (mse, accuracy) = (last.mse(), last.accuracy());
                curves.push([
                    epoch.into(),
                    mse.into(),
                    accuracy.into(),
                    ip.into(),
                    pi.into(),
                ]);
            }
        }
        let network = session.network.as_mut();
        let progress = Progress {
            last,
            curves: curves.rows.clone(),
        };
        paused::keep(monitor, &Paused { epochs, progress }, network)?;
        outcome.metric("last_validation_mse", last.mse());
        let (validated, _) = evaluate(network, &session.validation)?;
        let (tested, predicted) = evaluate(network, &session.test)?;
        outcome.metric("validation_accuracy", validated.accuracy());
        outcome.metric("test_accuracy", tested.accuracy());
        outcome.metric("test_mse", tested.mse());
        let (ip, pi) = session.distance();
        outcome.metric("ip_distance", ip);
        outcome.metric("pi_distance", pi);
        if self.record.curves {
            outcome.table("curves", curves);
        }
        if self.record.predictions {
            let mut table = Table::new(PREDICTIONS);
            let Samples { inputs, labels, .. } = &session.test;
            for ((input, &class), &predicted) in inputs.iter().zip(labels).zip(&predicted) {
                table.push([
                    input[0].into(),
                    input[1].into(),
                    class.into(),
                    predicted.into(),
                ]);
            }
            outcome.table("predictions", table);
        }
        Ok(())
    }
}

impl<T: Number> Session<T> {
    fn distance(&self) -> (f64, f64) {
        distance_from_self_prediction(&self.params, &self.network.weights().cast())
    }
}

/// One epoch of training with its interleaved validation, and what that found.
fn train_epoch<T: Number>(
    session: &mut Session<T>,
    number: usize,
    monitor: &Monitor<'_>,
) -> Result<Score> {
    let Session {
        network,
        epochs,
        train,
        validation,
        ..
    } = session;
    let epoch = &epochs[number];
    let mut score = Score::default();
    let mut presented = 0;
    for trial in microcircuit::epoch(&epoch.train, &epoch.validation) {
        match trial {
            Trial::Train(i) => {
                let pattern = Pattern::train(&train.inputs[i], &train.targets[i]);
                network.present(&pattern, &mut ())?;
                presented += 1;
                if presented % 100 == 0 {
                    let fraction = presented as f64 / epoch.train.len() as f64;
                    monitor.at(0.99 * (number as f64 + fraction) / epochs.len() as f64)?;
                }
            }
            Trial::Validate(i) => {
                let pattern = Pattern::validate(&validation.inputs[i], &validation.targets[i]);
                let output = network.present(&pattern, &mut ())?;
                score.add(output, &validation.targets[i], validation.labels[i]);
            }
        }
    }
    Ok(score)
}

/// Presents a set in order, from rest, without nudging or plasticity: score and predicted classes.
fn evaluate<T: Number>(
    network: &mut dyn Microcircuit<T>,
    samples: &Samples,
) -> Result<(Score, Vec<usize>)> {
    network.reset();
    let mut score = Score::default();
    let mut predicted = Vec::with_capacity(samples.labels.len());
    for (i, (input, target)) in samples.inputs.iter().zip(&samples.targets).enumerate() {
        let output = network.present(&Pattern::validate(input, target), &mut ())?;
        score.add(output, target, samples.labels[i]);
        predicted.push(argmax(output));
    }
    Ok((score, predicted))
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::atomic::AtomicBool;

    use tasks::yinyang::Sizes;

    use super::*;
    use crate::results::Cell;

    const SEED: u64 = 7;
    const SIZES: Sizes = Sizes {
        train: 60,
        validation: 40,
        test: 30,
    };

    fn study() -> YinYang {
        YinYang {
            model: Model::SteadNet,
            precision: Precision::F32,
            network: NetworkParams {
                dims: vec![4, 10, 3],
                ..NetworkParams::yin_yang()
            },
            task: Task {
                train: SIZES.train,
                validation: SIZES.validation,
                test: SIZES.test,
                ..Task::default()
            },
            training: Training {
                epochs: 2,
                validations: 1,
                validation_patterns: 20,
            },
            record: Record {
                curves: false,
                predictions: true,
            },
        }
    }

    #[test]
    fn a_run_is_tested_on_its_test_set() {
        let data = DataSets::new(Path::new("none"));
        let outcome = study()
            .run(SEED, &data, &Monitor::new(&AtomicBool::new(false), &|_| {}))
            .unwrap();
        let number = |cell: &Cell| match cell {
            Cell::Number(x) => *x,
            other => panic!("{other:?}"),
        };
        let metric = |name| number(&outcome.metrics.iter().find(|(n, _)| *n == name).unwrap().1);
        let (_, splits) = tasks::yinyang::run(SEED as u32, SIZES);
        let rows = &outcome.tables[0].1.rows;
        assert_eq!(rows.len(), SIZES.test);
        let mut correct = 0;
        for (row, (features, class)) in rows.iter().zip(splits.test.rows()) {
            let place: Vec<f64> = features.take(2).collect();
            assert_eq!([number(&row[0]), number(&row[1])], place[..]);
            assert_eq!(number(&row[2]), class as f64);
            correct += usize::from(row[2] == row[3]);
        }
        assert_eq!(metric("test_accuracy"), correct as f64 / SIZES.test as f64);
        assert_ne!(metric("test_accuracy"), metric("validation_accuracy"));
    }

    #[test]
    fn every_evaluation_begins_at_rest() {
        let study = study();
        let schedule = Schedule {
            epochs: 0,
            validations: 0,
            validation_patterns: 0,
        };
        let network = NetworkParams {
            t_pattern_ms: 5.0,
            out_lag_ms: 1.0,
            learning_lag_ms: 0.0,
            ..study.network
        };
        let mut session =
            Session::<f32>::new(Model::PyraLNet, &network, &study.task, schedule, SEED).unwrap();
        let first = |samples: &Samples| Samples {
            inputs: samples.inputs[..3].to_vec(),
            targets: samples.targets[..3].to_vec(),
            labels: samples.labels[..3].to_vec(),
        };
        let (test, validation) = (first(&session.test), first(&session.validation));
        let network = session.network.as_mut();
        let rested = evaluate(network, &test).unwrap().0.mse();
        evaluate(network, &validation).unwrap();
        assert_eq!(evaluate(network, &test).unwrap().0.mse(), rested);
    }
}
