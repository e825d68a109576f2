//! What every online learner can do: give probabilities, choose, learn.

use guerdon_core::{Result, Seed};

/// An action and the chance with which it was drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Choice {
    /// The arm, from 0.
    pub action: usize,
    /// Exact chance of that arm in the draw, in (0, 1].
    pub propensity: f64,
}

/// A contextual bandit that learns one decision at a time.
pub trait OnlineLearner {
    /// How many numbers a context has.
    fn inputs(&self) -> usize;

    /// How many arms there are.
    fn actions(&self) -> usize;

    /// Where the draws of [`OnlineLearner::choose`] come from.
    fn draw_seed(&self) -> Seed;

    /// Writes the distribution from which an action would be drawn now. Arms that are not eligible get exactly 0; the
    /// others sum to 1 up to rounding. Two calls without an update between them write the same.
    ///
    /// # Shapes
    /// `x`: `[inputs]`; `eligible` and `out`: `[actions]`.
    ///
    /// # Errors
    /// [`guerdon_core::Error::Config`] for a wrong length, a context that is not finite, or no eligible arm.
    fn probabilities(&mut self, x: &[f32], eligible: &[bool], out: &mut [f64]) -> Result<()>;

    /// Draws an action from [`OnlineLearner::probabilities`] with the uniform number that the draw seed makes of
    /// `decision`. The same learner, context and decision give the same action.
    ///
    /// # Errors
    /// As [`OnlineLearner::probabilities`].
    fn choose(&mut self, x: &[f32], eligible: &[bool], decision: &str) -> Result<Choice> {
        let mut probabilities = vec![0.0; self.actions()];
        self.probabilities(x, eligible, &mut probabilities)?;
        Ok(draw(&probabilities, self.draw_seed().uniform(decision)))
    }

    /// Learns that `action`, drawn with `propensity` at `x`, earned `reward`.
    ///
    /// # Shapes
    /// `x`: `[inputs]`.
    ///
    /// # Errors
    /// [`guerdon_core::Error::Config`] for a wrong length, an arm that there is not, a propensity outside (0, 1], a
    /// number that is not finite, or a reward outside the range that the learner states. Nothing was learned then.
    fn update(&mut self, x: &[f32], action: usize, propensity: f64, reward: f64) -> Result<()>;
}

/// The arm in whose share of [0, 1) `u` falls; rounding at the end goes to the last arm that has a chance.
fn draw(probabilities: &[f64], u: f64) -> Choice {
    let mut choice = Choice { action: 0, propensity: 0.0 };
    let mut below = 0.0;
    for (action, &propensity) in probabilities.iter().enumerate().filter(|(_, p)| **p > 0.0) {
        choice = Choice { action, propensity };
        below += propensity;
        if u < below {
            break;
        }
    }
    choice
}
