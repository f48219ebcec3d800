//! The neuron–astrocyte circuit: equality with its closed form, convergence, weights from files, the small transformer, pretrained encoders.

mod circuit;
mod convergence;
mod diffusing;
mod language;
mod leaky;
mod support;
mod transformer;
mod weights;
