//! The input layer: its low-passed rates, and its synapses onto the first hidden layer.

use nalgebra::DMatrix;

use super::filter::{FewValues, Filter};
use super::plane::{Decay, Plane, basis_of, dot};
use crate::deferred::unscaled;
use crate::kernels::packed::Packed;
use crate::leak::LowPass;
use crate::tape::{RestoreError, Tape};
use crate::{InputForm, Integrator, Params, Real};

/// The input layer as the first hidden layer sees it.
#[derive(Clone)]
pub struct Input<T: Real> {
    pub(in crate::pyralnet) rates: Rates<T>,
    pub(in crate::pyralnet) synapses: InputSynapses<T>,
    /// Rates at the start of the pattern and those it tends to, with bias; empty before the first pattern.
    start: Vec<f64>,
    goal: Vec<f64>,
    /// dt/τ_0
    share: f64,
}

/// Low-passed rates of the input layer with the bias, or their two coordinates in the plane of the pattern.
#[derive(Clone)]
pub struct Rates<T: Real> {
    filter: Filter,
    /// Rounded; and times dt η dt/τ_w, the presynaptic factor of plasticity.
    x: Vec<T>,
    x_learning: Vec<T>,
    learning: f64,
}

/// Weights and their changes per step, one column per input (and bias), lanes being the postsynaptic neurons.
#[derive(Clone)]
pub struct InputSynapses<T: Real> {
    /// P = scale · Δ, scale = dt η; zero if the rule is at rest.
    scale: f64,
    w: Packed<T>,
    p: Packed<T>,
    plane: Option<Plane<T>>,
}

/// The matrices and the plane onto which they are projected.
pub struct Projected<'a, T: Real> {
    pub(in crate::pyralnet) w: &'a mut [T],
    pub(in crate::pyralnet) p: &'a mut [T],
    pub(in crate::pyralnet) plane: &'a mut Plane<T>,
    /// Whether the weights change at all.
    pub(in crate::pyralnet) plastic: bool,
}

impl<T: Real> Rates<T> {
    #[inline(always)]
    pub(in crate::pyralnet) fn approach(&mut self, share: f64) {
        self.filter.approach(share);
        self.round();
    }

    #[inline(always)]
    fn round(&mut self) {
        let value = self.filter.value();
        let n = value.len();
        let (x, x_learning) = (&mut self.x[..n], &mut self.x_learning[..n]);
        for i in 0..n {
            x[i] = T::from_f64(value[i]);
            x_learning[i] = T::from_f64(self.learning * value[i]);
        }
    }

    /// The filter of at most eight rates, to be put back after some steps.
    #[inline(always)]
    pub(in crate::pyralnet) fn take(&self) -> FewValues {
        self.filter.take()
    }

    #[inline(always)]
    pub(in crate::pyralnet) fn put(&mut self, filter: &FewValues) {
        self.filter.put(filter);
        self.round();
    }

    /// How many there are.
    pub(in crate::pyralnet) fn len(&self) -> usize {
        self.x.len()
    }

    /// dt η dt/τ_w
    #[inline(always)]
    pub(in crate::pyralnet) fn learning(&self) -> f64 {
        self.learning
    }

    /// The rates, or coordinates, of this step.
    #[inline(always)]
    pub(in crate::pyralnet) fn x(&self) -> &[T] {
        &self.x
    }

    /// The same times dt η dt/τ_w.
    #[inline(always)]
    pub(in crate::pyralnet) fn x_learning(&self) -> &[T] {
        &self.x_learning
    }

    /// Of two coordinates, the goal, and how far they are from it.
    #[inline(always)]
    pub(in crate::pyralnet) fn course(&self) -> [[f64; 2]; 2] {
        let (mut goal, mut way) = ([0.0; 2], [0.0; 2]);
        for c in 0..2 {
            goal[c] = self.filter.goal()[c];
            way[c] = self.filter.value()[c] - goal[c];
        }
        [goal, way]
    }

    fn begin(&mut self, value: Vec<f64>, goal: Vec<f64>) {
        self.filter.begin(value, goal);
    }

    fn tape(&mut self, tape: &mut Tape<'_>) -> Result<(), RestoreError> {
        let Self {
            filter,
            x,
            x_learning,
            learning: _,
        } = self;
        filter.tape(x.len(), tape)?;
        tape.reals(x)?;
        tape.reals(x_learning)
    }
}

impl<T: Real> InputSynapses<T> {
    /// Weights and changes per step as a step's kernel wants them: in as many columns as there are rates.
    #[inline(always)]
    pub(in crate::pyralnet) fn columns(&mut self) -> (&mut [T], &mut [T]) {
        match &mut self.plane {
            Some(plane) => (plane.now.w.data_mut(), plane.now.p.data_mut()),
            None => (self.w.data_mut(), self.p.data_mut()),
        }
    }

    /// Whether the weights change.
    #[inline(always)]
    pub(in crate::pyralnet) fn is_plastic(&self) -> bool {
        self.scale > 0.0
    }

