//! Training rows in memory, with what trees and effects need beside outcomes: propensities and member folds.

use crate::outcomes::Outcomes;
use crate::rows::{Visited, push_eligible, visit};
use guerdon_core::{Error, Progress, Result};
use guerdon_data::LogReader;
use guerdon_policy::Encoder;

/// Encoded rows and what followed them, in the log's order. Memory: `4·inputs + 4·heads + 16` bytes a row, and `actions` more
/// where some were not eligible.
#[derive(Debug)]
pub(crate) struct Table {
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
    /// Probability of the logged action, in (0, 1].
    pub propensity: Vec<f64>,
    /// The part that each row's member was put in.
    pub part: Vec<u8>,
    /// Whether each action was eligible, `[rows][actions]`; empty where all of them always were.
    pub eligible: Vec<bool>,
    /// The stage without which there is no revenue.
    pub revenue_stage: Option<usize>,
}

impl Table {
    /// Reads the rows of the members for whom `include` holds; `part` puts a member's rows in one of 256 parts.
    ///
    /// # Errors
    /// [`Error::Empty`] without rows; errors of reading the log.
    pub fn read(
        log: &LogReader,
        outcomes: &Outcomes,
        encoder: &Encoder,
        include: &dyn Fn(&str) -> bool,
        part: &dyn Fn(&str) -> u8,
        progress: &dyn Progress,
    ) -> Result<(Self, Visited)> {
        let mut table = Table {
            inputs: encoder.width(),
            heads: outcomes.heads(),
            actions: log.meta().catalogue.len(),
            x: vec![],
            action: vec![],
            targets: vec![],
            propensity: vec![],
            part: vec![],
            eligible: vec![],
            revenue_stage: outcomes.revenue_stage,
        };
        let mut written = vec![0.0; table.heads];
        let mut masked = false;
        let visited = visit(log, include, "encode rows", progress, &mut |batch, row, context| {
            let start = table.x.len();
            table.x.resize(start + table.inputs, 0.0);
            encoder.encode(context, &mut table.x[start..]);
            outcomes.heads_of(batch, row, &mut written);
            table.targets.extend(written.iter().map(|value| *value as f32));
            table.action.push(batch.action(row) as u16);
            table.propensity.push(batch.propensity(row));
            table.part.push(part(batch.member_id(row)));
            masked |= push_eligible(batch, row, table.actions, &mut table.eligible);
            Ok(())
        })?;
        if !masked {
            table.eligible = vec![];
        }
        if table.rows() == 0 {
            let what = "none of its members may be learned from; raise the share of training members";
            return Err(Error::Empty { place: log.path().display().to_string(), what: what.into() });
        }
        Ok((table, visited))
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
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

    /// Whether some rows had actions that were not eligible.
    pub fn masked(&self) -> bool {
        !self.eligible.is_empty()
    }

    /// Whether `action` was eligible in `row`.
    pub fn eligible(&self, row: usize, action: usize) -> bool {
        self.eligible.get(row * self.actions + action).copied().unwrap_or(true)
    }

    /// The rows for which `which` holds, in order.
    pub fn rows_where(&self, which: impl Fn(usize) -> bool) -> Vec<usize> {
        (0..self.rows()).filter(|row| which(*row)).collect()
    }
}
