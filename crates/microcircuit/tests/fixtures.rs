//! Both networks against traces of the published programs.
//!
//! `cargo test -p microcircuit --release --test fixtures -- --nocapture` prints the largest deviation of every
//! quantity.
#![allow(clippy::print_stdout, reason = "the table is printed on request")]
#![allow(unreachable_pub, reason = "support is shared between test binaries")]

mod support;

use microcircuit::reference::{PlainPyraLNet, PlainSteadNet};
use microcircuit::{
    InputForm, Microcircuit, NetworkParams, NoiseSource, Number, Pattern, PyraLNet, Real, Simd,
    SteadNet, Synapse, Tuning, Weights,
};
use serde_json::Value;
use support::{Deviations, load, numbers, params, replay, rows, weights};

const SHORT: [&str; 6] = [
    "a_sigmoid_bias_sps",
    "b_softrelu_nobias_random",
    "c_two_hidden",
    "d_reset_deltas",
    "e_unnudged_learning",
    "f_noise",
];
const STEADY: [&str; 4] = [
    "a_sigmoid_bias_sps",
    "b_softrelu_nobias_random",
    "c_two_hidden",
    "c2_two_hidden_random",
];

/// Weights, patterns and noise of a network under test.
type Make<'a, T> = &'a dyn Fn(NetworkParams, Weights<T>, Vec<f64>) -> Box<dyn Microcircuit<T>>;

/// Tolerances for f32, by case and quantity: those recommended with the traces.
fn single(case: &str) -> impl Fn(&str) -> f64 {
    let b = case.starts_with('b');
    move |quantity| match quantity {
        q if q.starts_with("W_") => 2e-6,
        q if q.starts_with("Delta_") => {
            if b {
                1e-6
            } else {
                2e-7
            }
        }
        _ => {
            if b {
                5e-6
            } else {
                2e-6
            }
        }
    }
}

/// How a network is led along a fixture.
type Replay<T> = fn(&Value, &mut dyn Microcircuit<T>) -> Deviations;

fn short<T: Real>(suffix: &str, implementation: &str, make: Make<'_, T>, replay: Replay<T>) {
    for case in SHORT {
        let fixture = load(&format!("pyralnet_{case}_{suffix}"));
        let mut net = make(
            params(&fixture),
            weights(&fixture["weights_initial"]),
            noise(&fixture),
        );
        let deviations = replay(&fixture, net.as_mut());
        report(&format!("{implementation} {case} {suffix}"), &deviations);
        match suffix {
            "f64" => deviations.check(case, |_| 1e-12),
            _ => deviations.check(case, single(case)),
        }
    }
}

/// The stored noise samples, in drawing order.
fn noise(fixture: &Value) -> Vec<f64> {
    let samples = &fixture["noise_samples"];
    if samples.is_null() {
        return Vec::new();
    }
    let [soma, inn, out] =
        ["layer0_soma", "layer0_inn_soma", "output_soma"].map(|key| rows(&samples[key]));
    (0..soma.len())
        .flat_map(|i| [&soma[i][..], &inn[i], &out[i]].concat())
        .collect()
}

