//! Projections and tokens from files, and every fault named.

use crate::support::{gaussian, rng};
use astro::attention::weights::{ProjectionNames, load_projections, load_tokens};
use astro::numerics::tensors::TensorFile;
use half::{bf16, f16};
use nalgebra::DMatrix;
use safetensors::{Dtype, tensor::TensorView};
use std::path::PathBuf;
use tempfile::TempDir;

struct Raw {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

fn f32s(shape: &[usize], data: &[f64]) -> Raw {
    Raw {
        dtype: Dtype::F32,
        shape: shape.to_vec(),
        bytes: data
            .iter()
            .flat_map(|&x| (x as f32).to_le_bytes())
            .collect(),
    }
}

fn write(dir: &TempDir, name: &str, tensors: &[(&str, Raw)]) -> PathBuf {
    let path = dir.path().join(name);
    let views = tensors.iter().map(|(name, raw)| {
        (
            *name,
            TensorView::new(raw.dtype, raw.shape.clone(), &raw.bytes).unwrap(),
        )
    });
    std::fs::write(&path, safetensors::serialize(views, None).unwrap()).unwrap();
    path
}

/// Version 1.0 of NumPy's format, written by its definition.
fn npy(descr: &str, fortran: bool, shape: &str, data: &[u8]) -> Vec<u8> {
    let order = if fortran { "True" } else { "False" };
    let mut header =
        format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}");
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

const NAMES: ProjectionNames<'_> = ProjectionNames {
    query: "q.weight",
    key: "k.weight",
    value: "v.weight",
    query_bias: Some("q.bias"),
    key_bias: None,
    value_bias: Some("v.bias"),
};

/// A layer with 3 inputs, 4 query and key components, 2 value components.
fn layer() -> Vec<(&'static str, Raw)> {
    let numbers = |n: usize| (0..n).map(|i| i as f64 * 0.25 - 1.0).collect::<Vec<_>>();
    vec![
        ("q.weight", f32s(&[4, 3], &numbers(12))),
        ("q.bias", f32s(&[4], &[1.0, 2.0, 3.0, 4.0])),
        ("k.weight", f32s(&[4, 3], &numbers(12))),
        ("v.weight", f32s(&[2, 3], &[1.0, 0.0, 0.0, 0.0, 1.0, 2.0])),
        ("v.bias", f32s(&[2], &[0.5, -0.5])),
    ]
}

fn error(dir: &TempDir, tensors: &[(&str, Raw)], heads: usize) -> String {
    let file = TensorFile::open(write(dir, "broken.safetensors", tensors)).unwrap();
    load_projections(&file, NAMES, heads)
        .unwrap_err()
        .to_string()
}

#[test]
fn pytorch_layout_is_out_by_in_with_bias() {
    let dir = TempDir::new().unwrap();
    let file = TensorFile::open(write(&dir, "layer.safetensors", &layer())).unwrap();
    let projections = load_projections(&file, NAMES, 2).unwrap();
    let qkv = projections
        .project(&DMatrix::from_column_slice(3, 1, &[1.0, 2.0, 3.0]))
        .unwrap();
    // Row 0 of the weight is (−1, −0.75, −0.5): −1 − 1.5 − 1.5 + bias 1.
    assert_eq!(qkv.query()[(0, 0)], -3.0);
    // Row 3 is (1.25, 1.5, 1.75): 1.25 + 3 + 5.25.
    assert_eq!(qkv.key()[(3, 0)], 9.5);
    assert_eq!(qkv.value().as_slice(), [1.5, 7.5]);
}

