//! The program reproduces the published programs' traces from files alone: parameters, weights and
//! patterns in, potentials and weights out.

// The tables of mistakes and messages are shown with --nocapture.
#![allow(clippy::print_stdout)]

mod case;
#[path = "../common/mod.rs"]
mod common;
mod mistakes;
// The reference traces and their reader belong to the crate that has the models.
#[path = "../../../microcircuit/tests/support/mod.rs"]
#[allow(unreachable_pub, reason = "support is shared between test binaries")]
mod support;

use case::{Case, fixture};
use common::{run, stderr};
use microcircuit::{NetworkParams, Weights};
use support::{numbers, rows};

fn largest_difference(ours: &[f64], theirs: &[f64]) -> f64 {
    assert_eq!(ours.len(), theirs.len());
    let differences = ours.iter().zip(theirs).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, |max, d| if d > max || d.is_nan() { d } else { max })
}

fn check_weights(
    name: &str,
    weights: &Weights<f64>,
    theirs: &[(usize, &str, Vec<f64>)],
    limit: f64,
) {
    for (layer, kind, theirs) in theirs {
        let synapse = support::replay::WEIGHTS
            .iter()
            .find(|w| w.0 == *kind)
            .unwrap()
            .1;
        let ours = weights.get(*layer, synapse).unwrap().transpose();
        let difference = largest_difference(ours.as_slice(), theirs);
        assert!(
            difference <= limit,
            "{name}: {kind} of layer {layer} is {difference:e} off"
        );
    }
}

/// Every potential after every step, and the weights after the last.
fn check_pyralnet(name: &str, limit: f64) {
    let fixture = fixture(name);
    let case = Case::new(&fixture, support::params(&fixture), "pyralnet", true);
    let (traces, weights) = case.simulate("0.1");
    let mut compared = 0;
    for (l, layer) in fixture["trace"]["layers"]
        .as_array()
        .unwrap()
        .iter()
        .enumerate()
    {
        for (compartment, theirs) in layer
            .as_object()
            .unwrap()
            .iter()
            .filter(|(_, v)| !v.is_null())
        {
            for (step, theirs) in rows(theirs).iter().enumerate() {
                let time = format!("{}", ((step + 1) as f64 * 1e5).round() / 1e6);
                let ours = &traces[&(time, l + 1, compartment.clone())];
                let difference = largest_difference(ours, theirs);
                assert!(
                    difference <= limit,
                    "{name}: {compartment} {l} is {difference:e} off"
                );
                compared += 1;
            }
        }
    }
    assert_eq!(
        compared,
        traces.len(),
        "{name}: something else came out as well"
    );
    let mut last = Vec::new();
    for (l, layer) in fixture["weight_trace"]["layers"]
        .as_array()
        .unwrap()
        .iter()
        .enumerate()
    {
        for (kind, _) in support::replay::WEIGHTS
            .iter()
            .filter(|(kind, _)| !layer[*kind].is_null())
        {
            last.push((l + 1, *kind, rows(&layer[*kind]).pop().unwrap()));
        }
    }
    assert!(last.len() >= 4, "{name}");
    check_weights(name, &weights, &last, limit);
}

/// Every recorded state of every run, and its weights after the last exposure.
fn check_steadnet(name: &str, limit: f64) {
    let fixture = fixture(name);
    for steady in fixture["runs"].as_array().unwrap() {
        let count = |key: &str| steady[key].as_u64().unwrap() as usize;
        let params = NetworkParams {
            n_passes: count("n_passes"),
            n_exposures: count("n_exposures"),
            reset_deltas: steady["reset_deltas"] == true,
            ..support::params(&fixture)
        };
        let step_ms = params.t_pattern_ms / params.n_exposures as f64;
        let n_exposures = params.n_exposures as f64;
        let learning = steady["learning"] == true;
        let case = Case::new(&fixture, params, "steadnet", learning);
        let (traces, weights) = case.simulate(&step_ms.to_string());
        let snapshots = rows(&steady["snapshots"]);
        let mut last = Vec::new();
        for (l, layer) in steady["layers"].as_array().unwrap().iter().enumerate() {
            for (quantity, theirs) in layer
                .as_object()
                .unwrap()
                .iter()
                .filter(|(_, v)| !v.is_null())
            {
                if let Some((kind, _)) = support::replay::WEIGHTS.iter().find(|w| w.0 == quantity) {
                    if learning {
                        last.push((l + 1, *kind, rows(theirs).pop().unwrap()));
                    }
                    continue;
                }
                let known = support::replay::COMPARTMENTS
                    .iter()
                    .any(|c| c.0 == quantity);
                for (at, theirs) in snapshots.iter().zip(rows(theirs)).filter(|_| known) {
                    let exposure = (at[0] - 1.0) * n_exposures + at[1];
                    let key = ((exposure * step_ms).to_string(), l + 1, quantity.clone());
                    let difference = largest_difference(&traces[&key], &theirs);
                    assert!(difference <= limit, "{name}: {key:?} is {difference:e} off");
                }
            }
        }
        let end = snapshots.last().unwrap();
        assert_eq!(
            end,
            &[rows(&fixture["in_seq"]).len() as f64, n_exposures],
            "{name}"
        );
        assert!(!learning || last.len() >= 4, "{name}");
        check_weights(name, &weights, &last, limit);
    }
}

