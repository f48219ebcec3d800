//! Reading the reference traces, and keeping account of deviations from them.
#![allow(dead_code, reason = "every test binary uses a part of this")]

pub mod replay;

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;
use microcircuit::{
    Activation, HiddenWeights, NetworkParams, PerLayer, Real, Start, Sweep, Weights,
};
use nalgebra::DMatrix;
use serde_json::Value;

/// A fixture by name, without extension.
pub fn load(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/{name}.json.gz"));
    let file = std::fs::File::open(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut text = String::new();
    GzDecoder::new(file)
        .read_to_string(&mut text)
        .expect("gzipped text");
    serde_json::from_str(&text).expect("JSON")
}

/// The numbers of an array `{shape, dtype, data}`, row-major; f32 data rounded to f32 before it is widened.
pub fn numbers(array: &Value) -> Vec<f64> {
    let single = array["dtype"] == "float32";
    let data = array["data"]
        .as_array()
        .unwrap_or_else(|| panic!("no data in {array}"));
    data.iter()
        .map(|v| v.as_f64().expect("a number"))
        .map(|v| if single { f64::from(v as f32) } else { v })
        .collect()
}

/// The rows of an array of two or more dimensions.
pub fn rows(array: &Value) -> Vec<Vec<f64>> {
    let n = array["shape"][0].as_u64().expect("a shape") as usize;
    let data = numbers(array);
    data.chunks(data.len() / n).map(<[f64]>::to_vec).collect()
}

fn matrix<T: Real>(array: &Value) -> DMatrix<T> {
    let dim = |i: usize| array["shape"][i].as_u64().expect("a shape") as usize;
    DMatrix::from_row_iterator(dim(0), dim(1), numbers(array).into_iter().map(T::from_f64))
}

/// Weights of a fixture, one entry per layer above the input.
pub fn weights<T: Real>(layers: &Value) -> Weights<T> {
    let layers = layers.as_array().expect("a list of layers");
    let (output, hidden) = layers.split_last().expect("an output layer");
    let hidden = hidden.iter().map(|layer| HiddenWeights {
        up: matrix(&layer["W_up"]),
        down: matrix(&layer["W_down"]),
        pi: matrix(&layer["W_pi"]),
        ip: matrix(&layer["W_ip"]),
    });
    Weights {
        hidden: hidden.collect(),
        output: matrix(&output["W_up"]),
    }
}

/// Parameters of a fixture.
pub fn params(fixture: &Value) -> NetworkParams {
    let p = &fixture["params"];
    let number = |key: &str| p[key].as_f64().unwrap_or_else(|| panic!("params.{key}"));
    let list = |v: &Value| -> Vec<f64> {
        v.as_array()
            .expect("a list")
            .iter()
            .map(|v| v.as_f64().expect("a number"))
            .collect()
    };
    let lateral = |key: &str| {
        let mut eta = list(&p["eta"][key]);
        eta.pop();
        PerLayer(eta)
    };
    let activation = if fixture["case"]
        .as_str()
        .is_some_and(|case| case.starts_with('b'))
    {
        Activation::SoftRelu
    } else {
        Activation::Sigmoid
    };
    let init = |key: &str| p["init_weights"][key].as_f64().expect("init_weights");
    NetworkParams {
        dims: list(&p["dims"]).into_iter().map(|n| n as usize).collect(),
        activation,
        dt_ms: number("dt"),
        g_l: number("gl"),
        g_b: number("gb"),
        g_a: number("ga"),
        g_d: number("gd"),
        g_som: number("gsom"),
        tau_w_ms: number("tau_w"),
        tau_0_ms: number("tau_0"),
        noise: number("noise"),
        bias_rate: p["bias"]["on"]
            .as_bool()
            .expect("bias")
            .then(|| p["bias"]["val"].as_f64().expect("bias")),
        eta_up: PerLayer(list(&p["eta"]["up"])),
        eta_ip: lateral("ip"),
        eta_pi: lateral("pi"),
        init_up: init("up"),
        init_down: init("down"),
        init_pi: init("pi"),
        init_ip: init("ip"),
        start: if fixture["run"]["self_predicting_start"] == true {
            Start::SelfPredicting
        } else {
            Start::Random
        },
        t_pattern_ms: number("t_pattern"),
        out_lag_ms: number("out_lag"),
        learning_lag_ms: number("learning_lag"),
        reset_deltas: p["reset_deltas"] == true,
        sweep: Some(Sweep::Published),
        ..NetworkParams::yin_yang()
    }
}

/// The largest deviation of every quantity.
#[derive(Default)]
pub struct Deviations(pub BTreeMap<&'static str, f64>);

impl Deviations {
    pub fn compare<T: Real>(&mut self, quantity: &'static str, ours: &[T], theirs: &[f64]) {
        assert_eq!(ours.len(), theirs.len(), "{quantity}");
        let largest = self.0.entry(quantity).or_default();
        for (our, their) in ours.iter().zip(theirs) {
            let deviation = (our.to_f64() - their).abs();
            assert!(!deviation.is_nan(), "{quantity}: {our} for {their}");
            *largest = largest.max(deviation);
        }
    }

    pub fn compare_matrix<T: Real>(
        &mut self,
        quantity: &'static str,
        ours: &DMatrix<T>,
        theirs: &[f64],
    ) {
        self.compare(quantity, ours.transpose().as_slice(), theirs);
    }

    /// Fails if any deviation is beyond what `tolerance` allows its quantity.
    pub fn check(&self, case: &str, tolerance: impl Fn(&str) -> f64) {
        for (quantity, deviation) in &self.0 {
            let limit = tolerance(quantity);
            assert!(
                *deviation <= limit,
                "{case}: {quantity} deviates by {deviation:.2e}, more than {limit:.0e}"
            );
        }
    }
}
