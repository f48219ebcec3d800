use astro::networks::vae::{Vae, VaeSizes, Workspace};
use astro::numerics::adam::{Adam, AdamParams};
use astro::numerics::dense::Threads;
use nalgebra::DMatrix;
use serde_json::{Map, Value};

use crate::fixture::{assert_close, assert_relative, cases, matrix};

/// θ from the program's tensors: its two heads are one matrix here.
fn pick(tensors: &Map<String, Value>) -> Vec<f32> {
    let get = |name: &str| matrix(&tensors[name]);
    let stacked = |part: &str| {
        let (mean, log_variance) = (get(&format!("fc21.{part}")), get(&format!("fc22.{part}")));
        if part == "bias" {
            return [mean.as_slice(), log_variance.as_slice()].concat();
        }
        let rows: Vec<_> = mean.row_iter().chain(log_variance.row_iter()).collect();
        DMatrix::from_rows(&rows).as_slice().to_vec()
    };
    let plain = |name: &str| get(name).as_slice().to_vec();
    [
        plain("fc1.weight"),
        plain("fc1.bias"),
        stacked("weight"),
        stacked("bias"),
        plain("fc3.weight"),
        plain("fc3.bias"),
        plain("fc4.weight"),
        plain("fc4.bias"),
    ]
    .concat()
}

/// Lengths of the tensors of θ, in order.
fn lengths(sizes: VaeSizes) -> [usize; 8] {
    let VaeSizes {
        pixels,
        hidden,
        latents,
    } = sizes;
    [
        hidden * pixels,
        hidden,
        2 * latents * hidden,
        2 * latents,
        hidden * latents,
        hidden,
        pixels * hidden,
        pixels,
    ]
}

#[test]
fn autoencoder() {
    let cases = cases("vae");
    assert_eq!(cases.len(), 2);
    for case in &cases {
        let scale = &case["init_scale"];
        let sizes = VaeSizes {
            pixels: 12,
            hidden: 8,
            latents: 3,
        };
        let theta = pick(case["parameters"].as_object().unwrap());
        let mut vae = Vae::from_theta(sizes, theta).unwrap();
        let threads = Threads(1);
        let mut workspace = Workspace::new(sizes, 4);
        workspace.x.copy_from(&matrix(&case["x"]));
        workspace.noise.copy_from(&matrix(&case["eps"]));

        let (mean, log_variance) = vae.encode(&workspace.x, threads).unwrap();
        assert_close(
            &format!("mu, scale {scale}"),
            &mean,
            &matrix(&case["mu"]),
            3e-6,
        );
        assert_close(
            &format!("logvar, scale {scale}"),
            &log_variance,
            &matrix(&case["logvar"]),
            3e-6,
        );
        let image = vae.decode(&matrix(&case["z"]), threads).unwrap();
        assert_close(
            &format!("recon, scale {scale}"),
            &image,
            &matrix(&case["recon"]),
            3e-6,
        );

        let mut gradient = vec![0.0; vae.theta().len()];
        let loss = vae
            .loss_and_gradient(&mut workspace, &mut gradient, threads)
            .unwrap();
        assert_close(
            &format!("z, scale {scale}"),
            workspace.codes(),
            &matrix(&case["z"]),
            3e-6,
        );
        for (name, found) in [
            ("bce", loss.cross_entropy),
            ("kld", loss.divergence),
            ("loss", loss.total()),
        ] {
            let expected = case[name].as_f64().unwrap();
            assert!(
                (found / expected - 1.0).abs() < 3e-6,
                "{name}, scale {scale}: {found}, {expected}"
            );
        }
        let expected = pick(case["gradients"].as_object().unwrap());
        let mut start = 0;
        for (tensor, len) in lengths(sizes).into_iter().enumerate() {
            let row = |values: &[f32]| DMatrix::from_row_slice(1, len, &values[start..start + len]);
            let name = format!("gradient of tensor {tensor}, scale {scale}");
            assert_relative(&name, &row(&gradient), &row(&expected), 3e-6);
            start += len;
        }

        let mut adam = Adam::new(AdamParams::with_rate(1e-3), gradient.len());
        for _ in 0..3 {
            vae.loss_and_gradient(&mut workspace, &mut gradient, threads)
                .unwrap();
            adam.step(vae.theta_mut(), &gradient).unwrap();
        }
        let expected = pick(case["parameters_after_3_adam_steps"].as_object().unwrap());
        let row = |values: &[f32]| DMatrix::from_row_slice(1, values.len(), values);
        assert_close(
            &format!("parameters, scale {scale}"),
            &row(vae.theta()),
            &row(&expected),
            3e-6,
        );
    }
}
