//! How widely the frequencies of positive features are drawn.

use crate::attention::AttentionError;
use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};

/// Which covariance frequencies are drawn with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SpreadKind {
    /// Σ = I, whatever the queries and keys: FAVOR+.
    Unit,
    /// Σ = s I, s from the mean squared length of q̂ + k̂: OPRF.
    Isotropic,
    /// A variance for each principal axis of q̂ + k̂: SDERF, and of balanced queries and keys ADERF.
    Anisotropic,
}

/// Covariance Σ of the frequencies of one head's positive features.
///
/// Frequencies ω ~ N(0, Σ) in place of N(0, I) estimate the same kernel if each neuron's excitability makes up for how often
/// it is drawn:
///
/// ```text
/// φ_i(x) = √(1/m) exp(ω_i·x̂ + e_i − |x̂|²/2),   e_i = ½ ln (N(ω_i; 0, I) / N(ω_i; 0, Σ))
///                                                  = ¼ (ln det Σ + ω_iᵀ Σ⁻¹ ω_i − |ω_i|²)
/// ```
///
/// E m φ(q)·φ(k) = exp(q̂·k̂) for every Σ. Of one feature the second moment, relative to the square of that, is, with the
/// variances s_j of Σ along its axes and the components z_j of q̂ + k̂ along them,
///
/// ```text
/// E[(m φ_i(q) φ_i(k))²] / exp(q̂·k̂)² = Π_j s_j / √(2 s_j − 1) · exp(z_j² / (2 s_j − 1)),   s_j > ½
/// ```
///
/// whose mean logarithm over queries and keys, with l_j = E z_j², is smallest where (2 s_j − 1)(s_j − 1) = 2 l_j s_j:
///
/// ```text
/// s_j = ¼ (3 + 2 l_j + √((3 + 2 l_j)² − 8))          ≥ 1: wider than N(0, I)
/// ```
///
/// l_j are the eigenvalues of E (q̂ + k̂)(q̂ + k̂)ᵀ ([`HeadTokens::moment`](crate::attention::HeadTokens::moment)), or their mean
/// where all axes are to be alike.
/// The published features are these, written with w ~ N(0, I), ω = Σ^½ w and A = (I − Σ)/4: generalised exponential features
/// or OPRF (Likhosherstov et al. 2022, "Chefs' random tables") for Σ = s I; SDERF (Likhosherstov et al. 2023, "FAVOR#",
/// arXiv:2302.00787) along the axes; Σ = I is FAVOR+. ADERF (ibid.) changes the basis of queries and keys first such that
/// their moments agree, as [`Qkv::balanced`](crate::attention::Qkv::balanced) does, which also centres them.
#[derive(Debug, Clone, PartialEq)]
pub struct Spread {
    /// Axes, one a column, orthonormal.
    axes: DMatrix<f64>,
    /// s, the variance along each.
    variances: DVector<f64>,
}

impl Spread {
    /// Σ = I.
    pub fn unit(dim: usize) -> Self {
        Self {
            axes: DMatrix::identity(dim, dim),
            variances: DVector::repeat(dim, 1.0),
        }
    }

    /// The spread that estimates the kernel best, on average over queries and keys.
    ///
    /// * `moment`: E (q̂ + k̂)(q̂ + k̂)ᵀ, d × d
    ///
    /// # Errors
    /// [`AttentionError::Size`] if the moment is not square, [`AttentionError::NotFinite`] if it is not finite.
    pub fn best(kind: SpreadKind, moment: &DMatrix<f64>) -> Result<Self, AttentionError> {
        let d = moment.nrows();
        AttentionError::size("moment", moment.ncols(), d, "as many columns as rows")?;
        if let Some(at) = moment.iter().position(|x| !x.is_finite()) {
            return Err(AttentionError::NotFinite {
                what: "moment",
                token: at / d,
                index: at % d,
                value: moment.as_slice()[at],
            });
        }
        Ok(match kind {
            SpreadKind::Unit => Self::unit(d),
            SpreadKind::Isotropic => Self {
                axes: DMatrix::identity(d, d),
                variances: DVector::repeat(d, best_variance(moment.trace() / d as f64)),
            },
            SpreadKind::Anisotropic => {
                let eigen = ((moment + moment.transpose()) * 0.5).symmetric_eigen();
                Self {
                    axes: eigen.eigenvectors,
                    variances: eigen.eigenvalues.map(best_variance),
                }
            }
        })
    }

