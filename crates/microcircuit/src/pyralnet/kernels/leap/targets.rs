//! The neurons above a hidden layer, and its interneurons, in a leap.

use super::apical::Entering;
use super::weigh::{add, first3, of_values, splat, vectors};
use crate::Real;
use crate::kernels::elementary::Rate;
use crate::pyralnet::state::State;
use crate::pyralnet::state::layer::Layer;
use crate::pyralnet::state::moments::{Functional, LeapWeights, Moments};
use crate::pyralnet::state::nodes::{Course, LayerNodes};
use pulp::Simd;

/// What else than drives enters the somata above layer `l + 1` in all steps: target, or apical potentials.
#[inline(always)]
pub(super) fn enter<T: Real, S: Simd>(
    s: S,
    learn: bool,
    state: &mut State<T>,
    course: &mut Course<T>,
    l: usize,
    moments: &Moments,
    weights: &LeapWeights,
) {
    state.layers[l].targets.extra.fill(T::ZERO);
    if l + 1 < course.layers.len() {
        let (below, above) = state.layers.split_at_mut(l + 1);
        let extra = T::vectors_mut::<S>(&mut below[l].targets.extra);
        let apical = Entering::<T, S>::new(s, learn, &mut above[0], weights);
        let (past, end) = course.layers[l + 1].apical.parts();
        let ([a0, a1, a2], end) = (vectors::<T, S>(past), T::vectors::<S>(end));
        for b in 0..end.len().min(extra.len()) {
            extra[b] = apical.add(s, b, extra[b], [a0[b], a1[b], a2[b], end[b]]);
        }
    } else if state.target.gain() > 0.0 {
        let (target, gain) = (&state.target.potential, state.target.gain());
        let constant = gain * moments.constant(Functional::Nudged);
        let fading = gain * moments.fading(Functional::Nudged);
        let (goal, now) = (target.goal(), target.value());
        let extra = &mut state.layers[l].targets.extra;
        for i in 0..goal.len() {
            extra[i] = T::from_f64(constant * goal[i] + fading * (now[i] - goal[i]));
        }
    }
}

/// One value for the pyramidal neurons among the targets, and one for the interneurons.
#[inline(always)]
pub(in crate::pyralnet::kernels) fn sides<T: Real, S: Simd>(
    s: S,
    above: T::V<S>,
    [up, inn]: [T::V<S>; 2],
) -> T::V<S> {
    let below = T::v_sub(s, T::splat(s, T::ONE), above);
    T::fma(s, above, up, T::v_mul(s, below, inn))
}

/// Adds what pyramidal neurons pass on to their interneurons.
#[inline(always)]
pub(in crate::pyralnet::kernels) fn pass_on<T: Real, S: Simd>(
    s: S,
    m: usize,
    nudging: &[T],
    passed: &[T],
    to: &mut [T],
) {
    let lanes = size_of::<T::V<S>>() / size_of::<T>();
    if 2 * m <= lanes {
        let nudging = T::vectors::<S>(nudging)[0];
        let passed = T::rotate_up::<S>(s, T::vectors::<S>(passed)[0], m);
        let to = T::vectors_mut::<S>(to);
        to[0] = T::fma(s, nudging, passed, to[0]);
        return;
    }
    let (nudging, to) = (&nudging[m..2 * m], &mut to[m..2 * m]);
    let passed = &passed[..m];
    for i in 0..m {
        to[i] += nudging[i] * passed[i];
    }
}

