//! Samples of the user's own, from CSV, NPZ and IDX files: microcircuits learn them, and files that do not fit are
//! refused by name before anything runs.

mod common;

use std::fs;
use std::io::Write as _;
use std::path::Path;

use common::{run, stderr};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const STUDY: &str = r#"
study = "mnist"
base = "mnist"
model = "steadnet"
seeds = [1]
[network]
dims = [4, 6, 3]
eta_up = [0.2, 0.05]
eta_ip = 0.02
learning_lag_ms = 0.0
[task]
train = 200
validation = 40
test = 60
[training]
epochs = 3
"#;

/// Sample `i`: one of three features stands out, and says its class; the fourth says nothing. Bytes.
fn sample(i: usize) -> ([u8; 4], u8) {
    let mut bytes = [51, 51, 51, (i * 37 % 256) as u8];
    bytes[i % 3] = 204;
    (bytes, (i % 3) as u8)
}

fn csv(n: usize) -> String {
    let mut text = "a,b,label,c,d\n".to_owned();
    for i in 0..n {
        let (x, class) = sample(i);
        let [a, b, c, d] = x.map(|byte| f64::from(byte) / 255.0);
        text += &format!("{a},{b},{class},{c},{d}\n");
    }
    text
}

fn npy(dtype: &str, shape: &str, numbers: &[u8]) -> Vec<u8> {
    let mut header =
        format!("{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}").into_bytes();
    header.resize(117, b' ');
    header.push(b'\n');
    [&b"\x93NUMPY\x01\x00\x76\x00"[..], &header, numbers].concat()
}

fn write_npz(path: &Path, arrays: &[(&str, Vec<u8>)]) {
    let mut npz = ZipWriter::new(fs::File::create(path).unwrap());
    for (name, bytes) in arrays {
        let options = SimpleFileOptions::default();
        npz.start_file(format!("{name}.npy"), options).unwrap();
        npz.write_all(bytes).unwrap();
    }
    npz.finish().unwrap();
}

/// Images of bytes and labels of eight, as NumPy has them.
fn arrays(n: usize) -> [(&'static str, Vec<u8>); 2] {
    let x: Vec<u8> = (0..n).flat_map(|i| sample(i).0).collect();
    let y: Vec<u8> = (0..n)
        .flat_map(|i| i64::from(sample(i).1).to_le_bytes())
        .collect();
    [
        ("x", npy("|u1", &format!("({n}, 2, 2)"), &x)),
        ("y", npy("<i8", &format!("({n},)"), &y)),
    ]
}

fn write_idx(dir: &Path, set: &str, n: usize) {
    let be = |n: usize| u32::try_from(n).unwrap().to_be_bytes();
    let mut images = [be(0x803), be(n), be(2), be(2)].concat();
    images.extend((0..n).flat_map(|i| sample(i).0));
    let mut labels = [be(0x801), be(n)].concat();
    labels.extend((0..n).map(|i| sample(i).1));
    fs::write(dir.join(format!("{set}-images-idx3-ubyte")), images).unwrap();
    fs::write(dir.join(format!("{set}-labels-idx1-ubyte")), labels).unwrap();
}

/// Runs the study on a folder; the columns that are results, or what was said.
fn learn(data: &Path, study: &str) -> Result<String, String> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("own.toml");
    let text = format!("{study}[data]\ndir = '{}'\n", data.display());
    fs::write(&file, text).unwrap();
    let out = dir.path().to_str().unwrap();
    let output = run(&["sweep", file.to_str().unwrap(), "--out", out]);
    if !output.status.success() {
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        assert!(!dir.path().join("data").exists(), "nothing may have run");
        return Err(stderr(&output));
    }
    let mut reader = csv::Reader::from_path(dir.path().join("data/own.csv")).unwrap();
    let header = reader.headers().unwrap().clone();
    let row = reader.records().next().unwrap().unwrap();
    let metrics = [
        "validation_mse",
        "validation_error",
        "test_mse",
        "test_error",
    ];
    let value = |name: &&str| row[header.iter().position(|c| c == *name).unwrap()].to_owned();
    Ok(metrics.iter().map(value).collect::<Vec<_>>().join(" "))
}

