//! One thing wrong at a time: the error names the file, what was found and what would be right.

use crate::files::{TEST_IMAGES, TEST_LABELS, TRAIN_IMAGES, TRAIN_LABELS, gzip, idx, small, write};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use std::path::Path;
use tasks::mnist::{self, MnistError};

/// The error after `spoil` had its way with a sound data set, its directory written as `DIR`.
fn error_after(spoil: impl FnOnce(&Path)) -> (MnistError, String) {
    let dir = small();
    spoil(dir.path());
    let error = mnist::load(dir.path()).expect_err("spoilt data were accepted");
    let message = error.to_string();
    let message = message.replace(dir.path().to_str().unwrap(), "DIR");
    (error, message)
}

macro_rules! refused {
    ($($test:ident: $spoil:expr => $kind:ident, $message:expr;)*) => {$(
        #[test]
        fn $test() {
            let (error, message) = error_after($spoil);
            assert_eq!(message, $message);
            assert!(matches!(error, MnistError::$kind { .. }), "{error:?}");
        }
    )*};
}

refused! {
    missing_file: |dir| std::fs::remove_file(dir.join(TEST_LABELS)).unwrap()
        => Missing, "DIR: neither t10k-labels-idx1-ubyte nor t10k-labels-idx1-ubyte.gz is there";

    empty_file: |dir| write(dir, TRAIN_IMAGES, &[])
        => HeaderTruncated,
        "DIR/train-images-idx3-ubyte: 0 bytes, less than the 16 bytes of the header of images";

    truncated_header: |dir| write(dir, TRAIN_LABELS, &idx(0x801, &[3], &[])[..7])
        => HeaderTruncated,
        "DIR/train-labels-idx1-ubyte: 7 bytes, less than the 8 bytes of the header of labels";

    wrong_magic: |dir| write(dir, TRAIN_IMAGES, b"\x89PNG\r\n\x1a\n")
        => Magic,
        "DIR/train-images-idx3-ubyte: magic number 0x89504e47 (no IDX file of bytes), \
         must be 0x00000803 for images";

    exchanged_files: |dir| {
        std::fs::copy(dir.join(TRAIN_LABELS), dir.join(TRAIN_IMAGES)).unwrap();
    } => Magic,
        "DIR/train-images-idx3-ubyte: magic number 0x00000801 (a file of labels: are labels and \
         images exchanged?), must be 0x00000803 for images";

    images_as_labels: |dir| {
        std::fs::copy(dir.join(TEST_IMAGES), dir.join(TEST_LABELS)).unwrap();
    } => Magic,
        "DIR/t10k-labels-idx1-ubyte: magic number 0x00000803 (a file of images: are labels and \
         images exchanged?), must be 0x00000801 for labels";

    no_items: |dir| write(dir, TRAIN_LABELS, &idx(0x801, &[0], &[]))
        => EmptyDimension,
        "DIR/train-labels-idx1-ubyte: header announces dimensions [0]: each must be at least 1";

    absurd_dimensions: |dir| write(dir, TRAIN_IMAGES, &idx(0x803, &[u32::MAX; 3], &[0; 18]))
        => TooLarge,
        "DIR/train-images-idx3-ubyte: header announces dimensions [4294967295, 4294967295, \
         4294967295]: more than can be addressed, so the header must be corrupt";

    truncated_data: |dir| write(dir, TRAIN_IMAGES, &idx(0x803, &[3, 2, 3], &[0; 17]))
        => Truncated,
        "DIR/train-images-idx3-ubyte: 17 bytes of data, must be 18 for dimensions [3, 2, 3] in the \
         header: the file is truncated";

    trailing_bytes: |dir| write(dir, TEST_IMAGES, &idx(0x803, &[2, 2, 3], &[0; 17]))
        => TrailingBytes,
        "DIR/t10k-images-idx3-ubyte: 5 bytes too many, after the 12 bytes of data for dimensions \
         [2, 2, 3] in the header";

    label_out_of_range: |dir| write(dir, TRAIN_LABELS, &idx(0x801, &[3], &[9, 10, 0]))
        => Label, "DIR/train-labels-idx1-ubyte: label 1 is 10, must be 0 to 9";

    more_images_than_labels: |dir| write(dir, TEST_LABELS, &idx(0x801, &[1], &[7]))
        => CountMismatch,
        "DIR/t10k-labels-idx1-ubyte: number of labels is 1, must be 2, one for each image of \
         DIR/t10k-images-idx3-ubyte";

    test_images_of_another_size: |dir| write(dir, TEST_IMAGES, &idx(0x803, &[2, 3, 2], &[0; 12]))
        => ImageSize,
        "DIR/t10k-images-idx3-ubyte: images of [3, 2] pixels, must be [2, 3] as in the training set";

    truncated_gzip: |dir| {
        let zipped = gzip(&idx(0x803, &[3, 2, 3], &[0; 18]));
        write(dir, TRAIN_IMAGES, &zipped[..zipped.len() - 1]);
    } => GzipTruncated,
        "DIR/train-images-idx3-ubyte: truncated gzip data, end of file after 34 uncompressed bytes; \
         copy or download the file again";

    corrupt_gzip: |dir| {
        let mut zipped = gzip(&idx(0x803, &[3, 2, 3], &[0; 18]));
        let checksum = zipped.len() - 8;
        zipped[checksum] ^= 1;
        write(dir, TRAIN_IMAGES, &zipped);
    } => GzipCorrupt,
        "DIR/train-images-idx3-ubyte: corrupt gzip data after 34 uncompressed bytes; \
         copy or download the file again";

    more_inflated_than_the_header_says: |dir| {
        let bomb = gzip(&idx(0x803, &[3, 2, 3], &vec![0; 1 << 24]));
        assert!(bomb.len() < 1 << 15);
        write(dir, TRAIN_IMAGES, &bomb);
    } => TrailingBytes,
        "DIR/train-images-idx3-ubyte: 1048576 bytes too many, after the 18 bytes of data for dimensions \
         [3, 2, 3] in the header";

    garbage_after_gzip: |dir| {
        let mut zipped = gzip(&idx(0x803, &[3, 2, 3], &[0; 18]));
        zipped.extend(b"what is this doing here?");
        write(dir, TRAIN_IMAGES, &zipped);
    } => GzipCorrupt,
        "DIR/train-images-idx3-ubyte: corrupt gzip data after 34 uncompressed bytes; \
         copy or download the file again";
}

