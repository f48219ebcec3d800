//! Apical potentials in a leap, and the synapses `W_pi`.

use super::weigh::{add, first3, of_values, splat, vectors};
use crate::Real;
use crate::kernels::columns::{add_weighted, weighted_sum};
use crate::pyralnet::state::layer::{FeedbackParts, Layer};
use crate::pyralnet::state::moments::{Functional, LeapWeights, Moments};
use crate::pyralnet::state::nodes::LayerNodes;
use pulp::Simd;

/// What apical potentials add to the somata of a layer in a leap: if `W_pi` changes, by their values at the nodes, else by
/// the rates of the targets, summed up before they are weighted.
pub(super) struct Entering<'a, T: Real, S: Simd> {
    by_nodes: bool,
    of: [T::V<S>; 4],
    columns: &'a [T::V<S>],
    all: usize,
    rates: &'a [T],
}

/// Whether the synapses `W_pi` change.
#[inline(always)]
pub(super) fn changes_pi<T: Real>(learn: bool, feedback: &FeedbackParts<'_, T>) -> bool {
    learn && feedback.learning != T::ZERO
}

impl<'a, T: Real, S: Simd> Entering<'a, T, S> {
    #[inline(always)]
    pub(super) fn new(s: S, learn: bool, layer: &'a mut Layer<T>, weights: &LeapWeights) -> Self {
        let all = 2 * layer.above();
        let (feedback, _) = layer.feedback.parts();
        let of = splat::<T, S, 4>(s, of_values(weights, Functional::Hidden));
        Self::of(learn, all, feedback, of)
    }

    /// The same with `all` columns, and the weights of the values at the nodes.
    #[inline(always)]
    pub(super) fn of(
        learn: bool,
        all: usize,
        feedback: FeedbackParts<'a, T>,
        of: [T::V<S>; 4],
    ) -> Self {
        Self {
            by_nodes: changes_pi::<T>(learn, &feedback),
            of,
            all,
            columns: T::vectors::<S>(feedback.w),
            rates: feedback.rates,
        }
    }

    /// Adds it to those of block `b`, with its values at the nodes.
    #[inline(always)]
    pub(super) fn add(&self, s: S, b: usize, to: T::V<S>, apical: [T::V<S>; 4]) -> T::V<S> {
        if self.by_nodes {
            return add::<T, S, 4>(s, to, self.of, apical);
        }
        let columns = &self.columns[b * self.all..b * self.all + self.rates.len()];
        add_weighted::<T, S>(s, to, columns, self.rates)
    }
}

/// Leaves with the feedback what apical potentials add to the somata of a layer, see [`Entering`].
#[inline(always)]
pub(super) fn predict_apical<T: Real, S: Simd>(
    s: S,
    learn: bool,
    layer: &mut Layer<T>,
    nodes: &mut LayerNodes<T>,
    moments: &Moments,
    weights: &LeapWeights,
) {
    let m = layer.above();
    let (mut feedback, _) = layer.feedback.parts();
    if changes_pi::<T>(learn, &feedback) {
        return predict_pi::<T, S>(s, feedback, nodes, moments, weights);
    }
    let of = splat::<T, S, 4>(s, of_values(weights, Functional::Hidden));
    let (past, end) = nodes.rate.parts();
    let ([r0, r1, r2], end) = (vectors::<T, S>(past), T::vectors::<S>(end));
    let summed = T::vectors_mut::<S>(&mut nodes.passed);
    for b in 0..summed.len() {
        let zero = T::splat(s, T::ZERO);
        summed[b] = add::<T, S, 4>(s, zero, of, [r0[b], r1[b], r2[b], end[b]]);
    }
    feedback.take_rates(&nodes.passed[..2 * m]);
}