#[test]
fn the_same_samples_are_learnt_from_files_of_any_form() {
    let dir = tempfile::tempdir().unwrap();
    let folder = |name: &str| {
        let folder = dir.path().join(name);
        fs::create_dir(&folder).unwrap();
        folder
    };
    let (csvs, npzs, idx) = (folder("csv"), folder("npz"), folder("idx"));
    for (set, idx_set, n) in [("train", "train", 240), ("test", "t10k", 60)] {
        fs::write(csvs.join(format!("{set}.csv")), csv(n)).unwrap();
        write_npz(&npzs.join(format!("{set}.npz")), &arrays(n));
        write_idx(&idx, idx_set, n);
    }
    let learnt = learn(&csvs, STUDY).unwrap();
    let error: f64 = learnt.split(' ').next_back().unwrap().parse().unwrap();
    assert!(error < 0.2, "{learnt}: chance is 0.67");
    // The same numbers, but for their rounding to single precision.
    for other in [&npzs, &idx] {
        let other = learn(other, STUDY).unwrap();
        for (a, b) in learnt.split(' ').zip(other.split(' ')) {
            let (a, b): (f64, f64) = (a.parse().unwrap(), b.parse().unwrap());
            assert!((a - b).abs() < 1e-3, "{learnt} / {other}");
        }
    }
}

#[test]
fn the_astrocyte_experiments_read_the_same_files() {
    let study = "study = 'astro-classifier'\nencoder.kind = 'random-projection'\n\
                 network.cells = 'astrocytes'\ntraining.epochs = 1\n";
    let run_on = |data: &Path| {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("own.toml");
        fs::write(&file, study).unwrap();
        let set = format!("data.dir={}", data.display());
        let out = dir.path().to_str().unwrap();
        stderr(&run(&[
            "sweep",
            file.to_str().unwrap(),
            "--out",
            out,
            "--set",
            &set,
        ]))
    };
    let dir = tempfile::tempdir().unwrap();
    for (set, n) in [("train", 256), ("test", 60)] {
        fs::write(dir.path().join(format!("{set}.csv")), csv(n)).unwrap();
    }
    let said = run_on(dir.path());
    assert!(said.contains("1 computed"), "{said}");
    let between = csv(60).replacen("0.8", "0.8011", 1);
    fs::write(dir.path().join("test.csv"), between).unwrap();
    let said = run_on(dir.path());
    for word in ["test.csv", "sample 1", "multiples of 1/255"] {
        assert!(said.contains(word), "{word}: {said}");
    }
}

#[test]
fn tables_that_do_not_fit_are_refused_by_line_and_column() {
    let dir = tempfile::tempdir().unwrap();
    let good = csv(240);
    let tiny = "a,b,label,c,d\n0,0,0,0,0\n";
    let line = "0.8,0.2,0,0.2,0\n";
    assert!(good.contains(line), "{good}");
    for (file, text, words) in [
        (
            "train.csv",
            good.replacen("label", "class", 1),
            &["0 columns", "\"label\"", "must be one"][..],
        ),
        (
            "train.csv",
            good.replacen("a,b", "label,b", 1),
            &["2 columns", "\"label\""],
        ),
        ("train.csv", "label\n1\n".to_owned(), &["no features"]),
        ("train.csv", "a,b,label,c,d\n".to_owned(), &["no samples"]),
        (
            "train.csv",
            good.replacen(line, "0.8,0.2,0,0.2\n", 1),
            &["line: 2", "4 fields"],
        ),
        (
            "train.csv",
            good.replacen(line, "0.8,no,0,0.2,0\n", 1),
            &["line 2", "\"b\"", "\"no\"", "number"],
        ),
        (
            "train.csv",
            good.replacen(line, "204,0.2,0,0.2,0\n", 1),
            &["line 2", "\"a\"", "204", "from 0 to 1", "255"],
        ),
        (
            "train.csv",
            good.replacen(line, "nan,0.2,0,0.2,0\n", 1),
            &["line 2", "\"a\"", "NaN"],
        ),
        (
            "train.csv",
            good.replacen(line, "0.8,0.2,0.5,0.2,0\n", 1),
            &["line 2", "\"label\"", "0.5", "whole"],
        ),
        (
            "train.csv",
            good.replacen(line, "0.8,0.2,-1,0.2,0\n", 1),
            &["line 2", "\"label\"", "-1"],
        ),
        (
            "train.csv",
            good.replacen(line, "0.8,0.2,7,0.2,0\n", 1),
            &["network.dims", "8 classes"],
        ),
        (
            "train.csv",
            csv(100),
            &["task.train", "200 + 40", "100 samples"],
        ),
        ("test.csv", csv(30), &["task.test", "60", "30 samples"]),
        (
            "test.csv",
            tiny.replace(",d", "").replace(",0\n", "\n"),
            &["3 features", "must be 4", "train.csv"],
        ),
    ] {
        fs::write(dir.path().join("train.csv"), &good).unwrap();
        fs::write(dir.path().join("test.csv"), csv(60)).unwrap();
        fs::write(dir.path().join(file), &text).unwrap();
        let said = learn(dir.path(), STUDY).unwrap_err();
        let place = match words[0] {
            "network.dims" | "task.train" | "task.test" => dir.path().to_str().unwrap(),
            _ => file,
        };
        for word in words.iter().chain(&[place]) {
            assert!(said.contains(word), "{word:?} is not in {said}");
        }
    }
    fs::remove_file(dir.path().join("test.csv")).unwrap();
    let said = learn(dir.path(), STUDY).unwrap_err();
    assert!(said.contains("test.csv"), "{said}");
}

