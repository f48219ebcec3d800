//! A trained transformer, frozen, its attention computed by circuits whose hidden neurons are drawn head by head.

use anyhow::{Context as _, Result, ensure};
use astro::attention::transformer::{LabelledImages, Mechanism, Transformer};
use astro::attention::{FeatureKind, FeatureMap, HeadMaps, Pairs, Spread, SpreadKind};
use astro::numerics::random::Streams;
use serde::{Deserialize, Serialize};

use super::sequence::{CIRCUIT, Hidden};
use super::trained::{ARCHITECTURE, CHUNK, TRANSFORMER, Trained, accuracy, first};
use super::{Contents, DataSets, Idle, Metric, Monitor, Outcome, Study};
use crate::results::{Column, columns};

/// One kind of attention, one draw, one accuracy. Nothing is trained.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::studies) struct AttentionFeatures {
    transformer: Trained,
    condition: Condition,
    circuit: Hidden,
    fit: Fit,
    test: Test,
}

/// What attends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Condition {
    /// Softmax, as trained.
    Softmax,
    /// Every token to all alike: no attention.
    Uniform,
    /// The circuit.
    Circuit,
}

/// What of a head's circuit is fitted to its queries and keys, in closed form.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fit {
    /// Whether they are first rewritten in a way that softmax does not notice.
    pub(super) balanced: bool,
    /// How widely frequencies are drawn.
    pub(super) spread: SpreadKind,
    /// To which pairs of a query and a key they are fitted.
    pub(super) pairs: Pairs,
}

/// Columns of [`Fit`].
pub(super) const FIT: &[Column] = &columns! {
    "fit.balanced" ["true or false"] "whether queries and keys are first rewritten such that softmax attention stays what it is and random features estimate it best",
    "fit.spread" ["word"] "covariance of the frequencies: unit (FAVOR+), isotropic (OPRF) or anisotropic (SDERF; balanced ADERF), fitted to each head",
    "fit.pairs" ["word"] "pairs of a query and a key that spreads are fitted to: all alike, or as softmax attention weighs them (attended)",
};

/// What is classified.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Test {
    /// Number of test images, the first ones.
    pub(super) images: usize,
}

/// Columns of [`Test`].
pub(super) const TEST: &[Column] = &columns! {
    "test.images" ["images"] "test images: the first so many",
};

impl Test {
    pub(super) fn check(&self) -> Result<()> {
        ensure!(self.images > 0, "test.images = 0: at least 1 is needed");
        Ok(())
    }
}

const SETTINGS: &[Column] = &columns! {
    "condition" ["word"] "what attends: softmax, uniform (no attention) or circuit",
};

/// What only the circuit has.
const CIRCUIT_ONLY: [&str; 6] = [
    "circuit.features",
    "circuit.m",
    "fit.balanced",
    "fit.spread",
    "fit.pairs",
    "transformer.balanced_on",
];

impl Fit {
    /// A map for every head of every block, fitted to what `model` asks and offers over the images; balances the model.
    pub(super) fn maps(
        &self,
        circuit: &Hidden,
        model: &mut Transformer<f32>,
        images: &LabelledImages,
        streams: &mut Streams,
    ) -> Result<Vec<Vec<FeatureMap<f32>>>> {
        let all: Vec<usize> = (0..images.len()).collect();
        if self.balanced {
            model.balance(images, &all, circuit.features)?;
        }
        let mut maps = Vec::new();
        for heads in model.head_tokens(images, &all)? {
            let mut block = Vec::new();
            for tokens in heads {
                let spread = Spread::best(self.spread, &tokens.moment(self.pairs))?;
                let m = circuit.count(tokens.dim());
                let rng = &mut streams.layers;
                block.push(FeatureMap::draw_spread(circuit.features, &spread, m, rng)?);
            }
            maps.push(block);
        }
        Ok(maps)
    }

