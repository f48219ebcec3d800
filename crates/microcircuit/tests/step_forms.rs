//! The forms of the Euler step against each other: every network is computed by the form that is chosen for it and by the
//! general one.

use microcircuit::{
    Activation, Compartment, Every, Form, InputForm, Microcircuit, NetworkParams, Number, Pattern,
    PerLayer, PyraLNet, Simd, Start, Tuning, View, Weights,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What a run leads to, and what was seen on the way.
struct Run {
    form: Form,
    outputs: Vec<f64>,
    /// How far each weight has moved.
    moved: Vec<f64>,
    seen: Vec<f64>,
}

/// Presents patterns of all kinds, observed at a regular interval.
fn run<T: Number>(raw: &NetworkParams, tuning: Tuning, every: u64) -> Run {
    let params = raw.check().expect("valid");
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let weights = Weights::draw(&params, || rng.random());
    let mut network = PyraLNet::<T>::build(params, &weights, tuning, None).expect("fits");
    let (inputs, outputs) = (raw.dims[0], raw.dims[2]);
    let mut random = |n: usize| -> Vec<f64> { (0..n).map(|_| rng.random()).collect() };
    let mut run = Run {
        form: network.form(),
        outputs: Vec::new(),
        moved: Vec::new(),
        seen: Vec::new(),
    };
    for round in 0..9 {
        let (input, target) = (random(inputs), random(outputs));
        let pattern = Pattern {
            nudge: round % 4 != 3,
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

/// Networks of the kinds that have a form of their own, in several sizes, with and without bias: whose feedback cancels,
/// whose feedback does not, and whose lateral weights learn.
fn cases() -> impl Iterator<Item = NetworkParams> {
    let starts = [
        (Start::SelfPredicting, 0.0),
        (Start::Random, 0.0),
        (Start::Random, 0.01),
    ];
    let sigmoid = (Activation::Sigmoid, InputForm::Plain);
    let soft_relu = Activation::SoftRelu;
    let kinds = [
        ([4, 120, 3], Some(0.5), sigmoid),
        ([4, 120, 3], None, sigmoid),
        ([4, 30, 3], Some(0.5), sigmoid),
        ([3, 37, 3], Some(0.5), sigmoid),
        ([2, 3, 2], None, (soft_relu, InputForm::Plain)),
        ([1, 17, 2], Some(0.5), (soft_relu, InputForm::Plain)),
        ([7, 37, 2], Some(0.5), (soft_relu, InputForm::Factored)),
    ];
    let all = kinds
        .into_iter()
        .flat_map(move |kind| starts.map(|start| (kind, start)));
    all.map(
        |((dims, bias_rate, (activation, input)), (start, eta_pi))| NetworkParams {
            start,
            eta_pi: PerLayer(vec![eta_pi]),
            activation,
            input,
            bias_rate,
            ..yin_yang(dims)
        },
    )
}

#[test]
fn forms_agree_to_the_last_bit() {
    for simd in [Simd::Best, Simd::Avx2] {
        for raw in cases() {
            let tuning = Tuning {
                simd,
                ..Tuning::default()
            };
            let general = Tuning {
                general: true,
                ..tuning
            };
            let (chosen, general) = (run::<f32>(&raw, tuning, 37), run::<f32>(&raw, general, 37));
            // Six targets need a vector of eight lanes.
            if ["AVX-512", "AVX2"].contains(&simd.name()) {
                assert_eq!(chosen.form, Form::FewOutputs, "{raw:?}");
            }
            assert_eq!(general.form, Form::General);
            assert!(general.moved.iter().any(|change| *change != 0.0));
            assert_eq!(chosen.outputs, general.outputs, "{raw:?} {simd:?}");
            assert_eq!(chosen.moved, general.moved, "{raw:?} {simd:?}");
            assert_eq!(chosen.seen, general.seen, "{raw:?} {simd:?}");
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
            let raw = NetworkParams {
                input,
                ..raw.clone()
            };
            run::<f64>(&raw, Tuning::default(), 37)
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
    for (general, input) in [
        (false, InputForm::Plain),
        (true, InputForm::Plain),
        (false, InputForm::Factored),
    ] {
        let raw = NetworkParams {
            input,
            t_pattern_ms: 40.0,
            out_lag_ms: 30.0,
            ..yin_yang([4, 120, 3])
        };
        let tuning = Tuning {
            general,
            ..Tuning::default()
        };
        let alone = run::<f32>(&raw, tuning, 0);
        for every in [1, 10] {
            let watched = run::<f32>(&raw, tuning, every);
            assert!(!watched.seen.is_empty());
            assert_eq!(alone.outputs, watched.outputs);
            assert_eq!(alone.moved, watched.moved);
        }
    }
}
