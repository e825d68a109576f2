//! The first reading for several limits: how many members, what each limit can reach on its own, typical sizes, a sample.

use crate::batch::Batch;
use crate::limit::Limit;
use crate::members::Members;
use crate::pass;
use crate::sum::Sum;
use crate::units;
use guerdon_core::Result;

/// What the first reading found.
pub(crate) struct Survey {
    pub(crate) members: u64,
    pub(crate) options: usize,
    /// Parts: the least and the most of each limit's sum, the others aside.
    pub(crate) least: Vec<i128>,
    pub(crate) most: Vec<i128>,
    /// Σ of every member's worst option: no choice is worth less.
    pub(crate) worst: f64,
    /// Mean over members of best − worst value.
    pub(crate) spread: f64,
    /// Largest amount of one option for each limit, in units.
    pub(crate) largest: Vec<f64>,
}

struct Part {
    members: u64,
    options: usize,
    least: Vec<i128>,
    most: Vec<i128>,
    largest: Vec<i64>,
    worst: Sum,
    spread: Sum,
}

/// Reads the members once.
pub(crate) fn survey<M: Members + ?Sized>(members: &M, limits: &[Limit]) -> Result<Survey> {
    let n = limits.len();
    let new = || Part {
        members: 0,
        options: 0,
        least: vec![0; n],
        most: vec![0; n],
        largest: vec![0; n],
        worst: Sum::default(),
        spread: Sum::default(),
    };
    let mut all = new();
    let mut unchecked = true;
    pass::ordered(
        members,
        |batch, _| {
            let mut part = new();
            (part.members, part.options) = (batch.len() as u64, batch.options());
            let known = limits.iter().all(|l| l.resource < batch.resources());
            for member in (0..batch.len()).filter(|_| known) {
                add(&mut part, batch, member, limits);
            }
            (part, batch.resources())
        },
        |(part, resources)| {
            if unchecked {
                limits.iter().try_for_each(|l| l.check(resources))?;
                unchecked = false;
            }
            all.members += part.members;
            all.options = part.options;
            all.worst.merge(part.worst);
            all.spread.merge(part.spread);
            for m in 0..n {
                all.least[m] += part.least[m];
                all.most[m] += part.most[m];
                all.largest[m] = all.largest[m].max(part.largest[m]);
            }
            Ok(())
        },
    )?;
    if unchecked {
        limits.iter().try_for_each(|l| l.check(usize::MAX))?;
    }
    Ok(Survey {
        members: all.members,
        options: all.options,
        least: all.least,
        most: all.most,
        worst: all.worst.value(),
        spread: all.spread.value() / (all.members.max(1) as f64),
        largest: all.largest.iter().map(|c| units::amount(*c)).collect(),
    })
}

fn add(part: &mut Part, batch: &Batch, member: usize, limits: &[Limit]) {
    let values = batch.values(member);
    let given = || values.iter().copied().filter(|v| *v != f64::NEG_INFINITY);
    let (low, high) = (given().fold(f64::INFINITY, f64::min), given().fold(f64::NEG_INFINITY, f64::max));
    part.worst.add(low);
    part.spread.add(high - low);
    for (m, limit) in limits.iter().enumerate().filter(|(_, l)| l.counts(batch.segments(member))) {
        let costs = batch.costs(member, limit.resource).iter().zip(values).filter(|(_, v)| **v != f64::NEG_INFINITY);
        let (mut least, mut most) = (i64::MAX, 0);
        for (cost, _) in costs {
            (least, most) = (least.min(*cost), most.max(*cost));
        }
        part.least[m] += i128::from(least);
        part.most[m] += i128::from(most);
        part.largest[m] = part.largest[m].max(most);
    }
}

/// One member in `stride`, in memory, in batches of a fixed size. The golden-ratio sequence picks them, so that no period in
/// the members' order (every fourth one in a segment, say) is in step with it.
pub(crate) fn sample<M: Members + ?Sized>(members: &M, stride: u64) -> Result<Vec<Batch>> {
    const ROWS: usize = 2048;
    let mut batches: Vec<Batch> = Vec::new();
    pass::ordered(
        members,
        |batch, first| {
            let mut taken = Batch::new(batch.options(), batch.resources(), batch.len() / stride as usize + 1);
            let wanted = (0..batch.len())
                .filter(|m| (first + *m as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) <= u64::MAX / stride);
            wanted.for_each(|m| taken.copy(batch, m));
            taken
        },
        |taken| {
            for member in 0..taken.len() {
                if batches.last().is_none_or(|b| b.len() >= ROWS) {
                    batches.push(Batch::new(taken.options(), taken.resources(), ROWS));
                }
                if let Some(last) = batches.last_mut() {
                    last.copy(&taken, member);
                }
            }
            Ok(())
        },
    )?;
    Ok(batches)
}
