//! Matrices in the order in which the kernels walk through them.

use nalgebra::{DMatrix, Scalar};

use super::aligned::{Aligned, padded};

/// A matrix of `rows` × `lanes`, stored as \[tile of rows\]\[block of lanes\]\[row in the tile\]\[lane in the block\].
///
/// A block is one vector of the vector unit, so a kernel that walks along a tile reads one stream from start to
/// end, and finds all rows of the tile for the same lanes next to each other. Rows are padded to whole tiles and
/// lanes to whole cache lines, with zeros that stay zero.
#[derive(Debug)]
pub(crate) struct Packed<T> {
    data: Aligned<T>,
    tile: usize,
    blocks: usize,
    width: usize,
}

/// Most rows in a tile: as many as a kernel can keep sums of in registers.
pub(crate) const MAX_TILE: usize = 8;

/// The number of rows per tile, 2, 4, 6 or 8, for a matrix of `rows` that is walked tile by tile: the one that
/// pads least, and of those the largest.
pub(crate) fn tile_for(rows: usize) -> usize {
    if rows <= MAX_TILE {
        return rows.next_multiple_of(2).max(2);
    }
    [8, 6, 4]
        .into_iter()
        .min_by_key(|tile| rows.next_multiple_of(*tile))
        .unwrap_or(MAX_TILE)
}

impl<T: Scalar + Copy + Default> Packed<T> {
    /// Zeros, in tiles of `tile` rows and blocks of `width` lanes (the width of the vector unit).
    pub(crate) fn zeros(rows: usize, lanes: usize, tile: usize, width: usize) -> Self {
        let lanes = padded::<T>(lanes);
        let data = Aligned::zeros(rows.next_multiple_of(tile) * lanes);
        Self {
            data,
            tile,
            blocks: lanes / width,
            width,
        }
    }

    fn index(&self, row: usize, lane: usize) -> usize {
        let block = row / self.tile * self.blocks + lane / self.width;
        (block * self.tile + row % self.tile) * self.width + lane % self.width
    }

    pub(crate) fn get(&self, row: usize, lane: usize) -> T {
        self.data[self.index(row, lane)]
    }

    /// Its rows from `row` on, as a matrix of `shape`.
    pub(crate) fn rows(&self, row: usize, shape: (usize, usize)) -> DMatrix<T> {
        DMatrix::from_fn(shape.0, shape.1, |i, lane| self.get(row + i, lane))
    }

    /// Its rows from `row` on, as the columns of a matrix of `shape`.
    pub(crate) fn columns(&self, row: usize, shape: (usize, usize)) -> DMatrix<T> {
        DMatrix::from_fn(shape.0, shape.1, |lane, j| self.get(row + j, lane))
    }

    /// Replaces rows from `row` on.
    pub(crate) fn set_rows(&mut self, row: usize, matrix: &DMatrix<T>) {
        for lane in 0..matrix.ncols() {
            for i in 0..matrix.nrows() {
                let index = self.index(row + i, lane);
                self.data[index] = matrix[(i, lane)];
            }
        }
    }

    /// Replaces rows from `row` on by the columns of a matrix.
    pub(crate) fn set_columns(&mut self, row: usize, matrix: &DMatrix<T>) {
        for j in 0..matrix.ncols() {
            for lane in 0..matrix.nrows() {
                let index = self.index(row + j, lane);
                self.data[index] = matrix[(lane, j)];
            }
        }
    }

    /// All numbers, in the order of storage.
    #[inline(always)]
    pub(crate) fn data(&self) -> &[T] {
        &self.data
    }

    /// The same, mutable.
    #[inline(always)]
    pub(crate) fn data_mut(&mut self) -> &mut [T] {
        &mut self.data
    }

    /// Rows per tile.
    #[inline(always)]
    pub(crate) fn tile(&self) -> usize {
        self.tile
    }
}

impl<T: Copy + Default> Clone for Packed<T> {
    fn clone(&self) -> Self {
        let Self {
            tile,
            blocks,
            width,
            ..
        } = *self;
        Self {
            data: self.data.clone(),
            tile,
            blocks,
            width,
        }
    }

    /// Without allocating: `source` has the same shape.
    fn clone_from(&mut self, source: &Self) {
        self.data.copy_from_slice(&source.data);
    }
}
