//! The Euler step.
//!
//! In the order of the equations, all rates being those at the start of the step:
//!
//! ```text
//! r_in  ← r_in + dt/τ_0 (input - r_in),  u_target likewise
//! layer 1     drive = W r_in,  r = f(u),  plasticity of W,  u ← keep u + g_b dt drive
//! each stage  drive = W r,  after the weight changes of the steps before
//! each stage  apical = W_down r_next + W_pi r_inn,  plasticity of W_pi,  u ← u + g_a dt apical
//! each stage  errors,  u ← keep u + gain drive + extra,  r = f(u)      of layer l + 1 and the interneurons
//! ```
//!
//! with `keep = 1 - dt Σg`, so that Euler's step is one sum of products. The last line is a chain of dependent
//! operations on a few neurons; it is computed in the middle of the first layer's of the next step, which needs
//! nothing of it and keeps the machine busy meanwhile.

use pulp::WithSimd;

use super::core::Core;
use super::engine::Job;
use super::first::{Apical, First, second_half, whole};
use super::settled::unsettle;
use super::shallow;
use super::stage::{self, Stage};
use crate::Real;
use crate::kernels::columns::{broadcast, long_weighted_sum, update};
use crate::kernels::elementary::Rate;
use crate::kernels::packed::MAX_TILE;
use crate::kernels::rows::{self, Change};
use crate::kernels::tiles::for_few;
use crate::leak::Leak;

/// Blocks of the first hidden layer whose rates are computed side by side.
const SIDE_BY_SIDE: usize = 2;

/// Steps on the vector unit.
pub(super) struct Steps<'a, T: Real, R> {
    pub(super) core: &'a mut Core<T>,
    pub(super) job: Job,
    pub(super) _activation: R,
}

impl<T: Real, R: Rate> WithSimd for Steps<'_, T, R> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, s: S) {
        let Self { core, job, .. } = self;
        if shallow::steps::<T, S, R>(s, core, job) {
            return;
        }
        if let Some(plane) = &mut core.input.plane {
            unsettle::<T, S>(s, plane);
        }
        for i in 0..job.n {
            core.filter_input(core.input.filter);
            let half = second_half(T::vectors::<S>(&core.soma).len(), SIDE_BY_SIDE);
            first_layer::<T, S, R>(s, core, 0..half.start, job.plastic);
            if i > 0 {
                finish::<T, S, R>(s, core, job);
            }
            core.filter_target(core.input.filter);
            first_layer::<T, S, R>(s, core, half, job.plastic);
            for l in 1..core.stages.len() {
                let [below, stage] = two(&mut core.stages, l);
                stage.rate[..stage.n].copy_from_slice(&below.targets.rate[..stage.n]);
            }
            drives::<T, S>(s, core, job.plastic);
            for l in 0..core.stages.len() {
                apical::<T, S>(s, core, l, job.plastic);
            }
            core.add_noise();
            if job.plastic {
                for stage in &mut core.stages {
                    std::mem::swap(&mut stage.rate, &mut stage.changes[core.pending].rate);
                }
            }
        }
        if job.n > 0 {
            finish::<T, S, R>(s, core, job);
        }
    }
}

/// Pending changes of the forward weights, applied.
pub(super) struct CatchUp<'a, T: Real> {
    pub(super) core: &'a mut Core<T>,
}

impl<T: Real> WithSimd for CatchUp<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, s: S) {
        catch_up::<T, S>(s, self.core);
    }
}

/// Applies the changes of the forward weights that are pending.
#[inline(always)]
pub(super) fn catch_up<T: Real, S: pulp::Simd>(s: S, core: &mut Core<T>) {
    let pending = std::mem::take(&mut core.pending);
    for stage in &mut core.stages {
        if pending == 0 || !stage.is_plastic() {
            continue;
        }
        let tile = stage.w.tile();
        let changes = changes::<T, S>(&stage.changes);
        let w = T::vectors_mut::<S>(stage.w.data_mut());
        let p = T::vectors_mut::<S>(stage.p.data_mut());
        rows::catch_up::<T, S>(s, tile, (w, p), &changes[..pending], core.decay);
    }
}

#[inline(always)]
fn changes<T: Real, S: pulp::Simd>(
    [first, second]: &[stage::Change<T>; 2],
) -> [Change<'_, T, S>; 2] {
    [
        Change::<T, S> {
            rate: T::vectors::<S>(&first.rate),
            factor: &first.factor,
        },
        Change::<T, S> {
            rate: T::vectors::<S>(&second.rate),
            factor: &second.factor,
        },
    ]
}

/// Stage `l` and the one below.
#[inline(always)]
pub(super) fn two<T>(stages: &mut [Stage<T>], l: usize) -> [&mut Stage<T>; 2] {
    stages
        .get_disjoint_mut([l - 1, l])
        .expect("two different stages")
}

