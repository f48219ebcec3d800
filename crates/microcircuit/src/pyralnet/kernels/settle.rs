//! Steps that need not be taken, because the network settles before it learns or is observed.
//!
//! While weights are frozen, and if feedback is cancelled (`W_pi = -W_down`), there is one stable state, which input and
//! target lead to, and the past is forgotten within a few ms. Its fixed point, where all somata obey (1 - κ) u = I, is found
//! by sweeps: layer after layer up, with the apical potentials of the last sweep. What input and target have yet to go fades
//! by a in every step, and so does, to first order, the distance of everything from the fixed point:
//!
//! ```text
//! u - u' = (I - I') / (a - κ)         ' at the fixed point
//! ```
//!
//! which the same sweeps solve. Where both are near enough to what the steps would lead to
//! ([`Pace::before`](crate::pyralnet::state::pace::Pace::before)), they take their place: in training patterns for the steps
//! before the learning-lag, in test patterns for all.

use pulp::Simd;

use super::general::lift_rates;
use super::leap::has_leaps;
use super::leap::targets::{pass_on, sides};
use super::leap::weigh::{add, splat};
use crate::Real;
use crate::kernels::Kernel;
use crate::kernels::columns::weighted_sum;
use crate::kernels::elementary::Rate;
use crate::pyralnet::job::Segment;
use crate::pyralnet::state::nodes::Memory;
use crate::pyralnet::state::{Parts, State};

/// How somata follow what enters them: `u = u' + (I - I') response`, where u' and I' are those of before.
struct Following {
    /// Of the input's columns to layer 1, without its response.
    input: [f64; 2],
    /// Of the target to the output, likewise.
    target: Vec<f64>,
    first: f64,
    hidden: f64,
    output: f64,
    inn: f64,
}

/// Goes through the steps of a segment without plasticity as far as the steady state leads, and notes how far.
pub(super) struct Settle<'a, T: Real>(pub(super) Segment, pub(super) &'a mut Memory<T>);

impl<T: Real> Kernel<State<T>> for Settle<'_, T> {
    #[inline(always)]
    fn compute<S: Simd, R: Rate>(self, s: S, state: &mut State<T>) {
        if const { !has_leaps::<T, S>() } {
            return;
        }
        let Self(segment, memory) = self;
        let from_settled = std::mem::take(&mut memory.skipped) > 0;
        if segment.averaged > 0 && !from_settled {
            return;
        }
        let a = 1.0 - state.input.share();
        let kappa = memory.table.kappa();
        let slowest = kappa.into_iter().fold(0.0, f64::max);
        if !state
            .layers
            .iter_mut()
            .all(|layer| layer.feedback.parts().0.cancels)
            || a - slowest < 1.0 - a
        {
            return;
        }
        let way = distance::<T, S>(s, state);
        let kind = (segment.steps, segment.averaged > 0);
        let Some(before) = memory.pace.before(way, kind, (a, slowest)) else {
            return;
        };
        let [hidden, nudged, free, inn] = kappa;
        let output = if state.target.gain() > 0.0 {
            nudged
        } else {
            free
        };
        let responses = |pole: f64| Following {
            input: [0.0; 2],
            target: Vec::new(),
            first: 1.0 / (pole - hidden),
            hidden: 1.0 / (pole - hidden),
            output: 1.0 / (pole - output),
            inn: 1.0 / (pole - inn),
        };
        memory.course.forget();
        let skipped = segment.steps - before;
        let left = a.powi(skipped as i32);
        // Where it settles in the end, and what is left of the way there, which fades with the input.
        for fades in [false, true] {
            let [goal, way] = state.input.rates.course();
            let following = if fades {
                let target = &state.target.potential;
                let target = target.value().iter().zip(target.goal());
                Following {
                    input: way.map(|x| a * x),
                    target: target.map(|(now, goal)| a * (now - goal)).collect(),
                    ..responses(a)
                }
            } else {
                Following {
                    input: goal,
                    target: state.target.potential.goal().to_vec(),
                    ..responses(1.0)
                }
            };
            if !sweeps::<T, S, R>(s, state, memory, &following) {
                return;
            }
            if !fades {
                memory.course.push_and_repeat();
                if segment.averaged == 0 {
                    state.input.rates.approach(1.0 - left);
                    state.target.potential.approach(1.0 - left);
                }
            }
        }
        finish(state, memory, segment, left);
        memory.skipped = skipped;
        memory.pace.begin();
    }
}

