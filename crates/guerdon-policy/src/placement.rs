//! Interactive placement: a reward goes to the deepest stage that the member is likely to reach.

use guerdon_core::{Error, Result, Reward};
use serde::{Deserialize, Serialize};

/// Where rewards are placed in the funnel.
///
/// Of the actions that guardrails left, an action a that pays at stage s qualifies where P(reach s | x, a) ≥ τ. The
/// deepest stage at which one qualifies is where the reward goes: actions that pay at another stage, or there with a
/// lower chance, are taken out of the choice. `none` and rewards that never pay stay. Where no action qualifies only
/// these are left; where there are none of these, everything stays and [`crate::Reason::NoStageLikely`] says so. Where
/// guardrails leave one action alone there is nothing to place.
///
/// Within the stage the score decides, so that the amount follows from what the member is worth and how the member
/// responds. Exploration comes after, so that propensities stay exact.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Placement {
    /// τ, the chance with which the stage must be reached; in (0, 1).
    pub reach: f64,
}

/// What placing came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Placed {
    /// Rewards go to this stage; whether any was taken out.
    At(usize, bool),
    /// No reward qualifies; whether they were taken out.
    Nowhere(bool),
    /// There was no reward to place.
    Nothing,
}

impl Placement {
    pub(crate) fn check(&self) -> Result<()> {
        if self.reach > 0.0 && self.reach < 1.0 {
            return Ok(());
        }
        Err(Error::config("objective", "placement.reach", self.reach, "a chance between 0 and 1 would do"))
    }

    /// Takes out of `left` what does not go to the deepest stage that qualifies.
    ///
    /// # Shapes
    /// `rewards`, `left`: `[actions]`; `outcomes`: `[heads * actions]`.
    pub(crate) fn place(&self, rewards: &[Reward], outcomes: &[f32], left: &mut [bool]) -> Placed {
        let chance = |action: usize, stage: usize| chance(outcomes, rewards.len(), action, stage);
        let (mut deepest, mut paying, mut others) = (None, 0, 0);
        for (action, reward) in rewards.iter().enumerate().filter(|(action, _)| left.get(*action) == Some(&true)) {
            match reward.pays_at {
                None => others += 1,
                Some(stage) => {
                    paying += 1;
                    if chance(action, stage) >= self.reach {
                        deepest = deepest.max(Some(stage));
                    }
                }
            }
        }
        if paying == 0 {
            return Placed::Nothing;
        }
        if deepest.is_none() && others == 0 {
            return Placed::Nowhere(false);
        }
        let mut removed = false;
        for (action, (left, reward)) in left.iter_mut().zip(rewards).enumerate() {
            let Some(stage) = reward.pays_at.filter(|_| *left) else { continue };
            *left = Some(stage) == deepest && chance(action, stage) >= self.reach;
            removed |= !*left;
        }
        deepest.map_or(Placed::Nowhere(removed), |stage| Placed::At(stage, removed))
    }
}

/// P(reach `stage` | x, `action`).
pub(crate) fn chance(outcomes: &[f32], actions: usize, action: usize, stage: usize) -> f64 {
    outcomes.get(stage * actions + action).map_or(f64::NAN, |chance| f64::from(*chance))
}

/// The reward among those `left` that pay at `stage` with which it is likeliest to be reached, and that chance.
pub(crate) fn place_of(rewards: &[Reward], outcomes: &[f32], left: &[bool], stage: usize) -> Option<(usize, f64)> {
    let paying = rewards.iter().zip(left).enumerate();
    let paying = paying.filter(|(_, (reward, left))| **left && reward.pays_at == Some(stage));
    let chances = paying.map(|(action, _)| (action, chance(outcomes, rewards.len(), action, stage)));
    chances.reduce(|best, other| if other.1 > best.1 { other } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;
    use guerdon_core::Money;

    fn reward(pays_at: Option<usize>) -> Reward {
        Reward {
            action: "a".into(),
            kind: "discount".into(),
            amount: Money(100),
            points: 0,
            threshold: None,
            pays_at,
            valid_hours: None,
            slot: None,
            channels: vec![],
        }
    }

    /// Chances of three stages for: nothing, two rewards at stage 1, two at stage 2.
    const CHANCES: [f32; 15] = [
        0.9, 0.9, 0.9, 0.9, 0.9, // stage 0
        0.1, 0.8, 0.5, 0.7, 0.7, // stage 1
        0.0, 0.4, 0.4, 0.6, 0.3, // stage 2
    ];

    fn place(reach: f64, mut left: [bool; 5]) -> (Placed, [bool; 5]) {
        let rewards = [None, Some(1), Some(1), Some(2), Some(2)].map(reward);
        let placed = Placement { reach }.place(&rewards, &CHANCES, &mut left);
        (placed, left)
    }

    #[test]
    fn the_deepest_stage_that_is_likely_enough_gets_the_reward() {
        assert_eq!(place(0.55, [true; 5]), (Placed::At(2, true), [true, false, false, true, false]));
        assert_eq!(place(0.3, [true; 5]), (Placed::At(2, true), [true, false, false, true, true]));
        assert_eq!(place(0.65, [true; 5]), (Placed::At(1, true), [true, true, false, false, false]));
    }

    #[test]
    fn what_guardrails_removed_neither_qualifies_nor_comes_back() {
        let left = [true, true, true, false, true];
        assert_eq!(place(0.55, left), (Placed::At(1, true), [true, true, false, false, false]));
        assert_eq!(place(0.1, [false, false, false, true, true]).0, Placed::At(2, false));
    }

    #[test]
    fn where_no_stage_is_likely_only_what_never_pays_is_left_if_there_is_any() {
        assert_eq!(place(0.95, [true; 5]), (Placed::Nowhere(true), [true, false, false, false, false]));
        let rewards = [false, true, true, true, true];
        assert_eq!(place(0.95, rewards), (Placed::Nowhere(false), rewards));
        let none = [true, false, false, false, false];
        assert_eq!(place(0.5, none), (Placed::Nothing, none));
    }
}
