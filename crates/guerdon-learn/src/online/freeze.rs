//! From an online learner to an ordinary bundle that decides as the learner would without learning on.

use super::arms::Arms;
use super::config::Explorer;
use super::features::Features;
use super::learner::Learner;
use super::normal::Normal;
use super::ridge::Link;
use super::traits::OnlineLearner;
use guerdon_core::{Error, Result};
use guerdon_policy::{
    ChanceLink, Dense, EnsembleModel, Exploration, MlpModel, OutcomeModel, Policy, PolicyParts, RevenueLink, heads,
};

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

/// How many draws from its posterior Thompson sampling freezes to; what share of them votes for an arm is some
/// 0.06 off its ideal chance at most, and is the exact chance that the policy draws by.
pub const FROZEN_DRAWS: usize = 64;

/// A log odds so low that its chance counts as 0.
const NEVER: f32 = -80.0;

impl Learner {
    /// The estimates as an outcome model for `stages` funnel stages: linear heads, one sigmoid layer under the logistic
    /// link, or an ensemble. A network's hidden units become its trunk.
    ///
    /// Where the reward is revenue under the identity link, an ensemble's members and draws from the posterior of Thompson
    /// sampling ([`FROZEN_DRAWS`], in pairs around its mean) become members that vote; else they freeze to their mean,
    /// and cover to its reward model.
    ///
    /// # Shapes
    /// Inputs: those of the contexts learned from, so encode them with the bundle's encoder.
    ///
    /// # Errors
    /// [`Error::Config`] for Fourier features, a stage that there is not, or weights out of a float's range.
    pub fn outcome_model(&self, stages: usize, head: FrozenHead) -> Result<OutcomeModel> {
        if let Features::Fourier { .. } = self.config.features {
            return Err(refused(
                "features",
                "fourier",
                "linear or network features would do: a bundle has no Fourier layer",
            ));
        }
        let place = match head {
            FrozenHead::Revenue => heads(stages) - 1,
            FrozenHead::Stage(stage) if stage < stages => stage,
            FrozenHead::Stage(stage) => {
                return Err(refused("stage", stage, &format!("one of {stages} stages, from 0, would do")));
            }
        };
        let members = self.members(head);
        let mut layers = vec![];
        for weights in &members {
            layers.push(self.layer(weights, heads(stages), place)?);
        }
        let link = match self.config.ridge.link {
            Link::Logistic => ChanceLink::Sigmoid,
            Link::Identity => ChanceLink::Clamp,
        };
        let trunk: Vec<Dense> = self.map.layer.iter().map(|layer| layer.dense()).collect();
        Ok(match (layers.pop(), trunk.is_empty() && layers.is_empty(), link) {
            (Some(layer), true, ChanceLink::Clamp) => OutcomeModel::Linear(layer),
            (Some(layer), true, ChanceLink::Sigmoid) => {
                OutcomeModel::Mlp(MlpModel { layers: vec![layer], revenue_stage: None })
            }
            (last, ..) => OutcomeModel::Ensemble(EnsembleModel {
                trunk,
                members: layers.into_iter().chain(last).map(|layer| vec![layer]).collect(),
                link,
                revenue_link: RevenueLink::Identity,
                follows: vec![],
                revenue_stage: None,
                amount: None,
                pessimism: 0.0,
            }),
        })
    }

    /// Whether the frozen policy votes, see [`Learner::outcome_model`].
    fn votes(&self, head: FrozenHead) -> bool {
        let plain = head == FrozenHead::Revenue && self.config.ridge.link == Link::Identity;
        plain
            && match self.config.explorer {
                Explorer::Bag { members, .. } => members > 1,
                Explorer::Thompson { .. } => true,
                _ => false,
            }
    }

