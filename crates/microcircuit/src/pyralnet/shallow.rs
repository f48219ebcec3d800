//! The Euler step of networks with one hidden layer and few outputs.
//!
//! The same operations as in [`step`](super::step), in an order that leads to the same bits, for the networks that are
//! simulated most: one hidden layer, two or three outputs, interneurons that cancel the feedback and stay so, two
//! coordinates of the input, no noise. Then all targets of the layer are one vector, the filters have a handful of
//! values, and a step goes like this:
//!
//! - The hidden layer, in two halves. The apical contribution of the step before is added here, where the somata are
//!   read anyway.
//! - Between the halves begins what is left of the step before, somata and rates of the targets. It is a chain of
//!   dependent operations, and nothing after it can leave the processor before it is done. So its longest part, the
//!   exponential, is computed side by side with those of the second half.
//! - The drives of the targets, and every other step the changes of their weights.
//!
//! When the input has [settled](super::settled), the hidden layer has less to do.

use super::core::Core;
use super::engine::Job;
use super::first::{Apical, First, second_half, whole};
use super::input::{Decay, Plane};
use super::settled::{has_settled, settle};
use super::stage::Targets;
use super::step::nudge;
use crate::Real;
use crate::kernels::columns::broadcast;
use crate::kernels::elementary::Rate;
use crate::kernels::rows::{self, Change};
use crate::leak::Leak;

/// Blocks of the hidden layer whose rates are computed side by side.
const SIDE_BY_SIDE: usize = 2;

/// Takes the steps of a job, if the network is one of these.
#[inline(always)]
pub(super) fn steps<T: Real, S: pulp::Simd, R: Rate>(s: S, core: &mut Core<T>, job: Job) -> bool {
    if S::IS_SCALAR {
        return false;
    }
    let lanes = size_of::<T::V<S>>() / size_of::<T>();
    match (core.stages[0].m, job.plastic) {
        (2, false) => steps_of::<T, S, R, 2, 4, 1, false>(s, core, job),
        (2, true) if lanes >= 8 => steps_of::<T, S, R, 2, 4, 1, true>(s, core, job),
        (2, true) => steps_of::<T, S, R, 2, 4, 2, true>(s, core, job),
        (3, false) => steps_of::<T, S, R, 3, 6, 1, false>(s, core, job),
        (3, true) if lanes >= 12 => steps_of::<T, S, R, 3, 6, 1, true>(s, core, job),
        (3, true) => steps_of::<T, S, R, 3, 6, 2, true>(s, core, job),
        _ => false,
    }
}

/// Takes the steps of a network of `M` outputs, to which `ROWS` = 2 `M` rows of weights lead.
#[inline(always)]
fn steps_of<T, S, R, const M: usize, const ROWS: usize, const X: usize, const PLASTIC: bool>(
    s: S,
    core: &mut Core<T>,
    job: Job,
) -> bool
where
    T: Real,
    S: pulp::Simd,
    R: Rate,
{
    let fits = ROWS * size_of::<T>() <= size_of::<T::V<S>>();
    let changing = core.input.scale > 0.0 && core.stages[0].is_plastic();
    let alone = core.stages.len() == 1 && core.stages[0].cancels && core.noise.is_none();
    if !fits || !alone || (PLASTIC && !changing) || core.input.plane.is_none() {
        return false;
    }
    if !PLASTIC {
        T::catch_up(core);
    }
    let done = match core.input.plane {
        Some(Plane {
            settled: Some(_), ..
        }) => 0,
        _ => take::<T, S, R, M, ROWS, X, PLASTIC, false>(s, core, job),
    };
    if done == job.n {
        return true;
    }
    let job = Job {
        n: job.n - done,
        ..job
    };
    if let Some(plane) = &mut core.input.plane {
        settle::<T, S>(s, plane, core.input.x_goal[0]);
    }
    take::<T, S, R, M, ROWS, X, PLASTIC, true>(s, core, job);
    if let Some(Plane {
        settled: Some(settled),
        ..
    }) = &mut core.input.plane
        && PLASTIC
    {
        let decay = Decay::steps(core.decay.to_f64(), job.n);
        settled.across = settled.across.then(decay);
    }
    true
}

/// Values on their way to goals.
struct Filter<const N: usize> {
    value: [f64; N],
    goal: [f64; N],
}

impl<const N: usize> Filter<N> {
    /// Of the first `N` values.
    fn new(value: &[f64], goal: &[f64]) -> Self {
        let mut filter = Self {
            value: [0.0; N],
            goal: [0.0; N],
        };
        filter.value.copy_from_slice(&value[..N]);
        filter.goal.copy_from_slice(&goal[..N]);
        filter
    }

