//! Feature maps φ: how a query or key becomes the activity of the hidden neurons.
//!
//! A kernel φ(q)·φ(k) is all that the circuit can compute. With random features of the exponential kernel it
//! approximates softmax attention, and equals it as the number m of hidden neurons grows:
//!
//! ```text
//! exp(q·k/√d) = E_ω[ m φ(q)·φ(k) ],   x̂ = x / d^¼,   ω ~ N(0, I_d)
//!
//! trigonometric         φ(x) = e^{+|x̂|²/2} √(2/m) (cos ω_1·x̂, sin ω_1·x̂, …)   m/2 frequencies
//! positive              φ(x) = e^{−|x̂|²/2} √(1/m) (e^{ω_1·x̂}, e^{ω_2·x̂}, …)   m frequencies
//! positive-orthogonal   the same, ω in blocks of d mutually orthogonal directions (FAVOR+)
//! positive-antithetic   the same, m/2 of them, each with its opposite
//! elu-plus-one          φ(x) = elu(x) + 1, m = d; a kernel of its own, not an approximation
//! ```
//!
//! Trigonometric features: Rahimi & Recht 2007; positive and orthogonal ones: Choromanski et al. 2021, "Rethinking
//! attention with performers"; elu+1: Katharopoulos et al. 2020. Everywhere in this crate m counts hidden neurons, so
//! that maps are compared at equal cost: a trigonometric map of m neurons has m/2 frequencies.
//!
//! Positive features may draw ω from a wider Gaussian and make up for it by each neuron's excitability, fitted to the
//! queries and keys of a head: see [`Spread`].

mod draw;
mod gradient;
mod spread;

pub use spread::{Spread, SpreadKind};

use super::{AttentionError, Real, kernels};
use nalgebra::DMatrix;
use pulp::{Simd, WithSimd};
use rand::Rng;
use serde::{Deserialize, Serialize};

/// The families of feature maps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FeatureKind {
    /// Cosine and sine random features of the exponential kernel.
    Trigonometric,
    /// Positive random features, independent Gaussian frequencies.
    Positive,
    /// Positive random features, frequencies orthogonal in blocks of d.
    PositiveOrthogonal,
    /// The same in pairs: every frequency with its opposite (the last without, if m is odd).
    PositiveAntithetic,
    /// elu(x) + 1, the plain map of linear transformers.
    EluPlusOne,
}

impl FeatureKind {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 5] = [
        Self::Trigonometric,
        Self::Positive,
        Self::PositiveOrthogonal,
        Self::PositiveAntithetic,
        Self::EluPlusOne,
    ];

    /// The name used in experiments and on the command line, e.g. `positive-orthogonal`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Trigonometric => "trigonometric",
            Self::Positive => "positive",
            Self::PositiveOrthogonal => "positive-orthogonal",
            Self::PositiveAntithetic => "positive-antithetic",
            Self::EluPlusOne => "elu-plus-one",
        }
    }

    /// Whether features are exponentials e^{ω·x̂ + e − |x̂|²/2}.
    pub fn is_positive(self) -> bool {
        matches!(
            self,
            Self::Positive | Self::PositiveOrthogonal | Self::PositiveAntithetic
        )
    }
}

impl std::str::FromStr for FeatureKind {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| {
                let known = Self::ALL.map(Self::name).join(", ");
                format!("unknown feature map `{name}`; known are {known}")
            })
    }
}

/// Activity of the hidden neurons, kept as mantissa and exponent:
///
/// ```text
/// φ_i = rate_i · e^{log_gain_i},   |rate_i| ≤ max(1, 1 + |x_i|)
/// ```
///
/// The exponent of a positive feature is linear in the norm of the token squared; kept apart it never overflows.
#[derive(Debug, Clone, PartialEq)]
pub struct Features<T> {
    /// Exponents, one a hidden neuron.
    pub log_gain: Vec<T>,
    /// Mantissas, one a hidden neuron.
    pub rate: Vec<T>,
}

impl<T: Real> Features<T> {
    /// Silent activity of `m` hidden neurons.
    pub fn silent(m: usize) -> Self {
        Self {
            log_gain: vec![T::zero(); m],
            rate: vec![T::zero(); m],
        }
    }

    /// φ_i e^{−reference}, written to `out` (length m).
    pub fn scaled(&self, reference: T, out: &mut [T]) {
        gained(&self.rate, &self.log_gain, reference, out);
    }

    /// Largest exponent.
    pub fn max_log_gain(&self) -> T {
        self.log_gain
            .iter()
            .fold(T::of(f64::NEG_INFINITY), |a, &b| if b > a { b } else { a })
    }
}

