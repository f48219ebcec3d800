//! A whole sequence of one head, when nobody watches: the same circuit with its tokens in blocks, for speed.
#![allow(clippy::needless_range_loop, reason = "several arrays side by side")]

use super::{FeatureMap, Real, TripartiteSynapses};
use nalgebra::DMatrix;
use pulp::{Simd, WithSimd};
use vecmath::exp::exp;
use vecmath::for_each_vector;
use vecmath::lanes::Lanes;
use vecmath::slots::{Full, Slot, width};

/// Tokens that are taken together, the lanes of some vectors; the gains are raised once for all of them.
const TOKENS: usize = 64;
/// Sums in registers: of hidden neurons, or of tokens. Neurons are padded to a multiple.
const SUMS: usize = 8;
/// Rows of associations are padded to this many numbers: whole vectors on every unit.
const PAD: usize = 16;
/// Excitability of the neurons that pad: they are never active.
const SILENT: f64 = -1e30;

/// Memory of [`Whole::attend`], kept from one sequence to the next.
#[derive(Debug, Clone)]
pub(super) struct Whole<T> {
    /// ω, d columns of padded length.
    frequencies: Vec<T>,
    excitability: Vec<T>,
    /// L, the gains.
    log_gain: Vec<T>,
    /// While reading, e + L.
    offset: Vec<T>,
    /// Keys or queries, a component a row of [`TOKENS`].
    turned: Vec<T>,
    /// While writing, half the squared norms; while reading, the inverse of the calcium.
    by_token: Vec<T>,
    /// Activities, a hidden neuron a row of [`TOKENS`].
    activity: Vec<T>,
    /// Σ v φ(k), a hidden neuron a row of padded length, in units of the gains.
    associations: Vec<T>,
    /// Σ φ(k), likewise.
    calcium: Vec<T>,
}

/// Where a head lies in the matrices of a sequence.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// First row of queries and keys.
    pub(super) query: usize,
    /// First row of values and outputs.
    pub(super) value: usize,
    /// Number of those.
    pub(super) outputs: usize,
}

impl<T: Real> Whole<T> {
    pub(super) fn new() -> Self {
        Self {
            frequencies: Vec::new(),
            excitability: Vec::new(),
            log_gain: Vec::new(),
            offset: Vec::new(),
            turned: Vec::new(),
            by_token: Vec::new(),
            activity: Vec::new(),
            associations: Vec::new(),
            calcium: Vec::new(),
        }
    }

    /// Writes all tokens, then reads all, positive features only. `synapses` are left as token by token, up to rounding.
    ///
    /// * `map`: of this head
    /// * `query`, `key`, `value`: of all heads, a token a column; `output`, as `value`, is set
    ///
    /// Where the averaged calcium cannot divide, the token and that calcium are the error.
    pub(super) fn attend(
        &mut self,
        map: &FeatureMap<T>,
        [query, key, value]: [&DMatrix<T>; 3],
        place: Place,
        synapses: &mut TripartiteSynapses<T>,
        output: &mut DMatrix<T>,
    ) -> Result<(), (usize, T)> {
        let (m, d) = (map.hidden(), map.head_dim());
        let neurons = m.next_multiple_of(SUMS);
        let wide = place.outputs.next_multiple_of(PAD);
        let prepare = |x: &mut Vec<T>, len: usize, with: T| {
            x.clear();
            x.resize(len, with);
        };
        prepare(&mut self.frequencies, neurons * d, T::zero());
        let columns = self.frequencies.chunks_exact_mut(neurons);
        for (padded, column) in columns.zip(map.synapses().chunks_exact(m)) {
            padded[..m].copy_from_slice(column);
        }
        prepare(&mut self.excitability, neurons, T::of(SILENT));
        self.excitability[..m].copy_from_slice(map.excitability());
        prepare(&mut self.log_gain, neurons, T::of(f64::NEG_INFINITY));
        prepare(&mut self.offset, neurons, T::zero());
        prepare(&mut self.turned, d * TOKENS, T::zero());
        prepare(&mut self.by_token, TOKENS, T::zero());
        prepare(&mut self.activity, neurons * TOKENS, T::zero());
        prepare(&mut self.associations, neurons * wide, T::zero());
        prepare(&mut self.calcium, neurons, T::zero());
        let done = vecmath::run(Attend {
            memory: self,
            query: Tokens::of(query, place.query, d),
            key: Tokens::of(key, place.query, d),
            value: Tokens::of(value, place.value, place.outputs),
            output,
            place,
        });
        synapses.set(&self.log_gain, &self.associations, &self.calcium);
        done
    }
}

/// A head's rows of a matrix.
#[derive(Clone, Copy)]
struct Tokens<'a, T> {
    all: &'a [T],
    stride: usize,
    row: usize,
    dim: usize,
}

impl<'a, T: Real> Tokens<'a, T> {
    fn of(matrix: &'a DMatrix<T>, row: usize, dim: usize) -> Self {
        Self {
            all: matrix.as_slice(),
            stride: matrix.nrows(),
            row,
            dim,
        }
    }

