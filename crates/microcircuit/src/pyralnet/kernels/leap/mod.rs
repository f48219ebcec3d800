//! Many Euler steps at once: the adaptive integrator, an exponential Adams predictor-corrector scheme of variable step.
//!
//! A *leap* of m steps sums up what m Euler steps do. What is linear is summed exactly: leaks, the low-pass filters of input,
//! target and weight changes, and the input's drive with the weights that change meanwhile. What couples the neurons is
//! interpolated between *nodes*, the moments at which the network is evaluated. Through the values y₀, y₁, y₂ at the last
//! three nodes, the second h₁ steps before the first and the third h₂ before that, and y(m) at the one to come leads
//!
//! ```text
//! y(j) = y₀ + j [y₀ y₁] + j (j + h₁) [y₀ y₁ y₂] + (y(m) - ŷ) N(j)/N(m)       N(j) = j (j + h₁) (j + h₁ + h₂)
//! ```
//!
//! with divided differences \[·\], and the prediction ŷ of y(m) by the first three terms. Whatever is linear in y
//! is thus a weighted sum of y₀, y₁, y₂ and y(m) - ŷ, whose weights [`moments`](crate::pyralnet::state::moments) holds:
//!
//! ```text
//! somata            u ← κᵐ u + Σ_j κ^(m-1-j) I(j)                               κ = 1 - dt Σg, I: everything but the leak
//! of them layer 1   I(j) = (1-κ) û(j) + apical(j),  û(j) ∝ W(j) x(j)            x(j) = goal + a^(j+1) (x - goal)
//! weights           W(j) = W + S_j P + Σ_{i<j} S_(j-1-i) c e(i) x(i)ᵀ           S_j = 1 + β + … + β^(j-1)
//! and changes       P(j) = βʲ P + Σ_{i<j} β^(j-1-i) c e(i) x(i)ᵀ                c = dt η dt/τ_w, β = 1 - dt/τ_w
//! ```
//!
//! The weights onto the targets change by the product of two courses, e(i) and r(i); their changes are kept as
//! factors, see [`LowRank`](crate::pyralnet::state::low_rank::LowRank). A leap goes once through the network, and
//! evaluates it once:
//!
//! 1. From the output down: somata of the targets with drives V = W r as predicted, interneurons after those that nudge
//!    them, rates, apical potentials at the end.
//! 2. Layer 1, with apical potentials and errors until the end; its rates, and errors as they are.
//! 3. Up again: drives as they are. What the prediction missed is added to somata, and rates and errors are computed.
//! 4. Down again: the same for apical potentials, and for the errors of layer 1 in its weights and somata; its errors change
//!    by the slopes of f.
//!
//! With m = 1 nothing is interpolated, and a leap is Euler's step. [`Pace`](crate::pyralnet::state::pace::Pace) says how long
//! leaps are, by the distance of y(m) from ŷ. The first leaps of a pattern, and those after weights become plastic, are
//! single steps, since no course leads there smoothly; before them the network is evaluated by a leap of no steps.
//!
//! Source of such schemes, with exponentials for powers: S. Cox and P. Matthews, J. Comput. Phys. 176 (2002), 430-455;
//! M. Hochbruck and A. Ostermann, *Exponential integrators*, Acta Numerica 19 (2010), 209-286.

mod apical;
mod drive;
mod first;
pub(super) mod targets;
pub(super) mod weigh;

use pulp::Simd;

use self::apical::{correct_apical, predict_apical};
use self::drive::{Drive, apply};
use self::first::{First, correct_first, predict_first};
use self::targets::{correct_targets, enter, lift_correction, predict_targets};
use self::weigh::{Weigh, add, from_end, splat, vectors};
use super::general::lift_rates;
use crate::Real;
use crate::kernels::Kernel;
use crate::kernels::elementary::Rate;
use crate::pyralnet::job::Segment;
use crate::pyralnet::state::State;
use crate::pyralnet::state::moments::Functional;
use crate::pyralnet::state::nodes::Memory;
use crate::pyralnet::state::pace::Found;

/// The vector unit for leaps, which are long to compile: in double precision, which is for checks, AVX2 at most.
pub(in crate::pyralnet) fn leaps_on<T: Real>(simd: vecmath::Simd) -> vecmath::Simd {
    if size_of::<T>() == size_of::<f64>() && simd == vecmath::Simd::Best {
        return vecmath::Simd::Avx2;
    }
    simd
}

/// Whether leaps are compiled for a vector unit.
pub(super) const fn has_leaps<T: Real, S: Simd>() -> bool {
    size_of::<T>() < size_of::<f64>() || size_of::<T::V<S>>() < 64
}

/// Leaps over the steps of a segment.
pub(super) struct Leaps<'a, T: Real>(pub(super) Segment, pub(super) &'a mut Memory<T>);

