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

pub(crate) use vecmath::{aligned, elementary, sums};

/// Implements a trait's `fn run(state, job)` for `f32` and `f64`, on the vector unit and for the activation function that
/// the state names: what is compiled, is compiled here, once.
macro_rules! compiled {
    ($($number:ty)* : $Engine:ident, $State:ident, $Job:ty => $OnUnit:ident) => {
        $(impl $Engine for $number {
            #[inline(never)]
            fn run(state: &mut $State<Self>, job: $Job) {
                let simd = state.tuning().simd;
                let activation = state.params().raw().activation;
                $crate::kernels::elementary::for_activation!(activation, _activation => {
                    simd.dispatch($OnUnit { state, job, _activation })
                });
            }
        })*
    };
}
pub(crate) use compiled;
