//! The published Yin-Yang sets and one published run, compared exactly: SHA-256 over every sample,
//! label, weight and permutation. `fixtures/README.md` says where the numbers come from.

use serde_json::Value;
use sha2::{Digest, Sha256};
use tasks::Dataset;
use tasks::yinyang::{self, PublishedSet, Sizes, Stream};

fn fixture(name: &str) -> Value {
    let path = format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn sha256(bytes: impl IntoIterator<Item = [u8; 8]>) -> String {
    let bytes: Vec<u8> = bytes.into_iter().flatten().collect();
    Sha256::digest(bytes)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect()
}

fn sha256_of_doubles(values: impl IntoIterator<Item = f64>) -> String {
    sha256(values.into_iter().map(f64::to_le_bytes))
}

fn sha256_of_integers(values: &[usize]) -> String {
    sha256(values.iter().map(|&v| (v as i64).to_le_bytes()))
}

fn numbers(value: &Value) -> Vec<usize> {
    serde_json::from_value(value.clone()).unwrap()
}

fn doubles(value: &Value) -> Vec<f64> {
    serde_json::from_value(value.clone()).unwrap()
}

#[track_caller]
fn assert_set(data: &Dataset, expected: &Value) {
    assert_eq!(data.len() as u64, expected["size"].as_u64().unwrap());
    // First what a person can read, then everything.
    for (i, row) in expected["first_samples"]
        .as_array()
        .unwrap()
        .iter()
        .enumerate()
    {
        assert_eq!(
            data.input(i).collect::<Vec<_>>(),
            doubles(row),
            "sample {i}"
        );
    }
    assert_eq!(data.labels[..5], numbers(&expected["first_labels"]));
    assert_eq!(data.class_counts(), numbers(&expected["class_counts"]));
    let samples = data.rows().flat_map(|(features, _)| features);
    assert_eq!(sha256_of_doubles(samples), expected["sha256_samples"]);
    assert_eq!(sha256_of_integers(&data.labels), expected["sha256_labels"]);
}

#[test]
fn complete_sets_are_the_published_ones() {
    let fixture = fixture("yinyang_sets.json");
    let sets = fixture["sets"].as_array().unwrap();
    assert_eq!(sets.len(), 5);
    for expected in sets {
        let seed = expected["seed"].as_u64().unwrap() as u32;
        let size = expected["size"].as_u64().unwrap() as usize;
        let mut stream = Stream::new(seed);
        assert_set(&stream.samples(size), expected);
        assert_eq!(stream.words_consumed(), expected["words_consumed"]);
    }
    let names = [yinyang::TRAIN, yinyang::VALIDATION, yinyang::TEST];
    for (PublishedSet { seed, size }, expected) in names.into_iter().zip(&sets[2..]) {
        assert_eq!(
            (expected["seed"].as_u64(), expected["size"].as_u64()),
            (Some(u64::from(seed)), Some(size as u64))
        );
        assert_set(&PublishedSet { seed, size }.generate(), expected);
    }
}

#[test]
fn a_smaller_set_is_a_prefix() {
    let (all, few) = (yinyang::generate(41, 5000), yinyang::generate(41, 1000));
    assert_eq!(few.labels, all.labels[..1000]);
    assert_eq!(few.inputs, all.inputs.rows(0, 1000));
}

#[test]
fn samples_lie_where_their_label_says() {
    let data = yinyang::generate(7, 2000);
    for (features, label) in data.rows() {
        let f: Vec<f64> = features.collect();
        assert_eq!(yinyang::class_of(f[0], f[1]), Some(label));
        assert_eq!((f[2], f[3]), (1.0 - f[0], 1.0 - f[1]));
    }
}

#[test]
fn one_run_draws_what_the_published_run_drew() {
    let expected = fixture("yinyang_run_2304.json");
    let (mut stream, splits) = yinyang::run(2304, Sizes::PUBLISHED);
    assert_set(&splits.train, &expected["train"]);
    assert_set(&splits.validation, &expected["validation"]);
    assert_set(&splits.test, &expected["test"]);
    assert_eq!(stream.words_consumed(), expected["test"]["words_consumed"]);

    for matrix in expected["weights"]["matrices"].as_array().unwrap() {
        let n: usize = numbers(&matrix["shape"]).iter().product();
        let uniforms: Vec<f64> = (0..n).map(|_| stream.uniform()).collect();
        assert_eq!(uniforms[..6], doubles(&matrix["first_uniforms"]));
        assert_eq!(sha256_of_doubles(uniforms), matrix["sha256_uniforms"]);
    }
    assert_eq!(
        stream.words_consumed(),
        expected["weights"]["words_consumed"]
    );

    for expected in expected["epochs"].as_array().unwrap() {
        let epoch = stream.epoch(splits.train.len(), splits.validation.len(), 1);
        assert_eq!(
            epoch.train[..20],
            numbers(&expected["train_permutation_first20"])
        );
        assert_eq!(
            sha256_of_integers(&epoch.train),
            expected["sha256_train_permutation"]
        );
        assert_eq!(epoch.validation.len(), 1);
        assert_eq!(
            epoch.validation[0][..20],
            numbers(&expected["validation_permutation_first20"])
        );
        assert_eq!(
            sha256_of_integers(&epoch.validation[0]),
            expected["sha256_validation_permutation"]
        );
        assert_eq!(stream.words_consumed(), expected["words_consumed_after"]);
    }
}

#[test]
fn words_come_from_plain_integer_seeding() {
    // A double shows the upper 27 and 26 bits of two consecutive words.
    for (seed, words) in [
        (42, &fixture("yinyang_sets.json")["first_raw_words_seed_42"]),
        (2304, &fixture("yinyang_run_2304.json")["first_raw_words"]),
    ] {
        let mut stream = Stream::new(seed);
        for pair in numbers(words).chunks_exact(2) {
            let expected = ((pair[0] >> 5) << 26) + (pair[1] >> 6);
            let bits = stream.uniform() * 2f64.powi(53);
            assert_eq!(bits, expected as f64, "seed {seed}");
        }
    }
}

#[test]
fn gaussians_follow_numpy() {
    // numpy.random.seed(42); numpy.random.randn(6)
    let published = [
        0.4967141530112327,
        -0.13826430117118466,
        0.6476885381006925,
        1.5230298564080254,
        -0.23415337472333597,
        -0.23413695694918055,
    ];
    let mut stream = Stream::new(42);
    for expected in published {
        let drawn = stream.gaussian();
        assert!((drawn - expected).abs() < 1e-15, "{drawn} for {expected}");
    }
}

#[test]
fn permutations_of_nothing_and_of_one_draw_nothing() {
    let mut stream = Stream::new(1);
    assert_eq!(stream.permutation(0), Vec::<usize>::new());
    assert_eq!(stream.permutation(1), [0]);
    assert_eq!(stream.words_consumed(), 0);
}
