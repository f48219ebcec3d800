//! Many Euler steps at once: the adaptive integrator, an exponential Adams predictor-corrector scheme of variable step.
//!
//! A *leap* of m steps sums up what m Euler steps do. What is linear is summed exactly: leaks, the low-pass filters of input,
//! target and weight changes, and the input's drive with the weights that change meanwhile. What couples the neurons is
//! interpolated between *nodes*, the moments at which the network is evaluated. Through the values y₀, y₁, y₂ at the last
//! three nodes, the second h₁ steps before the first and the third h₂ before that, and y(m) at the one to come leads
//!
//! ```text
//! y(j) = y₀ + j [y₀ y₁] + j (j + h₁) [y₀ y₁ y₂] + (y(m) - ŷ) N(j)/N(m)       N(j) = j (j + h₁) (j + h₁ + h₂)
//! ```
//!
//! with divided differences \[·\], and the prediction ŷ, which the first three terms make of y(m). Whatever is linear in y
//! is thus a weighted sum of y₀, y₁, y₂ and y(m) - ŷ, whose weights [`moments`](crate::pyralnet::state::moments) holds:
//!
//! ```text
//! somata            u ← κᵐ u + Σ_j κ^(m-1-j) I(j)                               κ = 1 - dt Σg, I: everything but the leak
//! of them layer 1   I(j) = (1-κ) û(j) + apical(j),  û(j) ∝ W(j) x(j)            x(j) = goal + a^(j+1) (x - goal)
//! weights           W(j) = W + S_j P + Σ_{i<j} S_(j-1-i) c e(i) x(i)ᵀ           S_j = 1 + β + … + β^(j-1)
//! and changes       P(j) = βʲ P + Σ_{i<j} β^(j-1-i) c e(i) x(i)ᵀ                c = dt η dt/τ_w, β = 1 - dt/τ_w
//! ```
//!
//! The weights onto the targets change by the product of two courses, e(i) and r(i); their changes are kept as what they
//! are made of, see [`LowRank`]. A leap goes once through the network, and evaluates it once:
//!
//! 1. From the output down: somata of the targets with drives V = W r as predicted, interneurons after those that nudge
//!    them, rates, apical potentials at the end.
//! 2. Layer 1, with apical potentials and errors until the end; its rates, and errors as they are.
//! 3. Up again: drives as they are. What the prediction missed is added to somata, and rates and errors are computed.
//! 4. Down again: the same for apical potentials, and for the errors of layer 1 in its weights and somata; its errors change
//!    by the slopes of f.
//!
//! With m = 1 nothing is interpolated, and a leap is Euler's step. [`Pace`](crate::pyralnet::state::pace::Pace) says how long
//! leaps are, by the distance of y(m) from ŷ. The first leaps of a pattern, and those after weights become plastic, are
//! single steps, since no course leads there smoothly; before them the network is evaluated by a leap of no steps.
//!
//! Source of such schemes, with exponentials for powers: S. Cox and P. Matthews, J. Comput. Phys. 176 (2002), 430-455;
//! M. Hochbruck and A. Ostermann, *Exponential integrators*, Acta Numerica 19 (2010), 209-286.

use pulp::{Simd, WithSimd};

use super::general::lift_rates;
use crate::Real;
use crate::kernels::columns::{add_weighted, weighted_sum};
use crate::kernels::elementary::Rate;
use crate::kernels::rows::{Products, store_sums};
use crate::pyralnet::job::Segment;
use crate::pyralnet::state::layer::{FeedbackParts, Layer};
use crate::pyralnet::state::low_rank::{CAPACITY, LowRank};
use crate::pyralnet::state::moments::{Functional, Moments, Weights};
use crate::pyralnet::state::nodes::{Course, LayerNodes, Memory};
use crate::pyralnet::state::pace::Found;
use crate::pyralnet::state::{Parts, State};

