//! Sums over the steps of a leap, in closed form.

use crate::Real;

/// Of a factor κ per step and m steps: κᵐ, S(κ) and (m - S(κ)) / (1-κ), as in [`leap`](super::leap).
#[derive(Clone, Copy, Debug)]
pub(super) struct Powers<T> {
    pub(super) keep: T,
    pub(super) sum: T,
    pub(super) ramp: T,
}

impl<T: Real> Powers<T> {
    /// With κᵐ as it is rounded, so that the state settles where single steps let it settle.
    fn of(kappa: T, m: usize) -> Self {
        let kappa = kappa.to_f64();
        let keep = T::from_f64(kappa.powi(m as i32));
        let sum = (1.0 - keep.to_f64()) / (1.0 - kappa);
        Self {
            keep,
            sum: T::from_f64(sum),
            ramp: T::from_f64((m as f64 - sum) / (1.0 - kappa)),
        }
    }
}

/// The powers of one factor for leaps of every length, which take longer to compute than a leap.
pub(super) struct Table<T> {
    kappa: T,
    /// For m = 0, 1, …
    powers: Vec<Powers<T>>,
}

impl<T: Real> Table<T> {
    /// For leaps of up to `longest` steps; of what factor is seen later.
    pub(super) fn new(longest: usize) -> Self {
        let kappa = T::default();
        Self {
            kappa,
            powers: (0..=longest).map(|m| Powers::of(kappa, m)).collect(),
        }
    }

    #[inline(always)]
    pub(super) fn of(&mut self, kappa: T, m: usize) -> Powers<T> {
        if self.kappa != kappa {
            self.fill(kappa);
        }
        self.powers[m]
    }

    #[cold]
    fn fill(&mut self, kappa: T) {
        self.kappa = kappa;
        for (m, powers) in self.powers.iter_mut().enumerate() {
            *powers = Powers::of(kappa, m);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closed_forms_are_the_sums() {
        let mut table = Table::<f64>::new(40);
        for kappa in [0.0, 0.1, 0.862, 1.0 - 1.0 / 300.0] {
            for m in [0, 1, 2, 7, 40] {
                let Powers { keep, sum, ramp } = table.of(kappa, m);
                let power = |k: usize| kappa.powi(k as i32);
                let expected: [f64; 3] = [
                    power(m),
                    (0..m).map(power).sum(),
                    (0..m).map(|j| j as f64 * power(m - 1 - j)).sum(),
                ];
                for (ours, exact) in [keep, sum, ramp].into_iter().zip(expected) {
                    assert!(
                        (ours - exact).abs() <= 1e-9 * exact,
                        "{kappa} {m}: {ours} {exact}"
                    );
                }
            }
        }
    }
}
