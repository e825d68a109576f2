//! How much actions lend each other, chosen by cross-validation over members: what the linear learners have in common.

use crate::accumulate::{Plan, accumulate};
use crate::config::Actions;
use crate::lift::Encode;
use crate::outcomes::Outcomes;
use crate::related::{Evidence, Grid, Held, Relation, Tried, choose};
use crate::rows::Visited;
use crate::traits::action_features;
use crate::{Moments, system::System};
use guerdon_core::{Catalogue, Progress, Result, Seed, fold_of};
use guerdon_data::LogReader;
use guerdon_neural::Metric;

/// What a linear learner is fitted to: the decisions of the members for whom `include` holds.
#[derive(Clone, Copy)]
pub(crate) struct Examples<'a> {
    pub log: &'a LogReader,
    pub outcomes: &'a Outcomes,
    pub encoder: &'a dyn Encode,
    pub include: &'a dyn Fn(&str) -> bool,
}

/// The settings that choose.
pub(crate) struct Pooling<'a> {
    pub learner: &'static str,
    pub actions: Actions,
    pub relatedness: &'a [f64],
    pub penalties: &'a [f64],
    pub prior_rows: f64,
}

/// Sums over the training rows. Targets: the heads, then net value.
pub(crate) struct Gathered {
    /// By part of the members, `[parts][actions]`; each part is held out in its turn.
    pub parts: Vec<Vec<Moments>>,
    /// Over all of them, `[actions]`.
    pub all: Vec<Moments>,
    /// How many heads there are, and the place of net value.
    pub heads: usize,
    pub visited: Visited,
}

/// One pass over the examples, whose members fall into parts of `validation_share` each, summed apart.
///
/// Net value is a target of its own beside the heads. As every head shares λ and the solution is linear in the target,
/// its prediction equals margin · revenue − cost · P(paid) − contact of the heads before P is clamped to [0, 1].
pub(crate) fn gather(
    examples: Examples,
    validation_share: f64,
    seed: Seed,
    progress: &dyn Progress,
) -> Result<Gathered> {
    let Examples { log, outcomes, encoder, include } = examples;
    let heads = outcomes.heads();
    let actions = log.meta().catalogue.len();
    let parts = if validation_share > 0.0 { (1.0 / validation_share).round().clamp(2.0, 20.0) as usize } else { 1 };
    let seed = seed.named("validation");
    let plan = Plan {
        include,
        encoder,
        targets: heads + 1,
        fill: &|batch, row, out| {
            outcomes.heads_of(batch, row, out);
            out[heads] = outcomes.net_of(batch, row);
        },
        groups: parts * actions,
        assign: &|batch, row, groups| {
            let part = fold_of(seed, batch.member_id(row), parts);
            groups.push((part * actions + batch.action(row), 1.0));
        },
    };
    let sums = accumulate(log, &plan, progress)?;
    let all = sums.over(actions, |_| true);
    let parts = (0..parts).map(|wanted| sums.over(actions, |part| part == wanted)).collect();
    Ok(Gathered { parts, all, heads, visited: sums.visited })
}

/// λ and ρ, and what follows from them.
pub(crate) struct Pooled {
    pub evidence: Evidence,
    pub relation: Relation,
    pub held: Held,
    pub metrics: Vec<Metric>,
}

impl Pooled {
    /// Chooses λ and ρ by cross-validated squared error of net value; the evidence is that of all rows.
    pub fn of(gathered: &Gathered, pooling: &Pooling, catalogue: &Catalogue, progress: &dyn Progress) -> Result<Self> {
        let features = features(pooling.actions, catalogue);
        let relatedness = if pooling.actions == Actions::Disjoint { &[0.0] } else { pooling.relatedness };
        let (penalties, prior_rows) = (pooling.penalties, pooling.prior_rows);
        let grid = Grid { features: &features, relatedness, penalties, prior_rows };
        let (best, tried) = choose(&gathered.parts, gathered.heads, &grid, pooling.learner)?;
        progress.remark(&format!("penalty {}, relatedness {}", best.lambda, best.relatedness));
        Ok(Pooled {
            evidence: Evidence::of(&gathered.all, pooling.learner)?,
            relation: Relation::new(&features, catalogue.len(), best.relatedness)?,
            held: Held { lambda: best.lambda, prior_rows },
            metrics: metrics(pooling.learner, best, &tried),
        })
    }

    /// The normal equations of linear regression.
    pub fn system(&self, learner: &str) -> Result<System> {
        self.evidence.system(&self.relation, self.held, learner)
    }
}

/// What is known of the actions before any row: their parts, or that they are alike.
fn features(actions: Actions, catalogue: &Catalogue) -> Vec<f32> {
    match actions {
        Actions::Disjoint | Actions::Hybrid => vec![1.0; catalogue.len()],
        Actions::Factored => action_features(catalogue),
    }
}

fn metrics(learner: &str, best: Tried, tried: &[Tried]) -> Vec<Metric> {
    let all = if tried.is_empty() { std::slice::from_ref(&best) } else { tried };
    let metric = |(step, one): (usize, &Tried)| Metric {
        learner: format!("{learner}, relatedness {}", one.relatedness),
        step: step + 1,
        rate: one.lambda,
        training_loss: None,
        validation_loss: (!tried.is_empty()).then_some(one.error),
        heads: vec![],
        best: *one == best,
    };
    all.iter().enumerate().map(metric).collect()
}
