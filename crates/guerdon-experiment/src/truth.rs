//! True values, where a built-in programme's world knows them.

use crate::evaluate::{NamedTarget, Target};
use guerdon_core::{Error, Progress, Result, Value};
use guerdon_data::LogReader;
use guerdon_learn::request;
use guerdon_policy::Policy;
use guerdon_sim::coffeehouse::World;

/// The true mean net value per decision of each target, in major units, over the logged decisions of the members for
/// whom `include` holds: Σ_a π(a | x) · q(x, a), with the world's own q, which integrates over everything that chance
/// decides after the decision ([`World::expected`]).
///
/// # Errors
/// [`Error::Mismatch`] for a log that `world` did not make; whatever reading the log gives.
pub fn true_values(
    log: &LogReader,
    targets: &[NamedTarget],
    world: &World,
    include: &dyn Fn(&str) -> bool,
    progress: &dyn Progress,
) -> Result<Vec<f64>> {
    let mut sums = vec![0.0; targets.len()];
    let mut scratches: Vec<Vec<_>> =
        targets.iter().map(|named| named.target.policies().iter().map(Policy::scratch).collect()).collect();
    let mut life = None;
    let mut decisions = 0u64;
    progress.start("true values", Some(log.rows()));
    for batch in log.batches()? {
        let batch = batch?;
        let mut context: Vec<Value<'_>> = vec![];
        for row in (0..batch.len()).filter(|row| include(batch.member_id(*row))) {
            let member = batch.member_id(row);
            let lived = match life.take() {
                Some((id, lived)) if id == member => lived,
                _ => world.life(World::index_of(member).ok_or_else(|| foreign(member))?),
            };
            let choice =
                lived.choices.get(batch.step(row) as usize).filter(|choice| choice.id == batch.decision_id(row));
            let choice = choice.ok_or_else(|| foreign(batch.decision_id(row)))?;
            let mean = |chances: &[f64]| chances.iter().zip(&choice.expected).map(|(p, e)| p * e.net).sum::<f64>();
            batch.context(row, &mut context);
            for ((sum, named), scratches) in sums.iter_mut().zip(targets).zip(&mut scratches) {
                let place = named.target.place(member);
                *sum += match (named.target.policies().get(place), scratches.get_mut(place)) {
                    (Some(policy), Some(scratch)) => {
                        mean(policy.probabilities(&request(&batch, row, &context), scratch))
                    }
                    _ => match &named.target {
                        Target::Given(given) => {
                            given.action(batch.decision_id(row)).map_or(0.0, |a| choice.expected[a].net)
                        }
                        _ => mean(&choice.probabilities),
                    },
                };
            }
            decisions += 1;
            life = Some((member.to_owned(), lived));
        }
        progress.advance(batch.len() as u64);
    }
    progress.finish();
    Ok(sums.into_iter().map(|sum| sum / decisions.max(1) as f64).collect())
}

fn foreign(id: &str) -> Error {
    Error::Mismatch {
        place: "the log and the built-in programme".into(),
        what: "id".into(),
        given: id.to_owned(),
        wanted: "the world has no such member or decision; use the log that was made from it".into(),
    }
}
