//! What the leaps of a pattern remember: quantities at their nodes, and how long the next leap is to be.

use super::State;
use super::layer::Layer;
use super::low_rank::LowRank;
use super::moments::{LONGEST, Spacing, Table};
use crate::Real;
use crate::kernels::aligned::{Aligned, padded};

/// A quantity of some neurons at the last three nodes and at the one to come.
pub struct Nodes<T> {
    values: [Aligned<T>; 4],
    /// Which are those to come; after them, going round, those of the newest node and those before.
    end: usize,
}

impl<T: Real> Nodes<T> {
    fn zeros(len: usize) -> Self {
        let zeros = || Aligned::zeros(padded::<T>(len));
        Self {
            values: [zeros(), zeros(), zeros(), zeros()],
            end: 3,
        }
    }

    /// At the last three nodes, newest first, and at the one to come.
    #[inline(always)]
    pub(in crate::pyralnet) fn parts(&mut self) -> ([&[T]; 3], &mut [T]) {
        let [a, b, c, d] = &mut self.values;
        match self.end {
            0 => ([b, c, d], a),
            1 => ([c, d, a], b),
            2 => ([d, a, b], c),
            _ => ([a, b, c], d),
        }
    }

    /// At the newest node.
    #[inline(always)]
    pub(in crate::pyralnet) fn now(&self) -> &[T] {
        &self.values[(self.end + 1) % 4]
    }

    #[inline(always)]
    pub(in crate::pyralnet) fn now_mut(&mut self) -> &mut [T] {
        &mut self.values[(self.end + 1) % 4]
    }

    /// At the node to come.
    #[inline(always)]
    pub(in crate::pyralnet) fn end(&self) -> &[T] {
        &self.values[self.end]
    }

    #[inline(always)]
    pub(in crate::pyralnet) fn end_mut(&mut self) -> &mut [T] {
        &mut self.values[self.end]
    }

    /// At the node to come as at the newest one.
    fn repeat(&mut self) {
        let ([now, ..], end) = self.parts();
        end.copy_from_slice(now);
    }

    /// Zeros at both.
    fn forget(&mut self) {
        self.now_mut().fill(T::ZERO);
        self.end_mut().fill(T::ZERO);
    }

    /// That node has come.
    #[inline(always)]
    fn push(&mut self) {
        self.end = (self.end + 3) % 4;
    }
}

/// Of a hidden layer l and the targets of its rates, see [`Layer`].
pub struct LayerNodes<T: Real> {
    /// Of the targets: drives, somata, rates, and errors times dt η dt/τ_w.
    pub(in crate::pyralnet) drive: Nodes<T>,
    pub(in crate::pyralnet) soma: Nodes<T>,
    pub(in crate::pyralnet) rate: Nodes<T>,
    pub(in crate::pyralnet) error: Nodes<T>,
    /// Apical potentials of the layer times their gain.
    pub(in crate::pyralnet) apical: Nodes<T>,
    /// Changes of the forward weights that are not applied yet.
    pub(in crate::pyralnet) changes: LowRank<T>,
    /// 1 for the lanes of the pyramidal neurons among the targets.
    pub(in crate::pyralnet) above: Aligned<T>,
    /// Of the targets: scratch.
    pub(in crate::pyralnet) passed: Aligned<T>,
    /// What the rates of the interneurons make of apical potentials in `W_pi` and its change: scratch.
    pub(in crate::pyralnet) factors: [Vec<[T; 4]>; 2],
}

/// All quantities at their nodes.
pub struct Course<T: Real> {
    /// Errors of layer 1.
    pub(in crate::pyralnet) first: Nodes<T>,
    pub(in crate::pyralnet) layers: Vec<LayerNodes<T>>,
}

/// What the adaptive integrator remembers.
pub struct Memory<T: Real> {
    pub(in crate::pyralnet) table: Table,
    pub(in crate::pyralnet) spacing: Spacing,
    pub(in crate::pyralnet) course: Course<T>,
    pub(in crate::pyralnet) pace: Pace,
    /// Steps that the steady state was taken for.
    pub(in crate::pyralnet) skipped: usize,
}

