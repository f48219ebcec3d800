//! The forms of the Euler step against each other: the one for networks with one hidden layer and few outputs, and the
//! general one, which a noise source that nobody hears brings about.

use microcircuit::{
    Activation, Compartment, Every, InputForm, Microcircuit, NetworkParams, NoiseSource, Pattern,
    PyraLNet, Real, Simd, Tuning, View, Weights,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

struct Unheard;

impl NoiseSource for Unheard {
    fn normal(&mut self) -> f64 {
        1.0
    }
}

/// What a run leads to, and what was seen on the way.
struct Run {
    outputs: Vec<f64>,
    /// How far each weight has moved.
    moved: Vec<f64>,
    seen: Vec<f64>,
}

/// Presents patterns of all kinds, looked at after every so many steps.
fn run<T: Real>(raw: &NetworkParams, simd: Simd, general: bool, every: u64) -> Run {
    let tuning = Tuning {
        simd,
        ..Tuning::default()
    };
    run_tuned::<T>(raw, tuning, general, every)
}

fn run_tuned<T: Real>(raw: &NetworkParams, tuning: Tuning, general: bool, every: u64) -> Run {
    let raw = NetworkParams {
        noise: if general { 0.1 } else { 0.0 },
        ..raw.clone()
    };
    let params = raw.check().expect("valid");
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let weights = Weights::draw(&params, || rng.random());
    let noise: Option<Box<dyn NoiseSource>> = general.then(|| Box::new(Unheard) as _);
    let mut network = PyraLNet::<T>::build(params, &weights, tuning, noise).expect("fits");
    let (inputs, outputs) = (raw.dims[0], raw.dims[2]);
    let mut random = |n: usize| -> Vec<f64> { (0..n).map(|_| rng.random()).collect() };
    let mut run = Run {
        outputs: Vec::new(),
        moved: Vec::new(),
        seen: Vec::new(),
    };
    for round in 0..9 {
        let (input, target) = (random(inputs), random(outputs));
        let pattern = Pattern {
            nudge: round % 4 != 3,
            // The input of the first pattern is settled from the start.
            learn: round % 3 != 0,
            noise: false,
            ..Pattern::train(&input, &target)
        };
        let mut look = Every(every, |view: &View<'_, T>| {
            for layer in [1, 2] {
                let somata = view.potential(layer, Compartment::Soma).expect("exists");
                run.seen.extend(somata.iter().map(|u| u.to_f64()));
            }
            for (layer, synapse) in raw.check().expect("valid").synapses() {
                let weights = view.weights(layer, synapse).expect("exists");
                run.seen.extend(weights.iter().map(|w| w.to_f64()));
            }
        });
        let output = network.present(&pattern, &mut look).expect("stable");
        run.outputs.extend(output.iter().map(|u| u.to_f64()));
    }
    let now = network.weights();
    for (layer, synapse) in network.params().synapses() {
        let [before, after] = [&weights, &now].map(|w| w.get(layer, synapse).expect("exists"));
        let pairs = before.iter().zip(after);
        run.moved
            .extend(pairs.map(|(a, b): (&T, &T)| b.to_f64() - a.to_f64()));
    }
    run
}

/// Largest difference, as a fraction of the largest number.
fn difference(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let largest = a.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    assert!(largest > 0.0, "there is nothing to compare");
    let differences = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, f64::max) / largest
}

fn yin_yang(dims: [usize; 3]) -> NetworkParams {
    NetworkParams {
        dims: dims.to_vec(),
        learning_lag_ms: 13.0,
        ..NetworkParams::yin_yang()
    }
}

const DIMS: [[usize; 3]; 5] = [[4, 120, 3], [4, 30, 3], [2, 3, 2], [7, 37, 2], [1, 16, 3]];

/// The largest differences between the forms: of the outputs, of how far weights have moved, and of what is seen.
fn forms<T: Real>(raw: &NetworkParams, simd: Simd) -> [f64; 3] {
    let every = 37;
    let (general, few) = (
        run::<T>(raw, simd, true, every),
        run::<T>(raw, simd, false, every),
    );
    [
        difference(&general.outputs, &few.outputs),
        difference(&general.moved, &few.moved),
        difference(&general.seen, &few.seen),
    ]
}

#[test]
fn forms_agree_to_the_last_bit_until_the_input_settles() {
    for simd in [Simd::Best, Simd::Avx2] {
        for activation in [Activation::Sigmoid, Activation::SoftRelu] {
            for dims in DIMS {
                // The input's distance to its goal falls to 1e-15 in 100 ms, and to 2e-6 in 40.
                let raw = NetworkParams {
                    activation,
                    ..yin_yang(dims)
                };
                let short = NetworkParams {
                    t_pattern_ms: 40.0,
                    out_lag_ms: 30.0,
                    ..raw.clone()
                };
                assert_eq!(forms::<f64>(&raw, simd), [0.0; 3], "{dims:?} f64 {simd:?}");
                assert_eq!(
                    forms::<f32>(&short, simd),
                    [0.0; 3],
                    "{dims:?} f32 {simd:?}"
                );
            }
        }
    }
}

#[test]
fn a_settled_input_makes_a_difference_of_rounding_only() {
    for simd in [Simd::Best, Simd::Avx2] {
        for dims in DIMS {
            let long = NetworkParams {
                t_pattern_ms: 170.0,
                out_lag_ms: 160.0,
                ..yin_yang(dims)
            };
            for (forms, tolerance) in [
                (forms::<f32>(&long, simd), [5e-6, 1e-4, 2e-5]),
                (forms::<f64>(&long, simd), [1e-14, 1e-12, 1e-13]),
            ] {
                let good = forms.iter().zip(tolerance).all(|(d, most)| *d < most);
                assert!(good, "{dims:?} {simd:?}: {forms:?}");
            }
            // Or the special form was not taken, and all of this compared one form with itself.
            let same = forms::<f32>(&long, simd) == [0.0; 3];
            assert!(!same || dims != [2, 3, 2] || simd.name() == "portable");
        }
    }
}

#[test]
fn a_plane_is_all_there_is_of_two_inputs() {
    for dims in [[2, 5, 2], [1, 5, 3]] {
        let raw = NetworkParams {
            bias_rate: (dims[0] == 1).then_some(0.5),
            ..yin_yang(dims)
        };
        let [plane, plain] = [InputForm::Factored, InputForm::Plain].map(|input| {
            let tuning = Tuning {
                input,
                ..Tuning::default()
            };
            run_tuned::<f64>(&raw, tuning, false, 37)
        });
        // Or both took the same form.
        assert!(plain.moved != plane.moved);
        assert!(difference(&plain.outputs, &plane.outputs) < 1e-13);
        assert!(difference(&plain.moved, &plane.moved) < 1e-11);
        assert!(difference(&plain.seen, &plane.seen) < 1e-12);
    }
}

#[test]
fn looking_does_not_change_a_run() {
    for t_pattern_ms in [40.0, 170.0] {
        let raw = NetworkParams {
            t_pattern_ms,
            out_lag_ms: 30.0,
            ..yin_yang([4, 120, 3])
        };
        let alone = run::<f32>(&raw, Simd::Best, false, 0);
        for every in [1, 10] {
            let watched = run::<f32>(&raw, Simd::Best, false, every);
            let outputs = difference(&alone.outputs, &watched.outputs);
            let moved = difference(&alone.moved, &watched.moved);
            // What is left of weight changes across a settled input is summed up in double precision.
            let most = if t_pattern_ms < 60.0 { 0.0 } else { 1e-7 };
            assert!(outputs <= most && moved <= most, "{outputs:e} {moved:e}");
        }
    }
}
