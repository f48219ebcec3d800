//! The small transformer: storage, training, and attention replaced by the circuit. (Its gradients are tested beside
//! the backward pass.)

use crate::support::rng;
use astro::attention::learning::{Change, HiddenNeurons};
use astro::attention::transformer::{
    Architecture, LabelledImages, Mechanism, Training, Transformer, train,
};
use astro::attention::{
    FeatureKind, FeatureMap, HeadMaps, HeadTokens, Pairs, Real, Spread, SpreadKind,
};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use rand::RngExt;
use std::ops::ControlFlow;

const SIZES: Architecture = Architecture {
    image_side: 6,
    patch_side: 2,
    dim: 6,
    heads: 2,
    blocks: 2,
    mlp: 5,
    classes: 3,
};

fn images(count: usize, side: usize, classes: u8, seed: u64) -> LabelledImages {
    let rng = &mut rng(seed);
    let pixels = (0..count * side * side).map(|_| rng.random()).collect();
    let labels = (0..count).map(|_| rng.random_range(0..classes)).collect();
    LabelledImages::new(side, pixels, labels).unwrap()
}

fn maps<T: Real>(
    kind: FeatureKind,
    hidden: usize,
    sizes: &Architecture,
    seed: u64,
) -> Mechanism<T> {
    let rng = &mut rng(seed);
    let hidden = if kind == FeatureKind::EluPlusOne {
        sizes.head_dim()
    } else {
        hidden
    };
    let map = |_| FeatureMap::draw(kind, sizes.head_dim(), hidden, rng).unwrap();
    Mechanism::Circuit((0..sizes.blocks).map(map).map(HeadMaps::from).collect())
}

/// The circuit with maps of their own in every head, fitted to the queries and keys of some images.
fn spread(hidden: usize, sizes: &Architecture, seed: u64) -> Mechanism<f64> {
    let rng = &mut rng(seed);
    let model = Transformer::<f64>::new(*sizes, rng).unwrap();
    let tokens = model.head_tokens(&images(3, 6, 3, seed), &[0, 2]).unwrap();
    let mut map = |tokens: &HeadTokens| {
        let spread = Spread::best(SpreadKind::Anisotropic, &tokens.moment(Pairs::All)).unwrap();
        FeatureMap::draw_spread(FeatureKind::PositiveAntithetic, &spread, hidden, rng).unwrap()
    };
    let mut block =
        |heads: &Vec<HeadTokens>| HeadMaps::each(heads.iter().map(&mut map).collect()).unwrap();
    Mechanism::Circuit(tokens.iter().map(&mut block).collect())
}

fn mechanism() -> impl Strategy<Value = Mechanism<f64>> {
    prop_oneof![
        Just(Mechanism::Softmax),
        Just(Mechanism::Uniform),
        any::<u64>().prop_map(|seed| maps(FeatureKind::Positive, 16, &SIZES, seed)),
        any::<u64>().prop_map(|seed| maps(FeatureKind::PositiveOrthogonal, 7, &SIZES, seed)),
        any::<u64>().prop_map(|seed| spread(11, &SIZES, seed)),
        any::<u64>().prop_map(|seed| maps(FeatureKind::EluPlusOne, 3, &SIZES, seed)),
        any::<u64>().prop_map(|seed| maps(FeatureKind::Trigonometric, 128, &SIZES, seed)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, rng_seed: RngSeed::Fixed(13), failure_persistence: None, ..ProptestConfig::default() })]

    /// Training uses the closed form, classification the circuit itself.
    #[test]
    fn the_circuit_computes_what_training_differentiates(mechanism in mechanism(), seed in any::<u64>()) {
        let model = Transformer::<f64>::new(SIZES, &mut rng(seed)).unwrap();
        let images = images(4, 6, 3, seed);
        let logits = model.logits(&images, &mechanism).unwrap();
        let mean: f64 = (0..4)
            .map(|i| {
                let column = logits.column(i);
                let top = column.max();
                top + column.iter().map(|x| (x - top).exp()).sum::<f64>().ln() - column[images.label(i)]
            })
            .sum::<f64>() / 4.0;
        let (loss, _) = model.loss_and_gradient(&images, &[0, 1, 2, 3], &mechanism).unwrap();
        prop_assert!((loss - mean).abs() < 1e-8 * loss, "{loss} {mean}");
    }
}

