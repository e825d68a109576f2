//! The ridge learner: outcome heads per action in closed form, λ chosen by the validation members.

use crate::accumulate::{Plan, accumulate};
use crate::config::RidgeConfig;
use crate::dataset::is_validation;
use crate::linear::{LinearHeads, Shrinkage, choose_lambda, solve};
use crate::metrics::Metric;
use crate::rows::{Outcomes, Visited};
use guerdon_core::{Progress, Result, Seed};
use guerdon_data::LogReader;
use guerdon_policy::Encoder;

/// A fitted ridge learner. Targets: the heads, then net value.
pub(crate) struct Fitted {
    pub heads: LinearHeads,
    pub metrics: Vec<Metric>,
    pub visited: Visited,
}

/// Fits on the members for whom `include` holds: one pass sums, validation members apart; λ is the one whose fit on the
/// others errs least on the validation members' net value; the model is then fitted to all of them.
///
/// Net value is a target of its own beside the heads. As every head shares λ and the solution is linear in the target,
/// its prediction equals margin · revenue − cost · P(paid) − contact of the heads before P is clamped to [0, 1].
pub(crate) fn fit(
    log: &LogReader,
    encoder: &Encoder,
    include: &dyn Fn(&str) -> bool,
    config: &RidgeConfig,
    seed: Seed,
    progress: &dyn Progress,
) -> Result<Fitted> {
    let outcomes = Outcomes::of(log);
    let heads = outcomes.heads();
    let actions = log.meta().catalogue.len();
    let plan = Plan {
        include,
        encoder,
        targets: heads + 1,
        fill: &|batch, row, out| {
            outcomes.heads_of(batch, row, out);
            out[heads] = outcomes.net_of(batch, row);
        },
        groups: 2 * actions,
        assign: &|batch, row, groups| {
            let part = usize::from(is_validation(seed, batch.member_id(row), config.validation_share));
            groups.push((part * actions + batch.action(row), 1.0));
        },
    };
    let sums = accumulate(log, &plan, progress)?;
    let (fitting, held_out) = (sums.over(actions, |part| part == 0), sums.over(actions, |part| part == 1));
    let (lambda, errors) = choose_lambda(&fitting, &held_out, heads, &config.penalties, config.prior_rows, "ridge")?;
    let all = sums.over(actions, |_| true);
    let fitted = solve(&all, Shrinkage { lambda, prior_rows: config.prior_rows }, "ridge")?;
    progress.note(&format!("penalty {lambda}"));
    Ok(Fitted { heads: fitted, metrics: metrics(&config.penalties, lambda, &errors), visited: sums.visited })
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
