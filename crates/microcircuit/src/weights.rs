//! Synaptic weights of a whole network.

use nalgebra::DMatrix;

use crate::params::Start;
use crate::{Params, Real};

/// Weights of one hidden layer l of n neurons, below a layer of m, above a layer of k.
#[derive(Clone, Debug, PartialEq)]
pub struct HiddenWeights<T> {
    /// Forward, onto the basal dendrites: n × k; with bias one more column, last.
    pub up: DMatrix<T>,
    /// Feedback, from the layer above onto the apical dendrites: n × m. Not plastic.
    pub down: DMatrix<T>,
    /// From the layer's interneurons onto the apical dendrites: n × m.
    pub pi: DMatrix<T>,
    /// From the layer's pyramidal neurons onto its interneurons: m × n; with bias one more column, last.
    pub ip: DMatrix<T>,
}

/// Weights of a network: hidden layers from the input side, and the forward weights of the output layer.
///
/// All matrices are \[post, pre\]. Dimensionless.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights<T> {
    /// One entry per hidden layer; entry 0 is layer 1.
    pub hidden: Vec<HiddenWeights<T>>,
    /// Forward weights onto the output layer; with bias one more column, last.
    pub output: DMatrix<T>,
}

/// A matrix of the wrong shape: which, the shape it has, and the shape the parameters ask for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "weights {name} are {} x {}: these parameters ask for {} x {} [post, pre]",
    found.0, found.1, expected.0, expected.1
)]
pub struct ShapeError {
    /// Name as in the NPZ files: `up_1`, `down_1`, `pi_1`, `ip_1`, …, `up_N`.
    pub name: String,
    /// Rows and columns it has.
    pub found: (usize, usize),
    /// Rows and columns it should have.
    pub expected: (usize, usize),
}

/// The four kinds of connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Synapse {
    /// Forward, from the layer below.
    Up,
    /// Feedback, from the layer above.
    Down,
    /// From interneurons to pyramidal neurons of the same layer.
    Pi,
    /// From pyramidal neurons to interneurons of the same layer.
    Ip,
}

impl Synapse {
    /// All four, in the order in which weights are drawn and stored.
    pub const ALL: [Self; 4] = [Self::Up, Self::Down, Self::Pi, Self::Ip];

    /// `"up"`, `"down"`, `"pi"` or `"ip"`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Pi => "pi",
            Self::Ip => "ip",
        }
    }
}

impl Params {
    /// Rows and columns of the weights of `synapse` in `layer` (from 1; the output layer has forward weights
    /// only), or `None` where there are none.
    pub fn shape(&self, layer: usize, synapse: Synapse) -> Option<(usize, usize)> {
        let hidden = (1..=self.n_hidden()).contains(&layer);
        match synapse {
            Synapse::Up if hidden || layer == self.n_hidden() + 1 => {
                Some((self.dim(layer), self.n_pre(layer - 1)))
            }
            Synapse::Down | Synapse::Pi if hidden => Some((self.dim(layer), self.dim(layer + 1))),
            Synapse::Ip if hidden => Some((self.dim(layer + 1), self.n_pre(layer))),
            _ => None,
        }
    }

    /// Every set of weights of the network, in the order in which they are drawn and stored.
    pub fn synapses(&self) -> impl Iterator<Item = (usize, Synapse)> {
        let hidden = (1..=self.n_hidden()).flat_map(|l| Synapse::ALL.map(|synapse| (l, synapse)));
        hidden.chain([(self.n_hidden() + 1, Synapse::Up)])
    }
}

impl<T: Real> Weights<T> {
    /// Draws the initial weights and, if `params` asks for it, puts the lateral ones in the self-predicting
    /// state (without drawing fewer).
    ///
    /// `uniform` gives uniform numbers in \[0, 1). One is consumed per weight, in the published order: for each
    /// hidden layer `up`, `down`, `pi`, `ip`, then the output's `up`; each row by row. A number u is rounded to
    /// f32 and becomes `(u - 0.5) * 2 * half_width` in f32, whatever `T` is.
    pub fn draw(params: &Params, mut uniform: impl FnMut() -> f64) -> Self {
        let raw = params.raw();
        let drawn = Weights::<f32>::from_fn(params, |_, synapse, shape| {
            let half_width = match synapse {
                Synapse::Up => raw.init_up,
                Synapse::Down => raw.init_down,
                Synapse::Pi => raw.init_pi,
                Synapse::Ip => raw.init_ip,
            } as f32;
            let row_major =
                (0..shape.0 * shape.1).map(|_| (uniform() as f32 - 0.5) * 2.0 * half_width);
            DMatrix::from_row_iterator(shape.0, shape.1, row_major)
        });
        match raw.start {
            Start::Random => drawn.cast(),
            Start::SelfPredicting => drawn.self_predicting(params).cast(),
        }
    }

