//! Sums over the steps of a leap: tabled once per network, and weighted for each leap.

use super::State;
use crate::Real;

/// The longest leap, steps.
pub const LONGEST: usize = 512;

/// A linear functional of the course y(j) of a quantity in the steps j = 0 … m - 1 of a leap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Functional {
    /// The change of a soma that is driven by y, `u ← κ u + y`: of hidden pyramidal neurons,
    Hidden,
    /// of output neurons that are nudged,
    Nudged,
    /// of those that are not,
    Free,
    /// and of interneurons.
    Inn,
    /// y(m)
    End,
    /// Σ y(j + 1)
    Sum,
    /// The change of a weight, and of its change per step P, that are driven by y: `W ← W + P, P ← β P + y`,
    Weight,
    Change,
    /// and with y(j) a^(j+1) for y(j).
    WeightFading,
    ChangeFading,
    /// The change of a hidden soma that is driven by such a weight, `u ← κ u + W`: with the plain course and the plain input,
    Response,
    /// with one of both fading, added up,
    ResponseMixed,
    /// with both.
    ResponseFading,
}

/// Somata: the first functionals.
const SOMATA: usize = 4;
/// Functionals, as many as fill whole vectors.
const LANES: usize = 16;

/// The functionals F over a leap of m steps, of 1, j, j² … and of the input's a^(j+1); and the decay of the states.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moments {
    /// F(jᑫ), q = 0 … 3.
    of_powers: [[f64; LANES]; 4],
    /// The same of [`Functional::Weight`] and [`Functional::Change`], q = 0 … 6.
    of_products: [[f64; 7]; 2],
    /// κᵐ, rounded to the type of the state, and F(a^(j+1)).
    keep: [f64; SOMATA],
    fading: [f64; SOMATA],
    /// Of a hidden soma, F(S_j) and F(S_j a^(j+1)), with S as below.
    drift: [f64; 2],
    /// βᵐ, S = 1 + β + … + β^(m-1), and aᵐ.
    pub(in crate::pyralnet) power: f64,
    pub(in crate::pyralnet) sum: f64,
    pub(in crate::pyralnet) left: f64,
}

impl Moments {
    /// κᵐ of a soma.
    #[inline(always)]
    pub(in crate::pyralnet) fn keep(&self, soma: Functional) -> f64 {
        self.keep[soma as usize % SOMATA]
    }

    /// F(1) of a soma.
    #[inline(always)]
    pub(in crate::pyralnet) fn constant(&self, soma: Functional) -> f64 {
        self.of_powers[0][soma as usize]
    }

    /// F(a^(j+1)) of a soma.
    #[inline(always)]
    pub(in crate::pyralnet) fn fading(&self, soma: Functional) -> f64 {
        self.fading[soma as usize % SOMATA]
    }

    /// F(S_j) and F(S_j a^(j+1)) of a hidden soma.
    #[inline(always)]
    pub(in crate::pyralnet) fn drift(&self) -> [f64; 2] {
        self.drift
    }
}

/// The moments of leaps of 0, 1, … [`LONGEST`] steps.
pub struct Table {
    of: Vec<Moments>,
    kappa: [f64; SOMATA],
}