    /// What of it has no effect on these hidden neurons.
    pub(super) fn idle(&self, circuit: &Hidden) -> Vec<Idle> {
        let mut idle = circuit.idle();
        match (circuit.features, self.spread) {
            (FeatureKind::EluPlusOne, _) => {
                let all = ["fit.balanced", "fit.spread", "fit.pairs"];
                idle.extend(Idle::all(&all, "circuit.features"));
            }
            (_, SpreadKind::Unit) => idle.extend(Idle::all(&["fit.pairs"], "fit.spread")),
            _ => {}
        }
        idle
    }

    /// Refuses features that cannot be drawn so.
    pub(super) fn check(&self, circuit: &Hidden) -> Result<()> {
        let plain = circuit.features.is_positive() || self.spread == SpreadKind::Unit;
        ensure!(
            plain || circuit.features == FeatureKind::EluPlusOne,
            "fit.spread = {:?}: with {} features it must be \"unit\", only positive ones can be spread",
            self.spread,
            circuit.features.name()
        );
        Ok(())
    }
}

impl AttentionFeatures {
    fn draw(
        &self,
        data: &DataSets,
        seed: u64,
        model: &mut Transformer<f32>,
    ) -> Result<Mechanism<f32>> {
        Ok(match self.condition {
            Condition::Softmax => Mechanism::Softmax,
            Condition::Uniform => Mechanism::Uniform,
            Condition::Circuit => {
                let images = self
                    .transformer
                    .calibration(&*self.transformer.digits(data)?)?;
                let streams = &mut Streams::new(seed);
                let maps = self.fit.maps(&self.circuit, model, &images, streams)?;
                let maps: Result<_, _> = maps.into_iter().map(HeadMaps::each).collect();
                Mechanism::Circuit(maps?)
            }
        })
    }
}

impl Study for AttentionFeatures {
    const NAME: &'static str = "attention-features";
    const METRICS: &'static [Metric] = &[
        Metric::higher("accuracy", "fraction", "correct test images"),
        Metric::neutral("images", "images", "test images classified"),
    ];
    const HEADLINE: &'static str = "accuracy";
    const SETTINGS: &'static [&'static [Column]] = &[TRANSFORMER, CIRCUIT, FIT, SETTINGS, TEST];

    fn resolve(&mut self, contents: &Contents) {
        self.transformer.resolve(contents);
    }

    fn idle(&self) -> Vec<Idle> {
        match self.condition {
            Condition::Circuit => self.fit.idle(&self.circuit),
            _ => Idle::all(&CIRCUIT_ONLY, "condition"),
        }
    }

    fn memory(&self) -> Vec<(&'static str, f64)> {
        let m = self.circuit.count(ARCHITECTURE.head_dim()) as f64;
        let image = ARCHITECTURE.heads as f64 * 400.0 * (m + 100.0);
        vec![
            ("circuit.m", image * CHUNK as f64),
            (
                "transformer.balanced_on",
                2e5 * self.transformer.balanced_on as f64,
            ),
        ]
    }

    fn check(&self, seed: u64) -> Result<()> {
        let streams = &mut Streams::new(seed);
        let dim = ARCHITECTURE.head_dim();
        self.circuit.draw::<f32>(dim, streams).context("circuit")?;
        self.fit.check(&self.circuit)?;
        self.test.check()?;
        self.transformer.check()
    }

    fn check_data(&self, data: &DataSets) -> Result<()> {
        self.transformer.check_data(data)
    }

    fn seconds(&self) -> f64 {
        let m = self.circuit.count(ARCHITECTURE.head_dim()) as f64;
        let test = self.test.images as f64;
        match self.condition {
            Condition::Circuit => 0.3 + test * (1e-4 + 4e-6 * m),
            _ => test * 1e-4,
        }
    }

    fn run(&self, seed: u64, data: &DataSets, monitor: &Monitor<'_>) -> Result<Outcome> {
        let mut model = Transformer::clone(&*self.transformer.load(data)?);
        let mechanism = self.draw(data, seed, &mut model)?;
        let digits = self.transformer.digits(data)?;
        let images = first(&digits.test, &digits.test_labels, self.test.images)?;
        let accuracy = accuracy(&model, &images, &mechanism, &|share| monitor.at(share))?;
        let mut outcome = Outcome::default();
        outcome.metric("accuracy", accuracy);
        outcome.metric("images", images.len());
        Ok(outcome)
    }
}