#[test]
fn errors_of_heads_lead_to_the_gradient_of_the_loss_in_their_hidden_neurons() {
    let model = Transformer::<f64>::new(SIZES, &mut rng(3)).unwrap();
    let (images, chosen) = (images(4, 6, 3, 5), [0, 2, 3]);
    let rng = &mut rng(7);
    let mut draw = |_| {
        let map = FeatureMap::<f64>::draw(FeatureKind::Positive, SIZES.head_dim(), 4, rng);
        HiddenNeurons::of(&map.unwrap()).unwrap()
    };
    let mut blocks: Vec<Vec<HiddenNeurons>> = (0..SIZES.blocks)
        .map(|_| (0..SIZES.heads).map(&mut draw).collect())
        .collect();
    let circuit = |blocks: &[Vec<HiddenNeurons>]| {
        let maps = |heads: &Vec<HiddenNeurons>| {
            HeadMaps::each(heads.iter().map(|n| n.map().unwrap()).collect()).unwrap()
        };
        Mechanism::Circuit(blocks.iter().map(maps).collect())
    };
    let loss = |blocks: &[Vec<HiddenNeurons>]| {
        let found = model.loss_and_gradient(&images, &chosen, &circuit(blocks));
        found.unwrap().0
    };
    let (found, errors) = model
        .head_errors(&images, &chosen, &circuit(&blocks))
        .unwrap();
    assert_eq!(found, loss(&blocks));
    for (block, head) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        let neurons = &blocks[block][head];
        let mut descent = Change::none(neurons);
        for sequence in 0..chosen.len() {
            descent.add(&errors[block][head].gradient(neurons, sequence));
        }
        let mut way = Change::none(neurons);
        way.weights
            .iter_mut()
            .enumerate()
            .for_each(|(i, x)| *x = (i as f64).sin());
        way.excitability
            .iter_mut()
            .enumerate()
            .for_each(|(i, x)| *x = (i as f64).cos());
        let pairs = descent.excitability.iter().zip(&way.excitability);
        let along: f64 = descent.weights.dot(&way.weights) + pairs.map(|(a, b)| a * b).sum::<f64>();
        let mut at = |step| {
            blocks[block][head].learn(&way, step);
            loss(&blocks)
        };
        let slope = (at(1e-4) - at(-2e-4)) / 2e-4;
        at(1e-4);
        assert!(
            along.abs() > 1e-6 && (along + slope).abs() < 1e-4 * along.abs(),
            "block {block}, head {head}: {along}, {slope}"
        );
    }
}

#[test]
fn single_precision_follows_double() {
    let model = Transformer::<f64>::new(Architecture::MNIST, &mut rng(1)).unwrap();
    let images = images(5, 28, 10, 2);
    let chosen = [0, 1, 2, 3, 4];
    for kind in [
        None,
        Some(FeatureKind::PositiveOrthogonal),
        Some(FeatureKind::EluPlusOne),
    ] {
        fn pick<T: Real>(kind: Option<FeatureKind>) -> Mechanism<T> {
            kind.map_or(Mechanism::Softmax, |kind| {
                maps(kind, 32, &Architecture::MNIST, 4)
            })
        }
        let (loss, gradient) = model
            .loss_and_gradient(&images, &chosen, &pick(kind))
            .unwrap();
        let (single, narrow) = model
            .cast::<f32>()
            .loss_and_gradient(&images, &chosen, &pick(kind))
            .unwrap();
        assert!((loss - single).abs() < 1e-5, "{loss} {single}");
        let norm: f64 = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
        let difference: f64 = gradient
            .iter()
            .zip(&narrow)
            .map(|(g, &n)| (g - f64::from(n)).powi(2))
            .sum::<f64>()
            .sqrt();
        assert!(difference < 1e-4 * norm, "{difference:e} of {norm:e}");
    }
}

