//! Sums over rows and their cross-products over clusters: all that a ratio estimator and its interval need.

/// Sums of `K` numbers a row, and the cross-products of their sums within clusters (members). Mergeable; memory does not
/// grow with the log. Rows of one cluster must follow each other.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterMoments<const K: usize> {
    rows: u64,
    clusters: u64,
    sums: [Compensated; K],
    cross: [[f64; K]; K],
    open: Option<(u64, [f64; K])>,
}

impl<const K: usize> Default for ClusterMoments<K> {
    fn default() -> Self {
        Self { rows: 0, clusters: 0, sums: [Compensated::default(); K], cross: [[0.0; K]; K], open: None }
    }
}

impl<const K: usize> ClusterMoments<K> {
    /// Adds one row of cluster `cluster`.
    pub fn push(&mut self, cluster: u64, row: [f64; K]) {
        self.rows += 1;
        for (sum, value) in self.sums.iter_mut().zip(row) {
            sum.add(value);
        }
        match &mut self.open {
            Some((key, open)) if *key == cluster => open.iter_mut().zip(row).for_each(|(s, v)| *s += v),
            _ => {
                self.close();
                self.open = Some((cluster, row));
            }
        }
    }

    /// Adds the rows of `other`, whose clusters must all be different from this one's.
    pub fn merge(&mut self, mut other: Self) {
        self.close();
        other.close();
        self.rows += other.rows;
        self.clusters += other.clusters;
        for (sum, theirs) in self.sums.iter_mut().zip(other.sums) {
            sum.add(theirs.total());
        }
        for (mine, theirs) in self.cross.iter_mut().flatten().zip(other.cross.iter().flatten()) {
            *mine += theirs;
        }
    }

    /// How many rows there were.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// How many clusters there were.
    pub fn clusters(&self) -> u64 {
        self.clusters + u64::from(self.open.is_some())
    }

    /// The sums over all rows.
    pub fn sums(&self) -> [f64; K] {
        self.sums.map(Compensated::total)
    }

    /// Variance of a smooth function of the sums by the delta method, from its `gradient` at [`sums`](Self::sums):
    /// C/(C−1) · gᵀ (Σ_c S_c S_cᵀ) g, with S_c the sums within cluster c. Exact centring holds for functions that don't
    /// change when all sums are scaled (ratios and their differences), for which gᵀ Σ_c S_c = 0. `None` with fewer than
    /// two clusters.
    pub fn variance(&self, gradient: [f64; K]) -> Option<f64> {
        let mut whole = self.clone();
        whole.close();
        if whole.clusters < 2 {
            return None;
        }
        let mut quadratic = 0.0;
        for (row, gi) in whole.cross.iter().zip(gradient) {
            for (product, gj) in row.iter().zip(gradient) {
                quadratic += gi * product * gj;
            }
        }
        let clusters = whole.clusters as f64;
        Some(quadratic.max(0.0) * clusters / (clusters - 1.0))
    }

    fn close(&mut self) {
        if let Some((_, sums)) = self.open.take() {
            self.clusters += 1;
            for (row, a) in self.cross.iter_mut().zip(sums) {
                row.iter_mut().zip(sums).for_each(|(cell, b)| *cell += a * b);
            }
        }
    }
}

/// Neumaier's compensated sum: the error does not grow with the number of terms.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Compensated {
    sum: f64,
    lost: f64,
}

impl Compensated {
    fn add(&mut self, value: f64) {
        let next = self.sum + value;
        self.lost += if self.sum.abs() >= value.abs() { (self.sum - next) + value } else { (value - next) + self.sum };
        self.sum = next;
    }

    fn total(self) -> f64 {
        self.sum + self.lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variance_of_a_mean_of_singletons_is_s_squared_over_n() {
        let values = [1.0, 4.0, 2.0, 9.0];
        let mut moments = ClusterMoments::<2>::default();
        values.iter().enumerate().for_each(|(i, v)| moments.push(i as u64, [*v, 1.0]));
        let n = 4.0;
        let mean: f64 = values.iter().sum::<f64>() / n;
        let s2 = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let variance = moments.variance([1.0 / n, -mean / n]).unwrap();
        assert!((variance - s2 / n).abs() < 1e-12, "{variance} {}", s2 / n);
    }

    #[test]
    fn a_member_seen_many_times_counts_as_one_cluster() {
        let mut moments = ClusterMoments::<1>::default();
        (0..10).for_each(|_| moments.push(7, [1.0]));
        assert_eq!((moments.rows(), moments.clusters()), (10, 1));
        assert_eq!(moments.variance([0.1]), None);
    }

    #[test]
    fn small_terms_survive_beside_large_ones() {
        let mut moments = ClusterMoments::<1>::default();
        for value in [1e16, 1.0, -1e16] {
            moments.push(0, [value]);
        }
        assert_eq!(moments.sums(), [1.0]);
    }
}
