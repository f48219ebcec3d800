//! Pretrained sentence encoders, whose attention the circuit then computes.
//!
//! Encoders of the BERT family (Devlin et al. 2019), read from the files by which they are published. Over the tokens of a
//! sequence, with H heads of dimension d = D/H:
//!
//! ```text
//! x_t  = norm(word_t + position_t + type_0)
//! x   ← norm_1(x + W_O attention(W_Q x + b_Q, W_K x + b_K, W_V x + b_V) + b_O)
//! x   ← norm_2(x + W_2 gelu(W_1 x + b_1) + b_2)            gelu(a) = a Φ(a), Φ the normal distribution
//! e    = p / |p|,   p = mean_t x_t, or x_1 (pooling)
//! ```
//!
//! - [`WordPiece`] makes tokens of text, [`Encoder`] an embedding of tokens, with an attention that is passed in
//! - [`HeadNeurons`]: the hidden neurons of one head, with synapses of their own from queries and from keys; [`Heads`] says
//!   which heads of which layers are circuits
//! - [`Imitation`] fits them to softmax attention, head by head; [`Distillation`] to what the layers of the softmax model do
//!
//! Sequences are presented one at a time, so none is padded.

mod distillation;
mod encoder;
mod error;
mod heads;
mod imitation;
mod layer;
mod layers;
mod neurons;
mod schedule;
mod settings;
mod teacher;
mod wordpiece;

pub use distillation::Distillation;
pub use encoder::{Attend, Encoder};
pub use error::LanguageError;
pub use heads::Heads;
pub use imitation::Imitation;
pub use neurons::HeadNeurons;
pub use settings::Pooling;
pub use teacher::Teacher;
pub use wordpiece::WordPiece;
