//! Weights in NPZ files: what NumPy may write is read as it was meant.

use std::fs::File;
use std::path::Path;

use microcircuit::{NetworkParams, Params, Weights};
use nalgebra::DMatrix;
use npyz::{Order, WriterBuilder};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// Square matrices among them, whose shape does not tell which way they lie.
fn params() -> Params {
    let params = NetworkParams {
        dims: vec![2, 3, 3],
        ..NetworkParams::yin_yang()
    };
    params.check().unwrap()
}

/// Every weight another number.
fn weights(params: &Params) -> Weights<f32> {
    let mut next = 0.0;
    Weights::draw(params, || {
        next += 1.0 / 128.0;
        next
    })
}

/// The numbers of a matrix as they lie in a file of this order.
fn stored(matrix: &DMatrix<f32>, order: Order) -> Vec<f64> {
    let matrix = match order {
        Order::C => matrix.transpose(),
        Order::Fortran => matrix.clone(),
    };
    matrix.iter().map(|&w| f64::from(w)).collect()
}

fn write(path: &Path, params: &Params, weights: &Weights<f32>, order: Order) {
    let mut npz = ZipWriter::new(File::create(path).unwrap());
    for (layer, synapse) in params.synapses() {
        let matrix = weights.get(layer, synapse).unwrap();
        let name = format!("{}_{layer}.npy", synapse.name());
        npz.start_file(name, SimpleFileOptions::default()).unwrap();
        let mut array = npyz::WriteOptions::<f64>::new()
            .default_dtype()
            .shape(&[matrix.nrows() as u64, matrix.ncols() as u64])
            .order(order)
            .writer(&mut npz)
            .begin_nd()
            .unwrap();
        array.extend(stored(matrix, order)).unwrap();
        array.finish().unwrap();
    }
    npz.finish().unwrap();
}

#[test]
fn either_order_of_storage_gives_the_same_weights() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("weights.npz");
    let params = params();
    let weights = weights(&params);
    for order in [Order::C, Order::Fortran] {
        write(&path, &params, &weights, order);
        assert_eq!(Weights::load_npz(&path, &params).unwrap(), weights);
    }
}

#[test]
fn saved_weights_come_back_bit_for_bit() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("weights.npz");
    let params = params();
    let weights = weights(&params);
    weights.save_npz(&path).unwrap();
    assert_eq!(Weights::load_npz(&path, &params).unwrap(), weights);
}

/// A member that inflates to a thousand times its size is inflated no further than the network needs.
#[test]
fn an_array_that_inflates_to_more_than_its_shape_needs_is_refused() {
    use std::io::{Read as _, Write as _};
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("weights.npz");
    let params = params();
    write(&path, &params, &weights(&params), Order::C);
    let mut whole = zip::ZipArchive::new(File::open(&path).unwrap()).unwrap();
    let bomb = directory.path().join("bomb.npz");
    let mut npz = ZipWriter::new(File::create(&bomb).unwrap());
    for i in 0..whole.len() {
        let mut array = whole.by_index(i).unwrap();
        let mut bytes = Vec::new();
        array.read_to_end(&mut bytes).unwrap();
        let name = array.name().unwrap().to_string();
        if name.starts_with("pi_1") {
            bytes.resize(bytes.len() + (1 << 24), 0);
        }
        npz.start_file(name, SimpleFileOptions::default()).unwrap();
        npz.write_all(&bytes).unwrap();
    }
    npz.finish().unwrap();
    assert!(std::fs::metadata(&bomb).unwrap().len() < 1 << 16);
    let error = Weights::<f32>::load_npz(&bomb, &params).unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains("bomb.npz") && message.contains("pi_1") && message.contains("more than"),
        "{message}"
    );
}
