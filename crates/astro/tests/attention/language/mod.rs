//! Pretrained encoders: as their authors' library computes them, with circuits in place, and what is wrong with files.
//!
//! `tiny/` and what is expected of it, and of the published all-MiniLM-L6-v2, are made by `scripts/language_reference.py`.

use astro::attention::language::{
    Distillation, Encoder, HeadNeurons, Heads, LanguageError, Teacher, WordPiece,
};
use astro::attention::{FeatureKind, FeatureMap, Pairs, Phase, Spread, SpreadKind};
use astro::numerics::tensors::{Named, TensorFile, write};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/attention/language")
}

/// What a text becomes.
#[derive(Deserialize)]
struct Expected {
    text: String,
    tokens: Vec<u32>,
    embedding: Vec<f32>,
}

fn expected(file: &str) -> Vec<Expected> {
    serde_json::from_str(&fs::read_to_string(folder().join(file)).unwrap()).unwrap()
}

/// Largest difference from what is expected of a model.
fn difference(model: &Path, expected: &[Expected]) -> f32 {
    let encoder = Encoder::open(model).unwrap();
    let pieces = WordPiece::open(model).unwrap();
    let mut worst = 0.0f32;
    for Expected {
        text,
        tokens,
        embedding,
    } in expected
    {
        let mut found = pieces.tokens(text);
        found.truncate(encoder.longest() - 2);
        let found = pieces.sequence(&found);
        assert_eq!(&found, tokens, "{text}");
        let states = encoder.states(&found, &Encoder::softmax).unwrap();
        let found = encoder.embedding(states.last().unwrap());
        assert_eq!(found.len(), embedding.len());
        for (a, b) in found.iter().zip(embedding) {
            worst = worst.max((a - b).abs());
        }
    }
    worst
}

#[test]
fn embeddings_are_those_of_the_library() {
    let worst = difference(&folder().join("tiny"), &expected("tiny/expected.json"));
    assert!(worst < 1e-6, "{worst:e}");
}

#[test]
#[ignore = "needs the folder of all-MiniLM-L6-v2 in the environment variable MINILM"]
fn the_published_model_gives_what_it_gave_its_authors() {
    let model = std::env::var_os("MINILM").expect("MINILM");
    let worst = difference(Path::new(&model), &expected("all-MiniLM-L6-v2.json"));
    assert!(worst < 1e-5, "{worst:e}");
}

/// A copy of the tiny model that can be changed.
struct Copy(TempDir);

impl Copy {
    fn new() -> Self {
        let copy = Self(tempfile::tempdir().unwrap());
        for name in ["config.json", "model.safetensors", "vocab.txt"] {
            fs::copy(folder().join("tiny").join(name), copy.path(name)).unwrap();
        }
        copy
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn replace(&self, name: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(name)).unwrap();
        assert!(text.contains(from), "{name} has no {from}");
        self.write(name, &text.replace(from, to));
    }

    /// Other weights: each tensor as `change` leaves it, if it does.
    fn weights(&self, change: impl Fn(Named) -> Option<Named>) {
        let file = TensorFile::open(self.path("model.safetensors")).unwrap();
        let tensors = file.names().unwrap().into_iter().filter_map(|name| {
            let tensor = file.tensor(&name).unwrap();
            change(Named {
                name,
                shape: tensor.shape,
                data: tensor.data.iter().map(|&x| x as f32).collect(),
            })
        });
        let tensors: Vec<Named> = tensors.collect();
        write(&self.path("model.safetensors"), &tensors, &[]).unwrap();
    }

    fn error(&self) -> String {
        Encoder::open(self.0.path()).unwrap_err().to_string()
    }
}

