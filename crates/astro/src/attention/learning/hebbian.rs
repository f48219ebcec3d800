//! A local rule of two phases.

use super::errors::HeadErrors;
use super::neurons::{Activity, Change, HiddenNeurons};
use crate::attention::{AttentionError, HeadTokens};
use nalgebra::{DMatrixView, DVector};
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
        let mut reading = Reading::begin(*self, neurons, tokens, sequence);
        let n = tokens.tokens();
        reading.count = n as f64;
        let mut scores = vec![0.0; n];
        for i in 0..n {
            for (score, key) in scores.iter_mut().zip(reading.key.column_iter()) {
                *score = key.dot(&reading.query.column(i));
            }
            let top = scores.iter().fold(f64::NEG_INFINITY, |a, &b| a.max(b));
            scores.iter_mut().for_each(|x| *x = (*x - top).exp());
            let recalled = pick(&scores, rng).map_err(|calcium| no_calcium(i, calcium))?;
            reading.associate(1.0, i, recalled, rng);
            if self.negative_phase {
                let recalled = reading.recall(i, rng)?;
                reading.associate(-1.0, i, recalled, rng);
            }
        }
        Ok(reading.change)
    }

    /// The same without a teacher: each query is read once, and its recall is learnt by as much as it serves the task.
    ///
    /// The circuit recalls an item j′ as in the second phase above. If the output had been v_j′ in place of what it was, o_i, the
    /// error δ_i that the task finds there would have fallen by a = −δ_i·(v_j′ − o_i). This number is the same for all hidden
    /// neurons of the head: the third factor of the rule, beside those that meet at a synapse.
    ///
    /// ```text
    /// ΔU_u ∝ a ρ_u(i, j′) (q̂_i + k̂_j′),   Δe_u ∝ 2 a ρ_u(i, j′),   j′ ~ Â_i
    /// ```
    ///
    /// The mean over j′ is −∂L/∂U and −∂L/∂e of the task's loss L, [`HeadErrors::gradient`], summed over queries.
    /// [`Hebbian::negative_phase`] plays no part.
    ///
    /// # Errors
    /// As [`Hebbian::change`].
    pub fn change_by_errors(
        &self,
        neurons: &HiddenNeurons,
        errors: &HeadErrors,
        sequence: usize,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Change, AttentionError> {
        let mut reading = Reading::begin(*self, neurons, errors.tokens(), sequence);
        let advantage = errors.advantage(neurons, sequence);
        for i in 0..advantage.ncols() {
            let recalled = reading.recall(i, rng)?;
            reading.associate(advantage[(recalled, i)], i, recalled, rng);
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
    /// Σ_j φ_u(k_j).
    calcium: DVector<f64>,
    /// Mean over pairs of Σ_u φ_u(q_i) φ_u(k_j).
    mean: f64,
    /// Queries that the change is the mean over; 1 if it is their sum.
    count: f64,
    change: Change,
    rho: Vec<f64>,
    odds: Vec<f64>,
}

impl<'a> Reading<'a> {
    fn begin(
        rule: Hebbian,
        neurons: &HiddenNeurons,
        tokens: &'a HeadTokens,
        sequence: usize,
    ) -> Self {
        let [query, key] = tokens.sequence(sequence);
        let activity = neurons.activity([query, key]);
        let n = tokens.tokens();
        let calcium = activity.key.column_sum();
        let mean = calcium.dot(&activity.query.column_sum()) / (n * n) as f64;
        Self {
            rule,
            query,
            key,
            activity,
            calcium,
            mean,
            count: 1.0,
            change: Change::none(neurons),
            rho: vec![0.0; neurons.hidden()],
            odds: vec![0.0; n.max(neurons.hidden())],
        }
    }

    /// An item as the circuit recalls it for query i: a hidden neuron by its activity and calcium, then what that came from.
    fn recall(&mut self, i: usize, rng: &mut (impl Rng + ?Sized)) -> Result<usize, AttentionError> {
        let drives = &mut self.odds[..self.calcium.len()];
        for (u, drive) in drives.iter_mut().enumerate() {
            *drive = self.activity.query[(u, i)] * self.calcium[u];
        }
        let u = pick(drives, rng).map_err(|calcium| no_calcium(i, calcium))?;
        let items = &mut self.odds[..self.activity.key.ncols()];
        for (j, item) in items.iter_mut().enumerate() {
            *item = self.activity.key[(u, j)];
        }
        pick(items, rng).map_err(|calcium| no_calcium(i, calcium))
    }

    /// Query i and item j come together, with this weight.
    fn associate(&mut self, weight: f64, i: usize, j: usize, rng: &mut (impl Rng + ?Sized)) {
        let mut total = 0.0;
        for (u, rho) in self.rho.iter_mut().enumerate() {
            *rho = self.activity.query[(u, i)] * self.activity.key[(u, j)];
            total += *rho;
        }
        let divisor = match self.rule.competition {
            Competition::Divisive => total,
            Competition::None => self.mean,
        };
        let mut scale = weight / (divisor * self.count);
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

fn no_calcium(token: usize, calcium: f64) -> AttentionError {
    AttentionError::NoCalcium {
        token,
        head: 0,
        calcium,
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
    use super::super::errors::tests::errors;
    use super::super::recall::tests::{neurons, tokens};
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    /// Means of all numbers of a rule's changes, with their standard errors.
    fn mean(rule: Hebbian, count: usize) -> Vec<(f64, f64)> {
        let (tokens, neurons) = (tokens(5), neurons(3));
        mean_of(count, |rng| rule.change(&neurons, &tokens, 0, rng).unwrap())
    }

    fn mean_of(count: usize, change: impl Fn(&mut ChaCha8Rng) -> Change) -> Vec<(f64, f64)> {
        let rng = &mut ChaCha8Rng::seed_from_u64(1);
        let mut sums = Vec::new();
        for _ in 0..count {
            let change = change(rng);
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
    fn without_a_teacher_it_follows_the_gradient_of_the_task_on_average() {
        let (neurons, errors) = (neurons(3), errors(5));
        let noisy = Hebbian {
            calcium_noise: 0.5,
            ..Hebbian::WHOLE
        };
        for rule in [Hebbian::WHOLE, noisy] {
            let change = |rng: &mut _| rule.change_by_errors(&neurons, &errors, 1, rng).unwrap();
            let found = mean_of(20_000, change);
            for (&(mean, error), exact) in found.iter().zip(errors.gradient(&neurons, 1).iter()) {
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
