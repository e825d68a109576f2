//! Outcome models: from an encoded context to what each action is expected to bring.
//!
//! A model has `stages + 2` heads for every action: the chance of reaching each funnel stage, the chance that the
//! reward pays, and the expected revenue. Output `head * actions + action` belongs to `head` of `action`.

mod curve;
mod ensemble;
mod links;
mod stack;
mod trees;
mod walk;

pub use curve::{AmountCurve, MOST_KNOTS};
pub use ensemble::{ChanceLink, EnsembleModel, MOST_MEMBERS, RevenueLink, one_after_the_other};
pub(crate) use links::{Linked, Links};
pub(crate) use stack::{Stack, gather, sized};
pub use trees::{Forest, MOST_ACTION_FEATURES, MOST_DEPTH, TreesModel};

pub(crate) use walk::Walks;

use crate::dense::Dense;
use guerdon_core::{Error, Result};

/// Most layers that a network, a trunk or a member may have.
pub const MOST_LAYERS: usize = 64;

/// A model that is linear in the encoded context. Chances are clamped to [0, 1]; revenue is as it comes.
pub type LinearModel = Dense;

/// A multi-layer perceptron with SiLU between its layers. The last layer's chances go through a sigmoid; its revenue is
/// linear and in major units (training folds its own scale into the layer).
#[derive(Debug, Clone, PartialEq)]
pub struct MlpModel {
    /// First to last; each one's outputs are the next one's inputs.
    pub layers: Vec<Dense>,
    /// The stage without which there is no revenue. Its chance multiplies the revenue head, which then predicts revenue
    /// given that the stage is reached (a hurdle, Cragg 1971). `None` where the head predicts revenue itself.
    pub revenue_stage: Option<usize>,
}

/// Scores straight from layers with SiLU between them: one per action, without heads. A stochastic policy that was
/// learned as such (Swaminathan & Joachims 2015) is this with softmax exploration at temperature 1. The objective is
/// not applied.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoresModel {
    /// First to last, 1 to [`MOST_LAYERS`]; the last has one output per catalogue action.
    pub layers: Vec<Dense>,
}

/// A score per action, whatever the context: constant-action and uniform policies are ordinary policies of this kind.
/// The objective is not applied to them, and there are no heads.
#[derive(Debug, Clone, PartialEq)]
pub struct FixedScores {
    /// One per catalogue action. Finite.
    pub scores: Vec<f64>,
}

/// What predicts outcomes.
#[derive(Debug, Clone, PartialEq)]
pub enum OutcomeModel {
    /// Linear heads.
    Linear(LinearModel),
    /// Neural heads.
    Mlp(MlpModel),
    /// The mean of several networks' heads.
    Ensemble(EnsembleModel),
    /// Boosted trees, one forest per head.
    Trees(TreesModel),
    /// No heads: scores come from the context.
    Scores(ScoresModel),
    /// No heads: scores are given.
    Fixed(FixedScores),
}

/// Heads of a model for a funnel of `stages` stages.
pub fn heads(stages: usize) -> usize {
    stages.saturating_add(2)
}

