//! What both plain networks are made of.

use nalgebra::{DMatrix, DVector};

use crate::{Params, Real};
use vecmath::Activation;

/// Rates of a layer as its targets see them: `f(u)`, and the bias neuron's rate, last, if there is one.
pub(super) fn presynaptic<T: Real>(params: &Params, soma: &DVector<T>) -> DVector<T> {
    with_bias(params, rates(params.raw().activation, soma))
}

pub(super) fn with_bias<T: Real>(params: &Params, rates: DVector<T>) -> DVector<T> {
    match params.raw().bias_rate {
        Some(bias) => rates.push(T::from_f64(bias)),
        None => rates,
    }
}

pub(super) fn rates<T: Real>(activation: Activation, soma: &DVector<T>) -> DVector<T> {
    soma.map(|u| activation.rate(u))
}

/// `W x`, row by row.
pub(super) fn drive<T: Real>(weights: &DMatrix<T>, x: &DVector<T>) -> DVector<T> {
    DVector::from_fn(weights.nrows(), |i, _| {
        (0..weights.ncols()).map(|j| weights[(i, j)] * x[j]).sum()
    })
}

/// `matrix += factor · e rᵀ + (scale - 1) · matrix`.
pub(super) fn decay_and_add<T: Real>(
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
pub(super) fn add_scaled<T: Real>(weights: &mut DMatrix<T>, factor: T, delta: &DMatrix<T>) {
    for (w, d) in weights.iter_mut().zip(delta.iter()) {
        *w += factor * *d;
    }
}

/// The somatic potentials (and, filled by each step, the dendritic ones) of one layer.
#[derive(Clone, Debug)]
pub(super) struct Layer<T: Real> {
    pub(super) soma: DVector<T>,
    pub(super) basal: DVector<T>,
    pub(super) apical: DVector<T>,
    pub(super) inn_soma: DVector<T>,
    pub(super) inn_dendrite: DVector<T>,
}

impl<T: Real> Layer<T> {
    pub(super) fn resting(params: &Params) -> Vec<Self> {
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

    pub(super) fn potential(&self, compartment: crate::Compartment) -> Option<Vec<T>> {
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
