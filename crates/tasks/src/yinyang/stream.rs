//! The random numbers of the published programs: MT19937 under NumPy's legacy rules.

use super::geometry::{N_CLASSES, class_of};
use crate::Dataset;
use nalgebra::DMatrix;
use rand_mt::Mt;

/// The one generator from which a published Yin-Yang run draws everything, in this order:
///
/// 1. training, validation and test [`samples`](Stream::samples);
/// 2. a [`uniform`](Stream::uniform) for every weight, matrix by matrix in row-major order: for each
///    hidden layer upward, downward, pyramidal←interneuron, interneuron←pyramidal, then the
///    output's upward matrix;
/// 3. an [`epoch`](Stream::epoch) for every epoch, all of them before the simulation starts;
/// 4. a [`gaussian`](Stream::gaussian) for every neuron in every step of the simulation.
///
/// The words are those of the 32-bit Mersenne Twister with plain integer seeding
/// (`numpy.random.seed(s)`, `numpy.random.RandomState(s)`), the rules on top those of NumPy's
/// `RandomState`, which are frozen.
///
/// ```
/// use tasks::yinyang::Stream;
/// let mut stream = Stream::new(42);
/// assert_eq!(stream.uniform(), 0.3745401188473625); // numpy.random.seed(42); numpy.random.rand()
/// assert_eq!(stream.words_consumed(), 2);
/// ```
#[derive(Clone, Debug)]
pub struct Stream {
    generator: Mt,
    words_consumed: u64,
    /// Second value of the last pair of Gaussians.
    spare_gaussian: Option<f64>,
}

/// The order of presentation in one epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Epoch {
    /// A permutation of the training set.
    pub train: Vec<usize>,
    /// For each validation chunk a permutation of the validation set, of which the published runs
    /// present the first `val_len` entries.
    pub validation: Vec<Vec<usize>>,
}

impl Stream {
    /// The stream of the run with this seed, with nothing drawn yet.
    pub fn new(seed: u32) -> Self {
        Self {
            generator: Mt::new(seed),
            words_consumed: 0,
            spare_gaussian: None,
        }
    }

    /// `n` samples of the task, each `x, y, 1-x, 1-y` with a class in `0..3`.
    ///
    /// For each, a class is drawn uniformly, then points of the unit square until one belongs to it.
    pub fn samples(&mut self, n: usize) -> Dataset {
        let mut features = Vec::with_capacity(4 * n);
        let mut labels = Vec::with_capacity(n);
        for _ in 0..n {
            let wanted = self.integer(N_CLASSES - 1);
            let (x, y) = loop {
                let (x, y) = (self.uniform(), self.uniform());
                if class_of(x, y) == Some(wanted) {
                    break (x, y);
                }
            };
            features.extend([x, y, 1.0 - x, 1.0 - y]);
            labels.push(wanted);
        }
        Dataset {
            inputs: DMatrix::from_row_slice(n, 4, &features),
            labels,
            n_classes: N_CLASSES,
        }
    }

    /// A double in `[0, 1)` with 53 random bits, from two words `a` then `b`.
    ///
    /// ```text
    /// u = ((a >> 5) 2^26 + (b >> 6)) / 2^53
    /// ```
    pub fn uniform(&mut self) -> f64 {
        const TWO_POW_26: f64 = 67_108_864.0;
        const TWO_POW_53: f64 = 9_007_199_254_740_992.0;
        let high = f64::from(self.word() >> 5);
        let low = f64::from(self.word() >> 6);
        (high * TWO_POW_26 + low) / TWO_POW_53
    }

    /// A uniformly random permutation of `0..n` (`numpy.random.permutation(n)`), `n` at most 2³².
    pub fn permutation(&mut self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        for i in (1..n).rev() {
            let j = self.integer(i);
            order.swap(i, j);
        }
        order
    }

    /// The order of presentation in one epoch: a permutation of the `n_train` training samples, then
    /// for each of the `n_chunks` validation chunks one of the `n_validation` validation samples.
    pub fn epoch(&mut self, n_train: usize, n_validation: usize, n_chunks: usize) -> Epoch {
        Epoch {
            train: self.permutation(n_train),
            validation: (0..n_chunks)
                .map(|_| self.permutation(n_validation))
                .collect(),
        }
    }

    /// A standard normal deviate (`RandomState.standard_normal`): Marsaglia's polar method, whose
    /// pairs are returned second value first.
    ///
    /// Follows the published stream in the words it consumes; the values agree up to the rounding
    /// of the platform's logarithm.
    pub fn gaussian(&mut self) -> f64 {
        if let Some(spare) = self.spare_gaussian.take() {
            return spare;
        }
        loop {
            let a = 2.0 * self.uniform() - 1.0;
            let b = 2.0 * self.uniform() - 1.0;
            let radius_squared = a * a + b * b;
            if radius_squared < 1.0 && radius_squared != 0.0 {
                let scale = (-2.0 * radius_squared.ln() / radius_squared).sqrt();
                self.spare_gaussian = Some(scale * a);
                return scale * b;
            }
        }
    }

    /// How many 32-bit words have been drawn since the seeding.
    pub fn words_consumed(&self) -> u64 {
        self.words_consumed
    }

    fn word(&mut self) -> u32 {
        self.words_consumed += 1;
        self.generator.next_u32()
    }

    /// An integer in `0..=max`, for `max` in `1..2^32`: the low bits of one word, as many as `max`
    /// has, drawn again while they exceed it.
    fn integer(&mut self, max: usize) -> usize {
        let mask = usize::MAX >> max.leading_zeros();
        loop {
            let candidate = self.word() as usize & mask;
            if candidate <= max {
                return candidate;
            }
        }
    }
}
