//! How heavy the tail of the weights is: the shape k̂ of a generalised Pareto distribution fitted to the largest weights,
//! as in Pareto-smoothed importance sampling (Vehtari, Simpson, Gelman, Yao & Gabry 2024).
//!
//! Weights have a mean where k < 1 and a variance where k < ½; up to k̂ = 0.7 estimates are known to behave.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Most weights that are kept: the tail of 3√n, up to nearly two million rows; beyond that the largest of them.
const KEPT: usize = 4096;

/// Fewer weights than this in the tail can't tell its shape.
const LEAST: usize = 5;

/// The largest weights. Mergeable; memory does not grow with the log.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tail {
    heap: BinaryHeap<Least>,
}

/// Orders weights so that the heap's top is the smallest.
#[derive(Debug, Clone, Copy)]
struct Least(f64);

impl Ord for Least {
    fn cmp(&self, other: &Self) -> Ordering {
        other.0.total_cmp(&self.0)
    }
}

impl PartialOrd for Least {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Least {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Least {}

impl Tail {
    /// Sees a weight.
    pub(crate) fn push(&mut self, weight: f64) {
        if self.heap.len() < KEPT {
            self.heap.push(Least(weight));
        } else if self.heap.peek().is_some_and(|least| least.0 < weight) {
            self.heap.pop();
            self.heap.push(Least(weight));
        }
    }

    pub(crate) fn merge(&mut self, other: Tail) {
        other.heap.into_iter().for_each(|least| self.push(least.0));
    }

    /// k̂ of the tail of `n` weights; `None` where there are too few. Weights that tie with the tail's lower end are no
    /// exceedances: designs with few probabilities have many, and the fit would take their zeros for a spike.
    pub(crate) fn shape(&self, n: u64) -> Option<f64> {
        let n = n as f64;
        let tail = (0.2 * n).min(3.0 * n.sqrt()).floor() as usize;
        let mut weights: Vec<f64> = self.heap.iter().map(|least| least.0).collect();
        weights.sort_unstable_by(|a, b| b.total_cmp(a));
        let tail = tail.min(weights.len().saturating_sub(1));
        if tail < LEAST {
            return None;
        }
        // Exceedances over the largest weight that is not in the tail, in rising order.
        let cut = weights[tail];
        let over = weights[..tail].iter().rev().map(|weight| weight - cut);
        let over: Vec<f64> = over.filter(|over| *over > 1e-9 * cut.abs()).collect();
        (over.len() >= LEAST).then(|| pareto_shape(&over))
    }
}

/// The quick Bayesian estimate of a generalised Pareto's shape from rising exceedances (Zhang & Stephens 2009), drawn
/// towards ½ as in PSIS (Vehtari et al. 2024, appendix G).
fn pareto_shape(over: &[f64]) -> f64 {
    let n = over.len() as f64;
    let grid = 30 + n.sqrt().floor() as usize;
    let quartile = over[((n / 4.0 + 0.5).floor() as usize).saturating_sub(1)].max(f64::MIN_POSITIVE);
    let largest = over[over.len() - 1];
    let thetas: Vec<f64> = (1..=grid)
        .map(|j| 1.0 / largest + (1.0 - (grid as f64 / (j as f64 - 0.5)).sqrt()) / (3.0 * quartile))
        .collect();
    let shape = |theta: f64| over.iter().map(|x| (-theta * x).ln_1p()).sum::<f64>() / n;
    let likelihood: Vec<f64> = thetas
        .iter()
        .map(|theta| {
            let k = shape(*theta);
            n * ((-theta / k).ln() - k - 1.0)
        })
        .collect();
    let best = likelihood.iter().copied().filter(|l| l.is_finite()).fold(f64::NEG_INFINITY, f64::max);
    let (mut sum, mut mean) = (0.0, 0.0);
    for (theta, likelihood) in thetas.iter().zip(&likelihood).filter(|(_, l)| l.is_finite()) {
        let weight = (likelihood - best).exp();
        sum += weight;
        mean += weight * theta;
    }
    (n * shape(mean / sum) + 10.0 * 0.5) / (n + 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Quantiles of a Pareto distribution with this shape.
    fn pareto(shape: f64, n: u64) -> Tail {
        let mut tail = Tail::default();
        (0..n).for_each(|i| tail.push(((i as f64 + 0.5) / n as f64).powf(-shape)));
        tail
    }

    #[test]
    fn the_shape_of_a_pareto_is_found() {
        for shape in [0.2, 0.5, 0.8, 1.2] {
            let found = pareto(shape, 200_000).shape(200_000).unwrap();
            assert!((found - shape).abs() < 0.05, "{shape}: {found}");
        }
    }

    #[test]
    fn bounded_weights_have_a_light_tail_and_equal_ones_none() {
        let mut uniform = Tail::default();
        (0..50_000).for_each(|i| uniform.push(f64::from(i) / 50_000.0));
        assert!(uniform.shape(50_000).unwrap() < 0.0);
        let mut equal = Tail::default();
        (0..1_000).for_each(|_| equal.push(1.0));
        assert_eq!(equal.shape(1_000), None);
    }

    #[test]
    fn the_few_weights_of_a_design_with_few_probabilities_have_a_light_tail() {
        let mut tail = Tail::default();
        for i in 0..40_000u32 {
            // One row in 200 has the largest weight, and the tail of 600 is cut among those of the next.
            let weight = if i % 200 == 0 {
                18.65
            } else if i % 10 == 0 {
                13.3
            } else {
                0.0
            };
            tail.push(weight * if i % 3 == 0 { 1.0 + f64::EPSILON } else { 1.0 });
        }
        assert!(tail.shape(40_000).unwrap() < 0.0);
    }

    #[test]
    fn merging_is_as_seeing_all() {
        let (mut even, mut odd, mut all) = (Tail::default(), Tail::default(), Tail::default());
        for i in 0..20_000u32 {
            let weight = (f64::from(i + 1) * 0.7).sin().abs().powf(-0.6);
            if i % 2 == 0 { &mut even } else { &mut odd }.push(weight);
            all.push(weight);
        }
        even.merge(odd);
        assert_eq!(even.shape(20_000), all.shape(20_000));
    }
}
