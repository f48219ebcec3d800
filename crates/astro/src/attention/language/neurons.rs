//! The hidden neurons of one head, forward and backward.

use super::LanguageError;
use crate::attention::features::scale;
use crate::attention::reference::Normalise;
use crate::attention::{AttentionError, FeatureMap, Qkv, Real};
use crate::numerics::NumericsError;
use crate::numerics::dense::{Factor, Threads, multiply};
use nalgebra::{DMatrix, DMatrixView, DMatrixViewMut};
use pulp::{Simd, WithSimd};
use vecmath::exp::exp;
use vecmath::for_each_vector;
use vecmath::lanes::Lanes;
use vecmath::reduce::maximum;
use vecmath::slots::Slot;

/// Smallest share of a key in what a circuit recalls that learning sees.
const SILENCE: f32 = 1e-12;

/// Exponential hidden neurons of one head, whose synapses from queries and from keys may differ.
///
/// Queries and keys come from neurons of their own, W_Q x and W_K x, of which one population at a time is active: keys while a
/// sequence is written, queries while it is read. With q̂ = q/d^¼, k̂ = k/d^¼:
///
/// ```text
/// ln φ_u(q) = U_u·q̂ + e_u                    reading (a factor common to all u cancels)
/// ln φ_u(k) = W_u·k̂ + e_u − |k̂|²/2           writing
/// ```
///
/// W = U in a [`FeatureMap`] as it is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct HeadNeurons {
    /// U, d × m, a neuron a column.
    query: DMatrix<f32>,
    /// W, likewise.
    key: DMatrix<f32>,
    /// e, m numbers.
    excitability: Vec<f32>,
}

impl HeadNeurons {
    /// Those of a map of positive features: the same synapses from queries and keys.
    ///
    /// # Errors
    /// [`AttentionError::Features`] for features that are not positive: they are no exponentials.
    pub fn of<T: Real>(map: &FeatureMap<T>) -> Result<Self, AttentionError> {
        let (weights, excitability) = map.exponential_neurons()?;
        let weights = weights.map(|x| x as f32);
        Ok(Self {
            key: weights.clone(),
            query: weights,
            excitability: excitability.iter().map(|&e| e as f32).collect(),
        })
    }

    /// Number m of neurons.
    pub fn hidden(&self) -> usize {
        self.excitability.len()
    }

    /// Dimension d of queries and keys.
    pub fn dim(&self) -> usize {
        self.query.nrows()
    }

    /// Whether queries and keys have the same synapses.
    pub fn are_shared(&self) -> bool {
        self.query == self.key
    }

    /// The map of d dimensions that they are if synapses are shared; else, the map of 2d dimensions for inputs (q, 0) and
    /// (0, k), times 2^¼, which makes up for the map's scaling by its dimension.
    ///
    /// # Errors
    /// [`AttentionError::NotFinite`] if they have learnt something that is no number.
    pub fn map(&self) -> Result<FeatureMap<f32>, AttentionError> {
        let (d, m) = (self.dim(), self.hidden());
        let numbers = self.query.iter().chain(&self.key).chain(&self.excitability);
        if let Some((index, &value)) = numbers.enumerate().find(|(_, x)| !x.is_finite()) {
            return Err(AttentionError::NotFinite {
                what: "synapse of a hidden neuron",
                token: 0,
                index,
                value: value.into(),
            });
        }
        let excitability: Vec<f64> = self.excitability.iter().map(|&e| e.into()).collect();
        let inputs = if self.are_shared() { d } else { 2 * d };
        let frequencies = DMatrix::from_fn(m, inputs, |u, i| match i < d {
            true => f64::from(self.query[(i, u)]),
            false => f64::from(self.key[(i - d, u)]),
        });
        FeatureMap::exponential(&frequencies, &excitability)
    }

    /// φ(q), relative to its largest for each query, and φ(k), relative to its largest for each neuron; m × n.
    fn activities(&self, inputs: &HeadInputs) -> Result<[DMatrix<f32>; 2], NumericsError> {
        let (m, n) = (self.hidden(), inputs.tokens());
        let mut key = product(transposed(&self.key), plain(&inputs.key), (m, n))?;
        let tokens = inputs.key.column_iter();
        let half_norms: Vec<f32> = tokens.map(|token| 0.5 * token.norm_squared()).collect();
        let mut gain = vec![f32::NEG_INFINITY; m];
        vecmath::run(KeyActivity {
            drives: key.as_mut_slice(),
            excitability: &self.excitability,
            half_norms: &half_norms,
            gain: &mut gain,
        });
        let mut query = product(transposed(&self.query), plain(&inputs.query), (m, n))?;
        for (gain, e) in gain.iter_mut().zip(&self.excitability) {
            *gain += e;
        }
        vecmath::run(QueryActivity {
            drives: query.as_mut_slice(),
            offset: &gain,
        });
        Ok([query, key])
    }

