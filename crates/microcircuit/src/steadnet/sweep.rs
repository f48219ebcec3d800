//! Sweeps through the layers and updates of the weights, on the vector unit.

use super::state::State;
use crate::Real;
use crate::kernels::elementary::Rate;
use crate::kernels::{Kernel, compute};
use crate::params::Sweep;

/// What happens to the network in one go.
#[derive(Clone, Copy, Debug)]
pub enum Job {
    /// All passes of an exposure, nudged or not.
    Settle { nudge: bool },
    /// An update of the weights.
    Learn,
    /// Apply all updates that wait.
    CatchUp,
}

/// Does a job, on the vector unit and with the activation function of the state.
#[inline(always)]
pub(super) fn run<T: Real>(state: &mut State<T>, job: Job) {
    let unit = state.tuning().simd;
    let on = (unit, state.params().raw().activation);
    match job {
        Job::Settle { nudge } => compute(on, state, Settle { nudge }),
        Job::Learn => compute(on, state, Learn),
        Job::CatchUp => {
            for forward in &mut state.forward {
                forward.synapses.catch_up(unit);
            }
        }
    }
}

struct Settle {
    nudge: bool,
}

impl<T: Real> Kernel<State<T>> for Settle {
    #[inline(always)]
    fn compute<S: pulp::Simd, R: Rate>(self, s: S, state: &mut State<T>) {
        state.settle::<S, R>(s, self.nudge);
    }
}

struct Learn;

impl<T: Real> Kernel<State<T>> for Learn {
    #[inline(always)]
    fn compute<S: pulp::Simd, R: Rate>(self, s: S, state: &mut State<T>) {
        state.learn::<S, R>(s);
    }
}

impl<T: Real> State<T> {
    #[inline(always)]
    fn settle<S: pulp::Simd, R: Rate>(&mut self, s: S, nudge: bool) {
        let revisited = match self.params().sweep() {
            Sweep::Published => 1,
            Sweep::Downward => self.params().n_hidden(),
        };
        for pass in 0..self.params().raw().n_passes {
            self.upward::<S, R>(s, pass == 0, nudge);
            for i in (0..revisited).rev() {
                self.interneurons(i, false);
                self.predict(i);
                self.apical::<S, R>(s, i);
            }
        }
    }

    #[inline(always)]
    fn upward<S: pulp::Simd, R: Rate>(&mut self, s: S, first: bool, nudge: bool) {
        let n_hidden = self.params().n_hidden();
        self.forward[0].synapses.run(s, true);
        for i in 0..n_hidden {
            self.predict(i);
            if !first {
                self.apical::<S, R>(s, i);
            }
            self.present_rates::<S, R>(s, i);
            self.forward[i + 1].synapses.run(s, true);
            self.interneurons(i, first);
        }
        self.predict(n_hidden);
        if nudge {
            let raw = self.params().raw();
            let lambda = raw.g_som / (raw.g_l + raw.g_b + raw.g_som);
            let (keep, lambda) = (T::from_f64(1.0 - lambda), T::from_f64(lambda));
            for (u, target) in self.soma[n_hidden].iter_mut().zip(&self.target) {
                *u = keep * *u + lambda * *target;
            }
        }
    }

    /// Somata of layer `i + 1` as their basal potentials predict them.
    #[inline(always)]
    fn predict(&mut self, i: usize) {
        let factor = T::from_f64(self.params().basal_prediction(i + 1));
        let n = self.params().dim(i + 1);
        for (u, v) in self.soma[i][..n]
            .iter_mut()
            .zip(self.forward[i].synapses.drive())
        {
            *u = factor * *v;
        }
    }

    /// Rates of layer `i + 1`, for the synapses they drive.
    #[inline(always)]
    fn present_rates<S: pulp::Simd, R: Rate>(&mut self, s: S, i: usize) {
        rates::<T, S, R>(s, &self.soma[i], &mut self.rate);
        let n = self.params().dim(i + 1);
        self.forward[i + 1].synapses.rate_mut()[..n].copy_from_slice(&self.rate[..n]);
    }