impl<T: Real> Kernel<State<T>> for Leaps<'_, T> {
    #[inline(always)]
    fn compute<S: Simd, R: Rate>(self, s: S, state: &mut State<T>) {
        if const { !has_leaps::<T, S>() } {
            return;
        }
        let Self(segment, memory) = self;
        let learn = segment.plastic;
        let mut starts = memory.pace.starts(learn, segment.averaged > 0);
        if starts {
            for (layer, nodes) in state.layers.iter().zip(&mut memory.course.layers) {
                nodes.changes.clear();
                nodes.soma.now_mut().copy_from_slice(&layer.targets.soma);
            }
        }
        // One call for all leaps, that of no steps at the start too: it is compiled where it is called.
        let mut left = segment.steps;
        while starts || left > 0 {
            let m = if starts { 0 } else { memory.pace.choose(left) };
            left -= m;
            let averaged = m.min(segment.averaged.saturating_sub(left));
            leap::<T, S, R>(s, learn, state, memory, m, averaged);
            starts = false;
        }
        for (layer, nodes) in state.layers.iter_mut().zip(&mut memory.course.layers) {
            apply::<T, S>(s, layer, &mut nodes.changes);
            layer.targets.soma.copy_from_slice(nodes.soma.now());
            layer.targets.rate.copy_from_slice(nodes.rate.now());
            layer.nudge();
        }
        lift_rates(&mut state.layers);
    }
}

/// `m` steps, the last of which are `averaged`; with m = 0, the node at which the network is.
#[inline(always)]
fn leap<T: Real, S: Simd, R: Rate>(
    s: S,
    learn: bool,
    state: &mut State<T>,
    memory: &mut Memory<T>,
    m: usize,
    averaged: usize,
) {
    let Memory {
        table,
        spacing,
        course,
        ..
    } = memory;
    let moments = table.of(m);
    let weights = s.vectorize(Weigh {
        moments,
        m,
        spacing: *spacing,
    });
    let last = state.layers.len() - 1;
    let output = if state.target.gain() > 0.0 {
        Functional::Nudged
    } else {
        Functional::Free
    };
    let kind = |l: usize| {
        if l == last {
            output
        } else {
            Functional::Hidden
        }
    };
    for l in (0..=last).rev() {
        enter::<T, S>(s, learn, state, course, l, moments, &weights);
        let (layer, nodes) = (&mut state.layers[l], &mut course.layers[l]);
        predict_targets::<T, S, R>(s, layer, nodes, kind(l), moments, &weights);
        predict_apical::<T, S>(s, learn, layer, nodes, moments, &weights);
    }
    let first = First::<T, S>::new(s, state, moments, &weights);
    let [missed, errors] = predict_first::<T, S, R>(s, learn, state, course, &first);
    let mut changed = 0.0_f64;
    for l in 0..=last {
        let (layer, nodes) = (&mut state.layers[l], &mut course.layers[l]);
        s.vectorize(Drive {
            learn,
            layer,
            nodes,
            moments,
            weights: &weights,
        });
        let (layer, nodes) = (&mut state.layers[l], &mut course.layers[l]);
        let of_rates = correct_targets::<T, S, R>(s, learn, layer, nodes, kind(l), &weights);
        changed = changed.max(of_rates);
        if l < last {
            let n = layer.above();
            let rate = &course.layers[l].rate.end()[..n];
            state.layers[l + 1].forward.rate_mut()[..n].copy_from_slice(rate);
        }
    }
    for l in (0..=last).rev() {
        let (layer, nodes) = (&mut state.layers[l], &mut course.layers[l]);
        correct_apical::<T, S>(s, learn, layer, nodes, &weights);
        if l > 0 {
            lift_correction::<T, S, R>(s, learn, state, course, l, &weights);
        }
    }
    correct_first::<T, S, R>(s, learn, state, course, &first);
    if averaged > 0 {
        let of = weights.sum_after(table.of(m - averaged));
        let of = splat::<T, S, 4>(s, from_end(&weights, of));
        let (past, end) = course.layers[last].soma.parts();
        let sum = T::vectors_mut::<S>(&mut state.layers[last].targets.sum);
        let [u0, u1, u2] = vectors::<T, S>(past);
        let end = T::vectors::<S>(end);
        for b in 0..sum.len() {
            sum[b] = add::<T, S, 4>(s, sum[b], of, [u0[b], u1[b], u2[b], end[b]]);
        }
    }
    state.input.rates.approach(1.0 - moments.left);
    state.target.potential.approach(1.0 - moments.left);
    let neurons = state.params().dim(1) as f64;
    let found = Found {
        changed,
        errors: (errors / neurons).sqrt(),
        missed: (missed / neurons).sqrt(),
    };
    memory.took(m, found);
}
