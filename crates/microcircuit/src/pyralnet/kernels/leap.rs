//! Many Euler steps at once: the adaptive integrator.
//!
//! Once the transient at the start of a pattern is over, everything moves as slowly as the weights do. A *leap* of
//! m steps is what m Euler steps do, if the input I of every soma (everything but its leak) and the factors e, r of
//! plasticity follow the parabolas through their values at the last three evaluations:
//!
//! ```text
//! u ← κ u + I      m times, I = y₀, y(1), …:   u ← κᵐ u + Σ κ^(m-1-j) y(j)
//! W ← W + P, P ← β P + c e rᵀ      m times:    W ← W + S P + R c ē r̄ᵀ,   P ← βᵐ P + S c ē r̄ᵀ
//! ```
//!
//! (ē, r̄: means over the leap; sums: [`powers`](crate::pyralnet::state::powers), [`history`](crate::pyralnet::state::history)). So a leap
//! needs one evaluation, like a step. How far the new I is from the prediction, as the potential it would lead to, is
//! the error that controls the length of the next leap. With m = 1 a leap is the Euler step.

#![allow(
    clippy::needless_range_loop,
    reason = "iterators that are not inlined are not compiled for the vector unit"
)]

use pulp::{Simd, WithSimd};

use super::general::{approach, filters, lift_rates};
use crate::Real;
use crate::kernels::columns::weighted_sum;
use crate::kernels::elementary::Rate;
use crate::kernels::{plasticity, rows};
use crate::leak::Leak;
use crate::pyralnet::job::Segment;
use crate::pyralnet::state::State;
use crate::pyralnet::state::history::{Past, Spacing};
use crate::pyralnet::state::layer::Layer;
use crate::pyralnet::state::leaps::{Course, LayerMemory, Memory};
use crate::pyralnet::state::powers::Powers;

/// Leaps over the steps of a segment.
#[inline(always)]
pub(super) fn leaps<T: Real, S: Simd, R: Rate>(
    s: S,
    state: &mut State<T>,
    segment: Segment,
    memory: &mut Memory<T>,
) {
    memory.continue_with(segment.plastic);
    let mut left = segment.steps;
    while left > 0 {
        filters(state);
        evaluate::<T, S, R>(s, state, memory, segment.plastic);
        memory.error = surprise::<T, S>(s, state, memory);
        let m = memory.choose(left);
        leap::<T, S, R>(s, state, memory, segment, m);
        approach(state, memory.approach[m - 1]);
        memory.spacing = memory.spacing.then(m);
        left -= m;
    }
    drives::<T, S>(s, state, memory);
}

/// Drives of all layers, after the weight changes of the last leap; compiled once.
#[inline(always)]
fn drives<T: Real, S: Simd>(s: S, state: &mut State<T>, memory: &mut Memory<T>) {
    s.vectorize(Drives { state, memory });
}

struct Drives<'a, T: Real> {
    state: &'a mut State<T>,
    memory: &'a mut Memory<T>,
}

impl<T: Real> WithSimd for Drives<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        drives_on(s, self.state, self.memory);
    }
}

#[inline(always)]
fn drives_on<T: Real, S: Simd>(s: S, state: &mut State<T>, memory: &mut Memory<T>) {
    let waiting = memory.pending.take();
    for (layer, past) in state.layers.iter_mut().zip(&memory.layers) {
        match waiting {
            Some(powers) if layer.forward.is_plastic() => {
                let leap = rows::Leap::<T, S> {
                    sum: T::from_f64(powers.sum),
                    keep: T::from_f64(powers.keep),
                    rate: T::vectors::<S>(&past.mean_of_rates),
                    of_w: &past.of_w,
                    of_p: &past.of_p,
                };
                layer.forward.leap(s, leap);
            }
            _ => layer.forward.run(s, false),
        }
    }
}

