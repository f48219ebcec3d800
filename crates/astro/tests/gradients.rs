//! Every layer's gradients against finite differences, for random sizes, values and batches.
//!
//! A loss L = Σ r ∘ y, linear in the output y of a layer in single precision, is measured at ±h along
//! random directions; central differences of the smooth layers are then good to about h² and to rounding over h.

use std::sync::Arc;

use astro::networks::layers::{
    Activation, Band, Dense, Diffusion, Dropout, Initial, Kind, Layer, Mode, Noise, Nonlinearity,
    Spillover, Wiring,
};
use astro::networks::network::{Network, Tape};
use astro::networks::vae::{Vae, VaeSizes, Workspace};
use astro::numerics::dense::Threads;
use astro::numerics::random::Streams;
use nalgebra::DMatrix;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use rand::{Rng, RngExt};

fn random(rows: usize, columns: usize, scale: f32, rng: &mut dyn Rng) -> DMatrix<f32> {
    DMatrix::from_fn(rows, columns, |_, _| {
        scale * (2.0 * rng.random::<f32>() - 1.0)
    })
}

/// L for these values and inputs. The generator is always the same one, so noise and lost connections are too.
fn loss(network: &Network, x: &DMatrix<f32>, r: &DMatrix<f32>) -> f64 {
    let mut tape = Tape::new(network, x.nrows());
    tape.input_mut().copy_from(x);
    network
        .forward(&mut tape, Mode::Train, &mut Streams::new(9).layers)
        .unwrap();
    let (y, _) = tape.output();
    y.iter()
        .zip(r)
        .map(|(&y, &r)| f64::from(y) * f64::from(r))
        .sum()
}

/// Compares the slope along one random direction of θ, and one of x, with the gradients.
fn check(network: Network, samples: usize, seed: u64) -> Result<(), TestCaseError> {
    let mut rng = Streams::new(seed).weights;
    let network = network.initialised(&mut rng);
    let x = random(samples, network.layers()[0].inputs(), 1.5, &mut rng);
    let outputs = network.layers()[network.layers().len() - 1].outputs();
    let r = random(samples, outputs, 1.0, &mut rng);

    let mut tape = Tape::new(&network, samples);
    tape.input_mut().copy_from(&x);
    network
        .forward(&mut tape, Mode::Train, &mut Streams::new(9).layers)
        .unwrap();
    tape.output().1.copy_from(&r);
    // Stale values must be overwritten.
    let mut gradient = vec![f32::NAN; network.theta().len()];
    network.backward(&mut tape, &mut gradient).unwrap();

    let h = 1e-2_f32;
    let agree = |what: &str, slope: f64, difference: f64, size: f64| {
        let allowed = 2e-3 * size + 1e-4;
        prop_assert!(
            (slope - difference).abs() < allowed,
            "{what}: gradient {slope}, difference {difference}"
        );
        Ok(())
    };
    let dx = random(samples, x.ncols(), 1.0, &mut rng);
    let terms = || {
        tape.input_gradient()
            .iter()
            .zip(&dx)
            .map(|(&g, &d)| f64::from(g) * f64::from(d))
    };
    let difference = loss(&network, &(&x + &dx * h), &r) - loss(&network, &(&x - &dx * h), &r);
    agree(
        "input",
        terms().sum(),
        difference / f64::from(2.0 * h),
        terms().map(f64::abs).sum(),
    )?;

    if !gradient.is_empty() {
        let dt = random(1, gradient.len(), 1.0, &mut rng);
        let at = |step: f32| {
            let mut moved = network.clone();
            moved
                .theta_mut()
                .iter_mut()
                .zip(&dt)
                .for_each(|(t, d)| *t += step * d);
            loss(&moved, &x, &r)
        };
        let terms = || {
            gradient
                .iter()
                .zip(&dt)
                .map(|(&g, &d)| f64::from(g) * f64::from(d))
        };
        let difference = (at(h) - at(-h)) / f64::from(2.0 * h);
        agree(
            "values",
            terms().sum(),
            difference,
            terms().map(f64::abs).sum(),
        )?;
    }
    Ok(())
}

fn nonlinearity(function: Activation, features: usize) -> Arc<dyn Layer> {
    Arc::new(Nonlinearity { function, features })
}

fn kinds() -> impl Strategy<Value = Kind> {
    prop_oneof![Just(Kind::Gather), Just(Kind::Slide), Just(Kind::Spread)]
}