/// Leaps over the steps of a segment.
#[inline(always)]
pub(super) fn leaps<T: Real, S: Simd, R: Rate>(
    s: S,
    state: &mut State<T>,
    segment: Segment,
    memory: &mut Memory<T>,
) {
    let learn = segment.plastic;
    if memory.pace.starts(learn, segment.averaged > 0) {
        for (layer, nodes) in state.layers.iter().zip(&mut memory.course.layers) {
            nodes.changes.clear();
            nodes.soma.now_mut().copy_from_slice(&layer.targets.soma);
        }
        leap::<T, S, R>(s, learn, state, memory, 0, 0);
    }
    let mut left = segment.steps;
    while left > 0 {
        let m = memory.pace.choose(left);
        left -= m;
        let averaged = m.min(segment.averaged.saturating_sub(left));
        leap::<T, S, R>(s, learn, state, memory, m, averaged);
    }
    for (layer, nodes) in state.layers.iter_mut().zip(&mut memory.course.layers) {
        apply::<T, S>(s, layer, &mut nodes.changes);
        layer.targets.soma.copy_from_slice(nodes.soma.now());
        layer.targets.rate.copy_from_slice(nodes.rate.now());
        layer.nudge();
    }
    lift_rates(&mut state.layers);
}

/// Numbers as vectors of one value.
#[inline(always)]
pub(super) fn splat<T: Real, S: Simd, const N: usize>(s: S, numbers: [f64; N]) -> [T::V<S>; N] {
    let mut vectors = [T::splat(s, T::ZERO); N];
    for i in 0..N {
        vectors[i] = T::splat(s, T::from_f64(numbers[i]));
    }
    vectors
}

/// A sum of vectors, added to `sum`.
#[inline(always)]
pub(super) fn add<T: Real, S: Simd, const N: usize>(
    s: S,
    mut sum: T::V<S>,
    weights: [T::V<S>; N],
    values: [T::V<S>; N],
) -> T::V<S> {
    for i in 0..N {
        sum = T::fma(s, weights[i], values[i], sum);
    }
    sum
}

/// Values at three nodes, as vectors.
#[inline(always)]
pub(super) fn vectors<T: Real, S: Simd>(past: [&[T]; 3]) -> [&[T::V<S>]; 3] {
    [
        T::vectors::<S>(past[0]),
        T::vectors::<S>(past[1]),
        T::vectors::<S>(past[2]),
    ]
}

/// The weights of the values at all four nodes, the last one being the end itself.
#[inline(always)]
fn of_values(weights: &Weights, functional: Functional) -> [f64; 4] {
    from_end(weights, weights.of(functional))
}

/// The same of weights that count the distance of the end from its prediction.
#[inline(always)]
fn from_end(weights: &Weights, mut of: [f64; 4]) -> [f64; 4] {
    let end = weights.of(Functional::End);
    for a in 0..3 {
        of[a] -= end[a] * of[3];
    }
    of
}

#[inline(always)]
fn first3(of: [f64; 4]) -> [f64; 3] {
    [of[0], of[1], of[2]]
}

/// What a leap does to the first hidden layer.
struct First<T: Real, S: Simd> {
    keep: T::V<S>,
    prediction: T::V<S>,
    /// Of the columns, to where the layer would settle.
    goal: [T::V<S>; 2],
    /// To its somata: of the columns of W and P, of apical potentials at all nodes, and of errors.
    of_w: [T::V<S>; 2],
    of_p: [T::V<S>; 2],
    of_apical: [T::V<S>; 4],
    of_error: [T::V<S>; 4],
    /// S, βᵐ, and to each column of W and P of the errors.
    sum: T::V<S>,
    power: T::V<S>,
    to_w: [[T::V<S>; 4]; 2],
    to_p: [[T::V<S>; 4]; 2],
    /// Of the errors in their prediction.
    end: [T::V<S>; 3],
    /// The input at the end.
    x: [T::V<S>; 2],
    /// Of a potential times its unit.
    per_unit: T::V<S>,
}

