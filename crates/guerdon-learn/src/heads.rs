//! Linear heads over targets of the caller's choice, with a weight per member and replica: what a simulator fitted from
//! a log needs.

use crate::accumulate::{Plan, accumulate};
use crate::encoding::{Levels, fit_encoder};
use crate::linear::{LinearHeads, Shrinkage, solve};
use guerdon_core::{Progress, Result};
use guerdon_data::{LogBatch, LogReader};
use guerdon_policy::Encoder;

/// Whether a decision (a row of a batch) counts.
pub type Applies<'a> = dyn Fn(&LogBatch, usize) -> bool + 'a;

/// What to fit.
pub struct HeadPlan<'a> {
    /// Whose decisions count at all (the encoder too is fitted to these only).
    pub include: &'a dyn Fn(&str) -> bool,
    /// How many models: bootstrap replicas, say. At least 1.
    pub replicas: usize,
    /// The weight of a member's decisions in a replica, at least 0: a bootstrap's multiplicity, say.
    pub weight: &'a dyn Fn(usize, &str) -> f64,
    /// How many targets a decision has.
    pub targets: usize,
    /// Writes a decision's targets. Write the same numbers whenever asked.
    pub fill: &'a dyn Fn(&LogBatch, usize, &mut [f64]),
    /// Whether a decision counts; `None` counts all. For targets that only some decisions have (spend of those who
    /// bought, a stage's chance among those who reached the one before).
    pub applies: Option<&'a Applies<'a>>,
    /// How much to shrink.
    pub shrinkage: Shrinkage,
    /// The encoder to use; `None` fits one, unweighted, to the included members.
    pub encoder: Option<&'a Encoder>,
}

/// Models of one [`HeadPlan`].
#[derive(Debug, Clone, PartialEq)]
pub struct FittedHeads {
    /// How contexts become the models' inputs.
    pub encoder: Encoder,
    /// One per replica.
    pub replicas: Vec<LinearHeads>,
}

/// Fits linear heads per action for every replica in one pass (two where the encoder is fitted too). Memory:
/// `replicas · actions` matrices of `inputs²/2` doubles.
///
/// # Errors
/// [`guerdon_core::Error::Empty`] if a replica has no rows; errors of reading the log.
pub fn fit_heads(log: &LogReader, plan: &HeadPlan, progress: &dyn Progress) -> Result<FittedHeads> {
    let encoder = match plan.encoder {
        Some(encoder) => encoder.clone(),
        None => fit_encoder(log, plan.include, Levels::default(), progress)?,
    };
    let actions = log.meta().catalogue.len();
    let pass = Plan {
        include: plan.include,
        encoder: &encoder,
        targets: plan.targets,
        fill: plan.fill,
        groups: plan.replicas * actions,
        assign: &|batch, row, groups| {
            if plan.applies.is_some_and(|applies| !applies(batch, row)) {
                return;
            }
            let (member, action) = (batch.member_id(row), batch.action(row));
            groups
                .extend((0..plan.replicas).map(|replica| (replica * actions + action, (plan.weight)(replica, member))));
        },
    };
    let sums = accumulate(log, &pass, progress)?;
    let replicas = (0..plan.replicas)
        .map(|replica| solve(&sums.over(actions, |part| part == replica), plan.shrinkage, "fitted heads"))
        .collect::<Result<_>>()?;
    Ok(FittedHeads { encoder, replicas })
}
