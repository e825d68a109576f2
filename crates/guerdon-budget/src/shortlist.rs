//! What a rule gives in all, and the options of single members that would cost least to take instead (the "core": Balas &
//! Zemel 1980; Pisinger 1995).

use crate::batch::Batch;
use crate::limit::Limit;
use crate::members::Members;
use crate::pass;
use crate::rule::{Chooser, Rule};
use crate::sum::Sum;
use guerdon_core::Result;
use std::sync::atomic::{AtomicU64, Ordering};

/// Another option for one member, against what the rule gives.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) member: u64,
    pub(crate) option: u32,
    /// What the dual loses by it; ≥ 0 up to rounding.
    pub(crate) loss: f64,
    /// Value more than the rule's option.
    pub(crate) value: f64,
    /// Parts more than the rule's option, one a limit.
    pub(crate) costs: Vec<i64>,
}

impl Entry {
    fn rank(&self, other: &Entry) -> std::cmp::Ordering {
        let by_loss = self.loss.total_cmp(&other.loss);
        by_loss.then(self.member.cmp(&other.member)).then(self.option.cmp(&other.option))
    }
}

/// Totals of a rule, and the shortlist.
#[derive(Debug, Default)]
pub(crate) struct Account {
    pub(crate) members: u64,
    pub(crate) value: Sum,
    /// Σ of every member's best score at the rule's prices.
    pub(crate) best: Sum,
    /// Parts used, one a limit.
    pub(crate) used: Vec<i128>,
    /// The `keep` entries of least loss.
    pub(crate) entries: Vec<Entry>,
}

/// Reads the members once under a rule.
pub(crate) fn account<M: Members + ?Sized>(members: &M, limits: &[Limit], rule: &Rule, keep: usize) -> Result<Account> {
    let mut all = Account { used: vec![0; limits.len()], ..Account::default() };
    // Entries above the worst one kept so far can be left out at once; the final list is the same without this.
    let worst = AtomicU64::new(f64::INFINITY.to_bits());
    let counted = pass::ordered(
        members,
        |batch, first| {
            let mut part = batch_account(batch, first, limits, rule, f64::from_bits(worst.load(Ordering::Relaxed)));
            cull(&mut part.entries, keep);
            part
        },
        |part| {
            all.value.merge(part.value);
            all.best.merge(part.best);
            all.used.iter_mut().zip(part.used).for_each(|(a, b)| *a += b);
            all.entries.extend(part.entries);
            if all.entries.len() > 2 * keep {
                cull(&mut all.entries, keep);
                let last = all.entries.iter().map(|e| e.loss).fold(0.0, f64::max);
                worst.store(last.to_bits(), Ordering::Relaxed);
            }
            Ok(())
        },
    )?;
    cull(&mut all.entries, keep);
    all.entries.sort_unstable_by(Entry::rank);
    all.members = counted;
    Ok(all)
}

fn cull(entries: &mut Vec<Entry>, keep: usize) {
    if entries.len() > keep {
        entries.select_nth_unstable_by(keep, Entry::rank);
        entries.truncate(keep);
    }
}

fn batch_account(batch: &Batch, first: u64, limits: &[Limit], rule: &Rule, worst: f64) -> Account {
    let mut part = Account { used: vec![0; limits.len()], ..Account::default() };
    let mut chooser = Chooser::new(limits, rule, batch.options());
    for member in 0..batch.len() {
        let index = first + member as u64;
        let base = chooser.choose(batch, member, index);
        let values = batch.values(member);
        part.value.add(values[base]);
        part.best.add(chooser.scores.iter().copied().fold(f64::NEG_INFINITY, f64::max));
        let cost = |limit: &Limit, option: usize| {
            if limit.counts(batch.segments(member)) { batch.costs(member, limit.resource)[option] } else { 0 }
        };
        for (used, limit) in part.used.iter_mut().zip(limits) {
            *used += i128::from(cost(limit, base));
        }
        for (option, value) in values.iter().enumerate() {
            let loss = (chooser.scores[base] - chooser.scores[option]).max(0.0);
            if option != base && *value != f64::NEG_INFINITY && loss <= worst {
                let costs = limits.iter().map(|l| cost(l, option) - cost(l, base)).collect();
                part.entries.push(Entry {
                    member: index,
                    option: option as u32,
                    loss,
                    value: value - values[base],
                    costs,
                });
            }
        }
    }
    part
}
