//! The mimic regression task: learn what a random network of the same size computes.
//!
//! Inputs are uniform in `[0, 1)`, targets the output potentials of a [`Teacher`]. Source: P. Hill,
//! *Neuro-Backprop* (2020), and J. Sacramento, R. P. Costa, Y. Bengio, W. Senn, arXiv:1801.00062,
//! where a network has to match a random one of its own size.
//!
//! A teacher speaks of potentials, as its student does. A conductance-based pyramidal neuron whose
//! apical input vanishes settles not at its basal input but at a fraction of it; [`Teacher`] takes
//! that fraction as the gain of each layer. With the student's own gains, a student in the
//! self-predicting state that carries the teacher's weights makes no error, so its forward weights
//! can be compared with the teacher's one by one:
//!
//! ```text
//! hidden layers  g_B / (g_l + g_B + g_A)
//! output layer   g_B / (g_l + g_B)
//! ```
//!
//! (The published 2-3-2 teacher: g_l 0.1, g_B 1, g_A 0.8, soft-ReLU, weights in (-1, 1).)
//!
//! ```
//! use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
//! use tasks::mimic::{Activation, Teacher};
//!
//! let mut rng = ChaCha8Rng::seed_from_u64(1);
//! let gains = [1.0 / (0.1 + 1.0 + 0.8), 1.0 / (0.1 + 1.0)];
//! let teacher = Teacher::draw(&[2, 3, 2], Activation::SoftRelu, &gains, 1.0, &mut rng)?;
//! let data = teacher.samples(1000, &mut rng);
//! assert_eq!((data.inputs.shape(), data.targets.shape()), ((1000, 2), (1000, 2)));
//! # Ok::<(), tasks::mimic::TeacherError>(())
//! ```

mod error;
mod teacher;

pub use error::TeacherError;
pub use teacher::Teacher;
pub use vecmath::Activation;
