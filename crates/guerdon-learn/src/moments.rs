//! Sufficient statistics of weighted least squares: all that one pass over the rows has to keep.

use crate::gram::{add_products, padded};
use nalgebra::DMatrix;

/// Weighted sums over rows of encoded features `x` (`inputs` numbers) and targets `y` (`targets` numbers): Σw, Σw·x,
/// Σw·y, Σw·x·xᵀ, Σw·x·yᵀ and Σw·y·yᵀ. Two of them can be added. Size: about `inputs²/2 + inputs·targets` doubles.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    inputs: usize,
    targets: usize,
    /// Σw.
    weight: f64,
    x: Vec<f64>,
    y: Vec<f64>,
    /// Lower triangle of Σw·x·xᵀ, row by row.
    xx: Vec<f64>,
    /// `[inputs][targets]`.
    xy: Vec<f64>,
    /// Lower triangle of Σw·y·yᵀ, row by row.
    yy: Vec<f64>,
}

impl Moments {
    /// No rows yet.
    pub fn new(inputs: usize, targets: usize) -> Self {
        Moments {
            inputs,
            targets,
            weight: 0.0,
            x: vec![0.0; inputs],
            y: vec![0.0; targets],
            xx: vec![0.0; inputs * (inputs + 1) / 2],
            xy: vec![0.0; inputs * targets],
            yy: vec![0.0; targets * (targets + 1) / 2],
        }
    }

    /// Sum of the rows' weights.
    pub fn weight(&self) -> f64 {
        self.weight
    }

    /// How many features a row has.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// How many targets a row has.
    pub fn targets(&self) -> usize {
        self.targets
    }

    /// Counts one row.
    pub fn add(&mut self, x: &[f32], y: &[f64], weight: f64) {
        self.add_rows(x, y, &[(0, weight)]);
    }

    /// Counts those rows of a block that `rows` names, each with its weight. Features that are 0 in all of them cost
    /// nothing, which makes indicators that are never set cheap.
    ///
    /// # Shapes
    /// `x`: `[block][inputs]`; `y`: `[block][targets]`; `rows`: places in the block.
    pub fn add_rows(&mut self, x: &[f32], y: &[f64], rows: &[(usize, f64)]) {
        let features = self.features_in(x, rows);
        // Columns of the packed block: the features in it, the targets, and a 1.
        let columns = features.len() + self.targets + 1;
        let width = padded(columns);
        let mut left = vec![0.0; rows.len() * width];
        for ((row, _), out) in rows.iter().zip(left.chunks_exact_mut(width)) {
            let x = &x[row * self.inputs..(row + 1) * self.inputs];
            let y = &y[row * self.targets..(row + 1) * self.targets];
            let (own, rest) = out.split_at_mut(features.len());
            features.iter().zip(own).for_each(|(i, out)| *out = f64::from(x[*i]));
            y.iter().chain(&[1.0]).zip(rest).for_each(|(value, out)| *out = *value);
        }
        let mut sums = vec![0.0; width * width];
        if rows.iter().all(|(_, weight)| *weight == 1.0) {
            add_products(&left, &left, width, columns, &mut sums);
        } else {
            let weighted = left.chunks_exact(width).zip(rows);
            let right: Vec<f64> = weighted.flat_map(|(row, (_, weight))| row.iter().map(move |v| v * weight)).collect();
            add_products(&left, &right, width, columns, &mut sums);
        }
        self.take(&features, width, &sums);
    }

    /// The features that are not 0 in all of `rows`.
    fn features_in(&self, x: &[f32], rows: &[(usize, f64)]) -> Vec<usize> {
        // Bits that are set in any of them; without the sign, so that −0 is 0.
        let mut set = vec![0; self.inputs];
        for (row, _) in rows {
            let x = &x[row * self.inputs..(row + 1) * self.inputs];
            set.iter_mut().zip(x).for_each(|(set, x)| *set |= x.to_bits());
        }
        (0..self.inputs).filter(|i| set[*i] << 1 != 0u32).collect()
    }

    /// Adds the sums of a packed block.
    fn take(&mut self, features: &[usize], width: usize, sums: &[f64]) {
        let (first, last) = (features.len(), features.len() + self.targets);
        for (at, &i) in features.iter().enumerate() {
            let start = i * (i + 1) / 2;
            features[..=at].iter().zip(&sums[at * width..]).for_each(|(j, sum)| self.xx[start + j] += sum);
            self.x[i] += sums[last * width + at];
            for t in 0..self.targets {
                self.xy[i * self.targets + t] += sums[(first + t) * width + at];
            }
        }
        for t in 0..self.targets {
            self.y[t] += sums[last * width + first + t];
            let start = t * (t + 1) / 2;
            let row = &sums[(first + t) * width + first..];
            self.yy[start..=start + t].iter_mut().zip(row).for_each(|(mine, sum)| *mine += sum);
        }
        self.weight += sums[last * width + last];
    }

    /// Adds another's rows.
    pub fn merge(&mut self, other: &Moments) {
        debug_assert_eq!((self.inputs, self.targets), (other.inputs, other.targets));
        self.weight += other.weight;
        for (mine, theirs) in [
            (&mut self.x, &other.x),
            (&mut self.y, &other.y),
            (&mut self.xx, &other.xx),
            (&mut self.xy, &other.xy),
            (&mut self.yy, &other.yy),
        ] {
            mine.iter_mut().zip(theirs).for_each(|(a, b)| *a += b);
        }
    }

    /// Σw·x of feature `i`.
    pub(crate) fn x(&self, i: usize) -> f64 {
        self.x[i]
    }

