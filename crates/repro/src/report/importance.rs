//! How much of what was found at points depends on each parameter.
//!
//! A forest of regression trees is grown, each from points drawn with replacement (Breiman, *Random forests*, Machine Learning
//! 45, 2001). The importance of a parameter is by how much the squared error of trees rises, at the points that they were not
//! grown from, when its values are shuffled among these; here over twice the variance of what was found. Of independent
//! parameters that is the share of the variance that goes with it, alone and together with others: Sobol's total index
//! (Gregorutti, Michel and Saint-Pierre, *Correlation and variable importance in random forests*, Statistics and Computing 27,
//! 2017). It speaks of the points that were tried, which of a search that learns lie where it looked.

use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// Trees of the forest.
const TREES: usize = 100;
/// Points of a leaf, at least.
const LEAF: usize = 3;
/// Points, at least, and at most: of more, evenly spaced ones.
const LEAST: usize = 20;
const MOST: usize = 1000;

/// Importance of each parameter, by its place at each point (none where a point lacks it) and what was found there; `None` if
/// there are too few points to tell, or all found the same.
pub(super) fn importance(places: &[Vec<Option<f64>>], found: &[Option<f64>]) -> Option<Vec<f64>> {
    let there: Vec<usize> = (0..found.len())
        .filter(|&i| found[i].is_some_and(f64::is_finite))
        .collect();
    if there.len() < LEAST {
        return None;
    }
    let n = there.len().min(MOST);
    let there: Vec<usize> = (0..n).map(|i| there[i * there.len() / n]).collect();
    let found: Vec<f64> = there.iter().filter_map(|&i| found[i]).collect();
    // Absent is below all that is there.
    let column = |places: &Vec<Option<f64>>| -> Vec<f64> {
        let places = there.iter().map(|&i| places[i].unwrap_or(f64::MIN));
        places.collect()
    };
    let columns: Vec<Vec<f64>> = places.iter().map(column).collect();
    let mean = found.iter().sum::<f64>() / n as f64;
    let variance = found.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / n as f64;
    // What rounding leaves of values that are all the same is none.
    if variance <= (1e-12 * mean).powi(2) {
        return None;
    }
    let found = found.iter().map(|y| y - mean).collect();
    let data = Data { columns, found };
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut rises = vec![0.0; places.len()];
    let mut left_out = 0;
    for _ in 0..TREES {
        let mut drawn: Vec<usize> = (0..n).map(|_| rng.random_range(0..n)).collect();
        let mut is_drawn = vec![false; n];
        drawn.iter().for_each(|&i| is_drawn[i] = true);
        let others: Vec<usize> = (0..n).filter(|&i| !is_drawn[i]).collect();
        let tree = Tree::grown(&data, &mut drawn);
        let error = |of: usize, as_of: &[usize]| -> f64 {
            let errors = others.iter().zip(as_of).map(|(&i, &as_of_point)| {
                let place = |column: usize| {
                    let point = if column == of { as_of_point } else { i };
                    data.columns[column][point]
                };
                (tree.value(place) - data.found[i]).powi(2)
            });
            errors.sum()
        };
        for (column, rise) in rises.iter_mut().enumerate() {
            let mut shuffled = others.clone();
            shuffled.shuffle(&mut rng);
            *rise += error(column, &shuffled) - error(column, &others);
        }
        left_out += others.len();
    }
    let share = |rise: f64| (rise / left_out as f64 / (2.0 * variance)).max(0.0);
    Some(rises.into_iter().map(share).collect())
}

/// Points: each parameter's places, and what was found, from its mean.
struct Data {
    columns: Vec<Vec<f64>>,
    found: Vec<f64>,
}

/// A regression tree; the first node is its root.
struct Tree(Vec<Node>);

enum Node {
    Leaf(f64),
    /// Points whose place is below `at` go on to the first node, the others to the second.
    Split {
        column: usize,
        at: f64,
        nodes: [usize; 2],
    },
}

impl Tree {
    fn grown(data: &Data, points: &mut [usize]) -> Self {
        let mut tree = Self(Vec::new());
        tree.grow(data, points);
        tree
    }

    /// Adds the tree of these points, and returns its root.
    fn grow(&mut self, data: &Data, points: &mut [usize]) -> usize {
        let sum: f64 = points.iter().map(|&i| data.found[i]).sum();
        let node = self.0.len();
        self.0.push(Node::Leaf(sum / points.len() as f64));
        if let Some((column, at)) = best_split(data, points, sum) {
            let places = &data.columns[column];
            points.sort_by(|&a, &b| places[a].total_cmp(&places[b]));
            let (low, high) = points.split_at_mut(points.partition_point(|&i| places[i] < at));
            let nodes = [self.grow(data, low), self.grow(data, high)];
            self.0[node] = Node::Split { column, at, nodes };
        }
        node
    }

