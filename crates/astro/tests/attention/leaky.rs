//! The time-resolved circuit converges to the algebraic one.

use crate::support::{rng, sequence};
use astro::attention::leaky::{LeakyCircuit, TimeConstants};
use astro::attention::{Circuit, FeatureKind, FeatureMap, Fidelity, Mask, Phase, Qkv};

/// Relative error of the time-resolved against the algebraic circuit.
fn error(kind: FeatureKind, mask: Mask, epsilon: f64) -> f64 {
    let rng = &mut rng(11);
    let (n, heads, d) = (8, 2, 4);
    let qkv: Qkv<f64> = sequence(n, heads, (d, d), 0.7, rng);
    let m = if kind == FeatureKind::EluPlusOne {
        d
    } else {
        16
    };
    let features = FeatureMap::draw(kind, d, m, rng).unwrap();
    let algebraic = Circuit::new(features.clone(), heads, d)
        .unwrap()
        .attend(&qkv, mask, &mut ())
        .unwrap();
    let time = TimeConstants::separated(epsilon, 2 * n, 100.0);
    let resolved = LeakyCircuit::new(features, heads, d, time)
        .unwrap()
        .attend(&qkv, mask, &mut |_| {})
        .unwrap();
    Fidelity::compare(&resolved, &algebraic)
        .unwrap()
        .relative_error
}

#[test]
fn converges_with_first_order_as_the_time_scales_separate() {
    for kind in [FeatureKind::PositiveOrthogonal, FeatureKind::EluPlusOne] {
        for mask in [Mask::Causal, Mask::Bidirectional] {
            let errors = [0.04, 0.02, 0.01, 0.005].map(|epsilon| error(kind, mask, epsilon));
            for pair in errors.windows(2) {
                let order = (pair[0] / pair[1]).log2();
                assert!(
                    (order - 1.0).abs() < 0.1,
                    "{} {mask:?}: order {order}, {errors:?}",
                    kind.name()
                );
            }
            assert!(errors[3] < 0.02, "{errors:?}");
        }
    }
}

#[test]
fn the_step_is_fine_enough() {
    let rng = &mut rng(12);
    let qkv: Qkv<f64> = sequence(6, 1, (4, 4), 0.7, rng);
    let features = FeatureMap::draw(FeatureKind::Positive, 4, 16, rng).unwrap();
    let run = |divisor: f64| {
        let time = TimeConstants::separated(0.1, 12, 50.0);
        let time = TimeConstants {
            dt_ms: time.hidden_ms / divisor,
            ..time
        };
        let mut circuit = LeakyCircuit::new(features.clone(), 1, 4, time).unwrap();
        circuit
            .attend(&qkv, Mask::Bidirectional, &mut |_| {})
            .unwrap()
    };
    let exact = run(512.0);
    let error = |divisor| {
        Fidelity::compare(&run(divisor), &exact)
            .unwrap()
            .relative_error
    };
    // The leak's own error at ε = 0.1 is some per cent; the integrator's is far below.
    assert!(error(16.0) < 1e-3, "{}", error(16.0));
    assert!(
        error(8.0) / error(32.0) > 3.0,
        "at least first order: {} {}",
        error(8.0),
        error(32.0)
    );
}

#[test]
fn calcium_outlasts_the_synapses() {
    let rng = &mut rng(13);
    let qkv: Qkv<f64> = sequence(4, 1, (4, 4), 0.5, rng);
    let features = FeatureMap::draw(FeatureKind::Positive, 4, 8, rng).unwrap();
    let time = TimeConstants {
        hidden_ms: 5.0,
        synapse_ms: 400.0,
        calcium_ms: 4000.0,
        token_ms: 100.0,
        dt_ms: 0.5,
    };
    let mut samples = Vec::new();
    LeakyCircuit::new(features, 1, 4, time)
        .unwrap()
        .attend(&qkv, Mask::Bidirectional, &mut |now| {
            if now.phase == Phase::Reading {
                let hebbian: f64 = now.hebbian.iter().map(|w| w * w).sum::<f64>().sqrt();
                samples.push((
                    now.time_ms,
                    now.log_gain,
                    hebbian,
                    now.calcium.iter().sum::<f64>(),
                ));
            }
        })
        .unwrap();
    let ((t0, l0, h0, g0), (t1, l1, h1, g1)) = (samples[0], samples[samples.len() - 1]);
    let decay = |before: f64, after: f64| -(t1 - t0) / (after / before * (l1 - l0).exp()).ln();
    assert!((decay(h0, h1) - 400.0).abs() < 1e-6);
    assert!((decay(g0, g1) - 4000.0).abs() < 1e-5);
}

#[test]
fn wrong_time_constants_are_named() {
    let good = TimeConstants::separated(0.1, 10, 100.0);
    let message = |time: TimeConstants| time.check().unwrap_err().to_string();
    assert!(good.check().is_ok());
    assert!(
        message(TimeConstants {
            calcium_ms: 0.5 * good.synapse_ms,
            ..good
        })
        .contains("calcium is the slowest")
    );
    assert!(
        message(TimeConstants {
            synapse_ms: 1.0,
            ..good
        })
        .contains("synapse_ms = 1 ms")
    );
    assert!(
        message(TimeConstants {
            hidden_ms: -1.0,
            ..good
        })
        .contains("hidden_ms = -1 ms")
    );
    assert!(
        message(TimeConstants {
            dt_ms: 11.0,
            ..good
        })
        .contains("dt_ms")
    );
    assert!(
        message(TimeConstants {
            token_ms: f64::NAN,
            ..good
        })
        .contains("token_ms")
    );
}
