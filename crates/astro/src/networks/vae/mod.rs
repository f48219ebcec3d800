//! A variational autoencoder (Kingma & Welling, 2014): the talk's encoder of digits.
//!
//! ```text
//! h = relu(W₁ x + b₁)      μ = W₂₁ h + b₂₁      ln σ² = W₂₂ h + b₂₂      z = μ + ε σ
//! g = relu(W₃ z + b₃)      x̂ = sigmoid(W₄ g + b₄)
//! L = −Σ [x ln x̂ + (1 − x) ln(1 − x̂)] − ½ Σ (1 + ln σ² − μ² − σ²)        summed over the batch
//! ```

mod model;
mod output;
mod step;
mod store;
mod training;

pub use model::{Vae, VaeSizes};
pub use step::{VaeLoss, Workspace};
pub use training::VaeTrainer;