#[test]
fn every_floating_type_is_read() {
    let dir = TempDir::new().unwrap();
    let numbers = [0.5, -1.25, 3.0, 0.0078125, -240.0, 1.0];
    let raw = |dtype, bytes| Raw {
        dtype,
        shape: vec![2, 3],
        bytes,
    };
    let path = write(
        &dir,
        "types.safetensors",
        &[
            (
                "f16",
                raw(
                    Dtype::F16,
                    numbers
                        .iter()
                        .flat_map(|&x| f16::from_f64(x).to_le_bytes())
                        .collect(),
                ),
            ),
            (
                "bf16",
                raw(
                    Dtype::BF16,
                    numbers
                        .iter()
                        .flat_map(|&x| bf16::from_f64(x).to_le_bytes())
                        .collect(),
                ),
            ),
            ("f32", f32s(&[2, 3], &numbers)),
            (
                "f64",
                raw(
                    Dtype::F64,
                    numbers.iter().flat_map(|x| x.to_le_bytes()).collect(),
                ),
            ),
            ("i32", raw(Dtype::I32, vec![0; 24])),
        ],
    );
    let file = TensorFile::open(path).unwrap();
    for name in ["f16", "bf16", "f32", "f64"] {
        assert_eq!(file.tensor(name).unwrap().data, numbers, "{name}");
    }
    let message = file.tensor("i32").unwrap_err().to_string();
    assert!(
        message.contains("`i32`") && message.contains("I32") && message.contains("bf16"),
        "{message}"
    );
}

#[test]
fn tokens_come_from_numpy_in_either_order() {
    let dir = TempDir::new().unwrap();
    let open = |name: &str, bytes: Vec<u8>| {
        let path = dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        TensorFile::open(path).unwrap()
    };
    let rows = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let columns = [1.0, 4.0, 2.0, 5.0, 3.0, 6.0];
    let f8 = |x: &[f64]| x.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<_>>();
    let f4_big = rows
        .iter()
        .flat_map(|&x| (x as f32).to_be_bytes())
        .collect::<Vec<_>>();
    let f2 = rows
        .iter()
        .flat_map(|&x| f16::from_f64(x).to_le_bytes())
        .collect::<Vec<_>>();
    let expected = DMatrix::from_row_slice(2, 3, &rows).transpose();
    for (name, bytes) in [
        ("c.npy", npy("<f8", false, "(2, 3)", &f8(&rows))),
        ("fortran.npy", npy("<f8", true, "(2, 3)", &f8(&columns))),
        ("big.npy", npy(">f4", false, "(2, 3)", &f4_big)),
        ("half.npy", npy("<f2", false, "(1, 2, 3)", &f2)),
    ] {
        assert_eq!(
            load_tokens(&open(name, bytes), None, 3).unwrap(),
            expected,
            "{name}"
        );
    }

    let file = open("c.npy", npy("<f8", false, "(2, 3)", &f8(&rows)));
    let message = load_tokens(&file, None, 4).unwrap_err().to_string();
    assert!(
        message.contains("`array` has shape [2, 3]") && message.contains("[tokens, 4]"),
        "{message}"
    );
    let message = load_tokens(
        &open("i.npy", npy("<i8", false, "(2, 3)", &[0; 48])),
        None,
        3,
    )
    .unwrap_err()
    .to_string();
    assert!(
        message.contains("i8") && message.contains("f32"),
        "{message}"
    );
    let lying = open(
        "lying.npy",
        npy("<f8", false, "(99999999, 99999999999)", &f8(&rows)),
    );
    let message = lying.tensor("array").unwrap_err().to_string();
    assert!(message.contains("99999999999"), "{message}");
}

#[test]
fn archives_of_arrays_are_read_by_name() {
    use npyz::WriterBuilder;
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("tokens.npz");
    let mut npz = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
    // Compressed, as numpy.savez_compressed has them.
    let deflated = zip::write::SimpleFileOptions::default();
    // Square, so that its shape does not tell which way it lies; b is stored first axis fastest.
    for (name, order, numbers) in [
        ("a", npyz::Order::C, [1.0, 2.0, 3.0, 4.0]),
        ("b", npyz::Order::Fortran, [1.0, 3.0, 2.0, 4.0]),
    ] {
        npz.start_file(format!("{name}.npy"), deflated).unwrap();
        let mut writer = npyz::WriteOptions::<f32>::new()
            .default_dtype()
            .shape(&[2, 2])
            .order(order)
            .writer(&mut npz)
            .begin_nd()
            .unwrap();
        writer.extend(numbers).unwrap();
        writer.finish().unwrap();
    }
    npz.finish().unwrap();
    let file = TensorFile::open(&path).unwrap();
    for name in ["a", "b"] {
        let tokens = load_tokens(&file, Some(name), 2).unwrap();
        assert_eq!(tokens.as_slice(), [1.0, 2.0, 3.0, 4.0], "{name}");
    }
    let message = load_tokens(&file, None, 2).unwrap_err().to_string();
    assert!(
        message.contains("`a`, `b`") && message.contains("name one"),
        "{message}"
    );
    let message = load_tokens(&file, Some("c"), 2).unwrap_err().to_string();
    assert!(message.contains("no tensor `c`"), "{message}");
}

