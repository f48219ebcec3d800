//! Potentials of a state, for observers: plainly, and when they are asked for.

use super::state::State;
use crate::Real;
use crate::compartment::Compartment;
use crate::weights::Synapse;

/// A potential of `layer` (from 1): somata as they are, and dendrites as the next step is going to compute them; `None`
/// where there is no such compartment. The weights must be up to date.
pub(super) fn potential<T: Real>(
    state: &State<T>,
    layer: usize,
    compartment: Compartment,
) -> Option<Vec<T>> {
    match compartment {
        Compartment::Soma | Compartment::InnSoma => state.somata(layer, compartment),
        Compartment::Basal => drive(state, layer, Synapse::Up, &presynaptic(state, layer - 1)?),
        Compartment::InnDendrite => drive(state, layer, Synapse::Ip, &presynaptic(state, layer)?),
        Compartment::Apical => {
            let above = rates(state, layer + 1, Compartment::Soma)?;
            let inns = rates(state, layer, Compartment::InnSoma)?;
            let feedback = drive(state, layer, Synapse::Down, &above)?;
            let lateral = drive(state, layer, Synapse::Pi, &inns)?;
            let sums = feedback.iter().zip(&lateral);
            Some(sums.map(|(a, b)| *a + *b).collect())
        }
    }
}

fn rates<T: Real>(state: &State<T>, layer: usize, compartment: Compartment) -> Option<Vec<T>> {
    let activation = state.params().raw().activation;
    let somata = state.somata(layer, compartment)?;
    Some(somata.into_iter().map(|u| activation.rate(u)).collect())
}

/// Rates of the input or a hidden layer as the next step uses them, with bias.
fn presynaptic<T: Real>(state: &State<T>, layer: usize) -> Option<Vec<T>> {
    if layer == 0 {
        let input = state.input.next_rates();
        return Some(input.into_iter().map(T::from_f64).collect());
    }
    let mut rates = rates(state, layer, Compartment::Soma)?;
    rates.extend(state.params().raw().bias_rate.map(T::from_f64));
    Some(rates)
}

/// `W r`; `None` where there are no such synapses.
fn drive<T: Real>(state: &State<T>, layer: usize, synapse: Synapse, r: &[T]) -> Option<Vec<T>> {
    let weights = state.weights_of(layer, synapse)?;
    let product = |row: usize| (0..r.len()).map(|j| weights[(row, j)] * r[j]).sum();
    Some((0..weights.nrows()).map(product).collect())
}
