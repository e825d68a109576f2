//! Sufficient statistics of weighted least squares: all that one pass over the rows has to keep.

use nalgebra::DMatrix;

/// Weighted sums over rows of encoded features `x` (`inputs` numbers) and targets `y` (`targets` numbers): Σw, Σw·x,
/// Σw·y, Σw·x·xᵀ, Σw·x·yᵀ and Σw·y². Two of them can be added. Size: about `inputs²/2 + inputs·targets` doubles.
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
            yy: vec![0.0; targets],
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

    /// Counts one row. Zero features are skipped, which makes one-hot encodings cheap.
    pub fn add(&mut self, x: &[f32], y: &[f64], weight: f64) {
        debug_assert_eq!((x.len(), y.len()), (self.inputs, self.targets));
        if weight == 0.0 {
            return;
        }
        self.weight += weight;
        for (t, &value) in y.iter().enumerate() {
            self.y[t] += weight * value;
            self.yy[t] += weight * value * value;
        }
        for (i, &value) in x.iter().enumerate() {
            if value == 0.0 {
                continue;
            }
            let scaled = weight * f64::from(value);
            self.x[i] += scaled;
            let start = i * (i + 1) / 2;
            for (sum, &other) in self.xx[start..=start + i].iter_mut().zip(x) {
                *sum += scaled * f64::from(other);
            }
            for (sum, &target) in self.xy[i * self.targets..(i + 1) * self.targets].iter_mut().zip(y) {
                *sum += scaled * target;
            }
        }
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
        let spread = DMatrix::from_fn(self.inputs, self.inputs, |i, j| {
            let (high, low) = if i >= j { (i, j) } else { (j, i) };
            self.xx[high * (high + 1) / 2 + low] - self.x[i] * self.mean_x(j)
        });
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
        let error = self.yy[t] - 2.0 * (intercept * self.y[t] + cross)
            + intercept * (intercept * self.weight + 2.0 * linear)
            + quadratic;
        error.max(0.0)
    }
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
