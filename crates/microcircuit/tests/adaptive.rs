//! The adaptive integrator against Euler's fixed step: on trained networks, where weights change least and errors of their
//! changes are largest, and on networks of other kinds. Run with `--nocapture` to see the errors.
#![allow(clippy::print_stdout, reason = "deviations are worth seeing")]

use microcircuit::{
    Activation, Every, Integrator, Microcircuit, NetworkParams, Number, Params, Pattern, PerLayer,
    PyraLNet, Start, Synapse, View, Weights,
};
use nalgebra::DMatrix;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

type Sample = (Vec<f64>, Vec<f64>);

/// Points in a disk that belong to its upper or lower half or to a small disk in it: in the shape of the Yin-Yang task, and
/// as hard to learn.
fn points(seed: u64, n: usize) -> Vec<Sample> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut point = || loop {
        let (x, y): (f64, f64) = (rng.random(), rng.random());
        if (x - 0.5).hypot(y - 0.5) <= 0.5 {
            return (x, y);
        }
    };
    let sample = |(x, y): (f64, f64)| {
        let wave = 0.5 + 0.2 * (2.0 * std::f64::consts::PI * x).sin();
        let dot = (x - 0.25).hypot(y - 0.5).min((x - 0.75).hypot(y - 0.5)) < 0.1;
        let class = if dot { 2 } else { usize::from(y > wave) };
        let target = (0..3).map(|k| if k == class { 1.0 } else { 0.1 });
        (vec![x, y, 1.0 - x, 1.0 - y], target.collect())
    };
    (0..n).map(|_| sample(point())).collect()
}

fn uniform(seed: u64, params: &Params, n: usize) -> Vec<Sample> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut random = |n: usize| -> Vec<f64> { (0..n).map(|_| rng.random()).collect() };
    let (inputs, outputs) = (params.dim(0), params.dim(params.n_hidden() + 1));
    (0..n).map(|_| (random(inputs), random(outputs))).collect()
}

fn drawn(params: &Params, seed: u64) -> Weights<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    Weights::draw(params, || rng.random())
}

/// Weights after a number of patterns by Euler's step.
fn trained(raw: &NetworkParams, seed: u64, patterns: usize) -> Weights<f64> {
    let params = raw.check().expect("valid");
    let start = drawn(&params, seed).cast();
    let mut network = PyraLNet::<f32>::new(params, &start).expect("fits");
    for (input, target) in points(seed, patterns) {
        let pattern = Pattern::train(&input, &target);
        network.present(&pattern, &mut ()).expect("stable");
    }
    network.weights().cast()
}

fn yin_yang(t_pattern_ms: f64, learning_lag_ms: f64) -> NetworkParams {
    NetworkParams {
        learning_lag_ms,
        t_pattern_ms,
        out_lag_ms: t_pattern_ms - 20.0,
        ..NetworkParams::yin_yang()
    }
}

fn adaptive(raw: &NetworkParams, tolerance: f64) -> NetworkParams {
    NetworkParams {
        integrator: Integrator::Adaptive,
        tolerance,
        ..raw.clone()
    }
}

/// What became of a network.
struct Run {
    outputs: Vec<Vec<f64>>,
    weights: Weights<f64>,
    /// Per pattern.
    evaluations: f64,
}