/// Somata and rates of the targets at the end, with drives as predicted.
#[inline(always)]
pub(super) fn predict_targets<T: Real, S: Simd, R: Rate>(
    s: S,
    layer: &mut Layer<T>,
    nodes: &mut LayerNodes<T>,
    kind: Functional,
    moments: &Moments,
    weights: &LeapWeights,
) {
    let m = layer.above();
    let t = &mut layer.targets;
    let of_up = splat::<T, S, 3>(s, first3(weights.of(kind)));
    let of_inn = splat::<T, S, 3>(s, first3(weights.of(Functional::Inn)));
    let pass = splat::<T, S, 4>(s, of_values(weights, Functional::Inn));
    let [keep_up, keep_inn] =
        splat::<T, S, 2>(s, [moments.keep(kind), moments.keep(Functional::Inn)]);
    let gain = T::vectors::<S>(&t.constants.gain);
    let (extra, above) = (T::vectors::<S>(&t.extra), T::vectors::<S>(&nodes.above));
    let (past, _) = nodes.drive.parts();
    let [v0, v1, v2] = vectors::<T, S>(past);
    let (past, end) = nodes.soma.parts();
    let [u0, u1, u2] = vectors::<T, S>(past);
    let soma = T::vectors_mut::<S>(end);
    let passed = T::vectors_mut::<S>(&mut nodes.passed);
    for b in 0..soma.len() {
        let (mut drive, values) = (T::splat(s, T::ZERO), [v0[b], v1[b], v2[b]]);
        for a in 0..3 {
            let of = sides::<T, S>(s, above[b], [of_up[a], of_inn[a]]);
            drive = T::fma(s, of, values[a], drive);
        }
        let keep = sides::<T, S>(s, above[b], [keep_up, keep_inn]);
        let u = T::fma(s, keep, u0[b], T::fma(s, gain[b], drive, extra[b]));
        let zero = T::splat(s, T::ZERO);
        passed[b] = add::<T, S, 4>(s, zero, pass, [u0[b], u1[b], u2[b], u]);
        soma[b] = u;
    }
    pass_on::<T, S>(s, m, &t.constants.nudging, &nodes.passed, end);
    let rate = T::vectors_mut::<S>(nodes.rate.end_mut());
    let soma = T::vectors::<S>(end);
    for b in 0..soma.len() {
        rate[b] = R::rate::<T, S>(s, soma[b]);
    }
}

