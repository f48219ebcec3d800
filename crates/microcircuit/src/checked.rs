//! Checked parameters, and the errors that unchecked ones can have.

use std::fmt::Debug;

use crate::params::{Integrator, NetworkParams, Sweep};

/// A parameter that cannot be run: which, its value, and what would be right.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("network.{key} = {value}: {remedy}")]
pub struct ParamError {
    /// The parameter's name, as in the TOML.
    pub key: &'static str,
    /// Its value, as written.
    pub value: String,
    /// What would be right.
    pub remedy: String,
}

/// Parameters that passed [`NetworkParams::check`], with what follows from them.
#[derive(Clone, Debug, PartialEq)]
pub struct Params {
    raw: NetworkParams,
    eta_up: Vec<f64>,
    eta_ip: Vec<f64>,
    eta_pi: Vec<f64>,
}

impl NetworkParams {
    /// Checks every parameter, and derives the constants of the simulation from them.
    ///
    /// # Errors
    ///
    /// [`ParamError`], for the first parameter that cannot be run: its key, its value and what would be right.
    pub fn check(&self) -> Result<Params, ParamError> {
        Params::new(self)
    }
}

impl Params {
    pub(crate) fn new(raw: &NetworkParams) -> Result<Self, ParamError> {
        check_shape(raw)?;
        check_conductances(raw)?;
        check_times(raw)?;
        check_amounts(raw)?;
        let layers = raw.dims.len() - 1;
        Ok(Self {
            raw: raw.clone(),
            eta_up: rates("eta_up", &raw.eta_up, layers, "layer above the input")?,
            eta_ip: rates("eta_ip", &raw.eta_ip, layers - 1, "hidden layer")?,
            eta_pi: rates("eta_pi", &raw.eta_pi, layers - 1, "hidden layer")?,
        })
    }

    /// The parameters as they were written.
    pub fn raw(&self) -> &NetworkParams {
        &self.raw
    }

    /// Number of hidden layers.
    pub fn n_hidden(&self) -> usize {
        self.raw.dims.len() - 2
    }

    /// Neurons in `layer`; 0 is the input, 1 the first hidden layer.
    pub fn dim(&self, layer: usize) -> usize {
        self.raw.dims[layer]
    }

    /// Columns of a weight matrix whose presynaptic layer is `layer`: its neurons, and the bias if there is one.
    pub fn n_pre(&self, layer: usize) -> usize {
        self.raw.dims[layer] + usize::from(self.raw.bias_rate.is_some())
    }

    /// Learning rate of the forward weights into `layer`, from 1.
    pub fn eta_up(&self, layer: usize) -> f64 {
        self.eta_up[layer - 1]
    }

    /// Learning rate from pyramidal neurons to interneurons of hidden `layer`, from 1.
    pub fn eta_ip(&self, layer: usize) -> f64 {
        self.eta_ip[layer - 1]
    }

    /// Learning rate from interneurons to pyramidal neurons of hidden `layer`, from 1.
    pub fn eta_pi(&self, layer: usize) -> f64 {
        self.eta_pi[layer - 1]
    }

    /// Euler steps per pattern.
    pub fn steps_per_pattern(&self) -> usize {
        self.steps(self.raw.t_pattern_ms)
    }

    /// Steps at the start of every pattern that are not plastic: learning lag / dt, to nearest, ties to even.
    pub fn learning_lag_steps(&self) -> usize {
        self.steps(self.raw.learning_lag_ms)
    }

    /// Steps at the start of every pattern before the output is averaged; rounded in the same way.
    pub fn out_lag_steps(&self) -> usize {
        self.steps(self.raw.out_lag_ms)
    }

    /// Factor from the basal potential of a pyramidal neuron to its dendritic prediction: g_b / (g_l + g_b + g_a), without
    /// g_a in the output layer.
    ///
    /// `layer` counts from 1.
    pub fn basal_prediction(&self, layer: usize) -> f64 {
        let NetworkParams { g_l, g_b, .. } = self.raw;
        let g_a = if layer <= self.n_hidden() {
            self.raw.g_a
        } else {
            0.0
        };
        g_b / (g_l + g_b + g_a)
    }

    /// Factor from the dendritic potential of an interneuron to its prediction: g_d / (g_l + g_d).
    pub fn dendritic_prediction(&self) -> f64 {
        self.raw.g_d / (self.raw.g_l + self.raw.g_d)
    }

    /// SteadNet's order of the downward sweep.
    pub fn sweep(&self) -> Sweep {
        let default = if self.n_hidden() > 1 {
            Sweep::Downward
        } else {
            Sweep::Published
        };
        self.raw.sweep.unwrap_or(default)
    }

    fn steps(&self, time_ms: f64) -> usize {
        steps(time_ms, self.raw.dt_ms) as usize
    }
}

fn steps(time_ms: f64, dt_ms: f64) -> f64 {
    (time_ms / dt_ms).round_ties_even()
}

/// Steps per pattern beyond which a parameter is refused as a typing error (a pattern of 100 s at dt 0.1 ms).
const MAX_STEPS: f64 = 1e6;

fn error(key: &'static str, value: impl Debug, remedy: impl Into<String>) -> ParamError {
    ParamError {
        key,
        value: format!("{value:?}"),
        remedy: remedy.into(),
    }
}

