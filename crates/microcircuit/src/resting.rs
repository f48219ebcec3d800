//! Δ of rules at rest (η = 0), which change nothing and are computed only to be looked at. Plainly.

use nalgebra::DMatrix;

use crate::compartment::Compartment;
use crate::weights::{Synapse, Weights};
use crate::{Params, Real};

/// One low-pass step of every Δ: `Δ ← Δ + share (e r_preᵀ - Δ)`, with the errors that the networks document.
///
/// `input` holds the rates of the input layer, with bias; `potential` gives the potentials that the step computes with.
pub(crate) fn low_pass<T: Real>(
    deltas: &mut Weights<T>,
    params: &Params,
    share: T,
    input: Vec<T>,
    potential: impl Fn(usize, Compartment) -> Vec<T>,
) {
    let raw = params.raw();
    let f = |u: T| raw.activation.rate(u);
    let rates = |soma: &[T]| -> Vec<T> { soma.iter().map(|u| f(*u)).collect() };
    let errors = |soma: &[T], dendrite: Vec<T>, prediction: f64| -> Vec<T> {
        let prediction = T::from_f64(prediction);
        let pairs = soma.iter().zip(dendrite);
        pairs.map(|(u, v)| f(*u) - f(prediction * v)).collect()
    };
    let mut pre = input;
    for layer in 1..=params.n_hidden() + 1 {
        let soma = potential(layer, Compartment::Soma);
        let basal = potential(layer, Compartment::Basal);
        let e_up = errors(&soma, basal, params.basal_prediction(layer));
        let Some(hidden) = deltas.hidden.get_mut(layer - 1) else {
            step(&mut deltas.output, share, &e_up, &pre);
            break;
        };
        step(&mut hidden.up, share, &e_up, &pre);
        let bias = raw.bias_rate.map(T::from_f64);
        pre = rates(&soma).into_iter().chain(bias).collect();
        let inn = potential(layer, Compartment::InnSoma);
        let dendrite = potential(layer, Compartment::InnDendrite);
        let e_ip = errors(&inn, dendrite, params.dendritic_prediction());
        step(&mut hidden.ip, share, &e_ip, &pre);
        let apical = potential(layer, Compartment::Apical);
        let e_pi: Vec<T> = apical.iter().map(|v| -*v).collect();
        step(&mut hidden.pi, share, &e_pi, &rates(&inn));
    }
}

fn step<T: Real>(delta: &mut DMatrix<T>, share: T, e: &[T], r: &[T]) {
    for (j, r) in r.iter().enumerate() {
        for (i, e) in e.iter().enumerate() {
            let old = delta[(i, j)];
            delta[(i, j)] = old + share * (*e * *r - old);
        }
    }
}

/// The Δ of one set of synapses; none for feedback weights, which are not plastic.
pub(crate) fn delta_of<T: Real>(
    deltas: Option<&Weights<T>>,
    layer: usize,
    synapse: Synapse,
) -> Option<DMatrix<T>> {
    if synapse == Synapse::Down {
        return None;
    }
    deltas?.get(layer, synapse).cloned()
}
