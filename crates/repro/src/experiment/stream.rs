//! Random streams: one for every parameter, so that a parameter more or less leaves the draws of the others as they are.

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use sha2::{Digest as _, Sha256};

/// The random numbers of `seed` for what `name` names.
pub(crate) fn stream(seed: u64, name: &str) -> ChaCha8Rng {
    let digest = Sha256::digest(format!("{seed} {name}").as_bytes());
    let mut bytes = [0; 32];
    bytes.copy_from_slice(&digest);
    ChaCha8Rng::from_seed(bytes)
}
