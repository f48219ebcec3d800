//! Running a network along a fixture.

use microcircuit::{Compartment, Every, Microcircuit, Pattern, Real, Synapse, View};
use serde_json::Value;

use super::{Deviations, numbers, rows};

pub const COMPARTMENTS: [(&str, Compartment); 5] = [
    ("basal", Compartment::Basal),
    ("apical", Compartment::Apical),
    ("soma", Compartment::Soma),
    ("inn_dendrite", Compartment::InnDendrite),
    ("inn_soma", Compartment::InnSoma),
];
pub const WEIGHTS: [(&str, Synapse); 3] = [
    ("W_up", Synapse::Up),
    ("W_pi", Synapse::Pi),
    ("W_ip", Synapse::Ip),
];
pub const DELTAS: [(&str, Synapse); 3] = [
    ("Delta_up", Synapse::Up),
    ("Delta_pi", Synapse::Pi),
    ("Delta_ip", Synapse::Ip),
];

/// One row of numbers per step or snapshot.
type Rows = Vec<Vec<f64>>;

/// Recorded rows by layer and quantity.
struct Trace {
    layers: Vec<Vec<(&'static str, Rows)>>,
}

impl Trace {
    fn new(layers: &Value, names: impl Iterator<Item = &'static str> + Clone) -> Self {
        let layers = layers.as_array().expect("layers");
        let present = |layer: &Value, name: &&str| !layer[*name].is_null();
        Self {
            layers: layers
                .iter()
                .map(|layer| {
                    let names = names.clone().filter(|name| present(layer, name));
                    names.map(|name| (name, rows(&layer[name]))).collect()
                })
                .collect(),
        }
    }
}

/// Compares what `view` shows with row `row` of the traces.
struct Comparison {
    potentials: Trace,
    weights: Option<Trace>,
    weight_rows: Vec<u64>,
    inputs: Option<(Rows, Rows)>,
    deviations: Deviations,
}

impl Comparison {
    fn potentials<T: Real>(&mut self, view: &View<'_, T>, row: usize) {
        for (l, traces) in self.potentials.layers.iter().enumerate() {
            for (name, rows) in traces {
                let compartment = COMPARTMENTS.iter().find(|c| c.0 == *name).expect("known").1;
                let ours = view.potential(l + 1, compartment).expect(name);
                self.deviations.compare(name, &ours, &rows[row]);
            }
        }
        if let Some((inputs, targets)) = &self.inputs {
            self.deviations.compare("r_in", &view.input(), &inputs[row]);
            self.deviations
                .compare("u_trgt", &view.target(), &targets[row]);
        }
    }

    fn weights<T: Real>(&mut self, view: &View<'_, T>, row: usize) {
        let Some(weights) = &self.weights else { return };
        for (l, traces) in weights.layers.iter().enumerate() {
            for (name, rows) in traces {
                let ours = match WEIGHTS.iter().find(|w| w.0 == *name) {
                    Some((_, synapse)) => view.weights(l + 1, *synapse),
                    None => {
                        let synapse = DELTAS.iter().find(|w| w.0 == *name).expect("known").1;
                        view.delta(l + 1, synapse)
                    }
                };
                self.deviations
                    .compare_matrix(name, &ours.expect(name), &rows[row]);
            }
        }
    }
}

/// Replays a full simulation, and returns the largest deviations. The network must keep all Δ.
pub fn pyralnet<T: Real>(fixture: &Value, net: &mut dyn Microcircuit<T>) -> Deviations {
    let trace = &fixture["trace"];
    let weight_names = WEIGHTS.iter().chain(&DELTAS).map(|w| w.0);
    let mut comparison = Comparison {
        potentials: Trace::new(&trace["layers"], COMPARTMENTS.iter().map(|c| c.0)),
        weights: Some(Trace::new(&fixture["weight_trace"]["layers"], weight_names)),
        weight_rows: numbers(&fixture["weight_trace"]["after_steps"])
            .iter()
            .map(|n| *n as u64)
            .collect(),
        inputs: Some((rows(&trace["r_in"]), rows(&trace["u_trgt"]))),
        deviations: Deviations::default(),
    };
    let (inputs, targets) = (rows(&fixture["in_seq"]), rows(&fixture["trgt_seq"]));
    let out = rows(&fixture["out_seq"]);
    let flag = |key: &str, i: usize| fixture["run"][key][i] == 1;
    for i in 0..inputs.len() {
        let (nudge, learn) = (
            flag("nudging_per_pattern", i),
            flag("learning_per_pattern", i),
        );
        let noise = nudge || fixture["run"]["val_len"] == 0;
        let pattern = Pattern {
            input: &inputs[i],
            target: &targets[i],
            nudge,
            learn,
            noise,
        };
        let mut observer = Every(1, |view: &View<'_, T>| {
            comparison.potentials(view, view.step as usize - 1);
            if let Some(row) = comparison
                .weight_rows
                .iter()
                .position(|step| *step == view.step)
            {
                comparison.weights(view, row);
            }
        });
        let ours = net
            .present(&pattern, &mut observer)
            .expect("no divergence")
            .to_vec();
        comparison.deviations.compare("out_seq", &ours, &out[i]);
    }
    for (l, layer) in fixture["deltas_after_run"]
        .as_array()
        .expect("layers")
        .iter()
        .enumerate()
    {
        for (name, synapse) in DELTAS.iter().filter(|(name, _)| !layer[*name].is_null()) {
            let ours = net.delta(l + 1, *synapse).expect(name);
            comparison
                .deviations
                .compare_matrix(name, &ours, &numbers(&layer[*name]));
        }
    }
    comparison.deviations
}