    #[inline(always)]
    fn approach(&mut self, share: f64) {
        for i in 0..N {
            self.value[i] += share * (self.goal[i] - self.value[i]);
        }
    }

    #[inline(always)]
    #[expect(
        clippy::needless_range_loop,
        reason = "an iterator that is not inlined is not compiled for the vector unit"
    )]
    fn times<T: Real>(&self, factor: f64) -> [T; N] {
        let mut scaled = [T::ZERO; N];
        for i in 0..N {
            scaled[i] = T::from_f64(factor * self.value[i]);
        }
        scaled
    }
}

/// The `M` outputs and their interneurons, as the lanes of one vector.
struct Above<T: Real, S: pulp::Simd, const M: usize> {
    soma: T::V<S>,
    rate: T::V<S>,
    /// Sum of the somata since the output is being averaged.
    sum: T::V<S>,
    keep: T::V<S>,
    gain: T::V<S>,
    prediction: T::V<S>,
    learning: T::V<S>,
    nudging: T::V<S>,
    feedback_gain: T::V<S>,
}

impl<T: Real, S: pulp::Simd, const M: usize> Above<T, S, M> {
    /// Half of the lanes.
    const HALF: usize = size_of::<T::V<S>>() / size_of::<T>() / 2;

    #[inline(always)]
    fn new(s: S, t: &Targets<T>, feedback_gain: T) -> Self {
        Self {
            soma: T::vectors::<S>(&t.soma)[0],
            rate: T::vectors::<S>(&t.rate)[0],
            sum: T::vectors::<S>(&t.sum)[0],
            keep: T::vectors::<S>(&t.keep)[0],
            gain: T::vectors::<S>(&t.gain)[0],
            prediction: T::vectors::<S>(&t.prediction)[0],
            learning: T::vectors::<S>(&t.learning)[0],
            nudging: T::vectors::<S>(&t.nudging)[0],
            feedback_gain: T::splat(s, feedback_gain),
        }
    }

    /// Somata after the step, and what rates are to be computed of for [`Above::finish`]: of these, and of what the
    /// dendrites predict. `target` is what enters the outputs, zero for interneurons.
    #[inline(always)]
    fn advance<const PLASTIC: bool, const X: usize>(
        &mut self,
        s: S,
        drive: T::V<S>,
        target: T::V<S>,
        average: bool,
    ) -> [T::V<S>; X] {
        let nudge = T::v_mul(s, self.nudging, T::rotate_up::<S>(s, self.soma, M));
        let input = T::fma(s, self.gain, drive, T::v_add(s, target, nudge));
        self.soma = T::fma(s, self.keep, self.soma, input);
        if average {
            self.sum = T::v_add(s, self.sum, self.soma);
        }
        let mut potentials = [self.soma; X];
        if PLASTIC {
            let predicted = T::v_mul(s, self.prediction, drive);
            if X == 1 {
                let predicted = T::rotate_up::<S>(s, predicted, Self::HALF);
                potentials[0] = T::v_add(s, self.soma, predicted);
            } else {
                potentials[X - 1] = predicted;
            }
        }
        potentials
    }

    /// Errors, of the rates before the step, and the rates after it.
    #[inline(always)]
    fn finish<const PLASTIC: bool, const X: usize>(
        &mut self,
        s: S,
        rates: [T::V<S>; X],
        factors: &mut T::V<S>,
    ) {
        if PLASTIC {
            let predicted = if X == 1 {
                T::rotate_down::<S>(s, rates[0], Self::HALF)
            } else {
                rates[X - 1]
            };
            *factors = T::v_mul(s, self.learning, T::v_sub(s, self.rate, predicted));
        }
        self.rate = rates[0];
    }

    /// What the rates feed back, in the first `M` lanes.
    #[inline(always)]
    fn feedback(&self, s: S) -> T::V<S> {
        let cancelled = T::v_sub(s, self.rate, T::rotate_down::<S>(s, self.rate, M));
        T::v_mul(s, self.feedback_gain, cancelled)
    }
}

/// The hidden layer, as vectors.
struct Hidden<'a, T: Real, S: pulp::Simd, const ROWS: usize> {
    soma: &'a mut [T::V<S>],
    /// Two columns of each block.
    w: &'a mut [T::V<S>],
    p: &'a mut [T::V<S>],
    mask: &'a [T::V<S>],
    bias: &'a [T::V<S>],
    feedback: &'a [[T::V<S>; ROWS]],
    leak: Leak<T>,
    decay: T,
    /// Blocks of either half, and how many of them have a neuron in every lane.
    halves: [(usize, usize); 2],
    whole: [usize; 2],
}

