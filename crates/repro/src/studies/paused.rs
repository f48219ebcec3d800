//! Trainings of microcircuits that go on where a shorter one of the same settings ended.

use anyhow::Result;
use microcircuit::{Microcircuit, NetworkParams, Number};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Monitor;
use super::circuits::Model;

/// The setting that says how long a training is, if it can go on: noise is no part of the state of a network.
pub(super) fn goes_on_in(model: Model, network: &NetworkParams) -> Option<&'static str> {
    let noisy = model == Model::PyraLNet && network.noise > 0.0;
    (!noisy).then_some("training.epochs")
}

/// A training between two epochs, but for its network.
#[derive(Serialize, Deserialize)]
pub(super) struct Paused<P> {
    /// Epochs done.
    pub(super) epochs: usize,
    /// What the study needs besides.
    pub(super) progress: P,
}

/// Takes up a training of at most so many epochs, if one was kept, and brings the network to where it was.
pub(super) fn take_up<T: Number, P: DeserializeOwned>(
    monitor: &Monitor<'_>,
    most: usize,
    network: &mut dyn Microcircuit<T>,
) -> Option<Paused<P>> {
    let kept = monitor.taken_up()?;
    let end = kept.iter().position(|&byte| byte == b'\n')?;
    let (paused, state) = (&kept[..end], &kept[end + 1..]);
    let paused: Paused<P> = serde_json::from_slice(paused).ok()?;
    let fresh = network.save().filter(|_| paused.epochs <= most)?;
    match network.restore(state) {
        Ok(()) => Some(paused),
        // Such as one of another vector unit.
        Err(_) => {
            network.restore(&fresh).ok()?;
            None
        }
    }
}

