//! Outcome models: from an encoded context to what each action is expected to bring.
//!
//! A model has `stages + 2` heads for every action: the chance of reaching each funnel stage, the chance that the
//! reward pays, and the expected revenue. Output `head * actions + action` belongs to `head` of `action`.

use crate::dense::Dense;
use crate::exp::{sigmoid, silu};
use guerdon_core::{Error, Result};
use pulp::{Arch, Simd, WithSimd};

/// Most layers that an [`MlpModel`] may have.
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
    /// No heads: scores are given.
    Fixed(FixedScores),
}

/// Heads of a model for a funnel of `stages` stages.
pub fn heads(stages: usize) -> usize {
    stages.saturating_add(2)
}

impl OutcomeModel {
    /// `"linear"`, `"mlp"` or `"fixed"`.
    pub fn kind(&self) -> &'static str {
        match self {
            OutcomeModel::Linear(_) => "linear",
            OutcomeModel::Mlp(_) => "mlp",
            OutcomeModel::Fixed(_) => "fixed",
        }
    }

    /// The layers, first to last; none for fixed scores.
    pub fn layers(&self) -> &[Dense] {
        match self {
            OutcomeModel::Linear(layer) => std::slice::from_ref(layer),
            OutcomeModel::Mlp(model) => &model.layers,
            OutcomeModel::Fixed(_) => &[],
        }
    }

    /// How many parameters it holds.
    pub fn parameters(&self) -> usize {
        match self {
            OutcomeModel::Fixed(fixed) => fixed.scores.len(),
            _ => self.layers().iter().map(Dense::parameters).sum(),
        }
    }

    /// The widest vector that a forward pass writes.
    pub(crate) fn widest(&self) -> usize {
        self.layers().iter().map(|layer| layer.outputs).max().unwrap_or(0)
    }

    /// Checks that it takes `width` inputs, gives `stages + 2` heads of `actions`, and holds finite numbers.
    pub(crate) fn check(&self, width: usize, stages: usize, actions: usize) -> Result<()> {
        if let OutcomeModel::Fixed(fixed) = self {
            return check_fixed(fixed, actions);
        }
        if let OutcomeModel::Mlp(MlpModel { revenue_stage: Some(stage), .. }) = self
            && *stage >= stages
        {
            return Err(refused("revenue_stage", stage, format!("one of {stages} stages, counted from 0, would do")));
        }
        let layers = self.layers();
        if layers.is_empty() || layers.len() > MOST_LAYERS {
            return Err(refused("layers", layers.len(), format!("1 to {MOST_LAYERS} would do")));
        }
        let mut inputs = width;
        for (i, layer) in layers.iter().enumerate() {
            let key = format!("layer{i}");
            if layer.inputs != inputs {
                let wanted = format!("{inputs} come from what stands before it");
                return Err(refused(key, format!("{} inputs", layer.inputs), wanted));
            }
            layer.check(&key)?;
            inputs = layer.outputs;
        }
        let wanted = heads(stages).saturating_mul(actions);
        if inputs != wanted {
            let wanted = format!("{wanted} would do: {stages} stages and 2 more heads for {actions} actions");
            return Err(refused("outputs", inputs, wanted));
        }
        Ok(())
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

/// One forward pass: `layers` over `x` into `out`, with the link functions applied.
///
/// # Shapes
/// `x`: the first layer's inputs; `spare` and `out`: at least the widest layer's outputs. The result stands in the first
/// outputs of `out`; `chances` of them are chances, the rest is revenue.
pub(crate) struct Forward<'a> {
    pub model: &'a OutcomeModel,
    pub x: &'a [f32],
    pub non_zero: &'a mut Vec<(usize, f32)>,
    pub spare: &'a mut Vec<f32>,
    pub out: &'a mut Vec<f32>,
    pub chances: usize,
}

impl Forward<'_> {
    pub(crate) fn run(self, arch: Arch) {
        arch.dispatch(self);
    }
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Forward { model, x, non_zero, spare, out, chances } = self;
        let Some((first, others)) = model.layers().split_first() else { return };
        let non_zero = gather(x, non_zero);
        first.forward(simd, non_zero.iter().copied(), sized(out, first.outputs));
        for layer in others {
            std::mem::swap(spare, out);
            let hidden = sized(spare, layer.inputs);
            hidden.iter_mut().for_each(|h| *h = silu(*h));
            layer.forward(simd, hidden.iter().copied().enumerate(), sized(out, layer.outputs));
        }
        let outputs = model.layers().last().map_or(0, |layer| layer.outputs);
        let (chances, revenue) = sized(out, outputs).split_at_mut(chances.min(outputs));
        match model {
            OutcomeModel::Mlp(mlp) => {
                chances.iter_mut().for_each(|p| *p = sigmoid(*p));
                if let Some(stage) = mlp.revenue_stage {
                    let reached = chances.get(stage * revenue.len()..).unwrap_or_default();
                    revenue.iter_mut().zip(reached).for_each(|(revenue, chance)| *revenue *= *chance);
                }
            }
            // NaN stays NaN, to be seen and refused.
            _ => chances.iter_mut().for_each(|p| *p = p.clamp(0.0, 1.0)),
        }
    }
}

/// The inputs that are not 0, with their places. Written without a branch: which ones they are can't be predicted.
#[inline(always)]
fn gather<'a>(x: &[f32], non_zero: &'a mut [(usize, f32)]) -> &'a [(usize, f32)] {
    let mut found = 0;
    for input in x.iter().copied().enumerate() {
        if let Some(place) = non_zero.get_mut(found) {
            *place = input;
        }
        found += usize::from(input.1 != 0.0);
    }
    non_zero.get(..found).unwrap_or_default()
}

/// The first `len` of `buffer`, or all of it where it is shorter.
#[inline(always)]
fn sized(buffer: &mut [f32], len: usize) -> &mut [f32] {
    let len = len.min(buffer.len());
    buffer.get_mut(..len).unwrap_or_default()
}
