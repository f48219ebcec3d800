//! Many networks side by side, one per lane of the vector unit.
#![allow(unreachable_pub, reason = "sealed traits name what is private")]

mod block;
mod step;

use nalgebra::DMatrix;

use self::block::{Block, Synapses};
pub(crate) use self::step::Engine;
use self::step::Job;
use crate::kernels::simd::Simd;
use crate::model::{BuildError, Compartment, Pattern, PresentError, check_somata};
use crate::params::Integrator;
use crate::weights::{Synapse, Weights};
use crate::{Params, Real};

/// Networks of the same parameters, each with weights and patterns of its own, simulated side by side.
///
/// Each network obeys the equations of [`PyraLNet`](crate::PyraLNet), and does what a PyraLNet of the same weights
/// does that is shown the same patterns, to rounding. A small network fills a vector badly with its few neurons;
/// so here every vector holds the same neuron, or weight, of as many networks as it has lanes (16 in single
/// precision with AVX-512). That makes 2-3-2 networks several times faster. Wide networks gain nothing, because
/// the state of many of them leaves the nearest cache: simulate these one after another.
///
/// Steps are the published explicit Euler steps, without noise, and nothing is there to observe between patterns
/// but somata, weights and Δ.
///
/// ```
/// use microcircuit::{NetworkParams, Pattern, Replicas, Weights};
/// use rand::{RngExt, SeedableRng};
///
/// let params = NetworkParams { dims: vec![2, 3, 2], ..NetworkParams::yin_yang() }.check()?;
/// let weights: Vec<_> = (0..16)
///     .map(|seed| {
///         let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
///         Weights::<f32>::draw(&params, || rng.random())
///     })
///     .collect();
/// let mut replicas = Replicas::new(params, &weights)?;
/// let pattern = Pattern::train(&[0.3, 0.7], &[0.1, 1.0]);
/// let outputs = replicas.present(&[pattern; 16])?;
/// assert_eq!((outputs.len(), outputs[0].len()), (16, 2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Replicas<T: Real> {
    params: Params,
    simd: Simd,
    width: usize,
    blocks: Vec<Block<T>>,
    outputs: Vec<Vec<T>>,
    step: u64,
}

/// Why replicas could not be made, or not present their patterns.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ReplicaError {
    /// There are no weights to make a network of.
    #[error("replicas of 0 networks: give the weights of at least one")]
    Empty,
    /// Leaps of the adaptive integrator are not the same for all networks.
    #[error(
        "network.integrator = \"adaptive\": replicas step together; use \"euler\", or PyraLNet"
    )]
    Adaptive,
    /// A network could not be made: its weights do not fit, or the parameters ask for noise.
    #[error("replica {replica}: {source}")]
    Build {
        /// Which network, from 0.
        replica: usize,
        /// What is wrong.
        source: BuildError,
    },
    /// There is no such network.
    #[error("replica {replica}: there are {len}, counted from 0")]
    Missing {
        /// The network that was asked for.
        replica: usize,
        /// Networks there are.
        len: usize,
    },
    /// The number of patterns is not that of networks.
    #[error("{found} patterns for {expected} replicas: give one for each")]
    Count {
        /// Patterns given.
        found: usize,
        /// Networks there are.
        expected: usize,
    },
    /// Some patterns are to be learned or nudged, and others not.
    #[error(
        "pattern {replica} differs from pattern 0 in learn or nudge: replicas do both together"
    )]
    Mixed {
        /// The first pattern that differs.
        replica: usize,
    },
    /// A pattern does not fit the network, before anything happened; or one network has diverged. The others are
    /// then as they should be.
    #[error("replica {replica}: {source}")]
    Present {
        /// Which network, from 0.
        replica: usize,
        /// What is wrong.
        source: PresentError,
    },
}

impl<T: Real> Replicas<T> {
    /// One network at rest for each of `weights`.
    ///
    /// # Errors
    ///
    /// [`ReplicaError`] if there are no weights, or some do not fit the parameters; or if these ask for noise or
    /// for the adaptive integrator.
    pub fn new(params: Params, weights: &[Weights<T>]) -> Result<Self, ReplicaError> {
        Self::build(params, weights, Simd::default())
    }

