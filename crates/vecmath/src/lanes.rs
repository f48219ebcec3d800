//! Vectors of `f32` or `f64`, on any vector unit: the few operations that the kernels are made of.

#[cfg(target_arch = "x86_64")]
use std::any::Any;

use pulp::Simd;
#[cfg(target_arch = "x86_64")]
use pulp::bytemuck::{AnyBitPattern, NoUninit, try_cast};

/// Lane-wise arithmetic of a number type. Implemented for `f32` and `f64`.
pub trait Lanes: Copy + Sized + 'static {
    /// The number whose low bits are those of an integer, as [`Lanes::look_up`] takes them.
    fn with_low_bits(bits: u32) -> Self;

    /// A vector of the unit `S`.
    type V<S: Simd>: Copy;

    /// The numbers of `slice` as vectors; its length must be a multiple of their width.
    fn vectors<S: Simd>(slice: &[Self]) -> &[Self::V<S>];
    /// The same, mutable.
    fn vectors_mut<S: Simd>(slice: &mut [Self]) -> &mut [Self::V<S>];
    /// A vector of fewer numbers than it has lanes; the lanes past the end are 0.
    fn load_part<S: Simd>(s: S, slice: &[Self]) -> Self::V<S>;
    /// Stores the first lanes, as many as `slice` has numbers.
    fn store_part<S: Simd>(s: S, slice: &mut [Self], value: Self::V<S>);
    /// `x` in every lane.
    fn splat<S: Simd>(s: S, x: Self) -> Self::V<S>;
    /// a + b
    fn v_add<S: Simd>(s: S, a: Self::V<S>, b: Self::V<S>) -> Self::V<S>;
    /// a − b
    fn v_sub<S: Simd>(s: S, a: Self::V<S>, b: Self::V<S>) -> Self::V<S>;
    /// a b
    fn v_mul<S: Simd>(s: S, a: Self::V<S>, b: Self::V<S>) -> Self::V<S>;
    /// a / b
    fn v_div<S: Simd>(s: S, a: Self::V<S>, b: Self::V<S>) -> Self::V<S>;
    /// a b + c, rounded once where the unit can
    fn fma<S: Simd>(s: S, a: Self::V<S>, b: Self::V<S>, c: Self::V<S>) -> Self::V<S>;
    /// The smaller; b if a is not a number.
    fn v_min<S: Simd>(s: S, a: Self::V<S>, b: Self::V<S>) -> Self::V<S>;
    /// The larger; b if a is not a number.
    fn v_max<S: Simd>(s: S, a: Self::V<S>, b: Self::V<S>) -> Self::V<S>;
    /// |a|
    fn v_abs<S: Simd>(s: S, a: Self::V<S>) -> Self::V<S>;
    /// `value` where a < b, else zero
    fn keep_if_less<S: Simd>(s: S, a: Self::V<S>, b: Self::V<S>, value: Self::V<S>) -> Self::V<S>;
    /// `value`, but `a` where that is not a number
    fn keep_nan<S: Simd>(s: S, a: Self::V<S>, value: Self::V<S>) -> Self::V<S>;
    /// Sum of the lanes
    fn v_sum<S: Simd>(s: S, a: Self::V<S>) -> Self;
    /// Largest of the lanes
    fn v_largest<S: Simd>(s: S, a: Self::V<S>) -> Self;
    /// Lane i + `by` in lane i, those that fall off at the low end coming in again at the high one.
    fn rotate_down<S: Simd>(s: S, a: Self::V<S>, by: usize) -> Self::V<S>;
    /// Lane i in lane i + `by`, likewise.
    fn rotate_up<S: Simd>(s: S, a: Self::V<S>, by: usize) -> Self::V<S>;
    /// Adds n / 2^`fraction_bits` to the exponent of x, its fraction to the mantissa's bits below, where n is the
    /// integer in the low bits of `rounded`. With no such bits it is x 2ⁿ. The result must be a normal number.
    fn shift_exponent<S: Simd>(
        s: S,
        x: Self::V<S>,
        rounded: Self::V<S>,
        fraction_bits: u32,
    ) -> Self::V<S>;
    /// Entry i of a table that two vectors hold, in each lane, i being the low bits of that lane of `index`. `None` on
    /// units other than AVX-512.
    fn look_up<S: Simd>(s: S, table: [Self::V<S>; 2], index: Self::V<S>) -> Option<Self::V<S>>;
}

