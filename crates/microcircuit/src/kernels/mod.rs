//! The hot loops, behind the equations.
//!
//! Everything here is generic over the number type and over the vector unit, which is chosen when a network is
//! made ([`Simd`](crate::Simd)). Loops are written once, on vectors of lanes; matrices are stored in tiles of
//! rows ([`packed`]), padded to whole cache lines, so that no loop has a remainder.
#![allow(
    clippy::type_complexity,
    reason = "vectors of a type of a unit, in pairs and arrays"
)]
#![allow(
    clippy::needless_range_loop,
    reason = "several arrays side by side, by lane"
)]

pub(crate) mod columns;
pub(crate) mod packed;
pub(crate) mod plasticity;
pub(crate) mod rows;
pub(crate) mod tiles;

use pulp::{Simd, WithSimd};
use vecmath::Activation;
pub(crate) use vecmath::{aligned, elementary, sums};

use self::elementary::Rate;

/// Implements a trait's `fn run(state, job)` for `f32` and `f64`: what is compiled, is compiled here, once.
macro_rules! compiled {
    ($($number:ty)* : $Engine:ident, $State:ident, $Job:ty => $run:path) => {
        $(impl $Engine for $number {
            #[inline(never)]
            fn run(state: &mut $State<Self>, job: $Job) {
                $run(state, job);
            }
        })*
    };
}
pub(crate) use compiled;

/// Loops over a state that are compiled for every vector unit and activation function.
///
/// Each is a function of its own for the compiler, whose time grows faster than their length.
pub(crate) trait Kernel<State> {
    /// Computes them.
    fn compute<S: Simd, R: Rate>(self, s: S, state: &mut State);
}

struct OnUnit<'a, State, K, R> {
    state: &'a mut State,
    kernel: K,
    _activation: R,
}

impl<State, K: Kernel<State>, R: Rate> WithSimd for OnUnit<'_, State, K, R> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        self.kernel.compute::<S, R>(s, self.state);
    }
}

/// Computes a kernel on a vector unit, for an activation function.
#[inline(always)]
pub(crate) fn compute<State>(
    (unit, activation): (vecmath::Simd, Activation),
    state: &mut State,
    kernel: impl Kernel<State>,
) {
    elementary::for_activation!(activation, _activation => {
        unit.dispatch(OnUnit { state, kernel, _activation })
    });
}
