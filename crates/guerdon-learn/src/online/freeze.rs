//! From an online learner to an ordinary bundle that decides as the learner would without learning on.

use super::config::Explorer;
use super::features::Features;
use super::learner::Learner;
use super::ridge::Link;
use guerdon_core::{Error, Result};
use guerdon_policy::{Dense, Exploration, MlpModel, OutcomeModel, Policy, PolicyParts, heads};

/// The head that the learner's reward is written to. The other heads say 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrozenHead {
    /// Revenue, in major units: for rewards that are money, cost already taken off. With margin 1, no prices and no
    /// contact cost, a score is the learner's estimate. Under the logistic link it is the log odds: the order of the arms
    /// is the learner's, the unit is not money.
    Revenue,
    /// The chance of reaching this stage, from 0: for rewards that are 1 where the stage was reached, else 0. Exact under
    /// the logistic link, clamped to [0, 1] under the identity. An objective gives stages no score of their own.
    Stage(usize),
}

/// A log odds so low that its chance counts as 0.
const NEVER: f32 = -80.0;

impl Learner {
    /// The estimates as an outcome model for `stages` funnel stages: linear heads, or one sigmoid layer under the logistic
    /// link. An ensemble freezes to its mean, cover to its reward model.
    ///
    /// # Shapes
    /// Inputs: those of the contexts learned from, so encode them with the bundle's encoder.
    ///
    /// # Errors
    /// [`Error::Config`] for features that are not linear, a stage that there is not, or weights out of a float's range.
    pub fn outcome_model(&self, stages: usize, head: FrozenHead) -> Result<OutcomeModel> {
        if self.config.features != Features::Linear {
            return Err(refused("features", "fourier", "linear features would do: a bundle has no Fourier layer"));
        }
        let place = match head {
            FrozenHead::Revenue => heads(stages) - 1,
            FrozenHead::Stage(stage) if stage < stages => stage,
            FrozenHead::Stage(stage) => {
                return Err(refused("stage", stage, &format!("one of {stages} stages, from 0, would do")));
            }
        };
        let (inputs, outputs) = (self.map.width().saturating_sub(1), heads(stages) * self.actions);
        let logistic = self.config.ridge.link == Link::Logistic;
        let mut weights = vec![0.0; inputs * outputs];
        let mut bias = vec![0.0; outputs];
        if logistic {
            bias.iter_mut().take((heads(stages) - 1) * self.actions).for_each(|bias| *bias = NEVER);
        }
        let models = match self.config.explorer {
            Explorer::Cover { .. } => 1,
            _ => self.models.len(),
        };
        for action in 0..self.actions {
            let output = place * self.actions + action;
            let mut mean = vec![0.0; inputs + 1];
            let arms = self.models.iter().take(models).filter_map(|model| model.arms.get(action));
            for arm in arms {
                mean.iter_mut().zip(arm.weights()).for_each(|(sum, weight)| *sum += weight / models as f64);
            }
            if let Some((place, intercept)) = bias.get_mut(output).zip(mean.first()) {
                *place = *intercept as f32;
            }
            for (row, weight) in weights.chunks_exact_mut(outputs).zip(mean.iter().skip(1)) {
                if let Some(place) = row.get_mut(output) {
                    *place = *weight as f32;
                }
            }
        }
        if !weights.iter().chain(&bias).all(|weight| weight.is_finite()) {
            return Err(refused("weights", "out of range", "weights that a float can hold would do"));
        }
        let layer = Dense { inputs, outputs, weights, bias };
        Ok(if logistic {
            OutcomeModel::Mlp(MlpModel { layers: vec![layer], revenue_stage: None })
        } else {
            OutcomeModel::Linear(layer)
        })
    }

    /// The exploration that goes with the frozen model: ε-greedy and softmax stay what they are (softmax under the
    /// identity link only), every other rule becomes ε-greedy with ε = floor, or greedy without one.
    pub fn exploration(&self) -> Exploration {
        let floor = self.config.floor;
        match self.config.explorer {
            Explorer::EpsilonGreedy { epsilon } => {
                Exploration::EpsilonGreedy { epsilon: 1.0 - (1.0 - epsilon) * (1.0 - floor) }
            }
            Explorer::Softmax { temperature } if floor == 0.0 && self.config.ridge.link == Link::Identity => {
                Exploration::Softmax { temperature, floor }
            }
            _ if floor > 0.0 => Exploration::EpsilonGreedy { epsilon: floor },
            _ => Exploration::Greedy,
        }
    }

    /// `parts` with this learner's outcome model and exploration in place of their own, as a policy. The arms are the
    /// catalogue's actions in order.
    ///
    /// # Errors
    /// As [`Learner::outcome_model`] and [`Policy::new`].
    pub fn freeze(&self, parts: PolicyParts, head: FrozenHead) -> Result<Policy> {
        let model = self.outcome_model(parts.stages.len(), head)?;
        Policy::new(PolicyParts { model, exploration: self.exploration(), ..parts })
    }
}

fn refused(key: &str, given: impl ToString, wanted: &str) -> Error {
    Error::config("freeze", key, given, wanted)
}