    /// The same on a vector unit of choice.
    ///
    /// # Errors
    ///
    /// As [`Replicas::new`].
    pub fn build(params: Params, weights: &[Weights<T>], simd: Simd) -> Result<Self, ReplicaError> {
        if weights.is_empty() {
            return Err(ReplicaError::Empty);
        }
        if params.raw().integrator == Integrator::Adaptive {
            return Err(ReplicaError::Adaptive);
        }
        if params.raw().noise > 0.0 {
            let source = BuildError::Noise(params.raw().noise);
            return Err(ReplicaError::Build { replica: 0, source });
        }
        let width = simd.lanes::<T>();
        let blocks = (0..weights.len().div_ceil(width)).map(|_| Block::new(&params, width));
        let outputs = params.dim(params.n_hidden() + 1);
        let mut replicas = Self {
            blocks: blocks.collect(),
            outputs: vec![vec![T::default(); outputs]; weights.len()],
            params,
            simd,
            width,
            step: 0,
        };
        for (replica, weights) in weights.iter().enumerate() {
            replicas.set_weights(replica, weights)?;
        }
        Ok(replicas)
    }

    /// The checked parameters all networks were made with.
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// Number of networks; at least one.
    #[allow(clippy::len_without_is_empty, reason = "never empty")]
    pub fn len(&self) -> usize {
        self.outputs.len()
    }

