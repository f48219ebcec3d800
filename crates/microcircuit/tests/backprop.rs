//! What the circuit is for: in the self-predicting state the hidden layer's weight changes follow the gradient.
//!
//! With feedback weights that mirror the forward ones, interneurons that cancel the feedback, and weak nudging of the output,
//! the basal errors of hidden neurons are those that backpropagation would send (Sacramento et al., arXiv:1801.00062,
//! supplement; Hill, *Neuro-Backprop*, 2020, section 1.2).

use microcircuit::{
    Activation, Compartment, Every, Microcircuit, NetworkParams, Pattern, PerLayer, PyraLNet,
    Start, Synapse, Tuning, View, Weights,
};
use nalgebra::{DMatrix, DVector};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const INPUT: [f64; 4] = [0.9, 0.2, 0.6, 0.4];

/// Nothing learns; what the rules would do is read from their Δ.
fn raw() -> NetworkParams {
    NetworkParams {
        dims: vec![4, 10, 3],
        activation: Activation::Sigmoid,
        bias_rate: None,
        eta_up: PerLayer(vec![0.0, 0.0]),
        eta_ip: PerLayer(vec![0.0]),
        eta_pi: PerLayer(vec![0.0]),
        init_up: 1.0,
        start: Start::SelfPredicting,
        g_som: 1e-3,
        t_pattern_ms: 600.0,
        out_lag_ms: 500.0,
        learning_lag_ms: 0.0,
        ..NetworkParams::yin_yang()
    }
}

fn weights(seed: u64) -> Weights<f64> {
    let params = raw().check().expect("valid");
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut weights = Weights::<f64>::draw(&params, || rng.random());
    weights.hidden[0].down = weights.output.transpose();
    weights.hidden[0].pi = -&weights.hidden[0].down;
    weights
}

/// Somata of the output in the steady state without nudging.
fn settled(
    params: &microcircuit::Params,
    hidden: &DMatrix<f64>,
    output: &DMatrix<f64>,
) -> DVector<f64> {
    let rate = |u: f64| params.raw().activation.rate(u);
    let u = hidden * DVector::from_row_slice(&INPUT) * params.basal_prediction(1);
    output * u.map(rate) * params.basal_prediction(2)
}

/// −dL/dW of the hidden layer by central differences, L = ½ Σ f′(u*) (target − u)², the squared error in the metric of the
/// output's rates at the settled u*.
fn descent(params: &microcircuit::Params, w: &Weights<f64>, target: &DVector<f64>) -> DMatrix<f64> {
    let at = settled(params, &w.hidden[0].up, &w.output);
    let slope = at.map(|u| {
        let r = params.raw().activation.rate(u);
        r * (1.0 - r)
    });
    let loss = |hidden: &DMatrix<f64>| {
        let error = target - settled(params, hidden, &w.output);
        0.5 * error.component_mul(&error).dot(&slope)
    };
    let step = 1e-5;
    DMatrix::from_fn(10, 4, |i, j| {
        let moved = |by: f64| {
            let mut hidden = w.hidden[0].up.clone();
            hidden[(i, j)] += by;
            loss(&hidden)
        };
        (moved(-step) - moved(step)) / (2.0 * step)
    })
}

#[test]
fn weight_changes_follow_the_gradient() {
    for seed in 1..=5 {
        let (params, weights) = (raw().check().expect("valid"), weights(seed));
        let target = settled(&params, &weights.hidden[0].up, &weights.output)
            + DVector::from_row_slice(&[0.3, -0.2, 0.1]);
        let tuning = Tuning {
            resting_deltas: true,
            ..Tuning::default()
        };
        let mut network = PyraLNet::build(params.clone(), &weights, tuning, None).expect("fits");
        let pattern = Pattern::train(&INPUT, target.as_slice());
        network.present(&pattern, &mut ()).expect("stable");
        let change = network.delta(1, Synapse::Up).expect("kept");
        let descent = descent(&params, &weights, &target);
        let cosine = change.dot(&descent) / (change.norm() * descent.norm());
        assert!(
            change.norm() > 0.0 && cosine > 0.999,
            "seed {seed}: cosine {cosine}"
        );
    }
}

#[test]
fn apical_dendrites_are_silent_without_nudging() {
    let params = raw().check().expect("valid");
    let mut network = PyraLNet::new(params, &weights(1)).expect("fits");
    let (mut nudged, mut alone) = (0.0_f64, 0.0_f64);
    for (nudge, largest) in [(false, &mut alone), (true, &mut nudged)] {
        let mut look = Every(6000, |view: &View<'_, f64>| {
            let apical = view.potential(1, Compartment::Apical).expect("hidden");
            *largest = apical.iter().fold(0.0, |most, v| v.abs().max(most));
        });
        let pattern = Pattern {
            nudge,
            ..Pattern::validate(&INPUT, &[1.0, 0.1, 0.1])
        };
        network.present(&pattern, &mut look).expect("stable");
    }
    // Weights are drawn in single precision, and cancel to that.
    assert!(
        nudged > 1e-5 && alone < 1e-4 * nudged,
        "{alone:e} {nudged:e}"
    );
}
