//! The first hidden layer's part of a step, along its lanes.
//!
//! What is computed most often are rates of this layer. So its potentials are kept as the
//! [arguments](crate::kernels::elementary::Rate::unit) of f, and drives are used as the potentials û that they predict,
//! which is where a soma settles without other input:
//!
//! ```text
//! û = g/Σg W r      u ← û + κ (u - û) + …,   κ = 1 - dt Σg
//! ```

use std::ops::Range;

use pulp::Simd;

use crate::Real;
use crate::kernels::columns::weighted_sum;
use crate::kernels::elementary::Rate;
use crate::kernels::plasticity;
use crate::pyralnet::state::input::Rates;
use crate::pyralnet::state::layer::Layer;
use crate::pyralnet::state::{Parts, State, Target};

/// Blocks whose rates are computed side by side.
const SIDE: usize = 2;

/// The layer as vectors.
pub(super) struct FirstLayer<'a, T: Real, S: Simd> {
    /// Weights and their changes per step, one column per coordinate of the input.
    w: &'a mut [T::V<S>],
    p: &'a mut [T::V<S>],
    /// Errors of the step before, if its changes wait.
    errors: &'a mut [T::V<S>],
    pub(super) soma: &'a mut [T::V<S>],
    /// `rate = mask f(u) + bias`, in blocks that are not `whole`.
    mask: &'a [T::V<S>],
    bias: &'a [T::V<S>],
    /// Blocks of nothing but neurons, which come first.
    whole: usize,
    keep: T::V<S>,
    prediction: T::V<S>,
    decay: T::V<S>,
}

