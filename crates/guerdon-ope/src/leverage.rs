//! The variance of a regression estimator whose coefficients were fitted to the same log, from mergeable sums.
//!
//! The estimator is (ΣY − β · ΣZ) / ΣN, with Y, Z and N sums within clusters, Z two controls of expectation zero, and β the
//! least-squares coefficients of Y on Z about their means. With ζ = Z − (ΣZ/ΣN) N, the residuals e = Y − (ΣY/ΣN) N − β · ζ
//! and G = Σ ζζᵀ, a cluster of weight ε more moves the estimator by ε e (1 − t) / ΣN, where t = ΣZᵀ G⁻¹ ζ is what it moves
//! through β; taken out, it moves it by that over 1 − h, where h = ζᵀ G⁻¹ ζ is its leverage on its own fit. So the variance is
//! Σ e² (1 − t)² / (1 − h)² / (ΣN)², the jackknife's (MacKinnon & White 1985's HC3; the 1 − t are the weights of calibration
//! of Särndal, Swensson & Wretman 1989). Here (1 − t)² / (1 − h)² is expanded to (1 − t)² + 2h: what is left out is of the
//! order h t, and it is never negative. Then e² and its weight are both quadratic in (Y, N, Z), and sums of their
//! products over clusters, of fourth order at the most, are all that is kept. Z needs no centring, since its expectation is
//! zero; Y is centred as in [`JointMoments`], of which this is one more.

use crate::JointMoments;

/// Y, N, Z₁, Z₂: what a row adds to its cluster.
pub(crate) const KINDS: usize = 4;

/// Products of two of them.
const PAIRS: usize = KINDS * (KINDS + 1) / 2;

/// Everything that is summed: 1, the kinds, the pairs.
const WIDTH: usize = 1 + KINDS + PAIRS;

/// Factors of the kinds: a linear function of a cluster's sums.
pub(crate) type Linear = [f64; KINDS];

/// Moments of clusters' sums and of their products by twos. Mergeable; rows of one cluster must follow each other.
#[derive(Debug, Clone)]
pub(crate) struct Leverage {
    open: [f64; KINDS],
    key: Option<u64>,
    closed: JointMoments,
}

/// What the fit was, as linear functions of a cluster's sums.
pub(crate) struct Fit {
    /// e.
    pub(crate) residual: Linear,
    /// ζ₁ and ζ₂.
    pub(crate) controls: [Linear; 2],
    /// G⁻¹, zero for a control without variance of its own.
    pub(crate) inverse: [[f64; 2]; 2],
    /// ΣZ.
    pub(crate) sums: [f64; 2],
}

impl Leverage {
    pub(crate) fn new() -> Self {
        Leverage { open: [0.0; KINDS], key: None, closed: JointMoments::new(WIDTH) }
    }

    /// Adds a row of `cluster`.
    pub(crate) fn push(&mut self, cluster: u64, row: [f64; KINDS]) {
        if self.key != Some(cluster) {
            self.close();
            self.key = Some(cluster);
            self.open = [0.0; KINDS];
        }
        self.open.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
    }

    /// Adds the rows of `other`, whose clusters must all be different from this one's.
    pub(crate) fn merge(&mut self, mut other: Self) {
        self.close();
        other.close();
        self.closed.merge(other.closed);
    }

    fn close(&mut self) {
        if let Some(cluster) = self.key.take() {
            let mut row = [1.0; WIDTH];
            row[1..=KINDS].copy_from_slice(&self.open);
            let pairs = pairs().map(|(i, j)| self.open[i] * self.open[j]);
            row[1 + KINDS..].iter_mut().zip(pairs).for_each(|(place, pair)| *place = pair);
            self.closed.push(cluster, &row);
        }
    }

