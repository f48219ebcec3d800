//! The synapses from the input layer, and the low-pass filter in front of them.

use nalgebra::DMatrix;

use super::settled::Settled;
use super::turn::Turn;
use crate::kernels::packed::Packed;
use crate::kernels::simd::Simd;
use crate::{Params, Real};

/// In which coordinates the forward weights from the input layer are simulated.
///
/// Within a pattern the input moves along a line, `r(t) = x + (r_start - x) aᵗ`. In an orthonormal basis q₁, q₂ of
/// the plane of x and `r_start` (both with the bias) it has two coordinates, however many inputs there are; the
/// weights' projections `W q₁`, `W q₂` then obey the same equations as the weights of two inputs, while the part
/// of W across the plane changes in closed form. The matrices are brought up to date once per pattern.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InputForm {
    /// Two coordinates where there are at least two inputs, counting the bias.
    #[default]
    Factored,
    /// One coordinate per input, as the equations are written.
    Plain,
}

/// Forward weights onto the first hidden layer, and the state of the input.
pub struct Input<T> {
    form: InputForm,
    /// P = scale · Δ, scale = dt η; zero if the rule is at rest.
    pub(super) scale: f64,
    /// All weights, one column per input (and bias), lanes being the neurons; and their changes per step.
    w: Packed<T>,
    p: Packed<T>,
    /// The same in the two coordinates of the pattern, and as they were at its start.
    pub(super) plane: Option<Plane<T>>,
    /// Low-passed rates at the start of the pattern, with bias; empty before the first pattern.
    start: Vec<f64>,
    /// Rates that the pattern tends to, with bias.
    goal: Vec<f64>,
    /// Coordinates of the low-passed rates, and those they tend to.
    pub(super) x: Vec<f64>,
    pub(super) x_goal: Vec<f64>,
    /// What is left of `start - goal`.
    pub(super) left: f64,
    /// Filter constant dt/τ_0.
    pub(super) filter: f64,
}

/// The weights in the plane in which the input of a pattern moves.
pub(super) struct Plane<T> {
    /// What the columns are stored times, so that drives are predictions; see [`first`](super::first).
    pub(super) unit: f64,
    pub(super) basis: [Vec<T>; 2],
    pub(super) w: Packed<T>,
    pub(super) p: Packed<T>,
    pub(super) w_start: Packed<T>,
    pub(super) p_start: Packed<T>,
    /// Σ βⁱ over the plastic steps since the start, and β to the power of their number.
    pub(super) decayed: Decay,
    /// Whether the columns are stored as those of a settled input.
    pub(super) settled: Option<Settled>,
}

/// What plastic steps without an error do to W and P: `W += sum · P`, `P *= power`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Decay {
    pub(super) sum: f64,
    pub(super) power: f64,
}

impl Decay {
    pub(super) const NONE: Self = Self {
        sum: 0.0,
        power: 1.0,
    };

    /// Of `n` steps with P decaying by β each: 1 + β + … and βⁿ.
    pub(super) fn steps(beta: f64, n: usize) -> Self {
        let power = beta.powi(n as i32);
        let sum = if beta < 1.0 {
            (1.0 - power) / (1.0 - beta)
        } else {
            n as f64
        };
        Self { sum, power }
    }

    /// This, and then `next`.
    pub(super) fn then(self, next: Self) -> Self {
        Self {
            sum: self.sum + self.power * next.sum,
            power: self.power * next.power,
        }
    }
}

impl<T: Real> Input<T> {
    /// With columns in the plane in some `unit`.
    pub(super) fn new(params: &Params, form: InputForm, unit: f64, width: usize) -> Self {
        let raw = params.raw();
        // As many lanes as the rates of the layer have, which end with the bias.
        let (n_pre, n) = (params.n_pre(0), params.dim(1) + 1);
        let form = if n_pre >= 2 { form } else { InputForm::Plain };
        let columns = |columns| Packed::zeros(columns, n, columns, width);
        let plane = (form == InputForm::Factored).then(|| Plane {
            unit,
            basis: [vec![T::default(); n_pre], vec![T::default(); n_pre]],
            w: columns(2),
            p: columns(2),
            w_start: columns(2),
            p_start: columns(2),
            decayed: Decay::NONE,
            settled: None,
        });
        Self {
            form,
            scale: raw.dt_ms * params.eta_up(1),
            w: columns(n_pre),
            p: columns(n_pre),
            plane,
            start: Vec::new(),
            goal: Vec::new(),
            x: Vec::new(),
            x_goal: Vec::new(),
            left: 0.0,
            filter: raw.dt_ms / raw.tau_0_ms,
        }
    }

