//! Rewards in money for learners whose settings suit [0, 1].

use super::traits::{Choice, OnlineLearner};
use guerdon_core::{Error, Result, Seed};

/// A learner that is told (reward − low) / (high − low), cut to [0, 1], instead of the reward.
pub struct Ranged<'a> {
    learner: &'a mut dyn OnlineLearner,
    low: f64,
    high: f64,
    cut: u64,
}

impl<'a> Ranged<'a> {
    /// `learner` for rewards from `low` to `high`.
    ///
    /// # Errors
    /// [`Error::Config`] for ends that are not finite or not in this order.
    pub fn new(learner: &'a mut dyn OnlineLearner, low: f64, high: f64) -> Result<Ranged<'a>> {
        if low.is_finite() && high.is_finite() && low < high {
            return Ok(Ranged { learner, low, high, cut: 0 });
        }
        let wanted = "two finite numbers, the smaller first, would do";
        Err(Error::config("online", "reward range", format!("{low},{high}"), wanted))
    }

    /// How many rewards lay outside and counted as the nearer end.
    pub fn cut(&self) -> u64 {
        self.cut
    }
}

impl OnlineLearner for Ranged<'_> {
    fn inputs(&self) -> usize {
        self.learner.inputs()
    }

    fn actions(&self) -> usize {
        self.learner.actions()
    }

    fn draw_seed(&self) -> Seed {
        self.learner.draw_seed()
    }

    fn probabilities(&mut self, x: &[f32], eligible: &[bool], out: &mut [f64]) -> Result<()> {
        self.learner.probabilities(x, eligible, out)
    }

    fn choose(&mut self, x: &[f32], eligible: &[bool], decision: &str) -> Result<Choice> {
        self.learner.choose(x, eligible, decision)
    }

    fn update(&mut self, x: &[f32], action: usize, propensity: f64, reward: f64) -> Result<()> {
        let cut = reward < self.low || reward > self.high;
        let mut unit = (reward - self.low) / (self.high - self.low);
        if reward.is_finite() {
            unit = unit.clamp(0.0, 1.0);
        }
        self.learner.update(x, action, propensity, unit)?;
        self.cut += u64::from(cut);
        Ok(())
    }
}
