//! A local rule of two phases.

use super::neurons::{Activity, Change, HiddenNeurons};
use crate::attention::{AttentionError, HeadTokens};
use nalgebra::DMatrixView;
use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

/// What a hidden neuron's part in an association is divided by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Competition {
    /// By the sum over all hidden neurons, at that moment: ρ as it should be.
    Divisive,
    /// By the mean of that sum over the sequence: no neuron feels what the others do.
    None,
}

/// Contrastive Hebbian learning of the hidden neurons' input synapses, one query at a time.
///
/// A query i is read twice. In the first phase the teacher recalls an item j, in the second the circuit itself recalls one,
/// j′, by its own means: a hidden neuron u in proportion to φ_u(q_i) g_u, the product of its activity and its calcium, then an
/// item in proportion to φ_u(k_j′), which is what that calcium was made of. Each synapse follows the coincidence of its input
/// with its neuron's part in the recall, Hebbian in the first phase and anti-Hebbian in the second:
///
/// ```text
/// ΔU_u ∝ ρ_u(i, j) (q̂_i + k̂_j) − ρ_u(i, j′) (q̂_i + k̂_j′),   Δe_u ∝ 2 ρ_u(i, j) − 2 ρ_u(i, j′)
/// j ~ A_i,   j′ ~ Â_i
/// ```
///
/// The mean over j and j′ is −∂L/∂U and −∂L/∂e (see the [module](super)): the rule is stochastic gradient descent. All that a
/// synapse needs of others is the sum in ρ, one number for all hidden neurons, which divides: calcium of an astrocyte that
/// ensheathes them could be it. Changes are made when the whole sequence has been read.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hebbian {
    /// The divisor.
    pub competition: Competition,
    /// Whether there is a second phase.
    pub negative_phase: bool,
    /// Deviation σ of the logarithm of the divisor: ρ is multiplied by e^{σξ − σ²/2}, ξ ~ N(0, 1), anew at each recall. The mean
    /// change stays what it is.
    pub calcium_noise: f64,
}

impl Hebbian {
    /// The rule with nothing taken away.
    pub const WHOLE: Self = Self {
        competition: Competition::Divisive,
        negative_phase: true,
        calcium_noise: 0.0,
    };

    /// What one reading of a sequence changes: the mean over its queries.
    ///
    /// * `sequence`: which of the head's sequences, below their number
    ///
    /// # Errors
    /// [`AttentionError::NoCalcium`] if hidden neurons have grown so far apart that a query finds none of them active.
    pub fn change(
        &self,
        neurons: &HiddenNeurons,
        tokens: &HeadTokens,
        sequence: usize,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Change, AttentionError> {
        let [query, key] = tokens.sequence(sequence);
        let activity = neurons.activity([query, key]);
        let n = tokens.tokens();
        let calcium = activity.key.column_sum();
        let mean = calcium.dot(&activity.query.column_sum()) / (n * n) as f64;
        let mut reading = Reading {
            rule: *self,
            query,
            key,
            activity,
            mean,
            change: Change::none(neurons),
            rho: vec![0.0; neurons.hidden()],
        };
        let mut odds = vec![0.0; n.max(neurons.hidden())];
        for i in 0..n {
            let no_calcium = |calcium| AttentionError::NoCalcium {
                token: i,
                head: 0,
                calcium,
            };
            let scores = &mut odds[..n];
            for (score, key) in scores.iter_mut().zip(key.column_iter()) {
                *score = key.dot(&query.column(i));
            }
            let top = scores.iter().fold(f64::NEG_INFINITY, |a, &b| a.max(b));
            scores.iter_mut().for_each(|x| *x = (*x - top).exp());
            let recalled = pick(scores, rng).map_err(no_calcium)?;
            reading.associate(1.0, i, recalled, rng);
            if self.negative_phase {
                let drives = &mut odds[..calcium.len()];
                for (u, drive) in drives.iter_mut().enumerate() {
                    *drive = reading.activity.query[(u, i)] * calcium[u];
                }
                let u = pick(drives, rng).map_err(no_calcium)?;
                let items = &mut odds[..n];
                for (j, item) in items.iter_mut().enumerate() {
                    *item = reading.activity.key[(u, j)];
                }
                let recalled = pick(items, rng).map_err(no_calcium)?;
                reading.associate(-1.0, i, recalled, rng);
            }
        }
        Ok(reading.change)
    }
}

/// A sequence being read.
struct Reading<'a> {
    rule: Hebbian,
    query: DMatrixView<'a, f64>,
    key: DMatrixView<'a, f64>,
    activity: Activity,
    /// Mean over pairs of Σ_u φ_u(q_i) φ_u(k_j).
    mean: f64,
    change: Change,
    rho: Vec<f64>,
}

