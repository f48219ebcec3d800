use astro::networks::layers::{
    Band, Diffusion, Gradients, Kind, Layer, Mode, Pass, Passed, Spillover, Wiring,
};
use astro::numerics::random::Streams;
use nalgebra::DMatrix;
use serde_json::Value;

use crate::fixture::{assert_close, cases, matrix};

fn band(case: &Value) -> Band {
    let kind = match case["layer"].as_str().unwrap() {
        "gather" => Kind::Gather,
        "slide" => Kind::Slide,
        _ => Kind::Spread,
    };
    let inputs = case["in_features"].as_u64().unwrap() as usize;
    Band::new(
        kind,
        Wiring::Published,
        inputs,
        case["bias"].as_bool().unwrap(),
    )
    .unwrap()
}

#[test]
fn astrocyte_layers() {
    let cases = cases("layers");
    assert_eq!(cases.len(), 34);
    for case in &cases {
        let band = band(case);
        let name = format!(
            "{:?} {} bias {}",
            band.kind(),
            band.inputs(),
            band.has_bias()
        );
        let bias = if band.has_bias() {
            matrix(&case["bias_vector"]).as_slice().to_vec()
        } else {
            vec![]
        };
        let theta = band.pick(&matrix(&case["weight"]), &bias).unwrap();
        let (x, r) = (matrix(&case["input"]), matrix(&case["r"]));

        let mut y = DMatrix::zeros(x.nrows(), band.outputs());
        let mut memory = DMatrix::zeros(0, 0);
        let pass = Pass {
            mode: Mode::Train,
            rng: &mut Streams::new(0).layers,
            memory: &mut memory,
        };
        band.forward(&theta, &x, &mut y, pass).unwrap();
        assert_close(
            &format!("{name}: output"),
            &y,
            &matrix(&case["output"]),
            3e-6,
        );

        let mut grad_x = x.clone();
        let mut grad_theta = vec![f32::NAN; theta.len()];
        let passed = Passed {
            x: &x,
            y: &y,
            memory: &memory,
        };
        let grad = Gradients {
            y: &r,
            x: &mut grad_x,
            theta: &mut grad_theta,
        };
        band.backward(&theta, passed, grad).unwrap();
        assert_close(
            &format!("{name}: input gradient"),
            &grad_x,
            &matrix(&case["grad_input"]),
            3e-6,
        );
        let (weight, bias) = band.spell_out(&grad_theta).unwrap();
        assert_close(
            &format!("{name}: weight gradient"),
            &weight,
            &matrix(&case["grad_weight"]),
            3e-6,
        );
        if band.has_bias() {
            let bias = DMatrix::from_row_slice(1, bias.len(), bias.as_slice());
            assert_close(
                &format!("{name}: bias gradient"),
                &bias,
                &matrix(&case["grad_bias"]),
                3e-6,
            );
        }
    }
}

/// The index sets, against the program's own lists.
#[test]
fn connections() {
    for case in &cases("layers") {
        let band = band(case);
        let fed = case["rows_fed_by_column"].as_array().unwrap();
        for output in 0..band.outputs() {
            let feeds = |rows: &Value| {
                rows.as_array()
                    .unwrap()
                    .iter()
                    .any(|o| o.as_u64() == Some(output as u64))
            };
            let expected: Vec<usize> = (0..fed.len()).filter(|&n| feeds(&fed[n])).collect();
            assert_eq!(band.sources(output).collect::<Vec<_>>(), expected);
        }
    }
}

#[test]
fn leak_layers() {
    let cases = cases("leak");
    assert_eq!(cases.len(), 24);
    for case in &cases {
        let features = case["in_features"].as_u64().unwrap() as usize;
        let sigma = case["sigma"].as_f64().unwrap();
        let layer = Diffusion::new(Spillover::Published, features, sigma).unwrap();
        for (from, to) in [("input", "output"), ("r", "grad_input")] {
            let x = matrix(&case[from]);
            let mut y = x.clone();
            layer.apply(&x, &mut y).unwrap();
            assert_close(
                &format!("{features} features, sigma {sigma}: {to}"),
                &y,
                &matrix(&case[to]),
                2e-6,
            );
        }
    }
}
