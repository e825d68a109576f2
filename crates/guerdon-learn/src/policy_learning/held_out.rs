//! How good a policy is on members that it was not fitted to: the number that stops a run and chooses between runs.
//!
//! This is a guide for training, taken many times on the same members, and no estimate to be reported: those come from
//! members that the learner never saw.

/// A doubly robust value (Dudík et al. 2011) with its standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct HeldOut {
    /// mean over decisions of Σ_a π(a) q̂(a) + ρ (r − q̂(A)).
    pub value: f64,
    /// Its standard error, decisions of one member taken together.
    pub error: f64,
}

impl HeldOut {
    /// From each decision's term and its member (equal numbers stand next to each other): the error is
    /// √(Σ_m (Σ_{i ∈ m} (t_i − mean))²) / n, times √(k / (k − 1)) for k members. Infinite for fewer than two members.
    pub fn of(terms: &[f64], members: &[u32]) -> Self {
        let n = terms.len().max(1) as f64;
        let value = terms.iter().sum::<f64>() / n;
        let (mut squares, mut clusters, mut start) = (0.0, 0.0, 0);
        while let Some(member) = members.get(start) {
            let len = members[start..].iter().take_while(|other| *other == member).count();
            squares += terms[start..start + len].iter().map(|term| term - value).sum::<f64>().powi(2);
            clusters += 1.0;
            start += len;
        }
        let error = if clusters > 1.0 { (squares * clusters / (clusters - 1.0)).sqrt() / n } else { f64::INFINITY };
        HeldOut { value, error }
    }

    /// `caution` standard errors below the value; the value itself where the error is not known.
    pub fn bound(&self, caution: f64) -> f64 {
        if caution > 0.0 && self.error.is_finite() { self.value - caution * self.error } else { self.value }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn independent_members_give_the_standard_error_of_a_mean() {
        let found = HeldOut::of(&[1.0, 2.0, 4.0], &[5, 6, 9]);
        let variance = ((4.0f64 / 3.0).powi(2) + (1.0f64 / 3.0).powi(2) + (5.0f64 / 3.0).powi(2)) / 2.0;
        assert!((found.value - 7.0 / 3.0).abs() < 1e-12);
        assert!((found.error - (variance / 3.0).sqrt()).abs() < 1e-12);
        assert!((found.bound(2.0) - (found.value - 2.0 * found.error)).abs() < 1e-12);
    }

    #[test]
    fn a_members_decisions_count_together() {
        let single = HeldOut::of(&[1.0, 3.0], &[0, 1]);
        let doubled = HeldOut::of(&[1.0, 1.0, 3.0, 3.0], &[0, 0, 1, 1]);
        assert!((single.error - doubled.error).abs() < 1e-12);
    }

    #[test]
    fn one_member_alone_has_no_error() {
        let found = HeldOut::of(&[1.0, 3.0], &[4, 4]);
        assert_eq!((found.error, found.bound(1.0)), (f64::INFINITY, 2.0));
    }
}
