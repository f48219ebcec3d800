//! A small vision transformer to put the circuit to the test.
//!
//! An image is cut into square patches, each patch a token; the class is read from the mean of the last block's tokens:
//!
//! ```text
//! x_t   = W_E patch_t + b_E + position_t
//! x    ← x + W_O attention(W_Q x̄ + b_Q, W_K x̄ + b_K, W_V x̄ + b_V) + b_O,     x̄ = norm_1(x)
//! x    ← x + W_2 max(0, W_1 x̄ + b_1) + b_2,                                  x̄ = norm_2(x)
//! logits = W_C mean_t norm(x_t) + b_C
//! ```
//!
//! [`Transformer`] is trained with softmax attention, or with that of the circuit (in closed form, through fixed random
//! features, see [`Mechanism`]); afterwards either can be replaced by the circuit, presented token by token.
//! Gradients are our own: this is all a network of this size needs, and the circuit's features are differentiated by the
//! same code as everything else.

mod architecture;
mod attend;
mod balance;
mod error;
mod evaluate;
mod head;
mod images;
mod layers;
mod model;
mod pass;
mod store;
mod tokens;
mod train;

pub use architecture::Architecture;
pub use attend::Mechanism;
pub use error::TransformerError;
pub use images::LabelledImages;
pub use model::Transformer;
pub use train::{Progress, Training, train};
