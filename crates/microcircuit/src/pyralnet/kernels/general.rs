//! The Euler step of any network.
//!
//! In the order of the equations, all rates being those at the start of the step:
//!
//! ```text
//! r_in  ← r_in + dt/τ_0 (input - r_in),  u_target likewise
//! layer 1     r = f(u),  û = g/Σg W r_in,  plasticity of W,  u ← û + κ (u - û)
//! each layer  drive = W r,  after the weight changes of the steps before
//! each layer  apical = W_down r_next + W_pi r_inn,  plasticity of W_pi,  u ← u + dt g_a apical
//! each layer  errors,  u ← keep u + gain drive + extra,  r = f(u)      of layer l + 1 and the interneurons
//! ```
//!
//! with `keep = 1 - dt Σg`, so that Euler's step is one sum of products.

use pulp::Simd;

use super::first_layer::{FirstLayer, Learning, Rest};
use crate::Real;
use crate::kernels::columns::{add_weighted, weighted_sum};
use crate::kernels::elementary::Rate;
use crate::kernels::{Kernel, plasticity};
use crate::noise::Noise;
use crate::pyralnet::job::Segment;
use crate::pyralnet::state::State;
use crate::pyralnet::state::layer::{FeedbackParts, Layer, Targets};

/// The steps of a segment, with noise or without.
pub(super) struct Steps<'a>(pub(super) Segment, pub(super) Option<&'a mut Noise>);

impl<T: Real> Kernel<State<T>> for Steps<'_> {
    #[inline(always)]
    fn compute<S: Simd, R: Rate>(self, s: S, state: &mut State<T>) {
        let Self(segment, mut noise) = self;
        for _ in 0..segment.steps {
            filters(state);
            first_layer::<T, S, R>(s, state, segment.plastic);
            lift_rates(&mut state.layers);
            for layer in &mut state.layers {
                layer.forward.run(s, segment.plastic);
            }
            for l in 0..state.layers.len() {
                apical_of::<T, S>(s, state, l, segment.plastic);
            }
            if let Some(noise) = &mut noise {
                add_noise(state, noise);
            }
            let last = state.layers.len() - 1;
            for (l, layer) in state.layers.iter_mut().enumerate() {
                targets::<T, S, R>(s, layer, segment.plastic, segment.averaged > 0 && l == last);
                layer.nudge();
            }
        }
    }
}

/// Low-passes input and target, and lets the target enter the output.
#[inline(always)]
fn filters<T: Real>(state: &mut State<T>) {
    let share = state.input.share();
    state.input.rates.approach(share);
    state.target.potential.approach(share);
    let (gain, target) = (state.target.gain(), state.target.potential.value());
    if let Some(output) = state.layers.last_mut() {
        let extra = &mut output.targets.extra[..target.len()];
        for i in 0..target.len() {
            extra[i] = T::from_f64(gain * target[i]);
        }
    }
}

/// The first hidden layer, but for its apical dendrites.
#[inline(always)]
fn first_layer<T: Real, S: Simd, R: Rate>(s: S, state: &mut State<T>, plastic: bool) {
    let plastic = plastic && state.input.synapses.is_plastic();
    let (mut first, Rest { input, layers, .. }) = FirstLayer::<T, S>::of(s, state);
    let rate = T::vectors_mut::<S>(layers[0].forward.rate_mut());
    let learning = if plastic {
        Learning::Now(input.x_learning())
    } else {
        Learning::Rest
    };
    let all = 0..first.soma.len();
    let [] = first.step::<R, 0, 0>(s, all, input.x(), learning, rate, []);
}

/// Rates of the other hidden layers, which are among the targets of the layer below.
#[inline(always)]
pub(super) fn lift_rates<T: Real>(layers: &mut [Layer<T>]) {
    for l in 1..layers.len() {
        let (below, above) = layers.split_at_mut(l);
        let n = above[0].neurons();
        above[0].forward.rate_mut()[..n].copy_from_slice(&below[l - 1].targets.rate[..n]);
    }
}