#[test]
fn not_a_directory() {
    let dir = small();
    let file = dir.path().join(TRAIN_IMAGES);
    for path in [&file, &dir.path().join("nowhere")] {
        let error = mnist::load(path).unwrap_err();
        assert!(matches!(&error, MnistError::NotADirectory { dir } if dir == path));
        assert!(error.to_string().contains("no such directory"), "{error}");
    }
}

#[test]
fn another_data_set_is_not_mnist() {
    let dir = small();
    let error = mnist::load_verified(dir.path()).unwrap_err();
    let MnistError::Checksum {
        path,
        found,
        expected,
    } = &error
    else {
        panic!("{error:?}");
    };
    assert_eq!(*path, dir.path().join(TRAIN_IMAGES));
    assert_ne!(found, expected);
    let message = error.to_string();
    assert!(
        message.contains(found) && message.contains(expected),
        "{message}"
    );
}

fn train_images() -> Vec<u8> {
    idx(0x803, &[3, 2, 3], &(0..18).collect::<Vec<u8>>())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, rng_seed: RngSeed::Fixed(13), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_file_cut_anywhere_is_refused(zipped: bool, cut: prop::sample::Index) {
        let whole = if zipped { gzip(&train_images()) } else { train_images() };
        let (_, message) = error_after(|dir| {
            write(dir, TRAIN_IMAGES, &whole[..cut.index(whole.len())]);
        });
        prop_assert!(message.starts_with("DIR/train-images-idx3-ubyte: "), "{}", message);
    }

    /// Gzip's own header has bytes without consequence; whatever else changes must be noticed.
    #[test]
    fn a_damaged_compressed_file_never_yields_other_data(at: prop::sample::Index, flip in 1..=255u8) {
        let sound = mnist::load(small().path()).unwrap();
        let dir = small();
        let mut zipped = gzip(&train_images());
        let at = at.index(zipped.len());
        zipped[at] ^= flip;
        write(dir.path(), TRAIN_IMAGES, &zipped);
        if let Ok(read) = mnist::load(dir.path()) {
            prop_assert_eq!(read, sound);
        }
    }
}
