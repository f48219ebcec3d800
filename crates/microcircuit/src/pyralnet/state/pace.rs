//! How long leaps are, and which steps need not be taken at all.

use super::moments::LONGEST;
use crate::Params;
use crate::tape::{RestoreError, Tape};

/// The steps of the next leap.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Of rates, in a leap.
    tolerance: f64,
    /// How much the errors of layer 1 count in a step, if its weights learn.
    weight: f64,
    /// Whether the nodes are those of plastic steps.
    plastic: bool,
    /// Whether nothing is learned nor seen.
    idle: bool,
    /// How many nodes there are, up to four.
    nodes: usize,
    next: usize,
    /// The most steps of any leap.
    pub(in crate::pyralnet) longest: usize,
    /// Sum of the errors of layer 1 in this pattern, each as much as it counts.
    learned: f64,
    /// Evaluations so far.
    pub(in crate::pyralnet) evaluations: u64,
}

/// What was found at the end of a leap.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    /// The largest change of a rate of a target by the corrector.
    pub(in crate::pyralnet) changed: f64,
    /// Of the errors of layer 1 that its weights learn from, the root mean square, and that of their distance from the
    /// prediction.
    pub(in crate::pyralnet) errors: f64,
    pub(in crate::pyralnet) missed: f64,
}

/// Factors by which a leap may be longer than the last one; a shorter one may have any length.
const GROWTHS: [f64; 10] = [0.4, 0.5, 0.65, 0.8, 0.9, 1.0, 1.25, 1.5, 2.0, 3.0];
const SHORTEST: f64 = 0.25;
/// Error of a corrected value, as a fraction of its distance from the prediction.
const MISSED: f64 = 0.375;
/// Time in ms for which an error of rates has to be learned to count as much as the rate itself, …
const LEARNED_MS: f64 = 0.1;
/// … or less, where more than this has been learned in the same pattern already.
const LITTLE: f64 = 0.01;
/// Factor of the tolerance where nothing is learned or observed: the network soon forgets such errors.
const IDLE: f64 = 20.0;
/// How much of the square of a distance from the steady state its first order misses: half the largest curvature of f.
const CURVATURE: f64 = 0.1;

impl Pace {
    pub(super) fn new(params: &Params) -> Self {
        let raw = params.raw();
        let learns = params.eta_up(1) > 0.0;
        Self {
            tolerance: raw.tolerance,
            weight: if learns { raw.dt_ms / LEARNED_MS } else { 0.0 },
            plastic: false,
            idle: false,
            nodes: 0,
            next: 1,
            longest: LONGEST,
            learned: 0.0,
            evaluations: 0,
        }
    }

    /// Everything that changes.
    pub(super) fn tape(&mut self, tape: &mut Tape<'_>) -> Result<(), RestoreError> {
        let Self {
            tolerance: _,
            weight: _,
            plastic,
            idle,
            nodes,
            next,
            longest,
            learned,
            evaluations,
        } = self;
        tape.flag(plastic)?;
        tape.flag(idle)?;
        tape.count(nodes, 4)?;
        tape.count(next, *longest)?;
        tape.doubles(std::slice::from_mut(learned))?;
        tape.total(evaluations)
    }

    /// Forgets all nodes.
    pub(in crate::pyralnet) fn begin(&mut self) {
        (self.nodes, self.next) = (0, 1);
    }

    pub(super) fn begin_pattern(&mut self) {
        self.begin();
        self.learned = 0.0;
    }

