//! Activation functions: from somatic potential to firing rate.

use serde::{Deserialize, Serialize};

use crate::Real;

/// The rate a neuron fires at, as a function of its somatic potential. Both dimensionless.
///
/// ```text
/// sigmoid     f(u) = 1 / (1 + exp(-u))
/// soft-relu   f(u) = ln(1 + exp(u))    for |u| < 15
///                  = u                 for  u >= 15
///                  = 0                 for  u <= -15
/// ```
///
/// The published program returns u itself at exactly −15, an accident of its inequalities that is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// The logistic function, range (0, 1).
    Sigmoid,
    /// The soft rectifier, range [0, ∞).
    SoftRelu,
}

/// Potential beyond which the soft rectifier is cut to its asymptotes.
pub(crate) const SOFT_RELU_CUT: f64 = 15.0;

impl Activation {
    /// The rate at potential `u`, by the standard library's exponential.
    ///
    /// The simulations use a vectorised form of their own, which agrees to a few units in the last place
    /// (see `PERFORMANCE.md`); this is the plain form it is tested against.
    pub fn rate<T: Real>(self, u: T) -> T {
        let one = T::from_f64(1.0);
        match self {
            Self::Sigmoid => one / (one + (-u).exp()),
            Self::SoftRelu => {
                if u >= T::from_f64(SOFT_RELU_CUT) {
                    u
                } else if u <= T::from_f64(-SOFT_RELU_CUT) {
                    T::default()
                } else {
                    u.exp().ln_1p()
                }
            }
        }
    }

    /// The derivative of [`Activation::rate`] with respect to `u`.
    pub fn slope<T: Real>(self, u: T) -> T {
        let one = T::from_f64(1.0);
        let sigmoid = Self::Sigmoid.rate(u);
        match self {
            Self::Sigmoid => sigmoid * (one - sigmoid),
            Self::SoftRelu => sigmoid,
        }
    }
}
