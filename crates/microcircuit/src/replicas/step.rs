//! The Euler step of one block of replicas: the equations as [`PyraLNet`](crate::PyraLNet) documents them, every
//! number of theirs being a vector with one network per lane.

use pulp::{Simd, WithSimd};

use super::block::{Block, Filtered, Group, Hidden, Step, Synapses};
use crate::Activation;
use crate::Real;
use crate::kernels::elementary::{Rate, for_activation};
use crate::kernels::simd;

/// Steps of one pattern.
#[derive(Clone, Copy, Debug)]
pub struct Job {
    /// How many.
    pub(super) n: usize,
    /// From which on weights are plastic, and from which on the output is averaged.
    pub(super) plastic_from: usize,
    pub(super) average_from: usize,
    pub(super) nudge: bool,
}

/// A number type that the steps are compiled for, here and not again in every crate that uses them.
pub trait Engine: Sized {
    /// Takes the steps.
    fn replicas(block: &mut Block<Self>, job: Job, activation: Activation, simd: simd::Simd)
    where
        Self: Real;
}

macro_rules! engine {
    ($type:ty) => {
        impl Engine for $type {
            #[inline(never)]
            fn replicas(
                block: &mut Block<Self>,
                job: Job,
                activation: Activation,
                simd: simd::Simd,
            ) {
                for_activation!(activation, rate => simd.dispatch(Steps(block, job, rate)));
            }
        }
    };
}

engine!(f32);
engine!(f64);

struct Steps<'a, T: Real, R>(&'a mut Block<T>, Job, R);

impl<T: Real, R: Rate> WithSimd for Steps<'_, T, R> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let Self(block, job, _) = self;
        for i in 0..job.n {
            step::<T, S, R>(s, block, i >= job.plastic_from, job.nudge);
            if i >= job.average_from {
                let somata = T::vectors::<S>(&block.output.soma);
                for (sum, u) in T::vectors_mut::<S>(&mut block.sum).iter_mut().zip(somata) {
                    *sum = T::v_add(s, *sum, *u);
                }
            }
        }
    }
}

#[inline(always)]
fn step<T: Real, S: Simd, R: Rate>(s: S, block: &mut Block<T>, plastic: bool, nudge: bool) {
    let constants = block.constants;
    let decay = T::splat(s, constants.decay);
    block.input.approach::<S>(s, constants.filter);
    block.target.approach::<S>(s, constants.filter);
    for l in 0..block.hidden.len() {
        let (below, rest) = block.hidden.split_at_mut(l);
        let Hidden { pyramidal, inn, .. } = &mut rest[0];
        let pre = below.last().map_or(&block.input.now, |b| &b.pyramidal.rate);
        pyramidal.respond::<S, R>(s, pre, plastic, decay);
        inn.respond::<S, R>(s, &pyramidal.rate, plastic, decay);
    }
    let last = &block.hidden[block.hidden.len() - 1].pyramidal;
    block.output.respond::<S, R>(s, &last.rate, plastic, decay);
    // Somata change from here on; of the layer above, each layer uses those at the start of the step.
    for l in 0..block.hidden.len() {
        let (below, above) = block.hidden.split_at_mut(l + 1);
        let above = above
            .first()
            .map_or(&block.output, |hidden| &hidden.pyramidal);
        below[l].feed_back::<S>(s, above, plastic, constants);
    }
    block.output.leak_and_drive::<S>(s);
    if nudge {
        let g = T::splat(s, constants.nudging);
        block.output.attract::<S>(s, g, &block.target.now);
    }
}

impl<T: Real> Filtered<T> {
    #[inline(always)]
    fn approach<S: Simd>(&mut self, s: S, a: T) {
        let a = T::splat(s, a);
        let goal = T::vectors::<S>(&self.goal);
        for (x, goal) in T::vectors_mut::<S>(&mut self.now).iter_mut().zip(goal) {
            *x = T::fma(s, a, T::v_sub(s, *goal, *x), *x);
        }
    }
}

/// Neurons whose rates are computed side by side.
const SIDE_BY_SIDE: usize = 2;

impl<T: Real> Group<T> {
    /// Drive, rates and, if `plastic`, changes of the synapses.
    #[inline(always)]
    fn respond<S: Simd, R: Rate>(&mut self, s: S, pre: &[T], plastic: bool, decay: T::V<S>) {
        let pre = &T::vectors::<S>(pre)[..self.synapses.n_pre];
        let grouped = self.n - self.n % SIDE_BY_SIDE;
        for i in (0..grouped).step_by(SIDE_BY_SIDE) {
            self.neurons::<S, R, SIDE_BY_SIDE>(s, pre, i, plastic, decay);
        }
        for i in grouped..self.n {
            self.neurons::<S, R, 1>(s, pre, i, plastic, decay);
        }
    }

