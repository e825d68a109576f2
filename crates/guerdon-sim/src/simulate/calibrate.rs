//! Turns linear scores into chances: P = σ(a + b · score), per head, model and action (Platt 1999).
//!
//! A linear score of a chance near 0 or 1 leaves [0, 1] for many contexts, and cutting it off there moves the mean. The
//! link is fitted to the decisions that the scores were fitted to, counted in narrow bins of the score, so that one pass
//! over the log does for all heads, models and actions.

use super::fit::{Bootstrap, Ensemble};
use super::model::Fitted;
use super::plan::Plan;
use guerdon_core::{Progress, Result, Value};
use guerdon_data::LogReader;

/// Scores are counted from −½ to 1½.
const LOWEST: f64 = -0.5;
const WIDTH: f64 = 2.0 / BINS as f64;
const BINS: usize = 200;

/// Decisions' worth of belief that an action's link is that of all actions.
const PRIOR_ROWS: f64 = 20.0;

/// σ(a + b · score).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Link {
    a: f64,
    b: f64,
}

impl Link {
    /// The chance at a score.
    pub(super) fn chance(self, score: f64) -> f64 {
        1.0 / (1.0 + (-(self.a + self.b * score)).exp())
    }

    /// The likeliest link for counted scores, by Newton's method with a tiny ridge for what the counts leave open.
    fn fit(counts: &[Count; BINS], start: Link) -> Link {
        const RIDGE: f64 = 1e-3;
        let mut link = start;
        for _ in 0..50 {
            let (mut ga, mut gb) = (-RIDGE * (link.a - start.a), -RIDGE * (link.b - start.b));
            let (mut haa, mut hab, mut hbb) = (RIDGE, 0.0, RIDGE);
            for (bin, count) in counts.iter().enumerate().filter(|(_, count)| count.rows > 0.0) {
                let score = centre(bin);
                let chance = link.chance(score);
                let (gap, curve) = (count.reached - count.rows * chance, count.rows * chance * (1.0 - chance));
                ga += gap;
                gb += gap * score;
                haa += curve;
                hab += curve * score;
                hbb += curve * score * score;
            }
            let det = haa * hbb - hab * hab;
            let (da, db) = ((hbb * ga - hab * gb) / det, (haa * gb - hab * ga) / det);
            // Far from the answer the curve is flat and a whole step would leap over it.
            let pace = (4.0 / da.abs().max(db.abs())).min(1.0);
            link = Link { a: link.a + pace * da, b: link.b + pace * db };
            if da.abs().max(db.abs()) < 1e-9 {
                break;
            }
        }
        link
    }
}

/// A first link, near the identity between 0 and 1.
const START: Link = Link { a: -2.0, b: 4.0 };

/// Decisions with scores in one bin.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    rows: f64,
    reached: f64,
}

fn bin(score: f64) -> usize {
    (((score - LOWEST) / WIDTH).max(0.0) as usize).min(BINS - 1)
}

fn centre(bin: usize) -> f64 {
    LOWEST + (bin as f64 + 0.5) * WIDTH
}

/// The links of one head in one model, one per action, each drawn to the link of all of them together.
fn links(counts: &[[Count; BINS]]) -> Vec<Link> {
    let mut all = [Count::default(); BINS];
    for action in counts {
        for (sum, count) in all.iter_mut().zip(action) {
            sum.rows += count.rows;
            sum.reached += count.reached;
        }
    }
    let shared = Link::fit(&all, START);
    let one = |action: &[Count; BINS]| {
        let rows: f64 = action.iter().map(|count| count.rows).sum();
        let mut counts = *action;
        for (bin, count) in counts.iter_mut().enumerate().filter(|(_, count)| count.rows > 0.0) {
            let believed = PRIOR_ROWS * count.rows / rows;
            count.reached += believed * shared.chance(centre(bin));
            count.rows += believed;
        }
        Link::fit(&counts, shared)
    };
    counts.iter().map(one).collect()
}

