//! Random frequencies.

use nalgebra::DMatrix;
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

/// `count` × `dim` independent standard normal entries, drawn row by row.
pub(super) fn independent(count: usize, dim: usize, rng: &mut (impl Rng + ?Sized)) -> DMatrix<f64> {
    let mut frequencies = DMatrix::zeros(count, dim);
    for i in 0..count {
        for j in 0..dim {
            frequencies[(i, j)] = StandardNormal.sample(rng);
        }
    }
    frequencies
}

/// Rows with the marginal distribution of [`independent`], but orthogonal within each block of `dim` rows: uniformly
/// distributed orthonormal directions, each as long as an independent Gaussian vector.
pub(super) fn orthogonal(count: usize, dim: usize, rng: &mut (impl Rng + ?Sized)) -> DMatrix<f64> {
    let mut frequencies = DMatrix::zeros(count, dim);
    for start in (0..count).step_by(dim) {
        let rows = dim.min(count - start);
        // Q of a QR decomposition is uniform where R has a positive diagonal (Mezzadri 2007), as nalgebra's has.
        let directions = independent(dim, dim, rng).qr().q();
        let lengths = independent(rows, dim, rng);
        for i in 0..rows {
            let direction = directions.column(i).transpose() * lengths.row(i).norm();
            frequencies.row_mut(start + i).copy_from(&direction);
        }
    }
    frequencies
}

/// Rows in pairs, each of [`orthogonal`] with its opposite; the last has none if `count` is odd.
///
/// The estimate of a pair varies less than that of two: e^{ω·z} is large where e^{−ω·z} is small.
pub(super) fn antithetic(count: usize, dim: usize, rng: &mut (impl Rng + ?Sized)) -> DMatrix<f64> {
    let half = orthogonal(count.div_ceil(2), dim, rng);
    DMatrix::from_fn(count, dim, |i, j| {
        let sign = if i % 2 == 0 { 1.0 } else { -1.0 };
        sign * half[(i / 2, j)]
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn blocks_are_orthogonal_and_have_gaussian_lengths() {
        let (dim, blocks) = (8, 500);
        let w = orthogonal(dim * blocks, dim, &mut ChaCha8Rng::seed_from_u64(3));
        let mut squared_length = 0.0;
        for block in 0..blocks {
            let rows = w.rows(block * dim, dim);
            let gram = rows * rows.transpose();
            for i in 0..dim {
                squared_length += gram[(i, i)] / (dim * blocks) as f64;
                for j in 0..i {
                    assert!(gram[(i, j)].abs() < 1e-10, "{}", gram[(i, j)]);
                }
            }
        }
        // χ²_8 has mean 8 and standard deviation 4: five standard errors of 4000 samples.
        assert!((squared_length - 8.0).abs() < 5.0 * 4.0 / 4000f64.sqrt());
    }

    #[test]
    fn a_last_partial_block_is_orthogonal_too() {
        let w = orthogonal(11, 8, &mut ChaCha8Rng::seed_from_u64(4));
        assert!(w.row(8).dot(&w.row(10)).abs() < 1e-12);
        assert_eq!(w.nrows(), 11);
    }

    /// Moments of uniformly distributed orthonormal matrices (Haar measure on O(d)): of an entry, of a direction that is no
    /// axis, of two entries of a row, and of the determinant, which is 1 as often as −1.
    #[test]
    fn directions_are_uniform_on_the_sphere() {
        let blocks = 20_000;
        for dim in [2, 3, 8] {
            let d = dim as f64;
            let w = orthogonal(dim * blocks, dim, &mut ChaCha8Rng::seed_from_u64(5));
            let directions: Vec<DMatrix<f64>> = (0..blocks)
                .map(|block| {
                    let mut rows = w.rows(block * dim, dim).into_owned();
                    rows.row_iter_mut().for_each(|mut row| {
                        row.normalize_mut();
                    });
                    rows
                })
                .collect();
            // At most five standard errors, of variables between −1 and 1, from what is expected.
            let check = |what: &str, expected: f64, value: &dyn Fn(&DMatrix<f64>) -> f64| {
                let mean = directions.iter().map(value).sum::<f64>() / blocks as f64;
                let square =
                    directions.iter().map(|q| value(q).powi(2)).sum::<f64>() / blocks as f64;
                let error = ((square - mean * mean) / blocks as f64).sqrt();
                assert!(
                    (mean - expected).abs() < 5.0 * error + 1e-12,
                    "d = {dim}, {what}: {mean}, not {expected}"
                );
            };
            for i in 0..dim {
                let along_diagonal = |q: &DMatrix<f64>| q.row(i).sum() / d.sqrt();
                for j in 0..dim {
                    check("mean", 0.0, &|q| q[(i, j)]);
                    check("square", 1.0 / d, &|q| q[(i, j)].powi(2));
                    check("fourth power", 3.0 / (d * (d + 2.0)), &|q| {
                        q[(i, j)].powi(4)
                    });
                }
                check("diagonal", 0.0, &along_diagonal);
                check("diagonal⁴", 3.0 / (d * (d + 2.0)), &|q| {
                    along_diagonal(q).powi(4)
                });
                let pair = |q: &DMatrix<f64>| (q[(i, 0)] * q[(i, 1)]).powi(2);
                check("two entries", 1.0 / (d * (d + 2.0)), &pair);
            }
            check("determinant", 0.0, &|q| q.determinant());
        }
    }
}
