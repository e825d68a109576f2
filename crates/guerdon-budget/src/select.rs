//! The exact price at which one limit binds: radix selection over the bits of the hull steps' efficiencies.
//!
//! The LP optimum takes steps by falling efficiency until the budget is spent (Sinha & Zoltners 1979). Positive doubles order
//! as their bits do, so a histogram of 2¹⁶ buckets, refined where the budget runs out, finds the last step without a sort.

use crate::batch::Batch;
use crate::hull::Hull;
use crate::limit::Limit;
use crate::members::Members;
use crate::pass;
use guerdon_core::Result;

const SHIFTS: [u32; 4] = [47, 31, 15, 0];
const BUCKETS: usize = 1 << 16;
/// So few steps are collected and sorted in place of a further refinement.
const FEW: u64 = 1 << 16;

/// Where the budget runs out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cut {
    /// Steps above this efficiency are all taken; 0 where the budget does not bind.
    pub(crate) price: f64,
    /// Parts left for the steps at exactly this efficiency.
    pub(crate) left: i128,
}

struct Histogram {
    base: i128,
    sums: Vec<i128>,
    counts: Vec<u64>,
    hull: Hull,
}

/// The costs of a member under a limit: its own, or nothing where the member does not count.
pub(crate) fn costs<'a>(batch: &'a Batch, member: usize, limit: &Limit, free: &'a [i64]) -> &'a [i64] {
    if limit.counts(batch.segments(member)) { batch.costs(member, limit.resource) } else { free }
}

/// Finds the cut for `limit.at_most`.
///
/// # Errors
/// The members' own, or that even the cheapest options use more than the limit.
pub(crate) fn cut<M: Members + ?Sized>(members: &M, limit: &Limit) -> Result<Cut> {
    let (_, most) = limit.range();
    let mut left = most;
    let mut prefix = 0u64;
    for (level, shift) in SHIFTS.into_iter().enumerate() {
        let total = histogram(members, limit, level, prefix)?;
        if level == 0 {
            left -= total.base;
            if left < 0 {
                return Err(limit.unmet(false, crate::units::total(total.base), ""));
            }
        }
        let Some(bucket) = descend(&total.sums, &mut left) else {
            return Ok(Cut { price: 0.0, left });
        };
        let width = if level == 3 { 15 } else { 16 };
        prefix = if level == 0 { bucket as u64 } else { prefix << width | bucket as u64 };
        if shift == 0 {
            return Ok(Cut { price: f64::from_bits(prefix), left });
        }
        if total.counts[bucket] <= FEW {
            return sorted(members, limit, shift, prefix, left);
        }
    }
    Ok(Cut { price: 0.0, left })
}

/// Takes buckets from the top while they fit; the first that does not.
fn descend(sums: &[i128], left: &mut i128) -> Option<usize> {
    for (bucket, sum) in sums.iter().enumerate().rev() {
        if *sum > *left {
            return Some(bucket);
        }
        *left -= sum;
    }
    None
}

fn histogram<M: Members + ?Sized>(members: &M, limit: &Limit, level: usize, prefix: u64) -> Result<Histogram> {
    let new = || Histogram { base: 0, sums: vec![0; BUCKETS], counts: vec![0; BUCKETS], hull: Hull::default() };
    let (shift, above) = (SHIFTS[level], if level == 0 { 63 } else { SHIFTS[level - 1] });
    let mask = (1u64 << (above - shift)) - 1;
    let mut total = new();
    pass::unordered(
        members,
        new,
        |to, batch| {
            let free = vec![0; batch.options()];
            for member in 0..batch.len() {
                let costs = costs(batch, member, limit, &free);
                to.hull.take(batch.values(member), costs);
                to.base += i128::from(costs[to.hull.base]);
                for step in &to.hull.steps {
                    let key = step.efficiency.to_bits();
                    if key >> above == prefix {
                        let bucket = (key >> shift & mask) as usize;
                        to.sums[bucket] += i128::from(step.cost);
                        to.counts[bucket] += 1;
                    }
                }
            }
        },
        |part| {
            total.base += part.base;
            total.sums.iter_mut().zip(part.sums).for_each(|(a, b)| *a += b);
            total.counts.iter_mut().zip(part.counts).for_each(|(a, b)| *a += b);
        },
    )?;
    Ok(total)
}

/// The cut within a bucket of few steps.
fn sorted<M: Members + ?Sized>(members: &M, limit: &Limit, shift: u32, prefix: u64, mut left: i128) -> Result<Cut> {
    let mut steps: Vec<(u64, i64)> = Vec::new();
    pass::unordered(
        members,
        || (Vec::new(), Hull::default()),
        |(to, hull), batch| {
            let free = vec![0; batch.options()];
            for member in 0..batch.len() {
                hull.take(batch.values(member), costs(batch, member, limit, &free));
                let keys = hull.steps.iter().map(|s| (s.efficiency.to_bits(), s.cost));
                to.extend(keys.filter(|(key, _)| key >> shift == prefix));
            }
        },
        |(part, _)| steps.extend(part),
    )?;
    steps.sort_unstable_by(|a, b| b.cmp(a));
    for alike in steps.chunk_by(|a, b| a.0 == b.0) {
        let sum: i128 = alike.iter().map(|(_, cost)| i128::from(*cost)).sum();
        if sum > left {
            return Ok(Cut { price: f64::from_bits(alike[0].0), left });
        }
        left -= sum;
    }
    Ok(Cut { price: 0.0, left })
}
