//! `repro simulate`: a network of the user's own, shown patterns of the user's own.

mod numbers;
mod patterns;
mod traces;

use std::fs;
use std::io::{self, Cursor, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use clap::Args;
use microcircuit::{
    Every, Microcircuit, NetworkParams, Number, Params, PresentError, View, Weights,
};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};
use serde::Deserialize;

use crate::results::files::Sink;
use crate::studies::{Model, Precision};
use crate::terminal::say;
use patterns::{OwnedPattern, read_noise, read_patterns};
use traces::{Recorded, Traces};

/// `repro simulate NET.toml --network pyralnet --weights W.npz --patterns P.csv --out TRACES.csv`.
#[derive(Debug, Args)]
#[command(after_long_help = FORMATS)]
pub(crate) struct Simulate {
    /// The network: a file with one table, "network", as in the experiments
    #[arg(value_name = "NET.toml")]
    parameters: PathBuf,
    /// What computes: the full simulation, or the steady-state approximation
    #[arg(long, value_enum)]
    network: Model,
    /// Initial weights, as numpy.savez writes them; without, they are drawn as NET.toml says
    #[arg(long, value_name = "W.npz")]
    weights: Option<PathBuf>,
    /// The patterns, one per row
    #[arg(long, value_name = "P.csv")]
    patterns: PathBuf,
    /// The potentials, one per row
    #[arg(long, value_name = "TRACES.csv")]
    out: PathBuf,
    /// Time between records, a whole number of steps [default: about 1 ms, and at least a step]
    #[arg(long, value_name = "T")]
    every_ms: Option<f64>,
    /// Which compartments
    #[arg(long, value_enum, value_delimiter = ',', value_name = "COMPARTMENTS")]
    #[arg(default_values_t = Recorded::ALL)]
    record: Vec<Recorded>,
    /// Where the weights go after the last pattern
    #[arg(long, value_name = "W2.npz")]
    weights_out: Option<PathBuf>,
    /// Arithmetic
    #[arg(long, value_enum, default_value_t = Precision::F64)]
    precision: Precision,
    /// Draws the weights that are not given, and the noise [default: 1]
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// Standard normal numbers to take as noise instead of drawing them
    #[arg(long, value_name = "Z.csv")]
    noise: Option<PathBuf>,
}

