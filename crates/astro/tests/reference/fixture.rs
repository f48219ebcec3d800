//! Reads the gzipped JSON under `tests/fixtures`.

use std::fs::File;
use std::path::Path;

use flate2::read::GzDecoder;
use nalgebra::DMatrix;
use serde_json::Value;

/// The cases of a file.
pub(crate) fn cases(name: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(format!("{name}.json.gz"));
    let file = File::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let whole: Value = serde_json::from_reader(GzDecoder::new(file)).unwrap();
    whole["cases"].as_array().unwrap().clone()
}

/// An array of one or two dimensions; vectors become a single row.
pub(crate) fn matrix(array: &Value) -> DMatrix<f32> {
    let shape: Vec<usize> = array["shape"]
        .as_array()
        .unwrap()
        .iter()
        .map(|n| n.as_u64().unwrap() as usize)
        .collect();
    let (rows, columns) = if shape.len() == 1 {
        (1, shape[0])
    } else {
        (shape[0], shape[1])
    };
    let data = array["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|x| x.as_f64().unwrap() as f32);
    DMatrix::from_row_iterator(rows, columns, data)
}

/// Whether two arrays agree to an absolute tolerance.
#[track_caller]
pub(crate) fn assert_close(
    what: &str,
    found: &DMatrix<f32>,
    expected: &DMatrix<f32>,
    tolerance: f32,
) {
    assert_eq!(found.shape(), expected.shape(), "{what}");
    let worst = (found - expected).amax();
    assert!(
        worst <= tolerance,
        "{what}: off by {worst:e}, allowed {tolerance:e}"
    );
}

/// Whether two arrays agree to a tolerance relative to the largest entry of the expected one.
#[track_caller]
pub(crate) fn assert_relative(
    what: &str,
    found: &DMatrix<f32>,
    expected: &DMatrix<f32>,
    tolerance: f32,
) {
    assert_close(what, found, expected, tolerance * expected.amax());
}