    /// Where there is a plane, what has to agree with it.
    pub(in crate::pyralnet) fn projected(&mut self) -> Option<Projected<'_, T>> {
        Some(Projected {
            plane: self.plane.as_mut()?,
            w: self.w.data_mut(),
            p: self.p.data_mut(),
            plastic: self.scale > 0.0,
        })
    }

    /// Whether the matrices are as the last step left them.
    pub(super) fn is_up_to_date(&self) -> bool {
        let changed = |plane: &Plane<T>| plane.across != Decay::NONE;
        self.scale == 0.0 || !self.plane.as_ref().is_some_and(changed)
    }

    fn tape(&mut self, tape: &mut Tape<'_>) -> Result<(), RestoreError> {
        let Self {
            scale: _,
            w,
            p,
            plane,
        } = self;
        tape.reals(w.data_mut())?;
        tape.reals(p.data_mut())?;
        plane.as_mut().map_or(Ok(()), |plane| plane.tape(tape))
    }

    /// Notes `n` plastic steps in the plane.
    pub(in crate::pyralnet) fn count(&mut self, beta: f64, n: usize) {
        if let Some(plane) = &mut self.plane {
            plane.count(beta, n);
        }
    }
}

impl<T: Real> Input<T> {
    pub(super) fn new(params: &Params, plasticity: LowPass<T>, width: usize) -> Self {
        let raw = params.raw();
        // As many lanes as the rates of the layer have, which end with the bias.
        let (n_pre, n) = (params.n_pre(0), params.dim(1) + 1);
        let columns = || Packed::zeros(n_pre, n, n_pre, width);
        // Leaps follow the input along its line, whatever the form.
        let in_plane = raw.integrator == Integrator::Adaptive
            || raw.input == InputForm::Factored && n_pre >= 2;
        let scale = raw.dt_ms * params.eta_up(1);
        let coordinates = if in_plane { 2 } else { n_pre };
        Self {
            rates: Rates {
                filter: Filter::default(),
                x: vec![T::default(); coordinates],
                x_learning: vec![T::default(); coordinates],
                learning: scale * plasticity.share,
            },
            synapses: InputSynapses {
                scale,
                w: columns(),
                p: columns(),
                plane: in_plane.then(|| Plane::new(n_pre, n, width)),
            },
            start: Vec::new(),
            goal: Vec::new(),
            share: raw.dt_ms / raw.tau_0_ms,
        }
    }

    /// dt/τ_0
    pub(in crate::pyralnet) fn share(&self) -> f64 {
        self.share
    }

    /// Turns to a new pattern, the first of which starts the filter. Where the rates move in a plane, returns its basis,
    /// onto which the weights are still to be projected.
    pub(in crate::pyralnet) fn begin(
        &mut self,
        input: &[f64],
        bias: Option<f64>,
    ) -> Option<[Vec<T>; 2]> {
        let rates = self.low_passed();
        self.goal = input.iter().copied().chain(bias).collect();
        self.start = if rates.is_empty() {
            self.goal.clone()
        } else {
            rates
        };
        if self.synapses.plane.is_none() {
            self.rates.begin(self.start.clone(), self.goal.clone());
            return None;
        }
        let basis = basis_of(&self.goal, &self.start);
        let coordinates = |rates| basis.iter().map(|q| dot(q, rates)).collect();
        let (start, goal) = (coordinates(&self.start), coordinates(&self.goal));
        self.rates.begin(start, goal);
        Some(basis.map(|q| q.into_iter().map(T::from_f64).collect()))
    }

    /// The basis of the plane as it is.
    pub(in crate::pyralnet) fn basis(&self) -> Option<[Vec<T>; 2]> {
        Some(self.synapses.plane.as_ref()?.basis.clone())
    }

    /// Low-passed rates now, with bias; empty before the first pattern.
    pub(in crate::pyralnet) fn low_passed(&self) -> Vec<f64> {
        if self.synapses.plane.is_none() {
            return self.rates.filter.value().to_vec();
        }
        let left = self.rates.filter.left();
        let pairs = self.goal.iter().zip(&self.start);
        pairs.map(|(x, start)| x + (start - x) * left).collect()
    }

    /// Low-passed rates of the next step, with bias.
    pub(in crate::pyralnet) fn next_rates(&self) -> Vec<f64> {
        let mut rates = self.low_passed();
        for (r, x) in rates.iter_mut().zip(&self.goal) {
            *r += self.share * (x - *r);
        }
        rates
    }

    /// Everything that a pattern leaves to the next; `n` is the number of rates, with bias.
    pub(super) fn tape(&mut self, n: usize, tape: &mut Tape<'_>) -> Result<(), RestoreError> {
        let Self {
            rates,
            synapses,
            start,
            goal,
            share: _,
        } = self;
        rates.tape(tape)?;
        synapses.tape(tape)?;
        tape.some_doubles(start, n)?;
        tape.some_doubles(goal, n)
    }

    /// Forgets the state of the filter, so that the next pattern starts it.
    pub(super) fn forget(&mut self) {
        self.start.clear();
        self.goal.clear();
        self.rates.filter = Filter::default();
    }

    /// Weights. The matrices must be up to date.
    pub(super) fn weights(&self, shape: (usize, usize)) -> DMatrix<T> {
        self.synapses.w.columns(0, shape)
    }

    /// Δ, unless the rule is at rest. The matrices must be up to date.
    pub(super) fn delta(&self, shape: (usize, usize)) -> Option<DMatrix<T>> {
        let InputSynapses { scale, p, .. } = &self.synapses;
        unscaled(p.columns(0, shape), *scale)
    }

    /// Replaces the weights. The matrices must be up to date, and projected again afterwards.
    pub(super) fn set_weights(&mut self, weights: &DMatrix<T>) {
        self.synapses.w.set_columns(0, weights);
    }

    /// Zeroes Δ; likewise.
    pub(super) fn zero_deltas(&mut self) {
        self.synapses.p.data_mut().fill(T::default());
    }
}