fn wirings() -> impl Strategy<Value = Wiring> {
    prop_oneof![Just(Wiring::Published), Just(Wiring::Lattice)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, rng_seed: RngSeed::Fixed(13), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bands(kind in kinds(), wiring in wirings(), inputs in 1_usize..25, bias: bool, live: bool,
             samples in 1_usize..40, seed: u64) {
        let initial = if live { Initial::Neighbours } else { Initial::Published };
        let band = Band::new(kind, wiring, inputs, bias).unwrap().with_initial(initial);
        check(Network::new(vec![Arc::new(band)]).unwrap(), samples, seed)?;
    }

    #[test]
    fn dense(inputs in 1_usize..30, outputs in 1_usize..30, samples in 1_usize..40, seed: u64) {
        check(Network::new(vec![Arc::new(Dense { inputs, outputs })]).unwrap(), samples, seed)?;
    }

    #[test]
    fn smooth_activations(
        activation in prop_oneof![Just(Activation::Softmax), Just(Activation::LogSoftmax),
                                  Just(Activation::Sigmoid), Just(Activation::Tanh)],
        features in 1_usize..25, samples in 1_usize..40, seed: u64,
    ) {
        check(Network::new(vec![nonlinearity(activation, features)]).unwrap(), samples, seed)?;
    }

    #[test]
    fn diffusion_noise_and_dropout(
        which in 0..4, level in 0.05_f64..0.9, features in 1_usize..25, samples in 1_usize..40, seed: u64,
    ) {
        let layer: Arc<dyn Layer> = match which {
            0 => Arc::new(Diffusion::new(Spillover::Published, features, level).unwrap()),
            1 => Arc::new(Diffusion::new(Spillover::Conserving, features, level).unwrap()),
            2 => Arc::new(Noise::new(features, level).unwrap()),
            _ => Arc::new(Dropout::new(features, level).unwrap()),
        };
        check(Network::new(vec![layer]).unwrap(), samples, seed)?;
    }

    /// A whole stack: what one layer hands to the next is right as well.
    #[test]
    fn stacks(wiring in wirings(), inputs in 5_usize..14, samples in 1_usize..20, seed: u64) {
        let layers: Vec<Arc<dyn Layer>> = vec![
            Arc::new(Band::new(Kind::Spread, wiring, inputs, true).unwrap()),
            Arc::new(Diffusion::new(Spillover::Published, inputs + 2, 0.4).unwrap()),
            nonlinearity(Activation::Tanh, inputs + 2),
            Arc::new(Dense { inputs: inputs + 2, outputs: inputs }),
            nonlinearity(Activation::Softmax, inputs),
            Arc::new(Band::new(Kind::Gather, wiring, inputs, true).unwrap()),
            nonlinearity(Activation::LogSoftmax, inputs - 2),
        ];
        check(Network::new(layers).unwrap(), samples, seed)?;
    }
}

/// A rectifier has a kink, so it is tried well away from it.
#[test]
fn relu() {
    let network = Network::new(vec![nonlinearity(Activation::Relu, 3)]).unwrap();
    let mut tape = Tape::new(&network, 2);
    tape.input_mut().copy_from(&DMatrix::from_row_slice(
        2,
        3,
        &[-1.0, 2.0, -3.0, 4.0, -5.0, 6.0],
    ));
    network
        .forward(&mut tape, Mode::Train, &mut Streams::new(0).layers)
        .unwrap();
    tape.output().1.copy_from(&DMatrix::from_element(2, 3, 7.0));
    network.backward(&mut tape, &mut []).unwrap();
    let expected = DMatrix::from_row_slice(2, 3, &[0.0, 7.0, 0.0, 7.0, 0.0, 7.0]);
    assert_eq!(tape.input_gradient(), &expected);
}

#[test]
fn autoencoder() {
    let sizes = VaeSizes {
        pixels: 30,
        hidden: 17,
        latents: 5,
    };
    for seed in 0..20 {
        let mut rng = Streams::new(seed).weights;
        let vae = Vae::draw(sizes, &mut rng).unwrap();
        let mut workspace = Workspace::new(sizes, 9);
        workspace
            .x
            .copy_from(&random(9, 30, 0.5, &mut rng).add_scalar(0.5));
        workspace.noise.copy_from(&random(9, 5, 1.0, &mut rng));
        let mut gradient = vec![f32::NAN; vae.theta().len()];
        vae.loss_and_gradient(&mut workspace, &mut gradient, Threads(1))
            .unwrap();
        let direction = random(1, gradient.len(), 1.0, &mut rng);
        let mut at = |step: f32| {
            let mut moved = vae.clone();
            moved
                .theta_mut()
                .iter_mut()
                .zip(&direction)
                .for_each(|(t, d)| *t += step * d);
            moved.loss(&mut workspace, Threads(1)).unwrap().total()
        };
        let h = 2e-4;
        let difference = (at(h) - at(-h)) / f64::from(2.0 * h);
        let terms: Vec<f64> = gradient
            .iter()
            .zip(&direction)
            .map(|(&g, &d)| f64::from(g) * f64::from(d))
            .collect();
        let (slope, size) = (
            terms.iter().sum::<f64>(),
            terms.iter().map(|t| t.abs()).sum::<f64>(),
        );
        // The rectifiers' kinks leave a little more than rounding.
        assert!(
            (slope - difference).abs() < 5e-3 * size,
            "seed {seed}: {slope} {difference}"
        );
    }
}
