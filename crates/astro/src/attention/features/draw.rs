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
        let qr = independent(dim, dim, rng).qr();
        let r_diagonal = qr.r().diagonal();
        let directions = qr.q();
        let lengths = independent(rows, dim, rng);
        for i in 0..rows {
            // Householder fixes the signs of R; undoing that makes Q uniform (Mezzadri 2007).
            let length = lengths.row(i).norm() * r_diagonal[i].signum();
            let direction = directions.column(i).transpose() * length;
            frequencies.row_mut(start + i).copy_from(&direction);
        }
    }
    frequencies
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
        // Every entry has mean 0 (uniform directions, no preferred sign).
        assert!(w.mean().abs() < 5.0 / (32_000f64).sqrt());
        assert!(w.column(0).mean().abs() < 5.0 / 4000f64.sqrt());
        let first_direction: f64 = (0..blocks).map(|b| w[(b * dim, 0)]).sum::<f64>();
        assert!(first_direction.abs() < 5.0 * (blocks as f64).sqrt());
    }

    #[test]
    fn a_last_partial_block_is_orthogonal_too() {
        let w = orthogonal(11, 8, &mut ChaCha8Rng::seed_from_u64(4));
        assert!(w.row(8).dot(&w.row(10)).abs() < 1e-12);
        assert_eq!(w.nrows(), 11);
    }
}
