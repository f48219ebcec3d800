//! Networks that are saved between patterns go on as if they had not been.

use microcircuit::{
    InputForm, Integrator, Microcircuit, NetworkParams, Number, Pattern, PerLayer, PyraLNet,
    RestoreError, Start, SteadNet, Weights,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn yin_yang() -> NetworkParams {
    NetworkParams {
        t_pattern_ms: 30.0,
        out_lag_ms: 15.0,
        learning_lag_ms: 10.0,
        ..NetworkParams::yin_yang()
    }
}

/// Networks of every form: few outputs and many, one hidden layer and two, fixed and adaptive, plain and factored.
fn cases() -> Vec<NetworkParams> {
    let deep = NetworkParams {
        dims: vec![4, 20, 15, 9],
        eta_up: PerLayer(vec![1.0, 0.1, 0.01]),
        eta_ip: PerLayer(vec![0.02, 0.002]),
        eta_pi: PerLayer(vec![0.01, 0.01]),
        start: Start::Random,
        bias_rate: None,
        ..yin_yang()
    };
    vec![yin_yang(), deep]
}

type Made<T> = Box<dyn Microcircuit<T>>;

fn pyralnet<T: Number>(raw: &NetworkParams, weights: &Weights<T>) -> Made<T> {
    Box::new(PyraLNet::new(raw.check().unwrap(), weights).unwrap())
}

fn steadnet<T: Number>(raw: &NetworkParams, weights: &Weights<T>) -> Made<T> {
    Box::new(SteadNet::new(raw.check().unwrap(), weights).unwrap())
}

fn weights<T: Number>(raw: &NetworkParams) -> Weights<T> {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    Weights::draw(&raw.check().unwrap(), || rng.random())
}

/// Presents patterns from the `from`th on, some of which are validated, and returns all outputs and the weights at the end.
fn present<T: Number>(network: &mut Made<T>, from: usize, to: usize) -> (Vec<T>, Weights<T>) {
    let params = network.params().clone();
    let (inputs, outputs) = (params.dim(0), params.dim(params.n_hidden() + 1));
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let mut random = |n: usize| -> Vec<f64> { (0..n).map(|_| rng.random()).collect() };
    let mut all = Vec::new();
    for i in 0..to {
        let (input, target) = (random(inputs), random(outputs));
        let pattern = match i % 3 {
            1 => Pattern::validate(&input, &target),
            _ => Pattern::train(&input, &target),
        };
        if i >= from {
            all.extend_from_slice(network.present(&pattern, &mut ()).unwrap());
        }
    }
    (all, network.weights())
}

fn goes_on<T: Number>(raw: &NetworkParams, make: fn(&NetworkParams, &Weights<T>) -> Made<T>) {
    let start = weights(raw);
    let mut whole = make(raw, &start);
    present(&mut whole, 0, 7);
    let saved = whole.save().expect("it has a saved form");
    assert_eq!(whole.save().unwrap(), saved, "saving changes nothing");
    let expected = present(&mut whole, 7, 20);
    // Also where other patterns were presented before.
    for patterns in [0, 5] {
        let mut later = make(raw, &start);
        present(&mut later, 0, patterns);
        later.restore(&saved).unwrap();
        assert_eq!(present(&mut later, 7, 20), expected, "{raw:?}");
    }
    // It is what was saved that does it.
    let mut other = make(raw, &start);
    assert_ne!(present(&mut other, 7, 20), expected, "{raw:?}");
}

#[test]
fn a_restored_network_goes_on_with_the_same_bits() {
    for raw in cases() {
        goes_on::<f32>(&raw, steadnet);
        goes_on::<f64>(&raw, steadnet);
        for integrator in [Integrator::Euler, Integrator::Adaptive] {
            for reset_deltas in [false, true] {
                let raw = NetworkParams {
                    integrator,
                    reset_deltas,
                    ..raw.clone()
                };
                goes_on::<f32>(&raw, pyralnet);
                goes_on::<f64>(&raw, pyralnet);
            }
        }
        let factored = NetworkParams {
            input: InputForm::Factored,
            ..raw
        };
        goes_on::<f32>(&factored, pyralnet);
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let raw = yin_yang();
    let mut network = pyralnet::<f32>(&raw, &weights(&raw));
    present(&mut network, 0, 4);
    let saved = network.save().unwrap();
    for damaged in [&saved[..saved.len() - 1], &[&saved[..], &[0]].concat(), &[]] {
        assert_eq!(network.restore(damaged), Err(RestoreError::Damaged));
    }
    // Roles, flags and counts that no network has.
    for at in 0..saved.len() {
        let mut damaged = saved.clone();
        damaged[at] ^= 0xff;
        if network.restore(&damaged).is_ok() && at % 97 == 0 {
            let _ = network.present(&Pattern::train(&[0.1; 4], &[0.1; 3]), &mut ());
        }
    }
    let mut other = steadnet::<f32>(&raw, &weights(&raw));
    let refused = other.restore(&saved).unwrap_err().to_string();
    assert!(refused.contains("sweeps"), "{refused}");
    let mut wider = pyralnet::<f32>(
        &NetworkParams {
            dims: vec![4, 200, 3],
            ..raw.clone()
        },
        &weights(&NetworkParams {
            dims: vec![4, 200, 3],
            ..raw.clone()
        }),
    );
    assert_eq!(wider.restore(&saved), Err(RestoreError::Damaged));
    let mut double = pyralnet::<f64>(&raw, &weights(&raw));
    assert!(double.restore(&saved).is_err());
}

#[test]
fn noisy_networks_have_no_saved_form() {
    let raw = NetworkParams {
        noise: 0.1,
        ..yin_yang()
    };
    let made = PyraLNet::with_noise(raw.check().unwrap(), &weights::<f32>(&raw), || 0.5);
    let mut network = made.unwrap();
    assert_eq!(network.save(), None);
    assert_eq!(network.restore(&[]), Err(RestoreError::NoForm));
}