/// Rates, drives, inputs and errors of the state as it is.
#[inline(always)]
fn evaluate<T: Real, S: Simd, R: Rate>(
    s: S,
    state: &mut State<T>,
    memory: &mut Memory<T>,
    plastic: bool,
) {
    first_layer::<T, S, R>(s, state, &mut memory.first, plastic);
    lift_rates(&mut state.layers);
    drives::<T, S>(s, state, memory);
    for l in 0..state.layers.len() {
        let layer = &mut state.layers[l];
        let (n, all) = (layer.neurons(), 2 * layer.above());
        let (feedback, apical) = layer.feedback.parts();
        let used = feedback.rates.len();
        let columns = T::vectors::<S>(feedback.w);
        let into = T::vectors_mut::<S>(apical);
        for b in 0..into.len() {
            let w = &columns[b * all..b * all + used];
            into[b] = weighted_sum::<T, S>(s, w, feedback.rates);
        }
        if l == 0 {
            let input = T::vectors_mut::<S>(memory.first.input.now_mut());
            for b in 0..into.len() {
                input[b] = T::v_add(s, input[b], into[b]);
            }
        } else {
            let (below, above) = state.layers.split_at_mut(l);
            let (_, apical) = above[0].feedback.parts();
            below[l - 1].targets.extra[..n].copy_from_slice(&apical[..n]);
        }
    }
    for (layer, past) in state.layers.iter().zip(&mut memory.layers) {
        targets::<T, S, R>(s, layer, &mut past.targets, plastic);
    }
}

#[inline(always)]
fn first_layer<T: Real, S: Simd, R: Rate>(
    s: S,
    state: &mut State<T>,
    course: &mut Course<T>,
    plastic: bool,
) {
    let Leak {
        gain, prediction, ..
    } = state.first.leak();
    let (gain, prediction) = (T::splat(s, gain), T::splat(s, prediction));
    let x = state.input.rates.x();
    let n = x.len();
    let (w, _) = state.input.synapses.columns();
    let columns = T::vectors::<S>(w);
    let rate = T::vectors_mut::<S>(state.layers[0].forward.rate_mut());
    let parts = state.first.parts();
    let (mask, bias, soma) = (
        T::vectors::<S>(parts.mask),
        T::vectors::<S>(parts.bias),
        T::vectors::<S>(parts.soma),
    );
    let input = T::vectors_mut::<S>(course.input.next());
    let error = T::vectors_mut::<S>(course.error.next());
    for b in 0..soma.len() {
        let drive = weighted_sum::<T, S>(s, &columns[b * n..(b + 1) * n], x);
        let predicted = T::v_mul(s, prediction, drive);
        input[b] = T::v_mul(s, gain, predicted);
        let r = if plastic {
            let ([r], [e], []) = R::rates_and_errors::<T, S, 1, 0>(s, [soma[b]], [predicted], []);
            error[b] = e;
            r
        } else {
            let ([r], []) = R::rates_of_arguments::<T, S, 1, 0>(s, [soma[b]], []);
            r
        };
        rate[b] = T::fma(s, mask[b], r, bias[b]);
    }
}

#[inline(always)]
fn targets<T: Real, S: Simd, R: Rate>(
    s: S,
    layer: &Layer<T>,
    course: &mut Course<T>,
    plastic: bool,
) {
    let t = &layer.targets;
    let (drive, extra) = (
        T::vectors::<S>(layer.forward.drive()),
        T::vectors::<S>(&t.extra),
    );
    let gain = T::vectors::<S>(&t.constants.gain);
    let prediction = T::vectors::<S>(&t.constants.prediction);
    let rate = T::vectors::<S>(&t.rate);
    let input = T::vectors_mut::<S>(course.input.next());
    let error = T::vectors_mut::<S>(course.error.next());
    for b in 0..input.len() {
        input[b] = T::fma(s, gain[b], drive[b], extra[b]);
        if plastic {
            let predicted = R::rate::<T, S>(s, T::v_mul(s, prediction[b], drive[b]));
            error[b] = T::v_sub(s, rate[b], predicted);
        }
    }
}