impl<T: Real, S: Simd> First<T, S> {
    #[inline(always)]
    fn new(s: S, state: &State<T>, moments: &Moments, weights: &Weights) -> Self {
        use Functional::*;
        let (leak, rates) = (state.first.leak(), &state.input.rates);
        let [goal, way] = rates.course();
        let (prediction, gain) = (leak.prediction.to_f64(), leak.gain.to_f64());
        let (to_soma, learning) = (prediction * gain, rates.learning());
        let fading = moments.fading(Hidden);
        let [drift, drift_fading] = moments.drift();
        let (mut of_w, mut of_p) = ([0.0; 2], [0.0; 2]);
        let (mut to_w, mut to_p, mut x) = ([[0.0; 4]; 2], [[0.0; 4]; 2], [0.0; 2]);
        let (plain, fades) = (weights.of(Weight), weights.of(WeightFading));
        let (p_plain, p_fades) = (weights.of(Change), weights.of(ChangeFading));
        let left = moments.left * (1.0 - state.input.share());
        for c in 0..2 {
            of_w[c] = to_soma * fading * way[c];
            of_p[c] = to_soma * (drift * goal[c] + drift_fading * way[c]);
            x[c] = goal[c] + left * way[c];
            for a in 0..4 {
                to_w[c][a] = learning * (goal[c] * plain[a] + way[c] * fades[a]);
                to_p[c][a] = learning * (goal[c] * p_plain[a] + way[c] * p_fades[a]);
            }
        }
        let product = |a: [f64; 2], b: [f64; 2]| a[0] * b[0] + a[1] * b[1];
        let (goals, mixed, ways) = (product(goal, goal), product(goal, way), product(way, way));
        let (plainly, mixed_up, fading_both) = (
            weights.of(Response),
            weights.of(ResponseMixed),
            weights.of(ResponseFading),
        );
        let mut of_error = [0.0; 4];
        for a in 0..4 {
            of_error[a] = to_soma
                * learning
                * (goals * plainly[a] + mixed * mixed_up[a] + ways * fading_both[a]);
        }
        Self {
            keep: T::splat(s, T::from_f64(moments.keep(Hidden))),
            prediction: T::splat(s, leak.prediction),
            goal: splat::<T, S, 2>(s, goal),
            of_w: splat::<T, S, 2>(s, of_w),
            of_p: splat::<T, S, 2>(s, of_p),
            of_apical: splat::<T, S, 4>(s, of_values(weights, Hidden)),
            of_error: splat::<T, S, 4>(s, of_error),
            sum: T::splat(s, T::from_f64(moments.sum)),
            power: T::splat(s, T::from_f64(moments.power)),
            to_w: [splat::<T, S, 4>(s, to_w[0]), splat::<T, S, 4>(s, to_w[1])],
            to_p: [splat::<T, S, 4>(s, to_p[0]), splat::<T, S, 4>(s, to_p[1])],
            end: splat::<T, S, 3>(s, first3(weights.of(End))),
            x: splat::<T, S, 2>(s, x),
            per_unit: T::splat(s, T::from_f64(1.0 / state.first.unit())),
        }
    }
}