    /// The weights and their changes per step, as the step's kernel wants them: in as many columns as `x` has
    /// entries.
    #[inline]
    pub(super) fn columns(&mut self) -> (&mut [T], &mut [T]) {
        match &mut self.plane {
            Some(plane) => (plane.w.data_mut(), plane.p.data_mut()),
            None => (self.w.data_mut(), self.p.data_mut()),
        }
    }

    /// What the [columns](Input::columns) are stored times.
    pub(super) fn unit(&self) -> f64 {
        self.plane.as_ref().map_or(1.0, |plane| plane.unit)
    }

    /// Steps until only `fraction` of the way from the start to the goal of the pattern is left.
    pub(super) fn steps_until(&self, fraction: f64) -> usize {
        if self.left <= fraction {
            return 0;
        }
        if self.filter >= 1.0 {
            return 1;
        }
        ((fraction / self.left).ln() / (1.0 - self.filter).ln()).ceil() as usize
    }

    /// Notes what `n` plastic steps in the plane mean for the weights across it.
    pub(super) fn count(&mut self, decay: Decay) {
        if let Some(plane) = &mut self.plane {
            plane.decayed = plane.decayed.then(decay);
        }
    }

    /// Turns to a new pattern. The first one starts the filter.
    pub(super) fn begin(&mut self, input: &[f64], bias: Option<f64>, simd: Simd) {
        let rates = self.rates();
        self.goal = input.iter().copied().chain(bias).collect();
        self.start = if rates.is_empty() {
            self.goal.clone()
        } else {
            rates
        };
        self.left = 1.0;
        match self.form {
            InputForm::Plain => {
                self.x.clone_from(&self.start);
                self.x_goal.clone_from(&self.goal);
            }
            InputForm::Factored => {
                let basis = plane_of(&self.goal, &self.start);
                self.x = basis.iter().map(|q| dot(q, &self.start)).collect();
                self.x_goal = basis.iter().map(|q| dot(q, &self.goal)).collect();
                let basis = basis.map(|q| q.into_iter().map(T::from_f64).collect());
                self.turn(basis, simd);
            }
        }
    }

    /// Low-passed rates now, with bias; empty before the first pattern.
    pub(super) fn rates(&self) -> Vec<f64> {
        match self.form {
            InputForm::Plain => self.x.clone(),
            InputForm::Factored => self
                .goal
                .iter()
                .zip(&self.start)
                .map(|(x, start)| x + (start - x) * self.left)
                .collect(),
        }
    }

    /// Low-passed rates of the next step, with bias.
    pub(super) fn next_rates(&self) -> Vec<f64> {
        let mut rates = self.rates();
        rates
            .iter_mut()
            .zip(&self.goal)
            .for_each(|(r, x)| *r += self.filter * (x - *r));
        rates
    }

    /// Forgets the state of the filter, so that the next pattern starts it.
    pub(super) fn forget(&mut self, simd: Simd) {
        self.turn_in_place(simd);
        for values in [
            &mut self.start,
            &mut self.goal,
            &mut self.x,
            &mut self.x_goal,
        ] {
            values.clear();
        }
    }

    /// Brings the matrices up to date with the plane, and projects them onto a new one.
    fn turn(&mut self, basis: [Vec<T>; 2], simd: Simd) {
        let Some(plane) = &mut self.plane else { return };
        T::turn(
            Turn {
                w: self.w.data_mut(),
                p: self.p.data_mut(),
                plane,
                scale: self.scale,
                basis,
            },
            simd,
        );
    }