    /// Adds the gradient of the divergence of what the circuit recalls from what softmax attention recalls (`teacher`), times
    /// `share`, to `learnt`, in the order of [`HeadNeurons::save`]. The divergence is a mean over queries.
    pub(super) fn imitate(
        &self,
        inputs: &HeadInputs,
        teacher: &DMatrix<f32>,
        share: f32,
        learnt: &mut [f32],
    ) -> Result<(), NumericsError> {
        let (m, n) = (self.hidden(), inputs.tokens());
        let [query, key] = self.activities(inputs)?;
        let kernel = product(transposed(&key), plain(&query), (n, n))?;
        let mut pull = teacher.clone();
        for (mut pull, kernel) in pull.column_iter_mut().zip(kernel.column_iter()) {
            let total = kernel.sum();
            for (pull, &kernel) in pull.iter_mut().zip(kernel.iter()) {
                // What no neuron tells of is far from all; it cannot pull without end.
                let kernel = kernel.max(SILENCE * total);
                let (teacher, circuit) = (*pull, kernel / total);
                *pull = share * (circuit - teacher) / (n as f32 * kernel);
            }
        }
        let by_query = product(plain(&key), plain(&pull), (m, n))?.component_mul(&query);
        let by_key = product(plain(&query), transposed(&pull), (m, n))?.component_mul(&key);
        self.learn(inputs, [&by_query, &by_key], learnt)
    }

    /// Adds what gradients with respect to the neurons' drives (m × n, by queries and by keys) are for their synapses.
    fn learn(
        &self,
        inputs: &HeadInputs,
        [by_query, by_key]: [&DMatrix<f32>; 2],
        learnt: &mut [f32],
    ) -> Result<(), NumericsError> {
        let (d, m) = self.query.shape();
        let (u, rest) = learnt.split_at_mut(self.query.len());
        let (w, excitability) = rest.split_at_mut(self.key.len());
        let tokens = DMatrix::from_element(inputs.tokens(), 1, 1.0);
        for (sum, x, drive) in [(u, &inputs.query, by_query), (w, &inputs.key, by_key)] {
            let sum = DMatrixViewMut::from_slice(sum, d, m);
            multiply(plain(x), transposed(drive), 1.0, sum, Threads(1))?;
            let sum = DMatrixViewMut::from_slice(excitability, m, 1);
            multiply(plain(drive), plain(&tokens), 1.0, sum, Threads(1))?;
        }
        Ok(())
    }

    /// How many numbers they are: U, W and e.
    pub(super) fn len(&self) -> usize {
        self.query.len() + self.key.len() + self.excitability.len()
    }

    /// All of them, to the end of `out`.
    pub(super) fn save(&self, out: &mut Vec<f32>) {
        out.extend_from_slice(self.query.as_slice());
        out.extend_from_slice(self.key.as_slice());
        out.extend_from_slice(&self.excitability);
    }

    /// Takes them, as [`HeadNeurons::save`] left them.
    pub(super) fn load(&mut self, numbers: &[f32]) {
        let (query, rest) = numbers.split_at(self.query.len());
        let (key, excitability) = rest.split_at(self.key.len());
        self.query.copy_from_slice(query);
        self.key.copy_from_slice(key);
        self.excitability.copy_from_slice(excitability);
    }
}

/// Queries, keys and values of one head in one sequence.
pub(super) struct HeadInputs {
    /// q̂, d × n.
    query: DMatrix<f32>,
    /// k̂, d × n.
    key: DMatrix<f32>,
    /// Values and a row of ones below them, (d + 1) × n.
    value: DMatrix<f32>,
}

