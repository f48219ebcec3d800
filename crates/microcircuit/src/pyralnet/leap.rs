//! Many Euler steps at once: the adaptive integrator.
//!
//! Once the transient at the start of a pattern is over, everything moves as slowly as the weights do. A *leap* of
//! m steps is what m Euler steps do, exactly, if the input I of every soma (everything but its leak) and the
//! factors e, r of plasticity change linearly meanwhile:
//!
//! ```text
//! u ← κ u + I      m times, I = I₀ + j σ:    u ← κᵐ u + S(κ) I₀ + (m - S(κ)) / (1-κ) σ
//! W ← W + P, P ← β P + c e rᵀ      m times:  W ← W + S(β) P + (m - S(β)) / (1-β) c ē r̄ᵀ
//!                                            P ← βᵐ P + S(β) c ē r̄ᵀ
//! with S(κ) = (1 - κᵐ) / (1 - κ)
//! ```
//!
//! (ē, r̄: means over the leap). Slopes come from the last two evaluations, so that a leap needs one, like a step.
//! How far the new I is from what the slope predicted, as the potential it would lead to, is the error that
//! controls the length of the next leap: it is of second order in m. With m = 1 a leap is the Euler step.

use pulp::WithSimd;

use super::core::Core;
use super::engine::Job;
use super::powers::{Powers, Table};
use super::stage::Stage;
use super::step::nudge;
use crate::kernels::aligned::Aligned;
use crate::kernels::columns::{long_weighted_sum, weighted_sum};
use crate::kernels::elementary::Rate;
use crate::kernels::rows;
use crate::leak::Leak;
use crate::{Params, Real};

/// What the leaps of a pattern remember.
pub struct Memory<T> {
    /// Steps of the last leap; 0: there was none in this pattern.
    last: usize,
    /// Whether weights were plastic in it.
    plastic: bool,
    /// Error of the last prediction, as a potential.
    error: f64,
    /// Potential error allowed per leap.
    tolerance: f64,
    /// Of layer 1.
    first: Course<T>,
    /// Of the targets of each stage.
    targets: Vec<Course<T>>,
    /// Rates of each hidden layer in the last evaluation.
    rates: Vec<Aligned<T>>,
    /// Forward weights' changes of the last leap, left to apply: of W and of P, per target.
    of_w: Vec<Aligned<T>>,
    of_p: Vec<Aligned<T>>,
    pending: Option<Powers<T>>,
    /// Of the filters of input and target, how near their goals the steps of a leap bring them.
    approach: Vec<f64>,
    /// Of P, of the somata of layer 1, and of those of the targets of each stage.
    weights: Table<T>,
    somata: Table<T>,
    above: Vec<[Table<T>; 2]>,
}

/// Inputs and errors of some neurons, in this evaluation and the last.
struct Course<T> {
    input: Aligned<T>,
    last_input: Aligned<T>,
    slope: Aligned<T>,
    error: Aligned<T>,
    last_error: Aligned<T>,
}

/// The longest leap, ms.
const LONGEST_MS: f64 = 10.0;
/// Largest growth from one leap to the next, and largest shrinkage.
const GROWTH: (f64, f64) = (1.5, 0.25);
/// Leaps begin when the curvature of the input allows this many steps: shorter ones take longer than their steps.
const WORTHWHILE: f64 = 3.0;

