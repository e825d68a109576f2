//! The model as it was trained, beside the one that was exported, so that the two can be compared.

use crate::linear_members::Members;
use crate::members::Model;
use crate::policy_learning::Widths;
use crate::rows::request;
use crate::trees;
use burn::tensor::Tensor;
use burn::tensor::activation::sigmoid;
use guerdon_core::{Catalogue, Result, Value};
use guerdon_data::LogReader;
use guerdon_neural::{Network, RevenueLoss, Scale, links, links::Pick, read, tensor};
use guerdon_policy::{Objective, OutcomeModel, Policy};
use serde::{Deserialize, Serialize};

/// A trained model before it was exported.
#[derive(Debug, Clone)]
pub struct Predictor(pub(crate) Kind);

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    /// Double-precision linear heads, one model or draws of a posterior.
    Members(Members),
    /// The networks on the device they were trained on.
    Neural(Model),
    /// A policy's own scores.
    Scores(Network),
    /// Linear heads under a lower bound: their widths, and how many of these the score is lowered by.
    Bound(Members, Widths, f64),
    /// Boosted trees as hessboost holds them.
    Trees(Box<trees::Fitted>),
    /// Fixed scores: nothing was trained.
    Fixed,
}

impl Predictor {
    /// All heads, after their links and in major units, for encoded contexts.
    ///
    /// # Shapes
    /// `x`: `[rows][inputs]`; the result `[rows][heads * actions]`, in the order of the exported model. Empty for fixed
    /// and a policy's own scores, which have no heads.
    ///
    /// # Errors
    /// [`guerdon_core::Error::Internal`] if the device can't be read.
    pub fn outcomes(&self, x: &[f32], rows: usize, heads: usize, actions: usize) -> Result<Vec<f64>> {
        match &self.0 {
            Kind::Fixed | Kind::Scores(_) => Ok(vec![]),
            Kind::Members(members) | Kind::Bound(members, ..) => {
                let contexts = x.chunks_exact(x.len() / rows.max(1));
                Ok(contexts.flat_map(|x| mean(&members.outcomes(x, heads))).collect())
            }
            Kind::Trees(fitted) => fitted.outcomes(x, rows),
            Kind::Neural(model) => {
                let mut sums = vec![0.0; rows * heads * actions];
                for network in &model.networks {
                    let outcomes = neural_outcomes(network, model.scale, x, rows)?;
                    sums.iter_mut().zip(outcomes).for_each(|(sum, outcome)| *sum += f64::from(outcome));
                }
                let members = model.networks.len() as f64;
                Ok(sums.into_iter().map(|sum| sum / members).collect())
            }
        }
    }

    /// The scores of `policy`'s actions by the trained model, `[rows][actions]`; empty for fixed scores.
    fn scores(&self, policy: &Policy, x: &[f32], rows: usize, heads: usize, actions: usize) -> Result<Vec<f64>> {
        if let Kind::Scores(network) = &self.0 {
            return Ok(read(forward(network, x, rows))?.into_iter().map(f64::from).collect());
        }
        let outcomes = self.outcomes(x, rows, heads, actions)?;
        let mut all: Vec<f64> = outcomes.chunks_exact(heads * actions).flat_map(|row| scores(policy, row)).collect();
        for (x, scores) in x.chunks_exact(x.len() / rows.max(1)).zip(all.chunks_exact_mut(actions)) {
            match (&self.0, &policy.parts().model) {
                (Kind::Bound(_, widths, kappa), _) => {
                    scores.iter_mut().enumerate().for_each(|(action, score)| *score -= kappa * widths.width(x, action));
                }
                (Kind::Members(members), OutcomeModel::Ensemble(ensemble)) => {
                    lower(policy, &members.outcomes(x, heads), ensemble.pessimism, scores);
                }
                _ => {}
            }
        }
        Ok(all)
    }
}

/// The last layer's values before any link.
fn forward(network: &Network, x: &[f32], rows: usize) -> Tensor<2> {
    network.forward(tensor(x.to_vec(), [rows, x.len() / rows.max(1)], &network.parameters[0].device()))
}

/// One network's heads after their links, `[rows][heads * actions]`.
fn neural_outcomes(network: &Network, scale: Scale, x: &[f32], rows: usize) -> Result<Vec<f32>> {
    let shape = &network.shape;
    let (heads, actions) = (shape.heads, shape.actions);
    let x = tensor(x.to_vec(), [rows, shape.inputs], &network.parameters[0].device());
    let all = links::heads(shape, Pick::All.take(shape, network.forward(x)));
    let chances = sigmoid(all.clone().slice([0..rows, 0..heads - 1, 0..actions]));
    let revenue = all.slice([0..rows, heads - 1..heads, 0..actions]);
    let revenue = match shape.revenue {
        RevenueLoss::Squared => revenue * scale.unit + scale.zero,
        RevenueLoss::Tweedie { .. } => (revenue.exp() * scale.unit).clamp_max(scale.most),
    };
    let revenue = match shape.revenue_stage {
        Some(stage) => revenue * chances.clone().slice([0..rows, stage..stage + 1, 0..actions]),
        None => revenue,
    };
    read(Tensor::cat(vec![chances, revenue], 1))
}