/// What a step does to the weights from the input. Two steps that change them at once halve what is loaded and stored, and
/// lead to the same bits: nothing but the drives of the second depends on the changes of the first.
#[derive(Clone, Copy)]
pub(super) enum Learning<'a, T> {
    /// They do not change.
    Rest,
    /// They change, by the input's coordinates times dt η dt/τ_w.
    Now(&'a [T]),
    /// The errors are kept for the next step.
    Wait,
    /// They change for the step before, by its factors and the errors kept, and then for this one.
    Both([&'a [T]; 2]),
}

/// What the layer drives, beside it.
pub(super) struct Rest<'a, T: Real> {
    pub(super) input: &'a mut Rates<T>,
    pub(super) layers: &'a mut [Layer<T>],
    pub(super) target: &'a mut Target,
}

/// The two halves of `blocks`, the first in whole groups of those that are computed side by side.
#[inline(always)]
pub(super) fn halves(blocks: usize) -> [Range<usize>; 2] {
    let half = (blocks / 2).next_multiple_of(SIDE).min(blocks);
    [0..half, half..blocks]
}

impl<'a, T: Real, S: Simd> FirstLayer<'a, T, S> {
    /// Splits the state into the layer and the rest.
    #[inline(always)]
    pub(super) fn of(s: S, state: &'a mut State<T>) -> (Self, Rest<'a, T>) {
        let (decay, neurons) = (state.decay(), state.params().dim(1));
        let leak = state.first.leak();
        let lanes = size_of::<T::V<S>>() / size_of::<T>();
        let (w, p) = state.input.synapses.columns();
        let Parts {
            mask,
            bias,
            soma,
            errors,
        } = state.first.parts();
        let layer = Self {
            w: T::vectors_mut::<S>(w),
            p: T::vectors_mut::<S>(p),
            soma: T::vectors_mut::<S>(soma),
            errors: T::vectors_mut::<S>(errors),
            mask: T::vectors::<S>(mask),
            bias: T::vectors::<S>(bias),
            whole: neurons / lanes,
            keep: T::splat(s, leak.keep),
            prediction: T::splat(s, leak.prediction),
            decay: T::splat(s, decay),
        };
        let rest = Rest {
            input: &mut state.input.rates,
            layers: &mut state.layers,
            target: &mut state.target,
        };
        (layer, rest)
    }

    /// The step of some blocks, but for the apical contribution: their rates before it, plasticity of their weights, and
    /// their somata after it. Beside them, so that none waits for the other, the rates of the potentials `also`.
    ///
    /// `x` holds the input's coordinates; `C` is their number, or 0 if that is not known when this is compiled.
    #[inline(always)]
    pub(super) fn step<R: Rate, const C: usize, const X: usize>(
        &mut self,
        s: S,
        blocks: Range<usize>,
        x: &[T],
        learning: Learning<'_, T>,
        rate: &mut [T::V<S>],
        also: [T::V<S>; X],
    ) -> [T::V<S>; X] {
        let mut b = blocks.start;
        let also = if b + SIDE <= blocks.end {
            b += SIDE;
            self.blocks::<R, C, SIDE, X>(s, b - SIDE, x, learning, rate, also)
        } else {
            R::rates::<T, S, X>(s, also)
        };
        while b + SIDE <= blocks.end {
            let [] = self.blocks::<R, C, SIDE, 0>(s, b, x, learning, rate, []);
            b += SIDE;
        }
        while b < blocks.end {
            let [] = self.blocks::<R, C, 1, 0>(s, b, x, learning, rate, []);
            b += 1;
        }
        // Spelled out: what the compiler does not inline here is not compiled for the vector unit, and costs more than
        // it does.
        let mut b = self.whole;
        if b < blocks.start {
            b = blocks.start;
        }
        while b < blocks.end {
            rate[b] = T::fma(s, self.mask[b], rate[b], self.bias[b]);
            b += 1;
        }
        also
    }

    /// `B` blocks from block `start` on.
    #[inline(always)]
    fn blocks<R: Rate, const C: usize, const B: usize, const X: usize>(
        &mut self,
        s: S,
        start: usize,
        x: &[T],
        learning: Learning<'_, T>,
        rate: &mut [T::V<S>],
        also: [T::V<S>; X],
    ) -> [T::V<S>; X] {
        let n = if C > 0 { C } else { x.len() };
        let (x, rate) = (&x[..n], &mut rate[start..start + B]);
        let columns = start * n..(start + B) * n;
        let (w, p) = (&mut self.w[columns.clone()], &mut self.p[columns]);
        let soma = &mut self.soma[start..start + B];
        let zero = T::splat(s, T::ZERO);
        let (mut u, mut predicted) = ([zero; B], [zero; B]);
        for b in 0..B {
            u[b] = soma[b];
            let (w, p) = (&w[b * n..(b + 1) * n], &p[b * n..(b + 1) * n]);
            let drive = match learning {
                Learning::Both(_) => changed_sum::<T, S, C>(s, w, p, x),
                _ => weighted_sum::<T, S>(s, w, x),
            };
            predicted[b] = T::v_mul(s, self.prediction, drive);
        }
        let (r, also) = if let Learning::Rest = learning {
            R::rates_of_arguments::<T, S, B, X>(s, u, also)
        } else {
            let (r, e, also) = R::rates_and_errors::<T, S, B, X>(s, u, predicted, also);
            for b in 0..B {
                let (w, p) = (&mut w[b * n..(b + 1) * n], &mut p[b * n..(b + 1) * n]);
                match learning {
                    Learning::Rest => (),
                    Learning::Wait => self.errors[start + b] = e[b],
                    Learning::Now(x) => {
                        plasticity::columns::<T, S, false>(s, w, p, &x[..n], e[b], self.decay);
                    }
                    Learning::Both([old, now]) => {
                        let changes = [(self.errors[start + b], &old[..n]), (e[b], &now[..n])];
                        plasticity::columns_twice::<T, S>(s, w, p, changes, self.decay);
                    }
                }
            }
            (r, also)
        };
        for b in 0..B {
            let from_settled = T::v_sub(s, u[b], predicted[b]);
            soma[b] = T::fma(s, self.keep, from_settled, predicted[b]);
            rate[b] = r[b];
        }
        also
    }
}

/// [`weighted_sum`] of the weights W + P.
#[inline(always)]
fn changed_sum<T: Real, S: Simd, const C: usize>(
    s: S,
    w: &[T::V<S>],
    p: &[T::V<S>],
    x: &[T],
) -> T::V<S> {
    let (w, p) = (&w[..C], &p[..C]);
    let mut changed = [T::splat(s, T::ZERO); C];
    for c in 0..C {
        changed[c] = T::v_add(s, w[c], p[c]);
    }
    weighted_sum::<T, S>(s, &changed, &x[..C])
}
