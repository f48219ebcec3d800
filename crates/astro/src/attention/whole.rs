//! A whole sequence of one head, when nobody watches: the same circuit with its tokens in blocks, for speed.

use super::{FeatureMap, Real, TripartiteSynapses};
use nalgebra::DMatrix;
use pulp::{Simd, WithSimd};
use vecmath::exp::exp;
use vecmath::lanes::Lanes;
use vecmath::slots::{Full, Slot, width};

/// Tokens that are written together: the gains are raised once for all of them.
const TOKENS: usize = 64;
/// Hidden neurons whose associations are summed in registers.
const NEURONS: usize = 8;
/// Rows are padded to this many numbers: whole vectors on every unit.
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
    /// While writing, the gains before they are raised; while reading, e + L.
    raised: Vec<T>,
    /// Activities, a token a row.
    activity: Vec<T>,
    /// While writing, values and a 1; while reading, currents and calcium; a token a row.
    values: Vec<T>,
    /// Associations and calcium, a hidden neuron a row, in units of the gains.
    associations: Vec<T>,
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
            raised: Vec::new(),
            activity: Vec::new(),
            values: Vec::new(),
            associations: Vec::new(),
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
        let neurons = m.next_multiple_of(PAD);
        let wide = (place.outputs + 1).next_multiple_of(PAD);
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
        prepare(&mut self.raised, neurons, T::zero());
        prepare(&mut self.activity, neurons * TOKENS, T::zero());
        prepare(&mut self.values, wide * TOKENS, T::zero());
        prepare(&mut self.associations, neurons * wide, T::zero());
        let done = vecmath::run(Attend {
            memory: self,
            query: Tokens::of(query, place.query, d),
            key: Tokens::of(key, place.query, d),
            value: Tokens::of(value, place.value, place.outputs),
            output,
            place,
            hidden: m,
        });
        synapses.set(&self.log_gain, &self.associations, wide);
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
    hidden: usize,
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
            raised,
            activity,
            values,
            associations,
        } = &mut *self.memory;
        let neurons = excitability.len();
        let wide = associations.len() / neurons;
        let lanes = width::<T, S>();
        raised.copy_from_slice(log_gain);
        let half = T::of(0.5 / (self.key.dim as f64).sqrt());
        for (t, activity) in activity.chunks_exact_mut(neurons).take(count).enumerate() {
            let key = self.key.at(start + t);
            let norm = key.iter().fold(T::zero(), |sum, &x| sum + x * x) * half;
            let norm = Lanes::splat(s, norm);
            for i in (0..neurons).step_by(lanes).map(Full) {
                let drive = T::v_sub(s, i.load(s, excitability), norm);
                let drive = driven(s, frequencies, key, i, drive, neurons);
                i.store(s, activity, drive);
                let gain = T::v_max(s, i.load(s, log_gain), drive);
                i.store(s, log_gain, gain);
            }
            let row = &mut values[t * wide..][..wide];
            row[..self.value.dim].copy_from_slice(self.value.at(start + t));
            row[self.value.dim] = T::one();
        }
        for activity in activity.chunks_exact_mut(neurons).take(count) {
            for i in (0..neurons).step_by(lanes).map(Full) {
                let relative = T::v_sub(s, i.load(s, activity), i.load(s, log_gain));
                i.store(s, activity, exp::<T, S>(s, relative));
            }
        }
        if start > 0 {
            for (u, row) in associations
                .chunks_exact_mut(wide)
                .enumerate()
                .take(self.hidden)
            {
                if raised[u] < log_gain[u] {
                    let shrink = Lanes::splat(s, (raised[u] - log_gain[u]).exp());
                    for i in (0..wide).step_by(lanes).map(Full) {
                        i.store(s, row, T::v_mul(s, shrink, i.load(s, row)));
                    }
                }
            }
        }
        for u in (0..self.hidden).step_by(NEURONS) {
            let rows = &mut associations[u * wide..][..NEURONS * wide];
            for i in (0..wide).step_by(lanes) {
                let mut sums: [T::V<S>; NEURONS] =
                    std::array::from_fn(|b| Full(b * wide + i).load(s, rows));
                for t in 0..count {
                    let value = Full(t * wide + i).load(s, values);
                    let drives = &activity[t * neurons + u..][..NEURONS];
                    for b in 0..NEURONS {
                        sums[b] = T::fma(s, Lanes::splat(s, drives[b]), value, sums[b]);
                    }
                }
                for (b, sum) in sums.into_iter().enumerate() {
                    Full(b * wide + i).store(s, rows, sum);
                }
            }
        }
    }

    /// Reads `count` tokens from `start` on. Each loop is over all of them: so the processor has several in hand at a time.
    #[inline(always)]
    fn read<S: Simd>(&mut self, s: S, start: usize, count: usize) -> Result<(), (usize, T)> {
        let Whole {
            frequencies,
            excitability,
            log_gain,
            raised,
            activity,
            values: currents,
            associations,
        } = &mut *self.memory;
        let neurons = excitability.len();
        let wide = associations.len() / neurons;
        let lanes = width::<T, S>();
        for i in (0..neurons).step_by(lanes).map(Full) {
            let offset = T::v_add(s, i.load(s, excitability), i.load(s, log_gain));
            i.store(s, raised, offset);
        }
        // The norm of the query is common to all, and cancels.
        for (t, activity) in activity.chunks_exact_mut(neurons).take(count).enumerate() {
            let query = self.query.at(start + t);
            for i in (0..neurons).step_by(lanes).map(Full) {
                let drive = driven(s, frequencies, query, i, i.load(s, raised), neurons);
                i.store(s, activity, drive);
            }
        }
        for activity in activity.chunks_exact_mut(neurons).take(count) {
            let mut top = Full(0).load(s, activity);
            for i in (lanes..neurons).step_by(lanes).map(Full) {
                top = T::v_max(s, top, i.load(s, activity));
            }
            let top = Lanes::splat(s, T::v_largest(s, top));
            for i in (0..neurons).step_by(lanes).map(Full) {
                let relative = T::v_sub(s, i.load(s, activity), top);
                i.store(s, activity, exp::<T, S>(s, relative));
            }
        }
        let tokens = currents
            .chunks_exact_mut(wide)
            .zip(activity.chunks_exact(neurons));
        for (current, activity) in tokens.take(count) {
            for i in (0..wide).step_by(lanes).map(Full) {
                let mut sum = Lanes::splat(s, T::zero());
                let rows = associations.chunks_exact(wide);
                for (&drive, row) in activity[..self.hidden].iter().zip(rows) {
                    sum = T::fma(s, Lanes::splat(s, drive), i.load(s, row), sum);
                }
                i.store(s, current, sum);
            }
        }
        let rows = self.output.nrows();
        let outputs = self.output.as_mut_slice()[start * rows..].chunks_exact_mut(rows);
        for (t, (current, output)) in currents
            .chunks_exact(wide)
            .take(count)
            .zip(outputs)
            .enumerate()
        {
            let calcium = current[self.place.outputs];
            let inverse = T::one() / calcium;
            if !inverse.is_finite() {
                return Err((start + t, calcium));
            }
            let output = &mut output[self.place.value..][..self.place.outputs];
            for (output, &current) in output.iter_mut().zip(current) {
                *output = current * inverse;
            }
        }
        Ok(())
    }
}

/// `drive` + Ω x, some neurons of it.
#[inline(always)]
fn driven<T: Real, S: Simd>(
    s: S,
    frequencies: &[T],
    x: &[T],
    at: Full,
    drive: T::V<S>,
    neurons: usize,
) -> T::V<S> {
    let mut drive = drive;
    for (&x, column) in x.iter().zip(frequencies.chunks_exact(neurons)) {
        drive = T::fma(s, Lanes::splat(s, x), at.load(s, column), drive);
    }
    drive
}
