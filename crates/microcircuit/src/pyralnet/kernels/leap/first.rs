//! The first hidden layer in a leap, and the weights of its input.

use super::apical::Entering;
use super::weigh::{add, first3, of_values, splat, vectors};
use crate::Real;
use crate::kernels::elementary::Rate;
use crate::pyralnet::state::moments::{Functional, LeapWeights, Moments};
use crate::pyralnet::state::nodes::Course;
use crate::pyralnet::state::{Parts, State};
use pulp::Simd;

/// What a leap does to the first hidden layer.
pub(super) struct First<T: Real, S: Simd> {
    keep: T::V<S>,
    prediction: T::V<S>,
    /// Of the columns, to where the layer would settle.
    goal: [T::V<S>; 2],
    /// To its somata: of the columns of W and P, of apical potentials at all nodes, and of errors.
    of_w: [T::V<S>; 2],
    of_p: [T::V<S>; 2],
    of_apical: [T::V<S>; 4],
    of_error: [T::V<S>; 4],
    /// S, βᵐ, and to each column of W and P of the errors.
    sum: T::V<S>,
    power: T::V<S>,
    to_w: [[T::V<S>; 4]; 2],
    to_p: [[T::V<S>; 4]; 2],
    /// Of the errors in their prediction.
    end: [T::V<S>; 3],
    /// The input at the end.
    x: [T::V<S>; 2],
    /// Of a potential times its unit.
    per_unit: T::V<S>,
}

impl<T: Real, S: Simd> First<T, S> {
    #[inline(always)]
    pub(super) fn new(s: S, state: &State<T>, moments: &Moments, weights: &LeapWeights) -> Self {
        use Functional::*;
        let (leak, rates) = (state.first.leak(), &state.input.rates);
        let [goal, way] = rates.course();
        let (prediction, gain) = (leak.prediction.to_f64(), leak.gain.to_f64());
        let (to_soma, learning) = (prediction * gain, rates.learning());
        let fading = moments.fading(Hidden);
        let [drift, drift_fading] = moments.drift();
        let (mut of_w, mut of_p) = ([0.0; 2], [0.0; 2]);
        let (mut to_w, mut to_p, mut x) = ([[0.0; 4]; 2], [[0.0; 4]; 2], [0.0; 2]);
        let (plain, fades) = (weights.of(Weight), weights.of(WeightFading));
        let (p_plain, p_fades) = (weights.of(Change), weights.of(ChangeFading));
        let left = moments.left * (1.0 - state.input.share());
        for c in 0..2 {
            of_w[c] = to_soma * fading * way[c];
            of_p[c] = to_soma * (drift * goal[c] + drift_fading * way[c]);
            x[c] = goal[c] + left * way[c];
            for a in 0..4 {
                to_w[c][a] = learning * (goal[c] * plain[a] + way[c] * fades[a]);
                to_p[c][a] = learning * (goal[c] * p_plain[a] + way[c] * p_fades[a]);
            }
        }
        let product = |a: [f64; 2], b: [f64; 2]| a[0] * b[0] + a[1] * b[1];
        let (goals, mixed, ways) = (product(goal, goal), product(goal, way), product(way, way));
        let (plainly, mixed_up, fading_both) = (
            weights.of(Response),
            weights.of(ResponseMixed),
            weights.of(ResponseFading),
        );
        let mut of_error = [0.0; 4];
        for a in 0..4 {
            of_error[a] = to_soma
                * learning
                * (goals * plainly[a] + mixed * mixed_up[a] + ways * fading_both[a]);
        }
        Self {
            keep: T::splat(s, T::from_f64(moments.keep(Hidden))),
            prediction: T::splat(s, leak.prediction),
            goal: splat::<T, S, 2>(s, goal),
            of_w: splat::<T, S, 2>(s, of_w),
            of_p: splat::<T, S, 2>(s, of_p),
            of_apical: splat::<T, S, 4>(s, of_values(weights, Hidden)),
            of_error: splat::<T, S, 4>(s, of_error),
            sum: T::splat(s, T::from_f64(moments.sum)),
            power: T::splat(s, T::from_f64(moments.power)),
            to_w: [splat::<T, S, 4>(s, to_w[0]), splat::<T, S, 4>(s, to_w[1])],
            to_p: [splat::<T, S, 4>(s, to_p[0]), splat::<T, S, 4>(s, to_p[1])],
            end: splat::<T, S, 3>(s, first3(weights.of(End))),
            x: splat::<T, S, 2>(s, x),
            per_unit: T::splat(s, T::from_f64(1.0 / state.first.unit())),
        }
    }
}

