//! Which points are tried: at random, by a low-discrepancy sequence, or where points like the best ones are.

use anyhow::{Result, anyhow, ensure};
use rand::RngExt as _;
use serde::Deserialize;
use tpe::density_estimation::DefaultEstimatorBuilder;
use tpe::{
    TpeOptimizer, TpeOptimizerBuilder, categorical_range, histogram_estimator, parzen_estimator,
    range,
};

use super::space::Space;
use crate::experiment::stream;

/// How points are proposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Rule {
    /// Independent and uniform.
    Random,
    /// The Sobol sequence, scrambled by hashes (Burley, *J. Comput. Graph. Tech.* 9, 2020).
    Sobol,
    /// Tree-structured Parzen estimator (Bergstra et al., NIPS 2011): each parameter where its density among the best trials
    /// is large beside its density among the others. The first trials are those of [`Self::Sobol`].
    Tpe,
}

/// Points of the Sobol sequence before another scrambling takes over.
const SOBOL_POINTS: u32 = 1 << 16;

/// The fraction of trials that count as the best.
const BEST: f64 = 0.15;
/// Of the points that TPE proposes, one in this many is one of the Sobol sequence: with densities alone a search can stay for
/// ever where it has been (Falkner et al., ICML 2018, who take one in three).
const EXPLORE_ONE_IN: u32 = 10;
/// Draws from the density of the best, of which the one is taken that is likeliest beside the others. Of choices, the best
/// of several would be the same choice each time.
const DRAWS: usize = 24;
const DRAWS_OF_CHOICES: usize = 1;

impl Rule {
    /// As in files.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Sobol => "sobol",
            Self::Tpe => "tpe",
        }
    }

    /// Refuses a space with more parameters than there are sequences.
    pub(super) fn check(self, space: &Space) -> Result<()> {
        let (axes, most) = (space.free().count(), sobol_burley::NUM_DIMENSIONS as usize);
        ensure!(
            axes <= most || self == Self::Random,
            "key tune.space: {axes} parameters; rule {:?} knows {most} at most",
            self.name()
        );
        Ok(())
    }
}

/// A source of points, which is a pure function of its seed, of the number of a point, and of the trials that it was made with.
pub(super) struct Proposals<'a> {
    space: &'a Space,
    rule: Rule,
    seed: u64,
    /// Densities of the free axes in turn, once there are trials to learn from.
    models: Vec<TpeOptimizer<DefaultEstimatorBuilder>>,
}

impl<'a> Proposals<'a> {
    /// `ranked` are the places of all trials to learn from, the best first: one an axis, none where it is not there.
    pub(super) fn new(
        space: &'a Space,
        rule: Rule,
        seed: u64,
        ranked: &[&[Option<f64>]],
    ) -> Result<Self> {
        let mut models = Vec::new();
        if rule == Rule::Tpe && !ranked.is_empty() {
            for (axis, _, domain) in space.free() {
                let choices = domain.choices();
                let (estimator, range, draws) = match choices {
                    Some(n) => (
                        histogram_estimator(),
                        categorical_range(n)?,
                        DRAWS_OF_CHOICES,
                    ),
                    None => (parzen_estimator(), range(0.0, 1.0)?, DRAWS),
                };
                let mut model = TpeOptimizerBuilder::new();
                let model = model.gamma(BEST).candidates(draws);
                let model = model.build(estimator, range);
                let mut model = model.map_err(|error| anyhow!("{error}"))?;
                for (rank, places) in ranked.iter().enumerate() {
                    let place = places[axis].map_or(f64::NAN, |place| match choices {
                        Some(n) => (place * n as f64).floor(),
                        None => place,
                    });
                    model.tell(place, rank as f64)?;
                }
                models.push(model);
            }
        }
        Ok(Self {
            space,
            rule,
            seed,
            models,
        })
    }

    /// The point of this number: places of all axes, of which those count that are free.
    pub(super) fn places(&mut self, number: u32) -> Result<Vec<f64>> {
        let learns = !number.is_multiple_of(EXPLORE_ONE_IN);
        let free = self.space.free();
        let mut places = vec![0.5; self.space.keys().count()];
        for (dimension, (axis, key, domain)) in free.enumerate() {
            let mut random = stream(self.seed, &format!("{number} {key}"));
            let model = self.models.get_mut(dimension).filter(|_| learns);
            places[axis] = match (self.rule, model) {
                (Rule::Random, _) => random.random(),
                (Rule::Sobol, _) | (Rule::Tpe, None) => {
                    let turn = number / SOBOL_POINTS;
                    let scrambling = stream(self.seed, &format!("sobol {turn}")).random();
                    let place =
                        sobol_burley::sample(number % SOBOL_POINTS, dimension as u32, scrambling);
                    f64::from(place)
                }
                (Rule::Tpe, Some(model)) => {
                    let place = model.ask(&mut random)?;
                    match domain.choices() {
                        Some(n) => (place.floor() + 0.5) / n as f64,
                        None => place,
                    }
                }
            };
        }
        Ok(places)
    }
}