/// What synapses `W_pi` become until the end, and apical potentials there.
#[inline(always)]
pub(super) fn predict_pi<T: Real, S: Simd>(
    s: S,
    mut feedback: FeedbackParts<'_, T>,
    nodes: &mut LayerNodes<T>,
    moments: &Moments,
    weights: &LeapWeights,
) {
    let m = nodes.factors[0].len();
    feedback.take_rates(&nodes.rate.end()[..2 * m]);
    let learning = feedback.learning.to_f64();
    let ([r0, r1, r2], end) = nodes.rate.parts();
    for i in 0..2 {
        let of = &weights.of_products[i];
        for k in 0..m {
            let rates = [r0[m + k], r1[m + k], r2[m + k], end[m + k]];
            for a in 0..4 {
                let mut sum = 0.0;
                for b in 0..4 {
                    sum += of[a][b] * rates[b].to_f64();
                }
                nodes.factors[i][k][a] = T::from_f64(learning * sum);
            }
        }
    }
    let (used, all) = (feedback.rates.len(), 2 * m);
    let w = T::vectors_mut::<S>(feedback.w);
    let p = T::vectors_mut::<S>(feedback.p);
    let (past, end) = nodes.apical.parts();
    let [a0, a1, a2] = vectors::<T, S>(past);
    let end = T::vectors_mut::<S>(end);
    let [sum, power] = splat::<T, S, 2>(s, [moments.sum, moments.power]);
    for b in 0..end.len() {
        let w = &mut w[b * all..(b + 1) * all];
        let values = [a0[b], a1[b], a2[b]];
        for k in 0..m {
            let (w, p) = (&mut w[m + k], &mut p[b * m + k]);
            let old = *p;
            let (mut w_new, mut p_new) = (T::fma(s, sum, old, *w), T::v_mul(s, power, old));
            for a in 0..3 {
                w_new = T::fma(s, T::splat(s, nodes.factors[0][k][a]), values[a], w_new);
                p_new = T::fma(s, T::splat(s, nodes.factors[1][k][a]), values[a], p_new);
            }
            (*w, *p) = (w_new, p_new);
        }
        end[b] = weighted_sum::<T, S>(s, &w[..used], feedback.rates);
    }
}

/// What the changes of rates of the targets do to the apical potentials of a layer and to its synapses `W_pi`; what they do
/// to its somata is left with the feedback.
#[inline(always)]
pub(super) fn correct_apical<T: Real, S: Simd>(
    s: S,
    learn: bool,
    layer: &mut Layer<T>,
    nodes: &mut LayerNodes<T>,
    weights: &LeapWeights,
) {
    let m = layer.above();
    let (mut feedback, to_soma) = layer.feedback.parts();
    let to_soma = T::vectors_mut::<S>(to_soma);
    let plastic = changes_pi::<T>(learn, &feedback);
    let of_rates = if plastic {
        nodes.rate.end()
    } else {
        &nodes.passed
    };
    feedback.take_rates(&of_rates[..2 * m]);
    let w = T::vectors_mut::<S>(feedback.w);
    let p = T::vectors_mut::<S>(feedback.p);
    let (used, all) = (feedback.rates.len(), 2 * m);
    if !plastic {
        for b in 0..to_soma.len() {
            to_soma[b] = weighted_sum::<T, S>(s, &w[b * all..b * all + used], feedback.rates);
        }
        return;
    }
    let missed_to_soma = T::splat(s, T::from_f64(weights.of(Functional::Hidden)[3]));
    let of_end = splat::<T, S, 3>(s, first3(weights.of(Functional::End)));
    let (past, end) = nodes.apical.parts();
    let ([a0, a1, a2], end) = (vectors::<T, S>(past), T::vectors_mut::<S>(end));
    for b in 0..end.len() {
        let w = &mut w[b * all..(b + 1) * all];
        let apical = weighted_sum::<T, S>(s, &w[..used], feedback.rates);
        to_soma[b] = T::v_mul(s, missed_to_soma, T::v_sub(s, apical, end[b]));
        end[b] = apical;
        let zero = T::splat(s, T::ZERO);
        let predicted = add::<T, S, 3>(s, zero, of_end, [a0[b], a1[b], a2[b]]);
        let missed = T::v_sub(s, apical, predicted);
        for k in 0..m {
            let of_w = T::splat(s, nodes.factors[0][k][3]);
            let of_p = T::splat(s, nodes.factors[1][k][3]);
            w[m + k] = T::fma(s, of_w, missed, w[m + k]);
            p[b * m + k] = T::fma(s, of_p, missed, p[b * m + k]);
        }
    }
}
