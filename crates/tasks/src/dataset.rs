//! Labelled samples and regression samples in memory.

use nalgebra::DMatrix;

/// Samples with a class each.
///
/// ```
/// let data = tasks::yinyang::generate(42, 100);
/// for (features, label) in data.rows() {
///     let fields: Vec<String> = features.map(|x| x.to_string()).collect();
///     assert_eq!((fields.len(), label < 3), (4, true)); // one CSV row
/// }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// Samples × features.
    pub inputs: DMatrix<f64>,
    /// The class of each sample, in `0..n_classes`.
    pub labels: Vec<usize>,
    /// Number of classes, at least one more than the largest label.
    pub n_classes: usize,
}

impl Dataset {
    /// Number of samples.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no sample at all.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Number of features of each sample.
    pub fn n_features(&self) -> usize {
        self.inputs.ncols()
    }

    /// Features of sample `i`.
    ///
    /// # Panics
    /// If `i >= self.len()`, as indexing does.
    pub fn input(&self, i: usize) -> impl ExactSizeIterator<Item = f64> + '_ {
        row(&self.inputs, i)
    }

    /// Target potentials of sample `i`: `high` for its class, `low` for the others, `n_classes` in
    /// all. The Yin-Yang runs of the microcircuits use 0.1 and 1.
    ///
    /// # Panics
    /// If `i >= self.len()`, as indexing does.
    pub fn target(&self, i: usize, low: f64, high: f64) -> Vec<f64> {
        let label = self.labels[i];
        (0..self.n_classes)
            .map(|class| if class == label { high } else { low })
            .collect()
    }

    /// Features and label of every sample, in order.
    pub fn rows(
        &self,
    ) -> impl ExactSizeIterator<Item = (impl ExactSizeIterator<Item = f64> + '_, usize)> + '_ {
        (0..self.len()).map(|i| (self.input(i), self.labels[i]))
    }

    /// Number of samples in each class.
    pub fn class_counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.n_classes];
        for &label in &self.labels {
            counts[label] += 1;
        }
        counts
    }
}

/// Samples with real-valued targets.
#[derive(Clone, Debug, PartialEq)]
pub struct Regression {
    /// Samples × features.
    pub inputs: DMatrix<f64>,
    /// Samples × outputs.
    pub targets: DMatrix<f64>,
}

impl Regression {
    /// Number of samples.
    pub fn len(&self) -> usize {
        self.inputs.nrows()
    }

    /// Whether there is no sample at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Features of sample `i`.
    ///
    /// # Panics
    /// If `i >= self.len()`, as indexing does.
    pub fn input(&self, i: usize) -> impl ExactSizeIterator<Item = f64> + '_ {
        row(&self.inputs, i)
    }

    /// Targets of sample `i`.
    ///
    /// # Panics
    /// If `i >= self.len()`, as indexing does.
    pub fn target(&self, i: usize) -> impl ExactSizeIterator<Item = f64> + '_ {
        row(&self.targets, i)
    }

    /// Features and targets of every sample, in order.
    pub fn rows(
        &self,
    ) -> impl ExactSizeIterator<
        Item = (
            impl ExactSizeIterator<Item = f64> + '_,
            impl ExactSizeIterator<Item = f64> + '_,
        ),
    > + '_ {
        (0..self.len()).map(|i| (self.input(i), self.target(i)))
    }
}

fn row(matrix: &DMatrix<f64>, i: usize) -> impl ExactSizeIterator<Item = f64> + '_ {
    assert!(
        i < matrix.nrows(),
        "sample {i} of {}: out of range",
        matrix.nrows()
    );
    (0..matrix.ncols()).map(move |j| matrix[(i, j)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three_samples() -> Dataset {
        Dataset {
            inputs: DMatrix::from_row_slice(3, 2, &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]),
            labels: vec![2, 0, 2],
            n_classes: 3,
        }
    }

    #[test]
    fn rows_come_in_order_with_their_labels() {
        let rows: Vec<(Vec<f64>, usize)> = three_samples()
            .rows()
            .map(|(features, label)| (features.collect(), label))
            .collect();
        assert_eq!(
            rows,
            [
                (vec![0.0, 1.0], 2),
                (vec![2.0, 3.0], 0),
                (vec![4.0, 5.0], 2)
            ]
        );
    }

    #[test]
    fn targets_are_high_for_the_class_alone() {
        assert_eq!(three_samples().target(0, 0.1, 1.0), [0.1, 0.1, 1.0]);
        assert_eq!(three_samples().target(1, 0.1, 1.0), [1.0, 0.1, 0.1]);
    }

    #[test]
    fn counts_include_empty_classes() {
        assert_eq!(three_samples().class_counts(), [1, 0, 2]);
    }

    #[test]
    fn regression_rows_pair_inputs_with_targets() {
        let data = Regression {
            inputs: DMatrix::from_row_slice(2, 2, &[0.0, 1.0, 2.0, 3.0]),
            targets: DMatrix::from_row_slice(2, 1, &[-1.0, -2.0]),
        };
        let rows: Vec<(Vec<f64>, Vec<f64>)> = data
            .rows()
            .map(|(x, t)| (x.collect(), t.collect()))
            .collect();
        assert_eq!(
            rows,
            [(vec![0.0, 1.0], vec![-1.0]), (vec![2.0, 3.0], vec![-2.0])]
        );
    }
}