impl<T: Real> Memory<T> {
    pub(super) fn new(params: &Params, stages: &[Stage<T>]) -> Self {
        let course = |len: usize| {
            let zeros = || Aligned::zeros(len);
            Course {
                input: zeros(),
                last_input: zeros(),
                slope: zeros(),
                error: zeros(),
                last_error: zeros(),
            }
        };
        let targets = |stage: &Stage<T>| stage.targets.soma.len();
        let raw = params.raw();
        let longest = ((LONGEST_MS / raw.dt_ms) as usize).max(1);
        let left = 1.0 - raw.dt_ms / raw.tau_0_ms;
        let table = || Table::new(longest);
        Self {
            last: 0,
            plastic: false,
            error: 0.0,
            tolerance: params.raw().tolerance,
            first: course(params.dim(1) + 1),
            targets: stages.iter().map(|stage| course(targets(stage))).collect(),
            rates: stages
                .iter()
                .map(|stage| Aligned::zeros(stage.n + 1))
                .collect(),
            of_w: stages
                .iter()
                .map(|stage| Aligned::zeros(targets(stage)))
                .collect(),
            of_p: stages
                .iter()
                .map(|stage| Aligned::zeros(targets(stage)))
                .collect(),
            pending: None,
            approach: (0..=longest).map(|n| 1.0 - left.powi(n as i32)).collect(),
            weights: table(),
            somata: table(),
            above: stages.iter().map(|_| [table(), table()]).collect(),
        }
    }

    /// The fraction of the change of input that is left when leaps begin. Of a change e^(-t/τ_0), a leap of h that
    /// takes it for linear misses (h/τ_0)².
    pub(super) fn transient(&self) -> f64 {
        (self.tolerance / (WORTHWHILE * self.approach[1]).powi(2)).min(1.0)
    }

    /// Forgets the pattern before.
    pub(super) fn begin(&mut self) {
        self.last = 0;
    }

    /// Slopes do not outlive the moment at which weights become plastic, or cease to be.
    fn continue_with(&mut self, job: Job) {
        if self.plastic != job.plastic {
            (self.last, self.plastic) = (0, job.plastic);
        }
    }

    /// Steps of the leap to come.
    fn choose(&self, left: usize) -> usize {
        let longest = (self.approach.len() - 1) as f64;
        let growth =
            (0.9 * (self.tolerance / self.error.max(1e-300)).sqrt()).clamp(GROWTH.1, GROWTH.0);
        let wanted = match self.last {
            0 => 1.0,
            last => (last as f64 * growth).ceil().min(longest),
        };
        (wanted as usize).clamp(1, left)
    }
}

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
        memory.continue_with(job);
        let mut left = job.n;
        while left > 0 {
            core.filter(memory.approach[1]);
            evaluate::<T, S, R>(s, core, memory, job.plastic);
            predict::<T, S>(s, core, memory);
            let m = memory.choose(left);
            leap::<T, S, R>(s, core, memory, job, m);
            core.filter(memory.approach[m - 1]);
            memory.last = m;
            left -= m;
        }
        drives::<T, S>(s, core, memory);
    }
}

