//! Sums over rows and their cross-products over clusters: all that an estimator and its interval need.

/// Sums of several numbers a row, and the cross-products of their sums within clusters (members). Mergeable; memory does
/// not grow with the log. Rows of one cluster must follow each other.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct JointMoments {
    rows: u64,
    clusters: u64,
    sums: Vec<Compensated>,
    /// Upper triangle, row by row.
    cross: Vec<f64>,
    open: Vec<f64>,
    key: Option<u64>,
}

impl JointMoments {
    /// For `width` numbers a row.
    pub fn new(width: usize) -> Self {
        JointMoments {
            rows: 0,
            clusters: 0,
            sums: vec![Compensated::default(); width],
            cross: vec![0.0; width * (width + 1) / 2],
            open: vec![0.0; width],
            key: None,
        }
    }

    /// Numbers a row.
    pub fn width(&self) -> usize {
        self.sums.len()
    }

    /// Adds one row of cluster `cluster`, [`width`](Self::width) numbers long.
    pub fn push(&mut self, cluster: u64, row: &[f64]) {
        self.rows += 1;
        for (sum, value) in self.sums.iter_mut().zip(row) {
            sum.add(*value);
        }
        if self.key == Some(cluster) {
            self.open.iter_mut().zip(row).for_each(|(s, v)| *s += v);
        } else {
            self.close();
            self.key = Some(cluster);
            self.open.copy_from_slice(row);
        }
    }

    /// Adds the rows of `other`, whose clusters must all be different from this one's.
    pub fn merge(&mut self, mut other: Self) {
        self.close();
        other.close();
        self.rows += other.rows;
        self.clusters += other.clusters;
        self.sums.iter_mut().zip(other.sums).for_each(|(mine, theirs)| mine.merge(theirs));
        self.cross.iter_mut().zip(&other.cross).for_each(|(mine, theirs)| *mine += theirs);
    }

    /// How many rows there were.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// How many clusters there were.
    pub fn clusters(&self) -> u64 {
        self.clusters + u64::from(self.key.is_some())
    }

    /// The sum of the `index`-th number over all rows.
    pub fn sum(&self, index: usize) -> f64 {
        self.sums[index].total()
    }

    /// Covariance of two smooth functions of the sums by the delta method, from their gradients at the sums:
    /// C/(C−1) · gᵀ (Σ_c S_c S_cᵀ) h, with S_c the sums within cluster c. Exact centring holds for functions that don't
    /// change when all sums are scaled (ratios and their differences), for which gᵀ Σ_c S_c = 0. `None` with fewer than
    /// two clusters.
    pub fn covariance(&self, g: &[f64], h: &[f64]) -> Option<f64> {
        let clusters = self.clusters() as f64;
        if clusters < 2.0 {
            return None;
        }
        let (mut total, mut place) = (0.0, 0);
        for (i, (gi, hi)) in g.iter().zip(h).enumerate() {
            for (j, (gj, hj)) in g.iter().zip(h).enumerate().skip(i) {
                let open = if self.key.is_some() { self.open[i] * self.open[j] } else { 0.0 };
                let factor = if i == j { gi * hi } else { gi * hj + gj * hi };
                if factor != 0.0 {
                    total += factor * (self.cross[place] + open);
                }
                place += 1;
            }
        }
        Some(total * clusters / (clusters - 1.0))
    }

    /// Variance of a smooth function of the sums, as [`covariance`](Self::covariance) with itself.
    pub fn variance(&self, gradient: &[f64]) -> Option<f64> {
        self.covariance(gradient, gradient).map(|variance| variance.max(0.0))
    }

    fn close(&mut self) {
        if self.key.take().is_some() {
            self.clusters += 1;
            let mut place = self.cross.iter_mut();
            for (i, a) in self.open.iter().enumerate() {
                // In this order: the other would lose a cell where the row ends.
                for (b, cell) in self.open[i..].iter().zip(place.by_ref()) {
                    *cell += a * b;
                }
            }
        }
    }
}

/// [`JointMoments`] of `K` numbers, `K` known when compiled.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterMoments<const K: usize>(JointMoments);

impl<const K: usize> Default for ClusterMoments<K> {
    fn default() -> Self {
        Self(JointMoments::new(K))
    }
}

impl<const K: usize> ClusterMoments<K> {
    /// As [`JointMoments::push`].
    pub fn push(&mut self, cluster: u64, row: [f64; K]) {
        self.0.push(cluster, &row);
    }

    /// As [`JointMoments::merge`].
    pub fn merge(&mut self, other: Self) {
        self.0.merge(other.0);
    }

    /// How many rows there were.
    pub fn rows(&self) -> u64 {
        self.0.rows()
    }

    /// How many clusters there were.
    pub fn clusters(&self) -> u64 {
        self.0.clusters()
    }

    /// The sums over all rows.
    pub fn sums(&self) -> [f64; K] {
        std::array::from_fn(|index| self.0.sum(index))
    }

    /// As [`JointMoments::variance`].
    pub fn variance(&self, gradient: [f64; K]) -> Option<f64> {
        self.0.variance(&gradient)
    }

    /// As [`JointMoments::covariance`].
    pub fn covariance(&self, g: [f64; K], h: [f64; K]) -> Option<f64> {
        self.0.covariance(&g, &h)
    }
}

/// Neumaier's compensated sum: the error does not grow with the number of terms.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Compensated {
    sum: f64,
    lost: f64,
}

impl Compensated {
    pub(crate) fn add(&mut self, value: f64) {
        let next = self.sum + value;
        self.lost += if self.sum.abs() >= value.abs() { (self.sum - next) + value } else { (value - next) + self.sum };
        self.sum = next;
    }

    /// Adds another sum with what it had lost.
    pub(crate) fn merge(&mut self, other: Self) {
        self.add(other.sum);
        self.add(other.lost);
    }

    pub(crate) fn total(self) -> f64 {
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
    fn the_covariance_of_two_means_is_that_of_the_textbook() {
        let pairs = [(1.0, 2.0), (4.0, 1.0), (2.0, 7.0), (9.0, 3.0)];
        let mut moments = ClusterMoments::<3>::default();
        pairs.iter().enumerate().for_each(|(i, (a, b))| moments.push(i as u64, [*a, *b, 1.0]));
        let (n, ma, mb) = (4.0, 4.0, 3.25);
        let textbook = pairs.iter().map(|(a, b)| (a - ma) * (b - mb)).sum::<f64>() / (n - 1.0) / n;
        let found = moments.covariance([1.0 / n, 0.0, -ma / n], [0.0, 1.0 / n, -mb / n]).unwrap();
        assert!((found - textbook).abs() < 1e-12, "{found} {textbook}");
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
