//! What the adaptive integrator remembers, and how long its leaps are.

use super::State;
use super::history::{Past, Spacing};
use super::layer::Layer;
use super::powers::{Powers, Table};
use crate::Real;
use crate::kernels::aligned::Aligned;

/// What the leaps of a pattern remember.
pub struct Memory<T> {
    /// Of the last evaluations of this pattern.
    pub(in crate::pyralnet) spacing: Spacing,
    /// Steps that the last leap should have had, had no job ended before.
    wanted: usize,
    /// Whether weights were plastic in it.
    plastic: bool,
    /// Error of the last prediction, as a potential, and the largest allowed.
    pub(in crate::pyralnet) error: f64,
    tolerance: f64,
    /// Of layer 1, and of the targets of each stage.
    pub(in crate::pyralnet) first: Course<T>,
    pub(in crate::pyralnet) layers: Vec<LayerMemory<T>>,
    /// Forward weights' changes of the last leap are left to apply.
    pub(in crate::pyralnet) pending: Option<Powers>,
    /// Of the filters of input and target, how near their goals the steps of a leap bring them.
    pub(in crate::pyralnet) approach: Vec<f64>,
    /// Of P, and of the somata of layer 1.
    pub(in crate::pyralnet) weights: Table<T>,
    pub(in crate::pyralnet) somata: Table<T>,
}

/// Of some neurons, what enters their somata and their errors.
pub struct Course<T> {
    pub(in crate::pyralnet) input: Past<T>,
    /// What the input should be in the next evaluation.
    pub(in crate::pyralnet) predicted: Aligned<T>,
    pub(in crate::pyralnet) error: Past<T>,
}

/// Of a hidden layer and the targets of its rates, see [`Layer`].
pub struct LayerMemory<T> {
    pub(in crate::pyralnet) targets: Course<T>,
    /// Rates of its hidden layer, its apical potentials, and rates of the targets.
    pub(in crate::pyralnet) rate: Past<T>,
    pub(in crate::pyralnet) apical: Past<T>,
    pub(in crate::pyralnet) target_rate: Past<T>,
    /// Mean rates of the hidden layer and of the targets in a leap; scratch.
    pub(in crate::pyralnet) mean_of_rates: Aligned<T>,
    pub(in crate::pyralnet) mean_rate: Aligned<T>,
    /// What is left to apply of the last leap, per target: to W and to P.
    pub(in crate::pyralnet) of_w: Aligned<T>,
    pub(in crate::pyralnet) of_p: Aligned<T>,
    /// Of the somata of the layer above and of the interneurons.
    pub(in crate::pyralnet) powers: [Table<T>; 2],
}

/// The longest leap, ms and steps.
const LONGEST: (f64, usize) = (10.0, 1000);
/// Largest shrinkage and growth from one leap to the next.
const GROWTH: (f64, f64) = (0.25, 1.5);
/// Leaps begin when the input allows this many steps: shorter leaps take longer than their steps.
const WORTHWHILE: f64 = 3.0;

impl<T: Real> Course<T> {
    fn new(len: usize) -> Self {
        Self {
            input: Past::zeros(len),
            predicted: Aligned::zeros(len),
            error: Past::zeros(len),
        }
    }
}

impl<T: Real> Memory<T> {
    pub(in crate::pyralnet) fn new(state: &State<T>) -> Self {
        let raw = state.params().raw();
        let longest = ((LONGEST.0 / raw.dt_ms) as usize).clamp(1, LONGEST.1);
        let left = 1.0 - raw.dt_ms / raw.tau_0_ms;
        let table = || Table::new(longest);
        let of_layer = |layer: &Layer<T>| {
            let (targets, lanes) = (layer.targets.soma.len(), layer.forward.rate().len());
            LayerMemory {
                targets: Course::new(targets),
                rate: Past::zeros(lanes),
                apical: Past::zeros(lanes),
                target_rate: Past::zeros(targets),
                mean_of_rates: Aligned::zeros(lanes),
                mean_rate: Aligned::zeros(targets),
                of_w: Aligned::zeros(targets),
                of_p: Aligned::zeros(targets),
                powers: [table(), table()],
            }
        };
        Self {
            spacing: Spacing::default(),
            wanted: 0,
            plastic: false,
            error: 0.0,
            tolerance: raw.tolerance,
            first: Course::new(state.first.soma.len()),
            layers: state.layers.iter().map(of_layer).collect(),
            pending: None,
            approach: (0..=longest).map(|n| 1.0 - left.powi(n as i32)).collect(),
            weights: table(),
            somata: table(),
        }
    }

    /// The fraction of the change of input that is left when leaps begin. Of a change e^(-t/τ_0), a leap of h that
    /// takes it for a parabola misses (h/τ_0)³, and one that has no past yet more.
    pub(in crate::pyralnet) fn transient(&self) -> f64 {
        (self.tolerance / (WORTHWHILE * self.approach[1]).powi(2)).min(1.0)
    }

    /// Forgets the pattern before.
    pub(in crate::pyralnet) fn begin(&mut self) {
        (self.spacing, self.wanted) = (Spacing::default(), 0);
    }

    /// The past does not lead beyond the moment at which weights become plastic, or cease to be.
    pub(in crate::pyralnet) fn continue_with(&mut self, plastic: bool) {
        if self.plastic != plastic {
            self.plastic = plastic;
            self.begin();
        }
    }

    /// Steps of the leap to come, with `left` until the job ends. The error is of third order in their number.
    pub(in crate::pyralnet) fn choose(&mut self, left: usize) -> usize {
        let longest = (self.approach.len() - 1) as f64;
        // In single precision, where the root is faster.
        let growth = 0.9 * f64::from(((self.tolerance / self.error.max(1e-30)) as f32).cbrt());
        let wanted = match self.spacing.last() {
            None => 1,
            Some(last) => {
                let wanted = last as f64 * growth.clamp(GROWTH.0, GROWTH.1);
                let wanted = wanted.ceil().min(longest) as usize;
                if last < self.wanted && growth > 1.0 {
                    wanted.max(self.wanted)
                } else {
                    wanted
                }
            }
        };
        self.wanted = wanted;
        wanted.min(left)
    }
}
