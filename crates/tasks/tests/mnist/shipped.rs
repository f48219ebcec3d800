//! The data that ship with the repository.

use std::path::Path;
use tasks::mnist;

#[test]
fn shipped_files_are_mnist() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets/mnist");
    let mnist = mnist::load_verified(dir).unwrap();
    let (train, test) = (&mnist.train, &mnist.test);
    assert_eq!((train.len(), test.len()), (60_000, 10_000));
    assert_eq!((train.n_rows(), train.n_cols()), (28, 28));
    assert_eq!((test.n_rows(), test.n_cols()), (28, 28));
    // The digits everyone has seen: the first of each file.
    let first: Vec<usize> = (0..10).map(|i| train.label(i)).collect();
    assert_eq!(first, [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    assert_eq!(test.label(0), 7);
    assert_eq!(
        test.class_counts(),
        [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    );
    // Mean grey value of the training set, as the literature states it.
    let sum: u64 = train
        .rows()
        .flat_map(|(pixels, _)| pixels)
        .map(|&p| u64::from(p))
        .sum();
    let mean = sum as f64 / 255.0 / (60_000.0 * 784.0);
    assert!((mean - 0.1307).abs() < 5e-5, "{mean}");
}
