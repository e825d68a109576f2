//! The model as it was trained, beside the one that was exported, so that the two can be compared.

use crate::linear::LinearHeads;
use crate::network::{Network, read, tensor};
use crate::neural::Scale;
use crate::rows::request;
use burn::tensor::activation::sigmoid;
use guerdon_core::{Catalogue, Result, Value};
use guerdon_data::LogReader;
use guerdon_policy::{Objective, Policy};
use serde::{Deserialize, Serialize};

/// A trained model before it was exported.
#[derive(Debug, Clone)]
pub struct Predictor(pub(crate) Kind);

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    /// Double-precision linear heads.
    Linear(LinearHeads),
    /// The network on the device it was trained on, and the stage that revenue waits for.
    Neural(Network, Scale, Option<usize>),
    /// Fixed scores: nothing was trained.
    Fixed,
}

impl Predictor {
    /// All heads, after their links and in major units, for encoded contexts.
    ///
    /// # Shapes
    /// `x`: `[rows][inputs]`; the result `[rows][heads * actions]`, in the order of the exported model. Empty for fixed
    /// scores, which have no heads.
    ///
    /// # Errors
    /// [`guerdon_core::Error::Internal`] if the device can't be read.
    pub fn outcomes(&self, x: &[f32], rows: usize, heads: usize, actions: usize) -> Result<Vec<f64>> {
        match &self.0 {
            Kind::Fixed => Ok(vec![]),
            Kind::Linear(fitted) => Ok(linear_outcomes(fitted, x, heads * actions, (heads - 1) * actions)),
            Kind::Neural(network, scale, revenue_stage) => {
                let device = network.parameters[0].device();
                let last = network.forward(tensor(x.to_vec(), [rows, x.len() / rows.max(1)], &device));
                let chances = (heads - 1) * actions;
                let linked = sigmoid(last.clone().slice([0..rows, 0..chances]));
                let revenue = last.slice([0..rows, chances..heads * actions]) * scale.std + scale.mean;
                let revenue = match revenue_stage {
                    Some(stage) => revenue * linked.clone().slice([0..rows, stage * actions..(stage + 1) * actions]),
                    None => revenue,
                };
                let all = read(burn::tensor::Tensor::cat(vec![linked, revenue], 1))?;
                Ok(all.into_iter().map(f64::from).collect())
            }
        }
    }
}

fn linear_outcomes(fitted: &LinearHeads, x: &[f32], outputs: usize, chances: usize) -> Vec<f64> {
    let mut row = vec![0.0; fitted.bias.len()];
    let mut all = vec![];
    for x in x.chunks_exact(fitted.inputs) {
        fitted.predict(x, &mut row);
        row[..chances].iter_mut().for_each(|chance| *chance = chance.clamp(0.0, 1.0));
        all.extend_from_slice(&row[..outputs]);
    }
    all
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
        let outcomes = predictor.outcomes(&x, take, heads, actions)?;
        for (row, outcomes) in outcomes.chunks_exact(heads * actions).enumerate() {
            batch.context(row, &mut context);
            let trained = scores(policy, outcomes);
            compare(&mut found, &trained, policy.scores(&request(&batch, row, &context), &mut scratch));
        }
        found.rows += take as u64;
        if found.rows >= rows {
            break;
        }
    }
    Ok(found)
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