/// Drive, plasticity, rates and leak of some blocks of the first hidden layer.
#[inline(always)]
fn first_layer<T: Real, S: pulp::Simd, R: Rate>(
    s: S,
    core: &mut Core<T>,
    blocks: std::ops::Range<usize>,
    plastic: bool,
) {
    let plastic = plastic && core.input.scale > 0.0;
    let in_plane = core.input.plane.is_some();
    let (w, p) = core.input.columns();
    let n = core.x.len();
    let columns = blocks.start * n..blocks.end * n;
    let Leak {
        keep, prediction, ..
    } = core.first.leak;
    let first = First::<T, S, 0> {
        x: &core.x,
        x_learning: &core.x_learning,
        w: &mut T::vectors_mut::<S>(w)[columns.clone()],
        p: &mut T::vectors_mut::<S>(p)[columns],
        soma: &mut T::vectors_mut::<S>(&mut core.soma)[blocks.clone()],
        rate: &mut T::vectors_mut::<S>(&mut core.stages[0].rate)[blocks.clone()],
        whole: whole::<T, S>(core.params.dim(1), &blocks),
        mask: &T::vectors::<S>(&core.mask)[blocks.clone()],
        bias: &T::vectors::<S>(&core.bias)[blocks],
        apical: Apical::NONE,
        keep: T::splat(s, keep),
        prediction: T::splat(s, prediction),
        decay: T::splat(s, core.decay),
    };
    match (in_plane, plastic) {
        (true, true) => {
            let [] = first.in_plane::<R, SIDE_BY_SIDE, true, false, 0>(s, []);
        }
        (true, false) => {
            let [] = first.in_plane::<R, SIDE_BY_SIDE, false, false, 0>(s, []);
        }
        (false, _) => first.all_inputs::<R>(s, plastic),
    }
}

/// `W_up r` of the layers above and `W_ip r`, after the weight changes of the steps before.
#[inline(always)]
fn drives<T: Real, S: pulp::Simd>(s: S, core: &mut Core<T>, plastic: bool) {
    if !plastic {
        catch_up::<T, S>(s, core);
    }
    for stage in &mut core.stages {
        let tile = stage.w.tile();
        let changing = plastic && stage.is_plastic();
        let w = T::vectors_mut::<S>(stage.w.data_mut());
        let p = T::vectors_mut::<S>(stage.p.data_mut());
        let rate = T::vectors::<S>(&stage.rate);
        let drive = &mut stage.targets.drive[..];
        if changing && core.pending == 2 {
            let changes = changes::<T, S>(&stage.changes);
            rows::learn_and_drive::<T, S, 2>(s, tile, (w, p), changes, core.decay, rate, drive);
            continue;
        }
        rows::drive::<T, S>(s, tile, w, rate, drive);
        if changing && core.pending == 0 {
            rows::advance::<T, S>(s, w, p);
        }
    }
    if core.pending == 2 {
        core.pending = 0;
    }
}

/// Adds the apical contribution to the somata of hidden layer `l + 1`, with plasticity of `W_pi`.
#[inline(always)]
fn apical<T: Real, S: pulp::Simd>(s: S, core: &mut Core<T>, l: usize, plastic: bool) {
    let stage = &mut core.stages[l];
    let used = if stage.cancels { stage.m } else { 2 * stage.m };
    if plastic && stage.scales.pi > 0.0 {
        let learning = core.pi_learning[l];
        plastic_apical::<T, S>(s, stage, l == 0, &mut core.soma, learning, core.decay);
    } else {
        let columns = T::vectors::<S>(stage.feedback.data());
        let rates = &stage.targets.feedback[..used];
        let into = if l == 0 {
            &mut core.soma
        } else {
            &mut stage.apical
        };
        let into = T::vectors_mut::<S>(into);
        let all = 2 * stage.m;
        if l == 0 && used <= MAX_TILE {
            for_few!(used, C => few_apical::<T, S, C>(s, columns, all, rates, into));
        } else {
            for (w, u) in columns.chunks_exact(all).zip(into) {
                let apical = long_weighted_sum::<T, S>(s, &w[..used], rates);
                *u = if l == 0 {
                    T::v_add(s, *u, apical)
                } else {
                    apical
                };
            }
        }
    }
    if l > 0 {
        let [below, stage] = two(&mut core.stages, l);
        below.targets.extra[..stage.n].copy_from_slice(&stage.apical[..stage.n]);
    }
}

/// Adds the first `C` of every `all` columns to the somata.
#[inline(always)]
fn few_apical<T: Real, S: pulp::Simd, const C: usize>(
    s: S,
    columns: &[T::V<S>],
    all: usize,
    rates: &[T],
    soma: &mut [T::V<S>],
) {
    let rates = broadcast::<T, S, C>(s, rates);
    for (w, u) in columns.chunks_exact(all).zip(soma) {
        let Some(w) = w.first_chunk::<C>() else {
            return;
        };
        let mut sum = *u;
        for c in 0..C {
            sum = T::fma(s, w[c], rates[c], sum);
        }
        *u = sum;
    }
}