#[test]
fn more_hidden_neurons_come_closer_to_softmax() {
    let model = Transformer::<f64>::new(Architecture::MNIST, &mut rng(3)).unwrap();
    let images = images(8, 28, 10, 3);
    let exact = model.logits(&images, &Mechanism::Softmax).unwrap();
    let error = |m| {
        let swapped = model
            .logits(
                &images,
                &maps(FeatureKind::PositiveOrthogonal, m, &Architecture::MNIST, 5),
            )
            .unwrap();
        (swapped - &exact).norm() / exact.norm()
    };
    let errors = [16, 256, 4096].map(error);
    assert!(
        errors[1] < 0.7 * errors[0] && errors[2] < 0.7 * errors[1],
        "{errors:?}"
    );
}

/// Images whose class is where the bright quadrant lies.
fn quadrants(count: usize, seed: u64) -> LabelledImages {
    let rng = &mut rng(seed);
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let class = rng.random_range(0..4u8);
        for (row, column) in (0..8).flat_map(|row| (0..8).map(move |column| (row, column))) {
            let bright = (row / 4) * 2 + column / 4 == usize::from(class);
            pixels.push(if bright {
                rng.random_range(90..200)
            } else {
                rng.random_range(40..150)
            });
        }
        labels.push(class);
    }
    LabelledImages::new(8, pixels, labels).unwrap()
}

#[test]
fn training_learns_with_softmax_and_with_the_circuit() {
    let sizes = Architecture {
        image_side: 8,
        patch_side: 2,
        dim: 8,
        heads: 2,
        blocks: 1,
        mlp: 16,
        classes: 4,
    };
    let (seen, unseen) = (quadrants(600, 1), quadrants(200, 2));
    for mechanism in [
        Mechanism::Softmax,
        maps(FeatureKind::PositiveOrthogonal, 16, &sizes, 3),
        maps(FeatureKind::EluPlusOne, 0, &sizes, 3),
    ] {
        let mut model = Transformer::new(sizes, &mut rng(5)).unwrap();
        let training = Training {
            epochs: 12,
            batch: 20,
            learning_rate: 5e-3,
            weight_decay: 0.01,
        };
        let mut last = 0;
        train(
            &mut model,
            &seen,
            &mechanism,
            &training,
            &mut rng(6),
            |progress| {
                assert_eq!(progress.steps, 12 * 30);
                last = progress.step;
                ControlFlow::Continue(())
            },
        )
        .unwrap();
        assert_eq!(last, 360);
        let accuracy = model.accuracy(&unseen, &mechanism).unwrap();
        assert!(accuracy > 0.9, "{accuracy}");
    }
}

#[test]
fn equal_seeds_train_equally() {
    let images = images(40, 6, 3, 1);
    let run = || {
        let mut model = Transformer::new(SIZES, &mut rng(5)).unwrap();
        let training = Training {
            epochs: 2,
            batch: 16,
            learning_rate: 1e-3,
            weight_decay: 0.01,
        };
        train(
            &mut model,
            &images,
            &Mechanism::Softmax,
            &training,
            &mut rng(6),
            |_| ControlFlow::Continue(()),
        )
        .unwrap();
        model.parameters().to_vec()
    };
    assert_eq!(run(), run());
}

#[test]
fn a_saved_transformer_is_read_back_bit_for_bit() {
    let dir = tempfile::TempDir::new().unwrap();
    let path = dir.path().join("small.safetensors");
    let model = Transformer::<f32>::new(SIZES, &mut rng(9)).unwrap();
    model.save(&path, &[("command", "a test")]).unwrap();
    let read = Transformer::load(&path, SIZES).unwrap();
    assert_eq!(model.parameters(), read.parameters());

    // The stored query projection is what the model uses.
    use astro::attention::weights::{ProjectionNames, load_projections};
    use astro::numerics::tensors::TensorFile;
    let names = ProjectionNames {
        query: "blocks.1.attention.query.weight",
        key: "blocks.1.attention.key.weight",
        value: "blocks.1.attention.value.weight",
        query_bias: Some("blocks.1.attention.query.bias"),
        key_bias: Some("blocks.1.attention.key.bias"),
        value_bias: Some("blocks.1.attention.value.bias"),
    };
    let stored = load_projections(&TensorFile::open(&path).unwrap(), names, 2).unwrap();
    assert_eq!(stored, model.cast::<f64>().projections(1).unwrap());

    let other = Architecture { mlp: 7, ..SIZES };
    let message = Transformer::load(&path, other).unwrap_err().to_string();
    assert!(
        message.contains("`blocks.0.mlp.up.weight` has shape [5, 6]; expected [7, 6]"),
        "{message}"
    );
    let more = Architecture { blocks: 3, ..SIZES };
    let message = Transformer::load(&path, more).unwrap_err().to_string();
    assert!(
        message.contains("no tensor `blocks.2.norm1.weight`"),
        "{message}"
    );
}