    /// Σw·y of target `t`.
    pub(crate) fn y(&self, t: usize) -> f64 {
        self.y[t]
    }

    /// Σw·xᵢ·xⱼ.
    pub(crate) fn xx(&self, i: usize, j: usize) -> f64 {
        self.xx[lower(i, j)]
    }

    /// Σw·xᵢ·y of target `t`.
    pub(crate) fn xy(&self, i: usize, t: usize) -> f64 {
        self.xy[i * self.targets + t]
    }

    /// Σw·y·y' of targets `t` and `s`.
    pub(crate) fn yy(&self, t: usize, s: usize) -> f64 {
        self.yy[lower(t, s)]
    }

    /// The same rows with target `t` alone.
    pub(crate) fn target(&self, t: usize) -> Moments {
        Moments {
            targets: 1,
            y: vec![self.y[t]],
            xy: (0..self.inputs).map(|i| self.xy(i, t)).collect(),
            yy: vec![self.yy(t, t)],
            ..self.clone()
        }
    }

    /// Mean of feature `i`; 0 without rows.
    pub fn mean_x(&self, i: usize) -> f64 {
        if self.weight > 0.0 { self.x[i] / self.weight } else { 0.0 }
    }

    /// Mean of target `t`; 0 without rows.
    pub fn mean_y(&self, t: usize) -> f64 {
        if self.weight > 0.0 { self.y[t] / self.weight } else { 0.0 }
    }

    /// Σw·(x − x̄)(x − x̄)ᵀ, `[inputs, inputs]`, and Σw·(x − x̄)(y − ȳ)ᵀ, `[inputs, targets]`: with these, least squares
    /// needs no intercept column and leaves the intercept unpenalised.
    pub fn centred(&self) -> (DMatrix<f64>, DMatrix<f64>) {
        let spread = DMatrix::from_fn(self.inputs, self.inputs, |i, j| self.xx(i, j) - self.x[i] * self.mean_x(j));
        let cross = DMatrix::from_fn(self.inputs, self.targets, |i, t| {
            self.xy[i * self.targets + t] - self.x[i] * self.mean_y(t)
        });
        (spread, cross)
    }

    /// Σw·(y − intercept − x·slope)² of target `t` over these rows.
    pub fn squared_error(&self, t: usize, slope: &[f64], intercept: f64) -> f64 {
        let mut linear = 0.0;
        let mut cross = 0.0;
        let mut quadratic = 0.0;
        for i in 0..self.inputs {
            linear += slope[i] * self.x[i];
            cross += slope[i] * self.xy[i * self.targets + t];
            let start = i * (i + 1) / 2;
            let row: f64 = self.xx[start..start + i].iter().zip(slope).map(|(a, b)| a * b).sum();
            quadratic += slope[i] * (2.0 * row + self.xx[start + i] * slope[i]);
        }
        let error = self.yy(t, t) - 2.0 * (intercept * self.y[t] + cross)
            + intercept * (intercept * self.weight + 2.0 * linear)
            + quadratic;
        error.max(0.0)
    }
}

/// Place of (i, j) in a lower triangle stored row by row.
fn lower(i: usize, j: usize) -> usize {
    let (high, low) = if i >= j { (i, j) } else { (j, i) };
    high * (high + 1) / 2 + low
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<([f32; 2], [f64; 1], f64)> {
        vec![([1.0, 0.0], [2.0], 1.0), ([0.5, -1.0], [1.0], 2.0), ([0.0, 3.0], [-1.0], 0.5)]
    }

    #[test]
    fn the_squared_error_from_sums_is_the_squared_error_over_rows() {
        let mut moments = Moments::new(2, 1);
        let (slope, intercept) = ([0.7, -0.2], 0.4);
        let mut direct = 0.0;
        for (x, y, w) in rows() {
            moments.add(&x, &y, w);
            let fit = intercept + slope[0] * f64::from(x[0]) + slope[1] * f64::from(x[1]);
            direct += w * (y[0] - fit).powi(2);
        }
        assert!((moments.squared_error(0, &slope, intercept) - direct).abs() < 1e-12);
    }

    #[test]
    fn a_weight_of_two_is_the_row_twice_and_merging_is_seeing_both_halves() {
        let mut weighted = Moments::new(2, 1);
        let mut first = Moments::new(2, 1);
        let mut second = Moments::new(2, 1);
        weighted.add(&[1.0, 2.0], &[3.0], 2.0);
        first.add(&[1.0, 2.0], &[3.0], 1.0);
        second.add(&[1.0, 2.0], &[3.0], 1.0);
        first.merge(&second);
        assert_eq!(weighted, first);
    }

    #[test]
    fn centred_sums_are_sums_about_the_mean() {
        let mut moments = Moments::new(2, 1);
        for (x, y, w) in rows() {
            moments.add(&x, &y, w);
        }
        let (mean, mean_y) = ([moments.mean_x(0), moments.mean_x(1)], moments.mean_y(0));
        let (spread, cross) = moments.centred();
        let mut expected = [0.0; 2];
        for (x, y, w) in rows() {
            let d = [f64::from(x[0]) - mean[0], f64::from(x[1]) - mean[1]];
            expected[0] += w * d[0] * d[1];
            expected[1] += w * d[1] * (y[0] - mean_y);
        }
        assert!((spread[(0, 1)] - expected[0]).abs() < 1e-12 && (spread[(1, 0)] - expected[0]).abs() < 1e-12);
        assert!((cross[(1, 0)] - expected[1]).abs() < 1e-12);
    }
}
