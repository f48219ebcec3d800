//! Constants of a soma's Euler step, rounded so that they agree with each other.

use crate::Real;

/// What a step makes of a soma at potential u whose dendrite drives it with v, and what its dendrite predicts:
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
    pub(crate) prediction: T,
}

/// How many numbers on either side of the gain are tried.
const NEIGHBOURS: i32 = 8;

impl<T: Real> Leak<T> {
    /// For a step of `dt`, the sum of all conductances, and that to the dendrite.
    pub(crate) fn new(dt: f64, sum: f64, to_dendrite: f64) -> Self {
        let keep = T::from_f64(1.0 - dt * sum);
        let leak = 1.0 - keep.to_f64();
        // 2 to the minus number of bits after the point.
        let epsilon = 1.5 / T::ROUND.to_f64();
        let tried = (0..=2 * NEIGHBOURS).map(|i| {
            // 0, 1, -1, 2, -2, …
            let k = if i % 2 == 0 { i / 2 } else { -(i + 1) / 2 };
            let gain = T::from_f64(dt * to_dendrite * (1.0 + f64::from(k) * epsilon));
            let settled = gain.to_f64() / leak;
            let prediction = T::from_f64(settled);
            let missed = (prediction.to_f64() - settled).abs();
            (missed, gain, prediction)
        });
        let best = tried.reduce(|best, next| if next.0 < best.0 { next } else { best });
        match best {
            Some((missed, gain, prediction)) if missed.is_finite() => Self {
                keep,
                gain,
                prediction,
            },
            // Nothing leaks.
            _ => Self {
                keep,
                gain: T::from_f64(dt * to_dendrite),
                prediction: T::from_f64(to_dendrite / sum),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_prediction_is_where_the_soma_settles(dt in 1e-3..0.3f64, g_l in 0.01..0.5f64, g in 0.1..2.0f64, g_a in 0.0..1.0f64) {
            let sum = g_l + g + g_a;
            let Leak { keep, gain, prediction } = Leak::<f32>::new(dt, sum, g);
            let settled = f64::from(gain) / (1.0 - f64::from(keep));
            prop_assert!((f64::from(prediction) / settled - 1.0).abs() < 2e-8);
            prop_assert!((f64::from(keep) - (1.0 - dt * sum)).abs() < 6e-8);
            prop_assert!((f64::from(gain) / (dt * g) - 1.0).abs() < 1.1e-6);
            let exact = Leak::<f64>::new(dt, sum, g);
            prop_assert!((exact.prediction / (g / sum) - 1.0).abs() < 1e-12);
        }
    }
}