const FORMATS: &str = "\
NET.toml
  [network] with the keys that experiments/*.toml have there, and nothing else.
W.npz, W2.npz
  Arrays up_1, down_1, pi_1, ip_1, …, up_N of f4 or f8, [post, pre], layer 1 the first hidden one;
  with bias_rate, up and ip have one more column, last. Without --weights they are uniform in
  ±init_up, ±init_down, … and put into the state that `start` names, drawn from --seed.
P.csv
  Columns r0, r1, … (rates of the input layer), u0, u1, … (target potentials of the output layer),
  nudge and learn (0 or 1), in any order. Potentials, weights and their low-pass filters carry over
  from row to row. Somata are noisy (if `noise` says so) in rows that nudge or learn.
TRACES.csv
  time_ms, layer (1 is the first hidden one), compartment, index (from 0), value. Somata as they are
  after the step, dendrites as the step computed them. A step is dt_ms; with steadnet it is an
  exposure, t_pattern_ms / n_exposures.
Z.csv
  Columns z0, z1, …; one row per step, one column per soma: per hidden layer pyramidal neurons, then
  interneurons; last the output layer.";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NetFile {
    network: NetworkParams,
}

impl Simulate {
    /// Simulates and writes. Everything is read and checked, and the output files are begun, before
    /// the first step.
    pub(crate) fn run(&self) -> Result<()> {
        let params = self.params()?;
        match self.precision {
            Precision::F32 => self.simulate::<f32>(&params, |w, npz| w.write_npz(npz)),
            Precision::F64 => self.simulate::<f64>(&params, |w, npz| w.write_npz(npz)),
        }
    }

    fn simulate<T: Number>(
        &self,
        params: &Params,
        save: impl Fn(&Weights<T>, Cursor<&mut Vec<u8>>) -> io::Result<()>,
    ) -> Result<()> {
        let every = self.steps_between_records(params)?;
        let patterns = read_patterns(&self.patterns, params)?;
        let mut network = self.build::<T>(params, patterns.len())?;
        ensure!(
            self.weights_out.as_ref() != Some(&self.out),
            "--out and --weights-out are both {}",
            self.out.display()
        );
        let mut traces = Traces::create(&self.out, &self.record).context("--out")?;
        let weights_out = self.weights_out.as_deref().map(Sink::create);
        let weights_out = weights_out.transpose().context("--weights-out")?;
        let result = present_all(
            network.as_mut(),
            &patterns,
            every,
            &mut traces,
            &self.patterns,
        );
        let rows = traces
            .finish()
            .with_context(|| self.out.display().to_string())?;
        result.with_context(|| format!("{} ends where this happened", self.out.display()))?;
        if let Some(mut sink) = weights_out {
            let mut bytes = Vec::new();
            let written = save(&network.weights(), Cursor::new(&mut bytes));
            written
                .and_then(|()| sink.write_all(&bytes))
                .context("--weights-out")?;
            sink.finish().context("--weights-out")?;
        }
        let time = patterns.len() as f64 * params.raw().t_pattern_ms;
        say(format!(
            "{} patterns, {time} ms: {rows} values in {}",
            patterns.len(),
            self.out.display()
        ));
        Ok(())
    }

    fn params(&self) -> Result<Params> {
        let origin = self.parameters.display();
        let text = fs::read_to_string(&self.parameters)
            .with_context(|| format!("cannot read {origin}"))?;
        let file: NetFile = toml::from_str(&text).with_context(|| origin.to_string())?;
        let params = file.network.check().with_context(|| origin.to_string())?;
        let noise = params.raw().noise;
        if self.noise.is_some() && noise == 0.0 {
            bail!("--noise has no effect: network.noise = 0 in {origin}; leave it out");
        }
        if self.network == Model::SteadNet && noise > 0.0 {
            bail!("{origin}: network.noise = {noise}: steady states have no noise; set it to 0");
        }
        let draws_noise = noise > 0.0 && self.noise.is_none();
        if self.seed.is_some() && self.weights.is_some() && !draws_noise {
            bail!("--seed has no effect: nothing is drawn; leave it out");
        }
        Ok(params)
    }

    /// Steps (of a steady-state network: exposures) from one record to the next.
    fn steps_between_records(&self, params: &Params) -> Result<u64> {
        let raw = params.raw();
        let step = match self.network {
            Model::PyraLNet => raw.dt_ms,
            Model::SteadNet => raw.t_pattern_ms / raw.n_exposures as f64,
        };
        let Some(every) = self.every_ms else {
            return Ok((1.0 / step).round().max(1.0) as u64);
        };
        let steps = (every / step).round();
        ensure!(
            every.is_finite() && steps >= 1.0 && (steps * step - every).abs() <= 1e-6 * step,
            "--every-ms {every}: a step of this network is {step} ms; give a whole multiple of it"
        );
        Ok(steps as u64)
    }

    /// The network at rest.
    fn build<T: Number>(
        &self,
        params: &Params,
        n_patterns: usize,
    ) -> Result<Box<dyn Microcircuit<T>>> {
        let stream = |number| {
            let mut rng = ChaCha8Rng::seed_from_u64(self.seed.unwrap_or(1));
            rng.set_stream(number);
            rng
        };
        let weights = match &self.weights {
            // Its message says all there is: no chain of causes behind it.
            Some(path) => Weights::load_npz(path, params).map_err(|e| anyhow!("{e}"))?,
            None => {
                let mut rng = stream(0);
                Weights::draw(params, || rng.random())
            }
        };
        let params = params.clone();
        let noise: Box<dyn FnMut() -> f64 + Send> = match &self.noise {
            Some(path) => {
                let mut given = read_noise(path, &params, n_patterns)?.into_iter();
                Box::new(move || given.next().unwrap_or(f64::NAN))
            }
            None => {
                let mut rng = stream(1);
                Box::new(move || StandardNormal.sample(&mut rng))
            }
        };
        self.network.build(params, weights, noise)
    }
}

/// Presents the patterns in turn; an error names the row of the pattern.
fn present_all<T: Number>(
    network: &mut dyn Microcircuit<T>,
    patterns: &[OwnedPattern],
    every: u64,
    traces: &mut Traces<'_>,
    origin: &Path,
) -> Result<()> {
    for pattern in patterns {
        let mut written = Ok(());
        let mut observer = Every(every, |view: &View<'_, T>| {
            if written.is_ok() {
                written = traces.record(view);
            }
        });
        let presented: Result<(), PresentError> = network
            .present(&pattern.as_pattern(), &mut observer)
            .map(|_| ());
        written.context("--out")?;
        presented.with_context(|| format!("{}: line {}", origin.display(), pattern.line))?;
    }
    Ok(())
}
