//! Activation functions of the teacher.

use serde::{Deserialize, Serialize};

/// Rate of a neuron as a function of its somatic potential, both without dimension.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// `1 / (1 + e^-u)`, in (0, 1).
    Sigmoid,
    /// `ln(1 + e^u)`, positive.
    SoftRelu,
}

impl Activation {
    /// The rate at potential `u`, free of overflow for every finite `u`.
    pub fn rate(self, u: f64) -> f64 {
        // Exponentials only of non-positive numbers.
        let decay = (-u.abs()).exp();
        match self {
            Self::Sigmoid if u >= 0.0 => 1.0 / (1.0 + decay),
            Self::Sigmoid => decay / (1.0 + decay),
            Self::SoftRelu => u.max(0.0) + decay.ln_1p(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Activation::{Sigmoid, SoftRelu};

    #[test]
    fn rates_are_the_textbook_formulas() {
        for u in [-20.0f64, -3.0, -0.1, 0.0, 0.7, 4.0, 20.0] {
            let sigmoid = 1.0 / (1.0 + (-u).exp());
            let soft_relu = (1.0 + u.exp()).ln();
            assert!((Sigmoid.rate(u) - sigmoid).abs() < 1e-15, "sigmoid({u})");
            assert!(
                (SoftRelu.rate(u) - soft_relu).abs() < 1e-14,
                "soft-ReLU({u})"
            );
        }
    }

    #[test]
    fn extremes_neither_overflow_nor_vanish_early() {
        assert_eq!((Sigmoid.rate(-1e4), Sigmoid.rate(1e4)), (0.0, 1.0));
        assert_eq!((SoftRelu.rate(-1e4), SoftRelu.rate(1e4)), (0.0, 1e4));
        assert!(SoftRelu.rate(-40.0) > 0.0, "lost to 1 + e^u rounding to 1");
    }
}