/// How far the inputs are from what was predicted: the largest distance, as a potential.
#[inline(always)]
fn surprise<T: Real, S: Simd>(s: S, state: &State<T>, memory: &Memory<T>) -> f64 {
    if memory.spacing.last().is_none() {
        return 0.0;
    }
    // In the unit of the first layer's somata.
    let unit = state.first.unit().abs();
    let (mut largest, to_unit) = (
        missed::<T, S>(s, &memory.first),
        T::splat(s, T::from_f64(unit)),
    );
    for layer in &memory.layers {
        let of_targets = T::v_mul(s, to_unit, missed::<T, S>(s, &layer.targets));
        largest = T::v_max(s, of_targets, largest);
    }
    let raw = state.params().raw();
    // An input too large by dI leads to a potential too large by dI / (1 - κ) ≤ dI / (dt (g_l + g_b)).
    let per_step = unit * raw.dt_ms * (raw.g_l + raw.g_b.min(raw.g_d));
    T::v_largest(s, largest).to_f64() / per_step
}

/// The largest distances of inputs from what was predicted, lane by lane, in the unit of the somata.
#[inline(always)]
fn missed<T: Real, S: Simd>(s: S, course: &Course<T>) -> T::V<S> {
    let mut largest = T::splat(s, T::ZERO);
    let input = T::vectors::<S>(course.input.now());
    for (input, predicted) in input.iter().zip(T::vectors::<S>(&course.predicted)) {
        largest = T::v_max(s, T::v_abs(s, T::v_sub(s, *input, *predicted)), largest);
    }
    largest
}

/// `m` steps, with inputs and errors as they are and as they change.
#[inline(always)]
fn leap<T: Real, S: Simd, R: Rate>(
    s: S,
    state: &mut State<T>,
    memory: &mut Memory<T>,
    segment: Segment,
    m: usize,
) {
    let spacing = memory.spacing;
    let weights = memory.weights.of(state.decay(), m);
    let mean = spacing.mean(m);
    if segment.plastic {
        first_plasticity::<T, S>(s, state, &memory.first, weights, mean);
    }
    let powers = memory.somata.of(state.first.leak().keep, m);
    advance::<T, S>(
        s,
        &mut state.first.soma,
        &mut memory.first,
        powers,
        spacing.soma(powers),
        spacing.after(m),
    );
    let last = state.layers.len() - 1;
    for (l, (layer, past)) in state.layers.iter_mut().zip(&mut memory.layers).enumerate() {
        if segment.plastic {
            layer_plasticity::<T, S>(s, layer, past, weights, mean);
        }
        let average = segment.average && l == last;
        advance_targets(layer, past, spacing, m, average);
        let t = &mut layer.targets;
        let (soma, rate) = (T::vectors::<S>(&t.soma), T::vectors_mut::<S>(&mut t.rate));
        for (u, r) in soma.iter().zip(rate) {
            *r = R::rate::<T, S>(s, *u);
        }
        layer.nudge();
    }
    memory.pending = segment.plastic.then_some(weights);
}

/// The somata of layer 1, and what should enter them after `m` steps.
#[inline(always)]
fn advance<T: Real, S: Simd>(
    s: S,
    soma: &mut [T],
    course: &mut Course<T>,
    powers: Powers,
    lead: [f64; 2],
    after: [f64; 2],
) {
    let (keep, sum) = (
        T::splat(s, T::from_f64(powers.keep)),
        T::splat(s, T::from_f64(powers.sum)),
    );
    let predicted = T::vectors_mut::<S>(&mut course.predicted);
    let (led, next) = (course.input.led(s, lead), course.input.led(s, after));
    for (b, u) in T::vectors_mut::<S>(soma).iter_mut().enumerate() {
        *u = T::fma(s, keep, *u, T::fma(s, sum, led.now(b), led.change(s, b)));
        predicted[b] = next.value(s, b);
    }
}

/// The same for the targets of a layer.
#[inline(always)]
fn advance_targets<T: Real>(
    layer: &mut Layer<T>,
    past: &mut LayerMemory<T>,
    spacing: Spacing,
    m: usize,
    average: bool,
) {
    let (n, t) = (layer.above(), &mut layer.targets);
    let course = &mut past.targets;
    let after = spacing.after(m).map(T::from_f64);
    let sides = past.powers.iter_mut().zip([0..n, n..2 * n]);
    for (table, side) in sides {
        let powers = table.of(t.constants.keep[side.start], m);
        let [keep, sum] = [powers.keep, powers.sum].map(T::from_f64);
        let lead = spacing.soma(powers).map(T::from_f64);
        for k in side {
            let (input, [d, d_before]) = course.input.at(k);
            course.predicted[k] = input + (after[0] * d + after[1] * d_before);
            let old = t.soma[k];
            let new = keep * old + (sum * input + (lead[0] * d + lead[1] * d_before));
            if average {
                let m = m as f64;
                t.sum[k] += T::from_f64(m) * old + T::from_f64(0.5 * (m + 1.0)) * (new - old);
            }
            t.soma[k] = new;
        }
    }
}

