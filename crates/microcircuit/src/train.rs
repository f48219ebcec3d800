//! The order of presentation in a training run, with interleaved validation.

use crate::Real;
use crate::model::{Microcircuit, Pattern, PresentError};
use crate::observe::Observer;

/// One presentation of a run, by the sample's place in its data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trial {
    /// Present training sample i: nudged, plastic.
    Train(usize),
    /// Present validation sample i: neither.
    Validate(usize),
}

/// The trials of one epoch: the training samples in the order given, cut into as many equal blocks as there are
/// validation chunks, each block followed by its chunk.
///
/// If the number of training samples is no multiple of the number of chunks, the first blocks are one longer.
///
/// ```
/// use microcircuit::{Trial, epoch};
///
/// let trials: Vec<_> = epoch(&[2, 0, 1], &[vec![5], vec![4]]).collect();
/// use Trial::{Train, Validate};
/// assert_eq!(trials, [Train(2), Train(0), Validate(5), Train(1), Validate(4)]);
/// ```
pub fn epoch<'a>(train: &'a [usize], chunks: &'a [Vec<usize>]) -> impl Iterator<Item = Trial> + 'a {
    let blocks = chunks.len().max(1);
    let start =
        move |block: usize| block * (train.len() / blocks) + block.min(train.len() % blocks);
    (0..blocks).flat_map(move |block| {
        let trained = train[start(block)..start(block + 1)]
            .iter()
            .map(|i| Trial::Train(*i));
        let validated = chunks
            .get(block)
            .into_iter()
            .flatten()
            .map(|i| Trial::Validate(*i));
        trained.chain(validated)
    })
}

/// Presents `trials` one after the other; `sample` gives the pattern of a trial, and `report` gets the output of
/// each.
///
/// # Errors
///
/// [`PresentError`] from the first trial that failed, which ends the run.
pub fn run<'a, T: Real>(
    network: &mut dyn Microcircuit<T>,
    trials: impl IntoIterator<Item = Trial>,
    mut sample: impl FnMut(Trial) -> Pattern<'a>,
    observer: &mut dyn Observer<T>,
    mut report: impl FnMut(Trial, &[T]),
) -> Result<(), PresentError> {
    for trial in trials {
        report(trial, network.present(&sample(trial), observer)?);
    }
    Ok(())
}
