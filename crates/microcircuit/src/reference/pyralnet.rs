//! The full simulation, plainly.

use nalgebra::{DMatrix, DVector};

use super::plain::{Layer, add_scaled, decay_and_add, drive, presynaptic, rates, with_bias};
use crate::compartment::Compartment;
use crate::model::{Microcircuit, Pattern, PresentError, check_somata};
use crate::observe::{Observer, Snapshot, View};
use crate::weights::{ShapeError, Synapse, Weights};
use crate::{NoiseSource, Params, Real};

/// The full simulation as [`crate::PyraLNet`] documents it, written plainly: fixed Euler steps only.
pub struct PlainPyraLNet<T: Real> {
    params: Params,
    weights: Weights<T>,
    deltas: Weights<T>,
    layers: Vec<Layer<T>>,
    input: Option<Vec<f64>>,
    target: DVector<T>,
    out_average: Vec<T>,
    noise: Box<dyn NoiseSource>,
    step: u64,
}

impl<T: Real> PlainPyraLNet<T> {
    /// A network at rest. `noise` is drawn from only if the parameters ask for noise.
    ///
    /// # Errors
    ///
    /// [`ShapeError`] if the weights do not fit the parameters.
    pub fn new(
        params: Params,
        weights: &Weights<T>,
        noise: impl NoiseSource + 'static,
    ) -> Result<Self, ShapeError> {
        weights.check(&params)?;
        let outputs = params.dim(params.n_hidden() + 1);
        Ok(Self {
            deltas: Weights::zeros(&params),
            layers: Layer::resting(&params),
            weights: weights.clone(),
            input: None,
            target: DVector::from_element(outputs, T::default()),
            out_average: vec![T::default(); outputs],
            noise: Box::new(noise),
            step: 0,
            params,
        })
    }

    fn time_ms(&self) -> f64 {
        self.step as f64 * self.params.raw().dt_ms
    }

    fn step(&mut self, pattern: &Pattern<'_>, plastic: bool) {
        self.filter(pattern);
        let r_in = DVector::from_iterator(
            self.params.dim(0),
            self.input.iter().flatten().map(|r| T::from_f64(*r)),
        );
        let mut pre = with_bias(&self.params, r_in);
        let increments: Vec<_> = (0..self.layers.len())
            .map(|i| {
                let new_pre = presynaptic(&self.params, &self.layers[i].soma);
                self.dendrites(i, &pre, &new_pre);
                let increments = self.increments(i, pattern);
                if plastic {
                    self.plasticity(i, &pre, &new_pre);
                }
                pre = new_pre;
                increments
            })
            .collect();
        let dt = T::from_f64(self.params.raw().dt_ms);
        for (layer, (soma, inn_soma)) in self.layers.iter_mut().zip(increments) {
            layer.soma.zip_apply(&soma, |u, du| *u += dt * du);
            layer.inn_soma.zip_apply(&inn_soma, |u, du| *u += dt * du);
        }
        self.step += 1;
    }

    fn filter(&mut self, pattern: &Pattern<'_>) {
        let a = self.params.raw().dt_ms / self.params.raw().tau_0_ms;
        match &mut self.input {
            None => {
                self.input = Some(pattern.input.to_vec());
                self.target = DVector::from_iterator(
                    pattern.target.len(),
                    pattern.target.iter().map(|u| T::from_f64(*u)),
                );
            }
            Some(input) => {
                for (r, x) in input.iter_mut().zip(pattern.input) {
                    *r += a * (x - *r);
                }
                for (u, x) in self.target.iter_mut().zip(pattern.target) {
                    *u += T::from_f64(a) * (T::from_f64(*x) - *u);
                }
            }
        }
    }

    fn dendrites(&mut self, i: usize, pre: &DVector<T>, rate: &DVector<T>) {
        let activation = self.params.raw().activation;
        let basal_weights = self.weights.get(i + 1, Synapse::Up).expect("every layer");
        self.layers[i].basal = drive(basal_weights, pre);
        if let Some(hidden) = self.weights.hidden.get(i) {
            let next = rates(activation, &self.layers[i + 1].soma);
            let inn = rates(activation, &self.layers[i].inn_soma);
            self.layers[i].apical = drive(&hidden.down, &next) + drive(&hidden.pi, &inn);
            self.layers[i].inn_dendrite = drive(&hidden.ip, rate);
        }
    }

    fn increments(&mut self, i: usize, pattern: &Pattern<'_>) -> (DVector<T>, DVector<T>) {
        let raw = self.params.raw();
        let real = T::from_f64;
        let (g_l, g_b, g_a) = (real(raw.g_l), real(raw.g_b), real(raw.g_a));
        let (g_d, g_som) = (real(raw.g_d), real(raw.g_som));
        let layer = &self.layers[i];
        let basal = layer
            .soma
            .zip_map(&layer.basal, |u, v| -g_l * u + g_b * (v - u));
        let (mut soma, mut inn_soma) = match self.layers.get(i + 1) {
            Some(next) => {
                let apical = layer.soma.zip_map(&layer.apical, |u, v| g_a * (v - u));
                let dendrite = layer
                    .inn_soma
                    .zip_map(&layer.inn_dendrite, |u, v| -g_l * u + g_d * (v - u));
                let nudge = layer.inn_soma.zip_map(&next.soma, |u, v| g_som * (v - u));
                (basal + apical, dendrite + nudge)
            }
            None if pattern.nudge => {
                let nudge = layer.soma.zip_map(&self.target, |u, v| g_som * (v - u));
                (basal + nudge, DVector::from_element(0, T::default()))
            }
            None => (basal, DVector::from_element(0, T::default())),
        };
        if raw.noise > 0.0 {
            let sigma = if pattern.noise { raw.noise } else { 0.0 };
            for du in soma.iter_mut().chain(inn_soma.iter_mut()) {
                *du += real(sigma * self.noise.normal());
            }
        }
        (soma, inn_soma)
    }

