//! The steady-state approximation, plainly.

use nalgebra::{DMatrix, DVector};

use super::plain::{Layer, add_scaled, decay_and_add, drive, presynaptic, rates, with_bias};
use crate::compartment::Compartment;
use crate::model::{Microcircuit, Pattern, PresentError, check_somata};
use crate::observe::{Observer, Snapshot, View};
use crate::params::Sweep;
use crate::weights::{ShapeError, Synapse, Weights};
use crate::{Params, Real};

/// The steady-state approximation as [`crate::SteadNet`] documents it, written plainly.
pub struct PlainSteadNet<T: Real> {
    params: Params,
    weights: Weights<T>,
    deltas: Weights<T>,
    layers: Vec<Layer<T>>,
    input: Vec<f64>,
    target: Vec<f64>,
    exposures: u64,
    time_ms: f64,
}

impl<T: Real> PlainSteadNet<T> {
    /// A network at rest.
    ///
    /// # Errors
    ///
    /// [`ShapeError`] if the weights do not fit the parameters.
    pub fn new(params: Params, weights: &Weights<T>) -> Result<Self, ShapeError> {
        weights.check(&params)?;
        Ok(Self {
            deltas: Weights::zeros(&params),
            layers: Layer::resting(&params),
            weights: weights.clone(),
            input: vec![0.0; params.dim(0)],
            target: vec![0.0; params.dim(params.n_hidden() + 1)],
            exposures: 0,
            time_ms: 0.0,
            params,
        })
    }

    fn presynaptic_of(&self, i: usize) -> DVector<T> {
        match i {
            0 => {
                let r = DVector::from_iterator(
                    self.input.len(),
                    self.input.iter().map(|r| T::from_f64(*r)),
                );
                with_bias(&self.params, r)
            }
            _ => presynaptic(&self.params, &self.layers[i - 1].soma),
        }
    }

    fn upward(&mut self, first: bool, nudge: bool) {
        let real = T::from_f64;
        let n_hidden = self.params.n_hidden();
        for i in 0..=n_hidden {
            let weights = self.weights.get(i + 1, Synapse::Up).expect("every layer");
            self.layers[i].basal = drive(weights, &self.presynaptic_of(i));
            let prediction = real(self.params.basal_prediction(i + 1));
            self.layers[i].soma = self.layers[i].basal.map(|v| prediction * v);
            if i < n_hidden {
                if !first {
                    self.apical(i);
                }
                self.interneurons(i, first);
            } else if nudge {
                let raw = self.params.raw();
                let lambda = raw.g_som / (raw.g_l + raw.g_b + raw.g_som);
                for (u, target) in self.layers[i].soma.iter_mut().zip(&self.target) {
                    *u = real(1.0 - lambda) * *u + real(lambda * target);
                }
            }
        }
    }

    /// Adds the apical contribution to the somata of hidden layer `i`, which must hold the basal one.
    fn apical(&mut self, i: usize) {
        let raw = self.params.raw();
        let weights = &self.weights.hidden[i];
        let next = rates(raw.activation, &self.layers[i + 1].soma);
        let inn = rates(raw.activation, &self.layers[i].inn_soma);
        let layer = &mut self.layers[i];
        layer.apical = drive(&weights.down, &next) + drive(&weights.pi, &inn);
        let lambda = T::from_f64(raw.g_a / (raw.g_l + raw.g_b + raw.g_a));
        layer.soma.zip_apply(&layer.apical, |u, v| *u += lambda * v);
    }

    fn interneurons(&mut self, i: usize, first: bool) {
        let raw = self.params.raw();
        let real = T::from_f64;
        self.layers[i].inn_dendrite = drive(
            &self.weights.hidden[i].ip,
            &presynaptic(&self.params, &self.layers[i].soma),
        );
        let factor = real(self.params.dendritic_prediction());
        let mut prediction = self.layers[i].inn_dendrite.map(|v| factor * v);
        if !first {
            let lambda = raw.g_som / (raw.g_l + raw.g_d + raw.g_som);
            prediction.zip_apply(&self.layers[i + 1].soma, |u, next| {
                *u = real(1.0 - lambda) * *u + real(lambda) * next;
            });
        }
        self.layers[i].inn_soma = prediction;
    }

