//! Online Cover (Agarwal et al. 2014), without smoothing: Cover-NU of Bietti, Agarwal & Langford (2021).

use super::explore;
use super::learner::Learner;

impl Learner {
    /// ε at this step: min(1/K, 1/√(Kt)).
    fn cover_epsilon(&self) -> f64 {
        let arms = self.actions.max(1) as f64;
        (1.0 / arms).min(1.0 / (arms * (self.steps as f64 + 1.0)).sqrt())
    }

    /// p(a) = share of the policies that choose a, not smoothed: weights 1/p are then at most the number of policies.
    pub(super) fn cover(&mut self, eligible: &[bool], out: &mut [f64]) {
        let policies = self.models.len().saturating_sub(1).max(1) as f64;
        let mut greedy = vec![0.0; self.actions];
        out.fill(0.0);
        for policy in self.models.iter_mut().skip(1) {
            policy.estimate(&self.map.values, eligible, self.steps);
            explore::greedy(&policy.means, eligible, &mut greedy);
            out.iter_mut().zip(&greedy).for_each(|(p, vote)| *p += vote / policies);
        }
    }

    /// Every policy learns every arm's doubly robust reward r̂(a) + 1[a = action] (r − r̂(a)) / p, the i-th with
    /// ψ ε / (ε + (1 − Kε) qᵢ(a)) on top, where qᵢ(a) is the share of the policies before it that choose a.
    pub(super) fn update_cover(&mut self, psi: f64, action: usize, propensity: f64, reward: f64) {
        let all = vec![true; self.actions];
        let epsilon = self.cover_epsilon();
        let kept = 1.0 - epsilon * self.actions as f64;
        let x = &self.map.values;
        let Some((base, policies)) = self.models.split_first_mut() else { return };
        base.estimate(x, &all, self.steps);
        let mut robust = base.means.clone();
        if let Some(estimate) = robust.get_mut(action) {
            *estimate += (reward - *estimate) / propensity;
        }
        if let Some(arm) = base.arms.get_mut(action) {
            arm.update(x, reward, 1.0, self.steps);
        }
        let mut greedy = vec![0.0; self.actions];
        let mut votes = vec![0.0; self.actions];
        for (before, policy) in policies.iter_mut().enumerate() {
            policy.estimate(x, &all, self.steps);
            explore::greedy(&policy.means, &all, &mut greedy);
            for ((arm, robust), votes) in policy.arms.iter_mut().zip(&robust).zip(&votes) {
                let share = votes / before.max(1) as f64;
                let bonus = if before > 0 { psi * epsilon / (epsilon + kept * share) } else { 0.0 };
                arm.update(x, robust + bonus, 1.0, self.steps);
            }
            votes.iter_mut().zip(&greedy).for_each(|(votes, vote)| *votes += vote);
        }
    }
}