#[test]
fn arrays_that_do_not_fit_are_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let [x, y] = arrays(240);
    let array = |name, dtype, shape: &str, size: usize| (name, npy(dtype, shape, &vec![9; size]));
    for (train, words) in [
        (vec![x.clone()], &["`y`", "there is `x`"][..]),
        (
            vec![y.clone(), ("x", npy("|u1", "(240,)", &[9; 240]))],
            &["`x`", "[240]", "[samples, features]"],
        ),
        (
            vec![x.clone(), array("y", "<i8", "(3,)", 24)],
            &["`y`", "[3]", "[240]"],
        ),
        (
            vec![x.clone(), array("y", "|u1", "(240,)", 240)],
            &["network.dims", "10 classes"],
        ),
        (
            vec![y.clone(), array("x", "<i2", "(240, 4)", 1920)],
            &["`x`", "sample 0", "2313", "from 0 to 1"],
        ),
        (
            vec![y.clone(), array("x", "<c8", "(240, 4)", 7680)],
            &["`x`", "c8"],
        ),
        (
            vec![y.clone(), array("x", "|u1", "(240, 5)", 1000)],
            &["`x`", "needs more than"],
        ),
        (
            vec![y.clone(), array("x", "|u1", "(240, 4)", 100_000)],
            &["`x`", "more than the 960 bytes"],
        ),
        (
            vec![y.clone(), array("x", "<f8", "(240, 99999999999)", 8)],
            &["`x`", "99999999999", "would be needed"],
        ),
        (
            vec![y.clone(), ("x", npy("<f4", "(240, 4)", &[0xff; 3840]))],
            &["`x`", "NaN"],
        ),
    ] {
        write_npz(&dir.path().join("train.npz"), &train);
        write_npz(&dir.path().join("test.npz"), &arrays(60));
        let said = learn(dir.path(), STUDY).unwrap_err();
        for word in words {
            assert!(said.contains(word), "{word:?} is not in {said}");
        }
        assert!(
            words[0] == "network.dims" || said.contains("train.npz"),
            "{said}"
        );
    }
}

#[test]
fn folders_without_one_data_set_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let refused = |words: &[&str]| {
        let said = learn(dir.path(), STUDY).unwrap_err();
        for word in [&["data.dir", dir.path().to_str().unwrap()], words].concat() {
            assert!(said.contains(word), "{word:?} is not in {said}");
        }
    };
    refused(&["no data set", "train.csv", "train.npz", "IDX"]);
    fs::write(dir.path().join("train.csv"), csv(240)).unwrap();
    write_npz(&dir.path().join("train.npz"), &arrays(240));
    refused(&["several forms"]);
    let said = learn(&dir.path().join("nowhere"), STUDY).unwrap_err();
    assert!(said.contains("no such directory"), "{said}");
}

#[test]
fn mnist_by_its_name_is_mnist() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("own.toml");
    let study = STUDY.replace("[4, 6, 3]", "[784, 6, 10]");
    let rows = |study: &str| {
        fs::write(&file, study).unwrap();
        let out = dir.path().join("out");
        let output = run(&[
            "sweep",
            file.to_str().unwrap(),
            "--out",
            out.to_str().unwrap(),
        ]);
        assert!(output.status.success(), "{}", stderr(&output));
        fs::read_to_string(out.join("data/own.csv")).unwrap()
    };
    let plain = rows(&study);
    assert_eq!(rows(&(study + "[data]\ndir = 'mnist'\n")), plain);
    assert!(!plain.contains("data.dir"), "{plain}");
}
