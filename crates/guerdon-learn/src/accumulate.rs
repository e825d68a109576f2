//! Fills many [`Moments`] from one pass: groups (an action, an action in a fold, an action in a bootstrap) in parallel,
//! each group's rows in the log's order, so that any number of threads gives the same sums.

use crate::Moments;
use crate::lift::Encode;
use crate::rows::{Visited, visit_columns};
use guerdon_core::{Progress, Result};
use guerdon_data::{LogBatch, LogReader};
use rayon::prelude::*;

/// Rows gathered before they are summed.
const BLOCK: usize = 8192;

/// Rows encoded at a time, column by column: few enough to stay near the processor.
const ENCODED: usize = 256;

/// Sums of groups of rows. A group without rows keeps no matrix.
pub(crate) struct Accumulator {
    inputs: usize,
    targets: usize,
    x: Vec<f32>,
    y: Vec<f64>,
    groups: Vec<Group>,
}

#[derive(Default)]
struct Group {
    waiting: Vec<(usize, f64)>,
    sums: Option<Moments>,
}

impl Accumulator {
    pub fn new(groups: usize, inputs: usize, targets: usize) -> Self {
        let groups = (0..groups).map(|_| Group::default()).collect();
        Accumulator { inputs, targets, x: vec![], y: vec![], groups }
    }

    /// Takes a row of inputs `x` and of targets that `fill` writes; it counts for each of `groups` with its weight.
    pub fn push(&mut self, x: &[f32], fill: impl FnOnce(&mut [f64]), groups: impl IntoIterator<Item = (usize, f64)>) {
        let row = self.y.len() / self.targets;
        self.x.extend_from_slice(x);
        self.y.resize((row + 1) * self.targets, 0.0);
        fill(&mut self.y[row * self.targets..]);
        for (group, weight) in groups {
            if weight != 0.0 {
                self.groups[group].waiting.push((row, weight));
            }
        }
        if row + 1 >= BLOCK {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let (x, y, inputs, targets) = (&self.x, &self.y, self.inputs, self.targets);
        self.groups.par_iter_mut().for_each(|group| {
            if group.waiting.is_empty() {
                return;
            }
            let sums = group.sums.get_or_insert_with(|| Moments::new(inputs, targets));
            sums.add_rows(x, y, &group.waiting);
            group.waiting.clear();
        });
        self.x.clear();
        self.y.clear();
    }

    /// The sums of every group; `None` where it had no rows.
    pub fn finish(mut self) -> Vec<Option<Moments>> {
        self.flush();
        self.groups.into_iter().map(|group| group.sums).collect()
    }
}

/// Adds the groups that a row counts for, with weights.
pub(crate) type Assign<'a> = dyn Fn(&LogBatch, usize, &mut Vec<(usize, f64)>) + 'a;

/// What one pass accumulates.
pub(crate) struct Plan<'a> {
    /// Whose rows.
    pub include: &'a dyn Fn(&str) -> bool,
    /// How contexts become numbers.
    pub encoder: &'a dyn Encode,
    /// How many targets a row has.
    pub targets: usize,
    /// Writes a row's targets.
    pub fill: &'a dyn Fn(&LogBatch, usize, &mut [f64]),
    /// How many groups there are.
    pub groups: usize,
    /// Which groups a row counts for.
    pub assign: &'a Assign<'a>,
}

/// What a pass gave.
pub(crate) struct Sums {
    /// The sums of every group; `None` where it had no rows.
    pub groups: Vec<Option<Moments>>,
    pub visited: Visited,
    inputs: usize,
    targets: usize,
}

impl Sums {
    /// The sums over those parts (each `actions` groups one after the other) for which `which` holds.
    pub fn over(&self, actions: usize, which: impl Fn(usize) -> bool) -> Vec<Moments> {
        let mut all = vec![Moments::new(self.inputs, self.targets); actions];
        for (_, groups) in self.groups.chunks(actions).enumerate().filter(|(part, _)| which(*part)) {
            all.iter_mut().zip(groups).for_each(|(sum, group)| group.iter().for_each(|group| sum.merge(group)));
        }
        all
    }
}

/// Runs the pass.
pub(crate) fn accumulate(log: &LogReader, plan: &Plan, progress: &dyn Progress) -> Result<Sums> {
    let mut sums = Accumulator::new(plan.groups, plan.encoder.width(), plan.targets);
    let width = plan.encoder.width();
    let (mut groups, mut x) = (vec![], vec![]);
    let visited = visit_columns(log, plan.include, "sum rows", progress, &mut |batch, chosen| {
        for rows in chosen.chunks(ENCODED) {
            x.resize(rows.len() * width, 0.0);
            plan.encoder.encode_rows(batch, rows, &mut x);
            for (place, &row) in rows.iter().enumerate() {
                groups.clear();
                (plan.assign)(batch, row, &mut groups);
                let x = &x[place * width..(place + 1) * width];
                sums.push(x, |out| (plan.fill)(batch, row, out), groups.iter().copied());
            }
        }
        Ok(())
    })?;
    let groups = sums.finish();
    Ok(Sums { groups, visited, inputs: plan.encoder.width(), targets: plan.targets })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_over_groups_are_the_same_on_one_thread_and_on_many() {
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let mut sums = Accumulator::new(5, 3, 2);
                for row in 0..20_000usize {
                    let value = (row as f64 * 0.7).sin();
                    sums.push(&[value as f32; 3], |y| y.fill(value * 3.0), [(row % 5, 1.0), ((row + 1) % 4, 0.3)]);
                }
                sums.finish()
            })
        };
        assert_eq!(run(1), run(3));
    }

    #[test]
    fn a_group_without_rows_stays_empty() {
        let mut sums = Accumulator::new(2, 1, 1);
        sums.push(&[1.0], |y| y.fill(1.0), [(1, 2.0)]);
        let found = sums.finish();
        assert_eq!(found[0], None);
        assert_eq!(found[1].as_ref().map(Moments::weight), Some(2.0));
    }
}
