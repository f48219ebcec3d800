//! The synapses of one head, each a tripartite one: hidden neuron, output neuron, astrocyte process.

use super::{Features, Real, kernels};
use nalgebra::DMatrixView;
use pulp::{Simd, WithSimd};
use vecmath::reduce::{dot, maximum};

/// Hebbian weights and astrocyte calcium of one head: all the memory there is, whatever the length of the sequence.
///
/// ```text
/// writing   H ← H + (1/m) v φ(k)ᵀ          Hebbian: post × pre
///           g ← g + (1/m) φ(k)             each process follows its presynaptic neuron
/// reading   c = g·φ(q)                     calcium, averaged over the astrocyte
///           o ← o + H φ(q) / c             every synapse divided by it
/// ```
///
/// **Stable for long sequences and large norms.** Each hidden neuron i has a gain e^{L_i}, shared by its synapses and its
/// processes, where L_i is the largest exponent it has been written with so far:
///
/// ```text
/// H_·i = e^{L_i} H̃_·i,   g_i = e^{L_i} g̃_i;   a new maximum L_i' scales H̃_·i and g̃_i by e^{L_i − L_i'}
/// reading uses φ_i(q) e^{L_i − M},   M = max_i (L_i + log gain of φ_i(q)),   which cancels in H φ(q) / c
/// ```
///
/// Every exponential is thus taken of a number ≤ 0. With positive features the neuron that attains M contributes
/// rate 1 times a g̃_i ≥ 1/m, so that c can neither vanish nor overflow, at any norm. A length n only ever adds n
/// terms of at most 1/m.
#[derive(Debug, Clone, PartialEq)]
pub struct TripartiteSynapses<T> {
    hidden: usize,
    /// L_i, −∞ before the first token.
    log_gain: Vec<T>,
    /// H̃ᵀ: the m synapses onto one output neuron are contiguous.
    hebbian: Vec<T>,
    /// g̃.
    calcium: Vec<T>,
    /// Presynaptic activity of the token at hand, in units of the gains.
    activity: Vec<T>,
}

/// What the output neurons and the astrocyte did while a token was read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AveragedCalcium<T> {
    /// c e^{−M}.
    pub mantissa: T,
    /// M.
    pub log_gain: T,
}

impl<T: Real> TripartiteSynapses<T> {
    /// Synapses from `hidden` (m) to `outputs` neurons, without weight and calcium.
    pub fn new(hidden: usize, outputs: usize) -> Self {
        Self {
            hidden,
            log_gain: vec![T::of(f64::NEG_INFINITY); hidden],
            hebbian: vec![T::zero(); hidden * outputs],
            calcium: vec![T::zero(); hidden],
            activity: vec![T::zero(); hidden],
        }
    }

    /// Forgets everything.
    pub fn reset(&mut self) {
        self.log_gain.fill(T::of(f64::NEG_INFINITY));
        self.hebbian.fill(T::zero());
        self.calcium.fill(T::zero());
    }

    /// Writes a token: hidden neurons carry `phi` = φ(k) (m), output neurons `value` (their number).
    pub fn write(&mut self, phi: &Features<T>, value: &[T]) {
        assert_eq!(phi.rate.len(), self.hidden);
        assert_eq!(value.len() * self.hidden, self.hebbian.len());
        let mut gains = phi.log_gain.iter().zip(&self.log_gain);
        if gains.any(|(new, old)| new > old) {
            self.raise_gains(phi);
        }
        vecmath::run(WriteToken {
            synapses: self,
            phi,
            value,
        });
    }

    /// Moves the gain of every neuron that exceeds it up to its new maximum.
    fn raise_gains(&mut self, phi: &Features<T>) {
        for i in 0..self.hidden {
            let (old, new) = (self.log_gain[i], phi.log_gain[i]);
            if new > old {
                let shrink = (old - new).exp();
                self.log_gain[i] = new;
                self.calcium[i] *= shrink;
                for synapse in self.hebbian[i..].iter_mut().step_by(self.hidden) {
                    *synapse *= shrink;
                }
            }
        }
    }