    /// Adds the apical contribution to the somata of hidden layer `i + 1`.
    #[inline(always)]
    fn apical<S: pulp::Simd, R: Rate>(&mut self, s: S, i: usize) {
        rates::<T, S, R>(s, &self.soma[i + 1], &mut self.rate);
        rates::<T, S, R>(s, &self.inn_soma[i], &mut self.inn_rate);
        self.feedback[i].run(s, &self.rate, &self.inn_rate);
        let raw = self.params().raw();
        let lambda = T::from_f64(raw.g_a / (raw.g_l + raw.g_b + raw.g_a));
        for (u, v) in self.soma[i].iter_mut().zip(&*self.feedback[i].apical) {
            *u += lambda * *v;
        }
    }

    /// Somata of the interneurons of hidden layer `i + 1`, not nudged in the first upward sweep.
    #[inline(always)]
    fn interneurons(&mut self, i: usize, first: bool) {
        let raw = self.params().raw();
        let m = self.params().dim(i + 2);
        let prediction = self.params().dendritic_prediction();
        let lambda = if first {
            0.0
        } else {
            raw.g_som / (raw.g_l + raw.g_d + raw.g_som)
        };
        let (keep, lambda) = (
            T::from_f64((1.0 - lambda) * prediction),
            T::from_f64(lambda),
        );
        let dendrite = &self.forward[i + 1].synapses.drive()[m..2 * m];
        for ((u, v), next) in self.inn_soma[i]
            .iter_mut()
            .zip(dendrite)
            .zip(&*self.soma[i + 1])
        {
            *u = keep * *v + lambda * *next;
        }
    }

    /// One update of all weights; those of forward synapses are left to be applied when they are used next.
    #[inline(always)]
    fn learn<S: pulp::Simd, R: Rate>(&mut self, s: S) {
        let n_hidden = self.params().n_hidden();
        let decay = T::from_f64(1.0 - self.low_pass);
        for i in 0..=n_hidden {
            if i > 0 {
                self.present_rates::<S, R>(s, i - 1);
            }
            let n = self.params().dim(i + 1);
            let prediction = self.params().basal_prediction(i + 1);
            self.factors::<S, R>(s, i, 0..n, prediction);
            if i > 0 {
                self.factors::<S, R>(s, i, n..2 * n, self.params().dendritic_prediction());
            }
            self.forward[i].synapses.defer_update();
            if let Some(feedback) = self.feedback.get_mut(i) {
                rates::<T, S, R>(s, &self.inn_soma[i], &mut self.inn_rate);
                let factor = T::from_f64(feedback.scale * self.low_pass);
                feedback.learn(s, &self.inn_rate, factor, decay);
            }
        }
    }

    /// Errors of `targets` of `forward[i]`, times scale · a.
    #[inline(always)]
    fn factors<S: pulp::Simd, R: Rate>(
        &mut self,
        s: S,
        i: usize,
        targets: std::ops::Range<usize>,
        prediction: f64,
    ) {
        let forward = &mut self.forward[i];
        let inns = targets.start > 0;
        let soma = if inns {
            &self.inn_soma[i - 1]
        } else {
            &self.soma[i]
        };
        let factor = T::from_f64(forward.scales[usize::from(inns)] * self.low_pass);
        let prediction = T::from_f64(prediction);
        let predicted = &mut self.inn_rate[..targets.len()];
        for (p, v) in predicted
            .iter_mut()
            .zip(&forward.synapses.drive()[targets.clone()])
        {
            *p = prediction * *v;
        }
        let n = soma.len();
        let (u, p) = (
            T::vectors::<S>(soma),
            T::vectors_mut::<S>(&mut self.inn_rate[..n]),
        );
        let unit = T::splat(s, R::unit::<T>());
        for (u, p) in u.iter().zip(p) {
            let (u, predicted) = (T::v_mul(s, unit, *u), T::v_mul(s, unit, *p));
            let (_, [e], []) = R::rates_and_errors::<T, S, 1, 0>(s, [u], [predicted], []);
            *p = e;
        }
        for (c, e) in forward.synapses.factors_mut()[targets]
            .iter_mut()
            .zip(&*self.inn_rate)
        {
            *c = factor * *e;
        }
    }
}

/// f(u), vector by vector.
#[inline(always)]
fn rates<T: Real, S: pulp::Simd, R: Rate>(s: S, soma: &[T], rates: &mut [T]) {
    for (u, r) in T::vectors::<S>(soma).iter().zip(T::vectors_mut::<S>(rates)) {
        *r = R::rate::<T, S>(s, *u);
    }
}
