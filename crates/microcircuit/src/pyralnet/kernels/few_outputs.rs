//! The Euler step of networks with one hidden layer and few outputs.
//!
//! The same operations as in [`general`](super::general), in an order that leads to the same bits. All targets of the layer are one vector,
//! and a step goes like this:
//!
//! - The hidden layer, in two halves. Between them begins what is left of the step before, somata and rates of the targets.
//!   It is a chain of dependent operations, and nothing after it can leave the processor before it is done. So its longest
//!   part, the exponential, is computed side by side with those of the second half.
//! - The drives of the targets, and every other step the changes of their weights.
//! - The apical contribution, with the rates that the targets had at the start of the step.

use pulp::Simd;

use super::first_layer::{FirstLayer, Learning, Rest, halves};
use super::general::apical;
use crate::deferred::Parts;
use crate::kernels::Kernel;
use crate::kernels::elementary::Rate;
use crate::kernels::rows::{self, Change};
use crate::kernels::sums::sums;
use crate::pyralnet::job::Segment;
use crate::pyralnet::state::State;
use crate::pyralnet::state::layer::{FeedbackParts, Targets};
use vecmath::Activation;

use crate::Real;

/// The networks that this form is compiled for: activation function, outputs, and columns of input (rates and bias, or two in
/// a plane). Mimic; Yin-Yang without and with bias.
const SHAPES: [(Activation, usize, usize); 3] = [
    (Activation::SoftRelu, 2, 2),
    (Activation::Sigmoid, 3, 4),
    (Activation::Sigmoid, 3, 5),
];

/// Whether this form is compiled for a network, and its targets are one vector of `lanes`.
///
/// Single precision only: it is what runs are simulated in.
pub(super) fn fits<T: Real>(shape: (Activation, usize, usize), lanes: usize) -> bool {
    size_of::<T>() == size_of::<f32>() && SHAPES.contains(&shape) && 2 * shape.1 <= lanes
}

/// The steps of a segment; for networks that [`fits`].
pub(super) struct Steps(pub(super) Segment);

impl<T: Real> Kernel<State<T>> for Steps {
    #[inline(always)]
    fn compute<S: Simd, R: Rate>(self, s: S, state: &mut State<T>) {
        // What cannot be is not compiled.
        if const { S::IS_SCALAR || size_of::<T>() != size_of::<f32>() } {
            return;
        }
        let Self(segment) = self;
        if const { matches!(R::ACTIVATION, Activation::SoftRelu) } {
            return match segment.plastic {
                false => steps_of::<T, S, R, false, 2, 2, 4, 1>(s, state, segment),
                true => steps_of::<T, S, R, true, 2, 2, 4, 2>(s, state, segment),
            };
        }
        match (state.input.rates.len(), segment.plastic) {
            (4, false) => steps_of::<T, S, R, false, 4, 3, 6, 1>(s, state, segment),
            (4, true) => steps_of::<T, S, R, true, 4, 3, 6, 2>(s, state, segment),
            (_, false) => steps_of::<T, S, R, false, 5, 3, 6, 1>(s, state, segment),
            (_, true) => steps_of::<T, S, R, true, 5, 3, 6, 2>(s, state, segment),
        }
    }
}

/// The `M` outputs and their interneurons, as the lanes of one vector.
struct Registers<T: Real, S: Simd, const M: usize> {
    soma: T::V<S>,
    rate: T::V<S>,
    /// Sum of the somata since the output is being averaged.
    sum: T::V<S>,
    keep: T::V<S>,
    gain: T::V<S>,
    prediction: T::V<S>,
    learning: T::V<S>,
    nudging: T::V<S>,
}

impl<T: Real, S: Simd, const M: usize> Registers<T, S, M> {
    #[inline(always)]
    fn new(t: &Targets<T>) -> Self {
        Self {
            soma: T::vectors::<S>(&t.soma)[0],
            rate: T::vectors::<S>(&t.rate)[0],
            sum: T::vectors::<S>(&t.sum)[0],
            keep: T::vectors::<S>(&t.constants.keep)[0],
            gain: T::vectors::<S>(&t.constants.gain)[0],
            prediction: T::vectors::<S>(&t.constants.prediction)[0],
            learning: T::vectors::<S>(&t.constants.learning)[0],
            nudging: T::vectors::<S>(&t.constants.nudging)[0],
        }
    }