/// An array of an archive that inflates to a thousand times its size is not inflated beyond what its header says.
#[test]
fn arrays_that_inflate_to_more_than_their_header_says_are_refused() {
    use std::io::Write as _;
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("bomb.npz");
    for (shape, said) in [
        ("(2, 2)", "more than the 32 bytes"),
        ("(4194304,)", "needs more than"),
        ("(99999999, 99999999999)", "99999999999"),
    ] {
        let mut npz = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
        let deflated = zip::write::SimpleFileOptions::default();
        npz.start_file("a.npy", deflated).unwrap();
        npz.write_all(&npy("<f8", false, shape, &[0; 1 << 24]))
            .unwrap();
        npz.finish().unwrap();
        assert!(std::fs::metadata(&path).unwrap().len() < 1 << 16);
        let file = TensorFile::open(&path).unwrap();
        for error in [file.tensor("a"), file.numbers("a")] {
            let message = error.unwrap_err().to_string();
            assert!(
                message.contains("`a`") && message.contains(said),
                "{message}"
            );
        }
        assert!(file.of_shape("a", &[3, 3], "as here").is_err());
    }
}

/// Labels and images come in such arrays.
#[test]
fn whole_numbers_are_read_where_they_will_do() {
    let dir = TempDir::new().unwrap();
    for (dtype, bytes, numbers) in [
        ("|u1", vec![0, 7, 255], [0.0, 7.0, 255.0]),
        ("|i1", vec![0, 7, 255], [0.0, 7.0, -1.0]),
        ("|b1", vec![0, 1, 1], [0.0, 1.0, 1.0]),
        ("<u2", vec![0, 0, 7, 0, 1, 1], [0.0, 7.0, 257.0]),
        (">i2", vec![0, 0, 0, 7, 255, 255], [0.0, 7.0, -1.0]),
        (
            "<i4",
            [0, 7, -1_i32].map(i32::to_le_bytes).concat(),
            [0.0, 7.0, -1.0],
        ),
        (
            "<u4",
            [0, 7, 1 << 31_u32].map(u32::to_le_bytes).concat(),
            [0.0, 7.0, 2147483648.0],
        ),
        (
            "<i8",
            [0, 7, -1_i64].map(i64::to_le_bytes).concat(),
            [0.0, 7.0, -1.0],
        ),
        (
            "<u8",
            [0, 7, 1_u64].map(u64::to_le_bytes).concat(),
            [0.0, 7.0, 1.0],
        ),
        (
            "<f4",
            [0.0, 7.0, 0.5_f32].map(f32::to_le_bytes).concat(),
            [0.0, 7.0, 0.5],
        ),
    ] {
        let path = dir.path().join("whole.npy");
        std::fs::write(&path, npy(dtype, false, "(3,)", &bytes)).unwrap();
        let file = TensorFile::open(&path).unwrap();
        assert_eq!(file.layout("array").unwrap(), (vec![3], dtype.to_owned()));
        assert_eq!(file.numbers("array").unwrap().data, numbers, "{dtype}");
        assert_eq!(file.tensor("array").is_ok(), dtype == "<f4", "{dtype}");
    }
}

