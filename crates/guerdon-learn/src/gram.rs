//! The kernel of linear training: sums of products of rows, written so that it vectorises and gives the same bits on
//! every instruction set.

use pulp::{Arch, Simd, WithSimd};

/// Rows of a tile of sums that is kept in registers.
const TALL: usize = 4;

/// Sums of products of row-major rows: `sums[i * width + j] += Σ_r left[r][i] · right[r][j]` for j ≤ i (the lower
/// triangle; what stands above it is not to be used).
///
/// Each sum adds its rows one after the other, each product rounded by itself and never fused, so that one lane or eight
/// give the same bits.
///
/// # Shapes
/// `left` and `right`: `[rows][width]`; `sums`: `[width][width]`. `width` is a multiple of [`WIDTH_STEP`]; columns from
/// `columns` on are padding, and their sums are not to be used.
pub(crate) fn add_products(left: &[f64], right: &[f64], width: usize, columns: usize, sums: &mut [f64]) {
    debug_assert!(width.is_multiple_of(WIDTH_STEP) && sums.len() == width * width && left.len() == right.len());
    Arch::new().dispatch(Products { left, right, width, columns, sums });
}

/// Widths are multiples of this, and so of every vector's length and of a tile's height.
pub(crate) const WIDTH_STEP: usize = 8;

/// The least usable width that holds `columns`.
pub(crate) fn padded(columns: usize) -> usize {
    columns.next_multiple_of(WIDTH_STEP)
}

struct Products<'a> {
    left: &'a [f64],
    right: &'a [f64],
    width: usize,
    columns: usize,
    sums: &'a mut [f64],
}

impl WithSimd for Products<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        for top in (0..self.columns).step_by(TALL) {
            // Vectors of a row of the triangle: in pairs, and perhaps one more.
            let vectors = (top + TALL).div_ceil(S::F64_LANES);
            for side in (0..vectors - vectors % 2).step_by(2) {
                self.tile::<S, 2>(simd, top, side);
            }
            if vectors % 2 == 1 {
                self.tile::<S, 1>(simd, top, vectors - 1);
            }
        }
    }
}

impl Products<'_> {
    /// The sums of one tile: rows from `top` on, `WIDE` vectors of columns from the `side`-th on.
    #[inline(always)]
    fn tile<S: Simd, const WIDE: usize>(&mut self, simd: S, top: usize, side: usize) {
        let vectors = self.width / S::F64_LANES;
        let (right, _) = S::as_simd_f64s(self.right);
        let mut tile = [[simd.splat_f64s(0.0); WIDE]; TALL];
        for (left, right) in self.left.chunks_exact(self.width).zip(right.chunks_exact(vectors)) {
            let Some(tall) = left.get(top..).and_then(|left| left.first_chunk::<TALL>()) else { return };
            let Some(wide) = right.get(side..).and_then(|right| right.first_chunk::<WIDE>()) else { return };
            for (sums, a) in tile.iter_mut().zip(tall) {
                let a = simd.splat_f64s(*a);
                for (sum, b) in sums.iter_mut().zip(wide) {
                    *sum = simd.add_f64s(*sum, simd.mul_f64s(a, *b));
                }
            }
        }
        let (sums, _) = S::as_mut_simd_f64s(self.sums);
        for (row, found) in tile.iter().enumerate() {
            let start = (top + row) * vectors + side;
            for (sum, found) in sums[start..start + WIDE].iter_mut().zip(found) {
                *sum = simd.add_f64s(*sum, *found);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_products_are_those_of_the_plain_loop_to_the_bit() {
        for (rows, width) in [(1, 8), (7, 16), (33, 40)] {
            let value = |i: usize| ((i * 37 % 101) as f64).sin();
            let left: Vec<f64> = (0..rows * width).map(value).collect();
            let right: Vec<f64> = left.iter().enumerate().map(|(i, x)| x * value(i + 5)).collect();
            let mut sums = vec![1.0; width * width];
            add_products(&left, &right, width, width - 3, &mut sums);
            for i in 0..width - 3 {
                for j in 0..=i {
                    let plain = (0..rows).fold(0.0, |sum, r| sum + left[r * width + i] * right[r * width + j]);
                    assert_eq!(sums[i * width + j].to_bits(), (1.0 + plain).to_bits());
                }
            }
        }
    }

    #[test]
    fn a_width_is_padded_to_whole_vectors() {
        assert_eq!([padded(1), padded(8), padded(9)], [8, 8, 16]);
    }
}