    fn downward(&mut self) {
        let revisited = match self.params.sweep() {
            Sweep::Published => 1,
            Sweep::Downward => self.params.n_hidden(),
        };
        for i in (0..revisited).rev() {
            self.interneurons(i, false);
            let prediction = T::from_f64(self.params.basal_prediction(i + 1));
            self.layers[i].soma = self.layers[i].basal.map(|v| prediction * v);
            self.apical(i);
        }
    }

    fn plasticity(&mut self) {
        let raw = self.params.raw();
        let dt = (raw.t_pattern_ms - raw.learning_lag_ms) / raw.n_exposures as f64;
        let a = T::from_f64(dt / (raw.tau_w_ms + dt));
        let f = |u: T| raw.activation.rate(u);
        let rule =
            |w: &mut DMatrix<T>, d: &mut DMatrix<T>, eta: f64, e: &DVector<T>, r: &DVector<T>| {
                decay_and_add(d, T::from_f64(1.0) - a, a, e, r);
                add_scaled(w, T::from_f64(dt * eta), d);
            };
        for i in 0..self.layers.len() {
            let pre = self.presynaptic_of(i);
            let layer = &self.layers[i];
            let prediction = T::from_f64(self.params.basal_prediction(i + 1));
            let e_up = layer
                .soma
                .zip_map(&layer.basal, |u, v| f(u) - f(prediction * v));
            if i == self.params.n_hidden() {
                let eta = self.params.eta_up(i + 1);
                rule(
                    &mut self.weights.output,
                    &mut self.deltas.output,
                    eta,
                    &e_up,
                    &pre,
                );
                continue;
            }
            let (weights, deltas) = (&mut self.weights.hidden[i], &mut self.deltas.hidden[i]);
            let prediction = T::from_f64(self.params.dendritic_prediction());
            let e_ip = layer
                .inn_soma
                .zip_map(&layer.inn_dendrite, |u, v| f(u) - f(prediction * v));
            let (inn, e_pi) = (
                rates(raw.activation, &layer.inn_soma),
                layer.apical.map(|v| -v),
            );
            let rate = presynaptic(&self.params, &layer.soma);
            let (eta_up, eta_pi) = (self.params.eta_up(i + 1), self.params.eta_pi(i + 1));
            let eta_ip = self.params.eta_ip(i + 1);
            rule(&mut weights.up, &mut deltas.up, eta_up, &e_up, &pre);
            rule(&mut weights.pi, &mut deltas.pi, eta_pi, &e_pi, &inn);
            rule(&mut weights.ip, &mut deltas.ip, eta_ip, &e_ip, &rate);
        }
    }

    fn reset_first_deltas(&mut self) {
        let zeros = Weights::zeros(&self.params);
        self.deltas.hidden[0] = zeros.hidden[0].clone();
    }
}

impl<T: Real> Microcircuit<T> for PlainSteadNet<T> {
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
        self.input.copy_from_slice(pattern.input);
        self.target.copy_from_slice(pattern.target);
        let every = observer.every();
        let raw = self.params.raw().clone();
        for exposure in 0..raw.n_exposures {
            for pass in 0..raw.n_passes {
                self.upward(pass == 0, pattern.nudge);
                self.downward();
            }
            if pattern.learn {
                if exposure == 0 && raw.reset_deltas {
                    self.reset_first_deltas();
                }
                self.plasticity();
            }
            self.exposures += 1;
            self.time_ms += raw.t_pattern_ms / raw.n_exposures as f64;
            if every != 0 && self.exposures.is_multiple_of(every) {
                observer.observe(&View::new(self.exposures, self.time_ms, self));
            }
        }
        check_somata(&self.params, self.time_ms, |layer, compartment| {
            Microcircuit::potential(self, layer, compartment)
        })?;
        Ok(self.layers[self.params.n_hidden()].soma.as_slice())
    }

    fn reset(&mut self) {
        self.deltas = Weights::zeros(&self.params);
        self.layers = Layer::resting(&self.params);
        self.exposures = 0;
        self.time_ms = 0.0;
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

impl<T: Real> Snapshot<T> for PlainSteadNet<T> {
    fn input(&self) -> Vec<f64> {
        self.input.clone()
    }

    fn target(&self) -> Vec<f64> {
        self.target.clone()
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
