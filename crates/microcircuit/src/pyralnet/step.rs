//! The Euler step.
//!
//! In the order of the code, all rates being those at the start of the step:
//!
//! ```text
//! r_in  ← r_in + dt/τ_0 (input - r_in),  u_target likewise
//! layer 1     drive = W r_in,  r = f(u),  plasticity of W,  u ← keep u + g_b dt drive
//! each stage  drive = W r,  after the weight changes of the step before
//! each stage  apical = W_down r_next + W_pi r_inn,  plasticity of W_pi,  u ← u + g_a dt apical
//! each stage  errors,  u ← keep u + gain drive + extra,  r = f(u)      of layer l + 1 and the interneurons
//! ```
//!
//! with `keep = 1 - dt Σg`, so that Euler's step is one sum of products.

use pulp::WithSimd;

use super::Core;
use super::stage::{Scale, Stage};
use crate::Real;
use crate::kernels::columns::{update, weighted_sum};
use crate::kernels::elementary::Rate;
use crate::kernels::rows::{self, Update};

/// A number of steps of the same kind, on the vector unit.
pub(super) struct Steps<'a, T: Real, R> {
    pub(super) core: &'a mut Core<T>,
    pub(super) n: usize,
    pub(super) plastic: bool,
    /// Whether the output is being averaged.
    pub(super) average: bool,
    pub(super) activation: R,
}

impl<T: Real, R: Rate> WithSimd for Steps<'_, T, R> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, s: S) {
        for _ in 0..self.n {
            step::<T, S, R>(s, self.core, self.plastic, self.average);
        }
    }
}

#[inline(always)]
fn step<T: Real, S: pulp::Simd, R: Rate>(s: S, core: &mut Core<T>, plastic: bool, average: bool) {
    filter(core);
    first_layer::<T, S, R>(s, core, plastic);
    for l in 1..core.stages.len() {
        let [below, stage] = core
            .stages
            .get_disjoint_mut([l - 1, l])
            .expect("two different stages");
        stage.rate[..stage.n].copy_from_slice(&below.targets.rate[..stage.n]);
    }
    for stage in &mut core.stages {
        drives::<T, S>(s, stage, core.pending, core.decay);
    }
    for l in 0..core.stages.len() {
        apical::<T, S>(s, core, l, plastic);
    }
    core.add_noise();
    let last = core.stages.len() - 1;
    for (l, stage) in core.stages.iter_mut().enumerate() {
        targets::<T, S, R>(s, stage, plastic);
        if average && l == last {
            add::<T, S>(s, &mut stage.targets.sum, &stage.targets.soma);
        }
        nudge(stage, core.nudging, core.feedback_gain);
        std::mem::swap(&mut stage.rate, &mut stage.old_rate);
    }
    core.pending = plastic;
}

/// The low-pass filters of input and target.
#[inline(always)]
fn filter<T: Real>(core: &mut Core<T>) {
    let input = &mut core.input;
    input.left -= input.filter * input.left;
    for ((x, goal), rounded) in input.x.iter_mut().zip(&input.x_goal).zip(&mut core.x) {
        *x += input.filter * (goal - *x);
        *rounded = T::from_f64(*x);
    }
    let Some(output) = core.stages.last_mut() else {
        return;
    };
    for ((u, goal), extra) in core
        .target
        .iter_mut()
        .zip(&core.target_goal)
        .zip(output.targets.extra.iter_mut())
    {
        *u += input.filter * (goal - *u);
        *extra = T::from_f64(core.target_gain * *u);
    }
}

/// Drive, plasticity, rates and leak of the first hidden layer.
#[inline(always)]
fn first_layer<T: Real, S: pulp::Simd, R: Rate>(s: S, core: &mut Core<T>, plastic: bool) {
    let first = &core.first;
    let [keep, gain, prediction, learning, decay] = [
        first.keep,
        first.gain,
        first.prediction,
        first.learning,
        core.decay,
    ]
    .map(|x| T::splat(s, x));
    let scale = core.input.scale;
    let x = &core.x[..];
    let (w, p) = core.input.columns();
    let (w, p) = (T::vectors_mut::<S>(w), T::vectors_mut::<S>(p));
    let stage = &mut core.stages[0];
    let rates = T::vectors_mut::<S>(&mut stage.rate);
    let columns = w.chunks_exact_mut(x.len()).zip(p.chunks_exact_mut(x.len()));
    let neurons = T::vectors_mut::<S>(&mut core.soma)
        .iter_mut()
        .zip(rates.iter_mut());
    for ((w, p), (u, rate)) in columns.zip(neurons) {
        let drive = weighted_sum::<T, S>(s, w, x);
        let r = R::rate::<T, S>(s, *u);
        if plastic && scale != Scale::Resting {
            let e = T::v_sub(s, r, R::rate::<T, S>(s, T::v_mul(s, prediction, drive)));
            let e = T::v_mul(s, learning, e);
            match scale {
                Scale::Plastic(_) => update::<T, S, true>(s, w, p, x, e, decay),
                _ => update::<T, S, false>(s, w, p, x, e, decay),
            }
        }
        *u = T::fma(s, keep, *u, T::v_mul(s, gain, drive));
        *rate = r;
    }
    // Lanes that are no neurons: the bias, then nothing.
    let others = stage.rate[stage.n..]
        .iter_mut()
        .zip(&stage.old_rate[stage.n..]);
    others.for_each(|(rate, old)| *rate = *old);
}

