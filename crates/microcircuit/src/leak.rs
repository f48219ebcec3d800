//! Constants of Euler steps, rounded so that they agree with each other.

use crate::Real;

/// One step of a soma at potential u that its dendrite drives with v, and the prediction of that dendrite:
///
/// ```text
/// u ← keep u + gain v        keep = 1 - dt Σg,  gain = dt g        prediction = g / Σg,  û = prediction v
/// ```
///
/// Without other input u settles at gain v / (1 - keep), and the error f(u) - f(û) of the plasticity rules should
/// vanish there. Rounded one by one, the three constants miss that by some 1e-7 in single precision, always in the
/// same direction. Over the hundreds of millions of steps of a training that is a drift of the weights by more than
/// the rule moves them when there is little to learn. So the gain is chosen among the numbers next to its value such
/// that the prediction is what the soma settles at, to much better than one rounding.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leak<T> {
    pub(crate) keep: T,
    pub(crate) gain: T,
    /// In the unit that [`Leak::new`] was given.
    pub(crate) prediction: T,
}

/// How many numbers on either side of the gain are tried.
const NEIGHBOURS: i32 = 8;

impl<T: Real> Leak<T> {
    /// For a step of `dt`, the sum of all conductances, and that to the dendrite; the prediction in some `unit`
    /// ([`Rate::unit`](crate::kernels::elementary::Rate)).
    pub(crate) fn new(dt: f64, sum: f64, to_dendrite: f64, unit: T) -> Self {
        // 2 to the minus number of bits after the point.
        let epsilon = 1.5 / T::ROUND.to_f64();
        let keep = T::from_f64(1.0 - dt * sum);
        let unit = unit.to_f64();
        let mut best = Self {
            keep,
            gain: T::from_f64(dt * to_dendrite),
            prediction: T::from_f64(unit * to_dendrite / sum),
        };
        for k in -NEIGHBOURS..=NEIGHBOURS {
            let gain = T::from_f64(dt * to_dendrite * (1.0 + f64::from(k) * epsilon));
            let prediction = T::from_f64(unit * gain.to_f64() / (1.0 - keep.to_f64()));
            let tried = Self {
                keep,
                gain,
                prediction,
            };
            if tried.missed(unit) < best.missed(unit) {
                best = tried;
            }
        }
        best
    }

    /// The same where drives are stored as predictions, `u ← keep u + gain û`: keep and gain add up to 1, and there is
    /// no difference to round away. The prediction is the factor from a drive to û, times `unit`.
    pub(crate) fn of_predictions(dt: f64, sum: f64, to_dendrite: f64, unit: f64) -> Self {
        let keep = T::from_f64(1.0 - dt * sum);
        // Steps may be so short that `keep` rounds to 1.
        let gain = if keep < T::from_f64(1.0) {
            1.0 - keep.to_f64()
        } else {
            dt * sum
        };
        Self {
            keep,
            gain: T::from_f64(gain),
            prediction: T::from_f64(unit * dt * to_dendrite / gain),
        }
    }

    /// How far the prediction is from where the soma settles, as a fraction of it.
    fn missed(&self, unit: f64) -> f64 {
        let settled = unit * self.gain.to_f64() / (1.0 - self.keep.to_f64());
        (self.prediction.to_f64() / settled - 1.0).abs()
    }
}

/// One step of a low-pass weight change Δ that follows the product x of error and rate:
///
/// ```text
/// Δ ← decay Δ + share x        decay = 1 - dt/τ_w,  share = dt/τ_w
/// ```
///
/// Rounded one by one, decay and share do not add up to 1, and Δ settles beside x by up to 1e-5 of it (single
/// precision, a share of 1/300). So the share is 1 minus the rounded decay.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LowPass<T> {
    pub(crate) decay: T,
    /// Before it is multiplied by anything, hence not rounded.
    pub(crate) share: f64,
}

impl<T: Real> LowPass<T> {
    pub(crate) fn new(dt: f64, tau: f64) -> Self {
        let decay = T::from_f64(1.0 - dt / tau);
        let share = if decay < T::from_f64(1.0) {
            1.0 - decay.to_f64()
        } else {
            dt / tau
        };
        Self { decay, share }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Activation;
    use crate::kernels::elementary::unit;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    #[test]
    fn published_parameters_settle_at_their_prediction() {
        // Hidden neurons on Yin-Yang and MNIST, outputs, interneurons.
        for sum in [1.38, 1.571, 1.1] {
            let leak = Leak::<f32>::new(0.1, sum, 1.0, 1.0);
            assert!(leak.missed(1.0) < 2e-9, "{leak:?}");
            let unit = unit::<f32>(Activation::Sigmoid);
            let scaled = Leak::<f32>::new(0.1, sum, 1.0, unit);
            assert!(
                scaled.missed(unit.into()) < 3e-9,
                "{scaled:?}: {:e}",
                scaled.missed(unit.into())
            );
        }
    }

    #[test]
    fn somata_settle_at_stored_predictions() {
        for sum in [1.38, 1.571, 1.1, 3e-9] {
            let leak = Leak::<f32>::of_predictions(0.1, sum, 1.0, -2.0);
            let (keep, gain) = (f64::from(leak.keep), f64::from(leak.gain));
            assert!(keep + gain == 1.0 || keep == 1.0 && gain > 0.0, "{leak:?}");
            assert!((f64::from(leak.prediction) * sum / -2.0 - 1.0).abs() < 1e-6);
        }
    }

    #[test]
    fn low_pass_settles_at_what_it_filters() {
        let LowPass { decay, share } = LowPass::<f32>::new(0.1, 30.0);
        assert_eq!(f64::from(decay) + share, 1.0);
        assert!((share * 300.0 - 1.0).abs() < 1e-5);
    }

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(13), failure_persistence: None, ..ProptestConfig::default() })]

        // Where 1 - keep is close to a power of two no gain agrees; the error is then that of one rounding.
        #[test]
        fn constants_are_what_they_say(
            dt in 1e-3..0.3f64, g_l in 0.01..0.5f64, g in 0.1..2.0f64, g_a in 0.0..1.0f64,
        ) {
            let sum = g_l + g + g_a;
            let leak = Leak::<f32>::new(dt, sum, g, 1.0);
            prop_assert!(leak.missed(1.0) < 6.1e-8);
            prop_assert!((f64::from(leak.keep) - (1.0 - dt * sum)).abs() < 6e-8);
            prop_assert!((f64::from(leak.gain) / (dt * g) - 1.0).abs() < 1.1e-6);
            let exact = Leak::<f64>::new(dt, sum, g, 1.0);
            prop_assert!((exact.prediction / (g / sum) - 1.0).abs() < 1e-12);
        }
    }
}