/// One implementation. pulp names its operations after the vector type, so all names are spelled out.
macro_rules! impl_lanes {
    (
        $type:ident, $vector:ident, $bits:ident, $mantissa:expr, $as_simd:ident, $as_mut_simd:ident,
        $load_part:ident, $store_part:ident, $splat:ident,
        $add:ident, $sub:ident, $mul:ident, $div:ident, $fma:ident, $min:ident, $max:ident, $abs:ident, $less:ident, $equal:ident,
        $select:ident, $sum:ident, $largest:ident, $to_bits:ident, $from_bits:ident, $splat_bits:ident, $add_bits:ident,
        $mul_bits:ident, $rotate_down:ident, $rotate_up:ident, $look_up:ident
    ) => {
        impl Lanes for $type {
            type V<S: Simd> = S::$vector;

            #[inline(always)]
            fn with_low_bits(bits: u32) -> Self {
                Self::from_bits(bits.into())
            }

            #[inline(always)]
            fn vectors<S: Simd>(slice: &[Self]) -> &[Self::V<S>] {
                let (vectors, rest) = S::$as_simd(slice);
                debug_assert!(rest.is_empty(), "padded");
                vectors
            }

            #[inline(always)]
            fn vectors_mut<S: Simd>(slice: &mut [Self]) -> &mut [Self::V<S>] {
                let (vectors, rest) = S::$as_mut_simd(slice);
                debug_assert!(rest.is_empty(), "padded");
                vectors
            }

            #[inline(always)]
            fn load_part<S: Simd>(s: S, slice: &[Self]) -> Self::V<S> {
                s.$load_part(slice)
            }

            #[inline(always)]
            fn store_part<S: Simd>(s: S, slice: &mut [Self], value: Self::V<S>) {
                s.$store_part(slice, value);
            }

            #[inline(always)]
            fn splat<S: Simd>(s: S, x: Self) -> Self::V<S> {
                s.$splat(x)
            }

            #[inline(always)]
            fn v_add<S: Simd>(s: S, a: Self::V<S>, b: Self::V<S>) -> Self::V<S> {
                s.$add(a, b)
            }

            #[inline(always)]
            fn v_sub<S: Simd>(s: S, a: Self::V<S>, b: Self::V<S>) -> Self::V<S> {
                s.$sub(a, b)
            }

            #[inline(always)]
            fn v_mul<S: Simd>(s: S, a: Self::V<S>, b: Self::V<S>) -> Self::V<S> {
                s.$mul(a, b)
            }

            #[inline(always)]
            fn v_div<S: Simd>(s: S, a: Self::V<S>, b: Self::V<S>) -> Self::V<S> {
                s.$div(a, b)
            }

            #[inline(always)]
            fn fma<S: Simd>(s: S, a: Self::V<S>, b: Self::V<S>, c: Self::V<S>) -> Self::V<S> {
                s.$fma(a, b, c)
            }

            #[inline(always)]
            fn v_min<S: Simd>(s: S, a: Self::V<S>, b: Self::V<S>) -> Self::V<S> {
                s.$min(a, b)
            }

            #[inline(always)]
            fn v_max<S: Simd>(s: S, a: Self::V<S>, b: Self::V<S>) -> Self::V<S> {
                s.$max(a, b)
            }

            #[inline(always)]
            fn v_abs<S: Simd>(s: S, a: Self::V<S>) -> Self::V<S> {
                s.$abs(a)
            }

            #[inline(always)]
            fn keep_if_less<S: Simd>(
                s: S,
                a: Self::V<S>,
                b: Self::V<S>,
                value: Self::V<S>,
            ) -> Self::V<S> {
                s.$select(s.$less(a, b), value, s.$splat(0.0))
            }

            #[inline(always)]
            fn keep_nan<S: Simd>(s: S, a: Self::V<S>, value: Self::V<S>) -> Self::V<S> {
                s.$select(s.$equal(a, a), value, a)
            }

            #[inline(always)]
            fn v_sum<S: Simd>(s: S, a: Self::V<S>) -> Self {
                s.$sum(a)
            }

            #[inline(always)]
            fn v_largest<S: Simd>(s: S, a: Self::V<S>) -> Self {
                s.$largest(a)
            }

            #[inline(always)]
            fn rotate_down<S: Simd>(s: S, a: Self::V<S>, by: usize) -> Self::V<S> {
                s.$rotate_down(a, by)
            }

            #[inline(always)]
            fn rotate_up<S: Simd>(s: S, a: Self::V<S>, by: usize) -> Self::V<S> {
                s.$rotate_up(a, by)
            }

            #[inline(always)]
            fn shift_exponent<S: Simd>(
                s: S,
                x: Self::V<S>,
                rounded: Self::V<S>,
                fraction_bits: u32,
            ) -> Self::V<S> {
                let shift = s.$splat_bits(1 << ($mantissa - fraction_bits));
                let exponent = s.$mul_bits(s.$to_bits(rounded), shift);
                s.$from_bits(s.$add_bits(s.$to_bits(x), exponent))
            }

            #[cfg(target_arch = "x86_64")]
            #[inline(always)]
            fn look_up<S: Simd>(
                s: S,
                [low, high]: [Self::V<S>; 2],
                index: Self::V<S>,
            ) -> Option<Self::V<S>> {
                let unit: &dyn Any = &s;
                let unit = unit.downcast_ref::<pulp::x86::V4>()?.avx512f;
                let entries = unit.$look_up(cast(low)?, cast(index)?, cast(high)?);
                cast(entries)
            }

            #[cfg(not(target_arch = "x86_64"))]
            #[inline(always)]
            fn look_up<S: Simd>(_: S, _: [Self::V<S>; 2], _: Self::V<S>) -> Option<Self::V<S>> {
                None
            }
        }
    };
}