fn rates(
    key: &'static str,
    rates: &crate::PerLayer,
    n: usize,
    each: &str,
) -> Result<Vec<f64>, ParamError> {
    let expanded = rates.expand(n).ok_or_else(|| {
        error(
            key,
            &rates.0,
            format!("give {n} rates, one per {each}, or a single number for all"),
        )
    })?;
    for eta in &expanded {
        if !(eta.is_finite() && *eta >= 0.0) {
            let remedy = "a learning rate is finite and not negative";
            return Err(error(key, eta, remedy));
        }
    }
    Ok(expanded)
}

fn check_shape(raw: &NetworkParams) -> Result<(), ParamError> {
    if raw.dims.len() < 3 {
        return Err(error(
            "dims",
            &raw.dims,
            "give at least three layers: input, hidden, output",
        ));
    }
    if raw.dims.contains(&0) {
        return Err(error(
            "dims",
            &raw.dims,
            "every layer needs at least one neuron",
        ));
    }
    let weights = |pair: &[usize]| pair[0].saturating_mul(pair[1]);
    if raw.dims.windows(2).any(|pair| weights(pair) > 1 << 28) {
        return Err(error(
            "dims",
            &raw.dims,
            "keep neighbouring layers below 2^28 weights",
        ));
    }
    Ok(())
}

fn check_conductances(raw: &NetworkParams) -> Result<(), ParamError> {
    let dt_ms = raw.dt_ms;
    positive("dt_ms", dt_ms, "ms")?;
    for (key, g) in [("g_l", raw.g_l), ("g_b", raw.g_b), ("g_d", raw.g_d)] {
        positive(key, g, "1/ms")?;
    }
    not_negative("g_a", raw.g_a, "1/ms")?;
    not_negative("g_som", raw.g_som, "1/ms")?;
    let (pyramidal, output) = (raw.g_b + raw.g_a, raw.g_b + raw.g_som);
    let total = raw.g_l + pyramidal.max(output).max(raw.g_d + raw.g_som);
    if dt_ms * total >= 2.0 {
        let limit = 2.0 / total;
        return Err(error(
            "dt_ms",
            dt_ms,
            format!("explicit Euler is unstable; with these conductances stay below {limit:.3} ms"),
        ));
    }
    Ok(())
}

fn check_times(raw: &NetworkParams) -> Result<(), ParamError> {
    let dt = raw.dt_ms;
    for (key, value) in [("tau_w_ms", raw.tau_w_ms), ("tau_0_ms", raw.tau_0_ms)] {
        positive(key, value, "ms")?;
        if value < dt {
            return Err(error(
                key,
                value,
                format!("a time constant is at least one step, {dt} ms"),
            ));
        }
    }
    positive("t_pattern_ms", raw.t_pattern_ms, "ms")?;
    let n_steps = steps(raw.t_pattern_ms, dt);
    if n_steps < 1.0 {
        return Err(error(
            "t_pattern_ms",
            raw.t_pattern_ms,
            format!("at least one step, {dt} ms"),
        ));
    }
    if n_steps > MAX_STEPS {
        return Err(error(
            "t_pattern_ms",
            raw.t_pattern_ms,
            format!("at most {MAX_STEPS} steps of {dt} ms"),
        ));
    }
    not_negative("out_lag_ms", raw.out_lag_ms, "ms")?;
    if steps(raw.out_lag_ms, dt) >= n_steps {
        return Err(error(
            "out_lag_ms",
            raw.out_lag_ms,
            format!(
                "leave at least one step to average over, below {} ms",
                raw.t_pattern_ms
            ),
        ));
    }
    not_negative("learning_lag_ms", raw.learning_lag_ms, "ms")?;
    if raw.learning_lag_ms > raw.t_pattern_ms {
        return Err(error(
            "learning_lag_ms",
            raw.learning_lag_ms,
            format!("at most the pattern's {} ms", raw.t_pattern_ms),
        ));
    }
    Ok(())
}

fn check_amounts(raw: &NetworkParams) -> Result<(), ParamError> {
    not_negative("noise", raw.noise, "1/ms")?;
    if raw.noise > 0.0 && raw.integrator == Integrator::Adaptive {
        return Err(error(
            "integrator",
            raw.integrator,
            "noise has no slope that long steps could follow: take \"euler\", or noise = 0",
        ));
    }
    for (key, half_width) in [
        ("init_up", raw.init_up),
        ("init_down", raw.init_down),
        ("init_pi", raw.init_pi),
        ("init_ip", raw.init_ip),
    ] {
        not_negative(key, half_width, "half-width of the initial weights")?;
    }
    if let Some(bias) = raw.bias_rate.filter(|bias| !bias.is_finite()) {
        return Err(error(
            "bias_rate",
            bias,
            "a finite rate, or leave the key out for no bias",
        ));
    }
    positive("tolerance", raw.tolerance, "change of potential")?;
    for (key, value) in [("n_passes", raw.n_passes), ("n_exposures", raw.n_exposures)] {
        if value == 0 {
            return Err(error(key, value, "at least 1"));
        }
    }
    Ok(())
}

fn positive(key: &'static str, value: f64, unit: &str) -> Result<(), ParamError> {
    if value.is_finite() && value > 0.0 {
        return Ok(());
    }
    Err(error(
        key,
        value,
        format!("a finite number above zero ({unit})"),
    ))
}

fn not_negative(key: &'static str, value: f64, unit: &str) -> Result<(), ParamError> {
    if value.is_finite() && value >= 0.0 {
        return Ok(());
    }
    Err(error(
        key,
        value,
        format!("a finite number, zero or more ({unit})"),
    ))
}
