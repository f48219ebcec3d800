//! The mimic task: known answers, the draws pinned to a seed, and every refusal.

use nalgebra::DMatrix;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use tasks::mimic::{Activation, Teacher, TeacherError};

const GAINS: [f64; 2] = [1.0 / 1.9, 1.0 / 1.1];

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(1)
}

/// From rows.
fn matrix(n_post: usize, n_pre: usize, weights: &[f64]) -> DMatrix<f64> {
    DMatrix::from_row_slice(n_post, n_pre, weights)
}

fn drawn() -> Teacher {
    Teacher::draw(&[2, 3, 2], Activation::SoftRelu, &GAINS, 1.0, &mut rng()).unwrap()
}

#[test]
fn response_is_the_one_worked_out_by_hand() {
    // u_1 = 0.5 [1 2; -1 0] [0.5, 0.25]ᵀ = [0.5, -0.25]; u_2 = 2 [3 4] φ(u_1)
    let weights = vec![
        matrix(2, 2, &[1.0, 2.0, -1.0, 0.0]),
        matrix(1, 2, &[3.0, 4.0]),
    ];
    for (activation, phi) in [
        (Activation::Sigmoid, [0.622459331201855, 0.437823499114202]),
        (
            Activation::SoftRelu,
            [0.974076984180107, 0.5759394198788437],
        ),
    ] {
        let teacher = Teacher::new(weights.clone(), activation, &[0.5, 2.0]).unwrap();
        let response = teacher.respond(&[0.5, 0.25]).unwrap();
        let expected = 2.0 * (3.0 * phi[0] + 4.0 * phi[1]);
        assert_eq!(response.len(), 1);
        assert!(
            (response[0] - expected).abs() < 1e-12,
            "{activation:?}: {response:?} for {expected}"
        );
    }
}

#[test]
fn a_teacher_without_hidden_layers_is_linear() {
    let teacher = Teacher::new(
        vec![matrix(1, 2, &[1.0, -2.0])],
        Activation::Sigmoid,
        &[0.5],
    )
    .unwrap();
    assert_eq!(teacher.respond(&[1.0, 1.0]).unwrap(), [-0.5]);
}

/// A circuit with leak, basal and apical conductance and no apical input, relaxed step by step,
/// settles where the teacher with that circuit's gains says.
#[test]
fn gains_are_those_of_a_settled_microcircuit() {
    let (g_l, g_b, g_a) = (0.1, 1.0, 0.8);
    let teacher = drawn();
    let input = DMatrix::from_column_slice(2, 1, &[0.3, 0.9]);
    let mut hidden = DMatrix::<f64>::zeros(3, 1);
    let mut output = DMatrix::<f64>::zeros(2, 1);
    let [w_1, w_2] = teacher.weights() else {
        panic!("two layers")
    };
    for _ in 0..5000 {
        let rates = hidden.map(|u| (1.0 + u.exp()).ln());
        let du_1 = &hidden * -g_l + (w_1 * &input - &hidden) * g_b - &hidden * g_a;
        let du_2 = &output * -g_l + (w_2 * rates - &output) * g_b;
        hidden += du_1 * 0.1;
        output += du_2 * 0.1;
    }
    let response = teacher.respond(&[0.3, 0.9]).unwrap();
    for (settled, said) in output.iter().zip(&response) {
        assert!(
            (settled - said).abs() < 1e-12,
            "{settled} settled, {said} said"
        );
    }
}

#[test]
fn samples_are_uniform_inputs_with_the_teachers_responses() {
    let teacher = drawn();
    let data = teacher.samples(4000, &mut rng());
    assert_eq!(data.len(), 4000);
    for (input, target) in data.rows() {
        let input: Vec<f64> = input.collect();
        assert!(input.iter().all(|x| (0.0..1.0).contains(x)), "{input:?}");
        assert_eq!(target.collect::<Vec<_>>(), teacher.respond(&input).unwrap());
    }
    // Mean of 8000 uniforms: 5 standard deviations are 0.016.
    assert!(
        (data.inputs.mean() - 0.5).abs() < 0.016,
        "{}",
        data.inputs.mean()
    );
}

#[test]
fn weights_fill_their_range() {
    let teacher = Teacher::draw(&[50, 50], Activation::Sigmoid, &[1.0], 0.25, &mut rng()).unwrap();
    let weights = &teacher.weights()[0];
    assert!(weights.iter().all(|w| w.abs() <= 0.25));
    assert!(weights.max() > 0.24 && weights.min() < -0.24);
}

#[test]
fn a_seed_always_gives_the_same_teacher_and_samples() {
    let teacher = drawn();
    let data = teacher.samples(1, &mut rng());
    assert_eq!(teacher.dims(), [2, 3, 2]);
    assert_eq!(teacher.weights()[0][(0, 0)], WEIGHT_00);
    assert_eq!(teacher.weights()[0][(0, 1)], WEIGHT_01);
    // The same generator, read from the start: inputs are its raw uniforms.
    let raw: Vec<f64> = data.input(0).map(|u| 2.0 * u - 1.0).collect();
    assert_eq!(raw, [WEIGHT_00, WEIGHT_01]);
}

const WEIGHT_00: f64 = -0.19502867267030388;
const WEIGHT_01: f64 = -0.8392325821404361;

#[test]
fn bad_teachers_are_refused_with_the_reason() {
    let draw = |dims: &[usize], gains: &[f64], half_width| {
        Teacher::draw(dims, Activation::SoftRelu, gains, half_width, &mut rng())
            .unwrap_err()
            .to_string()
    };
    let build = |weights| {
        Teacher::new(weights, Activation::SoftRelu, &GAINS)
            .unwrap_err()
            .to_string()
    };
    for (message, expected) in [
        (
            draw(&[2], &[], 1.0),
            "number of layers, the input included, is 1: must be at least 2, as in [2, 3, 2]",
        ),
        (
            draw(&[2, 0, 2], &GAINS, 1.0),
            "layer 1 has no neurons: must have at least 1",
        ),
        (
            draw(&[2, 3, 2], &[1.0], 1.0),
            "number of gains is 1: must be 2, one for each layer above the input",
        ),
        (
            draw(&[2, 3, 2], &[1.0, 0.0], 1.0),
            "gain of layer 2 is 0: must be finite and positive",
        ),
        (
            draw(&[2, 3, 2], &[f64::NAN, 1.0], 1.0),
            "gain of layer 1 is NaN: must be finite and positive",
        ),
        (
            draw(&[2, 3, 2], &GAINS, -1.0),
            "half-width of the weights is -1: must be finite and not negative",
        ),
        (
            build(vec![DMatrix::zeros(3, 2), DMatrix::zeros(2, 4)]),
            "weights of layer 2 have 4 columns: 3 needed, one for each neuron of layer 1",
        ),
        (
            build(vec![
                matrix(2, 1, &[0.0, f64::INFINITY]),
                DMatrix::zeros(2, 2),
            ]),
            "weight [1, 0] of layer 1 is inf: must be finite",
        ),
    ] {
        assert_eq!(message, expected);
    }
    assert_eq!(
        drawn().respond(&[1.0]),
        Err(TeacherError::InputLength {
            found: 1,
            expected: 2
        })
    );
}
