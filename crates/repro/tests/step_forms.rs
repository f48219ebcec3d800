//! Every form of the step is entered by an experiment that ships; a form that none enters should not exist.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use microcircuit::{Form, NetworkParams, PyraLNet, Simd, Weights};
use repro::experiment::Experiment;
use repro::paths::Repository;
use repro::profile::Profile;
use serde_json::Value;

/// The forms that the networks of each experiment take on this machine, under both profiles.
fn forms() -> BTreeMap<String, BTreeSet<String>> {
    let experiments = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments");
    let repository = Repository::find().expect("the checkout is there");
    let mut forms = BTreeMap::new();
    for file in fs::read_dir(&experiments).expect("the checkout has experiments") {
        let path = file.expect("readable").path();
        if path.extension().is_none_or(|ending| ending != "toml") {
            continue;
        }
        let experiment = Experiment::read(&path, &repository).expect("it ships");
        let mut of_runs = BTreeSet::new();
        for profile in [Profile::Quick, Profile::Paper] {
            for run in experiment.plan(profile, &[]).expect("it ships").runs {
                // SteadNet has no steps, and a study of a single neuron no network.
                let steady = run.setting("model") == Some(Value::from("steadnet"));
                let network = run.setting("network").filter(|_| !steady);
                let params =
                    network.and_then(|n| serde_json::from_value::<NetworkParams>(n.clone()).ok());
                of_runs.extend(params.map(form));
            }
        }
        forms.insert(experiment.name.clone(), of_runs);
    }
    forms
}

/// The form that a network of these parameters takes.
fn form(raw: NetworkParams) -> String {
    let params = raw.check().expect("it ships");
    let weights = Weights::<f32>::draw(&params, || 0.75);
    let network = PyraLNet::with_noise(params, &weights, || 0.0).expect("it fits");
    network.form().to_string()
}

#[test]
fn every_form_is_entered_by_an_experiment() {
    let forms = forms();
    let all: BTreeSet<_> = forms.values().flatten().cloned().collect();
    for form in [Form::General, Form::Leaps] {
        assert!(all.contains(&form.to_string()), "{form}: {forms:?}");
    }
    let leaps = BTreeSet::from([Form::Leaps.to_string()]);
    for name in ["learning_lag", "learning_lag_reset", "tau_0", "tau_w"] {
        assert_eq!(forms[name], leaps, "{name}");
    }
    if ["AVX-512", "AVX2"].contains(&Simd::Best.name()) {
        let few = BTreeSet::from([Form::FewOutputs.to_string()]);
        for name in ["precision", "yinyang", "mimic", "steady_state_weights"] {
            // Some runs take leaps.
            let mut steps = forms[name].clone();
            steps.remove(&Form::Leaps.to_string());
            assert_eq!(steps, few, "{name}");
        }
    }
}