/// The first hidden layer at the end of the leap, by predicted errors. Returns the sums of squares of the errors of that
/// prediction and of the errors themselves.
#[inline(always)]
pub(super) fn predict_first<T: Real, S: Simd, R: Rate>(
    s: S,
    learn: bool,
    state: &mut State<T>,
    course: &mut Course<T>,
    of: &First<T, S>,
) -> [f64; 2] {
    let (w, p) = state.input.synapses.columns();
    let (w, p) = (T::vectors_mut::<S>(w), T::vectors_mut::<S>(p));
    let Parts {
        mask, bias, soma, ..
    } = state.first.parts();
    let (mask, bias) = (T::vectors::<S>(mask), T::vectors::<S>(bias));
    let soma = T::vectors_mut::<S>(soma);
    let layer = &mut state.layers[0];
    let all = 2 * layer.above();
    let rate = T::vectors_mut::<S>(layer.forward.rate_mut());
    let (feedback, _) = layer.feedback.parts();
    let entering = Entering::<T, S>::of(learn, all, feedback, of.of_apical);
    let (past, end) = course.layers[0].apical.parts();
    let [a0, a1, a2] = vectors::<T, S>(past);
    let a3 = T::vectors::<S>(end);
    let (past, end) = course.first.parts();
    let [e0, e1, e2] = vectors::<T, S>(past);
    let error = T::vectors_mut::<S>(end);
    let n = soma.len();
    let mut layer = Blocks {
        w: &mut w.as_chunks_mut::<2>().0[..n],
        p: &mut p.as_chunks_mut::<2>().0[..n],
        soma,
        rate: &mut rate[..n],
        error: &mut error[..n],
        mask: &mask[..n],
        bias: &bias[..n],
        apical: [&a0[..n], &a1[..n], &a2[..n], &a3[..n]],
        errors: [&e0[..n], &e1[..n], &e2[..n]],
        missed: T::splat(s, T::ZERO),
        squares: T::splat(s, T::ZERO),
    };
    // Two by two: what a leap does to a block is longer than the registers hold.
    let mut b = 0;
    while b + 2 <= n {
        layer.advance::<R, 2>(s, learn, b, of, &entering);
        b += 2;
    }
    if b < n {
        layer.advance::<R, 1>(s, learn, b, of, &entering);
    }
    [
        T::v_sum(s, layer.missed).to_f64(),
        T::v_sum(s, layer.squares).to_f64(),
    ]
}