/// Presents samples, every `validate`-th of them without learning and nudging; `watched`, by an observer who never looks.
fn run<T: Number>(
    raw: &NetworkParams,
    start: &Weights<f64>,
    samples: &[Sample],
    validate: usize,
    watched: bool,
) -> Run {
    let params = raw.check().expect("valid");
    let mut network = PyraLNet::<T>::new(params, &start.cast()).expect("fits");
    let mut outputs = Vec::new();
    for (i, (input, target)) in samples.iter().enumerate() {
        let pattern = if i % validate == validate - 1 {
            Pattern::validate(input, target)
        } else {
            Pattern::train(input, target)
        };
        let output = if watched {
            let mut never = Every(u64::MAX, |_: &View<'_, T>| {});
            network.present(&pattern, &mut never)
        } else {
            network.present(&pattern, &mut ())
        };
        let output = output.expect("stable").iter();
        outputs.push(output.map(|u| u.to_f64()).collect());
    }
    Run {
        outputs,
        weights: network.weights().cast(),
        evaluations: network.evaluations() as f64 / samples.len() as f64,
    }
}

/// What two runs from the same start differ by.
#[derive(Debug)]
struct Errors {
    /// Largest difference of any averaged output potential.
    output: f64,
    /// Norm of the difference of the weights, as a fraction of the norm of how much they changed; of the plastic matrices.
    weights: Vec<f64>,
}

impl Errors {
    fn between(ours: &Run, exact: &Run, start: &Weights<f64>, params: &Params) -> Self {
        let pairs = ours
            .outputs
            .iter()
            .flatten()
            .zip(exact.outputs.iter().flatten());
        let output = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        let weights = params.synapses().filter_map(|(layer, synapse)| {
            let of = |w: &Weights<f64>| -> DMatrix<f64> {
                w.get(layer, synapse).expect("exists").clone()
            };
            let change = (of(&exact.weights) - of(start)).norm();
            let error = (of(&ours.weights) - of(&exact.weights)).norm();
            (synapse != Synapse::Down && change > 0.0).then_some(error / change)
        });
        Self {
            output,
            weights: weights.collect(),
        }
    }

    fn worst(&self) -> f64 {
        self.weights.iter().copied().fold(0.0, f64::max)
    }
}

/// The error that is promised at the default tolerance: of weight changes after 40 patterns, in relation to them.
const PROMISED: f64 = 1e-3;

#[test]
fn weight_changes_of_trained_networks_are_right_to_a_thousandth() {
    for (t, lag) in [
        (100.0, 0.0),
        (100.0, 5.0),
        (100.0, 10.0),
        (100.0, 20.0),
        (300.0, 20.0),
    ] {
        for seed in [1, 2] {
            let raw = yin_yang(t, lag);
            let params = raw.check().expect("valid");
            let start = trained(&raw, seed, 4000);
            let samples = points(seed + 10, 40);
            let exact = run::<f64>(&raw, &start, &samples, usize::MAX, false);
            let leaps = adaptive(&raw, raw.tolerance);
            let double = run::<f64>(&leaps, &start, &samples, usize::MAX, false);
            let single = run::<f32>(&leaps, &start, &samples, usize::MAX, false);
            let of = |run| Errors::between(run, &exact, &start, &params);
            let (errors, in_single) = (of(&double), of(&single));
            println!(
                "{t} ms, lag {lag}, state {seed}: {:.1} evaluations; {errors:?}, single precision {:?}",
                double.evaluations, in_single.weights
            );
            assert!(errors.worst() < PROMISED, "{t} {lag}: {errors:?}");
            assert!(
                in_single.worst() < 1.5 * PROMISED,
                "{t} {lag}: {in_single:?}"
            );
            assert!(
                errors.output < 10.0 * raw.tolerance,
                "{t} {lag}: {errors:?}"
            );
            assert!(double.evaluations < 70.0, "{}", double.evaluations);
        }
    }
}

fn others() -> [(&'static str, NetworkParams); 3] {
    [
        ("untrained", yin_yang(100.0, 20.0)),
        (
            "soft rectifier, all plastic, random start",
            NetworkParams {
                dims: vec![4, 20, 3],
                activation: Activation::SoftRelu,
                eta_up: PerLayer(vec![0.02, 0.002]),
                eta_ip: PerLayer(vec![0.004]),
                eta_pi: PerLayer(vec![0.01]),
                start: Start::Random,
                ..yin_yang(60.0, 5.0)
            },
        ),
        (
            "two hidden layers",
            NetworkParams {
                dims: vec![4, 40, 30, 3],
                eta_up: PerLayer(vec![1.0, 0.1, 0.001]),
                eta_ip: PerLayer(vec![0.02, 0.002]),
                eta_pi: PerLayer(vec![0.0, 0.0]),
                ..yin_yang(100.0, 20.0)
            },
        ),
    ]
}

#[test]
fn errors_follow_the_tolerance() {
    for (name, raw) in others() {
        let params = raw.check().expect("valid");
        let (start, samples) = (drawn(&params, 7), uniform(8, &params, 40));
        let exact = run::<f64>(&raw, &start, &samples, 4, false);
        let mut last = f64::INFINITY;
        for tolerance in [3e-4, 3e-5, 3e-6] {
            let ours = run::<f64>(&adaptive(&raw, tolerance), &start, &samples, 4, false);
            let errors = Errors::between(&ours, &exact, &start, &params);
            println!(
                "{name}, {tolerance:e}: {:.1} evaluations; {errors:?}",
                ours.evaluations
            );
            let allowed = tolerance / raw.tolerance;
            assert!(
                errors.worst() < PROMISED * allowed.max(0.2),
                "{name}: {errors:?}"
            );
            assert!(errors.output < 20.0 * tolerance, "{name}: {errors:?}");
            assert!(errors.worst() < 0.5 * last, "{name}: {errors:?}");
            last = errors.worst();
        }
        let single = run::<f32>(&adaptive(&raw, raw.tolerance), &start, &samples, 4, false);
        let errors = Errors::between(&single, &exact, &start, &params);
        println!("{name}, single precision: {errors:?}");
        assert!(errors.worst() < PROMISED, "{name}: {errors:?}");
    }
}

#[test]
fn test_patterns_lead_to_the_fixed_point() {
    let raw = yin_yang(100.0, 20.0);
    let params = raw.check().expect("valid");
    let start = trained(&raw, 3, 2000);
    let samples = points(13, 30);
    let exact = run::<f64>(&raw, &start, &samples, 1, false);
    let ours = run::<f64>(&adaptive(&raw, raw.tolerance), &start, &samples, 1, false);
    let errors = Errors::between(&ours, &exact, &start, &params);
    println!("{:.1} evaluations; {errors:?}", ours.evaluations);
    assert!(errors.output < 1e-6, "{errors:?}");
    assert!(ours.evaluations < 12.0, "{}", ours.evaluations);
    // The output is seen before the input has settled.
    let raw = NetworkParams {
        out_lag_ms: 6.0,
        t_pattern_ms: 26.0,
        ..raw
    };
    let exact = run::<f64>(&raw, &start, &samples, 1, false);
    let ours = run::<f64>(&adaptive(&raw, raw.tolerance), &start, &samples, 1, false);
    let errors = Errors::between(&ours, &exact, &start, &params);
    println!(
        "seen early, {:.1} evaluations; {errors:?}",
        ours.evaluations
    );
    assert!(errors.output < 20.0 * raw.tolerance, "{errors:?}");
}

#[test]
fn steps_before_the_lag_are_left_out_only_where_that_makes_no_difference() {
    for lag in [8.0, 10.0, 12.0, 15.0, 20.0] {
        let raw = adaptive(&yin_yang(60.0, lag), 3e-5);
        let params = raw.check().expect("valid");
        let start = trained(&yin_yang(60.0, lag), 4, 2000);
        // Test patterns between the others, whose outputs are not nudged.
        let samples = points(14, 60);
        let all = run::<f64>(&raw, &start, &samples, 3, true);
        let some = run::<f64>(&raw, &start, &samples, 3, false);
        let errors = Errors::between(&some, &all, &start, &params);
        println!(
            "lag {lag}: {:.1} evaluations instead of {:.1}; {errors:?}",
            some.evaluations, all.evaluations
        );
        assert!(errors.worst() < 0.5 * PROMISED, "{lag}: {errors:?}");
        assert!(
            lag < 15.0 || some.evaluations < 0.8 * all.evaluations,
            "{lag}"
        );
    }
}