    #[inline(always)]
    fn at(&self, t: usize) -> &'a [T] {
        &self.all[t * self.stride + self.row..][..self.dim]
    }
}

struct Attend<'a, T> {
    memory: &'a mut Whole<T>,
    query: Tokens<'a, T>,
    key: Tokens<'a, T>,
    value: Tokens<'a, T>,
    output: &'a mut DMatrix<T>,
    place: Place,
}

impl<T: Real> WithSimd for Attend<'_, T> {
    type Output = Result<(), (usize, T)>;

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, s: S) -> Self::Output {
        let tokens = self.output.ncols();
        for start in (0..tokens).step_by(TOKENS) {
            self.write(s, start, TOKENS.min(tokens - start));
        }
        for start in (0..tokens).step_by(TOKENS) {
            self.read(s, start, TOKENS.min(tokens - start))?;
        }
        Ok(())
    }
}

impl<T: Real> Attend<'_, T> {
    /// Writes `count` tokens from `start` on.
    #[inline(always)]
    fn write<S: Simd>(&mut self, s: S, start: usize, count: usize) {
        let Whole {
            frequencies,
            excitability,
            log_gain,
            offset: _,
            turned,
            by_token: norms,
            activity,
            associations,
            calcium,
        } = &mut *self.memory;
        let lanes = width::<T, S>();
        let taken = count.next_multiple_of(lanes.max(SUMS));
        turn(self.key, start, count, taken, turned);
        let half = Lanes::splat(s, T::of(0.5 / (self.key.dim as f64).sqrt()));
        for t in (0..taken).step_by(lanes).map(Full) {
            let mut norm = Lanes::splat(s, T::zero());
            for row in turned.chunks_exact(TOKENS) {
                let x = t.load(s, row);
                norm = T::fma(s, x, x, norm);
            }
            t.store(s, norms, T::v_mul(s, norm, half));
        }
        drive(
            s,
            frequencies,
            excitability,
            Some(norms),
            turned,
            taken,
            activity,
        );

        let wide = associations.len() / log_gain.len();
        let rows = activity.chunks_exact_mut(TOKENS);
        let written = associations.chunks_exact_mut(wide).zip(&mut *calcium);
        for ((row, log_gain), (associations, calcium)) in rows.zip(&mut *log_gain).zip(written) {
            let mut top = Full(0).load(s, row);
            for t in (lanes..taken).step_by(lanes).map(Full) {
                top = T::v_max(s, top, t.load(s, row));
            }
            let top = T::v_largest(s, top);
            if top > *log_gain {
                let shrink = (*log_gain - top).exp();
                *log_gain = top;
                *calcium *= shrink;
                let shrink = Lanes::splat(s, shrink);
                for i in (0..wide).step_by(lanes).map(Full) {
                    let shrunk = T::v_mul(s, shrink, i.load(s, associations));
                    i.store(s, associations, shrunk);
                }
            }
            let gain = Lanes::splat(s, *log_gain);
            for t in (0..taken).step_by(lanes).map(Full) {
                let relative = T::v_sub(s, t.load(s, row), gain);
                t.store(s, row, exp::<T, S>(s, relative));
            }
            row[count..taken].fill(T::zero());
            let mut sum = Lanes::splat(s, T::zero());
            for t in (0..taken).step_by(lanes).map(Full) {
                sum = T::v_add(s, sum, t.load(s, row));
            }
            *calcium += T::v_sum(s, sum);
        }

        let (neurons, _) = activity.as_chunks::<TOKENS>();
        let (blocks, _) = neurons.as_chunks::<SUMS>();
        for (rows, drives) in associations.chunks_exact_mut(SUMS * wide).zip(blocks) {
            for_each_vector!(T, S, self.value.dim, i => {
                let at = i.start();
                let mut sums = [Lanes::splat(s, T::zero()); SUMS];
                for b in 0..SUMS {
                    sums[b] = Full(b * wide + at).load(s, rows);
                }
                for t in 0..count.min(TOKENS) {
                    let value = i.load(s, self.value.at(start + t));
                    for b in 0..SUMS {
                        sums[b] = T::fma(s, Lanes::splat(s, drives[b][t]), value, sums[b]);
                    }
                }
                for (b, sum) in sums.into_iter().enumerate() {
                    Full(b * wide + at).store(s, rows, sum);
                }
            });
        }
    }

    /// Reads `count` tokens from `start` on.
    #[inline(always)]
    fn read<S: Simd>(&mut self, s: S, start: usize, count: usize) -> Result<(), (usize, T)> {
        let Whole {
            frequencies,
            excitability,
            log_gain,
            offset,
            turned,
            by_token: inverse,
            activity,
            associations,
            calcium,
        } = &mut *self.memory;
        let lanes = width::<T, S>();
        let taken = count.next_multiple_of(lanes.max(SUMS));
        turn(self.query, start, count, taken, turned);
        // The norm of the query is common to all, and cancels.
        for ((offset, &e), &gain) in offset.iter_mut().zip(&*excitability).zip(&*log_gain) {
            *offset = e + gain;
        }
        drive(s, frequencies, offset, None, turned, taken, activity);
        for t in (0..taken).step_by(lanes).map(Full) {
            let mut top = t.load(s, activity);
            for row in activity.chunks_exact(TOKENS) {
                top = T::v_max(s, top, t.load(s, row));
            }
            let mut averaged = Lanes::splat(s, T::zero());
            for (row, &calcium) in activity.chunks_exact_mut(TOKENS).zip(&*calcium) {
                let power = exp::<T, S>(s, T::v_sub(s, t.load(s, row), top));
                t.store(s, row, power);
                averaged = T::fma(s, Lanes::splat(s, calcium), power, averaged);
            }
            let one = Lanes::splat(s, T::one());
            t.store(s, inverse, T::v_div(s, one, averaged));
        }
        if let Some(t) = inverse[..count].iter().position(|x| !x.is_finite()) {
            return Err((start + t, T::one() / inverse[t]));
        }

        let wide = associations.len() / log_gain.len();
        let rows = self.output.nrows();
        let outputs = self.output.as_mut_slice();
        let (neurons, _) = activity.as_chunks::<TOKENS>();
        for t in (0..count.min(TOKENS)).step_by(SUMS) {
            for_each_vector!(T, S, self.place.outputs, i => {
                let mut sums = [Lanes::splat(s, T::zero()); SUMS];
                for (synapses, drives) in associations.chunks_exact(wide).zip(neurons) {
                    let synapses = Full(i.start()).load(s, synapses);
                    let (drives, _) = drives.as_chunks::<SUMS>();
                    let drives = &drives[t / SUMS];
                    for b in 0..SUMS {
                        sums[b] = T::fma(s, Lanes::splat(s, drives[b]), synapses, sums[b]);
                    }
                }
                for (b, sum) in sums.into_iter().enumerate().take(count - t) {
                    let output = &mut outputs[(start + t + b) * rows + self.place.value..];
                    let output = &mut output[..self.place.outputs];
                    let share = Lanes::splat(s, inverse[t + b]);
                    i.store(s, output, T::v_mul(s, sum, share));
                }
            });
        }
        Ok(())
    }
}

