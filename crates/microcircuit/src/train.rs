//! The order of presentation in a training run, with interleaved validation.

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
