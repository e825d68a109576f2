//! The logistic learner: chances by penalised logistic regression, revenue by ridge regression on those who reach its
//! stage, and a Laplace posterior that is frozen as draws.

use crate::Moments;
use crate::accumulate::Accumulator;
use crate::config::PosteriorConfig;
use crate::linear::LinearHeads;
use crate::linear_posterior::{Posterior, added, mirrored};
use crate::newton::{ActionRows, Fit, Logistic};
use crate::online::normal::Normal;
use crate::pooling::{Examples, Pooled, Pooling, gather};
use crate::related::Evidence;
use crate::rows::{Visited, visit};
use guerdon_core::{Progress, Result, Seed};
use guerdon_neural::Metric;

/// How many draws are frozen by default.
pub(crate) const DRAWS: usize = 0;

const LEARNER: &str = "logistic";

/// A fitted logistic learner: chances are on the logit scale.
pub(crate) struct Fitted {
    /// Draws of the Laplace posterior, or the mode alone where none are asked for.
    pub members: Vec<LinearHeads>,
    /// The stage without which there is no revenue; the revenue head is then given that stage.
    pub revenue_stage: Option<usize>,
    pub metrics: Vec<Metric>,
    pub visited: Visited,
}

/// Fits to the examples: one pass chooses λ and ρ as the ridge learner does, one reads the rows
/// into memory.
///
/// λ means the same as for ridge. A chance p changes by p(1 − p) for each unit of its logit, so slopes on the logit
/// scale are larger by 1/(p(1 − p)), and their penalty is λ·n/actions·p(1 − p) with p the head's mean.
pub(crate) fn fit(examples: Examples, config: &PosteriorConfig, seed: Seed, progress: &dyn Progress) -> Result<Fitted> {
    let pooling = Pooling {
        learner: LEARNER,
        actions: config.actions,
        relatedness: &config.relatedness,
        penalties: &config.penalties,
        prior_rows: config.prior_rows,
    };
    let gathered = gather(examples, config.validation_share, seed, progress)?;
    let pooled = Pooled::of(&gathered, &pooling, &examples.log.meta().catalogue, progress)?;
    let mut rows = Rows::read(examples, &pooled, progress)?;
    let chances = Chances::fit(&mut rows, &pooled, progress)?;
    let revenue = Revenue::of(&rows, examples.encoder.width())?;
    let members = members(&chances, &revenue, &pooled, config.draws(DRAWS), seed.named("draws"))?;
    Ok(Fitted { members, revenue_stage: rows.revenue_stage, metrics: pooled.metrics, visited: rows.visited })
}

/// The training rows in memory, `4·(inputs that vary + heads)` bytes each.
struct Rows {
    /// Contexts by action; their targets change with the head.
    actions: Vec<ActionRows>,
    /// Chances of each action's rows, `[rows][heads - 1]`.
    chances: Vec<Vec<f32>>,
    /// Sums over the rows that tell of revenue.
    revenue: Vec<Option<Moments>>,
    heads: usize,
    revenue_stage: Option<usize>,
    count: f64,
    visited: Visited,
}

impl Rows {
    fn read(examples: Examples, pooled: &Pooled, progress: &dyn Progress) -> Result<Self> {
        let Examples { log, outcomes, encoder, include } = examples;
        let (heads, actions) = (outcomes.heads(), log.meta().catalogue.len());
        let mut rows = vec![ActionRows::default(); actions];
        let mut chances = vec![vec![]; actions];
        let mut revenue = Accumulator::new(actions, encoder.width(), 1);
        let (mut x, mut y) = (vec![0.0; encoder.width()], vec![0.0; heads]);
        let visited = visit(log, include, "encode rows", progress, &mut |batch, row, context| {
            let action = batch.action(row);
            encoder.encode(context, &mut x);
            outcomes.heads_of(batch, row, &mut y);
            pooled.evidence.centre(&x, &mut rows[action].z);
            chances[action].extend(y[..heads - 1].iter().map(|value| *value as f32));
            let tells = outcomes.revenue_stage.is_none_or(|stage| y[stage] > 0.0);
            revenue.push(&x, |out| out[0] = y[heads - 1], tells.then_some((action, 1.0)));
            Ok(())
        })?;
        let (revenue, count) = (revenue.finish(), visited.rows as f64);
        let revenue_stage = outcomes.revenue_stage;
        Ok(Rows { actions: rows, chances, revenue, heads, revenue_stage, count, visited })
    }

