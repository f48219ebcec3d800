//! Texts as sequences of equal length.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use astro::attention::language::{Encoder, WordPiece};

/// Tokens in a row that two texts must not share.
const SHARED: usize = 24;
/// Different tokens of a passage that says something: rules of tables do not.
const DIFFERENT: usize = 8;

/// A text, cut into sequences.
#[derive(Debug)]
pub(crate) struct Corpus {
    /// What it is called.
    name: String,
    /// Equally many tokens each, with those that mark the ends.
    pub(crate) sequences: Vec<Vec<u32>>,
}

impl Corpus {
    /// The first so many sequences of a text; what is left over at its end is left out.
    pub(crate) fn read(
        path: &Path,
        pieces: &WordPiece,
        encoder: &Encoder,
        tokens: usize,
        most: usize,
    ) -> Result<Self> {
        let name = path.display().to_string();
        ensure!(
            (3..=encoder.longest()).contains(&tokens),
            "sequences of {tokens} tokens: this encoder reads 3 to {}, two of which mark the ends",
            encoder.longest()
        );
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {name}"))?;
        let all = pieces.tokens(&text);
        let whole = all.chunks_exact(tokens - 2).take(most);
        let sequences: Vec<Vec<u32>> = whole.map(|part| pieces.sequence(part)).collect();
        ensure!(
            sequences.len() > 1,
            "{name}: {} tokens, which make {} sequence(s) of {tokens}; at least 2 are needed",
            all.len(),
            sequences.len()
        );
        Ok(Self { name, sequences })
    }

    /// Refuses texts that have a passage in common.
    pub(crate) fn check_apart(&self, other: &Self, pieces: &WordPiece) -> Result<()> {
        let passages = |corpus: &Self| -> Vec<Vec<u32>> {
            let of = |sequence: &Vec<u32>| {
                let inner = &sequence[1..sequence.len() - 1];
                let windows = inner.windows(SHARED.min(inner.len()));
                let says = windows.filter(|window| {
                    let different: HashSet<&u32> = window.iter().collect();
                    different.len() >= DIFFERENT.min(window.len())
                });
                says.map(<[u32]>::to_vec).collect::<Vec<_>>()
            };
            corpus.sequences.iter().flat_map(of).collect()
        };
        let known: HashSet<Vec<u32>> = passages(self).into_iter().collect();
        let shared = passages(other)
            .into_iter()
            .find(|passage| known.contains(passage));
        if let Some(shared) = shared {
            let words = shared.iter().filter_map(|&token| pieces.piece(token));
            let words: Vec<&str> = words.collect();
            anyhow::bail!(
                "{} and {} share a passage, \"{}\"; the text of the comparison must not be that of the fit",
                self.name,
                other.name,
                words.join(" ").replace(" ##", "")
            );
        }
        Ok(())
    }
}
