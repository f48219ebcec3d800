//! The neuron–astrocyte circuit: equality with its closed form, convergence, weights from files, the small transformer.

mod circuit;
mod convergence;
mod leaky;
mod support;
mod transformer;
mod weights;