impl Reading<'_> {
    /// Query i and item j come together, with this sign.
    fn associate(&mut self, sign: f64, i: usize, j: usize, rng: &mut (impl Rng + ?Sized)) {
        let mut total = 0.0;
        for (u, rho) in self.rho.iter_mut().enumerate() {
            *rho = self.activity.query[(u, i)] * self.activity.key[(u, j)];
            total += *rho;
        }
        let divisor = match self.rule.competition {
            Competition::Divisive => total,
            Competition::None => self.mean,
        };
        let mut scale = sign / (divisor * self.query.ncols() as f64);
        let sigma = self.rule.calcium_noise;
        if sigma > 0.0 {
            let xi: f64 = StandardNormal.sample(rng);
            scale *= (sigma * xi - 0.5 * sigma * sigma).exp();
        }
        let sum = self.query.column(i) + self.key.column(j);
        for (u, rho) in self.rho.iter().enumerate() {
            self.change
                .weights
                .column_mut(u)
                .axpy(scale * rho, &sum, 1.0);
            self.change.excitability[u] += 2.0 * scale * rho;
        }
    }
}

/// A place in proportion to its odds; their sum, if it is not positive and finite.
fn pick(odds: &[f64], rng: &mut (impl Rng + ?Sized)) -> Result<usize, f64> {
    let total: f64 = odds.iter().sum();
    if !(total > 0.0 && total.is_finite()) {
        return Err(total);
    }
    let mut left = rng.random::<f64>() * total;
    for (place, odds) in odds.iter().enumerate() {
        left -= odds;
        if left < 0.0 {
            return Ok(place);
        }
    }
    // Rounding: the last that can be.
    Ok(odds
        .iter()
        .rposition(|&odds| odds > 0.0)
        .unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::super::Recall;
    use super::super::recall::tests::{neurons, tokens};
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    /// Means of all numbers of a rule's changes, with their standard errors.
    fn mean(rule: Hebbian, count: usize) -> Vec<(f64, f64)> {
        let (tokens, neurons) = (tokens(5), neurons(3));
        let rng = &mut ChaCha8Rng::seed_from_u64(1);
        let mut sums = Vec::new();
        for _ in 0..count {
            let change = rule.change(&neurons, &tokens, 0, rng).unwrap();
            for (i, x) in change.iter().enumerate() {
                if i == sums.len() {
                    sums.push((0.0, 0.0));
                }
                sums[i].0 += x;
                sums[i].1 += x * x;
            }
        }
        let count = count as f64;
        let statistic = |(sum, square): (f64, f64)| {
            let mean = sum / count;
            (mean, ((square / count - mean * mean) / count).sqrt())
        };
        sums.into_iter().map(statistic).collect()
    }

    #[test]
    fn the_rule_follows_the_gradient_on_average_with_and_without_noise() {
        let (neurons, tokens) = (neurons(3), tokens(5));
        let recall = Recall::of(&neurons, &tokens, 0);
        let noisy = Hebbian {
            calcium_noise: 0.5,
            ..Hebbian::WHOLE
        };
        for rule in [Hebbian::WHOLE, noisy] {
            for (&(mean, error), exact) in mean(rule, 20_000).iter().zip(recall.gradient().iter()) {
                assert!(
                    (mean - exact).abs() < 5.0 * error,
                    "{mean} ± {error}, not {exact}"
                );
            }
        }
    }

    #[test]
    fn without_its_second_phase_or_competition_it_does_not() {
        let (neurons, tokens) = (neurons(3), tokens(5));
        let exact: Vec<f64> = Recall::of(&neurons, &tokens, 0).gradient().iter().collect();
        let one = Hebbian {
            negative_phase: false,
            ..Hebbian::WHOLE
        };
        let alone = Hebbian {
            competition: Competition::None,
            ..Hebbian::WHOLE
        };
        for rule in [one, alone] {
            let off =
                |(&(mean, error), exact): (&(f64, f64), &f64)| (mean - exact).abs() > 10.0 * error;
            assert!(mean(rule, 4000).iter().zip(&exact).any(off), "{rule:?}");
        }
    }

    #[test]
    fn both_ways_of_learning_come_closer_to_the_teacher() {
        let tokens = tokens(6);
        let far = |neurons: &HiddenNeurons| {
            let of = |sequence| Recall::of(neurons, &tokens, sequence).divergence();
            of(0) + of(1)
        };
        let before = far(&neurons(4));
        let rng = &mut ChaCha8Rng::seed_from_u64(2);
        let mut learnt = neurons(4);
        for step in 0..3000 {
            let change = Hebbian::WHOLE
                .change(&learnt, &tokens, step % 2, rng)
                .unwrap();
            learnt.learn(&change, 0.05);
        }
        assert!(far(&learnt) < 0.3 * before, "{} {before}", far(&learnt));
        let mut fitted = neurons(4);
        let mut descent = super::super::Descent::new(&fitted);
        for step in 0..600 {
            let gradient = Recall::of(&fitted, &tokens, step % 2).gradient();
            descent.step(&mut fitted, &gradient, 0.02).unwrap();
        }
        assert!(far(&fitted) < 0.3 * before, "{} {before}", far(&fitted));
    }
}