fn long<T: Real>(section: &str, implementation: &str, make: Make<'_, T>) {
    let fixture = load("pyralnet_long");
    let expected = &fixture[section];
    let mut net = make(
        params(&fixture),
        weights(&fixture["weights_initial"]),
        Vec::new(),
    );
    let mut deviations = Deviations::default();
    let (inputs, targets) = (rows(&fixture["in_seq"]), rows(&expected["trgt_seq"]));
    let (out, soma) = (
        rows(&expected["out_seq"]),
        rows(&expected["output_soma_end"]),
    );
    let initial = net.weights();
    for i in 0..inputs.len() {
        let ours = net
            .present(&Pattern::train(&inputs[i], &targets[i]), &mut ())
            .expect("stable")
            .to_vec();
        deviations.compare("out_seq", &ours, &out[i]);
        let ours = net
            .potential(2, microcircuit::Compartment::Soma)
            .expect("an output layer");
        deviations.compare("soma", &ours, &soma[i]);
        let now = net.weights();
        let norms = [
            ("W_up_0", 1, Synapse::Up),
            ("W_ip_0", 1, Synapse::Ip),
            ("W_up_1", 2, Synapse::Up),
        ];
        for (name, layer, synapse) in norms {
            let [now, then] = [&now, &initial].map(|w| w.get(layer, synapse).expect(name));
            let sum: f64 = now
                .iter()
                .zip(then)
                .map(|(a, b)| (a.to_f64() - b.to_f64()).powi(2))
                .sum();
            deviations.compare(
                "weight change",
                &[sum.sqrt()],
                &[numbers(&expected["weight_change_norm"][name])[i]],
            );
        }
    }
    let last = net.weights();
    let (w, d) = (&expected["weights_final"], &expected["deltas_final"]);
    deviations.compare_matrix("W_up hidden", &last.hidden[0].up, &numbers(&w[0]["W_up"]));
    deviations.compare_matrix("W_ip", &last.hidden[0].ip, &numbers(&w[0]["W_ip"]));
    deviations.compare_matrix("W_up output", &last.output, &numbers(&w[1]["W_up"]));
    for (layer, name, synapse) in [
        (1, "Delta_up", Synapse::Up),
        (1, "Delta_pi", Synapse::Pi),
        (1, "Delta_ip", Synapse::Ip),
        (2, "Delta_up", Synapse::Up),
    ] {
        // Δ of rules at rest are kept on request only.
        if let Some(ours) = net.delta(layer, synapse) {
            deviations.compare_matrix("Delta", &ours, &numbers(&d[layer - 1][name]));
        }
    }
    report(&format!("{implementation} long {section}"), &deviations);
    deviations.check("long", |quantity| match (section, quantity) {
        ("float64", _) => 1e-10,
        (_, "W_up hidden") => 2e-4,
        // A norm over 600 weights.
        (_, "weight change") => 1e-3,
        (_, "W_ip" | "W_up output") => 2e-5,
        (_, "Delta") => 3e-6,
        _ => 1e-5,
    });
}

fn steady<T: Real>(suffix: &str, implementation: &str, make: Make<'_, T>) {
    for case in STEADY {
        let fixture = load(&format!("steadnet_{case}_{suffix}"));
        let mut worst = Deviations::default();
        for run in fixture["runs"].as_array().expect("runs") {
            let params = NetworkParams {
                n_passes: run["n_passes"].as_u64().expect("a count") as usize,
                n_exposures: run["n_exposures"].as_u64().expect("a count") as usize,
                reset_deltas: run["reset_deltas"] == true,
                ..params(&fixture)
            };
            let mut net = make(params, weights(&fixture["weights_initial"]), Vec::new());
            let deviations = replay::steadnet(&fixture, run, net.as_mut());
            for (quantity, deviation) in &deviations.0 {
                let largest = worst.0.entry(quantity).or_default();
                *largest = largest.max(*deviation);
            }
        }
        report(&format!("{implementation} {case} {suffix}"), &worst);
        worst.check(case, |_| if suffix == "f64" { 1e-12 } else { 2e-6 });
    }
}

/// One row of the table of largest deviations.
fn report(case: &str, deviations: &Deviations) {
    let entries: Vec<_> = deviations
        .0
        .iter()
        .map(|(q, d)| format!("{q} {d:.1e}"))
        .collect();
    println!("{case:<55} {}", entries.join("  "));
}

fn plain_pyralnet<T: Real>(
    params: NetworkParams,
    weights: Weights<T>,
    noise: Vec<f64>,
) -> Box<dyn Microcircuit<T>> {
    let mut noise = noise.into_iter();
    let source = move || noise.next().expect("enough samples");
    Box::new(PlainPyraLNet::new(params.check().expect("valid"), &weights, source).expect("shapes"))
}

fn plain_steadnet<T: Real>(
    params: NetworkParams,
    weights: Weights<T>,
    _: Vec<f64>,
) -> Box<dyn Microcircuit<T>> {
    Box::new(PlainSteadNet::new(params.check().expect("valid"), &weights).expect("shapes"))
}

