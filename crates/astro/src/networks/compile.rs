//! "Astrocyte Sudoku": a given dense layer as a stack of astrocyte layers.
//!
//! An astrocyte reads its neighbours only, so one layer is a tridiagonal matrix, and a stack of k layers a product of k of them.
//! Nearly every matrix is such a product (Neville elimination; Gasca & Peña, 1994):
//!
//! ```text
//! A = F_{n−1} … F_2 (F_1 D G_1) G_2 … G_{n−1},   F lower, G upper bidiagonal, D diagonal
//! ```
//!
//! so that 2n − 3 slides compute any such n × n layer exactly. No fewer than n − 1 can: a signal moves by one cell a layer, and
//! the first output may need the last input. [`fit_bands`] looks for stacks between the two by least squares. [`network`]
//! turns either into a network of rectifying astrocytes that computes the layer on a bounded domain.

use std::sync::Arc;

use nalgebra::{Cholesky, DMatrix, DVector};
use rand::{Rng, RngExt};

use super::error::NetworkError;
use super::layers::{Activation, Band, Kind, Layer, Nonlinearity, Wiring};
use super::network::Network;
use crate::numerics::NumericsError;

fn check_square(a: &DMatrix<f64>) -> Result<usize, NetworkError> {
    NumericsError::check_shape("the matrix to compile", a.shape(), (a.nrows(), a.nrows()))?;
    if a.nrows() < 2 {
        let range = "at least 2";
        return Err(NumericsError::Range {
            what: "rows of the matrix to compile",
            value: a.nrows() as f64,
            range,
        }
        .into());
    }
    Ok(a.nrows())
}

/// Tridiagonal factors of a square matrix, the one to apply first at the front: 2n − 3 of them, exact but for rounding.
///
/// # Errors
///
/// [`NumericsError::Shape`] or [`NumericsError::Range`] unless A is square with n ≥ 2, [`NetworkError::Minor`] if elimination meets a vanishing
/// pivot, which a random matrix does with probability 0.
pub fn exact_bands(a: &DMatrix<f64>) -> Result<Vec<DMatrix<f64>>, NetworkError> {
    let n = check_square(a)?;
    let (lower, upper) = neville(a)?;
    let (mut right, diagonal) = neville(&upper.transpose())?;
    right.iter_mut().for_each(|g| *g = g.transpose());
    // `lower` and `right` hold F_1 … and G_1 …; the first of both and the diagonal share a layer.
    let mut bands: Vec<_> = right[1..].iter().rev().cloned().collect();
    bands.push(&lower[0] * diagonal * &right[0]);
    bands.extend(lower[1..].iter().cloned());
    debug_assert_eq!(bands.len(), 2 * n - 3);
    Ok(bands)
}

/// A = F_{n−1} … F_1 U: the lower bidiagonal factors F_1 … F_{n−1} and the upper triangle U, each row eliminated by its
/// neighbour above.
fn neville(a: &DMatrix<f64>) -> Result<(Vec<DMatrix<f64>>, DMatrix<f64>), NetworkError> {
    let n = a.nrows();
    let mut u = a.clone();
    let mut factors = vec![DMatrix::identity(n, n); n - 1];
    for j in 0..n - 1 {
        for i in (j + 1..n).rev() {
            if u[(i, j)] == 0.0 {
                continue;
            }
            let pivot = u[(i - 1, j)];
            let multiplier = u[(i, j)] / pivot;
            if !multiplier.is_finite() {
                return Err(NetworkError::Minor {
                    order: j + 1,
                    minor: pivot,
                });
            }
            let above = u.row(i - 1).into_owned();
            let mut row = u.row_mut(i);
            row -= above * multiplier;
            row[j] = 0.0;
            factors[i - j - 1][(i, i - 1)] = multiplier;
        }
    }
    Ok((factors, u))
}

