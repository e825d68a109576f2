//! Value and cost of several policies on the same decisions, summed jointly, so that any smooth function of them has an
//! interval clustered by member.

use guerdon_ope::{Difference, JointMoments};
use statrs::distribution::{ContinuousCDF, Normal};

/// Per decision and policy the doubly robust terms v̂ + w (r − q̂) of value and of cost; their means are the estimates.
#[derive(Debug, Clone)]
pub(super) struct Trace {
    moments: JointMoments,
    row: Vec<f64>,
}

/// A number with how it changes with each mean.
#[derive(Debug, Clone)]
pub(super) struct Smooth {
    pub(super) value: f64,
    gradient: Vec<f64>,
}

impl Trace {
    pub(super) fn new(policies: usize) -> Trace {
        let width = 2 * policies + 1;
        Trace { moments: JointMoments::new(width), row: vec![0.0; width] }
    }

    /// Adds a decision; `terms` gives (value, cost) of each policy. A member's decisions must follow each other.
    pub(super) fn push(&mut self, member: u64, terms: impl Iterator<Item = (f64, f64)>) {
        for (place, (value, cost)) in self.row.chunks_exact_mut(2).zip(terms) {
            place.copy_from_slice(&[value, cost]);
        }
        if let Some(one) = self.row.last_mut() {
            *one = 1.0;
        }
        self.moments.push(member, &self.row);
    }

    fn mean(&self, place: usize) -> f64 {
        self.moments.sum(place) / self.moments.rows().max(1) as f64
    }

    pub(super) fn members(&self) -> u64 {
        self.moments.clusters()
    }

    pub(super) fn decisions(&self) -> u64 {
        self.moments.rows()
    }

    fn smooth(&self, place: usize) -> Smooth {
        let mut gradient = vec![0.0; self.row.len()];
        gradient[place] = 1.0;
        Smooth { value: self.mean(place), gradient }
    }

    /// The value of a policy.
    pub(super) fn value(&self, policy: usize) -> Smooth {
        self.smooth(2 * policy)
    }

    /// The cost of a policy.
    pub(super) fn cost(&self, policy: usize) -> Smooth {
        self.smooth(2 * policy + 1)
    }

    /// A cost that is given, not estimated.
    pub(super) fn fixed(&self, value: f64) -> Smooth {
        Smooth { value, gradient: vec![0.0; self.row.len()] }
    }

    /// The number with its interval by the delta method.
    pub(super) fn interval(&self, of: &Smooth, confidence: f64) -> Difference {
        let n = self.moments.rows().max(1) as f64;
        let mut over_sums: Vec<f64> = of.gradient.iter().map(|g| g / n).collect();
        let own: f64 = of.gradient.iter().enumerate().map(|(place, g)| g * self.mean(place)).sum();
        if let Some(one) = over_sums.last_mut() {
            *one -= own / n;
        }
        let z = Normal::standard().inverse_cdf(0.5 + confidence / 2.0);
        let half = self.moments.variance(&over_sums).map(|variance| z * variance.sqrt());
        Difference { value: of.value, lower: half.map(|half| of.value - half), upper: half.map(|half| of.value + half) }
    }
}

impl Smooth {
    /// self + factor · other.
    pub(super) fn plus(&self, factor: f64, other: &Smooth) -> Smooth {
        let gradient = self.gradient.iter().zip(&other.gradient).map(|(a, b)| a + factor * b).collect();
        Smooth { value: self.value + factor * other.value, gradient }
    }

    /// self · other.
    pub(super) fn times(&self, other: &Smooth) -> Smooth {
        let both = self.gradient.iter().zip(&other.gradient);
        let gradient = both.map(|(a, b)| a * other.value + b * self.value).collect();
        Smooth { value: self.value * other.value, gradient }
    }

    /// self / other.
    pub(super) fn over(&self, other: &Smooth) -> Smooth {
        let value = self.value / other.value;
        let both = self.gradient.iter().zip(&other.gradient);
        Smooth { value, gradient: both.map(|(a, b)| (a - value * b) / other.value).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_of_a_difference_of_means_is_that_of_the_textbook() {
        let rows = [(1.0, 0.5), (4.0, 0.1), (2.0, 0.9), (9.0, 0.3), (3.0, 0.2)];
        let mut trace = Trace::new(2);
        for (member, (a, b)) in rows.iter().enumerate() {
            trace.push(member as u64, [(*a, *b), (*b, 0.0)].into_iter());
        }
        let n = rows.len() as f64;
        let d: Vec<f64> = rows.iter().map(|(a, b)| a - b).collect();
        let mean = d.iter().sum::<f64>() / n;
        let se = (d.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0) / n).sqrt();
        let found = trace.interval(&trace.value(0).plus(-1.0, &trace.value(1)), 0.95);
        assert!((found.value - mean).abs() < 1e-12);
        assert!((found.upper.unwrap() - mean - 1.959_963_985 * se).abs() < 1e-7, "{found:?}");
    }

    #[test]
    fn products_and_ratios_have_the_slopes_of_calculus() {
        let trace = Trace::new(1);
        let (mut a, mut b) = (trace.value(0), trace.cost(0));
        (a.value, b.value) = (3.0, 4.0);
        assert_eq!(a.times(&b).gradient, [4.0, 3.0, 0.0]);
        assert_eq!(a.over(&b).gradient, [0.25, -3.0 / 16.0, 0.0]);
    }
}
