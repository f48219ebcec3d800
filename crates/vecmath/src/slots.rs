//! Vectors over slices of any length: whole ones, and what is left at the end.
//!
//! Where storage can be padded ([`aligned`](crate::aligned)), loops have no remainder; here they have one, read and
//! written by masked loads and stores.

use pulp::Simd;

use crate::lanes::Lanes;

/// A position in a slice: a whole vector, or what is left at the end.
pub trait Slot: Copy {
    /// Where it starts.
    fn start(self) -> usize;
    /// The vector at this position; lanes past the end are 0.
    fn load<T: Lanes, S: Simd>(self, s: S, slice: &[T]) -> T::V<S>;
    /// Stores the lanes that exist.
    fn store<T: Lanes, S: Simd>(self, s: S, slice: &mut [T], value: T::V<S>);
    /// `value`, with `blank` in the lanes past the end of a slice of length `len`.
    fn blank<T: Lanes, S: Simd>(self, s: S, value: T::V<S>, blank: T, len: usize) -> T::V<S>;
}

/// A whole vector that starts at this number.
#[derive(Clone, Copy, Debug)]
pub struct Full(pub usize);

/// The last numbers, fewer than a vector holds, from this one on.
#[derive(Clone, Copy, Debug)]
pub struct Rest(pub usize);

impl Slot for Full {
    #[inline(always)]
    fn start(self) -> usize {
        self.0
    }

    #[inline(always)]
    fn load<T: Lanes, S: Simd>(self, _: S, slice: &[T]) -> T::V<S> {
        T::vectors::<S>(&slice[self.0..self.0 + width::<T, S>()])[0]
    }

    #[inline(always)]
    fn store<T: Lanes, S: Simd>(self, _: S, slice: &mut [T], value: T::V<S>) {
        T::vectors_mut::<S>(&mut slice[self.0..self.0 + width::<T, S>()])[0] = value;
    }

    #[inline(always)]
    fn blank<T: Lanes, S: Simd>(self, _: S, value: T::V<S>, _: T, _: usize) -> T::V<S> {
        value
    }
}

impl Slot for Rest {
    #[inline(always)]
    fn start(self) -> usize {
        self.0
    }

    #[inline(always)]
    fn load<T: Lanes, S: Simd>(self, s: S, slice: &[T]) -> T::V<S> {
        T::load_part(s, &slice[self.0..])
    }

    #[inline(always)]
    fn store<T: Lanes, S: Simd>(self, s: S, slice: &mut [T], value: T::V<S>) {
        T::store_part(s, &mut slice[self.0..], value);
    }

    #[inline(always)]
    fn blank<T: Lanes, S: Simd>(self, s: S, value: T::V<S>, blank: T, len: usize) -> T::V<S> {
        // At most 16 lanes; a vector has no cheaper way to change some.
        let mut lanes = [blank; 16];
        T::store_part(s, &mut lanes[..len - self.0], value);
        T::vectors::<S>(&lanes[..width::<T, S>()])[0]
    }
}

/// Numbers in a vector.
#[inline(always)]
pub const fn width<T: Lanes, S: Simd>() -> usize {
    size_of::<T::V<S>>() / size_of::<T>()
}

/// Runs the body once for every vector of `$len` numbers of type `$type`, `$slot` naming its position. A macro, not a
/// function with a closure: the body must be compiled into the kernel to use its instructions.
#[macro_export]
macro_rules! for_each_vector {
    ($type:ty, $simd:ty, $len:expr, $slot:ident => $body:block) => {{
        let len: usize = $len;
        let width = $crate::slots::width::<$type, $simd>();
        let mut start = 0;
        while start + width <= len {
            let $slot = $crate::slots::Full(start);
            $body
            start += width;
        }
        if start < len {
            let $slot = $crate::slots::Rest(start);
            $body
        }
    }};
}
pub use crate::for_each_vector;