/// The apical contribution to the somata of hidden layer `l + 1`, with plasticity of `W_pi`.
#[inline(always)]
fn apical_of<T: Real, S: Simd>(s: S, state: &mut State<T>, l: usize, plastic: bool) {
    let layer = &mut state.layers[l];
    let (n, m, decay) = (layer.neurons(), layer.above(), layer.forward.decay());
    let inns = &layer.targets.rate[m..2 * m];
    let (mut feedback, own) = layer.feedback.parts();
    if l == 0 {
        let soma = T::vectors_mut::<S>(&mut state.first.soma);
        return apical::<T, S>(s, &mut feedback, inns, plastic, decay, soma);
    }
    own.fill(T::ZERO);
    let into = T::vectors_mut::<S>(own);
    apical::<T, S>(s, &mut feedback, inns, plastic, decay, into);
    let (below, above) = state.layers.split_at_mut(l);
    let (_, own) = above[0].feedback.parts();
    below[l - 1].targets.extra[..n].copy_from_slice(&own[..n]);
}

/// Adds `W_down r_above + W_pi r_inn`, times the gain, to somata, and changes `W_pi` if it is plastic.
#[inline(always)]
pub(super) fn apical<T: Real, S: Simd>(
    s: S,
    feedback: &mut FeedbackParts<'_, T>,
    inns: &[T],
    plastic: bool,
    decay: T,
    soma: &mut [T::V<S>],
) {
    let FeedbackParts {
        w,
        p,
        rates,
        learning,
        ..
    } = feedback;
    let (m, rates) = (inns.len(), &**rates);
    let (used, plastic) = (rates.len(), plastic && *learning != T::ZERO);
    let (w, p) = (T::vectors_mut::<S>(w), T::vectors_mut::<S>(p));
    let (learning, decay) = (T::splat(s, *learning), T::splat(s, decay));
    for b in 0..soma.len() {
        let w = &mut w[b * 2 * m..(b + 1) * 2 * m];
        if plastic {
            let apical = weighted_sum::<T, S>(s, w, rates);
            soma[b] = T::v_add(s, soma[b], apical);
            let e = T::v_mul(s, learning, apical);
            let p = &mut p[b * m..(b + 1) * m];
            plasticity::columns::<T, S, false>(s, &mut w[m..], p, inns, e, decay);
        } else {
            soma[b] = add_weighted::<T, S>(s, soma[b], &w[..used], rates);
        }
    }
}

/// Adds the noise of this step to the somata or to what is still to enter them: per hidden layer the
/// pyramidal neurons, then the interneurons; last the output.
fn add_noise<T: Real>(state: &mut State<T>, noise: &mut Noise) {
    let mut add = |values: &mut [T], unit: f64| {
        for value in values {
            *value += T::from_f64(unit * noise.draw());
        }
    };
    let (n, unit) = (state.params().dim(1), state.first.unit());
    add(&mut state.first.soma[..n], unit);
    for layer in &mut state.layers {
        let m = layer.above();
        // The layer above comes after the interneurons, its place is before them.
        let (above, inns) = layer.targets.extra[..2 * m].split_at_mut(m);
        add(inns, 1.0);
        add(above, 1.0);
    }
}

/// Errors of the targets of a layer, and their somata and rates after the step.
#[inline(always)]
fn targets<T: Real, S: Simd, R: Rate>(s: S, layer: &mut Layer<T>, plastic: bool, average: bool) {
    let learns = plastic && layer.forward.is_plastic();
    let Targets {
        soma,
        rate,
        extra,
        sum,
        constants,
    } = &mut layer.targets;
    let (soma, rate) = (T::vectors_mut::<S>(soma), T::vectors_mut::<S>(rate));
    let (extra, sum) = (T::vectors::<S>(extra), T::vectors_mut::<S>(sum));
    let keep = T::vectors::<S>(&constants.keep);
    let gain = T::vectors::<S>(&constants.gain);
    let prediction = T::vectors::<S>(&constants.prediction);
    let learning = T::vectors::<S>(&constants.learning);
    if learns {
        layer.forward.keep_rates();
    }
    let (drive, factors) = layer.forward.drive_and_factors();
    let (drive, factors) = (T::vectors::<S>(drive), T::vectors_mut::<S>(factors));
    for b in 0..soma.len() {
        let input = T::fma(s, gain[b], drive[b], extra[b]);
        let u = T::fma(s, keep[b], soma[b], input);
        let r = if learns {
            let predicted = T::v_mul(s, prediction[b], drive[b]);
            let [r, predicted] = R::rates::<T, S, 2>(s, [u, predicted]);
            factors[b] = T::v_mul(s, learning[b], T::v_sub(s, rate[b], predicted));
            r
        } else {
            R::rate::<T, S>(s, u)
        };
        (soma[b], rate[b]) = (u, r);
        if average {
            sum[b] = T::v_add(s, sum[b], u);
        }
    }
    if learns {
        layer.forward.defer();
    }
}
