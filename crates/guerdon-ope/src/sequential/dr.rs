//! Doubly robust for episodes (Jiang & Li 2016, eq. 10): V_DR(t) = v̂(s_t) + ρ_t (r_t + γ V_DR(t+1) − q̂(s_t, a_t)).
//!
//! Computed forwards, which is the same sum with the brackets opened and can't overflow where the cumulative weights
//! don't: V_DR(0) = Σ_t γ^t [ρ_{0:t−1} v̂(s_t) + ρ_{0:t} (r_t − q̂(s_t, a_t))]. After a cut V_DR(T) is v̂ of the state there,
//! with weight γ^T ρ_{0:T−1}; after a true end, or where no v̂ was given, it is 0. V̂ is the mean of V_DR(0).
//!
//! Unbiased if the propensities are right or q̂ is; q̂ must come from episodes of other members.

use super::weighted::Weighted;

pub(super) fn ratio_terms(episode: &Weighted<'_>) -> (f64, f64) {
    let inside: f64 = episode.steps.iter().map(|s| s.discount * (s.baseline() + s.correction())).sum();
    (inside + episode.end_discount * episode.last * episode.end_value, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sequential::{End, Episode, Prediction, Step};

    /// The recursion as printed in the paper.
    fn backwards(steps: &[Step], discount: f64, end: f64) -> f64 {
        steps.iter().rev().fold(end, |next, step| {
            let model = step.model.unwrap();
            model.v_target + step.target / step.propensity * (step.reward + discount * next - model.q_logged)
        })
    }

    #[test]
    fn the_forward_sum_is_the_recursion() {
        let step = |reward: f64, target: f64, q: f64, v: f64| Step {
            reward,
            propensity: 0.4,
            target,
            model: Some(Prediction { q_logged: q, v_target: v }),
            state: None,
        };
        let steps = [step(1.0, 0.5, 2.0, 1.5), step(-2.0, 0.3, 0.5, 0.7), step(4.0, 0.8, 3.0, 3.5)];
        for (end, value) in
            [(End::Terminated, 0.0), (End::Truncated { value: Some(2.5) }, 2.5), (End::Truncated { value: None }, 0.0)]
        {
            let weighted = Weighted::new(&Episode { steps: &steps, end }, 0.9).unwrap();
            let (forward, one) = ratio_terms(&weighted);
            assert_eq!(one, 1.0);
            assert!((forward - backwards(&steps, 0.9, value)).abs() < 1e-12);
        }
    }
}