#[test]
fn other_names_and_poolings_of_the_family_are_read() {
    let copy = Copy::new();
    copy.weights(|mut tensor| {
        let name = tensor.name.replace("LayerNorm.weight", "LayerNorm.gamma");
        tensor.name = format!("bert.{}", name.replace("LayerNorm.bias", "LayerNorm.beta"));
        Some(tensor)
    });
    copy.write(
        "1_Pooling/config.json",
        r#"{ "word_embedding_dimension": 16, "pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false }"#,
    );
    let worst = difference(copy.0.path(), &expected("tiny/expected_first.json"));
    assert!(worst < 1e-6, "{worst:e}");
    // A vocabulary in the other file.
    let pieces = fs::read_to_string(copy.path("vocab.txt")).unwrap();
    let vocabulary: serde_json::Map<_, _> = pieces
        .lines()
        .enumerate()
        .map(|(number, piece)| (piece.to_owned(), number.into()))
        .collect();
    let json = serde_json::json!({ "model": { "type": "WordPiece", "vocab": vocabulary } });
    copy.write("tokenizer.json", &json.to_string());
    fs::remove_file(copy.path("vocab.txt")).unwrap();
    let worst = difference(copy.0.path(), &expected("tiny/expected_first.json"));
    assert!(worst < 1e-6, "{worst:e}");
    // Where case matters, capitals are not in the vocabulary.
    copy.write("tokenizer_config.json", r#"{ "do_lower_case": false }"#);
    let pieces = WordPiece::open(copy.0.path()).unwrap();
    assert_eq!(pieces.tokens("The the"), [1, pieces.tokens("the")[0]]);
    assert_eq!(pieces.piece(1), Some("[UNK]"));
}

#[test]
fn what_is_wrong_with_files_is_named() {
    let says = |copy: &Copy, words: &[&str]| {
        let error = copy.error();
        for word in words {
            assert!(error.contains(word), "no {word} in: {error}");
        }
    };
    let name = "encoder.layer.1.attention.self.key.weight";
    let copy = Copy::new();
    copy.weights(|tensor| (tensor.name != name).then_some(tensor));
    says(&copy, &["model.safetensors", name]);
    let copy = Copy::new();
    copy.weights(|mut tensor| {
        if tensor.name == name {
            tensor.shape = vec![8, 32];
        }
        Some(tensor)
    });
    says(&copy, &["model.safetensors", name, "[8, 32]", "[16, 16]"]);
    for (key, from, to, right) in [
        ("hidden_act", "\"gelu\"", "\"relu\"", "\"gelu\""),
        ("model_type", "\"bert\"", "\"roberta\"", "\"bert\""),
        (
            "num_attention_heads",
            "num_attention_heads\": 2",
            "num_attention_heads\": 3",
            "divide hidden_size = 16",
        ),
        (
            "num_hidden_layers",
            "num_hidden_layers\": 2",
            "num_hidden_layers\": 0",
            "at least 1",
        ),
        ("hidden_size", "hidden_size", "size", "missing field"),
    ] {
        let copy = Copy::new();
        copy.replace("config.json", from, to);
        says(&copy, &["config.json", key, right]);
    }
    let copy = Copy::new();
    copy.write(
        "1_Pooling/config.json",
        r#"{ "pooling_mode_max_tokens": true, "pooling_mode_mean_tokens": true }"#,
    );
    says(&copy, &["1_Pooling", "max_tokens", "exactly one"]);
    let copy = Copy::new();
    fs::remove_file(copy.path("config.json")).unwrap();
    says(&copy, &["cannot read", "config.json"]);
    copy.replace("vocab.txt", "[SEP]", "[END]");
    let error = WordPiece::open(copy.0.path()).unwrap_err().to_string();
    assert!(
        error.contains("vocab.txt") && error.contains("[SEP]"),
        "{error}"
    );
    let encoder = Encoder::open(&folder().join("tiny")).unwrap();
    for (tokens, word) in [
        (vec![], "1 to 48"),
        (vec![5; 49], "49"),
        (vec![86], "knows 86"),
    ] {
        let error = encoder.states(&tokens, &Encoder::softmax).unwrap_err();
        assert!(error.to_string().contains(word), "{error}");
    }
}

/// The tiny model, and sequences for it.
fn sequences() -> (Encoder, Vec<Vec<u32>>) {
    let encoder = Encoder::open(&folder().join("tiny")).unwrap();
    let sequence = |s: usize| (0..12).map(move |t| ((17 * s + 7 * t * (t + s)) % 81 + 5) as u32);
    (encoder, (0..24).map(|s| sequence(s).collect()).collect())
}

/// Hidden neurons for all heads, spread as their queries and keys ask.
fn drawn(encoder: &Encoder, sequences: &[Vec<u32>], m: usize) -> Vec<Vec<Option<HeadNeurons>>> {
    let rng = &mut ChaCha8Rng::seed_from_u64(3);
    let tokens = encoder.head_tokens(sequences).unwrap();
    let mut draw = |tokens: &astro::attention::HeadTokens| {
        let moment = tokens.moment(Pairs::Attended);
        let spread = Spread::best(SpreadKind::Anisotropic, &moment).unwrap();
        let kind = FeatureKind::PositiveAntithetic;
        let map = FeatureMap::<f64>::draw_spread(kind, &spread, m, rng).unwrap();
        Some(HeadNeurons::of(&map).unwrap())
    };
    let layers = tokens.iter();
    layers
        .map(|heads| heads.iter().map(&mut draw).collect())
        .collect()
}

/// Mean of |x_l − x_l*|²/|x_l*|², summed over layers, and of the embeddings' cosine, with and without circuits.
fn compare(encoder: &Encoder, heads: &Heads, sequences: &[Vec<u32>]) -> (f64, f64) {
    let (mut error, mut cosine) = (0.0, 0.0);
    let attend = |layer: usize, qkv: &_| heads.attend(layer, qkv);
    for tokens in sequences {
        let target = encoder.states(tokens, &Encoder::softmax).unwrap();
        let states = encoder.states(tokens, &attend).unwrap();
        for (x, target) in states[1..].iter().zip(&target[1..]) {
            error += f64::from((x - target).norm_squared() / target.norm_squared());
        }
        let [a, b] = [states, target].map(|states| encoder.embedding(states.last().unwrap()));
        cosine += a.iter().zip(&b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
    }
    let count = sequences.len() as f64;
    (error / count, cosine / count)
}

#[test]
fn balancing_is_not_noticed_by_softmax() {
    let (encoder, sequences) = sequences();
    let mut balanced = encoder.clone();
    balanced.balance(&sequences).unwrap();
    let tokens = [&encoder, &balanced].map(|encoder| encoder.head_tokens(&sequences).unwrap());
    let trace = |i: usize| tokens[i][0][0].moment(Pairs::All).trace();
    assert!(trace(1) < 0.9 * trace(0), "{} {}", trace(1), trace(0));
    for tokens in &sequences {
        let [a, b] = [&encoder, &balanced].map(|encoder| {
            let states = encoder.states(tokens, &Encoder::softmax).unwrap();
            states.last().unwrap().clone()
        });
        assert!((a - b).amax() < 1e-3);
    }
}

#[test]
fn with_many_hidden_neurons_nothing_changes() {
    let (encoder, sequences) = sequences();
    let cosine = |m| {
        let heads = Heads::new(&drawn(&encoder, &sequences, m), encoder.head_dim()).unwrap();
        compare(&encoder, &heads, &sequences).1
    };
    let (few, many) = (cosine(4), cosine(4096));
    assert!(many > 0.99 && few < 0.95, "{few} {many}");
}

#[test]
fn heads_are_replaced_one_by_one() {
    let (encoder, sequences) = sequences();
    let whole = drawn(&encoder, &sequences, 4);
    let mut some = vec![vec![None, None], vec![None, None]];
    some[1][1].clone_from(&whole[1][1]);
    let heads = Heads::new(&some, encoder.head_dim()).unwrap();
    assert_eq!((heads.which(0), heads.which(1)), (&[][..], &[1][..]));
    let qkv = encoder.projected(&sequences[0], &Encoder::softmax).unwrap();
    let d = encoder.head_dim();
    for (layer, qkv) in qkv.iter().enumerate() {
        let softmax = Encoder::softmax(layer, qkv).unwrap();
        let mixed = heads.attend(layer, qkv).unwrap();
        let off = |head: usize| (mixed.rows(head * d, d) - softmax.rows(head * d, d)).amax();
        assert_eq!(off(0), 0.0);
        assert_eq!(off(1) > 1e-3, layer == 1);
    }
    let mut reads = 0;
    let mut watch = |moment: &astro::attention::Moment<'_, f32>| {
        reads += usize::from(moment.phase == Phase::Reading);
        assert_eq!(moment.head, 0);
    };
    heads.watch(1, &qkv[1], &mut watch).unwrap();
    assert_eq!(reads, sequences[0].len());
}

#[test]
fn what_is_learnt_is_what_the_circuit_does() {
    let (encoder, sequences) = sequences();
    let teacher = Teacher::new(&encoder, &sequences).unwrap();
    let mut neurons = drawn(&encoder, &sequences, 6);
    neurons[0][1] = None;
    let learning = |steps| Distillation {
        steps,
        batch: 24,
        rate: 0.02,
        embedding: 1.0,
    };
    let judge = |neurons: &[Vec<Option<HeadNeurons>>]| {
        let heads = Heads::new(neurons, encoder.head_dim()).unwrap();
        compare(&encoder, &heads, &sequences)
    };
    let before = judge(&neurons);
    let mut losses = Vec::new();
    let rng = &mut ChaCha8Rng::seed_from_u64(5);
    let mut hear = |_: usize, loss: f64| {
        losses.push(loss);
        Ok::<(), LanguageError>(())
    };
    learning(150)
        .run(&encoder, &teacher, &mut neurons, rng, &mut hear)
        .unwrap();
    let after = judge(&neurons);
    assert!(!neurons[1][0].as_ref().unwrap().are_shared());
    // Batches are drawn with replacement; on average, they are all sequences.
    let last = losses[100..].iter().sum::<f64>() / 50.0;
    let expected = after.0 + 1.0 - after.1;
    assert!((last / expected - 1.0).abs() < 0.2, "{last} {expected}");
    assert!(after.0 < 0.5 * before.0, "{before:?} {after:?}");
    assert!(
        1.0 - after.1 < 0.5 * (1.0 - before.1),
        "{before:?} {after:?}"
    );
}