#[test]
fn the_full_simulation_comes_out_as_published() {
    for case in [
        "a_sigmoid_bias_sps",
        "b_softrelu_nobias_random",
        "c_two_hidden",
        "d_reset_deltas",
        "e_unnudged_learning",
        "f_noise",
    ] {
        check_pyralnet(&format!("pyralnet_{case}_f64"), 1e-12);
        let single = if case.starts_with('b') { 5e-6 } else { 2e-6 };
        check_pyralnet(&format!("pyralnet_{case}_f32"), single);
    }
}

#[test]
fn steady_states_come_out_as_published() {
    for case in [
        "a_sigmoid_bias_sps",
        "b_softrelu_nobias_random",
        "c_two_hidden",
        "c2_two_hidden_random",
    ] {
        check_steadnet(&format!("steadnet_{case}_f64"), 1e-12);
        check_steadnet(&format!("steadnet_{case}_f32"), 2e-6);
    }
}

#[test]
fn twenty_patterns_of_a_thousand_steps_come_out_as_published() {
    let long = fixture("pyralnet_long");
    let mut double = long.clone();
    double["precision"] = "float64".into();
    double["trgt_seq"] = long["float64"]["trgt_seq"].clone();
    let case = Case::new(&double, support::params(&long), "pyralnet", true);
    let (traces, weights) = case.simulate("100");
    for (i, theirs) in rows(&long["float64"]["output_soma_end"]).iter().enumerate() {
        let ours = &traces[&(((i + 1) * 100).to_string(), 2, "soma".to_owned())];
        assert!(largest_difference(ours, theirs) <= 1e-10, "pattern {i}");
    }
    let mut last = Vec::new();
    for (l, layer) in long["float64"]["weights_final"]
        .as_array()
        .unwrap()
        .iter()
        .enumerate()
    {
        for kind in ["W_up", "W_ip"]
            .into_iter()
            .filter(|kind| !layer[*kind].is_null())
        {
            last.push((l + 1, kind, numbers(&layer[kind])));
        }
    }
    assert_eq!(last.len(), 3);
    check_weights("long", &weights, &last, 1e-10);
}

#[test]
fn weights_that_are_not_given_are_drawn_from_the_seed() {
    let fixture = fixture("pyralnet_a_sigmoid_bias_sps_f64");
    let case = Case::new(&fixture, support::params(&fixture), "pyralnet", false);
    let path = |name: &str| case.path(name).display().to_string();
    let (net, patterns, out) = (path("NET.toml"), path("P.csv"), path("TRACES.csv"));
    let drawn = |seed: &str, to: &str| {
        let to = path(to);
        let args = [
            "simulate",
            &net,
            "--network",
            "steadnet",
            "--patterns",
            &patterns,
        ];
        let output = run(&[
            &args[..],
            &["--out", &out, "--weights-out", &to, "--seed", seed],
        ]
        .concat());
        assert!(output.status.success(), "{}", stderr(&output));
        Weights::<f64>::load_npz(to, &case.params.check().unwrap()).unwrap()
    };
    let (one, again, other) = (
        drawn("1", "a.npz"),
        drawn("1", "b.npz"),
        drawn("2", "c.npz"),
    );
    assert_eq!(one, again);
    assert_ne!(one, other);
    assert!(one.hidden[0].up.amax() <= case.params.init_up);
    let self_predicting = one.clone().self_predicting(&case.params.check().unwrap());
    assert_eq!(one.hidden[0].pi, self_predicting.hidden[0].pi);
}