    /// Dimension d.
    pub fn dim(&self) -> usize {
        self.variances.len()
    }

    /// Variances s along the axes.
    pub fn variances(&self) -> &[f64] {
        self.variances.as_slice()
    }

    /// Second moment of one feature's estimate of exp(q̂·k̂), relative to the square of that.
    ///
    /// * `sum`: q̂ + k̂, length d
    pub fn second_moment(&self, sum: &DVector<f64>) -> f64 {
        let along = self.axes.transpose() * sum;
        let axes = self.variances.iter().zip(along.iter());
        axes.map(|(s, z)| {
            let inverse = 1.0 / (2.0 * s - 1.0);
            s * inverse.sqrt() * (z * z * inverse).exp()
        })
        .product()
    }

    pub(super) fn is_unit(&self) -> bool {
        self.variances.iter().all(|&s| s == 1.0)
    }

    /// Standard normal rows to frequencies, with their excitabilities.
    pub(super) fn apply(&self, normal: DMatrix<f64>) -> (DMatrix<f64>, Vec<f64>) {
        if self.is_unit() {
            let excitability = vec![0.0; normal.nrows()];
            return (normal, excitability);
        }
        let log_det: f64 = self.variances.iter().map(|s| s.ln()).sum();
        let excitability = |row: nalgebra::DVectorView<'_, f64>| {
            let squares = row.iter().zip(self.variances.iter());
            0.25 * (log_det + squares.map(|(w, s)| w * w * (1.0 - s)).sum::<f64>())
        };
        let columns = normal.transpose();
        let excitability = columns.column_iter().map(|w| excitability(w.as_view()));
        let excitability = excitability.collect();
        let roots = DMatrix::from_diagonal(&self.variances.map(f64::sqrt));
        (normal * roots * self.axes.transpose(), excitability)
    }
}

/// s of the smallest mean log second moment, for the mean square l of q̂ + k̂ along an axis.
fn best_variance(l: f64) -> f64 {
    let b = 3.0 + 2.0 * l.max(0.0);
    0.25 * (b + (b * b - 8.0).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variance_is_where_the_mean_log_second_moment_is_smallest() {
        for l in [0.0, 0.01, 0.4, 1.0, 3.7, 50.0] {
            let of = |s: f64| s.ln() - 0.5 * (2.0 * s - 1.0).ln() + l / (2.0 * s - 1.0);
            let best = best_variance(l);
            for shift in [0.9, 0.99, 1.01, 1.1] {
                let there = best * shift;
                let worse = there <= 0.5 || of(there) > of(best);
                assert!(worse, "l = {l}: {there} is better than {best}");
            }
        }
        assert_eq!(best_variance(0.0), 1.0);
    }

    /// A = (1 − 1/ρ)/8, ρ = (√((2L + d)² + 8dL) − 2L − d)/4L (Likhosherstov et al. 2022), and s = 1 − 4A.
    #[test]
    fn the_isotropic_spread_is_the_published_one() {
        for (length, d) in [(0.3f64, 2.0f64), (4.0, 8.0), (15.0, 32.0)] {
            let sum = 2.0 * length + d;
            let rho = ((sum * sum + 8.0 * d * length).sqrt() - sum) / (4.0 * length);
            let a = (1.0 - 1.0 / rho) / 8.0;
            let best = best_variance(length / d);
            assert!((best - (1.0 - 4.0 * a)).abs() < 1e-12, "{best} {a}");
        }
    }

    #[test]
    fn alike_in_all_directions_the_two_spreads_are_one() {
        let moment = DMatrix::identity(5, 5) * 1.7;
        let best = |kind| Spread::best(kind, &moment).unwrap();
        let (one, other) = (best(SpreadKind::Isotropic), best(SpreadKind::Anisotropic));
        assert!((one.variances - other.variances).amax() < 1e-12);
    }
}