impl_lanes! {
    f32, f32s, u32s, 23, as_simd_f32s, as_mut_simd_f32s,
    partial_load_f32s, partial_store_f32s, splat_f32s,
    add_f32s, sub_f32s, mul_f32s, div_f32s, mul_add_e_f32s, min_f32s, max_f32s, abs_f32s, less_than_f32s, equal_f32s,
    select_f32s, reduce_sum_f32s, reduce_max_f32s, transmute_u32s_f32s, transmute_f32s_u32s, splat_u32s, add_u32s, mul_u32s,
    rotate_left_f32s, rotate_right_f32s, _mm512_permutex2var_ps
}
impl_lanes! {
    f64, f64s, u64s, 52, as_simd_f64s, as_mut_simd_f64s,
    partial_load_f64s, partial_store_f64s, splat_f64s,
    add_f64s, sub_f64s, mul_f64s, div_f64s, mul_add_e_f64s, min_f64s, max_f64s, abs_f64s, less_than_f64s, equal_f64s,
    select_f64s, reduce_sum_f64s, reduce_max_f64s, transmute_u64s_f64s, transmute_f64s_u64s, splat_u64s, add_u64s, mul_u64s,
    rotate_left_f64s, rotate_right_f64s, _mm512_permutex2var_pd
}

/// The same bits as another type of vector, if that is as long.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn cast<A: NoUninit, B: AnyBitPattern>(vector: A) -> Option<B> {
    try_cast(vector).ok()
}
