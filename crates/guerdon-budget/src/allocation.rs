//! What the solvers give: value, certified bound, what every limit used, and the rule that streams the choices out.

use crate::batch::Batch;
use crate::limit::Limit;
use crate::members::Members;
use crate::pass;
use crate::rule::{Chooser, Moves, Rule};
use crate::{several, single};
use guerdon_core::{Error, Result};
use serde::{Deserialize, Serialize};

/// A choice of one option for every member that meets every limit. It holds prices and a few exceptions, nothing per member.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Allocation {
    /// How many members there are.
    pub members: u64,
    /// Σ v over the chosen options, in value units.
    pub value: f64,
    /// No choice that meets the limits is worth more than this (the Lagrangian dual's value).
    pub bound: f64,
    /// What each limit used and its price, in the limits' order.
    pub limits: Vec<Use>,
    pub(crate) given: Vec<Limit>,
    pub(crate) rule: Rule,
    pub(crate) moves: Moves,
}

/// One limit after the allocation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Use {
    /// The limit's name.
    pub name: String,
    /// What the chosen options use, in the resource's units.
    pub used: f64,
    /// Value that one more unit of the limit is worth: ≥ 0 for at_most, ≤ 0 where at_least binds.
    pub price: f64,
}

impl Allocation {
    /// Solves max Σ v, one option a member, under the limits.
    ///
    /// One limit with only an at_most is solved at its exact price (two to five readings of the members, then two more);
    /// several limits, floors and segments by dual Newton steps on a sample and then on all, and a repair that ends feasible.
    /// The result is the same for any number of threads.
    ///
    /// # Errors
    /// What the members give; a limit that is not one; limits that can't be met, with the one and what can be reached.
    pub fn solve<M: Members + ?Sized>(members: &M, limits: &[Limit]) -> Result<Allocation> {
        match limits {
            [limit] if limit.at_least.is_none_or(|x| x == 0.0) && limit.at_most.is_some() => {
                single::solve(members, limit)
            }
            _ => several::solve(members, limits),
        }
    }

    /// The certified gap: (bound − value) / |bound|, ≥ 0. No choice can be better than this one by a larger part.
    pub fn gap(&self) -> f64 {
        let short = (self.bound - self.value).max(0.0);
        if short == 0.0 { 0.0 } else { short / self.bound.abs() }
    }

    /// The options of one batch's members, for a caller that reads the members itself; `first` is the place in the stream of
    /// the batch's first one.
    pub fn batch_choices(&self, batch: &Batch, first: u64) -> Vec<u32> {
        let mut chooser = Chooser::new(&self.given, &self.rule, batch.options());
        let mut chosen: Vec<u32> =
            (0..batch.len()).map(|m| chooser.choose(batch, m, first + m as u64) as u32).collect();
        for (member, option) in self.moves.range(first..first + batch.len() as u64) {
            chosen[(member - first) as usize] = *option;
        }
        chosen
    }

    /// Reads the members once more and hands (place in the stream, option) to `take`, in the members' order.
    ///
    /// # Errors
    /// What the members or `take` give; another number of members than was solved for.
    pub fn choices<M: Members + ?Sized>(
        &self,
        members: &M,
        mut take: impl FnMut(u64, usize) -> Result<()>,
    ) -> Result<()> {
        let mut next = 0u64;
        let read = pass::ordered(
            members,
            |batch, first| self.batch_choices(batch, first),
            |chosen| {
                for option in chosen {
                    take(next, option as usize)?;
                    next += 1;
                }
                Ok(())
            },
        )?;
        if read != self.members {
            return Err(Error::Mismatch {
                place: "choices".to_owned(),
                what: "number of members".to_owned(),
                given: read.to_string(),
                wanted: format!("the allocation was solved for {}", self.members),
            });
        }
        Ok(())
    }
}
