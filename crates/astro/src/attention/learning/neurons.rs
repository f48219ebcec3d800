//! Exponential hidden neurons whose input synapses can change.

use crate::attention::{AttentionError, FeatureMap, Real};
use nalgebra::{DMatrix, DMatrixView};

/// The hidden neurons of one head, in double precision.
#[derive(Debug, Clone, PartialEq)]
pub struct HiddenNeurons {
    /// U, d × m, a neuron a column.
    pub(super) weights: DMatrix<f64>,
    /// e, m numbers.
    pub(super) excitability: Vec<f64>,
}

/// How hidden neurons change, in the shapes of [`HiddenNeurons`].
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// ΔU, d × m.
    pub weights: DMatrix<f64>,
    /// Δe, m numbers.
    pub excitability: Vec<f64>,
}

/// What the hidden neurons do in one sequence: φ up to a factor common to all queries, and one common to all keys.
pub(super) struct Activity {
    /// m × n.
    pub(super) query: DMatrix<f64>,
    /// m × n.
    pub(super) key: DMatrix<f64>,
}

impl HiddenNeurons {
    /// Those of a map of positive features.
    ///
    /// # Errors
    /// [`AttentionError::Features`] for features that are not positive: they are no exponentials.
    pub fn of<T: Real>(map: &FeatureMap<T>) -> Result<Self, AttentionError> {
        let (weights, excitability) = map.exponential_neurons()?;
        Ok(Self {
            weights,
            excitability,
        })
    }

    /// The map that they are.
    ///
    /// # Errors
    /// [`AttentionError::NotFinite`] if they have learnt something that is no number.
    pub fn map<T: Real>(&self) -> Result<FeatureMap<T>, AttentionError> {
        let all = self.weights.iter().chain(&self.excitability);
        if let Some((index, &value)) = all.enumerate().find(|(_, x)| !x.is_finite()) {
            return Err(AttentionError::NotFinite {
                what: "synapse of a hidden neuron",
                token: 0,
                index,
                value,
            });
        }
        FeatureMap::exponential(&self.weights.transpose(), &self.excitability)
    }

    /// Number m of neurons.
    pub fn hidden(&self) -> usize {
        self.excitability.len()
    }

    /// Dimension d of queries and keys.
    pub fn dim(&self) -> usize {
        self.weights.nrows()
    }

    /// Adds a change, times `rate`.
    pub fn learn(&mut self, change: &Change, rate: f64) {
        self.weights += &change.weights * rate;
        for (e, change) in self.excitability.iter_mut().zip(&change.excitability) {
            *e += rate * change;
        }
    }

    /// Activity in a sequence of queries and keys, d × n each.
    pub(super) fn activity(&self, [query, key]: [DMatrixView<'_, f64>; 2]) -> Activity {
        Activity {
            query: self.activities(query),
            key: self.activities(key),
        }
    }

    /// φ relative to the largest of the sequence, m × n.
    fn activities(&self, tokens: DMatrixView<'_, f64>) -> DMatrix<f64> {
        let mut phi = self.weights.tr_mul(&tokens);
        for (mut column, token) in phi.column_iter_mut().zip(tokens.column_iter()) {
            let half_norm = 0.5 * token.norm_squared();
            for (x, e) in column.iter_mut().zip(&self.excitability) {
                *x += e - half_norm;
            }
        }
        let top = phi.max();
        phi.apply(|x| *x = (*x - top).exp());
        phi
    }
}

impl Change {
    /// The zero change of a number of neurons.
    pub fn none(neurons: &HiddenNeurons) -> Self {
        Self {
            weights: DMatrix::zeros(neurons.dim(), neurons.hidden()),
            excitability: vec![0.0; neurons.hidden()],
        }
    }

    /// Adds another.
    pub fn add(&mut self, other: &Self) {
        self.weights += &other.weights;
        for (a, b) in self.excitability.iter_mut().zip(&other.excitability) {
            *a += b;
        }
    }

    /// Multiplies it.
    pub fn scale(&mut self, factor: f64) {
        self.weights *= factor;
        self.excitability.iter_mut().for_each(|e| *e *= factor);
    }

    /// All numbers: those of U neuron by neuron, then e.
    pub(super) fn iter(&self) -> impl Iterator<Item = f64> {
        self.weights.iter().chain(&self.excitability).copied()
    }
}