/// Gives every linear chance of the ensemble its links. One pass; memory: heads · models · actions · [`BINS`] counts.
pub(super) fn calibrate(
    ensemble: &mut Ensemble,
    log: &LogReader,
    plan: &Plan,
    include: &dyn Fn(&str) -> bool,
    bootstraps: &[Bootstrap],
    progress: &dyn Progress,
) -> Result<()> {
    let heads: Vec<usize> = (0..plan.heads.len())
        .filter(|head| plan.heads[*head].is_chance() && matches!(ensemble.models[0].heads[*head], Fitted::Linear(_)))
        .collect();
    let (actions, models) = (plan.rewards.len(), bootstraps.len());
    let mut counts = vec![[Count::default(); BINS]; heads.len() * models * actions];
    let mut x = vec![0.0; ensemble.encoder.width()];
    progress.start("calibrate chances", Some(log.rows()));
    for batch in log.batches()? {
        let batch = batch?;
        let mut context: Vec<Value> = vec![];
        for row in (0..batch.len()).filter(|row| include(batch.member_id(*row))) {
            let (member, action) = (batch.member_id(row), batch.action(row));
            batch.context(row, &mut context);
            ensemble.encode(&context, &mut x);
            for (place, &head) in heads.iter().enumerate() {
                if !plan.applies(plan.heads[head], &batch, row) {
                    continue;
                }
                let mut target = [0.0];
                plan.fill(plan.heads[head], &batch, row, &mut target);
                for (model, bootstrap) in bootstraps.iter().enumerate() {
                    let weight = f64::from(bootstrap.weight(member));
                    if weight == 0.0 {
                        continue;
                    }
                    let [score, _] = ensemble.models[model].heads[head].at(plan.heads[head], &x, action);
                    let count = &mut counts[(place * models + model) * actions + action][bin(score)];
                    count.rows += weight;
                    count.reached += weight * target[0];
                }
            }
        }
        progress.advance(batch.len() as u64);
    }
    progress.finish();
    for (place, &head) in heads.iter().enumerate() {
        for (model, fitted) in ensemble.models.iter_mut().enumerate() {
            let first = (place * models + model) * actions;
            let links = links(&counts[first..first + actions]);
            if let Fitted::Linear(scores) = &fitted.heads[head] {
                fitted.heads[head] = Fitted::Chance(scores.clone(), links);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts as if `rows` decisions fell into every bin between 0 and 1 and followed `truth`.
    fn counted(rows: f64, truth: Link) -> [Count; BINS] {
        let mut counts = [Count::default(); BINS];
        for (bin, count) in counts.iter_mut().enumerate().filter(|(bin, _)| (0.0..1.0).contains(&centre(*bin))) {
            *count = Count { rows, reached: rows * truth.chance(centre(bin)) };
        }
        counts
    }

    #[test]
    fn a_link_that_made_the_counts_is_found() {
        let truth = Link { a: -1.3, b: 5.1 };
        let found = Link::fit(&counted(1_000.0, truth), START);
        assert!((found.a - truth.a).abs() < 1e-3 && (found.b - truth.b).abs() < 1e-3, "{found:?}");
    }

    #[test]
    fn the_mean_chance_is_the_share_that_reached() {
        let counts = counted(50.0, Link { a: 2.0, b: 3.0 });
        let link = Link::fit(&counts, START);
        let rows: f64 = counts.iter().map(|count| count.rows).sum();
        let reached: f64 = counts.iter().map(|count| count.reached).sum();
        let mean: f64 = counts.iter().enumerate().map(|(b, count)| count.rows * link.chance(centre(b))).sum();
        assert!((mean - reached).abs() < 1e-3 * rows, "{mean} {reached}");
    }

    #[test]
    fn an_action_without_variation_stays_finite_and_near_its_share() {
        let mut sure = [Count::default(); BINS];
        sure[bin(0.97)] = Count { rows: 400.0, reached: 400.0 };
        let links = links(&[counted(100.0, START), sure]);
        let chance = links[1].chance(0.97);
        assert!(chance.is_finite() && chance > 0.98 && chance < 1.0, "{chance}");
        assert!(links.iter().all(|link| link.a.is_finite() && link.b.is_finite()));
    }
}
