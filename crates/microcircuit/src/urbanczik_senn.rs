//! Learning by the dendritic prediction of somatic spiking: one neuron of two compartments.

/// A neuron with a dendrite that learns to predict its soma (Urbanczik and Senn, *Neuron* 81, 2014).
///
/// ```text
/// v  = W r                                          dendrite
/// u̇  = -g_l u + g_d (v - u) + g_som (u_target - u)  soma, the last term only if nudged
/// v̂  = g_d / (g_l + g_d) v                          dendritic prediction of u
/// e  = f(u) - f(v̂)
/// Ẇ  = η e rᵀ                                       without low-pass
/// τ_w Δ̇ = -Δ + e rᵀ,  Ẇ = η Δ                       with low-pass
/// ```
///
/// Explicit Euler; all right-hand sides are taken before the step.
#[derive(Clone, Debug, PartialEq)]
pub struct UrbanczikSenn {
    /// Leak conductance, 1/ms.
    pub g_l: f64,
    /// Conductance from dendrite to soma, 1/ms.
    pub g_d: f64,
    /// Conductance of the nudging, 1/ms.
    pub g_som: f64,
    /// Learning rate η, 1/ms.
    pub eta: f64,
    /// Time constant of the low-pass Δ, ms; `None`: the error changes the weights at once.
    pub tau_w_ms: Option<f64>,
    /// From potential to rate.
    pub activation: vecmath::Activation,
    /// Weights of the dendrite's synapses.
    pub weights: Vec<f64>,
    /// Low-pass weight change, one entry per synapse.
    pub delta: Vec<f64>,
    /// Somatic potential.
    pub soma: f64,
}

impl UrbanczikSenn {
    /// A neuron at rest with the given synaptic weights; conductances as in the microcircuits: g_l 0.1, g_d 1,
    /// g_som 0.8, soft rectifier.
    pub fn new(weights: Vec<f64>, eta: f64, tau_w_ms: Option<f64>) -> Self {
        Self {
            g_l: 0.1,
            g_d: 1.0,
            g_som: 0.8,
            eta,
            tau_w_ms,
            activation: vecmath::Activation::SoftRelu,
            delta: vec![0.0; weights.len()],
            weights,
            soma: 0.0,
        }
    }

    /// Dendritic potential v when the synapses' presynaptic rates are `rates`.
    pub fn dendrite(&self, rates: &[f64]) -> f64 {
        self.weights.iter().zip(rates).map(|(w, r)| w * r).sum()
    }

    /// What the dendrite alone would settle the soma to, v̂.
    pub fn prediction(&self, rates: &[f64]) -> f64 {
        self.g_d / (self.g_l + self.g_d) * self.dendrite(rates)
    }

    /// Where the soma would settle with the weights as they are.
    ///
    /// ```text
    /// u = (1 - λ) v̂ + λ u_target,   λ = g_som / (g_l + g_d + g_som)
    /// ```
    pub fn steady_soma(&self, rates: &[f64], target: Option<f64>) -> f64 {
        let prediction = self.prediction(rates);
        match target {
            None => prediction,
            Some(target) => {
                let lambda = self.g_som / (self.g_l + self.g_d + self.g_som);
                (1.0 - lambda) * prediction + lambda * target
            }
        }
    }

    /// Advances soma, Δ and weights by `dt_ms`, with presynaptic `rates` (one per synapse), nudged if there is a
    /// target potential.
    pub fn step(&mut self, dt_ms: f64, rates: &[f64], target: Option<f64>) {
        let dendrite = self.dendrite(rates);
        let error = self.activation.rate(self.soma) - self.activation.rate(self.prediction(rates));
        let nudge = target.map_or(0.0, |target| self.g_som * (target - self.soma));
        let change = -self.g_l * self.soma + self.g_d * (dendrite - self.soma) + nudge;
        for ((w, delta), r) in self.weights.iter_mut().zip(&mut self.delta).zip(rates) {
            match self.tau_w_ms {
                None => {
                    *delta = error * r;
                    *w += dt_ms * self.eta * *delta;
                }
                Some(tau_w) => {
                    *w += dt_ms * self.eta * *delta;
                    *delta += dt_ms / tau_w * (error * r - *delta);
                }
            }
        }
        self.soma += dt_ms * change;
    }
}