/// Keeps a training for longer ones, if any are wanted.
pub(super) fn keep<T: Number, P: Serialize>(
    monitor: &Monitor<'_>,
    paused: &Paused<P>,
    network: &mut dyn Microcircuit<T>,
) -> Result<()> {
    if !monitor.is_wanted() {
        return Ok(());
    }
    let Some(state) = network.save() else {
        return Ok(());
    };
    let mut bytes = serde_json::to_vec(paused)?;
    bytes.push(b'\n');
    bytes.extend(state);
    monitor.keep(&bytes)
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Mutex;
    use std::sync::atomic::AtomicBool;

    use serde_json::{Value, json};

    use super::super::{Job, Kept, Outcome, find};
    use super::*;
    use crate::datasets::{Contents, DataSets};
    use crate::settings::tree;

    /// A state in memory.
    #[derive(Default)]
    struct Memory(Mutex<Option<Vec<u8>>>);

    impl Kept for Memory {
        fn taken_up(&self) -> Option<Vec<u8>> {
            self.0.lock().unwrap().clone()
        }
        fn is_wanted(&self) -> bool {
            true
        }
        fn keep(&self, state: &[u8]) -> Result<()> {
            *self.0.lock().unwrap() = Some(state.to_vec());
            Ok(())
        }
    }

    fn datasets() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets")
    }

    fn job(study: &str, settings: &Value, epochs: usize) -> Box<dyn Job> {
        let mut settings = settings.clone();
        tree::set(&mut settings, "training.epochs", json!(epochs)).unwrap();
        let contents = Contents::new(&datasets());
        find(study).unwrap().parse(&settings, &contents).unwrap()
    }

    /// What a run finds, and the first fraction of it that it says is done.
    fn run(job: &dyn Job, memory: Option<&Memory>) -> (Outcome, f64) {
        let first = Mutex::new(None);
        let stop = AtomicBool::new(false);
        let at = |fraction| {
            first.lock().unwrap().get_or_insert(fraction);
        };
        let kept = memory.map(|memory| -> &dyn Kept { memory });
        let monitor = Monitor::new(&stop, &at).with_kept(kept);
        let outcome = job.run(3, &DataSets::new(&datasets()), &monitor).unwrap();
        let first = first.lock().unwrap().unwrap_or(1.0);
        (outcome, first)
    }

    fn same(a: &Outcome, b: &Outcome) {
        assert_eq!(a.metrics, b.metrics);
        assert_eq!(a.tables, b.tables);
    }

    /// Runs of ever more epochs go on from each other, and find what they find alone.
    fn goes_on(study: &str, settings: &Value) {
        let memory = Memory::default();
        assert!(job(study, settings, 1).goes_on_in().is_some());
        let mut before = 0;
        for epochs in [2, 3, 6] {
            let job = job(study, settings, epochs);
            let (alone, _) = run(job.as_ref(), None);
            let (going_on, first) = run(job.as_ref(), Some(&memory));
            same(&alone, &going_on);
            let share = 0.9 * before as f64 / epochs as f64;
            assert!(first >= share, "{study}: {epochs}: {first} < {share}");
            before = epochs;
        }
        let six = memory.taken_up().unwrap();
        // One as long only evaluates; a shorter one cannot go on, and replaces the state.
        let (_, first) = run(job(study, settings, 6).as_ref(), Some(&memory));
        assert!(first > 0.8, "{first}");
        let short = job(study, settings, 1);
        same(
            &run(short.as_ref(), Some(&memory)).0,
            &run(short.as_ref(), None).0,
        );
        assert_ne!(memory.taken_up().unwrap(), six);
        // A state that does not fit counts for nothing.
        for damaged in [&six[..six.len() - 9], b"{}\n", b""] {
            memory.keep(damaged).unwrap();
            let long = job(study, settings, 3);
            same(
                &run(long.as_ref(), Some(&memory)).0,
                &run(long.as_ref(), None).0,
            );
        }
    }

    fn network(dims: Value, more: &Value) -> Value {
        let mut network = json!({
            "activation": "sigmoid", "dt_ms": 0.1, "g_l": 0.1, "g_b": 1.0, "g_a": 0.28, "g_d": 1.0, "g_som": 0.34,
            "tau_w_ms": 30.0, "tau_0_ms": 3.0, "bias_rate": 0.5, "eta_up": [6.1, 0.000732], "eta_ip": 0.001464,
            "eta_pi": 0.0, "init_up": 0.1, "init_down": 1.0, "init_pi": 1.0, "init_ip": 0.1,
            "start": "self-predicting", "t_pattern_ms": 30.0, "out_lag_ms": 20.0, "learning_lag_ms": 10.0,
        });
        network["dims"] = dims;
        let more = more.as_object().unwrap();
        more.iter().for_each(|(k, v)| network[k] = v.clone());
        network
    }

    fn yin_yang(model: &str, more: &Value) -> Value {
        json!({
            "model": model, "network": network(json!([4, 10, 3]), more),
            "task": {"train": 100, "validation": 20, "test": 10},
            "training": {"validation_patterns": 10}, "record": {"curves": true},
        })
    }

    #[test]
    fn trainings_on_yin_yang_go_on_with_the_same_bits() {
        goes_on("yinyang", &yin_yang("steadnet", &json!({})));
        goes_on(
            "yinyang",
            &yin_yang("pyralnet", &json!({"integrator": "adaptive"})),
        );
        let mut double = yin_yang("pyralnet", &json!({}));
        double["precision"] = json!("f64");
        goes_on("yinyang", &double);
    }

    #[test]
    fn trainings_on_mnist_go_on_with_the_same_bits() {
        let settings = json!({
            "model": "steadnet", "network": network(json!([784, 8, 10]), &json!({})),
            "task": {"train": 60, "validation": 20, "test": 20},
            "training": {"validations": 2, "test_after": [1]},
        });
        goes_on("mnist", &settings);
    }

    #[test]
    fn noisy_trainings_do_not_go_on() {
        let noise = json!({"noise": 0.1});
        let job = job("yinyang", &yin_yang("pyralnet", &noise), 2);
        assert_eq!(job.goes_on_in(), None);
        let memory = Memory::default();
        run(job.as_ref(), Some(&memory));
        assert_eq!(memory.taken_up(), None);
    }
}
