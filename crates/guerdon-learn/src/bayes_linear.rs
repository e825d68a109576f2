//! The Bayesian linear learner: the ridge learner's model with a posterior, which is frozen as draws.

use crate::config::PosteriorConfig;
use crate::linear::LinearHeads;
use crate::linear_posterior::Posterior;
use crate::pooling::{Examples, Pooled, Pooling, gather};
use crate::rows::Visited;
use guerdon_core::{Progress, Result, Seed};
use guerdon_neural::Metric;

/// How many draws are frozen by default.
pub(crate) const DRAWS: usize = 20;

/// A fitted posterior over the heads.
pub(crate) struct Fitted {
    /// Its draws, or its mean alone where none are asked for.
    pub members: Vec<LinearHeads>,
    pub metrics: Vec<Metric>,
    pub visited: Visited,
}

/// Fits to the examples. Prior: as the ridge learner's penalty, λ and ρ chosen in the same way.
pub(crate) fn fit(examples: Examples, config: &PosteriorConfig, seed: Seed, progress: &dyn Progress) -> Result<Fitted> {
    let learner = "bayes_linear";
    let pooling = Pooling {
        learner,
        actions: config.actions,
        relatedness: &config.relatedness,
        penalties: &config.penalties,
        prior_rows: config.prior_rows,
    };
    let gathered = gather(examples, config.validation_share, seed, progress)?;
    let pooled = Pooled::of(&gathered, &pooling, &examples.log.meta().catalogue, progress)?;
    let system = pooled.system(learner)?;
    let posterior = Posterior::new(&pooled.evidence, &system, learner)?;
    let members = match config.draws(DRAWS) {
        0 => vec![pooled.evidence.heads(&posterior.mean)],
        draws => posterior.draws(draws, seed.named("draws"), learner)?,
    };
    Ok(Fitted { members, metrics: pooled.metrics, visited: gathered.visited })
}