/// The largest distance of a soma of layer 1 from where it settles, as far as the input takes it.
#[inline(always)]
fn distance<T: Real, S: Simd>(s: S, state: &mut State<T>) -> f64 {
    let [_, way] = state.input.rates.course();
    let per_unit = state.first.leak().prediction.to_f64() / state.first.unit();
    let [x0, x1] = splat::<T, S, 2>(s, way.map(|x| x * per_unit));
    let (w, _) = state.input.synapses.columns();
    let w = T::vectors::<S>(w);
    let mut largest = T::splat(s, T::ZERO);
    for b in 0..w.len() / 2 {
        let u = T::fma(s, x0, w[2 * b], T::v_mul(s, x1, w[2 * b + 1]));
        largest = T::v_max(s, T::v_abs(s, u), largest);
    }
    T::v_largest(s, largest).to_f64()
}

/// Sweeps until rates do not change any more; whether they cease to.
#[inline(always)]
fn sweeps<T: Real, S: Simd, R: Rate>(
    s: S,
    state: &mut State<T>,
    memory: &mut Memory<T>,
    following: &Following,
) -> bool {
    let enough = memory.pace.settled();
    let mut last = 1.0_f64;
    for _ in 0..8 {
        let changed = sweep::<T, S, R>(s, state, memory, following);
        memory.pace.evaluations += 1;
        // Every sweep changes them by the same factor less.
        if changed * (changed / last).min(1.0) < enough {
            return true;
        }
        last = changed;
    }
    false
}

/// Layer after layer, with the apical potentials of the last sweep; the largest change of a rate of a target since.
#[inline(always)]
fn sweep<T: Real, S: Simd, R: Rate>(
    s: S,
    state: &mut State<T>,
    memory: &mut Memory<T>,
    following: &Following,
) -> f64 {
    first::<T, S, R>(s, state, memory, following);
    let last = state.layers.len() - 1;
    let mut largest = 0.0_f64;
    for l in 0..=last {
        let layer = &mut state.layers[l];
        layer.forward.run(s, false);
        let m = layer.above();
        let t = &mut layer.targets;
        t.extra.fill(T::ZERO);
        let mut up = following.hidden;
        if l == last {
            up = following.output;
            for i in 0..m {
                t.extra[i] = T::from_f64(state.target.gain() * following.target[i]);
            }
        } else {
            let (past, end) = memory.course.layers[l + 1].apical.parts();
            for i in 0..m {
                t.extra[i] = end[i] - past[0][i];
            }
        }
        let nodes = &mut memory.course.layers[l];
        let [up, inn] = splat::<T, S, 2>(s, [up, following.inn]);
        let (past, end) = nodes.drive.parts();
        end.copy_from_slice(layer.forward.drive());
        let (old_drive, drive) = (T::vectors::<S>(past[0]), T::vectors::<S>(end));
        let (past, end) = nodes.soma.parts();
        let old_soma = T::vectors::<S>(past[0]);
        let soma = T::vectors_mut::<S>(end);
        let (above, extra) = (T::vectors::<S>(&nodes.above), T::vectors::<S>(&t.extra));
        let gain = T::vectors::<S>(&t.constants.gain);
        let passed = T::vectors_mut::<S>(&mut nodes.passed);
        for b in 0..soma.len() {
            let change = T::v_sub(s, drive[b], old_drive[b]);
            let change = T::fma(s, gain[b], change, extra[b]);
            let response = sides::<T, S>(s, above[b], [up, inn]);
            let u = T::fma(s, response, change, old_soma[b]);
            passed[b] = T::v_mul(s, inn, T::v_sub(s, u, old_soma[b]));
            soma[b] = u;
        }
        pass_on::<T, S>(s, m, &t.constants.nudging, &nodes.passed, end);
        let soma = T::vectors::<S>(end);
        let rate = T::vectors_mut::<S>(nodes.rate.end_mut());
        let mut changed = T::splat(s, T::ZERO);
        for b in 0..soma.len() {
            let r = R::rate::<T, S>(s, soma[b]);
            changed = T::v_max(s, T::v_abs(s, T::v_sub(s, r, rate[b])), changed);
            rate[b] = r;
        }
        largest = largest.max(T::v_largest(s, changed).to_f64());
        if l < last {
            let rate = &memory.course.layers[l].rate.end()[..m];
            state.layers[l + 1].forward.rate_mut()[..m].copy_from_slice(rate);
        }
    }
    for (layer, nodes) in state.layers.iter_mut().zip(&mut memory.course.layers) {
        let m = layer.above();
        let (mut feedback, _) = layer.feedback.parts();
        feedback.take_rates(&nodes.rate.end()[..2 * m]);
        let w = T::vectors::<S>(feedback.w);
        let apical = T::vectors_mut::<S>(nodes.apical.end_mut());
        for b in 0..apical.len() {
            let w = &w[2 * m * b..2 * m * b + feedback.rates.len()];
            apical[b] = weighted_sum::<T, S>(s, w, feedback.rates);
        }
    }
    largest
}