impl<T: Real> LayerNodes<T> {
    fn new(layer: &Layer<T>) -> Self {
        let (m, lanes) = (layer.above(), layer.forward.rate().len());
        let targets = layer.targets.soma.len();
        let of_targets = || Nodes::zeros(targets);
        let mut above = Aligned::zeros(targets);
        above[..m].fill(T::ONE);
        Self {
            drive: of_targets(),
            soma: of_targets(),
            rate: of_targets(),
            error: of_targets(),
            apical: Nodes::zeros(lanes),
            changes: LowRank::zeros(lanes, targets),
            above,
            passed: Aligned::zeros(targets),
            factors: [vec![[T::ZERO; 4]; m], vec![[T::ZERO; 4]; m]],
        }
    }
}

impl<T: Real> LayerNodes<T> {
    #[inline(always)]
    fn all(&mut self) -> [&mut Nodes<T>; 5] {
        [
            &mut self.drive,
            &mut self.soma,
            &mut self.rate,
            &mut self.error,
            &mut self.apical,
        ]
    }
}

impl<T: Real> Course<T> {
    /// Zeros in place of what is at the newest node and the one to come.
    pub(in crate::pyralnet) fn forget(&mut self) {
        self.first.forget();
        for layer in &mut self.layers {
            for nodes in layer.all() {
                nodes.forget();
            }
        }
    }

    /// The node to come has come.
    #[inline(always)]
    pub(in crate::pyralnet) fn push(&mut self) {
        self.first.push();
        for layer in &mut self.layers {
            for nodes in layer.all() {
                nodes.push();
            }
        }
    }

    /// The same, for a start: the next one is as this one until it is computed.
    pub(in crate::pyralnet) fn push_and_repeat(&mut self) {
        self.push();
        self.first.repeat();
        for layer in &mut self.layers {
            for nodes in layer.all() {
                nodes.repeat();
            }
        }
    }
}

impl<T: Real> Memory<T> {
    pub(in crate::pyralnet) fn new(state: &State<T>) -> Self {
        let raw = state.params().raw();
        Self {
            table: Table::new(state),
            spacing: Spacing { last: 1, before: 1 },
            course: Course {
                first: Nodes::zeros(state.first.soma.len()),
                layers: state.layers.iter().map(LayerNodes::new).collect(),
            },
            skipped: 0,
            pace: Pace {
                weight: raw.dt_ms / LEARNED_MS,
                tolerance: raw.tolerance,
                plastic: false,
                idle: false,
                nodes: 0,
                next: 1,
                longest: LONGEST,
                evaluations: 0,
                learned: 0.0,
                usual: 0.0,
                px: {
                    let mut px = [100.0, 0.0, 0.05, 0.0];
                    if let Ok(v) = std::env::var("PX") {
                        for (i, x) in v.split(',').enumerate() {
                            px[i] = x.parse().unwrap();
                        }
                    }
                    px
                },
            },
        }
    }

    /// Turns to a new pattern.
    pub(in crate::pyralnet) fn begin(&mut self) {
        let p = &mut self.pace;
        p.usual += p.px[2] * (p.learned - p.usual);
        if p.px[3] > 0.0 { eprintln!("learned {:.4} usual {:.4}", p.learned, p.usual); }
        p.learned = 0.0;
        self.pace.begin();
        self.skipped = 0;
    }

    /// A leap of `m` steps has come to its end, with that error.
    #[inline(always)]
    pub(in crate::pyralnet) fn took(&mut self, m: usize, changed: f64, missed: f64, errors: f64) {
        self.spacing = Spacing {
            last: m.max(1),
            before: self.spacing.last,
        };
        self.course.push();
        self.pace.took(m, changed, missed, errors);
    }
}

/// How long leaps are.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Per step, how much the error of a rate of layer 1 counts that its weights learn from.
    pub(in crate::pyralnet) weight: f64,
    tolerance: f64,
    /// Whether the nodes are those of plastic steps.
    plastic: bool,
    /// Whether nothing is learned nor seen.
    idle: bool,
    /// How many there are, up to four.
    nodes: usize,
    /// Steps of the next leap, and the most of any.
    next: usize,
    pub(in crate::pyralnet) longest: usize,
    px: [f64; 4],
    learned: f64,
    usual: f64,
    /// Evaluations so far.
    pub(in crate::pyralnet) evaluations: u64,
}

