//! Watching the circuit, token by token.

use super::{Features, Phase, Real, TripartiteSynapses};

/// One head of the circuit right after a token, as an [`Observer`] sees it.
#[derive(Debug)]
pub struct Moment<'a, T> {
    /// The global signal.
    pub phase: Phase,
    /// Zero-based number of the token within the phase's sequence.
    pub token: usize,
    /// The head.
    pub head: usize,
    /// What the hidden neurons carry: φ(k) while writing, φ(q) while reading.
    pub hidden: &'a Features<T>,
    /// Hebbian weights and calcium of the processes.
    pub synapses: &'a TripartiteSynapses<T>,
    /// Natural logarithm of the averaged calcium g·φ(q) while reading (NaN if it is negative); absent while writing.
    pub log_calcium: Option<f64>,
    /// The head's output neurons; silent (empty) while writing.
    pub output: &'a [T],
}

/// Records whatever it likes of the circuit's trajectory.
pub trait Observer<T: Real> {
    /// Whether it looks at all; where it does not, tokens may be taken together.
    const WATCHES: bool = true;

    /// Called for each head after each presentation of a token.
    fn moment(&mut self, moment: &Moment<'_, T>);
}

/// Watches nothing and costs nothing.
impl<T: Real> Observer<T> for () {
    const WATCHES: bool = false;

    #[inline(always)]
    fn moment(&mut self, _: &Moment<'_, T>) {}
}

/// A closure can watch.
impl<T: Real, F: FnMut(&Moment<'_, T>)> Observer<T> for F {
    fn moment(&mut self, moment: &Moment<'_, T>) {
        self(moment);
    }
}

/// The whole trajectory, in plain units (gains multiplied out) and double precision.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Trajectory {
    /// One entry a head and token, in the order in which they happened.
    pub frames: Vec<Frame>,
}

/// A moment in plain units.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// The global signal.
    pub phase: Phase,
    /// Zero-based number of the token within the phase's sequence.
    pub token: usize,
    /// The head.
    pub head: usize,
    /// Hidden activity √(1/m) φ, length m.
    pub hidden: Vec<f64>,
    /// Hebbian weights, row-major outputs × m.
    pub hebbian: Vec<f64>,
    /// Calcium g of the processes, length m.
    pub calcium: Vec<f64>,
    /// Averaged calcium g·φ(q) while reading.
    pub averaged_calcium: Option<f64>,
    /// Output neurons while reading.
    pub output: Vec<f64>,
}

impl<T: Real> Observer<T> for Trajectory {
    fn moment(&mut self, moment: &Moment<'_, T>) {
        let hidden = moment.hidden;
        let amplitude = (hidden.rate.len() as f64).sqrt().recip();
        let gains: Vec<f64> = moment
            .synapses
            .log_gain()
            .iter()
            .map(|l| l.as_f64().exp())
            .collect();
        let hebbian = moment.synapses.hebbian();
        self.frames.push(Frame {
            phase: moment.phase,
            token: moment.token,
            head: moment.head,
            hidden: hidden
                .rate
                .iter()
                .zip(&hidden.log_gain)
                .map(|(rate, log_gain)| amplitude * rate.as_f64() * log_gain.as_f64().exp())
                .collect(),
            hebbian: hebbian
                .column_iter()
                .flat_map(|synapses| {
                    synapses
                        .iter()
                        .zip(&gains)
                        .map(|(h, gain)| h.as_f64() * gain)
                        .collect::<Vec<_>>()
                })
                .collect(),
            calcium: moment
                .synapses
                .calcium()
                .iter()
                .zip(&gains)
                .map(|(g, gain)| g.as_f64() * gain)
                .collect(),
            averaged_calcium: moment.log_calcium.map(f64::exp),
            output: moment.output.iter().map(|o| o.as_f64()).collect(),
        });
    }
}