/// The mean over members of each outcome.
fn mean(members: &[Vec<f64>]) -> Vec<f64> {
    let count = members.len().max(1) as f64;
    let outputs = members.first().map_or(0, Vec::len);
    (0..outputs).map(|output| members.iter().map(|member| member[output]).sum::<f64>() / count).collect()
}

/// How well an exported policy agrees with the model that was trained.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Parity {
    /// Rows compared.
    pub rows: u64,
    /// Largest difference of a score, in major units.
    pub largest_difference: f64,
    /// Rows whose best action differs although the trained model's scores of the two are further apart than twice the
    /// largest difference allowed (1e-4): not a tie.
    pub different_choices: u64,
}

/// Differences up to this are rounding.
const TOLERANCE: f64 = 1e-4;

/// Compares scores of `policy` (exported, single precision, serving code) with those of `predictor` on the first `rows`
/// decisions of `log`.
///
/// # Errors
/// Errors of reading the log or the device.
pub fn parity(policy: &Policy, predictor: &Predictor, log: &LogReader, rows: u64) -> Result<Parity> {
    let mut found = Parity::default();
    let mut scratch = policy.scratch();
    let encoder = policy.encoder();
    let (actions, heads) = (policy.catalogue().len(), policy.parts().stages.len() + 2);
    for batch in log.batches()? {
        let batch = batch?;
        let take = batch.len().min((rows - found.rows) as usize);
        let mut context: Vec<Value> = vec![];
        let mut x = vec![0.0; take * encoder.width()];
        for row in 0..take {
            batch.context(row, &mut context);
            encoder.encode(&context, &mut x[row * encoder.width()..(row + 1) * encoder.width()]);
        }
        let trained = predictor.scores(policy, &x, take, heads, actions)?;
        for (row, trained) in trained.chunks_exact(actions).enumerate() {
            batch.context(row, &mut context);
            compare(&mut found, trained, policy.scores(&request(&batch, row, &context), &mut scratch));
        }
        found.rows += take as u64;
        if found.rows >= rows {
            break;
        }
    }
    Ok(found)
}

/// Lowers `scores`, the members' mean, by `pessimism` standard deviations over the members.
fn lower(policy: &Policy, members: &[Vec<f64>], pessimism: f64, mean: &mut [f64]) {
    let each: Vec<Vec<f64>> = members.iter().map(|outcomes| scores(policy, outcomes)).collect();
    for (action, score) in mean.iter_mut().enumerate() {
        let variance = each.iter().map(|one| (one[action] - *score).powi(2)).sum::<f64>() / each.len() as f64;
        *score -= pessimism * variance.sqrt();
    }
}

fn compare(found: &mut Parity, trained: &[f64], exported: &[f64]) {
    for (a, b) in trained.iter().zip(exported) {
        found.largest_difference = found.largest_difference.max((a - b).abs());
    }
    let (best, other) = (best_of(trained), best_of(exported));
    if best != other && trained[best] - trained[other] > 2.0 * TOLERANCE {
        found.different_choices += 1;
    }
}

/// The first of the best.
fn best_of(scores: &[f64]) -> usize {
    let mut best = 0;
    for (action, score) in scores.iter().enumerate() {
        if *score > scores[best] {
            best = action;
        }
    }
    best
}

/// The objective over trained outcomes, in double precision.
fn scores(policy: &Policy, outcomes: &[f64]) -> Vec<f64> {
    let parts = policy.parts();
    let (catalogue, actions): (&Catalogue, usize) = (&parts.catalogue, parts.catalogue.len());
    let paid = &outcomes[parts.stages.len() * actions..];
    let objective: &Objective = &parts.objective;
    (0..actions)
        .map(|action| {
            let reward = catalogue.get(action);
            let points = if reward.pays_at.is_some() { reward.points as f64 } else { 0.0 };
            let when_paid = (1.0 + objective.lambda) * reward.cost_when_paid().to_major(parts.minor_units)
                + objective.mu * points * objective.point_value;
            let contact = if reward.is_none() { 0.0 } else { objective.contact_cost };
            objective.margin * paid[actions + action] - when_paid * paid[action] - contact
        })
        .collect()
}