    #[inline(always)]
    fn store(&self, t: &mut Targets<T>) {
        T::vectors_mut::<S>(&mut t.soma)[0] = self.soma;
        T::vectors_mut::<S>(&mut t.rate)[0] = self.rate;
        T::vectors_mut::<S>(&mut t.sum)[0] = self.sum;
    }

    /// Somata after the step, and the potentials whose rates [`Registers::finish`] needs: the somata and, if weights are
    /// plastic, the dendritic predictions. `target` is the input of the nudging into outputs, zero for interneurons.
    #[inline(always)]
    fn advance<const PLASTIC: bool, const X: usize>(
        &mut self,
        s: S,
        drive: T::V<S>,
        target: T::V<S>,
        average: bool,
    ) -> [T::V<S>; X] {
        let nudge = T::v_mul(s, self.nudging, T::rotate_up::<S>(s, self.soma, M));
        let input = T::fma(s, self.gain, drive, T::v_add(s, target, nudge));
        self.soma = T::fma(s, self.keep, self.soma, input);
        if average {
            self.sum = T::v_add(s, self.sum, self.soma);
        }
        let mut potentials = [self.soma; X];
        if PLASTIC {
            potentials[X - 1] = T::v_mul(s, self.prediction, drive);
        }
        potentials
    }

    /// Errors, of the rates before the step, and the rates after it.
    #[inline(always)]
    fn finish<const PLASTIC: bool, const X: usize>(
        &mut self,
        s: S,
        rates: [T::V<S>; X],
        factors: &mut [T],
    ) {
        if PLASTIC {
            let error = T::v_sub(s, self.rate, rates[X - 1]);
            T::vectors_mut::<S>(factors)[0] = T::v_mul(s, self.learning, error);
        }
        self.rate = rates[0];
    }
}

/// Takes the steps of a network of `M` outputs, to which `ROWS` = 2 `M` rows of weights lead. `X` vectors of rates are
/// computed of the targets: 2 in plastic steps, else 1.
#[inline(always)]
fn steps_of<
    T,
    S,
    R,
    const PLASTIC: bool,
    const C: usize,
    const M: usize,
    const ROWS: usize,
    const X: usize,