/// `m` steps, the last of which are `averaged`; with m = 0, the node at which the network is.
#[inline(always)]
fn leap<T: Real, S: Simd, R: Rate>(
    s: S,
    learn: bool,
    state: &mut State<T>,
    memory: &mut Memory<T>,
    m: usize,
    averaged: usize,
) {
    let Memory {
        table,
        spacing,
        course,
        ..
    } = memory;
    let moments = table.of(m);
    let weights = Weights::new(moments, m, *spacing);
    let last = state.layers.len() - 1;
    let output = if state.target.gain() > 0.0 {
        Functional::Nudged
    } else {
        Functional::Free
    };
    let kind = |l: usize| {
        if l == last {
            output
        } else {
            Functional::Hidden
        }
    };
    for l in (0..=last).rev() {
        enter::<T, S>(s, learn, state, course, l, moments, &weights);
        let (layer, nodes) = (&mut state.layers[l], &mut course.layers[l]);
        predict_targets::<T, S, R>(s, layer, nodes, kind(l), moments, &weights);
        predict_apical::<T, S>(s, learn, layer, nodes, moments, &weights);
    }
    let first = First::<T, S>::new(s, state, moments, &weights);
    let [missed, errors] = predict_first::<T, S, R>(s, learn, state, course, &first);
    let mut changed = 0.0_f64;
    for l in 0..=last {
        let (layer, nodes) = (&mut state.layers[l], &mut course.layers[l]);
        s.vectorize(Drive {
            learn,
            layer,
            nodes,
            moments,
            weights: &weights,
        });
        let (layer, nodes) = (&mut state.layers[l], &mut course.layers[l]);
        let of_rates = correct_targets::<T, S, R>(s, learn, layer, nodes, kind(l), &weights);
        changed = changed.max(of_rates);
        if l < last {
            let n = layer.above();
            let rate = &course.layers[l].rate.end()[..n];
            state.layers[l + 1].forward.rate_mut()[..n].copy_from_slice(rate);
        }
    }
    for l in (0..=last).rev() {
        let (layer, nodes) = (&mut state.layers[l], &mut course.layers[l]);
        correct_apical::<T, S>(s, learn, layer, nodes, &weights);
        if l > 0 {
            lift_correction::<T, S, R>(s, learn, state, course, l, &weights);
        }
    }
    correct_first::<T, S, R>(s, learn, state, course, &first);
    if averaged > 0 {
        let of = weights.sum_after(table.of(m - averaged));
        let of = splat::<T, S, 4>(s, from_end(&weights, of));
        let (past, end) = course.layers[last].soma.parts();
        let sum = T::vectors_mut::<S>(&mut state.layers[last].targets.sum);
        let [u0, u1, u2] = vectors::<T, S>(past);
        let end = T::vectors::<S>(end);
        for b in 0..sum.len() {
            sum[b] = add::<T, S, 4>(s, sum[b], of, [u0[b], u1[b], u2[b], end[b]]);
        }
    }
    state.input.rates.approach(1.0 - moments.left);
    state.target.approach(1.0 - moments.left);
    let neurons = state.params().dim(1) as f64;
    let found = Found {
        changed,
        errors: (errors / neurons).sqrt(),
        missed: (missed / neurons).sqrt(),
    };
    memory.took(m, found);
}

/// What else than drives enters the somata above layer `l + 1` in all steps: target, or apical potentials.
#[inline(always)]
fn enter<T: Real, S: Simd>(
    s: S,
    learn: bool,
    state: &mut State<T>,
    course: &mut Course<T>,
    l: usize,
    moments: &Moments,
    weights: &Weights,
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
        let (target, gain) = (&state.target, state.target.gain());
        let constant = gain * moments.constant(Functional::Nudged);
        let fading = gain * moments.fading(Functional::Nudged);
        let (goal, now) = (target.goal(), target.potential());
        let extra = &mut state.layers[l].targets.extra;
        for i in 0..goal.len() {
            extra[i] = T::from_f64(constant * goal[i] + fading * (now[i] - goal[i]));
        }
    }
}

/// What apical potentials add to the somata of a layer in a leap: if `W_pi` changes, by their values at the nodes, else by
/// the rates of the targets, summed up before they are weighted.
struct Entering<'a, T: Real, S: Simd> {
    by_nodes: bool,
    of: [T::V<S>; 4],
    columns: &'a [T::V<S>],
    all: usize,
    rates: &'a [T],
}

/// Whether the synapses `W_pi` change.
#[inline(always)]
fn changes_pi<T: Real>(learn: bool, feedback: &FeedbackParts<'_, T>) -> bool {
    learn && feedback.learning != T::ZERO
}

impl<'a, T: Real, S: Simd> Entering<'a, T, S> {
    #[inline(always)]
    fn new(s: S, learn: bool, layer: &'a mut Layer<T>, weights: &Weights) -> Self {
        let all = 2 * layer.above();
        let (feedback, _) = layer.feedback.parts();
        Self {
            by_nodes: changes_pi::<T>(learn, &feedback),
            of: splat::<T, S, 4>(s, of_values(weights, Functional::Hidden)),
            columns: T::vectors::<S>(feedback.w),
            all,
            rates: feedback.rates,
        }
    }

