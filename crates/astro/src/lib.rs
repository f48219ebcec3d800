//! Artificial astrocyte networks (Peterson, 2019), and a circuit of neurons and astrocytes that computes self-attention
//! (Kozachkov, Kastanenka & Krotov, 2023).
//!
//! ```text
//! networks     layers of astrocytes, networks of them, their encoders, training
//! attention    the neuron-astrocyte circuit, what it is measured against, and a transformer to put it into
//! numerics     what both are built on: matrix products, softmax, Adam, random numbers, files of tensors
//! ```
//!
//! [`networks`] and [`attention`] are two works and two trees: neither knows the other. Loops run on the machine's widest vector
//! unit, found at run time. Random numbers come from generators that the caller passes in.

pub mod attention;
pub mod networks;
pub mod numerics;
