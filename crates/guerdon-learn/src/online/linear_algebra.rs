//! The few dense operations that the regressors are made of. Matrices are symmetric, row-major `[n][n]`.

use nalgebra::DMatrix;

/// x · y, in four interleaved sums.
pub(crate) fn dot(x: &[f64], y: &[f64]) -> f64 {
    let (x_chunks, x_rest) = x.as_chunks::<4>();
    let (y_chunks, y_rest) = y.as_chunks::<4>();
    let mut lanes = [0.0; 4];
    for (x, y) in x_chunks.iter().zip(y_chunks) {
        for ((lane, x), y) in lanes.iter_mut().zip(x).zip(y) {
            *lane += x * y;
        }
    }
    let rest: f64 = x_rest.iter().zip(y_rest).map(|(x, y)| x * y).sum();
    lanes.iter().sum::<f64>() + rest
}

/// y += scale · x.
pub(crate) fn add_scaled(y: &mut [f64], scale: f64, x: &[f64]) {
    y.iter_mut().zip(x).for_each(|(y, x)| *y += scale * x);
}

/// out = M · x, by rows of the symmetric M, four at a time: each entry of `out` is loaded once for four rows.
pub(crate) fn multiply(matrix: &[f64], x: &[f64], out: &mut [f64]) {
    out.fill(0.0);
    let n = x.len().max(1);
    let (fours, rest) = x.as_chunks::<4>();
    let mut blocks = matrix.chunks_exact(4 * n);
    for (rows, [x0, x1, x2, x3]) in (&mut blocks).zip(fours) {
        let (first, second) = rows.split_at(2 * n);
        let ((r0, r1), (r2, r3)) = (first.split_at(n), second.split_at(n));
        for ((((out, r0), r1), r2), r3) in out.iter_mut().zip(r0).zip(r1).zip(r2).zip(r3) {
            *out += (x0 * r0 + x1 * r1) + (x2 * r2 + x3 * r3);
        }
    }
    for (row, &value) in blocks.remainder().chunks_exact(n).zip(rest) {
        add_scaled(out, value, row);
    }
}

/// M += scale · x xᵀ. Entries (i, j) and (j, i) stay equal to the bit.
pub(super) fn add_outer(matrix: &mut [f64], scale: f64, x: &[f64]) {
    for (row, &value) in matrix.chunks_exact_mut(x.len().max(1)).zip(x) {
        if value != 0.0 {
            // (scale · x_i) · x_j differs from (scale · x_j) · x_i in the last bit; scale · (x_i · x_j) does not.
            row.iter_mut().zip(x).for_each(|(m, other)| *m += scale * (value * other));
        }
    }
}

/// M += amount · I.
pub(super) fn add_diagonal(matrix: &mut [f64], n: usize, amount: f64) {
    matrix.iter_mut().step_by(n + 1).for_each(|m| *m += amount);
}

/// amount · I.
pub(super) fn diagonal(n: usize, amount: f64) -> Vec<f64> {
    let mut matrix = vec![0.0; n * n];
    add_diagonal(&mut matrix, n, amount);
    matrix
}

/// Writes M⁻¹ into `out` by Cholesky. A matrix that rounding has made indefinite gets up to 10⁻⁴ of its mean diagonal
/// added; where that does not help either, `out` is left as it is and the answer is false.
pub(super) fn invert(matrix: &[f64], n: usize, out: &mut [f64]) -> bool {
    if matrix.len() != n * n || out.len() != n * n {
        return false;
    }
    let mean = matrix.iter().step_by(n + 1).sum::<f64>() / n.max(1) as f64;
    for jitter in [0.0, 1e-12, 1e-10, 1e-8, 1e-6, 1e-4] {
        let mut tried = DMatrix::from_row_slice(n, n, matrix);
        (0..n).for_each(|i| tried[(i, i)] += jitter * mean);
        if let Some(cholesky) = tried.cholesky() {
            let inverse = cholesky.inverse();
            if inverse.iter().all(|entry| entry.is_finite()) {
                for i in 0..n {
                    for j in 0..n {
                        out[i * n + j] = 0.5 * (inverse[(i, j)] + inverse[(j, i)]);
                    }
                }
                return true;
            }
        }
    }
    false
}