    /// Presents one pattern to each network, and returns the output layer's somatic potentials of each, averaged
    /// over the steps after `out_lag_ms`.
    ///
    /// # Errors
    ///
    /// [`ReplicaError`], before anything happens, if there is not one pattern per network, if one does not fit, or
    /// if they differ in whether they are learned or nudged; and after the pattern, for the first network whose
    /// somata have become absurd.
    pub fn present(&mut self, patterns: &[Pattern<'_>]) -> Result<&[Vec<T>], ReplicaError> {
        let (nudge, learn) = self.check(patterns)?;
        let raw = self.params.raw();
        let n = self.params.steps_per_pattern();
        let lag = self.params.learning_lag_steps();
        let job = Job {
            n,
            plastic_from: if learn { lag } else { n },
            average_from: self.params.out_lag_steps(),
            nudge,
        };
        let g_som = if nudge { raw.g_som } else { 0.0 };
        let keep = 1.0 - raw.dt_ms * (raw.g_l + raw.g_b + g_som);
        for (block, patterns) in self.blocks.iter_mut().zip(patterns.chunks(self.width)) {
            for (lane, pattern) in patterns.iter().enumerate() {
                block.aim(lane, pattern.input, pattern.target);
            }
            block.begin(keep);
            T::replicas(block, job, raw.activation, self.simd);
            if raw.reset_deltas {
                block.zero_deltas();
            }
        }
        self.step += n as u64;
        self.average(n - job.average_from);
        for replica in 0..self.len() {
            self.check_somata(replica)
                .map_err(|source| ReplicaError::Present { replica, source })?;
        }
        Ok(&self.outputs)
    }

    /// Whether all patterns are nudged, and learned.
    fn check(&self, patterns: &[Pattern<'_>]) -> Result<(bool, bool), ReplicaError> {
        if patterns.len() != self.len() {
            return Err(ReplicaError::Count {
                found: patterns.len(),
                expected: self.len(),
            });
        }
        let Pattern { nudge, learn, .. } = patterns[0];
        for (replica, pattern) in patterns.iter().enumerate() {
            pattern
                .check(&self.params)
                .map_err(|source| ReplicaError::Present { replica, source })?;
            if (pattern.nudge, pattern.learn) != (nudge, learn) {
                return Err(ReplicaError::Mixed { replica });
            }
        }
        Ok((nudge, learn))
    }

    fn average(&mut self, n: usize) {
        let n = T::from_f64(n as f64);
        for (replica, output) in self.outputs.iter_mut().enumerate() {
            let (block, lane) = (&self.blocks[replica / self.width], replica % self.width);
            let sums = block.lane(&block.sum, output.len(), lane);
            output
                .iter_mut()
                .zip(sums)
                .for_each(|(mean, sum)| *mean = sum / n);
        }
    }

    fn check_somata(&self, replica: usize) -> Result<(), PresentError> {
        let time_ms = self.step as f64 * self.params.raw().dt_ms;
        for layer in 1..=self.params.n_hidden() + 1 {
            for compartment in [Compartment::Soma, Compartment::InnSoma] {
                if let Some(somata) = self.potential(replica, layer, compartment) {
                    check_somata(time_ms, layer, compartment, &somata)?;
                }
            }
        }
        Ok(())
    }

    /// Zeroes potentials and Δ of all networks; the input and target filters restart at the next patterns' values.
    pub fn reset(&mut self) {
        self.blocks.iter_mut().for_each(Block::reset);
        self.step = 0;
    }

    /// A copy of the weights of network `replica`; `None` if there is no such network.
    pub fn weights(&self, replica: usize) -> Option<Weights<T>> {
        let (block, lane) = self.find(replica)?;
        Some(Weights::from_fn(&self.params, |layer, synapse, shape| {
            let synapses = block.synapses(layer, synapse);
            block.matrix(&synapses.expect("every set of weights").w, shape, lane)
        }))
    }

    /// Replaces the weights of network `replica`; potentials and Δ stay.
    ///
    /// # Errors
    ///
    /// [`ReplicaError`] if they do not fit the parameters, or if there is no such network.
    pub fn set_weights(
        &mut self,
        replica: usize,
        weights: &Weights<T>,
    ) -> Result<(), ReplicaError> {
        if replica >= self.len() {
            let len = self.len();
            return Err(ReplicaError::Missing { replica, len });
        }
        weights
            .check(&self.params)
            .map_err(|shape| ReplicaError::Build {
                replica,
                source: shape.into(),
            })?;
        let (block, lane) = (&mut self.blocks[replica / self.width], replica % self.width);
        for (layer, synapse) in self.params.synapses() {
            if let Some(matrix) = weights.get(layer, synapse) {
                block.set(layer, synapse, lane, matrix);
            }
        }
        Ok(())
    }

    /// A copy of the low-pass weight change Δ of `synapse` in `layer` (from 1) of network `replica`; `None` where
    /// there is none, and where the learning rate is zero.
    pub fn delta(&self, replica: usize, layer: usize, synapse: Synapse) -> Option<DMatrix<T>> {
        let (block, lane) = self.find(replica)?;
        let Synapses { p, scale, .. } = block.synapses(layer, synapse)?;
        let shape = self.params.shape(layer, synapse)?;
        let unscaled = |p: T| T::from_f64(p.to_f64() / scale);
        (*scale > 0.0).then(|| block.matrix(p, shape, lane).map(unscaled))
    }

    /// Somatic potentials of `layer` (from 1) of network `replica`, one per neuron or interneuron; `None` where
    /// there is no such network or compartment, and for dendrites, which are intermediate results of a step.
    pub fn potential(
        &self,
        replica: usize,
        layer: usize,
        compartment: Compartment,
    ) -> Option<Vec<T>> {
        let (block, lane) = self.find(replica)?;
        let hidden = block.hidden.get(layer.checked_sub(1)?);
        let group = match (compartment, hidden) {
            (Compartment::Soma, Some(hidden)) => &hidden.pyramidal,
            (Compartment::InnSoma, Some(hidden)) => &hidden.inn,
            (Compartment::Soma, None) if layer == block.hidden.len() + 1 => &block.output,
            _ => return None,
        };
        Some(block.lane(&group.soma, group.n, lane))
    }

    fn find(&self, replica: usize) -> Option<(&Block<T>, usize)> {
        let block = self.blocks.get(replica / self.width)?;
        (replica < self.len()).then_some((block, replica % self.width))
    }
}
