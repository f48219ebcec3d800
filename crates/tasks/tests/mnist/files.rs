//! Small data sets written as IDX files, and the property that they come back as they were.

use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use std::io::Write;
use std::path::Path;
use tasks::mnist::{self, Images};
use tempfile::TempDir;

pub(crate) const TRAIN_IMAGES: &str = "train-images-idx3-ubyte";
pub(crate) const TRAIN_LABELS: &str = "train-labels-idx1-ubyte";
pub(crate) const TEST_IMAGES: &str = "t10k-images-idx3-ubyte";
pub(crate) const TEST_LABELS: &str = "t10k-labels-idx1-ubyte";

pub(crate) fn idx(magic: u32, dims: &[u32], data: &[u8]) -> Vec<u8> {
    let mut bytes = magic.to_be_bytes().to_vec();
    bytes.extend(dims.iter().flat_map(|n| n.to_be_bytes()));
    bytes.extend(data);
    bytes
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn write(dir: &Path, name: &str, bytes: &[u8]) {
    std::fs::write(dir.join(name), bytes).unwrap();
}

/// A sound data set: three training images and two test images of 2×3 pixels, uncompressed.
pub(crate) fn small() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let pixels: Vec<u8> = (0..18).collect();
    write(dir.path(), TRAIN_IMAGES, &idx(0x803, &[3, 2, 3], &pixels));
    write(dir.path(), TRAIN_LABELS, &idx(0x801, &[3], &[0, 9, 5]));
    write(
        dir.path(),
        TEST_IMAGES,
        &idx(0x803, &[2, 2, 3], &pixels[..12]),
    );
    write(dir.path(), TEST_LABELS, &idx(0x801, &[2], &[1, 2]));
    dir
}

#[test]
fn a_small_set_reads_as_written() {
    let dir = small();
    let mnist = mnist::load(dir.path()).unwrap();
    let train = &mnist.train;
    assert_eq!((train.len(), train.n_rows(), train.n_cols()), (3, 2, 3));
    assert_eq!(train.pixels(1), [6, 7, 8, 9, 10, 11]);
    assert_eq!(train.class_counts(), [1, 0, 0, 0, 0, 1, 0, 0, 0, 1]);
    assert_eq!(
        mnist.test.rows().last(),
        Some((&[6, 7, 8, 9, 10, 11][..], 2))
    );
}

#[test]
fn scaling_maps_bytes_to_the_unit_interval_in_both_precisions() {
    let dir = small();
    let all: Vec<u8> = (0..=255).collect();
    write(
        dir.path(),
        TRAIN_IMAGES,
        &idx(0x803, &[3, 1, 256], &all.repeat(3)),
    );
    write(
        dir.path(),
        TEST_IMAGES,
        &idx(0x803, &[2, 1, 256], &all.repeat(2)),
    );
    let mnist = mnist::load(dir.path()).unwrap();
    let scaled: Vec<f64> = mnist.train.scaled(2).collect();
    assert_eq!((scaled[0], scaled[51], scaled[255]), (0.0, 0.2, 1.0));
    for (&byte, &value) in all.iter().zip(&scaled) {
        assert_eq!(value as f32, f32::from(byte) / 255.0);
    }
}

/// Pixels, labels and whether the two files are compressed.
type Part = (Vec<u8>, Vec<u8>, [bool; 2]);

fn part(n_pixels: usize) -> impl Strategy<Value = Part> {
    (1..12usize).prop_flat_map(move |n| {
        (
            prop::collection::vec(any::<u8>(), n * n_pixels),
            prop::collection::vec(0..10u8, n),
            any::<[bool; 2]>(),
        )
    })
}

fn data_set() -> impl Strategy<Value = ([usize; 2], Part, Part)> {
    [1..7usize, 1..7usize].prop_flat_map(|size| {
        let n_pixels = size[0] * size[1];
        (Just(size), part(n_pixels), part(n_pixels))
    })
}

fn write_part(dir: &Path, names: [&str; 2], size: [usize; 2], (pixels, labels, zipped): &Part) {
    let n = labels.len() as u32;
    let files = [
        idx(0x803, &[n, size[0] as u32, size[1] as u32], pixels),
        idx(0x801, &[n], labels),
    ];
    for ((name, bytes), zipped) in names.iter().zip(files).zip(zipped) {
        if *zipped {
            write(dir, &format!("{name}.gz"), &gzip(&bytes));
        } else {
            write(dir, name, &bytes);
        }
    }
}

fn contents(images: &Images) -> (Vec<u8>, Vec<u8>) {
    images
        .rows()
        .map(|(pixels, label)| (pixels.to_vec(), label as u8))
        .fold((vec![], vec![]), |(mut pixels, mut labels), (p, l)| {
            pixels.extend(p);
            labels.push(l);
            (pixels, labels)
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, rng_seed: RngSeed::Fixed(13), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_sound_data_set_reads_as_written((size, train, test) in data_set()) {
        let dir = tempfile::tempdir().unwrap();
        write_part(dir.path(), [TRAIN_IMAGES, TRAIN_LABELS], size, &train);
        write_part(dir.path(), [TEST_IMAGES, TEST_LABELS], size, &test);
        let read = mnist::load(dir.path()).unwrap();
        prop_assert_eq!([read.train.n_rows(), read.train.n_cols()], size);
        prop_assert_eq!(contents(&read.train), (train.0, train.1));
        prop_assert_eq!(contents(&read.test), (test.0, test.1));
    }
}