/// Replays a full simulation without looking, pattern by pattern, as experiments run it; compares outputs, and weights and
/// Δ at the end. Δ that the network does not keep are passed over.
pub fn unobserved<T: Real>(fixture: &Value, net: &mut dyn Microcircuit<T>) -> Deviations {
    let mut deviations = Deviations::default();
    let (inputs, targets) = (rows(&fixture["in_seq"]), rows(&fixture["trgt_seq"]));
    let out = rows(&fixture["out_seq"]);
    let flag = |key: &str, i: usize| fixture["run"][key][i] == 1;
    for i in 0..inputs.len() {
        let nudge = flag("nudging_per_pattern", i);
        let pattern = Pattern {
            input: &inputs[i],
            target: &targets[i],
            nudge,
            learn: flag("learning_per_pattern", i),
            noise: nudge || fixture["run"]["val_len"] == 0,
        };
        let ours = net.present(&pattern, &mut ()).expect("no divergence");
        deviations.compare("out_seq", ours, &out[i]);
    }
    let layers = |key: &str| fixture[key]["layers"].as_array().expect("layers").clone();
    for (l, layer) in layers("trace").iter().enumerate() {
        for (name, compartment) in [
            ("soma", Compartment::Soma),
            ("inn_soma", Compartment::InnSoma),
        ] {
            if !layer[name].is_null() {
                let ours = net.potential(l + 1, compartment).expect(name);
                let last = rows(&layer[name]).pop().expect("a step");
                deviations.compare(name, &ours, &last);
            }
        }
    }
    let weights = net.weights();
    for (l, layer) in layers("weight_trace").iter().enumerate() {
        for (name, synapse) in WEIGHTS.iter().filter(|(name, _)| !layer[*name].is_null()) {
            let ours = weights.get(l + 1, *synapse).expect(name);
            let last = rows(&layer[*name]).pop().expect("the end of the run");
            deviations.compare_matrix(name, ours, &last);
        }
    }
    let mut kept = 0;
    let deltas = fixture["deltas_after_run"].as_array().expect("layers");
    for (l, layer) in deltas.iter().enumerate() {
        for (name, synapse) in DELTAS.iter().filter(|(name, _)| !layer[*name].is_null()) {
            if let Some(ours) = net.delta(l + 1, *synapse) {
                deviations.compare_matrix(name, &ours, &numbers(&layer[*name]));
                kept += 1;
            }
        }
    }
    assert!(kept > 0, "no weight changes");
    deviations
}

/// Replays one run of a steady-state fixture.
pub fn steadnet<T: Real>(
    fixture: &Value,
    run: &Value,
    net: &mut dyn Microcircuit<T>,
) -> Deviations {
    let snapshots: Vec<(usize, u64)> = rows(&run["snapshots"])
        .iter()
        .map(|s| (s[0] as usize, s[1] as u64))
        .collect();
    let weight_names = WEIGHTS.iter().chain(&DELTAS).map(|w| w.0);
    let mut comparison = Comparison {
        potentials: Trace::new(&run["layers"], COMPARTMENTS.iter().map(|c| c.0)),
        weights: (run["learning"] == true).then(|| Trace::new(&run["layers"], weight_names)),
        weight_rows: Vec::new(),
        inputs: None,
        deviations: Deviations::default(),
    };
    let (inputs, targets) = (rows(&fixture["in_seq"]), rows(&fixture["trgt_seq"]));
    let out = rows(&run["out_seq"]);
    for i in 0..inputs.len() {
        let nudge = fixture["run"]["nudging_per_pattern"][i] == 1;
        let learn = run["learning"] == true && fixture["run"]["learning_per_pattern"][i] == 1;
        let pattern = Pattern {
            input: &inputs[i],
            target: &targets[i],
            nudge,
            learn,
            noise: false,
        };
        let mut exposure = 0;
        let mut observer = Every(1, |view: &View<'_, T>| {
            exposure += 1;
            if let Some(row) = snapshots.iter().position(|s| *s == (i + 1, exposure)) {
                comparison.potentials(view, row);
                comparison.weights(view, row);
            }
        });
        let ours = net
            .present(&pattern, &mut observer)
            .expect("no divergence")
            .to_vec();
        comparison.deviations.compare("out_seq", &ours, &out[i]);
    }
    comparison.deviations
}
