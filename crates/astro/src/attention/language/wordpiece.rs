//! Text to tokens.

use super::LanguageError;
use serde::Deserialize;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

/// Words that are longer become the unknown token.
const LONGEST: usize = 100;
/// What pieces within a word begin with.
const WITHIN: &str = "##";

/// The tokens of the BERT family (Devlin et al. 2019): words and punctuation, cut into the longest pieces that the vocabulary
/// has, from left to right.
#[derive(Debug, Clone)]
pub struct WordPiece {
    pieces: HashMap<String, u32>,
    rules: Rules,
    unknown: u32,
    first: u32,
    last: u32,
}

/// How text is simplified first, as in `tokenizer_config.json`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
struct Rules {
    do_lower_case: bool,
    /// As `do_lower_case` says, if nothing is said.
    strip_accents: Option<bool>,
    tokenize_chinese_chars: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            do_lower_case: true,
            strip_accents: None,
            tokenize_chinese_chars: true,
        }
    }
}

/// What matters here of `tokenizer.json`.
#[derive(Deserialize)]
struct TokenizerFile {
    model: TokenizerModel,
}

#[derive(Deserialize)]
struct TokenizerModel {
    #[serde(rename = "type", default)]
    kind: Option<String>,
    vocab: serde_json::Value,
}

impl WordPiece {
    /// Reads the vocabulary of a model's folder: `vocab.txt`, a piece a line, or else that in `tokenizer.json`; and
    /// `tokenizer_config.json`, if there is one.
    ///
    /// # Errors
    /// [`LanguageError::Read`] or [`LanguageError::Format`] if they cannot be read, or lack a special token.
    pub fn open(folder: &Path) -> Result<Self, LanguageError> {
        let config = folder.join("tokenizer_config.json");
        let rules = match config.exists() {
            true => LanguageError::json(&config)?,
            false => Rules::default(),
        };
        let plain = folder.join("vocab.txt");
        let whole = folder.join("tokenizer.json");
        match plain.exists() || !whole.exists() {
            true => {
                let text = LanguageError::read(&plain)?;
                let pieces = text.lines().map(|line| line.trim_end().to_owned()).zip(0..);
                Self::new(pieces.collect(), rules, plain)
            }
            false => {
                let file: TokenizerFile = LanguageError::json(&whole)?;
                let vocabulary = serde_json::from_value(file.model.vocab).ok();
                let known = file.model.kind.is_none_or(|kind| kind == "WordPiece");
                match vocabulary.filter(|_| known) {
                    Some(pieces) => Self::new(pieces, rules, whole),
                    None => Err(LanguageError::Format {
                        path: whole,
                        reason: "`model` is no WordPiece vocabulary of pieces with their numbers"
                            .to_owned(),
                    }),
                }
            }
        }
    }

    fn new(
        pieces: HashMap<String, u32>,
        rules: Rules,
        path: PathBuf,
    ) -> Result<Self, LanguageError> {
        let special = |name: &str| match pieces.get(name) {
            Some(&piece) => Ok(piece),
            None => Err(LanguageError::Format {
                path: path.clone(),
                reason: format!("the vocabulary has no {name}, which every sequence needs"),
            }),
        };
        let (unknown, first, last) = (special("[UNK]")?, special("[CLS]")?, special("[SEP]")?);
        Ok(Self {
            pieces,
            rules,
            unknown,
            first,
            last,
        })
    }

    /// Tokens of a text, without those that mark the ends of a sequence.
    pub fn tokens(&self, text: &str) -> Vec<u32> {
        let mut tokens = Vec::new();
        for word in self.simplified(text).split_whitespace() {
            let mut rest = word;
            while let Some(c) = rest.chars().next() {
                // A sign of punctuation is a word of its own.
                let end = match is_punctuation(c) {
                    true => c.len_utf8(),
                    false => rest.find(is_punctuation).unwrap_or(rest.len()),
                };
                self.cut(&rest[..end], &mut tokens);
                rest = &rest[end..];
            }
        }
        tokens
    }

    /// A sequence of these tokens, with those that mark its ends.
    pub fn sequence(&self, tokens: &[u32]) -> Vec<u32> {
        let ends = ([self.first], [self.last]);
        [&ends.0, tokens, &ends.1].concat()
    }

    /// The piece of a token, if there is one.
    pub fn piece(&self, token: u32) -> Option<&str> {
        let mut found = self.pieces.iter().filter(|(_, number)| **number == token);
        found.next().map(|(piece, _)| piece.as_str())
    }

    fn simplified(&self, text: &str) -> String {
        let mut clean = String::with_capacity(text.len());
        for c in text.chars() {
            match c {
                _ if c.is_whitespace() => clean.push(' '),
                '\0' | '\u{fffd}' => {}
                _ if is_control(c) => {}
                _ if self.rules.tokenize_chinese_chars && is_ideograph(c) => {
                    clean.extend([' ', c, ' ']);
                }
                _ => clean.push(c),
            }
        }
        let lower = self.rules.do_lower_case;
        if self.rules.strip_accents.unwrap_or(lower) {
            let mark = |c: &char| c.general_category() == GeneralCategory::NonspacingMark;
            clean = clean.nfd().filter(|c| !mark(c)).collect();
        }
        match lower {
            true => clean.chars().flat_map(char::to_lowercase).collect(),
            false => clean,
        }
    }

    fn cut(&self, word: &str, tokens: &mut Vec<u32>) {
        let before = tokens.len();
        let mut start = 0;
        let mut piece = String::new();
        while start < word.len() && word.chars().count() <= LONGEST {
            let ends = word[start..]
                .char_indices()
                .map(|(at, c)| start + at + c.len_utf8());
            let longest = ends.rev().find_map(|end| {
                piece.clear();
                if start > 0 {
                    piece.push_str(WITHIN);
                }
                piece.push_str(&word[start..end]);
                self.pieces.get(&piece).map(|&token| (token, end))
            });
            let Some((token, end)) = longest else {
                break;
            };
            tokens.push(token);
            start = end;
        }
        if start < word.len() {
            tokens.truncate(before);
            tokens.push(self.unknown);
        }
    }
}

fn is_control(c: char) -> bool {
    c.general_category_group() == GeneralCategoryGroup::Other
        && c.general_category() != GeneralCategory::Unassigned
}

fn is_punctuation(c: char) -> bool {
    c.is_ascii_punctuation() || c.general_category_group() == GeneralCategoryGroup::Punctuation
}

/// Chinese characters, each a word; not kana or hangul.
fn is_ideograph(c: char) -> bool {
    matches!(c,
        '\u{4e00}'..='\u{9fff}'
        | '\u{3400}'..='\u{4dbf}'
        | '\u{20000}'..='\u{2a6df}'
        | '\u{2a700}'..='\u{2b73f}'
        | '\u{2b740}'..='\u{2b81f}'
        | '\u{2b920}'..='\u{2ceaf}'
        | '\u{f900}'..='\u{faff}'
        | '\u{2f800}'..='\u{2fa1f}')
}
