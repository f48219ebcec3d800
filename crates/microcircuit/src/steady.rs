//! Instantaneous steady states: where a potential would settle if all others stood still.
//!
//! With potentials u, dendritic potentials v and conductances g, every soma obeys
//!
//! ```text
//! output         u̇ = -g_l u + g_b (v_basal - u) [+ g_som (u_target - u) if nudged]
//! interneuron    u̇ = -g_l u + g_d (v_dendrite - u) + g_som (u_next - u)
//! hidden         u̇ = -g_l u + g_b (v_basal - u) + g_a (v_apical - u)
//! ```
//!
//! (Hill, *Neuro-Backprop*, 2020, section 1). All slices hold one entry per neuron; layers count from 1.

use nalgebra::DMatrix;

use crate::Params;
use crate::weights::{Synapse, Weights};

/// Steady-state somata of the output layer, given the somata of the last hidden layer, and nudged by `target`
/// if there is one.
///
/// ```text
/// u = (g_b v_basal + g_som u_target) / (g_l + g_b + g_som)
/// ```
///
/// `None` if a length does not fit the parameters.
pub fn output(
    params: &Params,
    weights: &Weights<f64>,
    hidden: &[f64],
    target: Option<&[f64]>,
) -> Option<Vec<f64>> {
    let raw = params.raw();
    let basal = drive(&weights.output, &with_bias(params, &rates(params, hidden)))?;
    let Some(target) = target else {
        return Some(
            basal
                .iter()
                .map(|v| raw.g_b * v / (raw.g_l + raw.g_b))
                .collect(),
        );
    };
    let total = raw.g_l + raw.g_b + raw.g_som;
    (target.len() == basal.len()).then(|| {
        basal
            .iter()
            .zip(target)
            .map(|(v, u)| (raw.g_b * v + raw.g_som * u) / total)
            .collect()
    })
}

/// Steady-state somata of the interneurons of hidden `layer`, given the somata of its pyramidal neurons and of
/// the layer above.
///
/// ```text
/// u = (g_d v_dendrite + g_som u_next) / (g_l + g_d + g_som)
/// ```
///
/// `None` if a length does not fit the parameters, or `layer` is not hidden.
pub fn interneurons(
    params: &Params,
    weights: &Weights<f64>,
    layer: usize,
    soma: &[f64],
    next: &[f64],
) -> Option<Vec<f64>> {
    let raw = params.raw();
    let dendrite = drive(
        weights.get(layer, Synapse::Ip)?,
        &with_bias(params, &rates(params, soma)),
    )?;
    let total = raw.g_l + raw.g_d + raw.g_som;
    (next.len() == dendrite.len()).then(|| {
        dendrite
            .iter()
            .zip(next)
            .map(|(v, u)| (raw.g_d * v + raw.g_som * u) / total)
            .collect()
    })
}

/// Derivatives u̇ of the somata of hidden `layer`, in 1/ms, given the rates of the layer below (without bias) and
/// the somata of the layer, of its interneurons and of the layer above.
///
/// `None` if a length does not fit the parameters, or `layer` is not hidden.
pub fn pyramidal_derivative(
    params: &Params,
    weights: &Weights<f64>,
    layer: usize,
    below: &[f64],
    soma: &[f64],
    inn: &[f64],
    next: &[f64],
) -> Option<Vec<f64>> {
    let raw = params.raw();
    let basal = drive(weights.get(layer, Synapse::Up)?, &with_bias(params, below))?;
    let feedback = drive(weights.get(layer, Synapse::Down)?, &rates(params, next))?;
    let lateral = drive(weights.get(layer, Synapse::Pi)?, &rates(params, inn))?;
    (soma.len() == basal.len()).then(|| {
        (0..soma.len())
            .map(|i| {
                let (u, apical) = (soma[i], feedback[i] + lateral[i]);
                -raw.g_l * u + raw.g_b * (basal[i] - u) + raw.g_a * (apical - u)
            })
            .collect()
    })
}

fn rates(params: &Params, soma: &[f64]) -> Vec<f64> {
    soma.iter()
        .map(|u| params.raw().activation.rate(*u))
        .collect()
}

fn with_bias(params: &Params, rates: &[f64]) -> Vec<f64> {
    rates
        .iter()
        .copied()
        .chain(params.raw().bias_rate)
        .collect()
}

fn drive(weights: &DMatrix<f64>, rates: &[f64]) -> Option<Vec<f64>> {
    (weights.ncols() == rates.len()).then(|| {
        weights
            .row_iter()
            .map(|row| row.iter().zip(rates).map(|(w, r)| w * r).sum())
            .collect()
    })
}