/// What the hidden layer is given in a step: the input's coordinates, these times scale dt/τ_w, and what is fed back.
struct Given<T: Real, S: pulp::Simd, const M: usize> {
    x: [T; 2],
    x_learning: [T; 2],
    fed_back: [T::V<S>; M],
}

impl<T: Real, S: pulp::Simd, const ROWS: usize> Hidden<'_, T, S, ROWS> {
    /// The step of one half, its rates, and `also` some rates of others.
    #[inline(always)]
    fn half<R: Rate, const M: usize, const PLASTIC: bool, const SETTLED: bool, const X: usize>(
        &mut self,
        s: S,
        half: usize,
        given: &Given<T, S, M>,
        rate: &mut [T::V<S>],
        also: [T::V<S>; X],
    ) -> [T::V<S>; X] {
        let (start, end) = self.halves[half];
        First::<T, S, M> {
            x: &given.x,
            x_learning: &given.x_learning,
            w: &mut self.w[2 * start..2 * end],
            p: &mut self.p[2 * start..2 * end],
            soma: &mut self.soma[start..end],
            rate: &mut rate[start..end],
            whole: self.whole[half],
            mask: &self.mask[start..end],
            bias: &self.bias[start..end],
            apical: Apical {
                columns: self.feedback[start..end].as_flattened(),
                all: ROWS,
                rates: given.fed_back,
            },
            keep: T::splat(s, self.leak.keep),
            prediction: T::splat(s, self.leak.prediction),
            decay: T::splat(s, self.decay),
        }
        .in_plane::<R, SIDE_BY_SIDE, PLASTIC, SETTLED, X>(s, also)
    }

    /// Adds what is fed back to the somata.
    #[inline(always)]
    fn apical<const M: usize>(&mut self, s: S, fed_back: &[T::V<S>; M]) {
        for (u, w) in self.soma.iter_mut().zip(self.feedback) {
            for c in 0..M {
                *u = T::fma(s, w[c], fed_back[c], *u);
            }
        }
    }
}

/// Takes steps until those of the job are done or the input has settled; how many.
#[inline(always)]
fn take<
    T,
    S,
    R,
    const M: usize,
    const ROWS: usize,
    const X: usize,
    const PLASTIC: bool,
    const SETTLED: bool,