>(
    s: S,
    state: &mut State<T>,
    segment: Segment,
) where
    T: Real,
    S: Simd,
    R: Rate,
{
    let share = state.input.share();
    let (mut first, rest) = FirstLayer::<T, S>::of(s, state);
    let Rest {
        input,
        layers: [layer],
        target,
    } = rest
    else {
        return;
    };
    let [lower, upper] = halves(first.soma.len());
    let (mut rates_in, mut potential) = (input.take(), target.potential.take());
    let (factor, nudging) = (input.learning(), target.gain());
    let mut above = Registers::<T, S, M>::new(&layer.targets);
    let target_rates = &mut layer.targets.rate[..];
    let (mut feedback, _) = layer.feedback.parts();
    let Parts {
        w,
        p,
        decay,
        rates,
        roles,
        factors,
        waiting,
    } = layer.forward.parts();
    let w = T::vectors_mut::<S>(w).as_chunks_mut::<ROWS>().0;
    let p = T::vectors_mut::<S>(p).as_chunks_mut::<ROWS>().0;
    let [first_rates, second_rates, third_rates] = rates;
    let rates = [
        T::vectors_mut::<S>(first_rates),
        T::vectors_mut::<S>(second_rates),
        T::vectors_mut::<S>(third_rates),
    ];
    let zero = T::splat(s, T::ZERO);
    // Of the step before.
    let (mut drive, mut entering) = (zero, zero);
    let mut before = rates_in.times::<T>(factor);
    for step in 0..segment.steps {
        rates_in.approach(share);
        let (x, times_learning) = (rates_in.times::<T>(1.0), rates_in.times::<T>(factor));
        let learning = if !PLASTIC {
            Learning::Rest
        } else if step % 2 == 1 {
            Learning::Both([&before, &times_learning])
        } else if step + 1 < segment.steps {
            Learning::Wait
        } else {
            Learning::Now(&times_learning)
        };
        let now = &mut *rates[roles[0]];
        let [] = first.step::<R, C, 0>(s, lower.clone(), &x, learning, now, []);
        let mut potentials = [zero; X];
        if step > 0 {
            potentials = above.advance::<PLASTIC, X>(s, drive, entering, segment.averaged > 0);
        }
        potential.approach(share);
        entering = lanes_of::<T, S>(&potential.times(nudging)[..M]);
        let found = first.step::<R, C, X>(s, upper.clone(), &x, learning, now, potentials);
        if step > 0 {
            above.finish::<PLASTIC, X>(s, found, factors[*waiting]);
            *waiting += usize::from(PLASTIC);
            T::vectors_mut::<S>(target_rates)[0] = above.rate;
            feedback.take_rates(&target_rates[..ROWS]);
        }
        let (now, old, older) = (&*rates[roles[0]], &*rates[roles[1]], &*rates[roles[2]]);
        let by_row = if PLASTIC && *waiting == 2 {
            *waiting = 0;
            let [first, second] = [(old, &*factors[0]), (older, &*factors[1])];
            let change = |(rate, factor)| Change::<T, S> { rate, factor };
            let changes = [change(first), change(second)];
            rows::learn_and_drive_tile::<T, S, ROWS, 2>(s, (w, p), changes, decay, now)
        } else {
            let by_row = rows::drive_tile::<T, S, ROWS>(s, w, now);
            if PLASTIC && *waiting == 0 {
                rows::advance::<T, S>(s, w.as_flattened_mut(), p.as_flattened());
            }
            by_row
        };
        drive = sums::<T, S, ROWS>(s, by_row);
        if PLASTIC {
            roles.swap(0, 1 + *waiting);
        }
        before = times_learning;
        let inns = &target_rates[M..ROWS];
        if feedback.cancels {
            arrive::<T, S, M, ROWS>(s, &feedback, first.soma);
        } else {
            apical::<T, S>(s, &mut feedback, inns, PLASTIC, decay, first.soma);
        }
    }
    if segment.steps > 0 {
        let potentials = above.advance::<PLASTIC, X>(s, drive, entering, segment.averaged > 0);
        let found = R::rates::<T, S, X>(s, potentials);
        above.finish::<PLASTIC, X>(s, found, factors[*waiting]);
        *waiting += usize::from(PLASTIC);
        above.store(&mut layer.targets);
        layer.nudge();
        input.put(&rates_in);
        target.potential.put(&potential);
    }
}

/// [`apical`] of `M` outputs whose feedback interneurons cancel, and will.
#[inline(always)]
fn arrive<T: Real, S: Simd, const M: usize, const ROWS: usize>(
    s: S,
    feedback: &FeedbackParts<'_, T>,
    soma: &mut [T::V<S>],
) {
    let w = T::vectors::<S>(feedback.w).as_chunks::<ROWS>().0;
    let w = &w[..soma.len()];
    let mut rates = [T::splat(s, T::ZERO); M];
    for c in 0..M {
        rates[c] = T::splat(s, feedback.rates[c]);
    }
    for b in 0..soma.len() {
        let mut u = soma[b];
        for c in 0..M {
            u = T::fma(s, w[b][c], rates[c], u);
        }
        soma[b] = u;
    }
}

/// A few numbers in the first lanes, zero in the others.
#[inline(always)]
fn lanes_of<T: Real, S: Simd>(numbers: &[T]) -> T::V<S> {
    let mut lanes = [T::ZERO; 16];
    lanes[..numbers.len()].copy_from_slice(numbers);
    T::vectors::<S>(&lanes[..size_of::<T::V<S>>() / size_of::<T>()])[0]
}
