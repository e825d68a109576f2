//! The ridge learner: outcome heads per action in closed form, how much they lend each other chosen by cross-validation.

use crate::Moments;
use crate::config::{Actions, RidgeConfig};
use crate::linear::{LinearHeads, Shrinkage, choose_lambda, solve};
use crate::pooling::{Examples, Gathered, Pooled, Pooling, gather};
use crate::rows::Visited;
use guerdon_core::{Progress, Result, Seed};
use guerdon_neural::Metric;

/// A fitted ridge learner. Targets: the heads, then net value.
pub(crate) struct Fitted {
    pub heads: LinearHeads,
    pub metrics: Vec<Metric>,
    pub visited: Visited,
}

/// Fits to the examples, in one pass; the penalty is the one whose fit on the others errs least
/// on the validation members' net value; the model is then fitted to all of them.
pub(crate) fn fit(examples: Examples, config: &RidgeConfig, seed: Seed, progress: &dyn Progress) -> Result<Fitted> {
    let gathered = gather(examples, config.validation_share, seed, progress)?;
    let visited = gathered.visited;
    if config.actions == Actions::Hybrid {
        let (heads, metrics) = hybrid(&gathered, config, progress)?;
        return Ok(Fitted { heads, metrics, visited });
    }
    let pooling = Pooling {
        learner: "ridge",
        actions: config.actions,
        relatedness: &config.relatedness,
        penalties: &config.penalties,
        prior_rows: config.prior_rows,
    };
    let pooled = Pooled::of(&gathered, &pooling, &examples.log.meta().catalogue, progress)?;
    let solution = pooled.evidence.solve(&pooled.system("ridge")?, 1e-10, "ridge")?;
    Ok(Fitted { heads: pooled.evidence.heads(&solution), metrics: pooled.metrics, visited })
}

/// Shrunk towards the slopes that all actions share.
fn hybrid(gathered: &Gathered, config: &RidgeConfig, progress: &dyn Progress) -> Result<(LinearHeads, Vec<Metric>)> {
    let (prior_rows, grid) = (config.prior_rows, &config.penalties);
    let errors = if gathered.parts.len() > 1 && grid.len() > 1 { errors(gathered, config)? } else { vec![] };
    let least = (0..errors.len()).reduce(|best, next| if errors[next] < errors[best] { next } else { best });
    let lambda = grid[least.unwrap_or(grid.len() / 2)];
    progress.remark(&format!("penalty {lambda}"));
    Ok((solve(&gathered.all, Shrinkage { lambda, prior_rows }, "ridge")?, metrics(grid, lambda, &errors)))
}

/// The cross-validated mean squared error of net value for each λ; nothing where fewer than two parts have rows.
fn errors(gathered: &Gathered, config: &RidgeConfig) -> Result<Vec<f64>> {
    let mut sums = vec![];
    let mut rows = 0.0;
    for (part, held_out) in gathered.parts.iter().enumerate() {
        let others = gathered.parts.iter().enumerate().filter(|(place, _)| *place != part);
        let fitted = merged(others.map(|(_, part)| &part[..]), held_out);
        let weight: f64 = held_out.iter().map(Moments::weight).sum();
        if weight == 0.0 || fitted.iter().all(|moments| moments.weight() == 0.0) {
            continue;
        }
        let (_, errors) =
            choose_lambda(&fitted, held_out, gathered.heads, &config.penalties, config.prior_rows, "ridge")?;
        sums.resize(errors.len(), 0.0);
        sums.iter_mut().zip(&errors).for_each(|(sum, error)| *sum += weight * error);
        rows += weight;
    }
    Ok(sums.into_iter().map(|sum: f64| sum / rows).collect())
}

/// The sums over `parts`, of the shape of `like`.
fn merged<'a>(parts: impl Iterator<Item = &'a [Moments]>, like: &[Moments]) -> Vec<Moments> {
    let mut all: Vec<Moments> = like.iter().map(|one| Moments::new(one.inputs(), one.targets())).collect();
    parts.for_each(|part| all.iter_mut().zip(part).for_each(|(sum, moments)| sum.merge(moments)));
    all
}

fn metrics(penalties: &[f64], chosen: f64, errors: &[f64]) -> Vec<Metric> {
    let metric = |step, rate, validation_loss| Metric {
        learner: "ridge".into(),
        step,
        rate,
        training_loss: None,
        validation_loss,
        heads: vec![],
        best: rate == chosen,
    };
    if errors.is_empty() {
        return vec![metric(1, chosen, None)];
    }
    penalties.iter().zip(errors).zip(1..).map(|((rate, error), step)| metric(step, *rate, Some(*error))).collect()
}
