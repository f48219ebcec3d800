//! What the leaps of a pattern remember: quantities at their nodes.

use super::State;
use super::layer::Layer;
use super::low_rank::LowRank;
use super::moments::{LONGEST, Spacing, Table};
use super::pace::{Found, Pace};
use crate::Real;
use crate::kernels::aligned::{Aligned, padded};
use crate::tape::{RestoreError, Tape};

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

    fn tape(&mut self, tape: &mut Tape<'_>) -> Result<(), RestoreError> {
        let Self { values, end } = self;
        values
            .iter_mut()
            .try_for_each(|values| tape.reals(values))?;
        tape.count(end, 3)
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
    /// Factors from the rates of interneurons to apical potentials, by `W_pi` and by its change: scratch.
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

impl<T: Real> LayerNodes<T> {
    fn tape(&mut self, tape: &mut Tape<'_>) -> Result<(), RestoreError> {
        let nodes = self.all();
        nodes.into_iter().try_for_each(|nodes| nodes.tape(tape))?;
        self.changes.tape(tape)
    }
}

impl<T: Real> Course<T> {
    /// Zeroes the newest node and the one to come.
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
        Self {
            table: Table::new(state),
            spacing: Spacing { last: 1, before: 1 },
            course: Course {
                first: Nodes::zeros(state.first.soma.len()),
                layers: state.layers.iter().map(LayerNodes::new).collect(),
            },
            skipped: 0,
            pace: Pace::new(state.params()),
        }
    }

    /// Everything that a pattern leaves to the next.
    pub(in crate::pyralnet) fn tape(&mut self, tape: &mut Tape<'_>) -> Result<(), RestoreError> {
        let Self {
            table: _,
            spacing,
            course,
            pace,
            // A pattern begins with none.
            skipped: _,
        } = self;
        let Spacing { last, before } = spacing;
        tape.count(last, LONGEST)?;
        tape.count(before, LONGEST)?;
        course.first.tape(tape)?;
        let mut layers = course.layers.iter_mut();
        layers.try_for_each(|layer| layer.tape(tape))?;
        pace.tape(tape)
    }

    /// Turns to a new pattern.
    pub(in crate::pyralnet) fn begin(&mut self) {
        self.pace.begin_pattern();
        self.skipped = 0;
    }

    /// A leap of `m` steps has come to its end, and was wrong by so much.
    #[inline(always)]
    pub(in crate::pyralnet) fn took(&mut self, m: usize, found: Found) {
        self.spacing = Spacing {
            last: m.max(1),
            before: self.spacing.last,
        };
        self.course.push();
        self.pace.took(m, found);
    }
}
