//! Cumulative importance weights of one episode: ρ_{0:t} = Π_{k≤t} π_e(a_k|s_k) / π_b(a_k|s_k).

use super::{End, Episode, Step};

/// Largest weight that is computed with. Beyond it squares and sums leave the range of a double, so the estimate is
/// refused.
pub const LARGEST_WEIGHT: f64 = 1e100;

/// One step with its weights.
#[derive(Debug, Clone, Copy)]
pub(super) struct WeightedStep<'a> {
    pub step: &'a Step,
    /// γ^t.
    pub discount: f64,
    /// ρ_{0:t−1}, 1 at the first step.
    pub before: f64,
    /// ρ_{0:t}.
    pub weight: f64,
}

/// An episode with its cumulative weights.
#[derive(Debug)]
pub(super) struct Weighted<'a> {
    pub steps: Vec<WeightedStep<'a>>,
    /// ρ_{0:T−1} of the last step.
    pub last: f64,
    /// v̂ at a cut; 0 after a true end and where no v̂ was given.
    pub end_value: f64,
    /// γ^T.
    pub end_discount: f64,
}

impl<'a> Weighted<'a> {
    /// `None` if a cumulative weight is beyond [`LARGEST_WEIGHT`].
    pub fn new(episode: &Episode<'a>, discount: f64) -> Option<Self> {
        let mut steps = Vec::with_capacity(episode.steps.len());
        let (mut weight, mut power) = (1.0, 1.0);
        for step in episode.steps {
            let before = weight;
            weight *= ratio(step);
            // Not a plain comparison: 0 · ∞ is NaN and must be refused as well.
            if !(0.0..=LARGEST_WEIGHT).contains(&weight) {
                return None;
            }
            steps.push(WeightedStep { step, discount: power, before, weight });
            power *= discount;
        }
        let end_value = match episode.end {
            End::Truncated { value: Some(value) } => value,
            _ => 0.0,
        };
        Some(Weighted { steps, last: weight, end_value, end_discount: power })
    }

    /// Σ_t γ^t r_t.
    pub fn discounted_return(&self) -> f64 {
        self.steps.iter().map(|s| s.discount * s.step.reward).sum()
    }
}

impl WeightedStep<'_> {
    /// ρ_{0:t} (r_t − q̂(s_t, a_t)); NaN without a model, 0 where the weight is.
    pub fn correction(&self) -> f64 {
        match self.step.model {
            _ if self.weight == 0.0 => 0.0,
            Some(model) => self.weight * (self.step.reward - model.q_logged),
            None => f64::NAN,
        }
    }

    /// ρ_{0:t−1} v̂(s_t); NaN without a model, 0 where the weight is.
    pub fn baseline(&self) -> f64 {
        match self.step.model {
            _ if self.before == 0.0 => 0.0,
            Some(model) => self.before * model.v_target,
            None => f64::NAN,
        }
    }
}

/// The weight of one step by itself.
pub(super) fn ratio(step: &Step) -> f64 {
    step.target / step.propensity
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(target: f64, propensity: f64) -> Step {
        Step { reward: 1.0, propensity, target, model: None, state: None }
    }

    #[test]
    fn weights_multiply_and_discounts_follow_the_step() {
        let steps = [step(0.5, 0.25), step(0.3, 0.6), step(0.0, 0.5)];
        let episode = Episode { steps: &steps, end: End::Truncated { value: Some(7.0) } };
        let weighted = Weighted::new(&episode, 0.5).unwrap();
        let seen: Vec<_> = weighted.steps.iter().map(|s| (s.discount, s.before, s.weight)).collect();
        assert_eq!(seen, [(1.0, 1.0, 2.0), (0.5, 2.0, 1.0), (0.25, 1.0, 0.0)]);
        assert_eq!((weighted.last, weighted.end_value, weighted.end_discount), (0.0, 7.0, 0.125));
        assert_eq!(weighted.discounted_return(), 1.75);
    }

    #[test]
    fn a_product_out_of_range_is_none_even_if_it_would_come_back() {
        let mut steps = vec![step(1.0, 1e-3); 40];
        steps.push(step(0.0, 1.0));
        assert!(Weighted::new(&Episode { steps: &steps, end: End::Terminated }, 1.0).is_none());
        let infinite = [step(0.0, 1.0), step(1.0, 5e-324)];
        assert!(Weighted::new(&Episode { steps: &infinite, end: End::Terminated }, 1.0).is_none());
    }
}
