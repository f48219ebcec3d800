//! Activation functions: from somatic potential to firing rate.

use serde::{Deserialize, Serialize};

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
pub const SOFT_RELU_CUT: f64 = 15.0;

/// The activation functions of a number type, one number at a time, by the standard library.
pub trait PlainRates: Copy {
    /// [`Activation::Sigmoid`] of `self`.
    fn sigmoid(self) -> Self;
    /// The derivative of [`PlainRates::sigmoid`].
    fn sigmoid_slope(self) -> Self;
    /// [`Activation::SoftRelu`] of `self`.
    fn soft_relu(self) -> Self;
}

macro_rules! plain_rates {
    ($type:ident) => {
        impl PlainRates for $type {
            fn sigmoid(self) -> Self {
                1.0 / (1.0 + (-self).exp())
            }

            fn sigmoid_slope(self) -> Self {
                let rate = self.sigmoid();
                rate * (1.0 - rate)
            }

            fn soft_relu(self) -> Self {
                if self >= SOFT_RELU_CUT as $type {
                    self
                } else if self <= -SOFT_RELU_CUT as $type {
                    0.0
                } else {
                    self.exp().ln_1p()
                }
            }
        }
    };
}

plain_rates!(f32);
plain_rates!(f64);

impl Activation {
    /// The rate at potential `u`, by the standard library's exponential.
    ///
    /// The simulations use a vectorised form of their own, which agrees to a few units in the last place
    /// ([`elementary`](crate::elementary)); this is the plain form it is tested against.
    pub fn rate<T: PlainRates>(self, u: T) -> T {
        match self {
            Self::Sigmoid => u.sigmoid(),
            Self::SoftRelu => u.soft_relu(),
        }
    }

    /// The derivative of [`Activation::rate`] with respect to `u`.
    pub fn slope<T: PlainRates>(self, u: T) -> T {
        match self {
            Self::Sigmoid => u.sigmoid_slope(),
            Self::SoftRelu => u.sigmoid(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Activation::{Sigmoid, SoftRelu};

    #[test]
    fn rates_and_slopes_are_the_textbook_formulas() {
        for u in [-14.9_f64, -3.0, -0.1, 0.0, 0.7, 4.0, 14.9] {
            let sigmoid = 1.0 / (1.0 + (-u).exp());
            let slope = (-u).exp() / (1.0 + (-u).exp()).powi(2);
            assert!((Sigmoid.rate(u) - sigmoid).abs() < 1e-15, "sigmoid({u})");
            assert!((Sigmoid.slope(u) - slope).abs() < 1e-15, "sigmoid'({u})");
            let soft_relu = (1.0 + u.exp()).ln();
            assert!(
                (SoftRelu.rate(u) - soft_relu).abs() < 1e-14,
                "soft-relu({u})"
            );
            assert!(
                (SoftRelu.slope(u) - sigmoid).abs() < 1e-15,
                "soft-relu'({u})"
            );
        }
    }

    #[test]
    fn the_soft_rectifier_is_cut_to_its_asymptotes_and_nothing_overflows() {
        assert_eq!((Sigmoid.rate(-1e4), Sigmoid.rate(1e4_f32)), (0.0, 1.0));
        assert_eq!((SoftRelu.rate(-15.0), SoftRelu.rate(15.0)), (0.0, 15.0));
        assert_eq!((SoftRelu.rate(-1e4_f32), SoftRelu.rate(1e4)), (0.0, 1e4));
    }
}
