//! The hot loops of the full simulation, over its state.
//!
//! | form of the step | networks |
//! |---|---|
//! | [`few_outputs`] | those of mimic and Yin-Yang: one hidden layer, two or three outputs, all forward weights plastic, no noise, single precision |
//! | [`general`] | all |
//!
//! Both are made of [`first_layer`] and [`apical`](general::apical), and agree to the last bit. [`leap`] takes many steps at
//! once, and [`settle`] the steady state for some of them; [`project`] is what factored input needs between patterns.

mod few_outputs;
mod first_layer;
mod general;
mod leap;
mod project;
mod settle;

use std::fmt;

pub(super) use self::leap::leaps_on;
use super::job::Job;
use super::state::State;
use crate::kernels::compute;
use crate::{Integrator, Real};

/// How the steps of a network are computed; single ones are the same to the last bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Form {
    /// One loop in which all neurons that the hidden layer drives are one vector: one hidden layer, few outputs.
    FewOutputs,
    /// Loop after loop, layer by layer: any network.
    General,
    /// Many steps at once: the adaptive integrator.
    Leaps,
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FewOutputs => "few-outputs",
            Self::General => "general",
            Self::Leaps => "leaps",
        })
    }
}

impl Form {
    /// The form of the step for a network on a vector unit of this width in bits: the only place where that is decided.
    pub(super) fn of<T: Real>(state: &State<T>, noisy: bool) -> Self {
        if state.params().raw().integrator == Integrator::Adaptive {
            return Self::Leaps;
        }
        let lanes = state.tuning().simd.lanes::<T>();
        let [layer] = &state.layers[..] else {
            return Self::General;
        };
        let plastic = state.input.synapses.is_plastic() && layer.forward.is_plastic();
        let shape = (
            state.params().raw().activation,
            layer.above(),
            state.input.rates.len(),
        );
        let fits = few_outputs::fits::<T>(shape, lanes);
        if fits && plastic && !noisy && !state.tuning().general {
            Self::FewOutputs
        } else {
            Self::General
        }
    }
}

/// Does a job, on the vector unit and with the activation function of the state.
#[inline(always)]
pub(super) fn run<T: Real>(state: &mut State<T>, job: Job<'_, T>) {
    let unit = state.tuning().simd;
    let on = (unit, state.params().raw().activation);
    match job {
        Job::Steps(segment, noise) => match Form::of(state, noise.is_some()) {
            Form::FewOutputs => compute(on, state, few_outputs::Steps(segment)),
            Form::General | Form::Leaps => compute(on, state, general::Steps(segment, noise)),
        },
        Job::Leaps(segment, memory) => compute(on, state, leap::Leaps(segment, memory)),
        Job::Settle(segment, memory) => compute(on, state, settle::Settle(segment, memory)),
        Job::Project(basis) => project::project(unit, state, basis),
        Job::CatchUp => {
            for layer in &mut state.layers {
                layer.forward.catch_up(unit);
            }
        }
    }
}
