//! Poisson bootstrap over members (Oza & Russell 2001; Chamandy et al. 2012): sums with a column per replicate.
//!
//! In replicate b all episodes of a member count k times, k ~ Poisson(1) drawn from (seed, member, b). The draw does not
//! depend on what else is in the log, so the columns of two parts just add up.

use crate::bootstrap::draw;
use crate::moments::Compensated;
use guerdon_core::Seed;

/// Replicates of the bootstrap. The standard deviation over them is within about 5 % (1/√(2·200)) of its limit.
pub const REPLICATES: usize = 200;

/// How often a member counts: first column 1 (the log itself), then a Poisson(1) draw for each replicate.
pub(super) fn multipliers(seed: Seed, member: u64) -> Vec<f64> {
    let mut counts = [0; REPLICATES];
    draw(seed, member, &mut counts);
    std::iter::once(1.0).chain(counts.map(f64::from)).collect()
}

/// A sum with a column for the log and one per replicate. Nothing is allocated until something is added.
#[derive(Debug, Clone, Default)]
pub(super) struct Replicated(Vec<Compensated>);

impl Replicated {
    /// Adds `value` to each column as often as `multipliers` says.
    pub fn add(&mut self, value: f64, multipliers: &[f64]) {
        if value == 0.0 {
            return;
        }
        if self.0.is_empty() {
            self.0 = vec![Compensated::default(); multipliers.len()];
        }
        for (column, times) in self.0.iter_mut().zip(multipliers) {
            if *times != 0.0 {
                column.add(value * times);
            }
        }
    }

    /// Adds another's columns.
    pub fn merge(&mut self, other: &Replicated) {
        if self.0.is_empty() {
            self.0.clone_from(&other.0);
        } else {
            self.0.iter_mut().zip(&other.0).for_each(|(mine, theirs)| mine.merge(*theirs));
        }
    }

    /// The total of a column: 0 for the log itself, 1 to [`REPLICATES`] for the replicates.
    pub fn total(&self, column: usize) -> f64 {
        self.0.get(column).map_or(0.0, |sum| sum.total())
    }
}

/// Variance of a value over the replicates, times C/(C−1) for C members as in `ClusterMoments`. `None` if there are fewer
/// than two members or a replicate has no finite value.
pub(super) fn variance(members: u64, value: impl Fn(usize) -> f64) -> Option<f64> {
    let values: Vec<f64> = (1..=REPLICATES).map(value).collect();
    if members < 2 || values.iter().any(|v| !v.is_finite()) {
        return None;
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    let members = members as f64;
    Some(squares / (values.len() - 1) as f64 * members / (members - 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_have_the_mean_and_variance_of_poisson_1() {
        let draws: Vec<f64> = (0..100).flat_map(|m| multipliers(Seed(5), m).split_off(1)).collect();
        let n = draws.len() as f64;
        let mean = draws.iter().sum::<f64>() / n;
        let variance = draws.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / n;
        assert_eq!(n, 20_000.0);
        assert!((mean - 1.0).abs() < 0.03, "{mean}");
        assert!((variance - 1.0).abs() < 0.05, "{variance}");
    }

    #[test]
    fn the_variance_of_a_mean_is_near_s_squared_over_n() {
        let values: Vec<f64> = (0..400).map(|i| Seed(9).uniform_indexed(i)).collect();
        let (mut sum, mut count) = (Replicated::default(), Replicated::default());
        for (member, value) in values.iter().enumerate() {
            let multipliers = multipliers(Seed(1), member as u64);
            sum.add(*value, &multipliers);
            count.add(1.0, &multipliers);
        }
        let mean = values.iter().sum::<f64>() / 400.0;
        let plain = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 399.0 / 400.0;
        let bootstrap = variance(400, |b| sum.total(b) / count.total(b)).unwrap();
        assert!((bootstrap / plain).sqrt() > 0.85 && (bootstrap / plain).sqrt() < 1.15, "{bootstrap} {plain}");
        assert_eq!(variance(1, |_| 0.0), None);
        assert_eq!(variance(9, |b| if b == 7 { f64::NAN } else { 0.0 }), None);
    }
}