/// A feature map of one head: the input synapses and the transfer function of m hidden neurons.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureMap<T> {
    kind: FeatureKind,
    head_dim: usize,
    hidden: usize,
    /// Frequencies, scaled by d^{−¼}: m × d (m/2 × d for trigonometric features, 0 × d for elu+1).
    frequencies: DMatrix<T>,
    /// e, m numbers; none for features that are not positive.
    excitability: Vec<T>,
}

impl<T: Real> FeatureMap<T> {
    /// Draws a map for queries and keys of dimension `head_dim` (d) onto `hidden` (m) neurons.
    ///
    /// The draw is made in double precision and rounded, so that equal seeds give equal maps in both precisions. elu+1
    /// draws nothing and has m = d.
    ///
    /// # Errors
    /// [`AttentionError::Features`] if d or m is 0, m is odd for trigonometric features, or m ≠ d for elu+1.
    pub fn draw(
        kind: FeatureKind,
        head_dim: usize,
        hidden: usize,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Self, AttentionError> {
        Self::draw_spread(kind, &Spread::unit(head_dim), hidden, rng)
    }

    /// Draws a map whose frequencies spread as those of `spread`, for queries and keys of its dimension.
    ///
    /// # Errors
    /// As [`FeatureMap::draw`]; and if features that are not positive are asked for any but the unit spread.
    pub fn draw_spread(
        kind: FeatureKind,
        spread: &Spread,
        hidden: usize,
        rng: &mut (impl Rng + ?Sized),
    ) -> Result<Self, AttentionError> {
        let head_dim = spread.dim();
        let wrong = |right| AttentionError::Features {
            features: kind.name(),
            head_dim,
            asked: hidden,
            right,
        };
        if head_dim == 0 {
            return Err(wrong("but a head needs at least one dimension"));
        }
        if hidden == 0 {
            return Err(wrong("at least one is needed"));
        }
        if !(kind.is_positive() || spread.is_unit()) {
            return Err(wrong("but only positive features can be spread"));
        }
        let frequencies = match kind {
            FeatureKind::Trigonometric if hidden % 2 == 1 => {
                return Err(wrong(
                    "but cosines and sines come in pairs: take an even number",
                ));
            }
            FeatureKind::Trigonometric => draw::independent(hidden / 2, head_dim, rng),
            FeatureKind::Positive => draw::independent(hidden, head_dim, rng),
            FeatureKind::PositiveOrthogonal => draw::orthogonal(hidden, head_dim, rng),
            FeatureKind::PositiveAntithetic => draw::antithetic(hidden, head_dim, rng),
            FeatureKind::EluPlusOne if hidden != head_dim => {
                return Err(wrong(
                    "but elu+1 has exactly as many as the head has dimensions",
                ));
            }
            FeatureKind::EluPlusOne => DMatrix::zeros(0, head_dim),
        };
        if kind.is_positive() {
            let (frequencies, excitability) = spread.apply(frequencies);
            return Ok(Self::scaled(kind, hidden, &frequencies, &excitability));
        }
        Ok(Self::scaled(kind, hidden, &frequencies, &[]))
    }

    /// Positive features of these frequencies ω (m × d, in units of x̂) and excitabilities e (m), however they were found.
    ///
    /// # Errors
    /// [`AttentionError::Features`] if d or m is 0, [`AttentionError::Size`] if there is not an excitability a frequency.
    pub fn exponential(
        frequencies: &DMatrix<f64>,
        excitability: &[f64],
    ) -> Result<Self, AttentionError> {
        let (hidden, head_dim) = frequencies.shape();
        if hidden == 0 || head_dim == 0 {
            return Err(AttentionError::Features {
                features: FeatureKind::Positive.name(),
                head_dim,
                asked: hidden,
                right: "at least one of at least one dimension is needed",
            });
        }
        let why = "one a hidden neuron";
        AttentionError::size("excitabilities", excitability.len(), hidden, why)?;
        Ok(Self::scaled(
            FeatureKind::Positive,
            hidden,
            frequencies,
            excitability,
        ))
    }

    fn scaled(
        kind: FeatureKind,
        hidden: usize,
        frequencies: &DMatrix<f64>,
        excitability: &[f64],
    ) -> Self {
        let scale = scale(frequencies.ncols());
        Self {
            kind,
            head_dim: frequencies.ncols(),
            hidden,
            frequencies: frequencies.map(|w| T::of(w * scale)),
            excitability: excitability.iter().map(|&e| T::of(e)).collect(),
        }
    }

    /// Family of the map.
    pub fn kind(&self) -> FeatureKind {
        self.kind
    }

    /// Dimension d of queries and keys.
    pub fn head_dim(&self) -> usize {
        self.head_dim
    }

    /// Number m of hidden neurons.
    pub fn hidden(&self) -> usize {
        self.hidden
    }

    /// Activity of the hidden neurons when a query or key `x` (length d) drives them, without the factor √(1/m), which
    /// the synapses carry.
    ///
    /// # Panics
    /// If `x` or `out` has another length than the map; [`super::Circuit`] checks before.
    pub fn apply(&self, x: &[T], out: &mut Features<T>) {
        assert_eq!(x.len(), self.head_dim);
        assert_eq!(out.rate.len(), self.hidden);
        match self.kind {
            FeatureKind::Trigonometric => {
                let half_norm = self.half_norm(x);
                out.log_gain.fill(half_norm);
                let (cos, sin) = out.rate.split_at_mut(self.hidden / 2);
                self.project(x, cos);
                let amplitude = T::of(std::f64::consts::SQRT_2);
                for (cos, sin) in cos.iter_mut().zip(sin) {
                    let phase = *cos;
                    *cos = amplitude * phase.cos();
                    *sin = amplitude * phase.sin();
                }
            }
            FeatureKind::Positive
            | FeatureKind::PositiveOrthogonal
            | FeatureKind::PositiveAntithetic => {
                let half_norm = self.half_norm(x);
                self.project(x, &mut out.log_gain);
                for (log_gain, &excitability) in out.log_gain.iter_mut().zip(&self.excitability) {
                    *log_gain = *log_gain - half_norm + excitability;
                }
                out.rate.fill(T::one());
            }
            FeatureKind::EluPlusOne => {
                let positive = |x: T| if x > T::zero() { x } else { T::zero() };
                for ((&x, log_gain), rate) in x.iter().zip(&mut out.log_gain).zip(&mut out.rate) {
                    *log_gain = -positive(-x);
                    *rate = T::one() + positive(x);
                }
            }
        }
    }

    /// |x̂|²/2.
    fn half_norm(&self, x: &[T]) -> T {
        let squared = x.iter().fold(T::zero(), |sum, &x| sum + x * x);
        squared * T::of(0.5 / (self.head_dim as f64).sqrt())
    }

    /// ω_i·x̂ for all i.
    fn project(&self, x: &[T], out: &mut [T]) {
        vecmath::run(Project {
            frequencies: self.frequencies.as_slice(),
            x,
            out,
        });
    }

    /// The scaled frequency of one random feature; for tests and drawings.
    pub fn frequency(&self, i: usize) -> Vec<T> {
        self.frequencies.row(i).iter().copied().collect()
    }

    /// Frequencies ω in units of x̂, m × d.
    pub(super) fn frequencies(&self) -> DMatrix<f64> {
        let scale = scale(self.head_dim);
        self.frequencies.map(|w| w.as_f64() / scale)
    }

    /// Frequencies as they meet x, column by column of m.
    pub(super) fn synapses(&self) -> &[T] {
        self.frequencies.as_slice()
    }

    /// Input synapses (d × m, a neuron a column) and excitabilities (m) of the exponential neurons that positive features are.
    ///
    /// # Errors
    /// [`AttentionError::Features`] for features that are not positive.
    pub(super) fn exponential_neurons(&self) -> Result<(DMatrix<f64>, Vec<f64>), AttentionError> {
        if !self.kind().is_positive() {
            return Err(AttentionError::Features {
                features: self.kind().name(),
                head_dim: self.head_dim(),
                asked: self.hidden(),
                right: "but only positive ones are exponential neurons",
            });
        }
        let excitability = self.excitability.iter().map(|e| e.as_f64()).collect();
        Ok((self.frequencies().transpose(), excitability))
    }

    /// Excitabilities e of positive features, length m; empty for others.
    pub fn excitability(&self) -> &[T] {
        &self.excitability
    }
}

/// d^{−¼}: what a query or key is scaled by, x̂ = d^{−¼} x.
pub(super) fn scale(head_dim: usize) -> f64 {
    (head_dim as f64).powf(-0.25)
}

/// rate · e^{log_gain − reference}, component by component, written to `out`.
pub(super) fn gained<T: Real>(rate: &[T], log_gain: &[T], reference: T, out: &mut [T]) {
    out.copy_from_slice(log_gain);
    vecmath::run(Gain {
        rate,
        reference,
        activity: out,
    });
}

struct Gain<'a, T> {
    rate: &'a [T],
    reference: T,
    activity: &'a mut [T],
}

impl<T: Real> WithSimd for Gain<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        kernels::activate(s, self.rate, T::one(), self.reference, self.activity);
    }
}

struct Project<'a, T> {
    frequencies: &'a [T],
    x: &'a [T],
    out: &'a mut [T],
}

impl<T: Real> WithSimd for Project<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        kernels::combine_columns(s, self.frequencies, self.x, self.out);
    }
}
