//! The adaptive integrator against Euler's fixed step: errors bounded at the default tolerance, and smaller at smaller
//! ones. Run with `--nocapture` to see them.
#![allow(clippy::print_stdout, reason = "deviations are worth seeing")]

use microcircuit::{
    Activation, Integrator, Microcircuit, NetworkParams, Number, Pattern, PerLayer, PyraLNet,
    Start, Synapse, Weights,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What two simulations of the same patterns differ by.
#[derive(Debug)]
struct Errors {
    /// Largest difference of any averaged output potential.
    output: f64,
    /// Norm of the difference of the weights, as a fraction of the norm of how much they changed; the largest of all
    /// plastic matrices.
    weights: f64,
}

/// Trains on the same random patterns by Euler's step in double precision and by `other`, one in four for validation.
fn compare<T: Number>(raw: &NetworkParams, other: NetworkParams, patterns: usize) -> Errors {
    let euler = raw.check().expect("valid");
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let start = Weights::<f64>::draw(&euler, || rng.random());
    let mut exact = PyraLNet::<f64>::new(euler.clone(), &start).expect("fits");
    let other = other.check().expect("valid");
    let mut tested = PyraLNet::<T>::new(other, &start.cast()).expect("fits");
    let mut random = |n: usize| -> Vec<f64> { (0..n).map(|_| rng.random()).collect() };
    let (inputs, outputs) = (euler.dim(0), euler.dim(euler.n_hidden() + 1));
    let mut output = 0.0_f64;
    for i in 0..patterns {
        let (input, target) = (random(inputs), random(outputs));
        let pattern = if i % 4 == 3 {
            Pattern::validate(&input, &target)
        } else {
            Pattern::train(&input, &target)
        };
        let expected = exact.present(&pattern, &mut ()).expect("stable").to_vec();
        let ours = tested.present(&pattern, &mut ()).expect("stable");
        for (a, b) in ours.iter().zip(&expected) {
            output = output.max((a.to_f64() - b).abs());
        }
    }
    let (now, ours) = (exact.weights(), tested.weights().cast::<f64>());
    let weights = euler
        .synapses()
        .filter_map(|(layer, synapse)| {
            let of = |w: &Weights<f64>| w.get(layer, synapse).expect("of this network").clone();
            let change = (of(&now) - of(&start)).norm();
            (synapse != Synapse::Down && change > 0.0)
                .then(|| (of(&ours) - of(&now)).norm() / change)
        })
        .fold(0.0, f64::max);
    Errors { output, weights }
}

fn cases() -> Vec<(&'static str, NetworkParams)> {
    let yin_yang = |learning_lag_ms, t_pattern_ms| NetworkParams {
        learning_lag_ms,
        t_pattern_ms,
        out_lag_ms: t_pattern_ms - 20.0,
        ..NetworkParams::yin_yang()
    };
    vec![
        ("lag 20", yin_yang(20.0, 100.0)),
        ("lag 0", yin_yang(0.0, 100.0)),
        ("300 ms", yin_yang(20.0, 300.0)),
        (
            "soft rectifier, all plastic, random start",
            NetworkParams {
                dims: vec![4, 20, 3],
                activation: Activation::SoftRelu,
                eta_up: PerLayer(vec![0.02, 0.002]),
                eta_ip: PerLayer(vec![0.004]),
                eta_pi: PerLayer(vec![0.01]),
                start: Start::Random,
                ..yin_yang(5.0, 60.0)
            },
        ),
        (
            "two hidden layers",
            NetworkParams {
                dims: vec![4, 40, 30, 3],
                eta_up: PerLayer(vec![1.0, 0.1, 0.001]),
                eta_ip: PerLayer(vec![0.02, 0.002]),
                eta_pi: PerLayer(vec![0.0, 0.0]),
                ..yin_yang(20.0, 100.0)
            },
        ),
    ]
}

fn adaptive(raw: &NetworkParams, tolerance: f64) -> NetworkParams {
    NetworkParams {
        integrator: Integrator::Adaptive,
        tolerance,
        ..raw.clone()
    }
}

/// Weights in relation to their change, per tolerance of 3e-5; rounding makes some 2e-4 in single precision.
const PER_DEFAULT_TOLERANCE: f64 = 1.5e-3;

#[test]
fn errors_follow_the_tolerance() {
    for (name, raw) in cases() {
        for tolerance in [3e-4, 3e-5, 3e-6] {
            let errors = compare::<f64>(&raw, adaptive(&raw, tolerance), 40);
            println!("{name}, {tolerance:e}: {errors:?}");
            let allowed = tolerance / 3e-5;
            assert!(
                errors.output < 6e-4 * allowed.max(0.2),
                "{name}: {errors:?}"
            );
            assert!(
                errors.weights < PER_DEFAULT_TOLERANCE * allowed.max(0.2),
                "{name}: {errors:?}"
            );
        }
    }
}

#[test]
fn single_precision_is_as_accurate() {
    for (name, raw) in cases() {
        let leaps = compare::<f32>(&raw, adaptive(&raw, raw.tolerance), 40);
        let steps = compare::<f32>(&raw, raw.clone(), 40);
        println!("{name}: {leaps:?}, fixed steps {steps:?}");
        assert!(leaps.output < 6e-4, "{name}: {leaps:?}");
        assert!(leaps.weights < PER_DEFAULT_TOLERANCE, "{name}: {leaps:?}");
    }
}

#[test]
fn leaps_of_one_step_are_those_of_euler() {
    let (_, raw) = &cases()[0];
    let raw = NetworkParams {
        t_pattern_ms: 40.0,
        out_lag_ms: 20.0,
        // Input without a transient, so that there are leaps from the second step on; no error is small enough for two steps.
        tau_0_ms: raw.dt_ms,
        learning_lag_ms: 10.0,
        ..raw.clone()
    };
    let errors = compare::<f64>(&raw, adaptive(&raw, 1e-300), 8);
    println!("{errors:?}");
    assert!(errors.weights > 0.0, "computed like steps, not as leaps");
    assert!(
        errors.output < 1e-12 && errors.weights < 1e-11,
        "{errors:?}"
    );
}
