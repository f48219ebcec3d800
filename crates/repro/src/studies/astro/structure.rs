//! Who is connected to whom, and how wide a network is where.

use std::sync::Arc;

use anyhow::Result;
use astro::networks::classifier::{AstrocyteClassifier, neuron_classifier};
use astro::networks::layers::{Band, Kind, Layer, Wiring};
use astro::networks::network::Network;
use serde::{Deserialize, Serialize};

use super::{DataSets, Metric, Monitor, Outcome, Study};
use crate::results::{Column, Table, columns};

/// Settings of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::studies) struct Structure {
    /// Inputs of the layers whose connections are listed.
    inputs: usize,
}

/// Columns of table `connections`.
const CONNECTIONS: [Column; 6] = columns! {
    "kind" ["word"] "kind of layer: gather, slide or spread",
    "wiring" ["word"] "whose connections",
    "outputs" ["cells"] "outputs of the layer",
    "output" [""] "output cell, from 0",
    "input" [""] "input cell that it reads, from 0",
    "order" [""] "place of the input in the order in which the output reads",
};
/// Columns of table `widths`.
const WIDTHS: [Column; 5] = columns! {
    "network" ["word"] "network",
    "layer" [""] "layer, from 0 at the input",
    "kind" ["word"] "kind of layer",
    "width" ["cells"] "cells of the layer",
    "connections" [""] "connections into the layer",
};

/// Columns of its own settings.
const SETTINGS: &[Column] = &columns! {
    "inputs" ["cells"] "inputs of the layers whose connections are listed",
};

impl Study for Structure {
    const NAME: &'static str = "astro-structure";
    const METRICS: &'static [Metric] = &[Metric::lower(
        "connections",
        "",
        "rows of table connections",
    )];
    const HEADLINE: &'static str = "connections";
    const SETTINGS: &'static [&'static [Column]] = &[SETTINGS];
    const TABLES: &'static [(&'static str, &'static [Column])] =
        &[("connections", &CONNECTIONS), ("widths", &WIDTHS)];
    /// 2: the astrocyte network that the talk draws, beside the one that it trains.
    const VERSION: u32 = 2;

    fn memory(&self) -> Vec<(&'static str, f64)> {
        vec![("inputs", 7e3 * self.inputs as f64)]
    }

    fn check(&self, _: u64) -> Result<()> {
        anyhow::ensure!(self.inputs > 0, "inputs = 0: at least one is needed");
        Ok(())
    }

    fn seconds(&self) -> f64 {
        0.01
    }

    fn run(&self, _: u64, _: &DataSets, _: &Monitor<'_>) -> Result<Outcome> {
        let mut connections = Table::new(CONNECTIONS);
        for (kind, kind_name) in [
            (Kind::Gather, "gather"),
            (Kind::Slide, "slide"),
            (Kind::Spread, "spread"),
        ] {
            for (wiring, wiring_name) in [
                (Wiring::Published, "published"),
                (Wiring::Lattice, "lattice"),
            ] {
                for (output, row) in kind.sources(wiring, self.inputs).into_iter().enumerate() {
                    for (order, input) in row.into_iter().enumerate() {
                        let outputs = kind.outputs(self.inputs);
                        connections.push([
                            kind_name.into(),
                            wiring_name.into(),
                            outputs.into(),
                            output.into(),
                            input.into(),
                            order.into(),
                        ]);
                    }
                }
            }
        }
        let mut widths = Table::new(WIDTHS);
        let neurons = neuron_classifier(&[20, 30, 10])?;
        let trained = AstrocyteClassifier::talk(Wiring::Published).build()?;
        push_widths(&mut widths, "neurons", &neurons);
        push_widths(&mut widths, "astrocytes", &diamond(&[20, 30, 10])?);
        push_widths(&mut widths, "astrocytes, as trained", &trained);
        let mut outcome = Outcome::default();
        outcome.metric("connections", connections.rows.len());
        outcome.table("connections", connections);
        outcome.table("widths", widths);
        Ok(outcome)
    }
}

/// Astrocyte layers through the widths of a network of neurons: spreading where the next is wider, gathering where it is narrower,
/// two cells a layer. (The talk draws its network so, and trains one that only narrows.)
fn diamond(widths: &[usize]) -> Result<Network> {
    let mut layers: Vec<Arc<dyn Layer>> = Vec::new();
    for pair in widths.windows(2) {
        let mut width = pair[0];
        while width != pair[1] {
            let kind = if width < pair[1] {
                Kind::Spread
            } else {
                Kind::Gather
            };
            layers.push(Arc::new(Band::new(kind, Wiring::Lattice, width, true)?));
            width = kind.outputs(width);
        }
    }
    Ok(Network::new(layers)?)
}

/// The input's width, then that of every layer with connections.
fn push_widths(table: &mut Table, name: &str, network: &Network) {
    table.push([
        name.into(),
        0_usize.into(),
        "input".into(),
        network.layers()[0].inputs().into(),
        0_usize.into(),
    ]);
    let mut depth = 0;
    for layer in network.layers() {
        if layer.connections() == 0 {
            continue;
        }
        depth += 1;
        table.push([
            name.into(),
            depth.into(),
            layer.name().into(),
            layer.outputs().into(),
            layer.connections().into(),
        ]);
    }
}