/// `depth` tridiagonal factors whose product is as near to A as alternating least squares finds, the one to apply first at the
/// front. Every sweep solves for each factor in turn, the others held; the residual never grows.
///
/// # Errors
///
/// [`NumericsError::Shape`] or [`NumericsError::Range`] unless A is square with n ≥ 2 and depth at least 1.
pub fn fit_bands(
    a: &DMatrix<f64>,
    depth: usize,
    sweeps: usize,
    rng: &mut dyn Rng,
) -> Result<Vec<DMatrix<f64>>, NetworkError> {
    let n = check_square(a)?;
    if depth == 0 {
        return Err(NumericsError::Range {
            what: "the depth of a stack",
            value: 0.0,
            range: "at least 1",
        }
        .into());
    }
    let near = |i: usize, j: usize| i.abs_diff(j) <= 1;
    let mut draw = |i, j| {
        if near(i, j) {
            rng.random_range(-1.0..1.0)
        } else {
            0.0
        }
    };
    let mut bands: Vec<_> = (0..depth)
        .map(|_| DMatrix::from_fn(n, n, &mut draw))
        .collect();
    let entries: Vec<(usize, usize)> = (0..n)
        .flat_map(|i| (0..n).filter(move |&j| near(i, j)).map(move |j| (i, j)))
        .collect();
    for _ in 0..sweeps {
        balance(&mut bands);
        // What is applied after each factor; what comes before it grows as the sweep goes on.
        let mut after = vec![DMatrix::identity(n, n)];
        for band in bands.iter().skip(1).rev() {
            after.push(&after[after.len() - 1] * band);
        }
        let mut before = DMatrix::identity(n, n);
        for band in &mut bands {
            let left = after.pop().unwrap_or_else(|| DMatrix::identity(n, n));
            solve(a, &left, band, &before, &entries);
            before = &*band * before;
        }
    }
    Ok(bands)
}

/// Gives all factors the same norm; their product stays.
fn balance(bands: &mut [DMatrix<f64>]) {
    let norms: Vec<f64> = bands.iter().map(DMatrix::norm).collect();
    let mean = norms.iter().map(|n| n.ln()).sum::<f64>() / norms.len() as f64;
    if mean.is_finite() {
        bands
            .iter_mut()
            .zip(norms)
            .for_each(|(band, norm)| *band *= mean.exp() / norm);
    }
}

/// The band B that minimises ‖A − L B R‖, with a touch of inertia where that does not determine it.
///
/// ```text
/// Σ_{p'q'} (LᵀL)_{pp'} (RRᵀ)_{qq'} B_{p'q'} = (Lᵀ A Rᵀ)_{pq}
/// ```
fn solve(
    a: &DMatrix<f64>,
    left: &DMatrix<f64>,
    band: &mut DMatrix<f64>,
    right: &DMatrix<f64>,
    entries: &[(usize, usize)],
) {
    let (l, r) = (left.tr_mul(left), right * right.transpose());
    let target = left.tr_mul(a) * right.transpose();
    let m = entries.len();
    let mut normal = DMatrix::from_fn(m, m, |i, j| {
        let ((p, q), (p2, q2)) = (entries[i], entries[j]);
        l[(p, p2)] * r[(q, q2)]
    });
    let inertia = 1e-12 * normal.trace() / m as f64;
    let rhs = DVector::from_fn(m, |i, _| target[entries[i]] + inertia * band[entries[i]]);
    for i in 0..m {
        normal[(i, i)] += inertia;
    }
    if let Some(factor) = Cholesky::new(normal) {
        let solution = factor.solve(&rhs);
        entries
            .iter()
            .zip(solution.iter())
            .for_each(|(&at, &value)| band[at] = value);
    }
}

/// The product of a stack, first factor applied first.
pub fn product(bands: &[DMatrix<f64>]) -> Option<DMatrix<f64>> {
    bands.iter().cloned().reduce(|before, band| band * before)
}