impl Table {
    /// By Euler's own steps of somata and weights whose input is jᑫ.
    pub(super) fn new<T: Real>(state: &State<T>) -> Self {
        let raw = state.params().raw();
        let round = |x: f64| T::from_f64(x).to_f64();
        let (g_l, dt) = (raw.g_l, raw.dt_ms);
        let kappa = [
            raw.g_b + raw.g_a,
            raw.g_b + raw.g_som,
            raw.g_b,
            raw.g_d + raw.g_som,
        ]
        .map(|g| round(1.0 - dt * (g_l + g)));
        let (beta, a) = (state.decay().to_f64(), 1.0 - dt / raw.tau_0_ms);
        let hidden = kappa[0];
        let mut now = Moments {
            keep: [1.0; SOMATA],
            power: 1.0,
            left: 1.0,
            ..Moments::default()
        };
        now.of_powers[0][Functional::End as usize] = 1.0;
        let mut keep = [1.0; SOMATA];
        let mut table = Vec::with_capacity(LONGEST + 1);
        for j in 0..=LONGEST {
            table.push(now.rounded(keep.map(round), keep, kappa));
            let (j, fading) = (j as f64, a * now.left);
            for q in 0..4 {
                let (y, f) = (j.powi(q as i32), &mut now.of_powers[q]);
                let [w, w_fading] =
                    [Functional::Weight, Functional::WeightFading].map(|w| f[w as usize]);
                f[Functional::Response as usize] = hidden * f[Functional::Response as usize] + w;
                f[Functional::ResponseMixed as usize] =
                    hidden * f[Functional::ResponseMixed as usize] + fading * w + w_fading;
                f[Functional::ResponseFading as usize] =
                    hidden * f[Functional::ResponseFading as usize] + fading * w_fading;
                for soma in 0..SOMATA {
                    f[soma] = kappa[soma] * f[soma] + y;
                }
                f[Functional::End as usize] = (j + 1.0).powi(q as i32);
                f[Functional::Sum as usize] += (j + 1.0).powi(q as i32);
                for (w, p, y) in [
                    (Functional::Weight, Functional::Change, y),
                    (
                        Functional::WeightFading,
                        Functional::ChangeFading,
                        fading * y,
                    ),
                ] {
                    f[w as usize] += f[p as usize];
                    f[p as usize] = beta * f[p as usize] + y;
                }
            }
            for q in 0..7 {
                now.of_products[0][q] += now.of_products[1][q];
                now.of_products[1][q] = beta * now.of_products[1][q] + j.powi(q as i32);
            }
            for soma in 0..SOMATA {
                keep[soma] *= kappa[soma];
                now.fading[soma] = kappa[soma] * now.fading[soma] + fading;
            }
            now.drift = [
                hidden * now.drift[0] + now.sum,
                hidden * now.drift[1] + now.sum * fading,
            ];
            (now.sum, now.power, now.left) = (now.sum + now.power, beta * now.power, fading);
        }
        Self { of: table, kappa }
    }

    /// What a step leaves of somata: hidden, nudged, not nudged, and of interneurons.
    pub(in crate::pyralnet) fn kappa(&self) -> [f64; SOMATA] {
        self.kappa
    }

    #[inline(always)]
    pub(in crate::pyralnet) fn of(&self, m: usize) -> &Moments {
        &self.of[m]
    }
}

impl Moments {
    /// With κᵐ as it is rounded, and a sum of the rest, so that the state settles where single steps let it settle.
    fn rounded(mut self, keep: [f64; SOMATA], exact: [f64; SOMATA], kappa: [f64; SOMATA]) -> Self {
        self.keep = keep;
        for soma in 0..SOMATA {
            let leak = (1.0 - kappa[soma]).max(f64::MIN_POSITIVE);
            self.of_powers[0][soma] += (exact[soma] - keep[soma]) / leak;
        }
        self
    }
}

/// How many steps lie between the last three nodes.
#[derive(Clone, Copy, Debug)]
pub struct Spacing {
    pub(in crate::pyralnet) last: usize,
    pub(in crate::pyralnet) before: usize,
}

/// The weights of a leap: of y₀, y₁, y₂ at the last nodes, and of y(m) minus what they predict, in every functional.
pub struct LeapWeights {
    basis: [[f64; 4]; 4],
    of: [[f64; LANES]; 4],
    /// Of e at those places and r at the nodes, the last of which is the end of the leap, in W and P that change by e r:
    /// `[e][r]`.
    pub(in crate::pyralnet) of_products: [[[f64; 4]; 4]; 2],
}

/// The powers of j in the polynomials of [`basis`]: from and to.
const POWERS: [(usize, usize); 4] = [(0, 3), (1, 3), (1, 3), (1, 4)];

impl LeapWeights {
    #[inline(always)]
    pub(in crate::pyralnet) fn new(moments: &Moments, m: usize, spacing: Spacing) -> Self {
        let basis = basis(m as f64, spacing.last as f64, spacing.before as f64);
        let mut of = [[0.0; LANES]; 4];
        for a in 0..4 {
            for q in POWERS[a].0..POWERS[a].1 {
                for lane in 0..LANES {
                    of[a][lane] += basis[a][q] * moments.of_powers[q][lane];
                }
            }
        }
        let last = Functional::End as usize;
        let end = [of[0][last], of[1][last], of[2][last]];
        let [of_weight, of_change] = &moments.of_products;
        let of_products = [
            products(of_weight, &basis, end),
            products(of_change, &basis, end),
        ];
        Self {
            basis,
            of,
            of_products,
        }
    }

    #[inline(always)]
    pub(in crate::pyralnet) fn of(&self, functional: Functional) -> [f64; 4] {
        let [a, b, c, d] = &self.of;
        let i = functional as usize;
        [a[i], b[i], c[i], d[i]]
    }

    /// Of [`Functional::Sum`] without the steps of a shorter leap.
    #[inline(always)]
    pub(in crate::pyralnet) fn sum_after(&self, shorter: &Moments) -> [f64; 4] {
        let mut of = self.of(Functional::Sum);
        for a in 0..4 {
            for q in 0..4 {
                of[a] -= self.basis[a][q] * shorter.of_powers[q][Functional::Sum as usize];
            }
        }
        of
    }
}

