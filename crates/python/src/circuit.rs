//! Networks of either kind and precision, behind one trait that speaks in doubles.

use std::path::Path;

use microcircuit::{
    Compartment, Every, Microcircuit, NpzError, Number, Params, Pattern, PresentError, ShapeError,
    Synapse, View, Weights,
};
use nalgebra::DMatrix;

/// What Python does with a network.
pub(crate) trait Circuit: Send {
    fn params(&self) -> &Params;
    fn engine(&self) -> String;
    /// Presents a pattern, and writes the output.
    fn present(&mut self, pattern: &Pattern<'_>, output: &mut [f64]) -> Result<(), PresentError>;
    /// The same, with a look at these compartments every so many steps.
    fn record(
        &mut self,
        pattern: &Pattern<'_>,
        every: u64,
        of: &[(usize, Compartment)],
    ) -> Result<Vec<Look>, PresentError>;
    fn reset(&mut self);
    fn weights(&self) -> Weights<f64>;
    fn set_weights(&mut self, weights: &Weights<f64>) -> Result<(), ShapeError>;
    fn delta(&self, layer: usize, synapse: Synapse) -> Option<DMatrix<f64>>;
    fn potential(&self, layer: usize, compartment: Compartment) -> Option<Vec<f64>>;
    fn save(&self, path: &Path) -> Result<(), NpzError>;
}

/// The time in ms, and the potentials that were asked for.
pub(crate) type Look = (f64, Vec<Option<Vec<f64>>>);

/// A network that computes in `T`.
pub(crate) struct Of<T: Number>(pub(crate) Box<dyn Microcircuit<T> + Send>);

fn doubles<T: Number>(numbers: Vec<T>) -> Vec<f64> {
    numbers.into_iter().map(|x| x.to_f64()).collect()
}

impl<T: Number + npyz::AutoSerialize> Circuit for Of<T> {
    fn params(&self) -> &Params {
        self.0.params()
    }

    fn engine(&self) -> String {
        self.0.engine()
    }

    fn present(&mut self, pattern: &Pattern<'_>, output: &mut [f64]) -> Result<(), PresentError> {
        let found = self.0.present(pattern, &mut ())?;
        for (to, from) in output.iter_mut().zip(found) {
            *to = from.to_f64();
        }
        Ok(())
    }

    fn record(
        &mut self,
        pattern: &Pattern<'_>,
        every: u64,
        of: &[(usize, Compartment)],
    ) -> Result<Vec<Look>, PresentError> {
        let mut looks = Vec::new();
        let look = |view: &View<'_, T>| {
            let potentials = of.iter().map(|&(l, c)| view.potential(l, c).map(doubles));
            looks.push((view.time_ms, potentials.collect()));
        };
        self.0.present(pattern, &mut Every(every, look))?;
        Ok(looks)
    }

    fn reset(&mut self) {
        self.0.reset();
    }

    fn weights(&self) -> Weights<f64> {
        self.0.weights().cast()
    }

    fn set_weights(&mut self, weights: &Weights<f64>) -> Result<(), ShapeError> {
        self.0.set_weights(&weights.cast())
    }

    fn delta(&self, layer: usize, synapse: Synapse) -> Option<DMatrix<f64>> {
        Some(self.0.delta(layer, synapse)?.map(|x| x.to_f64()))
    }

    fn potential(&self, layer: usize, compartment: Compartment) -> Option<Vec<f64>> {
        self.0.potential(layer, compartment).map(doubles)
    }

    fn save(&self, path: &Path) -> Result<(), NpzError> {
        self.0.weights().save_npz(path)
    }
}