/// A network of slides with lattice wiring and rectifiers between them that computes bands applied one after the other, plus a bias,
/// for inputs of size at most `bound`.
///
/// Each layer's own bias lifts its astrocytes above 0 for every such input, so no rectifier ever shuts and the stack stays
/// the product of its bands; the last layer takes the lift away again. That is what a bounded domain is good for.
///
/// # Errors
///
/// [`NumericsError::Shape`] or [`NumericsError::Length`] if bands and bias do not fit each other, [`NumericsError::Range`] if there are no bands.
pub fn network(bands: &[DMatrix<f64>], bias: &[f64], bound: f64) -> Result<Network, NetworkError> {
    let n = bias.len();
    let mut layers: Vec<Arc<dyn Layer>> = Vec::new();
    let mut theta = Vec::new();
    let mut linear = DMatrix::identity(n, n);
    let mut lift = DVector::zeros(n);
    for (i, matrix) in bands.iter().enumerate() {
        NumericsError::check_shape("a band of the stack", matrix.shape(), (n, n))?;
        linear = matrix * linear;
        let last = i + 1 == bands.len();
        let next = match last {
            true => DVector::from_column_slice(bias),
            false => linear.map(f64::abs).column_sum() * bound,
        };
        let offset = &next - matrix * lift;
        let band = Band::new(Kind::Slide, Wiring::Lattice, n, true)?;
        let offset: Vec<f32> = offset.iter().map(|&b| b as f32).collect();
        theta.extend(band.pick(&matrix.map(|x| x as f32), &offset)?);
        layers.push(Arc::new(band));
        if !last {
            layers.push(Arc::new(Nonlinearity {
                function: Activation::Relu,
                features: n,
            }));
        }
        lift = next;
    }
    let mut network = Network::new(layers)?;
    network.theta_mut().copy_from_slice(&theta);
    Ok(network)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::random::Streams;

    fn random(n: usize, seed: u64) -> DMatrix<f64> {
        let mut rng = Streams::new(seed).weights;
        DMatrix::from_fn(n, n, |_, _| rng.random_range(-1.0..1.0))
    }

    fn is_tridiagonal(band: &DMatrix<f64>) -> bool {
        (0..band.nrows())
            .all(|i| (0..band.ncols()).all(|j| i.abs_diff(j) <= 1 || band[(i, j)] == 0.0))
    }

    #[test]
    fn every_random_matrix_is_2n_minus_3_slides() {
        for n in 2..=12 {
            let a = random(n, n as u64);
            let bands = exact_bands(&a).unwrap();
            assert_eq!(bands.len(), 2 * n - 3);
            assert!(bands.iter().all(is_tridiagonal));
            let residual = (product(&bands).unwrap() - &a).norm() / a.norm();
            assert!(residual < 1e-9, "n = {n}: residual {residual:e}");
        }
    }

    #[test]
    fn a_vanishing_pivot_is_named() {
        let a = DMatrix::from_row_slice(2, 2, &[0.0, 1.0, 1.0, 0.0]);
        assert!(
            exact_bands(&a)
                .unwrap_err()
                .to_string()
                .starts_with("leading 1×1 minor is 0e0")
        );
    }

    #[test]
    fn least_squares_finds_a_tridiagonal_matrix_and_never_worsens() {
        let a = DMatrix::from_fn(5, 5, |i, j| {
            if i.abs_diff(j) <= 1 {
                (1 + i + 2 * j) as f64
            } else {
                0.0
            }
        });
        let bands = fit_bands(&a, 1, 2, &mut Streams::new(1).weights).unwrap();
        assert!((product(&bands).unwrap() - &a).norm() < 1e-9 * a.norm());
        let a = random(6, 3);
        let residual = |sweeps| {
            let bands = fit_bands(&a, 4, sweeps, &mut Streams::new(2).weights).unwrap();
            (product(&bands).unwrap() - &a).norm() / a.norm()
        };
        let course: Vec<f64> = [1, 5, 20, 100].map(residual).to_vec();
        assert!(
            course
                .windows(2)
                .all(|pair| pair[1] <= pair[0] * (1.0 + 1e-6)),
            "{course:?}"
        );
        assert!(course[3] < 0.5, "{course:?}");
    }

    #[test]
    fn rectifying_astrocytes_compute_a_dense_layer_on_a_bounded_domain() {
        let n = 6;
        let a = random(n, 8);
        let bias: Vec<f64> = (0..n).map(|i| i as f64 * 0.1).collect();
        let network = network(&exact_bands(&a).unwrap(), &bias, 1.0).unwrap();
        let mut rng = Streams::new(4).weights;
        let x = DMatrix::from_fn(200, n, |_, _| rng.random_range(-1.0_f32..1.0));
        let y = network.predict(&x, &mut rng).unwrap();
        let expected = x.map(f64::from) * a.transpose();
        for (i, row) in expected.row_iter().enumerate() {
            for (j, &value) in row.iter().enumerate() {
                let error = (f64::from(y[(i, j)]) - value - bias[j]).abs();
                assert!(error < 1e-3, "sample {i}, output {j}: off by {error:e}");
            }
        }
    }
}
