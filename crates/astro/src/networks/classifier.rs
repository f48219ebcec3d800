//! The networks of the talk: digit classifiers on a code of 20 numbers, and the XOR network.

use std::sync::Arc;

use super::error::NetworkError;
use super::layers::{
    Activation, Band, Dense, Diffusion, Dropout, Initial, Kind, Layer, Noise, Nonlinearity,
    Spillover, Wiring,
};
use super::network::Network;
use crate::numerics::NumericsError;

/// What sits behind every gather and every slide of an astrocyte classifier.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Disturbance {
    /// Nothing.
    #[default]
    None,
    /// Transmitter diffuses to the neighbours with this σ, in cells.
    Diffusion(Spillover, f64),
    /// Normal noise of this standard deviation.
    Noise(f64),
    /// Connections are lost with this probability.
    Dropout(f64),
}

impl Disturbance {
    fn layer(self, features: usize) -> Result<Option<Arc<dyn Layer>>, NetworkError> {
        Ok(match self {
            Self::None => None,
            Self::Diffusion(spillover, sigma) => {
                Some(Arc::new(Diffusion::new(spillover, features, sigma)?))
            }
            Self::Noise(sigma) => Some(Arc::new(Noise::new(features, sigma)?)),
            Self::Dropout(p) => Some(Arc::new(Dropout::new(features, p)?)),
        })
    }
}

/// Astrocytes only, from a code of `inputs` numbers to log-probabilities of `classes` classes.
///
/// ```text
/// for s = inputs, inputs − 2, …, classes + 2:   gather(s)  [disturbance]  slide(s−2)  [disturbance]  softmax
/// after the last slide log-softmax in the place of softmax
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AstrocyteClassifier {
    /// Length of the code; an even number above `classes`. 20 in the talk.
    pub inputs: usize,
    /// Number of classes. 10 in the talk.
    pub classes: usize,
    /// Published or lattice.
    pub wiring: Wiring,
    /// What initial values are drawn from.
    pub initial: Initial,
    /// What sits behind every layer.
    pub disturbance: Disturbance,
}

impl AstrocyteClassifier {
    /// The talk's network, 20 → 10, undisturbed.
    pub const fn talk(wiring: Wiring) -> Self {
        Self {
            inputs: 20,
            classes: 10,
            wiring,
            initial: Initial::Published,
            disturbance: Disturbance::None,
        }
    }

    /// The network, all values 0.
    ///
    /// # Errors
    ///
    /// [`NumericsError::Range`] if the width is not above the classes by an even number, or a disturbance is out of range.
    pub fn build(&self) -> Result<Network, NetworkError> {
        let Self {
            inputs,
            classes,
            wiring,
            initial,
            disturbance,
        } = *self;
        if classes == 0 || inputs <= classes || !(inputs - classes).is_multiple_of(2) {
            return Err(NumericsError::Range {
                what: "the code length of an astrocyte classifier",
                value: inputs as f64,
                range: "the number of classes plus a positive even number, since a gather takes two away",
            }
            .into());
        }
        let mut layers: Vec<Arc<dyn Layer>> = Vec::new();
        for width in (classes + 2..=inputs).rev().step_by(2) {
            let narrow = width - 2;
            for (kind, from) in [(Kind::Gather, width), (Kind::Slide, narrow)] {
                let band = Band::new(kind, wiring, from, true)?;
                layers.push(Arc::new(band.with_initial(initial)));
                layers.extend(disturbance.layer(narrow)?);
            }
            let last = narrow == classes;
            let function = if last {
                Activation::LogSoftmax
            } else {
                Activation::Softmax
            };
            layers.push(Arc::new(Nonlinearity {
                function,
                features: narrow,
            }));
        }
        Network::new(layers)
    }
}

/// Dense layers of these widths with softmax between them and log-softmax at the end: 20-20-10 is what the program behind the talk
/// trains, 20-30-10 what the talk says.
///
/// # Errors
///
/// [`NumericsError::Range`] if there are fewer than two widths or one is 0.
pub fn neuron_classifier(widths: &[usize]) -> Result<Network, NetworkError> {
    if let Some(&width) = widths.iter().find(|&&width| width == 0) {
        let range = "at least 1";
        return Err(NumericsError::Range {
            what: "the width of a dense layer",
            value: width as f64,
            range,
        }
        .into());
    }
    let mut layers: Vec<Arc<dyn Layer>> = Vec::new();
    for (i, pair) in widths.windows(2).enumerate() {
        layers.push(Arc::new(Dense {
            inputs: pair[0],
            outputs: pair[1],
        }));
        let last = i + 2 == widths.len();
        let function = if last {
            Activation::LogSoftmax
        } else {
            Activation::Softmax
        };
        layers.push(Arc::new(Nonlinearity {
            function,
            features: pair[1],
        }));
    }
    Network::new(layers)
}

/// The XOR network of the program behind the talk: two inputs spread to ten astrocytes (a slide after every spread), then gathered to
/// one output; softmax between all layers, no bias in the published wiring.
///
/// ```text
/// spread, slide: 2-4-4-6-6-8-8-10-10   gather: 10-8-6-4-2-1
/// ```
///
/// # Errors
///
/// None for these widths; the type is that of all builders.
pub fn xor_network(
    wiring: Wiring,
    bias: bool,
    activation: Activation,
) -> Result<Network, NetworkError> {
    let mut kinds = [Kind::Spread, Kind::Slide].repeat(4);
    kinds.extend([Kind::Gather; 5]);
    let mut layers: Vec<Arc<dyn Layer>> = Vec::new();
    let mut width = 2;
    for kind in kinds {
        if !layers.is_empty() {
            layers.push(Arc::new(Nonlinearity {
                function: activation,
                features: width,
            }));
        }
        layers.push(Arc::new(Band::new(kind, wiring, width, bias)?));
        width = kind.outputs(width);
    }
    Network::new(layers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::random::Streams;

    #[test]
    fn the_talks_network_has_the_published_number_of_live_values() {
        let network = AstrocyteClassifier::talk(Wiring::Published)
            .build()
            .unwrap();
        assert_eq!(network.theta().len(), 420 + 140);
        assert_eq!(neuron_classifier(&[20, 20, 10]).unwrap().theta().len(), 630);
        let xor = xor_network(Wiring::Published, false, Activation::Softmax).unwrap();
        assert_eq!(xor.layers().len(), 25);
    }

    #[test]
    fn a_disturbance_leaves_the_initial_values_as_they_are() {
        let build = |disturbance| {
            let network = AstrocyteClassifier {
                disturbance,
                ..AstrocyteClassifier::talk(Wiring::Published)
            };
            network
                .build()
                .unwrap()
                .initialised(&mut Streams::new(3).weights)
        };
        let plain = build(Disturbance::None);
        for disturbance in [
            Disturbance::Diffusion(Spillover::Published, 0.3),
            Disturbance::Noise(0.1),
            Disturbance::Dropout(0.1),
        ] {
            assert_eq!(plain.theta(), build(disturbance).theta());
        }
    }

    #[test]
    fn an_odd_width_is_named() {
        let odd = AstrocyteClassifier {
            inputs: 21,
            ..AstrocyteClassifier::talk(Wiring::Lattice)
        };
        assert!(odd.build().unwrap_err().to_string().contains("is 21"));
    }
}
