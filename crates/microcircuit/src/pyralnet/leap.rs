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
//! (ē, r̄: means over the leap; sums: [`powers`](super::powers), [`past`](super::past)). So a leap
//! needs one evaluation, like a step. How far the new I is from the prediction, as the potential it would lead to, is
//! the error that controls the length of the next leap. With m = 1 a leap is the Euler step.

#![allow(
    clippy::needless_range_loop,
    reason = "iterators that are not inlined are not compiled for the vector unit"
)]

use pulp::WithSimd;

use super::core::Core;
use super::engine::Job;
use super::memory::{Course, Memory, StageMemory};
use super::past::{Past, Spacing};
use super::powers::Powers;
use super::settled::unsettle;
use super::stage::Stage;
use super::step::{nudge, two};
use crate::Real;
use crate::kernels::columns::{long_weighted_sum, weighted_sum};
use crate::kernels::elementary::Rate;
use crate::kernels::rows;
use crate::leak::Leak;

/// Leaps on the vector unit, over the steps of a job.
pub(super) struct Leaps<'a, T: Real, R> {
    pub(super) core: &'a mut Core<T>,
    pub(super) memory: &'a mut Memory<T>,
    pub(super) job: Job,
    pub(super) _activation: R,
}

impl<T: Real, R: Rate> WithSimd for Leaps<'_, T, R> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, s: S) {
        let Self {
            core, memory, job, ..
        } = self;
        super::step::catch_up::<T, S>(s, core);
        if let Some(plane) = &mut core.input.plane {
            unsettle::<T, S>(s, plane);
        }
        memory.continue_with(job);
        let mut left = job.n;
        while left > 0 {
            core.filter(memory.approach[1]);
            evaluate::<T, S, R>(s, core, memory, job.plastic);
            memory.error = surprise::<T, S>(s, core, memory);
            let m = memory.choose(left);
            leap::<T, S, R>(s, core, memory, job, m);
            core.filter(memory.approach[m - 1]);
            memory.spacing = memory.spacing.then(m);
            left -= m;
        }
        drives::<T, S>(s, core, memory);
    }
}

/// Drives of all stages, after the weight changes of the last leap.
#[inline(always)]
fn drives<T: Real, S: pulp::Simd>(s: S, core: &mut Core<T>, memory: &mut Memory<T>) {
    let pending = memory.pending.take();
    for (stage, past) in core.stages.iter_mut().zip(&memory.stages) {
        let tile = stage.w.tile();
        let changing = stage.is_plastic();
        let w = T::vectors_mut::<S>(stage.w.data_mut());
        let p = T::vectors_mut::<S>(stage.p.data_mut());
        let rate = T::vectors::<S>(&stage.rate);
        let drive = &mut stage.targets.drive[..];
        match pending {
            Some(Powers { keep, sum, .. }) if changing => {
                let leap = rows::Leap::<T, S> {
                    sum: T::from_f64(sum),
                    keep: T::from_f64(keep),
                    rate: T::vectors::<S>(&stage.changes[0].rate),
                    of_w: &past.of_w,
                    of_p: &past.of_p,
                };
                rows::leap_and_drive::<T, S>(s, tile, (w, p), leap, rate, drive);
            }
            _ => rows::drive::<T, S>(s, tile, w, rate, drive),
        }
    }
}

/// Rates, drives, inputs and errors of the state as it is.
#[inline(always)]
fn evaluate<T: Real, S: pulp::Simd, R: Rate>(
    s: S,
    core: &mut Core<T>,
    memory: &mut Memory<T>,
    plastic: bool,
) {
    first_layer::<T, S, R>(s, core, &mut memory.first, plastic);
    for l in 1..core.stages.len() {
        let [below, stage] = two(&mut core.stages, l);
        stage.rate[..stage.n].copy_from_slice(&below.targets.rate[..stage.n]);
    }
    drives::<T, S>(s, core, memory);
    for l in 0..core.stages.len() {
        let stage = &mut core.stages[l];
        let used = if stage.cancels { stage.m } else { 2 * stage.m };
        let (columns, all) = (T::vectors::<S>(stage.feedback.data()), 2 * stage.m);
        let rates = &stage.targets.feedback[..used];
        let apical = T::vectors_mut::<S>(&mut stage.apical);
        for b in 0..apical.len() {
            let w = &columns[b * all..b * all + used];
            apical[b] = long_weighted_sum::<T, S>(s, w, rates);
        }
        if l == 0 {
            let input = T::vectors_mut::<S>(memory.first.input.now_mut());
            for b in 0..apical.len() {
                input[b] = T::v_add(s, input[b], apical[b]);
            }
        } else {
            let [below, stage] = two(&mut core.stages, l);
            below.targets.extra[..stage.n].copy_from_slice(&stage.apical[..stage.n]);
        }
    }
    for (stage, past) in core.stages.iter().zip(&mut memory.stages) {
        targets::<T, S, R>(s, stage, &mut past.targets, plastic);
    }
}

