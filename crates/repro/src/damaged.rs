//! Every reader meets damaged files: it may refuse them or not, but it does not panic, hang, or ask for more memory
//! than there is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use astro::networks::vae::{Vae, VaeSizes};
use astro::numerics::tensors::TensorFile;
use microcircuit::{NetworkParams, Weights};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use tempfile::TempDir;

use crate::compare;
use crate::datasets::DataSets;
use crate::experiment::Experiment;
use crate::figures;
use crate::paths::{Output, Repository};
use crate::profile::Profile;
use crate::results::{Cell, Frame, Results, Table};
use crate::store::Store;

/// Seconds after which a reader counts as hung.
const LONG: u64 = 30;
/// Kibibytes of address space that the tests have, so that a gigantic allocation fails.
const SPACE: usize = 6_000_000;

/// What may stand where something else stood.
const WORDS: [&str; 22] = [
    "",
    "0",
    "-1",
    "1e308",
    "-1e-308",
    "nan",
    "inf",
    "1e15",
    "9223372036854775807",
    "18446744073709551615",
    "true",
    "\n",
    ",",
    ",,,",
    "\"",
    "[[",
    "(((((((((((((((((((((((((((((((((",
    "{",
    "\u{1b}[2J",
    "key",
    "= 3",
    "\u{fffd}",
];

/// One damage: what is done, where, and with what.
type Damage = (u8, u32, u16);

fn damage(bytes: &mut Vec<u8>, (what, place, with): Damage) {
    let at = place as usize % bytes.len().max(1);
    let end = (at + 1 + usize::from(with) % 64).min(bytes.len());
    let word = WORDS[usize::from(with) % WORDS.len()].as_bytes();
    if bytes.is_empty() {
        return;
    }
    match what {
        0 => bytes[at] = with as u8,
        1 => bytes.truncate(at),
        2 => drop(bytes.drain(at..end)),
        3 => {
            let part = bytes[at..end].to_vec();
            bytes.splice(at..at, part);
        }
        4 => drop(bytes.splice(at..at, word.iter().copied())),
        // A number or word in place of the next one.
        _ => {
            let part = |byte: &u8| byte.is_ascii_alphanumeric() || b".-+".contains(byte);
            let start = at + bytes[at..].iter().position(part).unwrap_or(0);
            let length = bytes[start..].iter().position(|byte| !part(byte));
            let end = start + length.unwrap_or(bytes.len() - start);
            drop(bytes.splice(start..end, word.iter().copied()));
        }
    }
}

