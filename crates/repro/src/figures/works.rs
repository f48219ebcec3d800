//! The works whose figures are drawn, each a chapter of the page.

/// A work, in the order of [`ALL`](super::ALL).
#[derive(Debug, PartialEq, Eq)]
pub struct Work {
    /// As it is cited.
    pub name: &'static str,
    /// Its system: the heading of the chapter.
    pub system: &'static str,
    /// What the system is, in a few sentences.
    pub about: &'static str,
    /// Sources, with their addresses.
    pub sources: &'static [(&'static str, &'static str)],
    /// A drawing of the system, 300 × 120 points, in SVG elements.
    pub drawing: &'static str,
}

pub(super) static HILL: Work = Work {
    name: "Hill 2020",
    system: "Dendritic cortical microcircuits",
    about: "Pyramidal neurons receive what comes from below at their basal dendrites and what comes from above at their apical \
            dendrites, where interneurons cancel what they can predict. What they cannot predict is the error of \
            backpropagation, and plasticity, local to each dendrite, follows it. The full simulation, PyraLNet, integrates every \
            potential; its steady-state approximation, SteadNet, jumps to where potentials settle. Plasticity acts while they \
            settle too, which chokes learning unless a learning-lag pauses it after each new pattern.",
    sources: &[
        (
            "Sacramento, Costa, Bengio & Senn, Dendritic error backpropagation in deep cortical microcircuits, 2017",
            "https://arxiv.org/abs/1801.00062",
        ),
        (
            "P. Hill, Neuro-Backprop, 2020",
            "https://github.com/phll/Neuro-Backprop",
        ),
    ],
    drawing: include_str!("drawings/circuit.svg"),
};

pub(super) static PETERSON: Work = Work {
    name: "Peterson 2019",
    system: "Artificial astrocyte networks",
    about: "Astrocytes have no axons: each signals to its neighbours only. Three layers follow. Gather has two cells less than it \
            reads, slide as many, spread two more; so a network as wide as one of neurons has to be deep. Diffusion of \
            gliotransmitter mixes neighbouring signals. The networks classify digits from the 20 latents of an autoencoder.",
    sources: &[(
        "E. J. Peterson, Artificial astrocyte networks, talk, 2019",
        "https://github.com/parenthetical-e/glia-talk-sfn-2019",
    )],
    drawing: include_str!("drawings/astrocytes.svg"),
};

pub(super) static KOZACHKOV: Work = Work {
    name: "Kozachkov 2023",
    system: "Neuron–astrocyte attention",
    about: "At a tripartite synapse an astrocyte listens to a connection between two neurons and scales it. While a sequence is \
            written, Hebbian plasticity sums keys and values in the synapses of hidden neurons; while it is read, the astrocyte's \
            calcium divides. Together they compute linear self-attention; with hidden neurons whose rates are random features \
            of the exponential, they approach softmax attention.",
    sources: &[(
        "Kozachkov, Kastanenka & Krotov, Building transformers from neurons and astrocytes, PNAS 120 (34), 2023",
        "https://doi.org/10.1073/pnas.2219150120",
    )],
    drawing: include_str!("drawings/tripartite.svg"),
};