#[inline(always)]
fn first_layer<T: Real, S: pulp::Simd, R: Rate>(
    s: S,
    core: &mut Core<T>,
    course: &mut Course<T>,
    plastic: bool,
) {
    let Leak {
        gain, prediction, ..
    } = core.first.leak;
    let (gain, prediction) = (T::splat(s, gain), T::splat(s, prediction));
    let (n, in_plane) = (core.x.len(), core.input.plane.is_some());
    let (w, _) = core.input.columns();
    let columns = T::vectors::<S>(w);
    let soma = T::vectors::<S>(&core.soma);
    let rate = T::vectors_mut::<S>(&mut core.stages[0].rate);
    let (mask, bias) = (T::vectors::<S>(&core.mask), T::vectors::<S>(&core.bias));
    let input = T::vectors_mut::<S>(course.input.next());
    let error = T::vectors_mut::<S>(course.error.next());
    let pairs = columns.as_chunks::<2>().0;
    for b in 0..soma.len() {
        let predicted = match &core.x[..] {
            &[x_0, x_1] if in_plane => {
                let x = [T::splat(s, x_0), T::splat(s, x_1)];
                weighted_sum::<T, S, 2>(s, &pairs[b], &x)
            }
            x => {
                let drive = long_weighted_sum::<T, S>(s, &columns[b * n..(b + 1) * n], x);
                T::v_mul(s, prediction, drive)
            }
        };
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
fn targets<T: Real, S: pulp::Simd, R: Rate>(
    s: S,
    stage: &Stage<T>,
    course: &mut Course<T>,
    plastic: bool,
) {
    let t = &stage.targets;
    let (drive, extra) = (T::vectors::<S>(&t.drive), T::vectors::<S>(&t.extra));
    let (gain, prediction) = (T::vectors::<S>(&t.gain), T::vectors::<S>(&t.prediction));
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
fn surprise<T: Real, S: pulp::Simd>(s: S, core: &Core<T>, memory: &Memory<T>) -> f64 {
    if memory.spacing.last().is_none() {
        return 0.0;
    }
    // In the unit of the first layer's somata.
    let unit = core.first.unit.abs();
    let (mut largest, to_unit) = (
        missed::<T, S>(s, &memory.first),
        T::splat(s, T::from_f64(unit)),
    );
    for stage in &memory.stages {
        let of_targets = T::v_mul(s, to_unit, missed::<T, S>(s, &stage.targets));
        largest = T::v_max(s, of_targets, largest);
    }
    let raw = core.params.raw();
    // An input too large by dI leads to a potential too large by dI / (1 - κ) ≤ dI / (dt (g_l + g_b)).
    let per_step = unit * raw.dt_ms * (raw.g_l + raw.g_b.min(raw.g_d));
    T::v_largest(s, largest).to_f64() / per_step
}

/// The largest distances of inputs from what was predicted, lane by lane, in the unit of the somata.
#[inline(always)]
fn missed<T: Real, S: pulp::Simd>(s: S, course: &Course<T>) -> T::V<S> {
    let mut largest = T::splat(s, T::ZERO);
    let input = T::vectors::<S>(course.input.now());
    for (input, predicted) in input.iter().zip(T::vectors::<S>(&course.predicted)) {
        largest = T::v_max(s, T::v_abs(s, T::v_sub(s, *input, *predicted)), largest);
    }
    largest
}

/// `m` steps, with inputs and errors as they are and as they change.
#[inline(always)]
fn leap<T: Real, S: pulp::Simd, R: Rate>(
    s: S,
    core: &mut Core<T>,
    memory: &mut Memory<T>,
    job: Job,
    m: usize,
) {
    let spacing = memory.spacing;
    let weights = memory.weights.of(core.decay, m);
    let mean = spacing.mean(m);
    if job.plastic {
        first_plasticity::<T, S>(s, core, &memory.first, weights, mean);
    }
    let powers = memory.somata.of(core.first.leak.keep, m);
    advance::<T, S>(
        s,
        &mut core.soma,
        &mut memory.first,
        powers,
        spacing.soma(powers),
        spacing.after(m),
    );
    let last_stage = core.stages.len() - 1;
    for l in 0..core.stages.len() {
        if job.plastic {
            plasticity::<T, S>(s, core, &mut memory.stages[l], l, weights, mean);
        }
        let (stage, past) = (&mut core.stages[l], &mut memory.stages[l]);
        let average = job.average && l == last_stage;
        advance_targets(stage, past, spacing, m, average);
        let t = &mut stage.targets;
        let (soma, rate) = (T::vectors::<S>(&t.soma), T::vectors_mut::<S>(&mut t.rate));
        for (u, r) in soma.iter().zip(rate) {
            *r = R::rate::<T, S>(s, *u);
        }
        nudge(stage, core.nudging);
    }
    memory.pending = job.plastic.then_some(weights);
}

/// The somata of layer 1, and what should enter them after `m` steps.
#[inline(always)]
fn advance<T: Real, S: pulp::Simd>(
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

/// The same for the targets of a stage.
#[inline(always)]
fn advance_targets<T: Real>(
    stage: &mut Stage<T>,
    past: &mut StageMemory<T>,
    spacing: Spacing,
    m: usize,
    average: bool,
) {
    let (n, t) = (stage.m, &mut stage.targets);
    let course = &mut past.targets;
    let after = spacing.after(m).map(T::from_f64);
    let sides = past.powers.iter_mut().zip([0..n, n..2 * n]);
    for (table, side) in sides {
        let powers = table.of(t.keep[side.start], m);
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

/// Plasticity of the weights from the input.
#[inline(always)]
fn first_plasticity<T: Real, S: pulp::Simd>(
    s: S,
    core: &mut Core<T>,
    course: &Course<T>,
    weights: Powers,
    mean: [f64; 2],
) {
    if core.input.scale == 0.0 {
        return;
    }
    let change = Change::<T, S>::new(s, weights);
    let (n, x) = (core.x.len(), &core.x_learning);
    let (w, p) = core.input.columns();
    let (w, p) = (T::vectors_mut::<S>(w), T::vectors_mut::<S>(p));
    let errors = course.error.led(s, mean);
    for b in 0..T::vectors::<S>(course.error.now()).len() {
        let e = errors.value(s, b);
        let (w, p) = (&mut w[b * n..(b + 1) * n], &mut p[b * n..(b + 1) * n]);
        for c in 0..n {
            change.apply(s, &mut w[c], &mut p[c], e, x[c]);
        }
    }
}

/// Plasticity of a stage: of `W_pi` at once, of the forward weights in the next evaluation.
#[inline(always)]
fn plasticity<T: Real, S: pulp::Simd>(
    s: S,
    core: &mut Core<T>,
    past: &mut StageMemory<T>,
    l: usize,
    weights: Powers,
    mean: [f64; 2],
) {
    let stage = &mut core.stages[l];
    let change = Change::<T, S>::new(s, weights);
    let of_w = T::vectors_mut::<S>(&mut past.of_w);
    let of_p = T::vectors_mut::<S>(&mut past.of_p);
    let errors = past.targets.error.led(s, mean);
    let learning = T::vectors::<S>(&stage.targets.learning);
    for b in 0..of_w.len() {
        let e = T::v_mul(s, learning[b], errors.value(s, b));
        of_w[b] = T::v_mul(s, change.ramp, e);
        of_p[b] = T::v_mul(s, change.sum, e);
    }
    past.rate.push(&stage.rate);
    means::<T, S>(s, &past.rate, mean, &mut stage.changes[0].rate);
    if stage.scales.pi > 0.0 {
        past.apical.push(&stage.apical);
        past.target_rate.push(&stage.targets.rate);
        means::<T, S>(s, &past.target_rate, mean, &mut past.mean_rate);
        let m = stage.m;
        let apical = past.apical.led(s, mean);
        let learning = T::splat(s, core.pi_learning[l]);
        let columns = T::vectors_mut::<S>(stage.feedback.data_mut()).chunks_exact_mut(2 * m);
        let changes = T::vectors_mut::<S>(stage.p_pi.data_mut()).chunks_exact_mut(m);
        for (b, (w, p)) in columns.zip(changes).enumerate() {
            let e = T::v_mul(s, learning, apical.value(s, b));
            for ((w, p), x) in w[m..].iter_mut().zip(p).zip(&past.mean_rate[m..2 * m]) {
                change.apply(s, w, p, e, *x);
            }
        }
    }
}

/// Means over a leap.
#[inline(always)]
fn means<T: Real, S: pulp::Simd>(s: S, past: &Past<T>, mean: [f64; 2], into: &mut [T]) {
    let past = past.led(s, mean);
    for (b, mean) in T::vectors_mut::<S>(into).iter_mut().enumerate() {
        *mean = past.value(s, b);
    }
}

/// What many plastic steps do to weights: `W ← W + S P + R e x,  P ← βᵐ P + S e x`.
struct Change<T: Real, S: pulp::Simd> {
    keep: T::V<S>,
    sum: T::V<S>,
    ramp: T::V<S>,
}

impl<T: Real, S: pulp::Simd> Change<T, S> {
    #[inline(always)]
    fn new(s: S, weights: Powers) -> Self {
        Self {
            keep: T::splat(s, T::from_f64(weights.keep)),
            sum: T::splat(s, T::from_f64(weights.sum)),
            ramp: T::splat(s, T::from_f64(weights.ramp)),
        }
    }

    #[inline(always)]
    fn apply(&self, s: S, w: &mut T::V<S>, p: &mut T::V<S>, e: T::V<S>, x: T) {
        let (ex, p_old) = (T::v_mul(s, e, T::splat(s, x)), *p);
        *w = T::fma(s, self.sum, p_old, T::fma(s, self.ramp, ex, *w));
        *p = T::fma(s, self.sum, ex, T::v_mul(s, self.keep, p_old));
    }
}