impl HeadInputs {
    fn new([query, key, value]: [DMatrixView<'_, f32>; 3]) -> Self {
        let scale = scale(query.nrows()) as f32;
        Self {
            query: query * scale,
            key: key * scale,
            value: value.clone_owned().insert_row(value.nrows(), 1.0),
        }
    }

    /// Of one head.
    pub(super) fn of(qkv: &Qkv<f32>, head: usize) -> Self {
        let d = qkv.head_dim();
        let parts = [qkv.query(), qkv.key(), qkv.value()];
        Self::new(parts.map(|matrix| matrix.view((head * d, 0), (d, matrix.ncols()))))
    }

    /// Softmax attention, n × n, a query a column.
    pub(super) fn softmax(&self) -> Result<DMatrix<f32>, NumericsError> {
        let n = self.tokens();
        let mut weights = product(transposed(&self.key), plain(&self.query), (n, n))?;
        for column in weights.as_mut_slice().chunks_exact_mut(n) {
            vecmath::run(Normalise(column));
        }
        Ok(weights)
    }

    fn tokens(&self) -> usize {
        self.query.ncols()
    }

    fn values(&self) -> usize {
        self.value.nrows() - 1
    }
}

/// What the way back needs of one head's attention.
pub(super) enum HeadPass {
    /// The circuit.
    Circuit {
        /// φ(q), relative to its largest for each query; m × n.
        query: DMatrix<f32>,
        /// φ(k), relative to its largest for each neuron; m × n.
        key: DMatrix<f32>,
        /// Associations and calcium, m × (d + 1).
        associations: DMatrix<f32>,
        /// 1 / calcium, a query each.
        inverse: Vec<f32>,
    },
    /// Softmax attention, n × n, a query a column.
    Softmax(DMatrix<f32>),
}

/// ∂L with respect to the inputs of a head, d × n each.
pub(super) struct HeadGradient {
    pub(super) query: DMatrix<f32>,
    pub(super) key: DMatrix<f32>,
    pub(super) value: DMatrix<f32>,
}

fn plain(matrix: &DMatrix<f32>) -> Factor<'_, f32> {
    Factor::Plain(matrix.as_view())
}

fn transposed(matrix: &DMatrix<f32>) -> Factor<'_, f32> {
    Factor::Transposed(matrix.as_view())
}

fn product(
    a: Factor<'_, f32>,
    b: Factor<'_, f32>,
    (rows, columns): (usize, usize),
) -> Result<DMatrix<f32>, NumericsError> {
    let mut c = DMatrix::zeros(rows, columns);
    multiply(a, b, 0.0, c.as_view_mut(), Threads(1))?;
    Ok(c)
}

/// Drives by keys, a token after the other, to activities; the largest logarithm of each neuron is its gain.
struct KeyActivity<'a> {
    drives: &'a mut [f32],
    excitability: &'a [f32],
    half_norms: &'a [f32],
    gain: &'a mut [f32],
}

impl WithSimd for KeyActivity<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let m = self.gain.len();
        for (drive, &half_norm) in self.drives.chunks_exact_mut(m).zip(self.half_norms) {
            let half_norm = f32::splat(s, half_norm);
            for_each_vector!(f32, S, m, i => {
                let above = f32::v_sub(s, i.load(s, self.excitability), half_norm);
                let log = f32::v_add(s, i.load(s, drive), above);
                i.store(s, drive, log);
                i.store(s, self.gain, f32::v_max(s, i.load(s, self.gain), log));
            });
        }
        for drive in self.drives.chunks_exact_mut(m) {
            for_each_vector!(f32, S, m, i => {
                let relative = f32::v_sub(s, i.load(s, drive), i.load(s, self.gain));
                i.store(s, drive, exp::<f32, S>(s, relative));
            });
        }
    }
}

/// Drives by queries, a token after the other, to activities relative to the largest.
struct QueryActivity<'a> {
    drives: &'a mut [f32],
    /// e and the gains.
    offset: &'a [f32],
}

impl WithSimd for QueryActivity<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let m = self.offset.len();
        for drive in self.drives.chunks_exact_mut(m) {
            for_each_vector!(f32, S, m, i => {
                let log = f32::v_add(s, i.load(s, drive), i.load(s, self.offset));
                i.store(s, drive, log);
            });
            let top = f32::splat(s, maximum(s, drive));
            for_each_vector!(f32, S, m, i => {
                let relative = f32::v_sub(s, i.load(s, drive), top);
                i.store(s, drive, exp::<f32, S>(s, relative));
            });
        }
    }
}

impl HeadPass {
    /// Outputs of a head, d × n: of the circuit, or of softmax attention if it has no hidden neurons.
    pub(super) fn forward(
        neurons: Option<&HeadNeurons>,
        inputs: &HeadInputs,
    ) -> Result<(DMatrix<f32>, Self), LanguageError> {
        match neurons {
            Some(neurons) => Self::circuit(neurons, inputs),
            None => Self::softmax(inputs),
        }
    }