    fn plasticity(&mut self, i: usize, pre: &DVector<T>, rate: &DVector<T>) {
        let (params, layer) = (&self.params, &self.layers[i]);
        let raw = params.raw();
        let f = |u: T| raw.activation.rate(u);
        let prediction = T::from_f64(params.basal_prediction(i + 1));
        let e_up = layer
            .soma
            .zip_map(&layer.basal, |u, v| f(u) - f(prediction * v));
        let rule =
            |w: &mut DMatrix<T>, d: &mut DMatrix<T>, eta: f64, e: &DVector<T>, r: &DVector<T>| {
                add_scaled(w, T::from_f64(raw.dt_ms * eta), d);
                let rate = T::from_f64(raw.dt_ms / raw.tau_w_ms);
                decay_and_add(d, T::from_f64(1.0) - rate, rate, e, r);
            };
        let (Some(weights), Some(deltas)) = (
            self.weights.hidden.get_mut(i),
            self.deltas.hidden.get_mut(i),
        ) else {
            let (w, d) = (&mut self.weights.output, &mut self.deltas.output);
            return rule(w, d, params.eta_up(i + 1), &e_up, pre);
        };
        let prediction = T::from_f64(params.dendritic_prediction());
        let e_ip = layer
            .inn_soma
            .zip_map(&layer.inn_dendrite, |u, v| f(u) - f(prediction * v));
        let inn = rates(raw.activation, &layer.inn_soma);
        let e_pi = layer.apical.map(|v| -v);
        let (eta_up, eta_pi) = (params.eta_up(i + 1), params.eta_pi(i + 1));
        let eta_ip = params.eta_ip(i + 1);
        rule(&mut weights.up, &mut deltas.up, eta_up, &e_up, pre);
        rule(&mut weights.pi, &mut deltas.pi, eta_pi, &e_pi, &inn);
        rule(&mut weights.ip, &mut deltas.ip, eta_ip, &e_ip, rate);
    }
}

impl<T: Real> Microcircuit<T> for PlainPyraLNet<T> {
    fn params(&self) -> &Params {
        &self.params
    }

    fn engine(&self) -> String {
        "plain".into()
    }

    fn present(
        &mut self,
        pattern: &Pattern<'_>,
        observer: &mut dyn Observer<T>,
    ) -> Result<&[T], PresentError> {
        pattern.check(&self.params)?;
        let every = observer.every();
        let n_steps = self.params.steps_per_pattern();
        let mut sum = vec![T::default(); pattern.target.len()];
        for i in 0..n_steps {
            self.step(
                pattern,
                pattern.learn && i >= self.params.learning_lag_steps(),
            );
            if i >= self.params.out_lag_steps() {
                let out = &self.layers[self.layers.len() - 1].soma;
                sum.iter_mut().zip(out).for_each(|(sum, u)| *sum += *u);
            }
            if every != 0 && self.step.is_multiple_of(every) {
                observer.observe(&View::new(self.step, self.time_ms(), self));
            }
        }
        if self.params.raw().reset_deltas {
            self.deltas = Weights::zeros(&self.params);
        }
        check_somata(&self.params, self.time_ms(), |layer, compartment| {
            Microcircuit::potential(self, layer, compartment)
        })?;
        let n = T::from_f64((n_steps - self.params.out_lag_steps()) as f64);
        self.out_average = sum.into_iter().map(|sum| sum / n).collect();
        Ok(&self.out_average)
    }

    fn reset(&mut self) {
        self.deltas = Weights::zeros(&self.params);
        self.layers = Layer::resting(&self.params);
        self.input = None;
        self.step = 0;
    }

    fn weights(&self) -> Weights<T> {
        self.weights.clone()
    }

    fn set_weights(&mut self, weights: &Weights<T>) -> Result<(), ShapeError> {
        weights.check(&self.params)?;
        self.weights = weights.clone();
        Ok(())
    }

    fn delta(&self, layer: usize, synapse: Synapse) -> Option<DMatrix<T>> {
        self.delta_of(layer, synapse)
    }

    fn potential(&self, layer: usize, compartment: Compartment) -> Option<Vec<T>> {
        Snapshot::potential(self, layer, compartment)
    }
}

impl<T: Real> Snapshot<T> for PlainPyraLNet<T> {
    fn input(&self) -> Vec<f64> {
        self.input.clone().unwrap_or_default()
    }

    fn target(&self) -> Vec<f64> {
        self.target.iter().map(|u| u.to_f64()).collect()
    }

    fn potential(&self, layer: usize, compartment: Compartment) -> Option<Vec<T>> {
        self.layers
            .get(layer.checked_sub(1)?)?
            .potential(compartment)
    }

    fn weights_of(&self, layer: usize, synapse: Synapse) -> Option<DMatrix<T>> {
        self.weights.get(layer, synapse).cloned()
    }

    fn delta_of(&self, layer: usize, synapse: Synapse) -> Option<DMatrix<T>> {
        if synapse == Synapse::Down {
            return None;
        }
        self.deltas.get(layer, synapse).cloned()
    }
}
