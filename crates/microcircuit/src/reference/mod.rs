//! Both networks written down as plainly as possible: the oracle of the tests, and the yardstick of the benches.
//!
//! Nothing here is tuned. [`crate::PyraLNet`] and [`crate::SteadNet`] compute the same, to rounding.

mod pyralnet;
mod steadnet;

pub use pyralnet::PlainPyraLNet;
pub use steadnet::PlainSteadNet;

use nalgebra::{DMatrix, DVector};

use crate::Activation;
use crate::{Params, Real};

/// Rates of a layer as its targets see them: `f(u)`, and the bias neuron's rate, last, if there is one.
fn presynaptic<T: Real>(params: &Params, soma: &DVector<T>) -> DVector<T> {
    with_bias(params, rates(params.raw().activation, soma))
}

fn with_bias<T: Real>(params: &Params, rates: DVector<T>) -> DVector<T> {
    match params.raw().bias_rate {
        Some(bias) => rates.push(T::from_f64(bias)),
        None => rates,
    }
}

fn rates<T: Real>(activation: Activation, soma: &DVector<T>) -> DVector<T> {
    soma.map(|u| activation.rate(u))
}

/// `W x`, row by row.
fn drive<T: Real>(weights: &DMatrix<T>, x: &DVector<T>) -> DVector<T> {
    DVector::from_fn(weights.nrows(), |i, _| {
        (0..weights.ncols()).map(|j| weights[(i, j)] * x[j]).sum()
    })
}

/// `matrix += factor · e rᵀ + (scale - 1) · matrix`.
fn decay_and_add<T: Real>(
    matrix: &mut DMatrix<T>,
    scale: T,
    factor: T,
    e: &DVector<T>,
    r: &DVector<T>,
) {
    for j in 0..matrix.ncols() {
        for i in 0..matrix.nrows() {
            matrix[(i, j)] = scale * matrix[(i, j)] + factor * e[i] * r[j];
        }
    }
}

/// `weights += factor · delta`.
fn add_scaled<T: Real>(weights: &mut DMatrix<T>, factor: T, delta: &DMatrix<T>) {
    for (w, d) in weights.iter_mut().zip(delta.iter()) {
        *w += factor * *d;
    }
}

/// The somatic potentials (and, filled by each step, the dendritic ones) of one layer.
#[derive(Clone, Debug)]
struct Layer<T: Real> {
    soma: DVector<T>,
    basal: DVector<T>,
    apical: DVector<T>,
    inn_soma: DVector<T>,
    inn_dendrite: DVector<T>,
}

impl<T: Real> Layer<T> {
    fn resting(params: &Params) -> Vec<Self> {
        let zeros = |n| DVector::from_element(n, T::default());
        let n_layers = params.n_hidden() + 1;
        (1..=n_layers)
            .map(|l| {
                let (n, hidden) = (params.dim(l), l < n_layers);
                let inns = if hidden { params.dim(l + 1) } else { 0 };
                Self {
                    soma: zeros(n),
                    basal: zeros(n),
                    apical: zeros(if hidden { n } else { 0 }),
                    inn_soma: zeros(inns),
                    inn_dendrite: zeros(inns),
                }
            })
            .collect()
    }

    fn potential(&self, compartment: crate::Compartment) -> Option<Vec<T>> {
        use crate::Compartment::{Apical, Basal, InnDendrite, InnSoma, Soma};
        let values = match compartment {
            Basal => &self.basal,
            Apical => &self.apical,
            Soma => &self.soma,
            InnDendrite => &self.inn_dendrite,
            InnSoma => &self.inn_soma,
        };
        (!values.is_empty()).then(|| values.as_slice().to_vec())
    }
}