    fn circuit(
        neurons: &HeadNeurons,
        inputs: &HeadInputs,
    ) -> Result<(DMatrix<f32>, Self), LanguageError> {
        let (m, n, e) = (neurons.hidden(), inputs.tokens(), inputs.values());
        let [query, key] = neurons.activities(inputs)?;
        let associations = product(plain(&key), transposed(&inputs.value), (m, e + 1))?;
        let mut output = product(transposed(&associations), plain(&query), (e + 1, n))?;
        let calcium = output.row(e).clone_owned();
        if let Some(token) = calcium.iter().position(|g| !(1.0 / g).is_finite()) {
            return Err(LanguageError::Attention(AttentionError::NoCalcium {
                token,
                head: 0,
                calcium: calcium[token].into(),
            }));
        }
        let inverse: Vec<f32> = calcium.iter().map(|g| 1.0 / g).collect();
        output = output.remove_row(e);
        for (mut column, &inverse) in output.column_iter_mut().zip(&inverse) {
            column *= inverse;
        }
        let pass = Self::Circuit {
            query,
            key,
            associations,
            inverse,
        };
        Ok((output, pass))
    }

    fn softmax(inputs: &HeadInputs) -> Result<(DMatrix<f32>, Self), LanguageError> {
        let (n, e) = (inputs.tokens(), inputs.values());
        let weights = inputs.softmax()?;
        let output = product(plain(&inputs.value), plain(&weights), (e + 1, n))?;
        Ok((output.remove_row(e), Self::Softmax(weights)))
    }

    /// ∂L with respect to queries, keys and values, from ∂L/∂output (d × n); that of the hidden neurons is added to
    /// `learnt`, in the order of [`HeadNeurons::save`].
    ///
    /// * `output`: what [`HeadPass::forward`] made
    pub(super) fn pull_back(
        &self,
        neurons: Option<&HeadNeurons>,
        inputs: &HeadInputs,
        [output, d_output]: [DMatrixView<'_, f32>; 2],
        learnt: &mut [f32],
    ) -> Result<HeadGradient, NumericsError> {
        let (d, n, e) = (inputs.query.nrows(), inputs.tokens(), inputs.values());
        let scale = scale(d) as f32;
        match (self, neurons) {
            (
                Self::Circuit {
                    query,
                    key,
                    associations,
                    inverse,
                },
                Some(neurons),
            ) => {
                let m = neurons.hidden();
                let mut d_current = d_output.clone_owned().insert_row(e, 0.0);
                for (t, &inverse) in inverse.iter().enumerate() {
                    let along = output.column(t).dot(&d_output.column(t));
                    d_current[(e, t)] = -along;
                    let mut column = d_current.column_mut(t);
                    column *= inverse;
                }
                let d_query = product(plain(associations), plain(&d_current), (m, n))?;
                let d_query = d_query.component_mul(query);
                let d_associations = product(plain(query), transposed(&d_current), (m, e + 1))?;
                let d_key = product(plain(&d_associations), plain(&inputs.value), (m, n))?;
                let d_key = d_key.component_mul(key);
                let d_value = product(transposed(&d_associations), plain(key), (e + 1, n))?;
                neurons.learn(inputs, [&d_query, &d_key], learnt)?;
                let d_q = product(plain(&neurons.query), plain(&d_query), (d, n))?;
                let mut d_k = product(plain(&neurons.key), plain(&d_key), (d, n))?;
                for (t, drive) in d_key.column_iter().enumerate() {
                    let total = drive.sum();
                    d_k.column_mut(t).axpy(-total, &inputs.key.column(t), 1.0);
                }
                Ok(HeadGradient {
                    query: d_q * scale,
                    key: d_k * scale,
                    value: d_value.remove_row(e),
                })
            }
            (Self::Softmax(weights), _) => {
                let d_output = d_output.clone_owned().insert_row(e, 0.0);
                let mut d_scores = product(transposed(&inputs.value), plain(&d_output), (n, n))?;
                for (mut d_score, weight) in d_scores.column_iter_mut().zip(weights.column_iter()) {
                    let mean = d_score.dot(&weight);
                    for (d_score, weight) in d_score.iter_mut().zip(weight.iter()) {
                        *d_score = weight * (*d_score - mean);
                    }
                }
                let query = product(plain(&inputs.key), plain(&d_scores), (d, n))?;
                let key = product(plain(&inputs.query), transposed(&d_scores), (d, n))?;
                let value = product(plain(&d_output), transposed(weights), (e + 1, n))?;
                Ok(HeadGradient {
                    query: query * scale,
                    key: key * scale,
                    value: value.remove_row(e),
                })
            }
            (Self::Circuit { .. }, None) => {
                unreachable!("a circuit's pass is made with hidden neurons")
            }
        }
    }
}
