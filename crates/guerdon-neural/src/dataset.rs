//! Encoded training rows as one matrix in memory.

use guerdon_core::{Result, Seed};

/// What all rows of a log have in common.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Layout {
    /// Width of an encoded context.
    pub inputs: usize,
    /// Stages, then `paid`, then `revenue`.
    pub heads: usize,
    /// How many actions the catalogue has.
    pub actions: usize,
    /// The stage without which there is no revenue.
    pub revenue_stage: Option<usize>,
}

/// Encoded rows and what followed them. Memory: `4·inputs + 4·heads + 11` bytes a row, 371 bytes with 64 inputs and 26
/// heads.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    /// What the rows have in common.
    pub layout: Layout,
    /// Encoded contexts, `[rows][inputs]`.
    pub x: Vec<f32>,
    /// The logged action of each row.
    pub action: Vec<u16>,
    /// `[rows][heads]`: 0/1 for stages and paid, revenue in major units.
    pub targets: Vec<f32>,
    /// Whether the row's member is held out for validation (a part of the training members).
    pub validation: Vec<bool>,
    /// A number that stands for the row's member, see [`times`].
    pub member: Vec<u64>,
}

/// Where training rows come from: blocks of rows, each held in memory while it is worked on.
pub trait Source: Sync {
    /// What the rows have in common.
    fn layout(&self) -> Layout;

    /// Calls `f` with all rows, block by block: with an `order` in one drawn from it, else as the log has them.
    ///
    /// # Errors
    /// Errors of reading the log, and those of `f`.
    fn blocks(&self, order: Option<Seed>, f: &mut dyn FnMut(&Dataset) -> Result<()>) -> Result<()>;
}

impl Source for Dataset {
    fn layout(&self) -> Layout {
        self.layout
    }

    fn blocks(&self, _: Option<Seed>, f: &mut dyn FnMut(&Dataset) -> Result<()>) -> Result<()> {
        f(self)
    }
}

impl Dataset {
    /// An empty set.
    pub fn new(layout: Layout) -> Self {
        Dataset { layout, x: vec![], action: vec![], targets: vec![], validation: vec![], member: vec![] }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.action.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.action.is_empty()
    }

    /// Forgets all rows and keeps the memory.
    pub fn clear(&mut self) {
        self.x.clear();
        self.action.clear();
        self.targets.clear();
        self.validation.clear();
        self.member.clear();
    }

    /// The encoded context of a row.
    pub fn context(&self, row: usize) -> &[f32] {
        &self.x[row * self.layout.inputs..(row + 1) * self.layout.inputs]
    }

    /// The targets of a row.
    pub fn targets_of(&self, row: usize) -> &[f32] {
        &self.targets[row * self.layout.heads..(row + 1) * self.layout.heads]
    }

    /// The rows that are for validation, in order.
    pub fn validation_rows(&self) -> Vec<u32> {
        (0..self.len()).filter(|row| self.validation[*row]).map(|row| row as u32).collect()
    }

    /// The rows to fit on, in order, each as often as `sample` says: those that are not for validation, or `all`.
    pub fn fitting_rows(&self, all: bool, sample: Option<u64>) -> Vec<u32> {
        let fitted = (0..self.len()).filter(|row| all || !self.validation[*row]);
        match sample {
            None => fitted.map(|row| row as u32).collect(),
            Some(sample) => {
                fitted.flat_map(|row| std::iter::repeat_n(row as u32, times(self.member[row], sample))).collect()
            }
        }
    }
}

/// How often a member's decisions stand in bootstrap sample `sample`: a Poisson(1) draw, the multinomial bootstrap's
/// counts where there are many members (Oza & Russell 2001). `member` must be drawn from its id evenly.
pub fn times(member: u64, sample: u64) -> usize {
    let draw = Seed(member).uniform_indexed(sample);
    let mut chance = (-1f64).exp();
    let mut below = chance;
    let mut count = 0;
    while draw >= below && count < 16 {
        count += 1;
        chance /= count as f64;
        below += chance;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bootstrap_counts_follow_the_poisson_distribution_of_mean_1() {
        let counts: Vec<usize> = (0..40_000).map(|member| times(Seed(7).indexed(member).0, 3)).collect();
        let share = |k| counts.iter().filter(|count| **count == k).count() as f64 / 40_000.0;
        let e = (-1f64).exp();
        for (k, chance) in [(0, e), (1, e), (2, e / 2.0), (3, e / 6.0)] {
            assert!((share(k) - chance).abs() < 0.01, "{k}: {} against {chance}", share(k));
        }
        assert_ne!(times_of(3), times_of(4));
    }

    fn times_of(sample: u64) -> Vec<usize> {
        (0..50).map(|member| times(Seed(7).indexed(member).0, sample)).collect()
    }
}