/// The first hidden layer and its input's weights, in blocks of lanes.
pub(super) struct Blocks<'a, T: Real, S: Simd> {
    w: &'a mut [[T::V<S>; 2]],
    p: &'a mut [[T::V<S>; 2]],
    soma: &'a mut [T::V<S>],
    rate: &'a mut [T::V<S>],
    error: &'a mut [T::V<S>],
    mask: &'a [T::V<S>],
    bias: &'a [T::V<S>],
    /// At the nodes.
    apical: [&'a [T::V<S>]; 4],
    errors: [&'a [T::V<S>]; 3],
    /// Sums of squares: of the distance of errors from their predictions, and of the errors.
    missed: T::V<S>,
    squares: T::V<S>,
}

impl<T: Real, S: Simd> Blocks<'_, T, S> {
    /// A leap of `B` blocks from block `start` on.
    #[inline(always)]
    fn advance<R: Rate, const B: usize>(
        &mut self,
        s: S,
        learn: bool,
        start: usize,
        of: &First<T, S>,
        entering: &Entering<'_, T, S>,
    ) {
        let zero = T::splat(s, T::ZERO);
        let (mut u, mut predicted) = ([zero; B], [zero; B]);
        for i in 0..B {
            let b = start + i;
            let (w, p) = (self.w[b], self.p[b]);
            let settled = T::fma(s, of.goal[1], w[1], T::v_mul(s, of.goal[0], w[0]));
            let settled = T::v_mul(s, of.prediction, settled);
            u[i] = T::fma(s, of.keep, T::v_sub(s, self.soma[b], settled), settled);
            u[i] = add::<T, S, 2>(s, u[i], of.of_w, w);
            let [a0, a1, a2, a3] = self.apical;
            u[i] = entering.add(s, b, u[i], [a0[b], a1[b], a2[b], a3[b]]);
            if !learn {
                continue;
            }
            let errors = [self.errors[0][b], self.errors[1][b], self.errors[2][b]];
            let mut learned = T::v_mul(s, of.of_p[0], p[0]);
            learned = T::fma(s, of.of_p[1], p[1], learned);
            for a in 0..3 {
                learned = T::fma(s, of.of_error[a], errors[a], learned);
            }
            u[i] = T::v_add(s, u[i], learned);
            let mut drive = zero;
            for c in 0..2 {
                let mut w_new = T::fma(s, of.sum, p[c], w[c]);
                let mut p_new = T::v_mul(s, of.power, p[c]);
                for a in 0..3 {
                    w_new = T::fma(s, of.to_w[c][a], errors[a], w_new);
                    p_new = T::fma(s, of.to_p[c][a], errors[a], p_new);
                }
                (self.w[b][c], self.p[b][c]) = (w_new, p_new);
                drive = T::fma(s, of.x[c], w_new, drive);
            }
            predicted[i] = T::v_mul(s, of.prediction, drive);
        }
        let rates;
        if learn {
            let (r, e, []) = R::rates_and_errors::<T, S, B, 0>(s, u, predicted, []);
            rates = r;
            for i in 0..B {
                let b = start + i;
                let errors = [self.errors[0][b], self.errors[1][b], self.errors[2][b]];
                let before = add::<T, S, 3>(s, zero, of.end, errors);
                let missed = T::v_sub(s, e[i], before);
                self.missed = T::fma(s, missed, missed, self.missed);
                self.squares = T::fma(s, e[i], e[i], self.squares);
                self.error[b] = e[i];
            }
        } else {
            let (r, []) = R::rates_of_arguments::<T, S, B, 0>(s, u, []);
            rates = r;
        }
        for i in 0..B {
            let b = start + i;
            self.soma[b] = u[i];
            self.rate[b] = T::fma(s, self.mask[b], rates[i], self.bias[b]);
        }
    }
}

/// The first hidden layer with apical potentials and errors as they are.
#[inline(always)]
pub(super) fn correct_first<T: Real, S: Simd, R: Rate>(
    s: S,
    learn: bool,
    state: &mut State<T>,
    course: &mut Course<T>,
    of: &First<T, S>,
) {
    let (w, p) = state.input.synapses.columns();
    let (w, p) = (T::vectors_mut::<S>(w), T::vectors_mut::<S>(p));
    let soma = T::vectors_mut::<S>(state.first.parts().soma);
    let layer = &mut state.layers[0];
    let rate = T::vectors::<S>(layer.forward.rate());
    let (_, to_soma) = layer.feedback.parts();
    let to_soma = T::vectors::<S>(to_soma);
    let (past, end) = course.first.parts();
    let [e0, e1, e2] = vectors::<T, S>(past);
    let error = T::vectors_mut::<S>(end);
    let (w, p) = (w.as_chunks_mut::<2>().0, p.as_chunks_mut::<2>().0);
    let n = soma.len();
    let (w, p, rate) = (&mut w[..n], &mut p[..n], &rate[..n]);
    let (to_soma, error) = (&to_soma[..n], &mut error[..n]);
    let (e0, e1, e2) = (&e0[..n], &e1[..n], &e2[..n]);
    for b in 0..n {
        let mut du = to_soma[b];
        if learn {
            let before = T::v_mul(s, of.end[0], e0[b]);
            let before = T::fma(s, of.end[2], e2[b], T::fma(s, of.end[1], e1[b], before));
            let missed = T::v_sub(s, error[b], before);
            du = T::fma(s, of.of_error[3], missed, du);
            let mut drive = T::splat(s, T::ZERO);
            for c in 0..2 {
                let dw = T::v_mul(s, of.to_w[c][3], missed);
                drive = T::fma(s, of.x[c], dw, drive);
                w[b][c] = T::v_add(s, w[b][c], dw);
                p[b][c] = T::fma(s, of.to_p[c][3], missed, p[b][c]);
            }
            let slope = R::slope::<T, S>(s, rate[b]);
            let predicted = T::v_sub(s, rate[b], error[b]);
            let of_predicted = R::slope::<T, S>(s, predicted);
            let drive = T::v_mul(s, of.prediction, drive);
            let change = T::v_sub(s, T::v_mul(s, slope, du), T::v_mul(s, of_predicted, drive));
            error[b] = T::fma(s, of.per_unit, change, error[b]);
        }
        soma[b] = T::v_add(s, soma[b], du);
    }
}
