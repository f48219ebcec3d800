//! What is wrong with a teacher that is refused.

/// Why a teacher cannot be built or asked. Layer 1 is the first hidden layer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TeacherError {
    /// A network needs an input and an output layer.
    #[error(
        "number of layers, the input included, is {found}: must be at least 2, as in [2, 3, 2]"
    )]
    TooFewLayers {
        /// Number of layers given.
        found: usize,
    },
    /// A layer without neurons.
    #[error("layer {layer} has no neurons: must have at least 1")]
    EmptyLayer {
        /// Index of the layer, 0 the input.
        layer: usize,
    },
    /// Not one gain for each layer above the input.
    #[error("number of gains is {found}: must be {expected}, one for each layer above the input")]
    GainCount {
        /// Number of gains given.
        found: usize,
        /// Number of layers above the input.
        expected: usize,
    },
    /// A gain that is no conductance ratio.
    #[error("gain of layer {layer} is {gain}: must be finite and positive")]
    Gain {
        /// Index of the layer.
        layer: usize,
        /// Its gain.
        gain: f64,
    },
    /// A range that cannot be drawn from.
    #[error("half-width of the weights is {half_width}: must be finite and not negative")]
    HalfWidth {
        /// The half-width given.
        half_width: f64,
    },
    /// A weight matrix that does not fit the layer below.
    #[error("weights of layer {layer} have {columns} columns: {expected} needed, one for each neuron of layer {}", layer - 1)]
    Shape {
        /// Index of the layer.
        layer: usize,
        /// Its number of columns.
        columns: usize,
        /// Number of neurons of the layer below.
        expected: usize,
    },
    /// A weight that is infinite or not a number.
    #[error("weight [{row}, {column}] of layer {layer} is {value}: must be finite")]
    Weight {
        /// Index of the layer.
        layer: usize,
        /// Postsynaptic neuron.
        row: usize,
        /// Presynaptic neuron.
        column: usize,
        /// The weight.
        value: f64,
    },
    /// An input of the wrong length.
    #[error("input has {found} entries: {expected} needed, the size of the input layer")]
    InputLength {
        /// Number of entries given.
        found: usize,
        /// Size of the input layer.
        expected: usize,
    },
}
