//! Fits the ensemble: every head, ridge per action shrunk to what the actions share, once per bootstrap of members.

use super::calibrate::calibrate;
use super::model::{Fitted, Model};
use super::plan::{Head, Plan};
use super::sample::{HeadCount, Sample};
use guerdon_core::{Progress, Result, Seed, Value};
use guerdon_data::LogReader;
use guerdon_learn::{FittedHeads, HeadPlan, Levels, Shrinkage, fit_encoder, fit_heads};
use guerdon_policy::Encoder;

/// Heads with fewer decisions than this are one number for everybody.
const LEAST_ROWS: u64 = 200;

/// How hard actions are drawn to what they share; see [`Shrinkage`].
const SHRINKAGE: Shrinkage = Shrinkage { lambda: 0.03, prior_rows: 10.0 };

/// Encoded features count as no further than this from their mean, in standard deviations.
pub(super) const FURTHEST: f32 = 3.0;

/// The ensemble.
pub(super) struct Ensemble {
    pub(super) encoder: Encoder,
    pub(super) models: Vec<Model>,
}

impl Ensemble {
    /// Encodes a context for the models. A roll-out leads to contexts that the log hardly holds (months without an
    /// offer, say); where a line drawn through the log goes beyond it, its ends are held instead.
    pub(super) fn encode(&self, context: &[Value], out: &mut [f32]) {
        self.encoder.encode(context, out);
        out.iter_mut().for_each(|x| *x = x.clamp(-FURTHEST, FURTHEST));
    }
}

/// How often a member counts in one model: Poisson with mean 1, which is what drawing members with replacement comes to
/// in a large log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bootstrap(Seed);

impl Bootstrap {
    pub(super) fn new(seed: Seed, model: usize) -> Bootstrap {
        Bootstrap(seed.named("bootstrap").indexed(model as u64))
    }

    /// The member's multiplicity.
    pub(super) fn weight(self, member_id: &str) -> u32 {
        poisson(1.0, self.0.uniform(member_id))
    }
}

/// The Poisson quantile at `u` in [0, 1), by adding up probabilities; above a mean of 500, the mean itself.
pub(super) fn poisson(mean: f64, u: f64) -> u32 {
    if mean > 500.0 {
        return mean.round() as u32;
    }
    let mut chance = (-mean).exp();
    let mut below = chance;
    let mut count = 0;
    // Beyond 2,000 nothing is left to add up to 1 but what rounding lost.
    while u >= below && count < 2_000 {
        count += 1;
        chance *= mean / f64::from(count);
        below += chance;
    }
    count
}

/// Fits `models` models to the decisions of the members for whom `include` holds.
pub(super) fn fit(
    log: &LogReader,
    plan: &Plan,
    sample: &Sample,
    include: &dyn Fn(&str) -> bool,
    models: usize,
    seed: Seed,
    progress: &dyn Progress,
) -> Result<Ensemble> {
    let encoder = fit_encoder(log, include, Levels::default(), progress)?;
    let bootstraps: Vec<Bootstrap> = (0..models).map(|model| Bootstrap::new(seed, model)).collect();
    let mut ensemble = vec![Model { heads: vec![], most: sample.most }; models];
    for (head, count) in plan.heads.iter().zip(&sample.heads) {
        if let Some(constant) = constant(*head, count) {
            ensemble.iter_mut().for_each(|model| model.heads.push(constant.clone()));
            continue;
        }
        let fitted = fit_head(log, plan, *head, include, &bootstraps, &encoder, progress)?;
        ensemble.iter_mut().zip(fitted.replicas).for_each(|(model, replica)| model.heads.push(Fitted::Linear(replica)));
    }
    let mut ensemble = Ensemble { encoder, models: ensemble };
    calibrate(&mut ensemble, log, plan, include, &bootstraps, progress)?;
    Ok(ensemble)
}

/// One number for a head with few decisions, or without variation among them.
fn constant(head: Head, count: &HeadCount) -> Option<Fitted> {
    let varies = (0..head.targets()).any(|target| count.least[target] < count.most[target]);
    if count.rows >= LEAST_ROWS && varies {
        return None;
    }
    let rows = (count.rows as f64).max(1.0);
    Some(Fitted::Constant(count.sum.map(|sum| sum / rows)))
}

fn fit_head(
    log: &LogReader,
    plan: &Plan,
    head: Head,
    include: &dyn Fn(&str) -> bool,
    bootstraps: &[Bootstrap],
    encoder: &Encoder,
    progress: &dyn Progress,
) -> Result<FittedHeads> {
    let head_plan = HeadPlan {
        include,
        replicas: bootstraps.len(),
        weight: &|model, member| f64::from(bootstraps[model].weight(member)),
        targets: head.targets(),
        fill: &|batch, row, out| {
            // Also asked for decisions that the head says nothing of; those don't count.
            if plan.applies(head, batch, row) { plan.fill(head, batch, row, out) } else { out.fill(0.0) }
        },
        applies: Some(&|batch, row| plan.applies(head, batch, row)),
        shrinkage: SHRINKAGE,
        encoder: Some(encoder),
    };
    fit_heads(log, &head_plan, progress)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn poisson_quantiles_have_the_right_mean() {
        for mean in [0.3, 1.0, 4.5, 60.0] {
            let draws = (0..20_000).map(|i| f64::from(poisson(mean, Seed(4).uniform_indexed(i))));
            let average = draws.sum::<f64>() / 20_000.0;
            assert!((average - mean).abs() < 4.0 * (mean / 20_000.0f64).sqrt(), "{mean}: {average}");
        }
        assert_eq!(poisson(0.0, 0.999), 0);
    }
}