    /// Sets the targets to those of `head`; gives their mean, drawn a little to ½.
    fn aim(&mut self, head: usize) -> f64 {
        let mut sum = 0.0;
        for (rows, chances) in self.actions.iter_mut().zip(&self.chances) {
            rows.y.clear();
            rows.y.extend(chances.iter().skip(head).step_by(self.heads - 1));
            sum += rows.y.iter().map(|y| f64::from(*y)).sum::<f64>();
        }
        (sum + 0.5) / (self.count + 1.0)
    }
}

/// The chance heads: a fit and an offset (the logit of the head's mean) for each.
struct Chances {
    fits: Vec<Fit>,
    offsets: Vec<f64>,
}

impl Chances {
    fn fit(rows: &mut Rows, pooled: &Pooled, progress: &dyn Progress) -> Result<Self> {
        let heads = rows.heads - 1;
        let mut chances = Chances { fits: Vec::with_capacity(heads), offsets: Vec::with_capacity(heads) };
        progress.start("fit logistic", Some(heads as u64));
        for head in 0..heads {
            let mean = rows.aim(head);
            let offset = (mean / (1.0 - mean)).ln();
            let penalties = pooled.evidence.penalties(pooled.held).iter().map(|p| p * mean * (1.0 - mean)).collect();
            let fit = Logistic { rows: &rows.actions, relation: &pooled.relation, penalties, offset }.fit(LEARNER)?;
            progress.note(&format!("chance {} of {heads}: {} steps", head + 1, fit.steps));
            progress.advance(1);
            chances.fits.push(fit);
            chances.offsets.push(offset);
        }
        progress.finish();
        Ok(chances)
    }
}

/// What the revenue head learns from; `None` where no row has what it takes.
struct Revenue(Option<Evidence>);

impl Revenue {
    fn of(rows: &Rows, inputs: usize) -> Result<Self> {
        if rows.revenue.iter().all(Option::is_none) {
            return Ok(Revenue(None));
        }
        let sums: Vec<Moments> =
            rows.revenue.iter().map(|sums| sums.clone().unwrap_or_else(|| Moments::new(inputs, 1))).collect();
        Ok(Revenue(Some(Evidence::of(&sums, LEARNER)?)))
    }

    /// `count` draws, or the mean where it is 0.
    fn members(&self, pooled: &Pooled, like: &LinearHeads, count: usize, seed: Seed) -> Result<Vec<LinearHeads>> {
        let Some(evidence) = &self.0 else {
            let (inputs, actions) = (like.inputs, like.actions);
            let nothing = LinearHeads {
                inputs,
                actions,
                targets: 1,
                weights: vec![0.0; inputs * actions],
                bias: vec![0.0; actions],
            };
            return Ok(vec![nothing; count.max(1)]);
        };
        let system = evidence.system(&pooled.relation, pooled.held, LEARNER)?;
        let posterior = Posterior::new(evidence, &system, LEARNER)?;
        match count {
            0 => Ok(vec![evidence.heads(&posterior.mean)]),
            count => posterior.draws(count, seed, LEARNER),
        }
    }
}

/// The draws of all heads, or their mode.
fn members(
    chances: &Chances,
    revenue: &Revenue,
    pooled: &Pooled,
    count: usize,
    seed: Seed,
) -> Result<Vec<LinearHeads>> {
    let heads = |coefficients: &[Vec<f64>]| pooled.evidence.heads_about(coefficients, &chances.offsets);
    let mode: Vec<Vec<f64>> = chances.fits.iter().map(|fit| fit.coefficients.clone()).collect();
    let chance_members = match count {
        0 => vec![heads(&mode)],
        count => {
            let roots: Vec<_> = chances.fits.iter().map(|fit| fit.system.roots(LEARNER)).collect::<Result<_>>()?;
            mirrored(count, |index| {
                let mut normal = Normal::new(seed.named("chances").indexed(index));
                let steps = chances.fits.iter().zip(&roots);
                steps.map(|(fit, roots)| fit.system.solve(&roots.perturbation(&mut normal), 1e-8, LEARNER)).collect()
            })?
            .into_iter()
            .map(|draw| heads(&added(&mode, &draw)))
            .collect()
        }
    };
    let revenue_members = revenue.members(pooled, &chance_members[0], count, seed.named("revenue"))?;
    Ok(chance_members.iter().zip(&revenue_members).map(|(chances, revenue)| chances.beside(revenue)).collect())
}
