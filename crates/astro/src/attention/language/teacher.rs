//! The softmax model, from whose activity hidden neurons learn.

use super::{Encoder, LanguageError};
use nalgebra::DMatrix;
use rayon::prelude::*;

/// What the softmax model makes of some sequences.
#[derive(Debug)]
pub struct Teacher {
    pub(super) sequences: Vec<Lesson>,
}

#[derive(Debug)]
pub(super) struct Lesson {
    /// Before the first layer and after each, D × n.
    pub(super) states: Vec<DMatrix<f32>>,
    pub(super) embedding: Vec<f32>,
}

impl Teacher {
    /// Presents the sequences to the encoder.
    ///
    /// # Errors
    /// As [`Encoder::states`]; [`LanguageError::Range`] without any.
    pub fn new(encoder: &Encoder, sequences: &[Vec<u32>]) -> Result<Self, LanguageError> {
        if sequences.is_empty() {
            return Err(LanguageError::Range {
                what: "the number of sequences to fit to",
                found: 0,
                right: "at least 1 is needed".to_owned(),
            });
        }
        let lesson = |tokens: &Vec<u32>| {
            let states = encoder.states(tokens, &Encoder::softmax)?;
            let embedding = encoder.embedding(&states[encoder.layers()]);
            Ok(Lesson { states, embedding })
        };
        let sequences: Result<_, LanguageError> = sequences.par_iter().map(lesson).collect();
        Ok(Self {
            sequences: sequences?,
        })
    }
}