/// Drives of all stages, after the weight changes of the last leap.
#[inline(always)]
fn drives<T: Real, S: pulp::Simd>(s: S, core: &mut Core<T>, memory: &mut Memory<T>) {
    let pending = memory.pending.take();
    for (l, stage) in core.stages.iter_mut().enumerate() {
        let tile = stage.w.tile();
        let changing = stage.is_plastic();
        let w = T::vectors_mut::<S>(stage.w.data_mut());
        let p = T::vectors_mut::<S>(stage.p.data_mut());
        let rate = T::vectors::<S>(&stage.rate);
        let drive = &mut stage.targets.drive[..];
        match pending {
            Some(Powers { keep, sum, .. }) if changing => {
                let leap = rows::Leap::<T, S> {
                    keep: sum,
                    decay: keep,
                    rate: T::vectors::<S>(&stage.changes[0].rate),
                    of_w: &memory.of_w[l],
                    of_p: &memory.of_p[l],
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
        let [below, stage] = core
            .stages
            .get_disjoint_mut([l - 1, l])
            .expect("two different stages");
        stage.rate[..stage.n].copy_from_slice(&below.targets.rate[..stage.n]);
    }
    drives::<T, S>(s, core, memory);
    for l in 0..core.stages.len() {
        let stage = &mut core.stages[l];
        let used = if stage.cancels { stage.m } else { 2 * stage.m };
        let columns = T::vectors::<S>(stage.feedback.data()).chunks_exact(2 * stage.m);
        let rates = &stage.targets.feedback[..used];
        for (w, apical) in columns.zip(T::vectors_mut::<S>(&mut stage.apical)) {
            *apical = long_weighted_sum::<T, S>(s, &w[..used], rates);
        }
        if l == 0 {
            let input = T::vectors_mut::<S>(&mut memory.first.input);
            for (input, apical) in input.iter_mut().zip(T::vectors::<S>(&stage.apical)) {
                *input = T::v_add(s, *input, *apical);
            }
        } else {
            let [below, stage] = core
                .stages
                .get_disjoint_mut([l - 1, l])
                .expect("two different stages");
            below.targets.extra[..stage.n].copy_from_slice(&stage.apical[..stage.n]);
        }
    }
    for (stage, course) in core.stages.iter().zip(&mut memory.targets) {
        targets::<T, S, R>(s, stage, course, plastic);
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
    let n = core.x.len();
    let (w, _) = core.input.columns();
    let columns = T::vectors::<S>(w).chunks_exact(n);
    let soma = T::vectors::<S>(&core.soma);
    let rate = T::vectors_mut::<S>(&mut core.stages[0].rate);
    let (mask, bias) = (T::vectors::<S>(&core.mask), T::vectors::<S>(&core.bias));
    let input = T::vectors_mut::<S>(&mut course.input);
    let error = T::vectors_mut::<S>(&mut course.error);
    for (b, w) in columns.enumerate() {
        let drive = match (w, &core.x[..]) {
            (&[w_0, w_1], &[x_0, x_1]) => {
                let x = [T::splat(s, x_0), T::splat(s, x_1)];
                weighted_sum::<T, S, 2>(s, &[w_0, w_1], &x)
            }
            (w, x) => long_weighted_sum::<T, S>(s, w, x),
        };
        input[b] = T::v_mul(s, gain, drive);
        let r = if plastic {
            let predicted = T::v_mul(s, prediction, drive);
            let ([r], [e]) = R::rates_and_errors::<T, S, 1>(s, [soma[b]], [predicted]);
            error[b] = e;
            r
        } else {
            R::rate::<T, S>(s, soma[b])
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
    let input = T::vectors_mut::<S>(&mut course.input);
    let error = T::vectors_mut::<S>(&mut course.error);
    for b in 0..input.len() {
        input[b] = T::fma(s, gain[b], drive[b], extra[b]);
        if plastic {
            let predicted = R::rate::<T, S>(s, T::v_mul(s, prediction[b], drive[b]));
            error[b] = T::v_sub(s, rate[b], predicted);
        }
    }
}

/// Slopes of the inputs, and how far these are from what the last slopes predicted.
#[inline(always)]
fn predict<T: Real, S: pulp::Simd>(s: S, core: &Core<T>, memory: &mut Memory<T>) {
    let last = memory.last;
    let zero = T::splat(s, T::ZERO);
    let mut largest = zero;
    let raw = core.params.raw();
    // An input too large by dI leads to a potential too large by dI / (1 - κ) ≤ dI / (dt (g_l + g_b)).
    let to_potential = 1.0 / (raw.dt_ms * (raw.g_l + raw.g_b.min(raw.g_d)));
    for course in std::iter::once(&mut memory.first).chain(&mut memory.targets) {
        let input = T::vectors::<S>(&course.input);
        let last_input = T::vectors::<S>(&course.last_input);
        let slope = T::vectors_mut::<S>(&mut course.slope);
        if last == 0 {
            slope.fill(zero);
        } else {
            let n = T::splat(s, T::from_f64(last as f64));
            let per_step = T::splat(s, T::from_f64(1.0 / last as f64));
            for b in 0..input.len() {
                let change = T::v_sub(s, input[b], last_input[b]);
                let surprise = T::v_sub(s, change, T::v_mul(s, n, slope[b]));
                largest = T::v_max(s, T::v_abs(s, surprise), largest);
                slope[b] = T::v_mul(s, per_step, change);
            }
        }
    }
    memory.error = T::v_largest(s, largest).to_f64() * to_potential;
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
    let weights = memory.weights.of(core.decay, m);
    // Means over the leap are those at its middle, (m-1)/2 steps on.
    let ahead = if memory.last == 0 {
        0.0
    } else {
        0.5 * (m - 1) as f64 / memory.last as f64
    };
    if job.plastic {
        first_plasticity::<T, S>(s, core, &memory.first, weights, ahead);
    }
    advance::<T, S>(
        s,
        &mut core.soma,
        &memory.first,
        memory.somata.of(core.first.leak.keep, m),
    );
    let last_stage = core.stages.len() - 1;
    for l in 0..core.stages.len() {
        if job.plastic {
            plasticity::<T, S>(s, core, memory, l, weights, ahead);
        }
        let stage = &mut core.stages[l];
        let [above, inns] = &mut memory.above[l];
        let above = above.of(stage.targets.keep[0], m);
        let inns = inns.of(stage.targets.keep[stage.m], m);
        let course = &memory.targets[l];
        let t = &mut stage.targets;
        for k in 0..2 * stage.m {
            let Powers { keep, sum, ramp } = if k < stage.m { above } else { inns };
            let old = t.soma[k];
            let new = keep * old + sum * course.input[k] + ramp * course.slope[k];
            if job.average && l == last_stage {
                let m = m as f64;
                t.sum[k] += T::from_f64(m) * old + T::from_f64(0.5 * (m + 1.0)) * (new - old);
            }
            t.soma[k] = new;
        }
        let (soma, rate) = (T::vectors::<S>(&t.soma), T::vectors_mut::<S>(&mut t.rate));
        for (u, r) in soma.iter().zip(rate) {
            *r = R::rate::<T, S>(s, *u);
        }
        nudge(stage, core.nudging, core.feedback_gain);
    }
    memory.pending = job.plastic.then_some(weights);
    let courses = std::iter::once(&mut memory.first).chain(&mut memory.targets);
    courses.for_each(|course| {
        std::mem::swap(&mut course.error, &mut course.last_error);
        std::mem::swap(&mut course.input, &mut course.last_input);
    });
}

#[inline(always)]
fn advance<T: Real, S: pulp::Simd>(s: S, soma: &mut [T], course: &Course<T>, powers: Powers<T>) {
    let Powers { keep, sum, ramp } = powers;
    let (keep, sum, ramp) = (T::splat(s, keep), T::splat(s, sum), T::splat(s, ramp));
    let inputs = T::vectors::<S>(&course.input)
        .iter()
        .zip(T::vectors::<S>(&course.slope));
    for (u, (input, slope)) in T::vectors_mut::<S>(soma).iter_mut().zip(inputs) {
        *u = T::fma(
            s,
            keep,
            *u,
            T::fma(s, sum, *input, T::v_mul(s, ramp, *slope)),
        );
    }
}

/// The mean of what was `last` and is `now`, `ahead` times their difference further on.
#[inline(always)]
fn mean<T: Real, S: pulp::Simd>(s: S, last: T::V<S>, now: T::V<S>, ahead: T::V<S>) -> T::V<S> {
    T::fma(s, ahead, T::v_sub(s, now, last), now)
}

/// Plasticity of the weights from the input.
#[inline(always)]
fn first_plasticity<T: Real, S: pulp::Simd>(
    s: S,
    core: &mut Core<T>,
    course: &Course<T>,
    weights: Powers<T>,
    ahead: f64,
) {
    if core.input.scale == 0.0 {
        return;
    }
    let (ahead, n) = (T::splat(s, T::from_f64(ahead)), core.x.len());
    let [decay, keep, of_w] = [weights.keep, weights.sum, weights.ramp].map(|x| T::splat(s, x));
    let of_p = keep;
    let x = &core.x_learning;
    let (w, p) = core.input.columns();
    let columns = T::vectors_mut::<S>(w)
        .chunks_exact_mut(n)
        .zip(T::vectors_mut::<S>(p).chunks_exact_mut(n));
    let errors = T::vectors::<S>(&course.last_error)
        .iter()
        .zip(T::vectors::<S>(&course.error));
    for ((w, p), (last, now)) in columns.zip(errors) {
        let e = mean::<T, S>(s, *last, *now, ahead);
        let (e_w, e_p) = (T::v_mul(s, of_w, e), T::v_mul(s, of_p, e));
        let step = |w: &mut T::V<S>, p: &mut T::V<S>, x: T| {
            let (x, p_old) = (T::splat(s, x), *p);
            *w = T::fma(s, keep, p_old, T::fma(s, e_w, x, *w));
            *p = T::fma(s, e_p, x, T::v_mul(s, decay, p_old));
        };
        if let ([w_0, w_1], [p_0, p_1], &[x_0, x_1]) = (&mut *w, &mut *p, &x[..]) {
            step(w_0, p_0, x_0);
            step(w_1, p_1, x_1);
        } else {
            for ((w, p), x) in w.iter_mut().zip(p).zip(x) {
                step(w, p, *x);
            }
        }
    }
}

/// Plasticity of a stage: of `W_pi` at once, of the forward weights in the next evaluation.
#[inline(always)]
fn plasticity<T: Real, S: pulp::Simd>(
    s: S,
    core: &mut Core<T>,
    memory: &mut Memory<T>,
    l: usize,
    weights: Powers<T>,
    ahead: f64,
) {
    let stage = &mut core.stages[l];
    let ahead = T::splat(s, T::from_f64(ahead));
    let (ramp, sum) = (T::splat(s, weights.ramp), T::splat(s, weights.sum));
    let course = &memory.targets[l];
    let errors = T::vectors::<S>(&course.last_error)
        .iter()
        .zip(T::vectors::<S>(&course.error));
    let factors = T::vectors_mut::<S>(&mut memory.of_w[l])
        .iter_mut()
        .zip(T::vectors_mut::<S>(&mut memory.of_p[l]));
    let learning = T::vectors::<S>(&stage.targets.learning);
    for ((of_w, of_p), ((last, now), learning)) in factors.zip(errors.zip(learning)) {
        let e = T::v_mul(s, *learning, mean::<T, S>(s, *last, *now, ahead));
        (*of_w, *of_p) = (T::v_mul(s, ramp, e), T::v_mul(s, sum, e));
    }
    let now = T::vectors::<S>(&stage.rate);
    let last = T::vectors_mut::<S>(&mut memory.rates[l]);
    let change = T::vectors_mut::<S>(&mut stage.changes[0].rate);
    for b in 0..now.len() {
        change[b] = mean::<T, S>(s, last[b], now[b], ahead);
        last[b] = now[b];
    }
    if stage.scales.pi > 0.0 {
        let (m, decay) = (stage.m, T::splat(s, weights.keep));
        let learning = T::splat(s, core.pi_learning[l]);
        let columns = T::vectors_mut::<S>(stage.feedback.data_mut()).chunks_exact_mut(2 * m);
        let changes = T::vectors_mut::<S>(stage.p_pi.data_mut()).chunks_exact_mut(m);
        let inns = &stage.targets.rate[m..2 * m];
        for ((w, p), apical) in columns.zip(changes).zip(T::vectors::<S>(&stage.apical)) {
            let e = T::v_mul(s, learning, *apical);
            let (e_w, e_p) = (T::v_mul(s, ramp, e), T::v_mul(s, sum, e));
            for ((w, p), x) in w[m..].iter_mut().zip(p).zip(inns) {
                let (x, p_old) = (T::splat(s, *x), *p);
                *w = T::fma(s, sum, p_old, T::fma(s, e_w, x, *w));
                *p = T::fma(s, e_p, x, T::v_mul(s, decay, p_old));
            }
        }
    }
}
