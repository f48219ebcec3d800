//! Hidden neurons that learn to attend.
//!
//! Drawn hidden neurons have to serve any queries and keys; those of a head are particular. Here the circuit finds its own,
//! with softmax attention as teacher or by the error of the task alone, and everything else of a transformer as it is. Exponential neurons u of one head,
//!
//! ```text
//! ln φ_u(x) = U_u·x̂ + e_u − |x̂|²/2,   x̂ = x / d^¼
//! Â_ij = Σ_u φ_u(q_i) φ_u(k_j) / Σ_j' Σ_u φ_u(q_i) φ_u(k_j')        what the circuit recalls for query i
//! A_ij = exp(q̂_i·k̂_j) / Σ_j' exp(q̂_i·k̂_j')                         what softmax attention recalls
//! L    = (1/n) Σ_i Σ_j A_ij ln (A_ij / Â_ij)                        mean over the n queries of a sequence
//! ```
//!
//! With each neuron's share in the association of a query and a key,
//!
//! ```text
//! ρ_u(i, j) = φ_u(q_i) φ_u(k_j) / Σ_v φ_v(q_i) φ_v(k_j)
//! −∂L/∂U_u = (1/n) Σ_ij (A_ij − Â_ij) ρ_u(i, j) (q̂_i + k̂_j),   −∂L/∂e_u = (2/n) Σ_ij (A_ij − Â_ij) ρ_u(i, j)
//! ```
//!
//! - [`Recall`]: A, Â, L and its gradient, exactly; [`Descent`] follows it by Adam
//! - [`Hebbian`]: a local rule of two phases, which follows the same gradient on average, a query at a time
//!
//! Without a teacher, the errors δ_i = ∂L/∂o_i that a task finds at the outputs o_i = Σ_j Â_ij v_j of the head take its place:
//!
//! ```text
//! a_ij = −δ_i·(v_j − o_i),   −∂L/∂U_u = Σ_ij Â_ij a_ij ρ_u(i, j) (q̂_i + k̂_j)
//! ```
//!
//! - [`HeadErrors`]: this gradient, exactly; [`Hebbian::change_by_errors`] follows it with three factors
//!
//! Likelihoods of recalled items as here make it the learning rule of a Boltzmann machine (Ackley, Hinton & Sejnowski 1985):
//! Hebbian where the teacher recalls, anti-Hebbian where the circuit does.

mod descent;
mod errors;
mod hebbian;
mod neurons;
mod recall;

pub use descent::Descent;
pub use errors::HeadErrors;
pub use hebbian::{Competition, Hebbian};
pub use neurons::{Change, HiddenNeurons};
pub use recall::Recall;