    /// Brings matrices and plane up to date with each other.
    fn turn_in_place(&mut self, simd: Simd) {
        if let Some(plane) = &self.plane {
            let basis = plane.basis.clone();
            self.turn(basis, simd);
        }
    }

    pub(super) fn weights(&self, shape: (usize, usize)) -> DMatrix<T> {
        DMatrix::from_fn(shape.0, shape.1, |post, pre| self.current(pre, post).0)
    }

    pub(super) fn delta(&self, shape: (usize, usize)) -> Option<DMatrix<T>> {
        (self.scale > 0.0).then(|| {
            DMatrix::from_fn(shape.0, shape.1, |post, pre| {
                T::from_f64(self.current(pre, post).1.to_f64() / self.scale)
            })
        })
    }

    fn current(&self, pre: usize, lane: usize) -> (T, T) {
        match &self.plane {
            Some(plane) if plane.decayed != Decay::NONE && self.scale > 0.0 => {
                plane.folded(&self.w, &self.p, pre, lane)
            }
            _ => (self.w.get(pre, lane), self.p.get(pre, lane)),
        }
    }

    /// Replaces the weights.
    pub(super) fn set_weights(&mut self, weights: &DMatrix<T>, simd: Simd) {
        self.turn_in_place(simd);
        for pre in 0..weights.ncols() {
            for post in 0..weights.nrows() {
                self.w.set(pre, post, weights[(post, pre)]);
            }
        }
        self.turn_in_place(simd);
    }

    /// Zeroes Δ.
    pub(super) fn zero_deltas(&mut self, simd: Simd) {
        self.turn_in_place(simd);
        self.p.data_mut().fill(T::default());
        self.turn_in_place(simd);
    }
}

impl<T: Real> Plane<T> {
    /// Projection of a neuron's weights onto a basis vector, and of their changes per step, now.
    fn column(&self, i: usize, lane: usize) -> (T, T) {
        let (w, p) = (self.w.get(i, lane), self.p.get(i, lane));
        match self.settled {
            Some(Settled { x, .. }) if i == 0 => {
                let scale = T::from_f64(1.0 / x);
                (scale * w, scale * p)
            }
            Some(Settled { across, .. }) => {
                let (sum, power) = (T::from_f64(across.sum), T::from_f64(across.power));
                (w + sum * p, power * p)
            }
            None => (w, p),
        }
    }

    /// A weight and its change per step, now; see [`Turn`].
    fn folded(&self, w: &Packed<T>, p: &Packed<T>, pre: usize, lane: usize) -> (T, T) {
        let (sum, power) = (
            T::from_f64(self.decayed.sum),
            T::from_f64(self.decayed.power),
        );
        let (mut w, mut p) = (w.get(pre, lane), p.get(pre, lane));
        w += sum * p;
        p = power * p;
        for (i, q) in self.basis.iter().enumerate() {
            let q = q[pre] * T::from_f64(1.0 / self.unit);
            let (start, now) = (self.p_start.get(i, lane), self.column(i, lane));
            w += (now.0 - self.w_start.get(i, lane) - sum * start) * q;
            p += (now.1 - power * start) * q;
        }
        (w, p)
    }
}

/// An orthonormal basis of the plane of `a` and `b`, by Gram and Schmidt; vectors that do not exist are zero.
fn plane_of(a: &[f64], b: &[f64]) -> [Vec<f64>; 2] {
    let first = normalised(a, 0.0);
    let mut across = b.to_vec();
    // Twice is enough, however nearly parallel the two are.
    for _ in 0..2 {
        let along = dot(&first, &across);
        across
            .iter_mut()
            .zip(&first)
            .for_each(|(x, q)| *x -= along * q);
    }
    let second = normalised(&across, 1e-13 * dot(b, b).sqrt());
    [first, second]
}

fn normalised(a: &[f64], negligible: f64) -> Vec<f64> {
    let norm = dot(a, a).sqrt();
    let scale = if norm > negligible { 1.0 / norm } else { 0.0 };
    a.iter().map(|x| scale * x).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