#[test]
fn settings_that_cannot_be_are_named() {
    let message = |sizes: Architecture| sizes.check().unwrap_err().to_string();
    assert!(message(Architecture { heads: 4, ..SIZES }).contains("heads = 4"));
    assert!(
        message(Architecture {
            patch_side: 4,
            ..SIZES
        })
        .contains("patch_side = 4")
    );
    assert!(message(Architecture { blocks: 0, ..SIZES }).contains("blocks = 0"));
    let error = LabelledImages::new(6, vec![0; 35], vec![0])
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("pixels = 35") && error.contains("36"),
        "{error}"
    );
    let model = Transformer::<f32>::new(SIZES, &mut rng(1)).unwrap();
    let error = model
        .classify(&images(1, 8, 3, 1), &Mechanism::Softmax)
        .unwrap_err()
        .to_string();
    assert!(error.contains("image side = 8"), "{error}");
    let labelled = LabelledImages::new(6, vec![0; 36], vec![7]).unwrap();
    let error = model
        .classify(&labelled, &Mechanism::Softmax)
        .unwrap_err()
        .to_string();
    assert!(error.contains("label = 7"), "{error}");
    let wrong = maps(
        FeatureKind::Positive,
        4,
        &Architecture { blocks: 1, ..SIZES },
        1,
    );
    let error = model
        .classify(&images(1, 6, 3, 1), &wrong)
        .unwrap_err()
        .to_string();
    assert!(error.contains("feature maps"), "{error}");
}

#[test]
fn heads_and_their_maps_must_be_as_many() {
    let model = Transformer::<f64>::new(SIZES, &mut rng(1)).unwrap();
    let map = |hidden| FeatureMap::draw(FeatureKind::Positive, 3, hidden, &mut rng(1)).unwrap();
    let three = HeadMaps::each(vec![map(4), map(4), map(4)]).unwrap();
    let wrong = Mechanism::Circuit(vec![three.clone(), three]);
    let images = images(1, 6, 3, 1);
    let message = model.classify(&images, &wrong).unwrap_err().to_string();
    assert!(message.contains("feature maps: size 3, but 2"), "{message}");
    let message = model.loss_and_gradient(&images, &[0], &wrong).unwrap_err();
    assert!(message.to_string().contains("feature maps"), "{message}");
    let message = HeadMaps::each(vec![map(4), map(5)]).unwrap_err();
    assert!(message.to_string().contains("hidden neurons"), "{message}");
    assert!(HeadMaps::<f64>::each(Vec::new()).is_err());
}

/// Mean over draws of how far logits are from those of softmax when the circuit attends.
fn swap_error(model: &Transformer<f64>, images: &LabelledImages) -> f64 {
    let exact = model.logits(images, &Mechanism::Softmax).unwrap();
    let error = |seed| {
        let mechanism = maps(
            FeatureKind::PositiveOrthogonal,
            64,
            &Architecture::MNIST,
            seed,
        );
        (model.logits(images, &mechanism).unwrap() - &exact).norm() / exact.norm()
    };
    (0..5).map(error).sum::<f64>() / 5.0
}

#[test]
fn balancing_changes_nothing_for_softmax_and_helps_the_circuit() {
    let mut model = Transformer::<f64>::new(Architecture::MNIST, &mut rng(21)).unwrap();
    for parameter in model.parameters_mut() {
        *parameter += 0.15;
    }
    let images = images(12, 28, 10, 22);
    let exact = model.logits(&images, &Mechanism::Softmax).unwrap();
    let error = swap_error(&model, &images);
    let chosen: Vec<usize> = (0..12).collect();
    model
        .balance(&images, &chosen, FeatureKind::PositiveOrthogonal)
        .unwrap();
    let after = model.logits(&images, &Mechanism::Softmax).unwrap();
    assert!((&after - &exact).amax() < 1e-9 * exact.amax());
    let balanced = swap_error(&model, &images);
    assert!(balanced < error, "{error} before, {balanced} after");
}
