//! The circuit whose calcium diffuses: its limits, and how fast it gets there.

use crate::support::{rng, sequence};
use astro::attention::diffusing::{DiffusingCircuit, Instant, Start, TimeConstants};
use astro::attention::{Circuit, FeatureKind, FeatureMap, Fidelity, Mask, Qkv};
use nalgebra::DMatrix;

const TIME: TimeConstants = TimeConstants {
    neuron_ms: 0.5,
    synapse_ms: 5.0,
    diffusion_ms: 0.2,
    token_ms: 40.0,
    dt_ms: 0.05,
};

/// A sequence of two heads and the map of its circuits.
fn drawn() -> (Qkv<f64>, FeatureMap<f64>) {
    let rng = &mut rng(21);
    let qkv = sequence(8, 2, (4, 3), 0.8, rng);
    let map = FeatureMap::draw(FeatureKind::PositiveOrthogonal, 4, 16, rng).unwrap();
    (qkv, map)
}

fn attend(
    time: TimeConstants,
    mask: Mask,
    start: Start,
    mut observe: impl FnMut(&Instant<'_>),
) -> DMatrix<f64> {
    let (qkv, map) = drawn();
    DiffusingCircuit::new(map, 2, 3, time, start)
        .unwrap()
        .attend(&qkv, mask, &mut observe)
        .unwrap()
}

fn algebraic(mask: Mask) -> DMatrix<f64> {
    let (qkv, map) = drawn();
    Circuit::new(map, 2, 3)
        .unwrap()
        .attend(&qkv, mask, &mut ())
        .unwrap()
}

fn error(output: &DMatrix<f64>, reference: &DMatrix<f64>) -> f64 {
    Fidelity::compare(output, reference).unwrap().relative_error
}

#[test]
fn settles_at_attention_for_every_mask_and_start() {
    let time = TimeConstants {
        token_ms: 2e4,
        dt_ms: 0.5,
        ..TIME
    };
    for mask in [Mask::Bidirectional, Mask::Causal] {
        let reference = algebraic(mask);
        for start in [Start::Rest, Start::Previous] {
            let error = error(&attend(time, mask, start, |_| {}), &reference);
            assert!(error < 1e-9, "{mask:?} {start:?}: {error}");
        }
    }
}

#[test]
fn diffusion_keeps_the_sum_and_evens_out_in_its_time_constant() {
    let time = TimeConstants {
        diffusion_ms: 7.0,
        ..TIME
    };
    let mut spread: Vec<f64> = Vec::new();
    attend(time, Mask::Bidirectional, Start::Rest, |now| {
        let mean = now.calcium.iter().sum::<f64>() / now.calcium.len() as f64;
        assert!((mean / now.mean_calcium - 1.0).abs() < 1e-12);
        if now.head == 1 && now.token == 3 {
            let excess = |p: &f64| (p - now.mean_calcium).abs();
            spread.push(now.calcium.iter().map(excess).sum());
        }
    });
    let tau = -TIME.dt_ms / (spread[1] / spread[0]).ln();
    assert!((tau - 7.0).abs() < 1e-9, "{tau}");
}

#[test]
fn a_query_is_read_in_the_time_constant_of_its_calcium() {
    // Neurons and diffusion hardly take time; x = o (1 - exp(-p* t / tau_s)) is left.
    let time = TimeConstants {
        neuron_ms: 0.002,
        diffusion_ms: 0.001,
        token_ms: 4.0,
        dt_ms: 0.002,
        ..TIME
    };
    let reference = algebraic(Mask::Bidirectional);
    let mut calcium = [[0.0; 2]; 8];
    let output = attend(time, Mask::Bidirectional, Start::Rest, |now| {
        calcium[now.token][now.head] = now.mean_calcium;
    });
    let mut extremes = (f64::MAX, 0.0_f64);
    for t in 0..8 {
        for i in 0..6 {
            let p = calcium[t][i / 3];
            extremes = (extremes.0.min(p), extremes.1.max(p));
            let share = 1.0 - (-p * time.token_ms / time.synapse_ms).exp();
            let ratio = output[(i, t)] / reference[(i, t)];
            assert!((ratio - share).abs() < 2e-3, "{ratio} {share}");
        }
    }
    assert!(extremes.1 > 2.0 * extremes.0, "queries differ in calcium");
}

#[test]
fn without_diffusion_the_query_cancels() {
    let time = TimeConstants {
        diffusion_ms: 1e15,
        token_ms: 1e5,
        dt_ms: 0.5,
        ..TIME
    };
    let output = attend(time, Mask::Bidirectional, Start::Rest, |_| {});
    for column in output.column_iter() {
        let difference = (column - output.column(0)).amax();
        assert!(difference < 1e-6 * output.amax(), "{difference}");
    }
}

#[test]
fn the_step_is_of_second_order() {
    let run = |dt_ms: f64| {
        let time = TimeConstants {
            diffusion_ms: 3.0,
            token_ms: 8.0,
            dt_ms,
            ..TIME
        };
        attend(time, Mask::Causal, Start::Previous, |_| {})
    };
    let exact = run(0.5 / 256.0);
    let (coarse, fine) = (error(&run(0.5), &exact), error(&run(0.125), &exact));
    let order = (coarse / fine).log2() / 2.0;
    assert!((order - 2.0).abs() < 0.15, "order {order}");
}

#[test]
fn what_does_not_fit_is_named() {
    let (qkv, map) = drawn();
    let message = |time: TimeConstants| time.check().unwrap_err().to_string();
    let wrong = TimeConstants {
        diffusion_ms: 0.0,
        ..TIME
    };
    assert!(message(wrong).contains("diffusion_ms = 0 ms"));
    let wrong = TimeConstants { dt_ms: 0.6, ..TIME };
    assert!(message(wrong).contains("dt_ms = 0.6 ms: must be at most neuron_ms"));

    let signed = FeatureMap::draw(FeatureKind::Trigonometric, 4, 16, &mut rng(1)).unwrap();
    let refused = DiffusingCircuit::new(signed, 2, 3, TIME, Start::Rest).unwrap_err();
    assert!(refused.to_string().contains("decay"), "{refused}");

    let mut circuit = DiffusingCircuit::new(map, 2, 4, TIME, Start::Rest).unwrap();
    let refused = circuit.attend(&qkv, Mask::Causal, &mut |_| {}).unwrap_err();
    assert!(refused.to_string().contains("head's values"), "{refused}");
}