/// The apical contribution, with plasticity of `W_pi`.
#[inline(always)]
fn plastic_apical<T: Real, S: pulp::Simd>(
    s: S,
    stage: &mut Stage<T>,
    first: bool,
    soma: &mut [T],
    learning: T,
    decay: T,
) {
    let m = stage.m;
    let (learning, decay) = (T::splat(s, learning), T::splat(s, decay));
    let (rates, inn) = (
        &stage.targets.feedback[..2 * m],
        &stage.targets.rate[m..2 * m],
    );
    let columns = T::vectors_mut::<S>(stage.feedback.data_mut()).chunks_exact_mut(2 * m);
    let changes = T::vectors_mut::<S>(stage.p_pi.data_mut()).chunks_exact_mut(m);
    let into = T::vectors_mut::<S>(if first { soma } else { &mut stage.apical });
    for ((w, p), u) in columns.zip(changes).zip(into) {
        let apical = long_weighted_sum::<T, S>(s, w, rates);
        *u = if first {
            T::v_add(s, *u, apical)
        } else {
            apical
        };
        let e = T::v_mul(s, learning, apical);
        update::<T, S, false>(s, &mut w[m..], p, inn, e, decay);
    }
}

/// The end of a step, as far as the targets of the stages are concerned.
#[inline(always)]
fn finish<T: Real, S: pulp::Simd, R: Rate>(s: S, core: &mut Core<T>, job: Job) {
    let last = core.stages.len() - 1;
    for (l, stage) in core.stages.iter_mut().enumerate() {
        targets::<T, S, R>(s, stage, core.pending, job.plastic);
        if job.average && l == last {
            let t = &mut stage.targets;
            let sums = T::vectors_mut::<S>(&mut t.sum).iter_mut();
            sums.zip(T::vectors::<S>(&t.soma))
                .for_each(|(sum, u)| *sum = T::v_add(s, *sum, *u));
        }
        nudge(stage, core.nudging);
    }
    core.pending += usize::from(job.plastic);
}

/// Errors of the neurons above, and their somata and rates after the step.
#[inline(always)]
fn targets<T: Real, S: pulp::Simd, R: Rate>(
    s: S,
    stage: &mut Stage<T>,
    pending: usize,
    plastic: bool,
) {
    let changing = stage.is_plastic();
    let t = &mut stage.targets;
    let soma = T::vectors_mut::<S>(&mut t.soma);
    let rate = T::vectors_mut::<S>(&mut t.rate);
    let (drive, extra) = (T::vectors::<S>(&t.drive), T::vectors::<S>(&t.extra));
    let (keep, gain) = (T::vectors::<S>(&t.keep), T::vectors::<S>(&t.gain));
    if plastic && changing {
        let (prediction, learning) = (T::vectors::<S>(&t.prediction), T::vectors::<S>(&t.learning));
        let factor = T::vectors_mut::<S>(&mut stage.changes[pending].factor);
        for b in 0..soma.len() {
            let u = T::fma(s, keep[b], soma[b], T::fma(s, gain[b], drive[b], extra[b]));
            let [r, predicted] = R::rates::<T, S, 2>(s, [u, T::v_mul(s, prediction[b], drive[b])]);
            factor[b] = T::v_mul(s, learning[b], T::v_sub(s, rate[b], predicted));
            (soma[b], rate[b]) = (u, r);
        }
    } else {
        for b in 0..soma.len() {
            let u = T::fma(s, keep[b], soma[b], T::fma(s, gain[b], drive[b], extra[b]));
            (soma[b], rate[b]) = (u, R::rate::<T, S>(s, u));
        }
    }
}

/// What the new somata and rates will do in the next step: nudge the interneurons, feed back.
#[inline(always)]
pub(super) fn nudge<T: Real>(stage: &mut Stage<T>, nudging: T) {
    let (m, feedback_gain, t) = (stage.m, stage.feedback_gain, &mut stage.targets);
    for (extra, u) in t.extra[m..2 * m].iter_mut().zip(&t.soma[..m]) {
        *extra = nudging * *u;
    }
    let (above, inns) = t.rate[..2 * m].split_at(m);
    if stage.cancels {
        for ((feedback, r), inn) in t.feedback.iter_mut().zip(above).zip(inns) {
            *feedback = feedback_gain * (*r - *inn);
        }
    } else {
        for (feedback, r) in t.feedback.iter_mut().zip(&t.rate[..2 * m]) {
            *feedback = feedback_gain * *r;
        }
    }
}