    /// Adds it to those of block `b`, with its values at the nodes.
    #[inline(always)]
    fn add(&self, s: S, b: usize, to: T::V<S>, apical: [T::V<S>; 4]) -> T::V<S> {
        if self.by_nodes {
            return add::<T, S, 4>(s, to, self.of, apical);
        }
        let columns = &self.columns[b * self.all..b * self.all + self.rates.len()];
        add_weighted::<T, S>(s, to, columns, self.rates)
    }
}

/// One value for the pyramidal neurons among the targets, and one for the interneurons.
#[inline(always)]
pub(super) fn sides<T: Real, S: Simd>(s: S, above: T::V<S>, [up, inn]: [T::V<S>; 2]) -> T::V<S> {
    let below = T::v_sub(s, T::splat(s, T::ONE), above);
    T::fma(s, above, up, T::v_mul(s, below, inn))
}

/// Adds what pyramidal neurons pass on to their interneurons.
#[inline(always)]
pub(super) fn pass_on<T: Real, S: Simd>(s: S, m: usize, nudging: &[T], passed: &[T], to: &mut [T]) {
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
fn predict_targets<T: Real, S: Simd, R: Rate>(
    s: S,
    layer: &mut Layer<T>,
    nodes: &mut LayerNodes<T>,
    kind: Functional,
    moments: &Moments,
    weights: &Weights,
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

/// Leaves with the feedback what apical potentials add to the somata of a layer, see [`Entering`].
#[inline(always)]
fn predict_apical<T: Real, S: Simd>(
    s: S,
    learn: bool,
    layer: &mut Layer<T>,
    nodes: &mut LayerNodes<T>,
    moments: &Moments,
    weights: &Weights,
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
fn predict_pi<T: Real, S: Simd>(
    s: S,
    mut feedback: FeedbackParts<'_, T>,
    nodes: &mut LayerNodes<T>,
    moments: &Moments,
    weights: &Weights,
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

/// The first hidden layer at the end, with errors as predicted until then; the sums of the squares of what they
/// missed, and of errors.
#[inline(always)]
fn predict_first<T: Real, S: Simd, R: Rate>(
    s: S,
    learn: bool,
    state: &mut State<T>,
    course: &mut Course<T>,
    of: &First<T, S>,
) -> [f64; 2] {
    let (w, p) = state.input.synapses.columns();
    let (w, p) = (T::vectors_mut::<S>(w), T::vectors_mut::<S>(p));
    let Parts { mask, bias, soma } = state.first.parts();
    let (mask, bias) = (T::vectors::<S>(mask), T::vectors::<S>(bias));
    let soma = T::vectors_mut::<S>(soma);
    let layer = &mut state.layers[0];
    let all = 2 * layer.above();
    let rate = T::vectors_mut::<S>(layer.forward.rate_mut());
    let (feedback, _) = layer.feedback.parts();
    let entering = Entering::<T, S> {
        by_nodes: changes_pi::<T>(learn, &feedback),
        of: of.of_apical,
        columns: T::vectors::<S>(feedback.w),
        all,
        rates: feedback.rates,
    };
    let (past, end) = course.layers[0].apical.parts();
    let [a0, a1, a2] = vectors::<T, S>(past);
    let a3 = T::vectors::<S>(end);
    let (past, end) = course.first.parts();
    let [e0, e1, e2] = vectors::<T, S>(past);
    let error = T::vectors_mut::<S>(end);
    let n = soma.len();
    let mut layer = Blocks {
        w: &mut w.as_chunks_mut::<2>().0[..n],
        p: &mut p.as_chunks_mut::<2>().0[..n],
        soma,
        rate: &mut rate[..n],
        error: &mut error[..n],
        mask: &mask[..n],
        bias: &bias[..n],
        apical: [&a0[..n], &a1[..n], &a2[..n], &a3[..n]],
        errors: [&e0[..n], &e1[..n], &e2[..n]],
        missed: T::splat(s, T::ZERO),
        squares: T::splat(s, T::ZERO),
    };
    // Two by two: what a leap does to a block is longer than the registers hold.
    let mut b = 0;
    while b + 2 <= n {
        layer.advance::<R, 2>(s, learn, b, of, &entering);
        b += 2;
    }
    if b < n {
        layer.advance::<R, 1>(s, learn, b, of, &entering);
    }
    [
        T::v_sum(s, layer.missed).to_f64(),
        T::v_sum(s, layer.squares).to_f64(),
    ]
}

/// The first hidden layer and its input's weights, in blocks of lanes.
struct Blocks<'a, T: Real, S: Simd> {
    w: &'a mut [[T::V<S>; 2]],
    p: &'a mut [[T::V<S>; 2]],
    soma: &'a mut [T::V<S>],
    rate: &'a mut [T::V<S>],
    error: &'a mut [T::V<S>],
    mask: &'a [T::V<S>],
    bias: &'a [T::V<S>],
    /// At the nodes.
    apical: [&'a [T::V<S>]; 4],
    errors: [&'a [T::V<S>]; 3],
    /// Sums of squares: of what the predictions of errors missed, and of errors.
    missed: T::V<S>,
    squares: T::V<S>,
}

impl<T: Real, S: Simd> Blocks<'_, T, S> {
    /// A leap of `B` blocks from block `start` on.
    #[inline(always)]
    fn advance<R: Rate, const B: usize>(
        &mut self,
        s: S,
        learn: bool,
        start: usize,
        of: &First<T, S>,
        entering: &Entering<'_, T, S>,
    ) {
        let zero = T::splat(s, T::ZERO);
        let (mut u, mut predicted) = ([zero; B], [zero; B]);
        for i in 0..B {
            let b = start + i;
            let (w, p) = (self.w[b], self.p[b]);
            let settled = T::fma(s, of.goal[1], w[1], T::v_mul(s, of.goal[0], w[0]));
            let settled = T::v_mul(s, of.prediction, settled);
            u[i] = T::fma(s, of.keep, T::v_sub(s, self.soma[b], settled), settled);
            u[i] = add::<T, S, 2>(s, u[i], of.of_w, w);
            let [a0, a1, a2, a3] = self.apical;
            u[i] = entering.add(s, b, u[i], [a0[b], a1[b], a2[b], a3[b]]);
            if !learn {
                continue;
            }
            let errors = [self.errors[0][b], self.errors[1][b], self.errors[2][b]];
            let mut learned = T::v_mul(s, of.of_p[0], p[0]);
            learned = T::fma(s, of.of_p[1], p[1], learned);
            for a in 0..3 {
                learned = T::fma(s, of.of_error[a], errors[a], learned);
            }
            u[i] = T::v_add(s, u[i], learned);
            let mut drive = zero;
            for c in 0..2 {
                let mut w_new = T::fma(s, of.sum, p[c], w[c]);
                let mut p_new = T::v_mul(s, of.power, p[c]);
                for a in 0..3 {
                    w_new = T::fma(s, of.to_w[c][a], errors[a], w_new);
                    p_new = T::fma(s, of.to_p[c][a], errors[a], p_new);
                }
                (self.w[b][c], self.p[b][c]) = (w_new, p_new);
                drive = T::fma(s, of.x[c], w_new, drive);
            }
            predicted[i] = T::v_mul(s, of.prediction, drive);
        }
        let rates;
        if learn {
            let (r, e, []) = R::rates_and_errors::<T, S, B, 0>(s, u, predicted, []);
            rates = r;
            for i in 0..B {
                let b = start + i;
                let errors = [self.errors[0][b], self.errors[1][b], self.errors[2][b]];
                let before = add::<T, S, 3>(s, zero, of.end, errors);
                let missed = T::v_sub(s, e[i], before);
                self.missed = T::fma(s, missed, missed, self.missed);
                self.squares = T::fma(s, e[i], e[i], self.squares);
                self.error[b] = e[i];
            }
        } else {
            let (r, []) = R::rates_of_arguments::<T, S, B, 0>(s, u, []);
            rates = r;
        }
        for i in 0..B {
            let b = start + i;
            self.soma[b] = u[i];
            self.rate[b] = T::fma(s, self.mask[b], rates[i], self.bias[b]);
        }
    }
}

/// Drives of a layer's targets at the end; compiled once, and not for every activation function.
struct Drive<'a, T: Real> {
    learn: bool,
    layer: &'a mut Layer<T>,
    nodes: &'a mut LayerNodes<T>,
    moments: &'a Moments,
    weights: &'a Weights,
}

impl<T: Real> WithSimd for Drive<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        drive::<T, S>(
            s,
            self.learn,
            self.layer,
            self.nodes,
            self.moments,
            self.weights,
        );
    }
}

#[inline(always)]
fn drive<T: Real, S: Simd>(
    s: S,
    learn: bool,
    layer: &mut Layer<T>,
    nodes: &mut LayerNodes<T>,
    moments: &Moments,
    weights: &Weights,
) {
    if !(learn && layer.forward.is_plastic()) {
        layer.forward.run(s, false);
        nodes.drive.end_mut().copy_from_slice(layer.forward.drive());
        return;
    }
    if nodes.changes.is_full() {
        apply::<T, S>(s, layer, &mut nodes.changes);
    }
    let changes = &mut nodes.changes;
    let lanes = T::vectors::<S>(&nodes.above).len();
    let [sum, power] = splat::<T, S, 2>(s, [moments.sum, moments.power]);
    changes.push(layer.forward.rate());
    let places = changes.last();
    let of_w = T::vectors_mut::<S>(&mut changes.of_w);
    let of_p = T::vectors_mut::<S>(&mut changes.of_p);
    for j in 0..changes.len * lanes {
        of_w[j] = T::fma(s, sum, of_p[j], of_w[j]);
        of_p[j] = T::v_mul(s, power, of_p[j]);
    }
    let (past, _) = nodes.error.parts();
    let [e0, e1, e2] = vectors::<T, S>(past);
    for b in 0..4 {
        let [of_weight, of_change] = &weights.of_products;
        let to_w = splat::<T, S, 3>(s, [of_weight[0][b], of_weight[1][b], of_weight[2][b]]);
        let to_p = splat::<T, S, 3>(s, [of_change[0][b], of_change[1][b], of_change[2][b]]);
        for lane in 0..lanes {
            let (j, errors) = (places[b] * lanes + lane, [e0[lane], e1[lane], e2[lane]]);
            of_w[j] = add::<T, S, 3>(s, of_w[j], to_w, errors);
            of_p[j] = add::<T, S, 3>(s, of_p[j], to_p, errors);
        }
    }
    changes.decay(moments.sum, moments.power);
    layer
        .forward
        .drive_decaying(s, T::from_f64(changes.since.sum));
    let end = T::vectors_mut::<S>(nodes.drive.end_mut());
    let drive = T::vectors::<S>(layer.forward.drive());
    let rate = T::vectors::<S>(layer.forward.rate());
    let rates = T::vectors::<S>(&changes.rates);
    let (of_w, blocks) = (T::vectors::<S>(&changes.of_w), rate.len());
    // Side by side, so that no sum waits for another.
    let mut k = 0;
    while k < changes.len {
        let mut sums = [T::splat(s, T::ZERO); SIDE];
        let rates = &rates[k * blocks..(k + SIDE) * blocks];
        for b in 0..blocks {
            for i in 0..SIDE {
                sums[i] = T::fma(s, rates[i * blocks + b], rate[b], sums[i]);
            }
        }
        store_sums::<T, S, SIDE>(s, &mut changes.products[k..k + SIDE], sums);
        k += SIDE;
    }
    for lane in 0..lanes {
        let mut sum = drive[lane];
        for k in 0..changes.len {
            let product = T::splat(s, changes.products[k]);
            sum = T::fma(s, of_w[k * lanes + lane], product, sum);
        }
        end[lane] = sum;
    }
}

/// Scalar products that are computed side by side.
const SIDE: usize = 4;
const _: () = assert!(CAPACITY.is_multiple_of(SIDE));

/// Writes what is kept of a layer's changes into its matrices.
#[inline(always)]
fn apply<T: Real, S: Simd>(s: S, layer: &mut Layer<T>, changes: &mut LowRank<T>) {
    if changes.len == 0 || !layer.forward.is_plastic() {
        return;
    }
    let products = Products::<T, S> {
        rates: T::vectors::<S>(&changes.rates),
        of_w: &changes.of_w,
        of_p: &changes.of_p,
        stride: changes.targets,
        len: changes.len,
    };
    let decay = (
        T::from_f64(changes.since.sum),
        T::from_f64(changes.since.power),
    );
    layer.forward.apply(s, decay, products);
    changes.applied();
}

/// Somata and rates of the targets with drives as they are, and errors; the largest change of a rate. What the changes of
/// rates add to the rates that [`Entering`] sums up is left in `passed`.
#[inline(always)]
fn correct_targets<T: Real, S: Simd, R: Rate>(
    s: S,
    learn: bool,
    layer: &mut Layer<T>,
    nodes: &mut LayerNodes<T>,
    kind: Functional,
    weights: &Weights,
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

/// What the changes of rates of the targets do to the apical potentials of a layer and to its synapses `W_pi`; what they do
/// to its somata is left with the feedback.
#[inline(always)]
fn correct_apical<T: Real, S: Simd>(
    s: S,
    learn: bool,
    layer: &mut Layer<T>,
    nodes: &mut LayerNodes<T>,
    weights: &Weights,
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

/// Passes a change of apical potentials of layer `l + 1` on to its somata, which are targets of the layer below.
#[inline(always)]
fn lift_correction<T: Real, S: Simd, R: Rate>(
    s: S,
    learn: bool,
    state: &mut State<T>,
    course: &mut Course<T>,
    l: usize,
    weights: &Weights,
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

/// The first hidden layer with apical potentials and errors as they are.
#[inline(always)]
fn correct_first<T: Real, S: Simd, R: Rate>(
    s: S,
    learn: bool,
    state: &mut State<T>,
    course: &mut Course<T>,
    of: &First<T, S>,
) {
    let (w, p) = state.input.synapses.columns();
    let (w, p) = (T::vectors_mut::<S>(w), T::vectors_mut::<S>(p));
    let soma = T::vectors_mut::<S>(state.first.parts().soma);
    let layer = &mut state.layers[0];
    let rate = T::vectors::<S>(layer.forward.rate());
    let (_, to_soma) = layer.feedback.parts();
    let to_soma = T::vectors::<S>(to_soma);
    let (past, end) = course.first.parts();
    let [e0, e1, e2] = vectors::<T, S>(past);
    let error = T::vectors_mut::<S>(end);
    let (w, p) = (w.as_chunks_mut::<2>().0, p.as_chunks_mut::<2>().0);
    let n = soma.len();
    let (w, p, rate) = (&mut w[..n], &mut p[..n], &rate[..n]);
    let (to_soma, error) = (&to_soma[..n], &mut error[..n]);
    let (e0, e1, e2) = (&e0[..n], &e1[..n], &e2[..n]);
    for b in 0..n {
        let mut du = to_soma[b];
        if learn {
            let before = T::v_mul(s, of.end[0], e0[b]);
            let before = T::fma(s, of.end[2], e2[b], T::fma(s, of.end[1], e1[b], before));
            let missed = T::v_sub(s, error[b], before);
            du = T::fma(s, of.of_error[3], missed, du);
            let mut drive = T::splat(s, T::ZERO);
            for c in 0..2 {
                let dw = T::v_mul(s, of.to_w[c][3], missed);
                drive = T::fma(s, of.x[c], dw, drive);
                w[b][c] = T::v_add(s, w[b][c], dw);
                p[b][c] = T::fma(s, of.to_p[c][3], missed, p[b][c]);
            }
            let slope = R::slope::<T, S>(s, rate[b]);
            let predicted = T::v_sub(s, rate[b], error[b]);
            let of_predicted = R::slope::<T, S>(s, predicted);
            let drive = T::v_mul(s, of.prediction, drive);
            let change = T::v_sub(s, T::v_mul(s, slope, du), T::v_mul(s, of_predicted, drive));
            error[b] = T::fma(s, of.per_unit, change, error[b]);
        }
        soma[b] = T::v_add(s, soma[b], du);
    }
}
