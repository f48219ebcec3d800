use std::sync::Arc;

use astro::networks::classifier::{
    AstrocyteClassifier, Disturbance, neuron_classifier, xor_network,
};
use astro::networks::layers::{Activation, Layer, Mode, Spillover, Wiring};
use astro::networks::network::{Network, Tape};
use astro::numerics::adam::{Adam, AdamParams};
use astro::numerics::random::Streams;
use astro::numerics::softmax::nll;
use nalgebra::DMatrix;
use serde_json::{Map, Value};

use crate::fixture::{assert_close, assert_relative, cases, matrix};

/// The program's names of a network's tensors. It numbers the layers of an astrocyte network by position and
/// those of a neuron network by order.
fn prefixes(network: &Network, astrocyte: &str) -> Vec<Option<String>> {
    let mut dense = 0;
    let name = |(position, layer): (usize, &Arc<dyn Layer>)| match layer.name() {
        "gather" | "slide" | "spread" => Some(format!("{astrocyte}.{position}")),
        "dense" => {
            dense += 1;
            Some(format!("fc{dense}"))
        }
        _ => None,
    };
    network.layers().iter().enumerate().map(name).collect()
}

/// θ from whole tensors.
fn pick(network: &Network, prefixes: &[Option<String>], tensors: &Map<String, Value>) -> Vec<f32> {
    let mut theta = Vec::new();
    for (layer, prefix) in network.layers().iter().zip(prefixes) {
        let Some(prefix) = prefix else { continue };
        let read = &mut |name: &str, shape: &[usize]| {
            let tensor = matrix(&tensors[&format!("{prefix}.{name}")]);
            assert_eq!(tensor.len(), shape.iter().product::<usize>());
            Ok(tensor.transpose().as_slice().to_vec())
        };
        theta.extend(layer.read_tensors(read).unwrap());
    }
    theta
}

/// Compares the values of every live entry, tensor by tensor.
fn compare(
    network: &Network,
    prefixes: &[Option<String>],
    found: &[f32],
    expected: &Map<String, Value>,
    check: impl Fn(&str, &DMatrix<f32>, &DMatrix<f32>),
) {
    let expected = pick(network, prefixes, expected);
    for (i, prefix) in prefixes.iter().enumerate() {
        let Some(prefix) = prefix else { continue };
        let range = network.range(i);
        let weights = network.layers()[i].connections();
        for (part, range) in [
            ("weight", range.start..range.start + weights),
            ("bias", range.start + weights..range.end),
        ] {
            if !range.is_empty() {
                let row = |values: &[f32]| {
                    DMatrix::from_row_slice(1, range.len(), &values[range.clone()])
                };
                check(&format!("{prefix}.{part}"), &row(found), &row(&expected));
            }
        }
    }
}

fn classifier(case: &Value) -> Network {
    let talk = AstrocyteClassifier::talk(Wiring::Published);
    match case["model"].as_str().unwrap() {
        "PerceptronGlia" => talk.build().unwrap(),
        "PerceptronLeak" => {
            let sigma = case["sigma"].as_f64().unwrap();
            let disturbance = Disturbance::Diffusion(Spillover::Published, sigma);
            AstrocyteClassifier {
                disturbance,
                ..talk
            }
            .build()
            .unwrap()
        }
        _ => neuron_classifier(&[20, 20, 10]).unwrap(),
    }
}

#[test]
fn digit_classifiers() {
    let cases = cases("perceptron");
    assert_eq!(cases.len(), 5);
    for case in &cases {
        let model = format!("{} {}", case["model"], case["weight_scale"]);
        let mut network = classifier(case);
        let prefixes = prefixes(&network, "glia1");
        let theta = pick(&network, &prefixes, case["parameters"].as_object().unwrap());
        network.theta_mut().copy_from_slice(&theta);

        let z = matrix(&case["z"]);
        let labels: Vec<u8> = case["labels"]["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|l| l.as_u64().unwrap() as u8)
            .collect();
        let mut rng = Streams::new(0).layers;
        let mut tape = Tape::new(&network, z.nrows());
        tape.input_mut().copy_from(&z);
        let mut gradient = vec![0.0; theta.len()];
        let mut adam = Adam::new(AdamParams::with_rate(0.004), theta.len());
        for step in 0..3 {
            network.forward(&mut tape, Mode::Train, &mut rng).unwrap();
            let (log_p, grad) = tape.output();
            if step == 0 {
                assert_close(
                    &format!("{model}: log-softmax"),
                    log_p,
                    &matrix(&case["log_softmax"]),
                    2e-6,
                );
            }
            let loss = nll(log_p, &labels, grad).unwrap();
            let expected = case["loss_before_each_adam_step"][step].as_f64().unwrap();
            assert!(
                (loss - expected).abs() < 3e-6,
                "{model}, step {step}: loss {loss}, expected {expected}"
            );
            network.backward(&mut tape, &mut gradient).unwrap();
            if step == 0 {
                let expected = case["gradients"].as_object().unwrap();
                compare(
                    &network,
                    &prefixes,
                    &gradient,
                    expected,
                    |name, found, expected| {
                        assert_relative(
                            &format!("{model}: gradient of {name}"),
                            found,
                            expected,
                            1e-5,
                        );
                    },
                );
            }
            adam.step(network.theta_mut(), &gradient).unwrap();
        }
        let expected = case["parameters_after_3_adam_steps"].as_object().unwrap();
        compare(
            &network,
            &prefixes,
            network.theta(),
            expected,
            |name, found, expected| {
                assert_close(
                    &format!("{model}: {name} after three steps"),
                    found,
                    expected,
                    3e-6,
                );
            },
        );
        let log_p = network.predict(&z, &mut rng).unwrap();
        let expected = matrix(&case["log_softmax_after_3_adam_steps"]);
        assert_close(
            &format!("{model}: log-softmax after three steps"),
            &log_p,
            &expected,
            1e-5,
        );
    }
}

#[test]
fn xor() {
    let cases = cases("xor");
    assert_eq!(cases.len(), 3);
    for case in &cases {
        let scale = &case["weight_scale"];
        let mut network = xor_network(Wiring::Published, false, Activation::Softmax).unwrap();
        let prefixes = prefixes(&network, "fc1");
        let theta = pick(&network, &prefixes, case["parameters"].as_object().unwrap());
        network.theta_mut().copy_from_slice(&theta);

        let (x, target) = (matrix(&case["input"]), matrix(&case["target"]));
        let mut tape = Tape::new(&network, x.nrows());
        tape.input_mut().copy_from(&x);
        network
            .forward(&mut tape, Mode::Train, &mut Streams::new(0).layers)
            .unwrap();
        let (y, grad) = tape.output();
        assert_close(
            &format!("output at scale {scale}"),
            y,
            &matrix(&case["output"]),
            1e-5,
        );
        grad.copy_from(&((y - &target) * (2.0 / target.len() as f32)));
        let mut gradient = vec![0.0; theta.len()];
        network.backward(&mut tape, &mut gradient).unwrap();
        let expected = case["mse_gradients"].as_object().unwrap();
        compare(
            &network,
            &prefixes,
            &gradient,
            expected,
            |name, found, expected| {
                assert_relative(
                    &format!("gradient of {name} at scale {scale}"),
                    found,
                    expected,
                    1e-5,
                );
            },
        );
        let expected = matrix(&case["mse_grad_input"]);
        assert_relative(
            &format!("input gradient at scale {scale}"),
            tape.input_gradient(),
            &expected,
            1e-5,
        );
    }
}
