//! Progressive validation: every step is decided before its reward is learned (Blum, Kalai & Langford 1999).

use super::traits::OnlineLearner;
use guerdon_core::{Error, Result};
use serde::{Deserialize, Serialize};

/// One step of a stream of which every arm's reward is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step<'a> {
    /// The context, `[inputs]`.
    pub x: &'a [f32],
    /// Which arms may be taken, `[actions]`; all where it is `None`.
    pub eligible: Option<&'a [bool]>,
    /// What each arm pays, `[actions]`. The learner sees that of the arm that it takes.
    pub rewards: &'a [f64],
    /// What each arm is expected to pay, `[actions]`, if it is known: regret is counted in it.
    pub expected: Option<&'a [f64]>,
}

/// The state of a replay after some steps.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Steps so far.
    pub step: u64,
    /// Mean realised reward so far.
    pub mean_reward: f64,
    /// Sum so far of the best eligible arm's expected reward less that of the arm taken. `None` where a step did not say
    /// what is expected.
    pub regret: Option<f64>,
}

/// What a replay found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Replay {
    /// After the last step. Mean reward is 0 where there was none.
    pub last: Point,
    /// After every so many steps.
    pub curve: Vec<Point>,
    /// How often each arm was taken, `[actions]`.
    pub taken: Vec<u64>,
    /// The smallest propensity of an action that was taken; 1 where there was none.
    pub least_propensity: f64,
}

/// Lets `learner` decide and learn along `stream`, with a point on the curve every `every` steps (0: no curve). The
/// decision key of step t, from 0, is `t` in decimals.
///
/// # Errors
/// Those of the learner, and [`Error::Config`] for rewards that are not one per arm.
pub fn replay<'a>(
    stream: impl IntoIterator<Item = Step<'a>>,
    learner: &mut dyn OnlineLearner,
    every: u64,
) -> Result<Replay> {
    let actions = learner.actions();
    let all = vec![true; actions];
    let mut taken = vec![0; actions];
    let mut curve = vec![];
    let (mut total, mut regret, mut least_propensity) = (0.0, Some(0.0), 1f64);
    let mut last = Point { step: 0, mean_reward: 0.0, regret };
    for step in stream {
        let eligible = step.eligible.unwrap_or(&all);
        for numbers in [Some(step.rewards), step.expected].into_iter().flatten() {
            if numbers.len() != actions {
                let wanted = format!("one for each of {actions} arms would do");
                return Err(Error::config("replay", "rewards", format!("{} numbers", numbers.len()), wanted));
            }
        }
        let choice = learner.choose(step.x, eligible, &last.step.to_string())?;
        let reward = step.rewards.get(choice.action).copied().unwrap_or_default();
        learner.update(step.x, choice.action, choice.propensity, reward)?;
        total += reward;
        regret = regret.zip(step.expected).map(|(regret, expected)| {
            let best = expected.iter().zip(eligible).filter(|(_, eligible)| **eligible);
            let best = best.map(|(expected, _)| *expected).fold(f64::NEG_INFINITY, f64::max);
            regret + best - expected.get(choice.action).copied().unwrap_or_default()
        });
        if let Some(taken) = taken.get_mut(choice.action) {
            *taken += 1;
        }
        least_propensity = least_propensity.min(choice.propensity);
        let step = last.step + 1;
        last = Point { step, mean_reward: total / step as f64, regret };
        if every > 0 && step.is_multiple_of(every) {
            curve.push(last);
        }
    }
    Ok(Replay { last, curve, taken, least_propensity })
}