/// What is missed is forgotten soon; so much more is allowed where nothing is learned or seen in the meantime.
const IDLE: f64 = 20.0;
/// A leap is so many times as long as the last one, or shorter.
const GROWTHS: [f64; 10] = [0.4, 0.5, 0.65, 0.8, 0.9, 1.0, 1.25, 1.5, 2.0, 3.0];
const SHRINKAGE: f64 = 0.25;
/// Of the distance between a prediction and what was found, the fraction that the corrected value is taken to miss.
const MISSED: f64 = 0.375;
/// In so many ms an error of the errors of layer 1 counts as much as an error of rates.
const LEARNED_MS: f64 = 0.1;
/// How much of the square of a distance from the steady state its first order misses: half the largest curvature of f.
const CURVATURE: f64 = 0.1;

impl Pace {
    /// Forgets all nodes.
    pub(in crate::pyralnet) fn begin(&mut self) {
        (self.nodes, self.next) = (0, 1);
    }

    /// Whether there is no node where the network is: there is none of the time before a pattern, nor of the other kind.
    pub(in crate::pyralnet) fn starts(&mut self, plastic: bool, average: bool) -> bool {
        self.idle = !plastic && !average;
        if self.plastic != plastic {
            self.begin();
            self.plastic = plastic;
        }
        self.nodes == 0
    }

    /// Steps of the next leap, with `left` before the end. Two leaps end there together, rather than one just before.
    #[inline(always)]
    pub(in crate::pyralnet) fn choose(&self, left: usize) -> usize {
        if self.next >= left {
            left
        } else if 2 * self.next > left {
            left.div_ceil(2)
        } else {
            self.next
        }
    }

    /// The length of the next leap, after one of `m` steps with these errors.
    #[inline(always)]
    fn took(&mut self, m: usize, changed: f64, missed: f64, errors: f64) {
        self.evaluations += 1;
        self.nodes = (self.nodes + 1).min(4);
        if self.nodes < 4 {
            self.next = 1;
            return;
        }
        // By comparisons: a root takes as long as ten of them.
        let (m_steps, px) = (m as f64 * self.weight, &self.px);
        self.learned += errors * m_steps;
        let scale = 1.0 + px[0] * self.learned + px[1] * self.usual;
        let error = changed.max(missed * m_steps / scale);
        let cube = self.allowed() / (MISSED * error).max(1e-30);
        let mut growth = SHRINKAGE;
        for tried in GROWTHS {
            if tried * tried * tried <= cube {
                growth = tried;
            }
        }
        let wanted = m as f64 * growth;
        self.next = (wanted as usize).clamp(1, self.longest);
    }

    /// The largest error of a rate.
    #[inline(always)]
    fn allowed(&self) -> f64 {
        let idle = if self.idle { IDLE } else { 1.0 };
        idle * self.tolerance
    }

    /// How many steps before the end of a segment the steady state may be taken for what it leads to, if the soma furthest
    /// from where it settles is `way` from there at the start, and of that a step leaves a; none where it may not.
    ///
    /// The steady state follows the input to first order, and misses some of the square of `way`. Of that, and of the state
    /// at the start, whose distance is of order 1, n steps leave φ(n), as in three somata in series.
    pub(in crate::pyralnet) fn before(
        &mut self,
        way: f64,
        (steps, average): (usize, bool),
        a: f64,
        slowest: f64,
    ) -> Option<usize> {
        self.idle = !average;
        let left = |n: usize| {
            let x = n as f64 * (1.0 - slowest);
            slowest.powi(n as i32) * (1.0 + x + 0.5 * x * x)
        };
        let missed = |n: usize| {
            let way = way * a.powi((steps - n) as i32);
            CURVATURE * way * way * left(n)
        };
        let allowed = self.allowed();
        if average {
            return (CURVATURE * way * way < allowed).then_some(0);
        }
        let mut before = (0..=steps / 2).step_by(4);
        let forgotten = left(steps) < allowed;
        before.find(|n| forgotten && missed(*n) < allowed)
    }

    /// Sweeps that change rates by less lead to the steady state.
    pub(in crate::pyralnet) fn settled(&self) -> f64 {
        0.1 * self.tolerance
    }
}