/// The polynomials, by powers of j, whose sum weighted by y₀, y₁, y₂ and y(m) - y_predicted is y(j).
#[inline(always)]
fn basis(m: f64, h1: f64, h2: f64) -> [[f64; 4]; 4] {
    let (per_last, per_before, per_both) = (1.0 / h1, 1.0 / h2, 1.0 / (h1 + h2));
    // Weights of the values in the second divided difference.
    let c0 = per_last * per_both;
    let c2 = per_before * per_both;
    let c1 = -(c0 + c2);
    let (both, end) = (h1 + h2, m * (m + h1) * (m + h1 + h2));
    let per_end = if m > 0.0 { 1.0 / end } else { 0.0 };
    [
        [1.0, per_last + c0 * h1, c0, 0.0],
        [0.0, -per_last + c1 * h1, c1, 0.0],
        [0.0, c2 * h1, c2, 0.0],
        [0.0, per_end * h1 * both, per_end * (h1 + both), per_end],
    ]
}

/// A functional of the products of e and r, as weights of their values at the nodes.
#[inline(always)]
fn products(moments: &[f64; 7], basis: &[[f64; 4]; 4], end: [f64; 3]) -> [[f64; 4]; 4] {
    let mut of = [[0.0; 4]; 4];
    for a in 0..4 {
        let mut row = [0.0; 4];
        for k in POWERS[a].0..POWERS[a].1 {
            for q in 0..4 {
                row[q] += basis[a][k] * moments[q + k];
            }
        }
        let mut by_place = [0.0; 4];
        for b in 0..4 {
            for q in POWERS[b].0..POWERS[b].1 {
                by_place[b] += basis[b][q] * row[q];
            }
        }
        // r at the end, not its distance from the prediction.
        of[a][3] = by_place[3];
        for b in 0..3 {
            of[a][b] = by_place[b] - end[b] * by_place[3];
        }
    }
    of
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{NetworkParams, Tuning};

    #[test]
    fn cubics_are_summed_as_steps_would() {
        let params = NetworkParams::yin_yang().check().expect("valid");
        let state = State::<f64>::new(params, Tuning::default());
        let (table, beta) = (Table::new(&state), state.decay());
        let y = |t: f64| 0.3 - 0.02 * t + 1e-3 * t * t - 2e-6 * t * t * t;
        let r = |t: f64| 0.5 + 0.01 * t - 2e-4 * t * t + 3e-6 * t * t * t;
        let (m, spacing) = (
            40,
            Spacing {
                last: 25,
                before: 12,
            },
        );
        let weights = LeapWeights::new(table.of(m), m, spacing);
        let at = [0.0, -25.0, -37.0].map(y);
        let predicted: f64 = (0..3).map(|a| weights.of(Functional::End)[a] * at[a]).sum();
        let values = [at[0], at[1], at[2], y(40.0) - predicted];
        let sum = |of: [f64; 4]| -> f64 { (0..4).map(|a| of[a] * values[a]).sum() };
        let kappa = table.kappa()[Functional::Inn as usize];
        let (mut u, mut w, mut p, mut w_er, mut p_er, mut mean) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
        for j in 0..m {
            let t = j as f64;
            u = kappa * u + y(t);
            (w, p) = (w + p, beta * p + y(t));
            (w_er, p_er) = (w_er + p_er, beta * p_er + y(t) * r(t));
            mean += y(t + 1.0);
        }
        let rates = [0.0, -25.0, -37.0, 40.0].map(r);
        let product = |of: &[[f64; 4]; 4]| -> f64 {
            let row = |a: usize| (0..4).map(|b| of[a][b] * rates[b]).sum::<f64>();
            (0..4).map(|a| row(a) * values[a]).sum()
        };
        for (ours, exact) in [
            (sum(weights.of(Functional::End)), y(40.0)),
            (sum(weights.of(Functional::Inn)), u),
            (sum(weights.of(Functional::Weight)), w),
            (sum(weights.of(Functional::Change)), p),
            (sum(weights.of(Functional::Sum)), mean),
            (product(&weights.of_products[0]), w_er),
            (product(&weights.of_products[1]), p_er),
        ] {
            assert!((ours - exact).abs() < 1e-10 * exact.abs(), "{ours} {exact}");
        }
        let last: f64 = (31..=40).map(|t| y(f64::from(t))).sum();
        assert!((sum(weights.sum_after(table.of(30))) - last).abs() < 1e-10 * last);
    }
}
