//! One limit: the exact price, ties by the members' order, and the rest of the budget filled from the shortlist.

use crate::allocation::{Allocation, Use};
use crate::hull::Hull;
use crate::improve::Search;
use crate::limit::Limit;
use crate::members::Members;
use crate::pass;
use crate::rule::Rule;
use crate::select;
use crate::shortlist;
use crate::sum::Sum;
use crate::units;
use guerdon_core::Result;

/// Entries on the shortlist.
const KEEP: usize = 8192;

/// Solves one limit with an at_most.
pub(crate) fn solve<M: Members + ?Sized>(members: &M, limit: &Limit) -> Result<Allocation> {
    check(members, limit)?;
    let cut = select::cut(members, limit)?;
    let (best, ties_before) = ties(members, limit, cut)?;
    let bound = best + cut.price * limit.at_most.unwrap_or(0.0);
    let rule = Rule::Cut { price: cut.price, ties_before };
    let limits = std::slice::from_ref(limit);
    let account = shortlist::account(members, limits, &rule, KEEP)?;
    let ranges = [limit.range()];
    let start = account.value.value();
    let mut search = Search::new(&account.entries, &account.used, &ranges);
    search.improve(start, bound);
    search.exact(start, bound, cut.price);
    let moves = search.moves();
    let used = totals(&account.used, &account.entries, &moves);
    let (value, used) = (start + search.value, units::total(used[0]));
    let limits = vec![Use { name: limit.name.clone(), used, price: cut.price }];
    Ok(Allocation {
        members: account.members,
        value,
        bound: bound.max(value),
        limits,
        given: vec![limit.clone()],
        rule,
        moves,
    })
}

/// Parts used after the moves.
pub(crate) fn totals(used: &[i128], entries: &[shortlist::Entry], moves: &crate::rule::Moves) -> Vec<i128> {
    let mut used = used.to_vec();
    for entry in entries.iter().filter(|e| moves.get(&e.member) == Some(&e.option)) {
        used.iter_mut().zip(&entry.costs).for_each(|(u, c)| *u += i128::from(*c));
    }
    used
}

/// Refuses a limit that is none, from the first batch.
fn check<M: Members + ?Sized>(members: &M, limit: &Limit) -> Result<()> {
    let first = members.parts().next().transpose()?.map(|part| members.batch(part)).transpose()?;
    limit.check(first.map_or(usize::MAX, |batch| batch.resources()))
}

/// Σ of value less priced cost at the cut, and the first member whose step at the cut's price does not fit any more.
fn ties<M: Members + ?Sized>(members: &M, limit: &Limit, cut: select::Cut) -> Result<(f64, u64)> {
    let mut best = Sum::default();
    let mut left = cut.left;
    let mut end = None;
    let read = pass::ordered(
        members,
        |batch, first| {
            let (mut hull, free) = (Hull::default(), vec![0; batch.options()]);
            let (mut sum, mut ties) = (Sum::default(), Vec::new());
            for member in 0..batch.len() {
                let (values, costs) = (batch.values(member), select::costs(batch, member, limit, &free));
                hull.take(values, costs);
                let option = hull.option(cut.price, false);
                sum.add(values[option] - cut.price * units::amount(costs[option]));
                let tie = hull.steps.iter().find(|s| s.efficiency == cut.price);
                ties.extend(tie.map(|s| (first + member as u64, s.cost)));
            }
            (sum, ties)
        },
        |(sum, ties)| {
            best.merge(sum);
            for (member, cost) in ties {
                if end.is_none() {
                    if i128::from(cost) > left {
                        end = Some(member);
                    } else {
                        left -= i128::from(cost);
                    }
                }
            }
            Ok(())
        },
    )?;
    Ok((best.value(), end.unwrap_or(read)))
}
