//! What teacher and circuit recall, exactly, and how the circuit would have to change.

use super::neurons::{Activity, Change, HiddenNeurons};
use crate::attention::HeadTokens;
use crate::attention::tokens::attention;
use nalgebra::{DMatrix, DMatrixView};

/// One sequence as a head's circuit recalls it.
pub(super) struct Association<'a> {
    query: DMatrixView<'a, f64>,
    key: DMatrixView<'a, f64>,
    activity: Activity,
    /// Σ_u φ_u(q_i) φ_u(k_j), a query a column.
    kernel: DMatrix<f64>,
    /// Â, n × n, a query a column.
    pub(super) circuit: DMatrix<f64>,
}

/// One sequence as softmax attention and a head's circuit recall it.
pub struct Recall<'a> {
    association: Association<'a>,
    /// A, a query a column.
    teacher: DMatrix<f64>,
}

impl<'a> Association<'a> {
    pub(super) fn of(neurons: &HiddenNeurons, tokens: &'a HeadTokens, sequence: usize) -> Self {
        let [query, key] = tokens.sequence(sequence);
        let activity = neurons.activity([query, key]);
        let kernel = activity.key.tr_mul(&activity.query);
        let mut circuit = kernel.clone();
        for mut column in circuit.column_iter_mut() {
            let total = column.sum();
            column.unscale_mut(total);
        }
        Self {
            query,
            key,
            activity,
            kernel,
            circuit,
        }
    }

    /// Σ_ij pull_ij ρ_u(i, j) (q̂_i + k̂_j), and twice Σ_ij pull_ij ρ_u(i, j); `pull` is n × n, a query a column.
    pub(super) fn change(&self, mut pull: DMatrix<f64>) -> Change {
        pull.component_div_assign(&self.kernel);
        // Σ_j and Σ_i of pull_ij ρ_u(i, j).
        let by_query = self
            .activity
            .query
            .component_mul(&(&self.activity.key * &pull));
        let by_key = (&self.activity.query * pull.transpose()).component_mul(&self.activity.key);
        let both = by_query.column_sum() + by_key.column_sum();
        Change {
            weights: self.query * by_query.transpose() + self.key * by_key.transpose(),
            excitability: both.iter().copied().collect(),
        }
    }
}

impl<'a> Recall<'a> {
    /// * `tokens`: queries and keys of the head
    /// * `sequence`: which of their sequences, below their number
    pub fn of(neurons: &HiddenNeurons, tokens: &'a HeadTokens, sequence: usize) -> Self {
        let association = Association::of(neurons, tokens, sequence);
        let teacher = attention(association.query, association.key);
        Self {
            association,
            teacher,
        }
    }

    /// L, in nats; not finite if the circuit's recall is no number.
    pub fn divergence(&self) -> f64 {
        let pairs = self.teacher.iter().zip(self.association.circuit.iter());
        let terms = pairs.map(|(&a, &b)| if a > 0.0 { a * (a / b).ln() } else { 0.0 * b });
        terms.sum::<f64>() / self.teacher.ncols() as f64
    }

    /// −∂L/∂U and −∂L/∂e.
    pub fn gradient(&self) -> Change {
        let share = 1.0 / self.teacher.ncols() as f64;
        self.association
            .change((&self.teacher - &self.association.circuit) * share)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Two sequences of a head, with scores of deviation about 1.
    pub(in super::super) fn tokens(n: usize) -> HeadTokens {
        let matrix = |phase: f64| {
            DMatrix::from_fn(3, 2 * n, |i, t| {
                1.7 * (phase + (7 * i + t * t) as f64).sin()
            })
        };
        HeadTokens::new(&matrix(0.1), &matrix(1.4), n).unwrap()
    }

    pub(in super::super) fn neurons(m: usize) -> HiddenNeurons {
        HiddenNeurons {
            weights: DMatrix::from_fn(3, m, |i, u| (1.0 + (3 * i + 2 * u) as f64).sin()),
            excitability: (0..m).map(|u| 0.3 * (u as f64).cos()).collect(),
        }
    }

    #[test]
    fn the_gradient_matches_finite_differences() {
        let (tokens, mut neurons) = (tokens(6), neurons(4));
        let exact: Vec<f64> = Recall::of(&neurons, &tokens, 1).gradient().iter().collect();
        for (i, exact) in exact.into_iter().enumerate() {
            let mut loss = |step: f64| {
                let parameter = match i.checked_sub(neurons.weights.len()) {
                    None => &mut neurons.weights[i],
                    Some(u) => &mut neurons.excitability[u],
                };
                *parameter += step;
                Recall::of(&neurons, &tokens, 1).divergence()
            };
            let up = loss(1e-5);
            let slope = (up - loss(-2e-5)) / 2e-5;
            loss(1e-5);
            assert!((exact + slope).abs() < 1e-8, "{i}: {exact}, {slope}");
        }
    }

    #[test]
    fn the_circuit_recalls_as_its_map_attends() {
        use crate::attention::{FeatureMap, Features};
        let (tokens, neurons) = (tokens(5), neurons(4));
        let map: FeatureMap<f64> = neurons.map().unwrap();
        assert_eq!(
            HiddenNeurons::of(&map)
                .unwrap()
                .map::<f64>()
                .unwrap()
                .hidden(),
            4
        );
        let root = 3f64.powf(0.25);
        let phi = |x: nalgebra::DVectorView<'_, f64>| {
            let mut phi = Features::silent(4);
            map.apply((x * root).as_slice(), &mut phi);
            phi.log_gain
        };
        let [query, key] = tokens.sequence(0);
        let recall = Recall::of(&neurons, &tokens, 0);
        for (i, q) in query.column_iter().enumerate() {
            let weight = |k| {
                phi(q)
                    .iter()
                    .zip(phi(k))
                    .map(|(a, b)| (a + b).exp())
                    .sum::<f64>()
            };
            let total: f64 = key.column_iter().map(weight).sum();
            for (j, k) in key.column_iter().enumerate() {
                let found = recall.association.circuit[(j, i)];
                assert!((found - weight(k) / total).abs() < 1e-12, "{found}");
            }
        }
    }
}