/// Hands damaged copies of a whole file to a reader.
fn meet(whole: &[u8], cases: u32, read: impl Fn(&[u8])) {
    // More of them where somebody looks for more.
    let more = std::env::var("REPRO_CASES").ok();
    let more = more.and_then(|more| more.parse::<u32>().ok()).unwrap_or(1);
    let config = Config {
        cases: cases * more,
        failure_persistence: None,
        max_shrink_iters: 200,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let damages = vec((0..8_u8, any::<u32>(), any::<u16>()), 1..5);
    let result = runner.run(&damages, |damages| {
        let mut bytes = whole.to_vec();
        damages.into_iter().for_each(|one| damage(&mut bytes, one));
        let start = Instant::now();
        read(&bytes);
        prop_assert!(start.elapsed().as_secs() < LONG, "{:?}", start.elapsed());
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

/// Does a test in a process of its own, which may have only so much memory.
fn in_little_space(name: &str, test: impl FnOnce()) {
    const INSIDE: &str = "REPRO_LITTLE_SPACE";
    if std::env::var_os(INSIDE).is_some() {
        return test();
    }
    let limited = format!("ulimit -v {SPACE}; exec \"$0\" \"$@\"");
    let program = std::env::current_exe().unwrap();
    let output = Command::new("sh")
        .args(["-c", &limited])
        .arg(program)
        .args(["--exact", &format!("damaged::{name}"), "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("1 passed"), "{said}\n{errors}");
}

fn root() -> PathBuf {
    Repository::find().unwrap().root().to_owned()
}

fn shipped(name: &str) -> PathBuf {
    root().join("figures/paper/data").join(name)
}

/// A folder in which everything is linked that another has.
fn linked(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        std::os::unix::fs::symlink(file.path(), to.join(file.file_name())).unwrap();
    }
}

/// Puts a file in place of a link.
fn put(path: &Path, bytes: &[u8]) {
    let _ = fs::remove_file(path);
    fs::write(path, bytes).unwrap();
}

/// Draws a figure and compares it, as far as its files let it.
fn show(id: &str, results: &Results) {
    let figure = figures::select(&[id.to_owned()]).unwrap()[0];
    let _ = figure.render(results);
    if let Some(comparison) = compare::ALL
        .iter()
        .find(|comparison| comparison.figure == id)
    {
        let _ = comparison.make(results);
    }
}

#[test]
fn experiments() {
    in_little_space("experiments", || {
        let repository = Repository::find().unwrap();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("study.toml");
        for name in [
            "learning_lag",
            "astro_xor",
            "attention_traces",
            "mimic",
            "diffusion",
            "astro_sudoku",
        ] {
            let whole = fs::read(repository.experiment(name)).unwrap();
            meet(&whole, 150, |bytes| {
                fs::write(&path, bytes).unwrap();
                if let Ok(experiment) = Experiment::read(&path, &repository) {
                    let _ = experiment.plan(Profile::Quick, &[]);
                }
            });
        }
    });
}

#[test]
fn results_and_journals() {
    in_little_space("results_and_journals", || {
        let repository = Repository::find().unwrap();
        let name = "yinyang_steadnet";
        let path = repository.experiment(name);
        let experiment = Experiment::read(&path, &repository).unwrap();
        let plan = experiment.plan(Profile::Paper, &[]).unwrap();
        let files = ["csv", "curves.csv", "provenance.toml"];
        let files = files.map(|end| format!("{name}.{end}"));
        let table = |field: &str| {
            format!(
                "{{\"key\":\"{}\",\"metrics\":[[\"test_accuracy\",{field}]],\"tables\":[[\"curves\",\
                     {{\"columns\":[\"epoch\",\"validation_mse\"],\"rows\":[[1,0.5],[2,{field}]]}}]],\
                     \"wall_s\":1.0,\"code\":\"abc\"}}\n",
                plan.runs[0].key
            )
        };
        let journal = table("0.5") + &table("0.25");
        let open = |dir: &TempDir| {
            let output = Output::at(dir.path());
            if let Ok(mut store) = Store::open(&output, &plan) {
                let _ = store.write(&plan, None);
            }
            show(
                "yinyang-steadnet",
                &Results::new(&repository, &output, Profile::Paper),
            );
        };
        for file in &files {
            let whole = fs::read(shipped(file)).unwrap();
            meet(&whole, 40, |bytes| {
                let dir = tempfile::tempdir().unwrap();
                let data = dir.path().join("data");
                fs::create_dir_all(&data).unwrap();
                for other in &files {
                    fs::copy(shipped(other), data.join(other)).unwrap();
                }
                put(&data.join(file), bytes);
                open(&dir);
            });
        }
        meet(journal.as_bytes(), 60, |bytes| {
            let dir = tempfile::tempdir().unwrap();
            fs::create_dir_all(dir.path().join("runs")).unwrap();
            put(&dir.path().join("runs/yinyang_steadnet.jsonl"), bytes);
            open(&dir);
        });
    });
}

#[test]
fn tables_of_figures() {
    in_little_space("tables_of_figures", || {
        let repository = Repository::find().unwrap();
        for figure in figures::ALL {
            for reads in figure.reads {
                let file = reads.file();
                let Ok(whole) = fs::read(shipped(&file)) else {
                    continue;
                };
                // Enough rows to draw, few enough to be drawn often.
                let lines: Vec<&str> = std::str::from_utf8(&whole)
                    .unwrap()
                    .lines()
                    .take(1000)
                    .collect();
                let whole = lines.join("\n");
                let dir = tempfile::tempdir().unwrap();
                let output = Output::new(dir.path(), Profile::Paper);
                linked(&root().join("figures/paper/data"), &output.data());
                let results = Results::new(&repository, &output, Profile::Paper);
                meet(whole.as_bytes(), 4, |bytes| {
                    put(&output.data().join(&file), bytes);
                    show(figure.id, &results);
                });
            }
        }
    });
}

/// What was found once: a column of a table all of one value, which panicked, or took all memory.
#[test]
fn columns_of_one_value() {
    in_little_space("columns_of_one_value", || {
        let repository = Repository::find().unwrap();
        for (id, file, column, value) in [
            (
                "astro-layers",
                "astro_structure.connections.csv",
                "outputs",
                "1e18",
            ),
            (
                "astro-layers",
                "astro_structure.connections.csv",
                "outputs",
                "5",
            ),
            (
                "astro-layers",
                "astro_structure.connections.csv",
                "outputs",
                "-1",
            ),
            (
                "astro-layers",
                "astro_structure.connections.csv",
                "input",
                "1e308",
            ),
            ("stability", "stability.traces.csv", "t_ms", "1e308"),
        ] {
            let dir = tempfile::tempdir().unwrap();
            let output = Output::new(dir.path(), Profile::Paper);
            linked(&root().join("figures/paper/data"), &output.data());
            let whole = Frame::read(&shipped(file)).unwrap();
            let mut table = Table::new(whole.columns());
            for row in whole.rows() {
                let field = |name: &String| match name == column {
                    true => Cell::parse(value),
                    false => Cell::parse(row.text(name).unwrap()),
                };
                table.rows.push(whole.columns().iter().map(field).collect());
            }
            // Not through the link.
            put(&output.data().join(file), b"");
            table.write(&output.data().join(file)).unwrap();
            let start = Instant::now();
            show(id, &Results::new(&repository, &output, Profile::Paper));
            assert!(
                start.elapsed().as_secs() < LONG,
                "{id}: {:?}",
                start.elapsed()
            );
        }
    });
}

#[test]
fn published_tables() {
    in_little_space("published_tables", || {
        let figures = [
            "learning-lag",
            "diffusion",
            "astro-vs-neurons",
            "yinyang-steadnet",
        ];
        let published = root().join("datasets/published");
        let mut files: Vec<_> = fs::read_dir(&published)
            .unwrap()
            .map(|f| f.unwrap())
            .collect();
        files.retain(|file| file.path().extension().is_some_and(|end| end == "csv"));
        for file in files {
            let dir = tempfile::tempdir().unwrap();
            let place = dir.path().join("datasets/published");
            linked(&published, &place);
            let output = Output::new(dir.path(), Profile::Paper);
            linked(&root().join("figures/paper/data"), &output.data());
            let results = Results::new(&Repository::at(dir.path()), &output, Profile::Paper);
            meet(&fs::read(file.path()).unwrap(), 8, |bytes| {
                put(&place.join(file.file_name()), bytes);
                figures.iter().for_each(|id| show(id, &results));
            });
        }
    });
}

#[test]
fn tensors() {
    in_little_space("tensors", || {
        let dir = tempfile::tempdir().unwrap();
        let params = NetworkParams {
            dims: vec![3, 4, 2],
            ..NetworkParams::yin_yang()
        };
        let params = params.check().unwrap();
        let npz = dir.path().join("weights.npz");
        Weights::<f32>::draw(&params, || 0.25)
            .save_npz(&npz)
            .unwrap();
        let read = |path: &Path| {
            let Ok(file) = TensorFile::open(path) else {
                return;
            };
            for name in file.names().unwrap_or_default() {
                let _ = file.tensor(&name);
            }
        };
        meet(&fs::read(&npz).unwrap(), 2000, |bytes| {
            fs::write(&npz, bytes).unwrap();
            read(&npz);
            let _ = Weights::<f64>::load_npz(&npz, &params);
        });
        let mut header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }".to_vec();
        header.resize(117, b' ');
        header.push(b'\n');
        let whole = [b"\x93NUMPY\x01\x00\x76\x00", &header[..], &[0; 48]].concat();
        let npy = dir.path().join("array.npy");
        meet(&whole, 2000, |bytes| {
            fs::write(&npy, bytes).unwrap();
            read(&npy);
        });
        let vae = dir.path().join("vae.safetensors");
        let sizes = VaeSizes {
            pixels: 4,
            hidden: 3,
            latents: 2,
        };
        let mut weights = astro::numerics::random::Streams::new(1).weights;
        let trained = Vae::draw(sizes, &mut weights).unwrap();
        trained.save(&vae, &[("made by", "a test")]).unwrap();
        meet(&fs::read(&vae).unwrap(), 2000, |bytes| {
            fs::write(&vae, bytes).unwrap();
            read(&vae);
            let _ = Vae::load(&vae, sizes);
        });
    });
}

#[test]
fn samples() {
    in_little_space("samples", || {
        let dir = tempfile::tempdir().unwrap();
        let read = |name: &str| {
            let _ = DataSets::new(dir.path()).patterns(name);
        };
        let csv = dir.path().join("csv");
        fs::create_dir(&csv).unwrap();
        let whole = "a,b,label\n0.5,1,0\n0,0.25,1\n";
        fs::write(csv.join("test.csv"), whole).unwrap();
        meet(whole.as_bytes(), 1000, |bytes| {
            fs::write(csv.join("train.csv"), bytes).unwrap();
            read("csv");
        });
        let npz = dir.path().join("npz");
        fs::create_dir(&npz).unwrap();
        let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, dtype, shape, numbers) in [
            ("x", "<f4", "(2, 3)", &[0; 24][..]),
            ("y", "|u1", "(2,)", &[0, 1]),
        ] {
            let mut header =
                format!("{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}")
                    .into_bytes();
            header.resize(117, b' ');
            header.push(b'\n');
            let array = [b"\x93NUMPY\x01\x00\x76\x00", &header[..], numbers].concat();
            let options = zip::write::SimpleFileOptions::default();
            writer.start_file(format!("{name}.npy"), options).unwrap();
            std::io::Write::write_all(&mut writer, &array).unwrap();
        }
        let whole = writer.finish().unwrap().into_inner();
        fs::write(npz.join("test.npz"), &whole).unwrap();
        fs::write(npz.join("train.npz"), &whole).unwrap();
        assert!(DataSets::new(dir.path()).patterns("npz").is_ok());
        meet(&whole, 1000, |bytes| {
            fs::write(npz.join("train.npz"), bytes).unwrap();
            read("npz");
        });
    });
}

#[test]
fn images() {
    in_little_space("images", || {
        let dir = tempfile::tempdir().unwrap();
        let be = |n: u32| n.to_be_bytes();
        let images = [&[be(0x803), be(3), be(2), be(2)].concat()[..], &[9; 12]].concat();
        let labels = [&[be(0x801), be(3)].concat()[..], &[1, 2, 3]].concat();
        let [train, test] = ["train", "t10k"].map(|set| {
            ["images-idx3", "labels-idx1"]
                .map(|kind| dir.path().join(format!("{set}-{kind}-ubyte")))
        });
        for [i, l] in [&train, &test] {
            fs::write(i, &images).unwrap();
            fs::write(l, &labels).unwrap();
        }
        assert!(tasks::mnist::load(dir.path()).is_ok());
        for (path, whole) in [(&train[0], &images), (&train[1], &labels)] {
            meet(whole, 1500, |bytes| {
                fs::write(path, bytes).unwrap();
                let _ = tasks::mnist::load(dir.path());
            });
            fs::write(path, whole).unwrap();
        }
    });
}