    /// What it expects at a point, by its place in each column.
    fn value(&self, place: impl Fn(usize) -> f64) -> f64 {
        let mut node = 0;
        loop {
            match self.0[node] {
                Node::Leaf(value) => return value,
                Node::Split { column, at, nodes } => {
                    node = nodes[usize::from(place(column) >= at)];
                }
            }
        }
    }
}

/// The split after which least of the squared distances from the mean is left; none if no split leaves less.
fn best_split(data: &Data, points: &[usize], sum: f64) -> Option<(usize, f64)> {
    let n = points.len();
    let mut best = None;
    // Σ (y - mean)² = Σ y² - (Σ y)² / n: of two parts, the sum of the latter is to be the largest.
    let mut most = sum * sum / n as f64 * (1.0 + 1e-12);
    for (column, places) in data.columns.iter().enumerate() {
        let mut order: Vec<(f64, f64)> =
            points.iter().map(|&i| (places[i], data.found[i])).collect();
        order.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut low = 0.0;
        for i in 1..n {
            low += order[i - 1].1;
            let (before, at) = (order[i - 1].0, order[i].0);
            if i < LEAF || n - i < LEAF || before == at {
                continue;
            }
            let (high, m) = (sum - low, i as f64);
            let gain = low * low / m + high * high / (n as f64 - m);
            if gain > most {
                // Between the two, or at the upper one, if there is nothing between.
                let middle = 0.5 * before + 0.5 * at;
                (most, best) = (
                    gain,
                    Some((column, if middle > before { middle } else { at })),
                );
            }
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of 600 points in the unit cube, found by `f`.
    fn of(f: impl Fn([f64; 3]) -> f64) -> Vec<f64> {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let points: Vec<[f64; 3]> = (0..600).map(|_| rng.random()).collect();
        let places: Vec<Vec<Option<f64>>> = (0..3)
            .map(|j| points.iter().map(|x| Some(x[j])).collect())
            .collect();
        let found: Vec<Option<f64>> = points.iter().map(|&x| Some(f(x))).collect();
        importance(&places, &found).unwrap()
    }

    #[track_caller]
    fn near(found: &[f64], expected: [f64; 3], within: f64) {
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < within, "{found} {expected}");
        }
    }

    #[test]
    fn shares_of_a_sum_are_those_of_its_terms() {
        // Variances 9 : 1 : 0.
        near(&of(|[x, y, _]| 3.0 * x + y), [0.9, 0.1, 0.0], 0.06);
        // As large as the numbers may be that all have in common.
        near(&of(|[x, y, _]| 1e3 + 3.0 * x + y), [0.9, 0.1, 0.0], 0.06);
    }

    #[test]
    fn what_acts_together_counts_for_each() {
        // Ishigami's function: total indices 0.558, 0.442 and 0.244 (Homma & Saltelli 1996).
        let pi = std::f64::consts::PI;
        let ishigami = |x: [f64; 3]| {
            let [x, y, z] = x.map(|u| pi * (2.0 * u - 1.0));
            x.sin() + 7.0 * y.sin().powi(2) + 0.1 * z.powi(4) * x.sin()
        };
        near(&of(ishigami), [0.558, 0.442, 0.244], 0.12);
    }

    #[test]
    fn words_and_what_is_absent_count() {
        let places = vec![
            (0..60).map(|i| Some(f64::from(i % 3))).collect(),
            (0..60)
                .map(|i| (i % 3 == 1).then_some(f64::from(i)))
                .collect(),
        ];
        let found: Vec<Option<f64>> = (0..60).map(|i| Some(f64::from((i % 3) * 10))).collect();
        let [word, other] = importance(&places, &found).unwrap()[..] else {
            panic!("two")
        };
        assert!(word > 0.5 && other < word, "{word} {other}");
    }

    #[test]
    fn where_nothing_can_be_told_nothing_is_said() {
        let places = vec![(0..40).map(|i| Some(f64::from(i))).collect::<Vec<_>>()];
        assert_eq!(importance(&places, &[Some(0.1); 40]), None);
        let few: Vec<_> = (0..40).map(|i| (i < 19).then_some(f64::from(i))).collect();
        assert_eq!(importance(&places, &few), None);
        assert_eq!(importance(&places, &[None; 40]), None);
    }
}