/// Tokens side by side, from `start` on: `count` of them, and the last again up to `taken`.
#[inline(always)]
fn turn<T: Real>(
    tokens: Tokens<'_, T>,
    start: usize,
    count: usize,
    taken: usize,
    turned: &mut [T],
) {
    for t in (0..taken).step_by(4) {
        let last = start + count - 1;
        let [a, b, c, d] = [0, 1, 2, 3].map(|k| tokens.at((start + t + k).min(last)));
        let (a, rest_a) = a.as_chunks::<4>();
        let (b, rest_b) = b.as_chunks::<4>();
        let (c, rest_c) = c.as_chunks::<4>();
        let (d, rest_d) = d.as_chunks::<4>();
        let mut rows = turned.chunks_exact_mut(4 * TOKENS);
        for ((((a, b), c), d), rows) in a.iter().zip(b).zip(c).zip(d).zip(&mut rows) {
            // All is loaded before any is stored: so compilers turn the square in vectors.
            let square = [
                [a[0], b[0], c[0], d[0]],
                [a[1], b[1], c[1], d[1]],
                [a[2], b[2], c[2], d[2]],
                [a[3], b[3], c[3], d[3]],
            ];
            for (turned, row) in square.iter().zip(rows.chunks_exact_mut(TOKENS)) {
                row[t..][..4].copy_from_slice(turned);
            }
        }
        let rows = rows.into_remainder().chunks_exact_mut(TOKENS);
        for (k, row) in rows.enumerate() {
            row[t..][..4].copy_from_slice(&[rest_a[k], rest_b[k], rest_c[k], rest_d[k]]);
        }
    }
}

/// offset + Ω x − norm, for the tokens `taken`.
#[inline(always)]
fn drive<T: Real, S: Simd>(
    s: S,
    frequencies: &[T],
    offset: &[T],
    norms: Option<&[T]>,
    turned: &[T],
    taken: usize,
    activity: &mut [T],
) {
    let neurons = offset.len();
    for (u, rows) in activity.chunks_exact_mut(SUMS * TOKENS).enumerate() {
        let u = u * SUMS;
        for t in (0..taken).step_by(width::<T, S>()).map(Full) {
            let norm = match norms {
                Some(norms) => t.load(s, norms),
                None => Lanes::splat(s, T::zero()),
            };
            let mut sums = [norm; SUMS];
            for (sum, &offset) in sums.iter_mut().zip(&offset[u..]) {
                *sum = T::v_sub(s, Lanes::splat(s, offset), norm);
            }
            let columns = frequencies.chunks_exact(neurons);
            for (x, column) in turned.chunks_exact(TOKENS).zip(columns) {
                let x = t.load(s, x);
                let column = &column[u..][..SUMS];
                for b in 0..SUMS {
                    sums[b] = T::fma(s, Lanes::splat(s, column[b]), x, sums[b]);
                }
            }
            for (b, sum) in sums.into_iter().enumerate() {
                Full(b * TOKENS + t.0).store(s, rows, sum);
            }
        }
    }
}
