//! The training rows of a log as one matrix in memory, for learners that go over them many times.

use crate::rows::{Outcomes, Visited, visit};
use guerdon_core::{Error, Progress, Result, Seed};
use guerdon_data::LogReader;
use guerdon_policy::Encoder;

/// Encoded training rows and what followed them. Memory: `4·inputs + 4·heads + 3` bytes a row, 363 bytes with 64
/// inputs and 26 heads; ten million such rows take 3.6 GB.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Dataset {
    /// Width of an encoded context.
    pub inputs: usize,
    /// Stages, then `paid`, then `revenue`.
    pub heads: usize,
    /// How many actions the catalogue has.
    pub actions: usize,
    /// Encoded contexts, `[rows][inputs]`.
    pub x: Vec<f32>,
    /// The logged action of each row.
    pub action: Vec<u16>,
    /// `[rows][heads]`: 0/1 for stages and paid, revenue in major units.
    pub targets: Vec<f32>,
    /// The stage without which there is no revenue.
    pub revenue_stage: Option<usize>,
    /// Whether the row's member is held out for validation (a part of the training members).
    pub validation: Vec<bool>,
}

impl Dataset {
    /// An empty set.
    pub fn new(inputs: usize, heads: usize, actions: usize) -> Self {
        Dataset {
            inputs,
            heads,
            actions,
            x: vec![],
            action: vec![],
            targets: vec![],
            revenue_stage: None,
            validation: vec![],
        }
    }

    /// Reads the rows of the members for whom `include` holds; a member is for validation if `validation` says so.
    ///
    /// # Errors
    /// [`Error::Training`] if every row is for validation; errors of reading the log.
    pub fn read(
        log: &LogReader,
        encoder: &Encoder,
        include: &dyn Fn(&str) -> bool,
        validation: &dyn Fn(&str) -> bool,
        progress: &dyn Progress,
    ) -> Result<(Self, Visited)> {
        let outcomes = Outcomes::of(log);
        let heads = outcomes.heads();
        let mut data = Dataset::new(encoder.width(), heads, log.meta().catalogue.len());
        data.revenue_stage = outcomes.revenue_stage;
        let mut written = vec![0.0; heads];
        let visited = visit(log, include, "encode rows", progress, &mut |batch, row, context| {
            let start = data.x.len();
            data.x.resize(start + data.inputs, 0.0);
            encoder.encode(context, &mut data.x[start..]);
            outcomes.heads_of(batch, row, &mut written);
            data.targets.extend(written.iter().map(|value| *value as f32));
            data.action.push(batch.action(row) as u16);
            data.validation.push(validation(batch.member_id(row)));
            Ok(())
        })?;
        if data.validation.iter().all(|held_out| *held_out) {
            return Err(Error::Training {
                learner: "neural".into(),
                reason: "no rows are left to fit on; lower validation_share or give a larger log".into(),
            });
        }
        Ok((data, visited))
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.action.len()
    }

    /// The encoded context of a row.
    pub fn context(&self, row: usize) -> &[f32] {
        &self.x[row * self.inputs..(row + 1) * self.inputs]
    }

    /// The targets of a row.
    pub fn targets_of(&self, row: usize) -> &[f32] {
        &self.targets[row * self.heads..(row + 1) * self.heads]
    }

    /// The rows that are (not) for validation, in order.
    pub fn rows(&self, validation: bool) -> Vec<u32> {
        (0..self.len()).filter(|row| self.validation[*row] == validation).map(|row| row as u32).collect()
    }
}

/// Whether a training member is held out for validation: decided by a hash of the id, apart from the split.
pub(crate) fn is_validation(seed: Seed, member_id: &str, share: f64) -> bool {
    seed.named("validation").uniform(member_id) < share
}