impl OutcomeModel {
    /// `"linear"`, `"mlp"`, `"ensemble"`, `"trees"`, `"scores"` or `"fixed"`.
    pub fn kind(&self) -> &'static str {
        match self {
            OutcomeModel::Linear(_) => "linear",
            OutcomeModel::Mlp(_) => "mlp",
            OutcomeModel::Ensemble(_) => "ensemble",
            OutcomeModel::Trees(_) => "trees",
            OutcomeModel::Scores(_) => "scores",
            OutcomeModel::Fixed(_) => "fixed",
        }
    }

    /// Whether it predicts outcomes; where not, it gives scores and nothing else.
    pub fn has_heads(&self) -> bool {
        !matches!(self, OutcomeModel::Scores(_) | OutcomeModel::Fixed(_))
    }

    /// How many parameters it holds. Of a tree's nodes, splits hold two (feature and threshold) and leaves one.
    pub fn parameters(&self) -> usize {
        match self {
            OutcomeModel::Fixed(fixed) => fixed.scores.len(),
            OutcomeModel::Trees(trees) => trees.parameters(),
            _ => self.stacks().into_iter().flatten().map(Dense::parameters).sum(),
        }
    }

    /// The stacks of layers: the only one, or the trunk and each member.
    fn stacks(&self) -> Vec<&[Dense]> {
        match self {
            OutcomeModel::Ensemble(model) => {
                std::iter::once(&model.trunk).chain(&model.members).map(Vec::as_slice).collect()
            }
            model => vec![model.only_stack()],
        }
    }

    /// The layers of a model that is one stack of them; else none.
    pub(crate) fn only_stack(&self) -> &[Dense] {
        match self {
            OutcomeModel::Linear(layer) => std::slice::from_ref(layer),
            OutcomeModel::Mlp(model) => &model.layers,
            OutcomeModel::Scores(model) => &model.layers,
            OutcomeModel::Ensemble(_) | OutcomeModel::Trees(_) | OutcomeModel::Fixed(_) => &[],
        }
    }

    /// The widest vector that a forward pass writes.
    pub(crate) fn widest(&self, actions: usize) -> usize {
        match self {
            OutcomeModel::Trees(trees) => trees.forests.len().saturating_mul(actions),
            _ => self.stacks().into_iter().flatten().map(|layer| layer.outputs).max().unwrap_or(0),
        }
    }

    /// Checks that it takes `width` inputs, gives `stages + 2` heads of `actions`, and holds finite numbers.
    pub(crate) fn check(&self, width: usize, stages: usize, actions: usize) -> Result<()> {
        let outputs = heads(stages).saturating_mul(actions);
        let of_heads = || format!("{stages} stages and 2 more heads for {actions} actions");
        match self {
            OutcomeModel::Linear(layer) => check_stack("", std::slice::from_ref(layer), width, outputs, &of_heads()),
            OutcomeModel::Mlp(model) => {
                check_revenue_stage(model.revenue_stage, stages)?;
                check_stack("", &model.layers, width, outputs, &of_heads())
            }
            OutcomeModel::Ensemble(model) => model.check(width, stages, actions),
            OutcomeModel::Trees(model) => model.check(width, stages, actions),
            OutcomeModel::Scores(model) => check_stack("", &model.layers, width, actions, "one per action"),
            OutcomeModel::Fixed(fixed) => check_fixed(fixed, actions),
        }
    }
}

/// Checks that `layers` lead from `inputs` numbers to `outputs` (`why` says so many), and hold finite numbers.
fn check_stack(prefix: &str, layers: &[Dense], inputs: usize, outputs: usize, why: &str) -> Result<()> {
    if layers.is_empty() || layers.len() > MOST_LAYERS {
        return Err(refused(format!("{prefix}layers"), layers.len(), format!("1 to {MOST_LAYERS} would do")));
    }
    let found = check_widths(prefix, layers, inputs)?;
    if found != outputs {
        return Err(refused(format!("{prefix}outputs"), found, format!("{outputs} would do: {why}")));
    }
    Ok(())
}

/// Checks that each layer takes what comes from before it; gives what comes out at the end.
fn check_widths(prefix: &str, layers: &[Dense], mut inputs: usize) -> Result<usize> {
    for (i, layer) in layers.iter().enumerate() {
        let key = format!("{prefix}layer{i}");
        if layer.inputs != inputs {
            let wanted = format!("{inputs} come from what stands before it");
            return Err(refused(key, format!("{} inputs", layer.inputs), wanted));
        }
        layer.check(&key)?;
        inputs = layer.outputs;
    }
    Ok(inputs)
}

fn check_revenue_stage(stage: Option<usize>, stages: usize) -> Result<()> {
    match stage.filter(|stage| *stage >= stages) {
        Some(stage) => {
            Err(refused("revenue_stage", stage, format!("one of {stages} stages, counted from 0, would do")))
        }
        None => Ok(()),
    }
}

fn check_fixed(fixed: &FixedScores, actions: usize) -> Result<()> {
    if fixed.scores.len() != actions {
        return Err(refused("scores", fixed.scores.len(), format!("one for each of {actions} actions would do")));
    }
    match fixed.scores.iter().find(|score| !score.is_finite()) {
        Some(score) => Err(refused("scores", score, "finite scores would do")),
        None => Ok(()),
    }
}

fn refused(key: impl ToString, given: impl ToString, wanted: impl ToString) -> Error {
    Error::config("model", key, given, wanted)
}