    /// The same for the `N` neurons from `start` on.
    #[inline(always)]
    fn neurons<S: Simd, R: Rate, const N: usize>(
        &mut self,
        s: S,
        pre: &[T::V<S>],
        start: usize,
        plastic: bool,
        decay: T::V<S>,
    ) {
        let Synapses {
            w,
            p,
            n_pre,
            scale,
            learning,
        } = &mut self.synapses;
        let rows = start * *n_pre..(start + N) * *n_pre;
        let w = &mut T::vectors_mut::<S>(w)[rows.clone()];
        let p = &mut T::vectors_mut::<S>(p)[rows];
        let soma = &T::vectors::<S>(&self.soma)[start..start + N];
        let (mut u, mut drive) = ([T::splat(s, T::ZERO); N], [T::splat(s, T::ZERO); N]);
        for (i, row) in w.chunks_exact(pre.len()).enumerate().take(N) {
            u[i] = soma[i];
            drive[i] = weighted_sum::<T, S>(s, row, pre);
        }
        let rates = if plastic && *scale > 0.0 {
            let (unit, learning) = (T::splat(s, R::unit::<T>()), T::splat(s, *learning));
            let prediction = T::splat(s, self.prediction);
            let mut predicted = drive;
            for i in 0..N {
                u[i] = T::v_mul(s, unit, u[i]);
                predicted[i] = T::v_mul(s, prediction, drive[i]);
            }
            let (rates, errors, []) = R::rates_and_errors::<T, S, N, 0>(s, u, predicted, []);
            let rows = w
                .chunks_exact_mut(pre.len())
                .zip(p.chunks_exact_mut(pre.len()));
            for ((w, p), e) in rows.zip(errors) {
                change::<T, S>(s, w, p, pre, T::v_mul(s, learning, e), decay);
            }
            rates
        } else {
            R::rates::<T, S, N>(s, u)
        };
        T::vectors_mut::<S>(&mut self.rate)[start..start + N].copy_from_slice(&rates);
        T::vectors_mut::<S>(&mut self.drive)[start..start + N].copy_from_slice(&drive);
    }

    /// `u ← keep u + gain drive`
    #[inline(always)]
    fn leak_and_drive<S: Simd>(&mut self, s: S) {
        let (keep, gain) = (T::splat(s, self.keep), T::splat(s, self.gain));
        let drive = T::vectors::<S>(&self.drive);
        for (u, v) in T::vectors_mut::<S>(&mut self.soma).iter_mut().zip(drive) {
            *u = T::fma(s, keep, *u, T::v_mul(s, gain, *v));
        }
    }

    /// Adds `gain` times each of `potentials` to the soma.
    #[inline(always)]
    fn attract<S: Simd>(&mut self, s: S, gain: T::V<S>, potentials: &[T]) {
        let somata = T::vectors_mut::<S>(&mut self.soma).iter_mut();
        for (u, v) in somata.zip(T::vectors::<S>(potentials)) {
            *u = T::fma(s, gain, *v, *u);
        }
    }
}

impl<T: Real> Hidden<T> {
    /// The rest of the step of a hidden layer, once all rates are known: apical dendrites, `W_pi`, somata.
    #[inline(always)]
    fn feed_back<S: Simd>(&mut self, s: S, above: &Group<T>, plastic: bool, constants: Step<T>) {
        self.pyramidal.leak_and_drive::<S>(s);
        self.inn.leak_and_drive::<S>(s);
        let nudging = T::splat(s, constants.nudging);
        self.inn.attract::<S>(s, nudging, &above.soma);
        let m = above.n;
        let (rates, inn) = (
            &T::vectors::<S>(&above.rate)[..m],
            &T::vectors::<S>(&self.inn.rate)[..m],
        );
        let plastic = plastic && self.pi.scale > 0.0;
        let minus = T::splat(s, -self.pi.learning);
        let (decay, gain) = (
            T::splat(s, constants.decay),
            T::splat(s, constants.feedback),
        );
        let down = T::vectors::<S>(&self.down.w).chunks_exact(m);
        let pi = T::vectors_mut::<S>(&mut self.pi.w).chunks_exact_mut(m);
        let p = T::vectors_mut::<S>(&mut self.pi.p).chunks_exact_mut(m);
        let soma = T::vectors_mut::<S>(&mut self.pyramidal.soma)[..self.pyramidal.n].iter_mut();
        for ((u, down), (pi, p)) in soma.zip(down).zip(pi.zip(p)) {
            let apical = T::v_add(
                s,
                weighted_sum::<T, S>(s, down, rates),
                weighted_sum::<T, S>(s, pi, inn),
            );
            *u = T::fma(s, gain, apical, *u);
            if plastic {
                change::<T, S>(s, pi, p, inn, T::v_mul(s, minus, apical), decay);
            }
        }
    }
}

/// `Σ w x`, in several sums side by side where there are many.
#[inline(always)]
fn weighted_sum<T: Real, S: Simd>(s: S, w: &[T::V<S>], x: &[T::V<S>]) -> T::V<S> {
    let zero = T::splat(s, T::ZERO);
    let (quads, rest) = w.as_chunks::<4>();
    let (x_quads, x_rest) = x.as_chunks::<4>();
    let mut sums = [zero; 4];
    for (w, x) in quads.iter().zip(x_quads) {
        for i in 0..4 {
            sums[i] = T::fma(s, w[i], x[i], sums[i]);
        }
    }
    for (i, (w, x)) in rest.iter().zip(x_rest).enumerate() {
        sums[i] = T::fma(s, *w, *x, sums[i]);
    }
    T::v_add(
        s,
        T::v_add(s, sums[0], sums[1]),
        T::v_add(s, sums[2], sums[3]),
    )
}

/// `W ← W + P`, then `P ← decay P + error xᵀ`.
#[inline(always)]
fn change<T: Real, S: Simd>(
    s: S,
    w: &mut [T::V<S>],
    p: &mut [T::V<S>],
    x: &[T::V<S>],
    error: T::V<S>,
    decay: T::V<S>,
) {
    for ((w, p), x) in w.iter_mut().zip(p).zip(x) {
        let p_old = *p;
        *w = T::v_add(s, *w, p_old);
        *p = T::fma(s, error, *x, T::v_mul(s, decay, p_old));
    }
}