/// What so many plastic steps do to weights.
#[inline(always)]
fn plastic_steps<T: Real, S: Simd>(s: S, weights: Powers) -> plasticity::Steps<T, S> {
    plasticity::Steps {
        keep: T::splat(s, T::from_f64(weights.keep)),
        sum: T::splat(s, T::from_f64(weights.sum)),
        ramp: T::splat(s, T::from_f64(weights.ramp)),
    }
}

/// Plasticity of the weights from the input.
#[inline(always)]
fn first_plasticity<T: Real, S: Simd>(
    s: S,
    state: &mut State<T>,
    course: &Course<T>,
    weights: Powers,
    mean: [f64; 2],
) {
    if !state.input.synapses.is_plastic() {
        return;
    }
    let steps = plastic_steps::<T, S>(s, weights);
    let x = state.input.rates.x_learning();
    let n = x.len();
    let (w, p) = state.input.synapses.columns();
    let (w, p) = (T::vectors_mut::<S>(w), T::vectors_mut::<S>(p));
    let errors = course.error.led(s, mean);
    for b in 0..T::vectors::<S>(course.error.now()).len() {
        let e = errors.value(s, b);
        let (w, p) = (&mut w[b * n..(b + 1) * n], &mut p[b * n..(b + 1) * n]);
        for c in 0..n {
            steps.apply(s, &mut w[c], &mut p[c], e, T::splat(s, x[c]));
        }
    }
}

/// Plasticity of a layer's synapses: of `W_pi` at once, of the forward weights in the next evaluation.
#[inline(always)]
fn layer_plasticity<T: Real, S: Simd>(
    s: S,
    layer: &mut Layer<T>,
    past: &mut LayerMemory<T>,
    weights: Powers,
    mean: [f64; 2],
) {
    let steps = plastic_steps::<T, S>(s, weights);
    let of_w = T::vectors_mut::<S>(&mut past.of_w);
    let of_p = T::vectors_mut::<S>(&mut past.of_p);
    let errors = past.targets.error.led(s, mean);
    let learning = T::vectors::<S>(&layer.targets.constants.learning);
    for b in 0..of_w.len() {
        let e = T::v_mul(s, learning[b], errors.value(s, b));
        of_w[b] = T::v_mul(s, steps.ramp, e);
        of_p[b] = T::v_mul(s, steps.sum, e);
    }
    past.rate.push(layer.forward.rate());
    means::<T, S>(s, &past.rate, mean, &mut past.mean_of_rates);
    let m = layer.above();
    let (feedback, apical) = layer.feedback.parts();
    if feedback.learning == T::ZERO {
        return;
    }
    past.apical.push(apical);
    past.target_rate.push(&layer.targets.rate);
    means::<T, S>(s, &past.target_rate, mean, &mut past.mean_rate);
    let apical = past.apical.led(s, mean);
    let learning = T::splat(s, feedback.learning);
    let columns = T::vectors_mut::<S>(feedback.w).chunks_exact_mut(2 * m);
    let changes = T::vectors_mut::<S>(feedback.p).chunks_exact_mut(m);
    for (b, (w, p)) in columns.zip(changes).enumerate() {
        let e = T::v_mul(s, learning, apical.value(s, b));
        for ((w, p), x) in w[m..].iter_mut().zip(p).zip(&past.mean_rate[m..2 * m]) {
            steps.apply(s, w, p, e, T::splat(s, *x));
        }
    }
}

/// Means over a leap.
#[inline(always)]
fn means<T: Real, S: Simd>(s: S, past: &Past<T>, mean: [f64; 2], into: &mut [T]) {
    let past = past.led(s, mean);
    for (b, mean) in T::vectors_mut::<S>(into).iter_mut().enumerate() {
        *mean = past.value(s, b);
    }
}
