//! `repro.yin_yang` and `repro.mnist`.

use std::path::PathBuf;

use numpy::{PyArray1, PyArray2, PyArrayMethods as _};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use tasks::yinyang::{self, Sizes, Splits, Stream};
use tasks::{Dataset, mnist as images};

/// Inputs, one row per sample, and labels.
type Set<'py> = (Bound<'py, PyArray2<f64>>, Bound<'py, PyArray1<i64>>);

/// Pixels, one row per image, and labels.
type Images<'py> = (Bound<'py, PyArray2<u8>>, Bound<'py, PyArray1<i64>>);

/// The data of a Yin-Yang run, and the generator that they came from.
#[pyclass(module = "repro._repro")]
pub(crate) struct YinYang {
    pub(crate) stream: Stream,
    sets: Splits,
}

#[pymethods]
impl YinYang {
    #[new]
    fn new(seed: u32, train: usize, validation: usize, test: usize) -> Self {
        let sizes = Sizes {
            train,
            validation,
            test,
        };
        let (stream, sets) = yinyang::run(seed, sizes);
        Self { stream, sets }
    }

    fn train<'py>(&self, py: Python<'py>) -> PyResult<Set<'py>> {
        set(py, &self.sets.train)
    }

    fn validation<'py>(&self, py: Python<'py>) -> PyResult<Set<'py>> {
        set(py, &self.sets.validation)
    }

    fn test<'py>(&self, py: Python<'py>) -> PyResult<Set<'py>> {
        set(py, &self.sets.test)
    }

    /// Orders of the training and of the validation set for one epoch, as published runs draw them.
    fn epoch<'py>(&mut self, py: Python<'py>) -> [Bound<'py, PyArray1<i64>>; 2] {
        let (train, validation) = (self.sets.train.len(), self.sets.validation.len());
        let mut epoch = self.stream.epoch(train, validation, 1);
        let order = |order: Vec<usize>| PyArray1::from_iter(py, order.iter().map(|i| *i as i64));
        let validation = epoch.validation.pop().unwrap_or_default();
        [order(epoch.train), order(validation)]
    }
}

fn set<'py>(py: Python<'py>, set: &Dataset) -> PyResult<Set<'py>> {
    let numbers = set.inputs.transpose().as_slice().to_vec();
    let inputs = PyArray1::from_vec(py, numbers).reshape(set.inputs.shape())?;
    let labels = set.labels.iter().map(|label| *label as i64);
    Ok((inputs, PyArray1::from_iter(py, labels)))
}

/// Training and test images of a folder of IDX files: pixels from 0 to 255, one row per image, and labels.
#[pyfunction]
pub(crate) fn mnist<'py>(py: Python<'py>, folder: PathBuf) -> PyResult<[Images<'py>; 2]> {
    let found = py.detach(|| images::load(&folder));
    let found = found.map_err(|error| PyValueError::new_err(error.to_string()))?;
    let set = |images: &images::Images| {
        let pixels: Vec<u8> = images.rows().flat_map(|(row, _)| row).copied().collect();
        let pixels = PyArray1::from_vec(py, pixels).reshape([images.len(), images.n_pixels()])?;
        let labels = images.rows().map(|(_, label)| label as i64);
        PyResult::Ok((pixels, PyArray1::from_iter(py, labels)))
    };
    Ok([set(&found.train)?, set(&found.test)?])
}