    /// All weights zero.
    pub fn zeros(params: &Params) -> Self {
        Self::from_fn(params, |_, _, (rows, columns)| {
            DMatrix::from_element(rows, columns, T::default())
        })
    }

    /// Weights made by `make(layer, synapse, shape)`, called in the published order; layers count from 1.
    pub fn from_fn(
        params: &Params,
        mut make: impl FnMut(usize, Synapse, (usize, usize)) -> DMatrix<T>,
    ) -> Self {
        let mut made = |layer, synapse| {
            let shape = params
                .shape(layer, synapse)
                .expect("hidden layers have all four");
            make(layer, synapse, shape)
        };
        let hidden = (1..=params.n_hidden())
            .map(|layer| HiddenWeights {
                up: made(layer, Synapse::Up),
                down: made(layer, Synapse::Down),
                pi: made(layer, Synapse::Pi),
                ip: made(layer, Synapse::Ip),
            })
            .collect();
        Self {
            hidden,
            output: made(params.n_hidden() + 1, Synapse::Up),
        }
    }

    /// The lateral weights replaced by those of the self-predicting state: interneurons predict the layer
    /// above, and cancel its feedback in the apical dendrites.
    ///
    /// ```text
    /// W_pi = -W_down
    /// W_ip =  W_up(next layer) · g_b / (g_l + g_a + g_b) · (g_l + g_d) / g_d      g_a = 0 below the output
    /// ```
    ///
    /// Source: Sacramento et al., arXiv:1801.00062; factors rounded one by one, as in the published program.
    pub fn self_predicting(mut self, params: &Params) -> Self {
        let raw = params.raw();
        let real = T::from_f64;
        let n_hidden = params.n_hidden();
        for layer in 1..=n_hidden {
            let g_a = if layer < n_hidden { raw.g_a } else { 0.0 };
            let next = self
                .get(layer + 1, Synapse::Up)
                .expect("every layer has forward weights");
            let ip = next.map(|w| {
                w * real(raw.g_b) / real(raw.g_l + g_a + raw.g_b) * real(raw.g_l + raw.g_d)
                    / real(raw.g_d)
            });
            let hidden = &mut self.hidden[layer - 1];
            hidden.ip = ip;
            hidden.pi = hidden.down.map(|w| -w);
        }
        self
    }

    /// The weights of `synapse` in `layer` (from 1), or `None` where there are none.
    pub fn get(&self, layer: usize, synapse: Synapse) -> Option<&DMatrix<T>> {
        if layer == self.hidden.len() + 1 && synapse == Synapse::Up {
            return Some(&self.output);
        }
        let hidden = self.hidden.get(layer.checked_sub(1)?)?;
        Some(match synapse {
            Synapse::Up => &hidden.up,
            Synapse::Down => &hidden.down,
            Synapse::Pi => &hidden.pi,
            Synapse::Ip => &hidden.ip,
        })
    }

    /// Checks every shape against `params`.
    ///
    /// # Errors
    ///
    /// [`ShapeError`] for the first matrix that does not fit; a missing one counts as 0 × 0.
    pub fn check(&self, params: &Params) -> Result<(), ShapeError> {
        for (layer, synapse) in params.synapses() {
            let expected = params.shape(layer, synapse).unwrap_or_default();
            let found = self
                .get(layer, synapse)
                .map(DMatrix::shape)
                .unwrap_or_default();
            if found != expected {
                return Err(ShapeError {
                    name: array_name(layer, synapse),
                    found,
                    expected,
                });
            }
        }
        Ok(())
    }

    /// The same weights in another precision.
    pub fn cast<U: Real>(&self) -> Weights<U> {
        let cast = |matrix: &DMatrix<T>| matrix.map(|w| U::from_f64(w.to_f64()));
        let hidden = self.hidden.iter().map(|hidden| HiddenWeights {
            up: cast(&hidden.up),
            down: cast(&hidden.down),
            pi: cast(&hidden.pi),
            ip: cast(&hidden.ip),
        });
        Weights {
            hidden: hidden.collect(),
            output: cast(&self.output),
        }
    }
}

/// Name of a set of weights in NPZ files: `up_1`, …; layer 1 is the first hidden one.
pub(crate) fn array_name(layer: usize, synapse: Synapse) -> String {
    format!("{}_{layer}", synapse.name())
}