    /// Takes over what was written elsewhere.
    ///
    /// * `log_gain`: L, at least m numbers
    /// * `associations`: Σ_s v φ_i(k_s) in units of the gains, a hidden neuron a row, as many rows as there are gains
    /// * `calcium`: Σ_s φ_i(k_s), likewise
    pub(super) fn set(&mut self, log_gain: &[T], associations: &[T], calcium: &[T]) {
        let m = self.hidden;
        let share = T::of(1.0 / m as f64);
        let outputs = self.hebbian.len() / m;
        let rows = associations.chunks_exact(associations.len() / log_gain.len());
        for (i, row) in rows.take(m).enumerate() {
            for (o, &x) in row[..outputs].iter().enumerate() {
                self.hebbian[o * m + i] = x * share;
            }
            self.log_gain[i] = log_gain[i];
            self.calcium[i] = calcium[i] * share;
        }
    }

    /// Reads with a query: hidden neurons carry `phi` = φ(q) (m); the synaptic current, divided by the averaged calcium,
    /// is added to `output`, which holds the output neurons' direct input (x for the residual, zeros for attention alone).
    ///
    /// The averaged calcium is returned; if its inverse is not finite, `output` is left as it was.
    pub fn read(&mut self, phi: &Features<T>, output: &mut [T]) -> AveragedCalcium<T> {
        assert_eq!(phi.rate.len(), self.hidden);
        assert_eq!(output.len() * self.hidden, self.hebbian.len());
        vecmath::run(ReadToken {
            synapses: self,
            phi,
            output,
        })
    }

    /// H̃ᵀ, m × outputs: Hebbian weights in units of the presynaptic gains.
    pub fn hebbian(&self) -> DMatrixView<'_, T> {
        DMatrixView::from_slice(&self.hebbian, self.hidden, self.hebbian.len() / self.hidden)
    }

    /// g̃, length m: calcium of the processes in units of the presynaptic gains.
    pub fn calcium(&self) -> &[T] {
        &self.calcium
    }

    /// L, length m: the gains' logarithms, −∞ before the first token.
    pub fn log_gain(&self) -> &[T] {
        &self.log_gain
    }

    /// Number m of hidden neurons.
    pub fn hidden(&self) -> usize {
        self.hidden
    }
}

struct WriteToken<'a, T> {
    synapses: &'a mut TripartiteSynapses<T>,
    phi: &'a Features<T>,
    value: &'a [T],
}

impl<T: Real> WithSimd for WriteToken<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let Self {
            synapses,
            phi,
            value,
        } = self;
        let gains = phi.log_gain.iter().zip(&synapses.log_gain);
        for (activity, (&new, &gain)) in synapses.activity.iter_mut().zip(gains) {
            *activity = new - gain;
        }
        let scale = T::of(1.0 / synapses.hidden as f64);
        kernels::activate(s, &phi.rate, scale, T::zero(), &mut synapses.activity);
        kernels::add_outer(s, &synapses.activity, &[T::one()], &mut synapses.calcium);
        kernels::add_outer(s, &synapses.activity, value, &mut synapses.hebbian);
    }
}

struct ReadToken<'a, T> {
    synapses: &'a mut TripartiteSynapses<T>,
    phi: &'a Features<T>,
    output: &'a mut [T],
}

impl<T: Real> WithSimd for ReadToken<'_, T> {
    type Output = AveragedCalcium<T>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) -> AveragedCalcium<T> {
        let Self {
            synapses,
            phi,
            output,
        } = self;
        let activity = &mut synapses.activity;
        let gains = phi.log_gain.iter().zip(&synapses.log_gain);
        for (activity, (&new, &gain)) in activity.iter_mut().zip(gains) {
            *activity = new + gain;
        }
        let log_gain = maximum(s, activity);
        kernels::activate(s, &phi.rate, T::one(), log_gain, activity);
        let mantissa = dot(s, &synapses.calcium, activity);
        let inverse = T::one() / mantissa;
        if inverse.is_finite() {
            kernels::add_products(s, &synapses.hebbian, activity, inverse, output);
        }
        AveragedCalcium { mantissa, log_gain }
    }
}
