//! Splits divide without loss, and always alike from the same seed.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use tasks::mnist::{Split, SplitError};

fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

fn sorted_union(split: &Split) -> Vec<usize> {
    let mut all = [&split.train[..], &split.validation].concat();
    all.sort_unstable();
    all
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(13), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_index_is_in_exactly_one_part(n in 1..500usize, part in 0.0..1.0f64, seed: u64) {
        let n_validation = (part * n as f64) as usize;
        let mut split = Split::shuffled(n, n_validation, &mut rng(seed)).unwrap();
        split.shuffle_train(&mut rng(seed ^ 1));
        for split in [split, Split::in_order(n, n_validation).unwrap()] {
            prop_assert_eq!(split.validation.len(), n_validation);
            prop_assert!(sorted_union(&split).into_iter().eq(0..n));
        }
    }
}

#[test]
fn mnist_divides_as_usual() {
    let split = Split::shuffled(60_000, 5000, &mut rng(1)).unwrap();
    assert_eq!((split.train.len(), split.validation.len()), (55_000, 5000));
    let split = Split::in_order(60_000, 5000).unwrap();
    assert_eq!((split.train[54_999], split.validation[0]), (54_999, 55_000));
}

#[test]
fn a_seed_always_gives_the_same_split() {
    let mut split = Split::shuffled(10, 3, &mut rng(1)).unwrap();
    assert_eq!(split.train, [3, 8, 5, 2, 7, 9, 6]);
    assert_eq!(split.validation, [0, 4, 1]);
    split.shuffle_train(&mut rng(2));
    assert_eq!(split.train, [2, 3, 7, 6, 9, 5, 8]);
}

#[test]
fn something_must_be_left_to_train_on() {
    let error = Split::in_order(10, 10).unwrap_err();
    assert_eq!(
        error,
        SplitError {
            n_validation: 10,
            n: 10
        }
    );
    assert_eq!(
        error.to_string(),
        "10 validation images asked for: must be less than the 10 images to divide"
    );
}
