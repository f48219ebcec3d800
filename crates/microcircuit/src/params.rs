//! Parameters as a user writes them: the `[network]` table of a TOML file.

use serde::{Deserialize, Serialize};

use crate::per_layer::PerLayer;
use vecmath::Activation;

/// All parameters of a microcircuit, unchecked. [`NetworkParams::check`] turns them into [`Params`](crate::Params), which
/// can run.
///
/// Times in ms, conductances in 1/ms, potentials and rates dimensionless.
///
/// ```
/// let params = microcircuit::NetworkParams::yin_yang().check()?;
/// assert_eq!(params.steps_per_pattern(), 1000);
/// # Ok::<(), microcircuit::ParamError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkParams {
    /// Neurons per layer: input, hidden layers, output. At least one hidden layer.
    pub dims: Vec<usize>,
    /// From somatic potential to rate, the same in all layers.
    pub activation: Activation,
    /// Euler step, ms.
    pub dt_ms: f64,
    /// Leak conductance of every soma, 1/ms.
    pub g_l: f64,
    /// Conductance from basal dendrite to soma of a pyramidal neuron, 1/ms.
    pub g_b: f64,
    /// Conductance from apical dendrite to soma of a hidden pyramidal neuron, 1/ms.
    pub g_a: f64,
    /// Conductance from dendrite to soma of an interneuron, 1/ms.
    pub g_d: f64,
    /// Conductance of the nudging of output neurons (by the target) and interneurons (by the layer above), 1/ms.
    pub g_som: f64,
    /// Time constant of the low-pass Δ of the weight changes, ms.
    pub tau_w_ms: f64,
    /// Time constant of the transition from one pattern to the next, ms.
    pub tau_0_ms: f64,
    /// Standard deviation of the noise on every soma's derivative, 1/ms. It is added once a step, without √dt.
    #[serde(default)]
    pub noise: f64,
    /// Rate of the bias neuron that projects to all pyramidal neurons and interneurons; absent: no bias.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bias_rate: Option<f64>,
    /// Learning rates of the forward weights, one per layer above the input (or one number for all).
    pub eta_up: PerLayer,
    /// Learning rates from pyramidal neurons to interneurons, one per hidden layer (or one number for all).
    pub eta_ip: PerLayer,
    /// Learning rates from interneurons to pyramidal neurons, one per hidden layer (or one number for all).
    pub eta_pi: PerLayer,
    /// Initial forward weights are uniform in (−`init_up`, `init_up`).
    pub init_up: f64,
    /// The same for the feedback weights.
    pub init_down: f64,
    /// The same for the weights from interneurons to pyramidal neurons.
    pub init_pi: f64,
    /// The same for the weights from pyramidal neurons to interneurons.
    pub init_ip: f64,
    /// Whether the lateral weights start as drawn or in the self-predicting state.
    #[serde(default)]
    pub start: Start,
    /// Time for which a pattern is presented, ms.
    pub t_pattern_ms: f64,
    /// The output is averaged from this time of a pattern on, ms. (Not used by SteadNet.)
    pub out_lag_ms: f64,
    /// Plasticity is off until this time of every pattern, ms.
    #[serde(default)]
    pub learning_lag_ms: f64,
    /// Whether the low-pass Δ is zeroed after each pattern.
    #[serde(default)]
    pub reset_deltas: bool,
    /// In which coordinates the forward weights from the input layer are simulated.
    #[serde(default)]
    pub input: InputForm,
    /// How the full simulation advances in time.
    #[serde(default)]
    pub integrator: Integrator,
    /// Error of rates that the adaptive integrator allows itself per leap. The default keeps weight changes right to 1e-3 of
    /// their norm; below 3e-6, rounding in single precision is taken for an error, and leaps become needlessly short.
    #[serde(default = "default_tolerance")]
    pub tolerance: f64,
    /// SteadNet: upward and downward sweeps per exposure.
    #[serde(default = "one")]
    pub n_passes: usize,
    /// SteadNet: weight updates per pattern.
    #[serde(default = "one")]
    pub n_exposures: usize,
    /// SteadNet: which layers the downward sweep visits; absent: `published` with one hidden layer, where
    /// both are the same, `downward` with more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sweep: Option<Sweep>,
}

/// Initial state of the lateral weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// As drawn.
    #[default]
    Random,
    /// Interneurons predict the layer above, and cancel it in the apical dendrites.
    SelfPredicting,
}

/// In which coordinates the full simulation keeps the forward weights from the input layer.
///
/// Within a pattern the input moves along a line, `r(t) = x + (r_start - x) aᵗ`. In an orthonormal basis q₁, q₂ of
/// the plane of x and `r_start` (both with the bias) it has two coordinates, however many inputs there are; the
/// weights' projections `W q₁`, `W q₂` then obey the same equations as the weights of two inputs, while the part
/// of W across the plane changes in closed form. The matrices are brought up to date once per pattern.
///
/// The two differ by rounding. With [`InputForm::Plain`] a weight change below the resolution of its weight is lost in a
/// step as it is in the published programs, and published runs can be repeated to the sample; the factored form adds such
/// changes up before they are rounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InputForm {
    /// One coordinate per input, as the equations are written.
    #[default]
    Plain,
    /// Two coordinates where there are at least two inputs, counting the bias: for many inputs, where it is faster.
    Factored,
}

/// How the full simulation advances in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Integrator {
    /// Explicit Euler with step `dt_ms` throughout, as published.
    #[default]
    Euler,
    /// The sums of those steps, many at once, with a controlled error: an exponential predictor-corrector scheme. Where
    /// feedback is cancelled and the past forgotten, the steady state takes the place of steps that nothing is learned in or
    /// seen of. An observer sees every step that it asks for, which takes shorter leaps. The input's weights are simulated
    /// in [`InputForm::Factored`], whatever `input` says.
    Adaptive,
}

/// Which hidden layers SteadNet's downward sweep revisits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sweep {
    /// All, from the last to the first, as the text describes it.
    Downward,
    /// The first only, as the published program does it.
    Published,
}

fn one() -> usize {
    1
}

fn default_tolerance() -> f64 {
    3e-5
}

impl NetworkParams {
    /// The parameters that P. Hill (*Neuro-Backprop*, 2020) found best for the Yin-Yang task, at the
    /// learning-lag of 20 ms: 4-120-3, sigmoid, bias, self-predicting start.
    pub fn yin_yang() -> Self {
        Self {
            dims: vec![4, 120, 3],
            activation: Activation::Sigmoid,
            dt_ms: 0.1,
            g_l: 0.1,
            g_b: 1.0,
            g_a: 0.28,
            g_d: 1.0,
            g_som: 0.34,
            tau_w_ms: 30.0,
            tau_0_ms: 3.0,
            noise: 0.0,
            bias_rate: Some(0.5),
            eta_up: PerLayer(vec![6.1, 0.000_732]),
            eta_ip: PerLayer(vec![0.001_464]),
            eta_pi: PerLayer(vec![0.0]),
            init_up: 0.1,
            init_down: 1.0,
            init_pi: 1.0,
            init_ip: 0.1,
            start: Start::SelfPredicting,
            t_pattern_ms: 100.0,
            out_lag_ms: 80.0,
            learning_lag_ms: 20.0,
            reset_deltas: false,
            input: InputForm::Plain,
            integrator: Integrator::Euler,
            tolerance: default_tolerance(),
            n_passes: 1,
            n_exposures: 1,
            sweep: None,
        }
    }
}