>(
    s: S,
    core: &mut Core<T>,
    job: Job,
) -> usize
where
    T: Real,
    S: pulp::Simd,
    R: Rate,
{
    let mut input = Filter::<2>::new(&core.input.x, &core.input.x_goal);
    let mut target = Filter::<M>::new(&core.target, &core.target_goal);
    // Without plasticity less is gained, and turning the columns back and forth would round the weights.
    let may_settle = PLASTIC && !SETTLED;
    let (share, mut left) = (core.input.filter, core.input.left);
    let learning = core.first.learning;

    let soma = T::vectors_mut::<S>(&mut core.soma);
    let blocks = soma.len();
    let half = second_half(blocks, SIDE_BY_SIDE).start;
    let halves = [(0, half), (half, blocks)];
    let neurons = core.params.dim(1);
    let (w, p) = core.input.columns();
    let stage = &mut core.stages[0];
    let feedback = T::vectors::<S>(stage.feedback.data());
    let mut hidden = Hidden::<T, S, ROWS> {
        soma,
        w: &mut T::vectors_mut::<S>(w)[..2 * blocks],
        p: &mut T::vectors_mut::<S>(p)[..2 * blocks],
        mask: &T::vectors::<S>(&core.mask)[..blocks],
        bias: &T::vectors::<S>(&core.bias)[..blocks],
        feedback: &feedback.as_chunks::<ROWS>().0[..blocks],
        leak: core.first.leak,
        decay: core.decay,
        halves,
        whole: halves.map(|(start, end)| whole::<T, S>(neurons, &(start..end))),
    };

    let w = T::vectors_mut::<S>(stage.w.data_mut());
    let w = &mut w.as_chunks_mut::<ROWS>().0[..blocks];
    let p = T::vectors_mut::<S>(stage.p.data_mut());
    let p = &mut p.as_chunks_mut::<ROWS>().0[..blocks];
    let mut rate = &mut T::vectors_mut::<S>(&mut stage.rate)[..blocks];
    let [first, second] = &mut stage.changes;
    let mut past = [
        &mut T::vectors_mut::<S>(&mut first.rate)[..blocks],
        &mut T::vectors_mut::<S>(&mut second.rate)[..blocks],
    ];
    let factors = [&mut first.factor[..], &mut second.factor[..]];

    let t = &mut stage.targets;
    let mut above = Above::<T, S, M>::new(s, t, stage.feedback_gain);
    let zero = T::splat(s, T::ZERO);
    // Of the step before.
    let (mut drive, mut entering) = (zero, zero);
    // Through memory, from where a number is read into every lane.
    let fed_back = &mut t.feedback[..];
    let mut given = Given::<T, S, M> {
        x: [T::ZERO; 2],
        x_learning: [T::ZERO; 2],
        fed_back: [zero; M],
    };

    let mut pending = core.pending;
    let (starting, first_swap) = (pending == 0, pending % 2);
    let mut done = 0;
    while done < job.n {
        if may_settle && has_settled::<T>(&input.value, &input.goal) {
            break;
        }
        left -= share * left;
        input.approach(share);
        given.x = input.times(1.0);
        given.x_learning = input.times(learning);
        if SETTLED {
            given.x_learning[0] = T::from_f64(learning * input.goal[0] * input.goal[0]);
        }
        if done > 0 {
            given.fed_back = broadcast::<T, S, M>(s, fed_back);
        }
        let [] = hidden.half::<R, M, PLASTIC, SETTLED, 0>(s, 0, &given, rate, []);
        let mut potentials = [zero; X];
        if done > 0 {
            potentials = above.advance::<PLASTIC, X>(s, drive, entering, job.average);
        }
        target.approach(share);
        entering = vector::<T, S, M>(&target.times::<T>(core.target_gain));
        let rates = hidden.half::<R, M, PLASTIC, SETTLED, X>(s, 1, &given, rate, potentials);
        if done > 0 {
            let factors = &mut T::vectors_mut::<S>(factors[pending])[0];
            above.finish::<PLASTIC, X>(s, rates, factors);
            T::vectors_mut::<S>(fed_back)[0] = above.feedback(s);
            pending += usize::from(PLASTIC);
        }

        let sums = if PLASTIC && pending == 2 {
            pending = 0;
            let changes = [
                Change::<T, S> {
                    rate: past[0],
                    factor: factors[0],
                },
                Change::<T, S> {
                    rate: past[1],
                    factor: factors[1],
                },
            ];
            rows::learn_and_drive_tile::<T, S, ROWS, 2>(s, (w, p), changes, core.decay, rate)
        } else {
            rows::drive_tile::<T, S, ROWS>(s, w, rate)
        };
        drive = vector::<T, S, ROWS>(&sums);
        if PLASTIC {
            if done == 0 && starting {
                rows::advance::<T, S>(s, w.as_flattened_mut(), p.as_flattened());
            }
            std::mem::swap(&mut rate, &mut past[pending]);
        }
        done += 1;
    }
    if done > 0 {
        hidden.apical(s, &broadcast::<T, S, M>(s, fed_back));
        let potentials = above.advance::<PLASTIC, X>(s, drive, entering, job.average);
        let factors = &mut T::vectors_mut::<S>(factors[pending])[0];
        above.finish::<PLASTIC, X>(s, R::rates::<T, S, X>(s, potentials), factors);
        pending += usize::from(PLASTIC);
        core.x.copy_from_slice(&input.times::<T>(1.0));
        core.x_learning.copy_from_slice(&input.times::<T>(learning));
    }
    T::vectors_mut::<S>(&mut t.soma)[0] = above.soma;
    T::vectors_mut::<S>(&mut t.rate)[0] = above.rate;
    T::vectors_mut::<S>(&mut t.sum)[0] = above.sum;
    nudge(stage, core.nudging);
    if PLASTIC {
        // As the views were swapped. Two swaps in turn come back to where they started after six.
        for k in 0..done % 6 {
            std::mem::swap(
                &mut stage.rate,
                &mut stage.changes[(first_swap + k) % 2].rate,
            );
        }
    }
    core.pending = pending;
    core.input.left = left;
    core.input.x.copy_from_slice(&input.value);
    core.target.copy_from_slice(&target.value);
    done
}

/// A few numbers in the first lanes, zero in the others.
#[inline(always)]
fn vector<T: Real, S: pulp::Simd, const N: usize>(numbers: &[T; N]) -> T::V<S> {
    let mut lanes = [T::ZERO; 16];
    lanes[..N].copy_from_slice(numbers);
    T::vectors::<S>(&lanes[..size_of::<T::V<S>>() / size_of::<T>()])[0]
}
