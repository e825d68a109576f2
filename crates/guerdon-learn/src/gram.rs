//! The kernel of linear training: sums of products of rows, written so that it vectorises and gives the same bits on
//! every instruction set.

use pulp::Arch;

/// Rows and columns of a tile of sums that is kept in registers.
const TALL: usize = 4;
const WIDE: usize = 8;

/// Sums of products of row-major rows: `sums[i * width + j] += Σ_r left[r][i] · right[r][j]` for j ≤ i (the lower
/// triangle; what stands above it is not to be used).
///
/// Each sum adds its rows one after the other, each product rounded by itself and never fused, so that one lane or eight
/// give the same bits.
///
/// # Shapes
/// `left` and `right`: `[rows][width]`; `sums`: `[width][width]`. `width` is a multiple of [`WIDTH_STEP`].
pub(crate) fn add_products(left: &[f64], right: &[f64], width: usize, sums: &mut [f64]) {
    debug_assert!(width.is_multiple_of(WIDTH_STEP) && sums.len() == width * width && left.len() == right.len());
    Arch::new().dispatch(
        #[inline(always)]
        || {
            for top in (0..width).step_by(TALL) {
                for side in (0..=top).step_by(WIDE) {
                    tile(left, right, width, top, side, sums);
                }
            }
        },
    );
}

/// Widths are multiples of this.
pub(crate) const WIDTH_STEP: usize = WIDE;

/// The least usable width that holds `columns`.
pub(crate) fn padded(columns: usize) -> usize {
    columns.next_multiple_of(WIDTH_STEP)
}

/// The sums of one tile, rows `top..` and columns `side..`.
#[inline(always)]
fn tile(left: &[f64], right: &[f64], width: usize, top: usize, side: usize, sums: &mut [f64]) {
    let mut tile = [[0.0f64; WIDE]; TALL];
    for (left, right) in left.chunks_exact(width).zip(right.chunks_exact(width)) {
        let Some(tall) = left.get(top..).and_then(|left| left.first_chunk::<TALL>()) else { return };
        let Some(wide) = right.get(side..).and_then(|right| right.first_chunk::<WIDE>()) else { return };
        for (sums, a) in tile.iter_mut().zip(tall) {
            for (sum, b) in sums.iter_mut().zip(wide) {
                *sum += a * b;
            }
        }
    }
    for (row, found) in tile.iter().enumerate() {
        let start = (top + row) * width + side;
        sums[start..start + WIDE].iter_mut().zip(found).for_each(|(sum, found)| *sum += found);
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
            add_products(&left, &right, width, &mut sums);
            for i in 0..width {
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
