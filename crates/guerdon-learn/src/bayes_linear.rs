//! The Bayesian linear learner: the ridge learner's model with a posterior, which is frozen as draws.

use crate::config::BayesLinearConfig;
use crate::lift::Encode;
use crate::linear::LinearHeads;
use crate::linear_posterior::Posterior;
use crate::pooling::{Pooled, Pooling, gather};
use crate::rows::Visited;
use guerdon_core::{Progress, Result, Seed};
use guerdon_data::LogReader;
use guerdon_neural::Metric;

/// A fitted posterior over the heads.
pub(crate) struct Fitted {
    /// Its draws, or its mean alone where none are asked for.
    pub members: Vec<LinearHeads>,
    pub metrics: Vec<Metric>,
    pub visited: Visited,
}

/// Fits on the members for whom `include` holds. Prior: as the ridge learner's penalty, λ and ρ chosen in the same way.
pub(crate) fn fit(
    log: &LogReader,
    encoder: &dyn Encode,
    include: &dyn Fn(&str) -> bool,
    config: &BayesLinearConfig,
    seed: Seed,
    progress: &dyn Progress,
) -> Result<Fitted> {
    let learner = "bayes_linear";
    let pooling = Pooling {
        learner,
        actions: config.actions,
        relatedness: &config.relatedness,
        penalties: &config.penalties,
        prior_rows: config.prior_rows,
    };
    let gathered = gather(log, encoder, include, config.validation_share, seed, progress)?;
    let pooled = Pooled::of(&gathered, &pooling, &log.meta().catalogue, progress)?;
    let system = pooled.system(learner)?;
    let posterior = Posterior::new(&pooled.evidence, &system, learner)?;
    let members = match config.draws {
        0 => vec![pooled.evidence.heads(&posterior.mean)],
        draws => posterior.draws(draws, seed.named("draws"), learner)?,
    };
    Ok(Fitted { members, metrics: pooled.metrics, visited: gathered.visited })
}
