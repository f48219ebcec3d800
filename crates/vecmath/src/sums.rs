//! Sums over the lanes of several vectors at once.

use pulp::Simd;

use crate::lanes::Lanes;

/// The sum over the lanes of vector k in lane k, for `R` vectors, no more than there are lanes. The other lanes hold
/// numbers of no meaning.
///
/// Lanes are added to each other in the order of [`Lanes::v_sum`], whose results these are to the last bit: those half a
/// vector apart, then a quarter, and so on. Where lanes of two vectors can be picked at will, each such addition serves
/// two vectors, and the sums need not be collected from numbers.
#[inline(always)]
pub fn sums<T: Lanes, S: Simd, const R: usize>(s: S, mut vectors: [T::V<S>; R]) -> T::V<S> {
    let lanes = size_of::<T::V<S>>() / size_of::<T>();
    let (mut left, mut half) = (R, lanes / 2);
    while half > 0 {
        let pairs = left.div_ceil(2);
        for k in 0..pairs {
            let last = if 2 * k + 1 < left { 2 * k + 1 } else { 2 * k };
            match halve::<T, S>(s, [vectors[2 * k], vectors[last]], half) {
                Some(sum) => vectors[k] = sum,
                None => return one_by_one::<T, S, R>(s, vectors),
            }
        }
        left = pairs;
        half /= 2;
    }
    vectors[0]
}

/// Of segments of 2 `half` lanes, the upper halves added to the lower ones: of the first vector in the first half of the
/// result, of the second one in the second. `None` where lanes cannot be picked.
#[inline(always)]
fn halve<T: Lanes, S: Simd>(s: S, pair: [T::V<S>; 2], half: usize) -> Option<T::V<S>> {
    let lower = T::look_up::<S>(s, pair, picked::<T, S>(half, 0))?;
    let upper = T::look_up::<S>(s, pair, picked::<T, S>(half, half))?;
    Some(T::v_add(s, lower, upper))
}

/// Where [`halve`] finds the lanes to be added, from `offset` on in each segment.
#[inline(always)]
fn picked<T: Lanes, S: Simd>(half: usize, offset: usize) -> T::V<S> {
    let lanes = size_of::<T::V<S>>() / size_of::<T>();
    let mut index = [T::with_low_bits(0); 16];
    for i in 0..lanes {
        let (vector, lane) = (2 * i / lanes, i % (lanes / 2));
        let segment = lane / half * 2 * half;
        index[i] = T::with_low_bits((vector * lanes + segment + lane % half + offset) as u32);
    }
    T::vectors::<S>(&index[..lanes])[0]
}

/// The same without picking lanes.
#[inline(always)]
fn one_by_one<T: Lanes, S: Simd, const R: usize>(s: S, vectors: [T::V<S>; R]) -> T::V<S> {
    let mut sums = [T::with_low_bits(0); 16];
    for k in 0..R {
        sums[k] = T::v_sum(s, vectors[k]);
    }
    T::vectors::<S>(&sums[..size_of::<T::V<S>>() / size_of::<T>()])[0]
}

#[cfg(test)]
mod tests {
    use pulp::WithSimd;

    use super::*;
    use crate::Simd as Unit;
    use crate::aligned::Aligned;

    /// Six vectors to be added up.
    struct Six<'a, T>(&'a [T]);

    impl<T: Lanes + Default> WithSimd for Six<'_, T> {
        type Output = Vec<(T, T)>;

        fn with_simd<S: Simd>(self, s: S) -> Vec<(T, T)> {
            let mut six = [T::vectors::<S>(self.0)[0]; 6];
            six.copy_from_slice(&T::vectors::<S>(self.0)[..6]);
            let lanes = size_of::<T::V<S>>() / size_of::<T>();
            if lanes < 6 {
                return Vec::new();
            }
            let mut sums_of = Aligned::<T>::zeros(lanes);
            T::vectors_mut::<S>(&mut sums_of)[0] = sums::<T, S, 6>(s, six);
            let pairs = six.iter().zip(&*sums_of);
            pairs.map(|(v, sum)| (*sum, T::v_sum(s, *v))).collect()
        }
    }

    fn numbers<T: Lanes + Default>(of: impl Fn(f64) -> T) -> Aligned<T> {
        let mut numbers = Aligned::zeros(6 * 16);
        for (i, x) in numbers.iter_mut().enumerate() {
            *x = of((i as f64 * 0.7391).sin() * 10_f64.powi(i as i32 % 5));
        }
        numbers
    }

    #[test]
    fn sums_are_those_of_each_vector_to_the_last_bit() {
        let (singles, doubles) = (numbers::<f32>(|x| x as f32), numbers::<f64>(|x| x));
        for unit in [Unit::Best, Unit::Avx2, Unit::Portable] {
            let of_singles = unit.dispatch(Six(&singles));
            assert!(
                of_singles.iter().all(|(ours, each)| ours == each),
                "{unit:?}"
            );
            assert!(unit == Unit::Portable || !of_singles.is_empty() || unit.lanes::<f32>() < 6);
            let of_doubles = unit.dispatch(Six(&doubles));
            assert!(
                of_doubles.iter().all(|(ours, each)| ours == each),
                "{unit:?}"
            );
        }
    }
}