/// Somata of layer 1, kept where its errors will be, and rates.
#[inline(always)]
fn first<T: Real, S: Simd, R: Rate>(
    s: S,
    state: &mut State<T>,
    memory: &mut Memory<T>,
    following: &Following,
) {
    let leak = state.first.leak();
    let to_soma = leak.prediction.to_f64() * leak.gain.to_f64() * following.first;
    let of_w = splat::<T, S, 2>(s, following.input.map(|x| to_soma * x));
    let response = T::splat(s, T::from_f64(following.first));
    let (w, _) = state.input.synapses.columns();
    let w = T::vectors::<S>(w);
    let Parts { mask, bias, .. } = state.first.parts();
    let (mask, bias) = (T::vectors::<S>(mask), T::vectors::<S>(bias));
    let rate = T::vectors_mut::<S>(state.layers[0].forward.rate_mut());
    let (past, end) = memory.course.layers[0].apical.parts();
    let (old_apical, apical) = (T::vectors::<S>(past[0]), T::vectors::<S>(end));
    let (past, end) = memory.course.first.parts();
    let (old, soma) = (T::vectors::<S>(past[0]), T::vectors_mut::<S>(end));
    for b in 0..soma.len() {
        let change = T::v_sub(s, apical[b], old_apical[b]);
        let u = T::fma(s, response, change, old[b]);
        let u = add::<T, S, 2>(s, u, of_w, [w[2 * b], w[2 * b + 1]]);
        soma[b] = u;
        let ([r], []) = R::rates_of_arguments::<T, S, 1, 0>(s, [u], []);
        rate[b] = T::fma(s, mask[b], r, bias[b]);
    }
}

/// The settled state; after a segment that is averaged, `left` of its way to the goal.
fn finish<T: Real>(state: &mut State<T>, memory: &mut Memory<T>, segment: Segment, left: f64) {
    let left = if segment.averaged > 0 { left } else { 1.0 };
    let fade = |to: &mut [T], past: &[T], end: &[T], left: T| {
        for i in 0..to.len() {
            to[i] = past[i] + left * (end[i] - past[i]);
        }
    };
    let (past, end) = memory.course.first.parts();
    fade(state.first.parts().soma, past[0], end, T::from_f64(left));
    let last = state.layers.len() - 1;
    for (l, (layer, nodes)) in state
        .layers
        .iter_mut()
        .zip(&mut memory.course.layers)
        .enumerate()
    {
        let (past, end) = nodes.soma.parts();
        let t = &mut layer.targets;
        if segment.averaged > 0 && l == last {
            let a = 1.0 - state.input.share();
            let fading = a * (1.0 - left) / (1.0 - a);
            let (all, fading) = (T::from_f64(segment.steps as f64), T::from_f64(fading));
            for i in 0..t.sum.len() {
                t.sum[i] += all * past[0][i] + fading * (end[i] - past[0][i]);
            }
        }
        fade(&mut t.soma, past[0], end, T::from_f64(left));
        let (past, end) = nodes.rate.parts();
        fade(&mut t.rate, past[0], end, T::from_f64(left));
        layer.nudge();
    }
    if segment.averaged > 0 {
        state.input.rates.approach(1.0 - left);
        state.target.potential.approach(1.0 - left);
    }
    lift_rates(&mut state.layers);
}