/// `W_up r` of the layer above and `W_ip r`, after the weight changes of the step before.
#[inline(always)]
fn drives<T: Real, S: pulp::Simd>(s: S, stage: &mut Stage<T>, pending: bool, decay: T) {
    let tile = stage.w.tile();
    let (any, kept) = stage.forward_rules();
    let w = T::vectors_mut::<S>(stage.w.data_mut());
    let rate = T::vectors::<S>(&stage.rate);
    let targets = &mut stage.targets;
    if pending && any {
        let p = T::vectors_mut::<S>(stage.p.data_mut());
        let old = T::vectors::<S>(&stage.old_rate);
        let plastic = kept.then_some(&targets.plastic[..]);
        let update = Update {
            old,
            factor: &targets.factor,
            plastic,
            decay,
        };
        rows::update_and_drive::<T, S>(s, tile, (w, p), update, rate, &mut targets.drive);
    } else {
        rows::drive::<T, S>(s, tile, w, rate, &mut targets.drive);
    }
}

/// Adds the apical contribution to the somata of hidden layer `l + 1`, with plasticity of `W_pi`.
#[inline(always)]
fn apical<T: Real, S: pulp::Simd>(s: S, core: &mut Core<T>, l: usize, plastic: bool) {
    let decay = T::splat(s, core.decay);
    let stage = &mut core.stages[l];
    let m = stage.m;
    let used = if stage.cancels { m } else { 2 * m };
    let feedback = &stage.targets.feedback[..used];
    let rule = if plastic {
        stage.rates.pi
    } else {
        Scale::Resting
    };
    let columns = T::vectors_mut::<S>(stage.feedback.data_mut()).chunks_exact_mut(2 * m);
    let into = if l == 0 {
        &mut core.soma
    } else {
        &mut stage.apical
    };
    let into = T::vectors_mut::<S>(into);
    if rule == Scale::Resting {
        for (w, u) in columns.zip(into) {
            let apical = weighted_sum::<T, S>(s, &w[..used], feedback);
            *u = if l == 0 {
                T::v_add(s, *u, apical)
            } else {
                apical
            };
        }
    } else {
        let learning = T::splat(s, core.pi_learning[l]);
        let inn = &stage.targets.rate[m..2 * m];
        let changes = T::vectors_mut::<S>(stage.p_pi.data_mut()).chunks_exact_mut(m);
        for ((w, p), u) in columns.zip(changes).zip(into) {
            let apical = weighted_sum::<T, S>(s, &w[..used], feedback);
            *u = if l == 0 {
                T::v_add(s, *u, apical)
            } else {
                apical
            };
            let e = T::v_mul(s, learning, apical);
            match rule {
                Scale::Plastic(_) => update::<T, S, true>(s, &mut w[m..], p, inn, e, decay),
                _ => update::<T, S, false>(s, &mut w[m..], p, inn, e, decay),
            }
        }
    }
    if l > 0 {
        let [below, stage] = core
            .stages
            .get_disjoint_mut([l - 1, l])
            .expect("two different stages");
        below.targets.extra[..stage.n].copy_from_slice(&stage.apical[..stage.n]);
    }
}

/// Errors of the neurons above, and their somata and rates after the step.
#[inline(always)]
fn targets<T: Real, S: pulp::Simd, R: Rate>(s: S, stage: &mut Stage<T>, plastic: bool) {
    let (any, _) = stage.forward_rules();
    let t = &mut stage.targets;
    let soma = T::vectors_mut::<S>(&mut t.soma);
    let rate = T::vectors_mut::<S>(&mut t.rate);
    let factor = T::vectors_mut::<S>(&mut t.factor);
    let [drive, extra, keep, gain, prediction, learning] = [
        &t.drive,
        &t.extra,
        &t.keep,
        &t.gain,
        &t.prediction,
        &t.learning,
    ]
    .map(|a| T::vectors::<S>(a));
    for b in 0..soma.len() {
        if plastic && any {
            let e = T::v_sub(
                s,
                rate[b],
                R::rate::<T, S>(s, T::v_mul(s, prediction[b], drive[b])),
            );
            factor[b] = T::v_mul(s, learning[b], e);
        }
        soma[b] = T::fma(s, keep[b], soma[b], T::fma(s, gain[b], drive[b], extra[b]));
        rate[b] = R::rate::<T, S>(s, soma[b]);
    }
}

/// What the new somata and rates will do in the next step: nudge the interneurons, feed back.
#[inline(always)]
pub(super) fn nudge<T: Real>(stage: &mut Stage<T>, nudging: T, feedback_gain: T) {
    let (m, t) = (stage.m, &mut stage.targets);
    for k in 0..m {
        t.extra[m + k] = nudging * t.soma[k];
    }
    if stage.cancels {
        for k in 0..m {
            t.feedback[k] = feedback_gain * (t.rate[k] - t.rate[m + k]);
        }
    } else {
        for k in 0..2 * m {
            t.feedback[k] = feedback_gain * t.rate[k];
        }
    }
}

#[inline(always)]
fn add<T: Real, S: pulp::Simd>(s: S, sum: &mut [T], values: &[T]) {
    for (sum, value) in T::vectors_mut::<S>(sum)
        .iter_mut()
        .zip(T::vectors::<S>(values))
    {
        *sum = T::v_add(s, *sum, *value);
    }
}