/// Somata and rates of the targets with drives as they are, and errors; the largest change of a rate. What the changes of
/// rates add to the rates that [`Entering`] sums up is left in `passed`.
#[inline(always)]
pub(super) fn correct_targets<T: Real, S: Simd, R: Rate>(
    s: S,
    learn: bool,
    layer: &mut Layer<T>,
    nodes: &mut LayerNodes<T>,
    kind: Functional,
    weights: &LeapWeights,
) -> f64 {
    let m = layer.above();
    let constants = &layer.targets.constants;
    let end = splat::<T, S, 3>(s, first3(weights.of(Functional::End)));
    let missed = [weights.of(kind)[3], weights.of(Functional::Inn)[3]];
    let [up, inn] = splat::<T, S, 2>(s, missed);
    let above = T::vectors::<S>(&nodes.above);
    let gain = T::vectors::<S>(&constants.gain);
    let (past, now) = nodes.drive.parts();
    let [v0, v1, v2] = vectors::<T, S>(past);
    let drive = T::vectors_mut::<S>(now);
    let soma = T::vectors_mut::<S>(nodes.soma.end_mut());
    let passed = T::vectors_mut::<S>(&mut nodes.passed);
    for b in 0..soma.len() {
        let zero = T::splat(s, T::ZERO);
        let predicted = add::<T, S, 3>(s, zero, end, [v0[b], v1[b], v2[b]]);
        let missed = T::v_mul(s, gain[b], T::v_sub(s, drive[b], predicted));
        let change = T::v_mul(s, sides::<T, S>(s, above[b], [up, inn]), missed);
        soma[b] = T::v_add(s, soma[b], change);
        passed[b] = T::v_mul(s, inn, change);
    }
    pass_on::<T, S>(
        s,
        m,
        &constants.nudging,
        &nodes.passed,
        nodes.soma.end_mut(),
    );
    let soma = T::vectors::<S>(nodes.soma.end());
    let rate = T::vectors_mut::<S>(nodes.rate.end_mut());
    let prediction = T::vectors::<S>(&constants.prediction);
    let learning = T::vectors::<S>(&constants.learning);
    let plastic = learn && layer.forward.is_plastic();
    let changes = &mut nodes.changes;
    let (past, error) = nodes.error.parts();
    let [e0, e1, e2] = vectors::<T, S>(past);
    let error = T::vectors_mut::<S>(error);
    let places = changes.last();
    let of_w = T::vectors_mut::<S>(&mut changes.of_w);
    let of_p = T::vectors_mut::<S>(&mut changes.of_p);
    let to_w = splat::<T, S, 4>(s, weights.of_products[0][3]);
    let to_p = splat::<T, S, 4>(s, weights.of_products[1][3]);
    let hidden = T::splat(s, T::from_f64(weights.of(Functional::Hidden)[3]));
    let passed = T::vectors_mut::<S>(&mut nodes.passed);
    let mut largest = T::splat(s, T::ZERO);
    for b in 0..soma.len() {
        let old = rate[b];
        if plastic {
            let predicted = T::v_mul(s, prediction[b], drive[b]);
            let [r, predicted] = R::rates::<T, S, 2>(s, [soma[b], predicted]);
            rate[b] = r;
            error[b] = T::v_mul(s, learning[b], T::v_sub(s, r, predicted));
            let zero = T::splat(s, T::ZERO);
            let before = add::<T, S, 3>(s, zero, end, [e0[b], e1[b], e2[b]]);
            let missed = T::v_sub(s, error[b], before);
            for node in 0..4 {
                let j = places[node] * soma.len() + b;
                of_w[j] = T::fma(s, to_w[node], missed, of_w[j]);
                of_p[j] = T::fma(s, to_p[node], missed, of_p[j]);
                let product = T::splat(s, changes.products[places[node]]);
                let change = T::v_mul(s, to_w[node], missed);
                drive[b] = T::fma(s, change, product, drive[b]);
            }
        } else {
            rate[b] = R::rate::<T, S>(s, soma[b]);
        }
        let change = T::v_sub(s, rate[b], old);
        passed[b] = T::v_mul(s, hidden, change);
        largest = T::v_max(s, T::v_abs(s, change), largest);
    }
    T::v_largest(s, largest).to_f64()
}

/// Passes a change of apical potentials of layer `l + 1` on to its somata, which are targets of the layer below.
#[inline(always)]
pub(super) fn lift_correction<T: Real, S: Simd, R: Rate>(
    s: S,
    learn: bool,
    state: &mut State<T>,
    course: &mut Course<T>,
    l: usize,
    weights: &LeapWeights,
) {
    let hidden = T::splat(s, T::from_f64(weights.of(Functional::Hidden)[3]));
    let (below, above) = state.layers.split_at_mut(l);
    let (_, to_soma) = above[0].feedback.parts();
    let nodes = &mut course.layers[l - 1];
    let learning = T::vectors::<S>(&below[l - 1].targets.constants.learning);
    let soma = T::vectors_mut::<S>(nodes.soma.end_mut());
    let rate = T::vectors_mut::<S>(nodes.rate.end_mut());
    let error = T::vectors_mut::<S>(nodes.error.end_mut());
    let passed = T::vectors_mut::<S>(&mut nodes.passed);
    let to_soma = T::vectors::<S>(to_soma);
    for b in 0..to_soma.len().min(soma.len()) {
        let du = to_soma[b];
        let dr = T::v_mul(s, R::slope::<T, S>(s, rate[b]), du);
        soma[b] = T::v_add(s, soma[b], du);
        rate[b] = T::v_add(s, rate[b], dr);
        passed[b] = T::fma(s, hidden, dr, passed[b]);
        if learn {
            error[b] = T::fma(s, learning[b], dr, error[b]);
        }
    }
}
