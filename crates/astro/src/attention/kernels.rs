//! The hot loops, plain Rust that the compiler turns into SIMD code.
//!
//! Each is a struct rather than a closure because only then is its body compiled with the instructions of the machine at
//! hand (AVX-512, AVX2, NEON), which [`run`] finds out at run time.

use super::Real;
use pulp::{Arch, Simd, WithSimd};

/// Partial sums of a reduction: as many independent lanes as the widest vector of f32 has.
const LANES: usize = 16;

/// Runs a kernel with the widest instructions of this machine.
#[inline]
pub(super) fn run<K: WithSimd>(kernel: K) -> K::Output {
    Arch::new().dispatch(kernel)
}

/// out = A x for a column-major A (out.len() × x.len()).
pub(super) struct Project<'a, T> {
    pub(super) matrix: &'a [T],
    pub(super) x: &'a [T],
    pub(super) out: &'a mut [T],
}

impl<T: Real> WithSimd for Project<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { matrix, x, out } = self;
        let rows = out.len();
        out.fill(T::zero());
        // Four columns at a time: a quarter of the traffic to `out`.
        let (mut columns, mut xs) = (matrix.chunks_exact(4 * rows), x.chunks_exact(4));
        for (four, x) in columns.by_ref().zip(xs.by_ref()) {
            let (a, four) = four.split_at(rows);
            let (b, four) = four.split_at(rows);
            let (c, d) = four.split_at(rows);
            for ((((out, &a), &b), &c), &d) in out.iter_mut().zip(a).zip(b).zip(c).zip(d) {
                *out += (a * x[0] + b * x[1]) + (c * x[2] + d * x[3]);
            }
        }
        for (column, &x) in columns.remainder().chunks_exact(rows).zip(xs.remainder()) {
            for (out, &w) in out.iter_mut().zip(column) {
                *out += w * x;
            }
        }
    }
}

/// a ← scale · rate · e^{a − offset}, component by component.
pub(super) struct Activity<'a, T> {
    pub(super) scale: T,
    pub(super) rate: &'a [T],
    pub(super) offset: T,
    pub(super) activity: &'a mut [T],
}

impl<T: Real> WithSimd for Activity<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for (activity, &rate) in self.activity.iter_mut().zip(self.rate) {
            *activity = self.scale * rate * (*activity - self.offset).fast_exp();
        }
    }
}

/// Largest component, −∞ of none.
pub(super) struct Maximum<'a, T>(pub(super) &'a [T]);

impl<T: Real> WithSimd for Maximum<'_, T> {
    type Output = T;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> T {
        maximum(self.0)
    }
}

/// g ← g + a, and each row h_j of H ← h_j + v_j a.
pub(super) struct Write<'a, T> {
    pub(super) activity: &'a [T],
    pub(super) value: &'a [T],
    pub(super) calcium: &'a mut [T],
    pub(super) hebbian: &'a mut [T],
}

impl<T: Real> WithSimd for Write<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for (calcium, &activity) in self.calcium.iter_mut().zip(self.activity) {
            *calcium += activity;
        }
        let rows = self.hebbian.chunks_exact_mut(self.activity.len());
        for (synapses, &value) in rows.zip(self.value) {
            for (synapse, &activity) in synapses.iter_mut().zip(self.activity) {
                *synapse += value * activity;
            }
        }
    }
}

/// out_j ← out_j + scale h_j·a for each row h_j of H.
pub(super) struct Read<'a, T> {
    pub(super) activity: &'a [T],
    pub(super) scale: T,
    pub(super) hebbian: &'a [T],
    pub(super) out: &'a mut [T],
}

impl<T: Real> WithSimd for Read<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let rows = self.hebbian.chunks_exact(self.activity.len());
        for (out, synapses) in self.out.iter_mut().zip(rows) {
            *out += self.scale * dot(synapses, self.activity);
        }
    }
}

/// Inner product.
pub(super) struct Dot<'a, T>(pub(super) &'a [T], pub(super) &'a [T]);

impl<T: Real> WithSimd for Dot<'_, T> {
    type Output = T;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> T {
        dot(self.0, self.1)
    }
}

#[inline(always)]
fn dot<T: Real>(a: &[T], b: &[T]) -> T {
    let mut partial = [T::zero(); LANES];
    let (a, b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest = a.remainder().iter().zip(b.remainder());
    let mut sum = rest.fold(T::zero(), |sum, (&a, &b)| sum + a * b);
    for (a, b) in a.zip(b) {
        for ((partial, &a), &b) in partial.iter_mut().zip(a).zip(b) {
            *partial += a * b;
        }
    }
    for lane in partial {
        sum += lane;
    }
    sum
}

/// x ← eˣ / Σ eˣ, stable.
pub(super) struct Softmax<'a, T>(pub(super) &'a mut [T]);

impl<T: Real> WithSimd for Softmax<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let x = self.0;
        let max = maximum(x);
        for x in x.iter_mut() {
            *x = (*x - max).fast_exp();
        }
        let mut partial = [T::zero(); LANES];
        let chunks = x.chunks_exact(LANES);
        let mut sum = chunks.remainder().iter().fold(T::zero(), |sum, &x| sum + x);
        for chunk in chunks {
            for (partial, &x) in partial.iter_mut().zip(chunk) {
                *partial += x;
            }
        }
        for lane in partial {
            sum += lane;
        }
        let inverse = T::one() / sum;
        for x in x {
            *x *= inverse;
        }
    }
}

#[inline(always)]
fn maximum<T: Real>(x: &[T]) -> T {
    let larger = |a: T, b: T| if b > a { b } else { a };
    let mut partial = [T::of(f64::NEG_INFINITY); LANES];
    let chunks = x.chunks_exact(LANES);
    let rest = chunks.remainder().iter().copied().fold(partial[0], larger);
    for chunk in chunks {
        for (partial, &x) in partial.iter_mut().zip(chunk) {
            *partial = larger(*partial, x);
        }
    }
    partial.into_iter().fold(rest, larger)
}
