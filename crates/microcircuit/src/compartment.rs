//! Where in a neuron a potential is.

/// The compartments of pyramidal neurons and interneurons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compartment {
    /// Basal dendrite of a pyramidal neuron, `W_up r`.
    Basal,
    /// Apical dendrite of a hidden pyramidal neuron, `W_down f(u_next) + W_pi f(u_inn)`.
    Apical,
    /// Soma of a pyramidal neuron.
    Soma,
    /// Dendrite of an interneuron, `W_ip f(u)`.
    InnDendrite,
    /// Soma of an interneuron.
    InnSoma,
}
