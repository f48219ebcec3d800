//! Zero-initialised storage that starts on a cache line.

use std::ops::{Deref, DerefMut};

/// Bytes of a cache line, and of the widest vector.
const LINE: usize = 64;

/// Numbers of type `T` in a cache line.
pub const fn per_line<T>() -> usize {
    LINE / size_of::<T>()
}

/// `n`, rounded up to whole cache lines of `T`.
pub const fn padded<T>(n: usize) -> usize {
    n.next_multiple_of(per_line::<T>())
}

/// A fixed number of numbers, the first of which lies at the start of a cache line.
#[derive(Debug)]
pub struct Aligned<T> {
    buffer: Vec<T>,
    start: usize,
    len: usize,
}

impl<T: Copy + Default> Aligned<T> {
    /// At least `len` zeros: as many as fill whole cache lines.
    pub fn zeros(len: usize) -> Self {
        let len = padded::<T>(len);
        let buffer = vec![T::default(); len + per_line::<T>()];
        let start = buffer.as_ptr().align_offset(LINE).min(per_line::<T>());
        Self { buffer, start, len }
    }
}

impl<T: Copy + Default> Clone for Aligned<T> {
    fn clone(&self) -> Self {
        let mut copy = Self::zeros(self.len);
        copy.copy_from_slice(self);
        copy
    }
}

impl<T> Deref for Aligned<T> {
    type Target = [T];

    #[inline(always)]
    fn deref(&self) -> &[T] {
        &self.buffer[self.start..self.start + self.len]
    }
}

impl<T> DerefMut for Aligned<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.buffer[self.start..self.start + self.len]
    }
}