    /// C/(C−1) · Σ e² ((1 − t)² + 2h): the variance times (ΣN)². `None` with fewer than two clusters.
    pub(crate) fn variance(&self, fit: &Fit) -> Option<f64> {
        let [[a, b], [_, d]] = fit.inverse;
        let [first, second] = fit.controls;
        let pull = [a * fit.sums[0] + b * fit.sums[1], b * fit.sums[0] + d * fit.sums[1]];
        let t: Linear = std::array::from_fn(|kind| pull[0] * first[kind] + pull[1] * second[kind]);
        let (mut squares, mut weights) = ([0.0; WIDTH], [0.0; WIDTH]);
        weights[0] = 1.0;
        weights[1..=KINDS].iter_mut().zip(t).for_each(|(place, factor)| *place = -2.0 * factor);
        let products = [
            product(&t, &t, 1.0),
            product(&first, &first, 2.0 * a),
            product(&first, &second, 4.0 * b),
            product(&second, &second, 2.0 * d),
        ];
        for place in 0..PAIRS {
            weights[1 + KINDS + place] = products.iter().map(|product| product[place]).sum();
        }
        squares[1 + KINDS..].copy_from_slice(&product(&fit.residual, &fit.residual, 1.0));
        let mut all = self.clone();
        all.close();
        all.closed.covariance(&squares, &weights).map(|variance| variance.max(0.0))
    }
}

/// The pairs of kinds, in the order in which their products are summed.
fn pairs() -> impl Iterator<Item = (usize, usize)> {
    (0..KINDS).flat_map(|i| (i..KINDS).map(move |j| (i, j)))
}

/// `times` · f · g as factors of the pairs.
fn product(f: &Linear, g: &Linear, times: f64) -> [f64; PAIRS] {
    let mut factors = [0.0; PAIRS];
    for (place, (i, j)) in factors.iter_mut().zip(pairs()) {
        *place = times * if i == j { f[i] * g[i] } else { f[i] * g[j] + f[j] * g[i] };
    }
    factors
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of clusters of one to three rows, without a pattern that would cancel.
    fn rows() -> Vec<(u64, [f64; KINDS])> {
        (0..60u64)
            .flat_map(|cluster| (0..=cluster % 3).map(move |row| (cluster, row)))
            .map(|(cluster, row)| {
                let x = (cluster * 7 + row * 3) as f64;
                (cluster, [5.0 + x.sin(), 1.0, (1.3 * x).cos().powi(3), (0.7 * x).sin() + 0.1])
            })
            .collect()
    }

    #[test]
    fn the_sums_give_what_a_loop_over_the_clusters_gives_in_one_part_or_in_two() {
        let rows = rows();
        let (mut whole, mut first, mut second) = (Leverage::new(), Leverage::new(), Leverage::new());
        for (cluster, row) in &rows {
            whole.push(*cluster, *row);
            if *cluster < 23 { &mut first } else { &mut second }.push(*cluster, *row);
        }
        second.merge(first);
        let fit = Fit {
            residual: [1.0, -4.9, 0.3, -0.6],
            controls: [[0.0, -0.02, 1.0, 0.0], [0.0, 0.05, 0.0, 1.0]],
            inverse: [[0.03, 0.01], [0.01, 0.04]],
            sums: [2.0, -3.0],
        };
        let mut clusters = vec![[0.0; KINDS]; 60];
        for (cluster, row) in &rows {
            clusters[*cluster as usize].iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        }
        let dot = |f: &Linear, u: &Linear| f.iter().zip(u).map(|(f, u)| f * u).sum::<f64>();
        let direct: f64 = clusters
            .iter()
            .map(|u| {
                let (e, z) = (dot(&fit.residual, u), fit.controls.map(|control| dot(&control, u)));
                let times = |v: [f64; 2]| z[0] * (0.03 * v[0] + 0.01 * v[1]) + z[1] * (0.01 * v[0] + 0.04 * v[1]);
                e * e * ((1.0 - times(fit.sums)).powi(2) + 2.0 * times(z))
            })
            .sum();
        for found in [whole.variance(&fit).unwrap(), second.variance(&fit).unwrap()] {
            assert!((found / (direct * 60.0 / 59.0) - 1.0).abs() < 1e-12, "{found} {direct}");
        }
    }
}
