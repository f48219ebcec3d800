//! Sums over the steps of a leap.

use crate::Real;

/// What m steps that multiply by κ make of inputs of 1, j and j² in step j = 0 … m - 1:
///
/// ```text
/// κᵐ,   S = Σ κ^(m-1-j) = (1 - κᵐ) / (1 - κ),   R = Σ κ^(m-1-j) j,   Q = Σ κ^(m-1-j) j²
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Powers {
    /// κᵐ, rounded to the type of the state
    pub(in crate::pyralnet) keep: f64,
    /// S, of the rounded κᵐ, so that the state settles where single steps let it settle
    pub(in crate::pyralnet) sum: f64,
    /// R
    pub(in crate::pyralnet) ramp: f64,
    /// Q
    pub(in crate::pyralnet) square: f64,
}

/// The powers of one factor for leaps of every length, which take longer to compute than a leap.
pub struct Table<T> {
    kappa: T,
    /// For m = 0, 1, …
    powers: Vec<Powers>,
}

impl<T: Real> Table<T> {
    /// For leaps of up to `longest` steps; of what factor is seen later.
    pub(in crate::pyralnet) fn new(longest: usize) -> Self {
        let zero = Powers {
            keep: 0.0,
            sum: 0.0,
            ramp: 0.0,
            square: 0.0,
        };
        let mut table = Self {
            kappa: T::default(),
            powers: vec![zero; longest + 1],
        };
        table.fill(T::default());
        table
    }

    #[inline(always)]
    pub(in crate::pyralnet) fn of(&mut self, kappa: T, m: usize) -> Powers {
        if self.kappa != kappa {
            self.fill(kappa);
        }
        self.powers[m]
    }

    #[cold]
    fn fill(&mut self, kappa: T) {
        self.kappa = kappa;
        let kappa = kappa.to_f64();
        let (mut keep, mut sum, mut ramp, mut square) = (1.0, 0.0, 0.0, 0.0);
        for (m, powers) in self.powers.iter_mut().enumerate() {
            let rounded = T::from_f64(keep).to_f64();
            *powers = Powers {
                keep: rounded,
                sum: sum + (keep - rounded) / (1.0 - kappa).max(f64::MIN_POSITIVE),
                ramp,
                square,
            };
            let j = m as f64;
            keep *= kappa;
            sum = kappa * sum + 1.0;
            ramp = kappa * ramp + j;
            square = kappa * square + j * j;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_hold_the_sums() {
        let mut table = Table::<f64>::new(40);
        for kappa in [0.0, 0.1, 0.862, 1.0 - 1.0 / 300.0, 1.0] {
            for m in [0, 1, 2, 7, 40] {
                let powers = table.of(kappa, m);
                let power = |k: usize| kappa.powi(k as i32);
                let sum = |input: fn(f64) -> f64| -> f64 {
                    (0..m).map(|j| input(j as f64) * power(m - 1 - j)).sum()
                };
                for (ours, exact) in [
                    (powers.keep, power(m)),
                    (powers.sum, sum(|_| 1.0)),
                    (powers.ramp, sum(|j| j)),
                    (powers.square, sum(|j| j * j)),
                ] {
                    assert!(
                        (ours - exact).abs() <= 1e-9 * exact.max(1.0),
                        "{kappa} {m}: {ours} {exact}"
                    );
                }
            }
        }
    }
}