#[test]
fn plain_pyralnet_f64() {
    short::<f64>("f64", "plain", &plain_pyralnet, replay::pyralnet);
    long::<f64>("float64", "plain", &plain_pyralnet);
}

#[test]
fn plain_pyralnet_f32() {
    short::<f32>("f32", "plain", &plain_pyralnet, replay::pyralnet);
    long::<f32>("float32", "plain", &plain_pyralnet);
}

#[test]
fn plain_steadnet_both() {
    steady::<f64>("f64", "plain steadnet", &plain_steadnet);
    steady::<f32>("f32", "plain steadnet", &plain_steadnet);
}

/// Every way in which the full simulation can be computed.
#[derive(Clone, Copy)]
struct Way {
    input: InputForm,
    tuning: Tuning,
}

fn ways(resting_deltas: bool) -> impl Iterator<Item = Way> {
    let units = [Simd::Best, Simd::Avx2, Simd::Portable];
    let inputs = [InputForm::Factored, InputForm::Plain];
    let all =
        units.map(|simd| inputs.map(|input| [false, true].map(|general| (simd, input, general))));
    let all = all.into_iter().flatten().flatten();
    all.map(move |(simd, input, general)| Way {
        input,
        tuning: Tuning {
            simd,
            resting_deltas,
            general,
        },
    })
}

fn pyralnet<T: Number>(
    way: Way,
) -> impl Fn(NetworkParams, Weights<T>, Vec<f64>) -> Box<dyn Microcircuit<T>> {
    move |params, weights, noise| {
        let mut noise = noise.into_iter();
        let source: Box<dyn NoiseSource> = Box::new(move || noise.next().expect("enough samples"));
        let params = NetworkParams {
            input: way.input,
            ..params
        };
        let params = params.check().expect("valid");
        Box::new(PyraLNet::build(params, &weights, way.tuning, Some(source)).expect("shapes"))
    }
}

fn name(Way { input, tuning }: Way) -> String {
    let form = if tuning.general {
        "general"
    } else {
        "chosen form"
    };
    format!("{} {input:?} {form}", tuning.simd.name())
}

#[test]
fn pyralnet_f64() {
    for way in ways(true) {
        short::<f64>("f64", &name(way), &pyralnet(way), replay::pyralnet);
        long::<f64>("float64", &name(way), &pyralnet(way));
    }
}

#[test]
fn pyralnet_f32() {
    for way in ways(true) {
        short::<f32>("f32", &name(way), &pyralnet(way), replay::pyralnet);
        long::<f32>("float32", &name(way), &pyralnet(way));
    }
}

/// Without Δ of rules at rest, and without anybody who looks, whole patterns are computed in one go.
#[test]
fn pyralnet_as_experiments_run_it() {
    for way in ways(false) {
        short::<f64>("f64", &name(way), &pyralnet(way), replay::unobserved);
        short::<f32>("f32", &name(way), &pyralnet(way), replay::unobserved);
        long::<f32>("float32", &name(way), &pyralnet(way));
    }
}

fn steadnet<T: Number>(
    simd: Simd,
) -> impl Fn(NetworkParams, Weights<T>, Vec<f64>) -> Box<dyn Microcircuit<T>> {
    let tuning = Tuning {
        simd,
        resting_deltas: true,
        ..Tuning::default()
    };
    move |params, weights, _| {
        let params = params.check().expect("valid");
        Box::new(SteadNet::build(params, &weights, tuning).expect("shapes"))
    }
}

#[test]
fn steadnet_f64() {
    for simd in [Simd::Best, Simd::Avx2, Simd::Portable] {
        steady::<f64>("f64", &format!("{} steadnet", simd.name()), &steadnet(simd));
    }
}

#[test]
fn steadnet_f32() {
    for simd in [Simd::Best, Simd::Avx2, Simd::Portable] {
        steady::<f32>("f32", &format!("{} steadnet", simd.name()), &steadnet(simd));
    }
}