    /// Weights `[actions][width]` of every member of the frozen model.
    fn members(&self, head: FrozenHead) -> Vec<Vec<Vec<f64>>> {
        let of = |model: &Arms| -> Vec<Vec<f64>> { model.arms.iter().map(|arm| arm.weights().to_vec()).collect() };
        match (self.config.explorer, self.votes(head)) {
            (Explorer::Bag { .. }, true) => self.models.iter().map(of).collect(),
            (Explorer::Thompson { scale, .. }, true) => {
                let mut normal = Normal::new(self.draw_seed().named("frozen"));
                let pair = |_| {
                    let Some(model) = self.models.first() else { return vec![] };
                    let steps: Vec<Vec<f64>> = model.arms.iter().map(|arm| arm.draw(scale, &mut normal)).collect();
                    let moved = |sign: f64| -> Vec<Vec<f64>> {
                        let add = |(mean, step): (Vec<f64>, &Vec<f64>)| -> Vec<f64> {
                            mean.iter().zip(step).map(|(mean, step)| mean + sign * step).collect()
                        };
                        of(model).into_iter().zip(&steps).map(add).collect()
                    };
                    vec![moved(1.0), moved(-1.0)]
                };
                (0..FROZEN_DRAWS / 2).flat_map(pair).collect()
            }
            _ => {
                let models = match self.config.explorer {
                    Explorer::Cover { .. } => 1,
                    _ => self.models.len(),
                };
                let mut mean = vec![vec![0.0; self.map.width()]; self.actions];
                for model in self.models.iter().take(models) {
                    for (sums, weights) in mean.iter_mut().zip(of(model)) {
                        sums.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += weight / models as f64);
                    }
                }
                vec![mean]
            }
        }
    }

    /// `weights` as the last layer of a model with `heads` heads, of which `place` is the reward.
    fn layer(&self, weights: &[Vec<f64>], heads: usize, place: usize) -> Result<Dense> {
        let (inputs, outputs) = (self.map.width().saturating_sub(1), heads * self.actions);
        let mut layer = Dense { inputs, outputs, weights: vec![0.0; inputs * outputs], bias: vec![0.0; outputs] };
        if self.config.ridge.link == Link::Logistic {
            layer.bias.iter_mut().take((heads - 1) * self.actions).for_each(|bias| *bias = NEVER);
        }
        for (action, own) in weights.iter().enumerate() {
            let output = place * self.actions + action;
            if let Some((place, intercept)) = layer.bias.get_mut(output).zip(own.first()) {
                *place = *intercept as f32;
            }
            for (row, weight) in layer.weights.chunks_exact_mut(outputs).zip(own.iter().skip(1)) {
                if let Some(place) = row.get_mut(output) {
                    *place = *weight as f32;
                }
            }
        }
        if layer.weights.iter().chain(&layer.bias).all(|weight| weight.is_finite()) {
            return Ok(layer);
        }
        Err(refused("weights", "out of range", "weights that a float can hold would do"))
    }

    /// The exploration that goes with the frozen model: ε-greedy and softmax stay what they are (softmax under the
    /// identity link only), ensembles and Thompson sampling vote where [`Learner::outcome_model`] says so, every other rule
    /// becomes ε-greedy with ε = floor, or greedy without one.
    pub fn exploration(&self, head: FrozenHead) -> Exploration {
        let floor = self.config.floor;
        match self.config.explorer {
            Explorer::EpsilonGreedy { epsilon } => {
                Exploration::EpsilonGreedy { epsilon: 1.0 - (1.0 - epsilon) * (1.0 - floor) }
            }
            Explorer::Softmax { temperature } if self.config.ridge.link == Link::Identity => {
                Exploration::Softmax { temperature, floor }
            }
            _ if self.votes(head) => Exploration::Vote { floor },
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
        Policy::new(PolicyParts { model, exploration: self.exploration(head), ..parts })
    }
}

fn refused(key: &str, given: impl ToString, wanted: &str) -> Error {
    Error::config("freeze", key, given, wanted)
}