#[test]
fn faults_name_the_tensor_and_the_shape_expected() {
    let dir = TempDir::new().unwrap();
    let with = |name: &str, raw: Raw| {
        let mut tensors = layer();
        tensors
            .iter_mut()
            .find(|(known, _)| *known == name)
            .unwrap()
            .1 = raw;
        tensors
    };
    let message = error(&dir, &layer()[..3], 2);
    assert!(
        message.contains("no tensor `v.weight`") && message.contains("`k.weight`, `q.bias`"),
        "{message}"
    );

    let message = error(&dir, &with("k.weight", f32s(&[3, 4], &[0.0; 12])), 2);
    assert!(
        message.contains("`k.weight` has shape [3, 4]") && message.contains("[4, 3]"),
        "{message}"
    );

    let message = error(&dir, &with("v.weight", f32s(&[2, 5], &[0.0; 10])), 2);
    assert!(
        message.contains("`v.weight` has shape [2, 5]") && message.contains("[out, 3]"),
        "{message}"
    );

    let message = error(&dir, &with("q.bias", f32s(&[3], &[0.0; 3])), 2);
    assert!(
        message.contains("`q.bias` has shape [3]") && message.contains("[4]"),
        "{message}"
    );

    let message = error(&dir, &with("q.weight", f32s(&[12], &[0.0; 12])), 2);
    assert!(
        message.contains("`q.weight` has shape [12]") && message.contains("[out, in]"),
        "{message}"
    );

    let message = error(&dir, &layer(), 3);
    assert!(
        message.contains("`q.weight` has shape [4, 3]") && message.contains("3 heads"),
        "{message}"
    );
    let message = error(&dir, &layer(), 0);
    assert!(message.contains("0 heads"), "{message}");

    let mut numbers = [0.0; 6];
    numbers[4] = f64::NAN;
    let message = error(&dir, &with("v.weight", f32s(&[2, 3], &numbers)), 2);
    assert!(
        message.contains("`v.weight`") && message.contains("NaN at [1, 1]"),
        "{message}"
    );
}

#[test]
fn broken_files_are_errors_not_panics() {
    let dir = TempDir::new().unwrap();
    let path = write(&dir, "whole.safetensors", &layer());
    let bytes = std::fs::read(&path).unwrap();
    for length in [0, 4, 8, 20, bytes.len() - 1] {
        let cut = dir.path().join("cut.safetensors");
        std::fs::write(&cut, &bytes[..length]).unwrap();
        let message = TensorFile::open(&cut).unwrap_err().to_string();
        assert!(
            message.contains("cut.safetensors is not a valid safetensors file"),
            "{message}"
        );
    }
    let message = TensorFile::open(dir.path().join("model.bin"))
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("model.bin") && message.contains(".npz"),
        "{message}"
    );
    let message = TensorFile::open(dir.path().join("absent.npy"))
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("cannot read") && message.contains("absent.npy"),
        "{message}"
    );
    let text = dir.path().join("text.npz");
    std::fs::write(&text, "no zip").unwrap();
    assert!(
        TensorFile::open(&text)
            .unwrap_err()
            .to_string()
            .contains("not a valid NPZ file")
    );
}

#[test]
fn projected_heads_are_rows_of_the_weight() {
    let rng = &mut rng(3);
    let dir = TempDir::new().unwrap();
    let weight: DMatrix<f64> = gaussian(6, 5, 1.0, rng);
    let data = Raw {
        dtype: Dtype::F64,
        shape: vec![6, 5],
        bytes: weight
            .transpose()
            .iter()
            .flat_map(|x| x.to_le_bytes())
            .collect(),
    };
    let path = write(&dir, "heads.safetensors", &[("w", data)]);
    let file = TensorFile::open(path).unwrap();
    let names = ProjectionNames {
        query: "w",
        key: "w",
        value: "w",
        query_bias: None,
        key_bias: None,
        value_bias: None,
    };
    let projections = load_projections(&file, names, 3).unwrap();
    assert_eq!(
        (
            projections.heads(),
            projections.head_dim(),
            projections.inputs()
        ),
        (3, 2, 5)
    );
    let tokens: DMatrix<f64> = gaussian(5, 7, 1.0, rng);
    let qkv = projections.project(&tokens).unwrap();
    assert!((qkv.key() - &weight * &tokens).amax() < 1e-15);
}