    /// Whether there is no node where the network is: there is none of the time before a pattern, nor of the other kind.
    pub(in crate::pyralnet) fn starts(&mut self, plastic: bool, averaged: bool) -> bool {
        self.idle = !plastic && !averaged;
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

    /// A leap of `m` steps has been taken. What it missed is of third order in their number.
    #[inline(always)]
    pub(super) fn took(&mut self, m: usize, found: Found) {
        self.evaluations += 1;
        self.nodes = (self.nodes + 1).min(4);
        let steps = m as f64 * self.weight;
        self.learned += steps * found.errors;
        if self.nodes < 4 {
            self.next = 1;
            return;
        }
        let missed = steps * found.missed / (1.0 + self.learned / LITTLE);
        let error = MISSED * found.changed.max(missed);
        // By comparisons: a root takes as long as ten of them.
        let cube = self.allowed() / error.max(1e-30);
        let mut growth = SHORTEST;
        for tried in GROWTHS {
            if tried * tried * tried <= cube {
                growth = tried;
            }
        }
        self.next = ((m as f64 * growth) as usize).clamp(1, self.longest);
    }

    /// The largest error of a rate.
    #[inline(always)]
    fn allowed(&self) -> f64 {
        if self.idle {
            IDLE * self.tolerance
        } else {
            self.tolerance
        }
    }

    /// How many steps before its end a segment without plasticity has to be followed from the steady state on; none if it
    /// has to be followed from its start.
    ///
    /// At the start, the soma furthest from where it settles is `way` from there, of which a step leaves a; and a step
    /// leaves κ of the slowest soma's own distance. The steady state follows the input to first order, with an
    /// error of the order of the square of the remaining `way`. Three somata in series keep a fraction φ(n) of that error,
    /// and of the state at the start, whose distance is of order 1, over n steps:
    ///
    /// ```text
    /// φ(n) = κⁿ (1 + x + x²/2),  x = n (1 - κ)         φ(steps) < allowed,  ½f'' (way a^(steps-n))² φ(n) < allowed
    /// ```
    ///
    /// If the output is averaged, all steps count, and the start has to be near enough.
    pub(in crate::pyralnet) fn before(
        &mut self,
        way: f64,
        (steps, averaged): (usize, bool),
        (a, kappa): (f64, f64),
    ) -> Option<usize> {
        self.idle = !averaged;
        let allowed = self.allowed();
        let left = |n: usize| {
            let x = n as f64 * (1.0 - kappa);
            kappa.powi(n as i32) * (1.0 + x + 0.5 * x * x)
        };
        let missed = |since: usize| CURVATURE * (way * a.powi(since as i32)).powi(2);
        if averaged {
            return (missed(0) < allowed).then_some(0);
        }
        if left(steps) >= allowed {
            return None;
        }
        let mut shortest = (0..=steps / 2).step_by(4);
        shortest.find(|n| missed(steps - n) * left(*n) < allowed)
    }

    /// Sweeps that change rates by less lead to the steady state.
    pub(in crate::pyralnet) fn settled(&self) -> f64 {
        0.1 * self.tolerance
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NetworkParams;

    fn pace() -> Pace {
        Pace::new(&NetworkParams::yin_yang().check().expect("valid"))
    }

    #[test]
    fn leaps_grow_while_they_miss_nothing_and_shrink_when_they_do() {
        let mut pace = pace();
        assert!(pace.starts(true, false));
        let found = |changed| Found {
            changed,
            errors: 0.0,
            missed: 0.0,
        };
        let mut taken = Vec::new();
        for _ in 0..6 {
            let m = pace.choose(1000);
            pace.took(m, found(0.0));
            taken.push(m);
        }
        assert_eq!(taken, [1, 1, 1, 1, 3, 9]);
        pace.took(9, found(1.0));
        assert_eq!(pace.choose(1000), 2);
        assert!(!pace.starts(true, true) && pace.starts(false, true));
    }

    #[test]
    fn two_leaps_end_with_the_segment() {
        let pace = Pace {
            next: 100,
            ..pace()
        };
        assert_eq!([90, 130, 300].map(|left| pace.choose(left)), [90, 65, 100]);
    }

    #[test]
    fn the_steady_state_is_taken_where_the_past_is_forgotten() {
        let (mut pace, poles) = (pace(), (1.0 - 0.1 / 3.0, 0.866));
        let mut before = |way, steps| pace.before(way, (steps, false), poles);
        assert_eq!(before(0.0, 20), None, "the state at the start counts");
        assert_eq!(before(10.0, 60), None, "the input still moves");
        assert_eq!(before(10.0, 300), Some(0));
        assert!(before(10.0, 135).is_some_and(|n| 0 < n && n <= 60));
        assert_eq!(pace.before(1.0, (100, true), poles), None);
        assert_eq!(pace.before(1e-3, (100, true), poles), Some(0));
    }
}
