//! A stream of which every arm's reward is known, for replaying online learners: one Parquet file, held in memory.

use crate::aligned::{BATCH_ROWS, load, malformed, missing, numbers, transpose, with_prefix};
use guerdon_core::{Error, Result};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::fs::File;
use std::path::Path;

/// Where the columns are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamColumns {
    /// What the names of the context's columns begin with.
    pub context: String,
    /// What the names of the arms' rewards begin with; what follows is the arm's name.
    pub rewards: String,
    /// What the names of the arms' expected rewards begin with, if they are known.
    pub expected: String,
    /// What the names of columns begin with that say by 0 or 1 whether an arm is eligible, if there are any.
    pub eligible: String,
    /// Instead of rewards: a column of whole numbers that names the arm that pays 1, all others 0.
    pub label: Option<String>,
}

/// The stream. Matrices are row after row.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RewardStream {
    /// Numbers of a context.
    pub inputs: usize,
    /// The arms' names.
    pub actions: Vec<String>,
    /// `[steps][inputs]`.
    pub context: Vec<f32>,
    /// `[steps][actions]`.
    pub rewards: Vec<f64>,
    /// `[steps][actions]`; with a label, the rewards themselves. Absent where nothing is known.
    pub expected: Option<Vec<f64>>,
    /// `[steps][actions]`; absent where every arm always is.
    pub eligible: Option<Vec<bool>>,
}

impl RewardStream {
    /// Reads all steps of the file at `path`, in its order.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Malformed`] for a file that is not there or no Parquet; [`Error::Schema`] for a column
    /// that is missing or no number; [`Error::Amount`] for numbers that are not finite, or labels that are not whole.
    pub fn read(path: &Path, columns: &StreamColumns) -> Result<RewardStream> {
        let metadata = load(path)?;
        let schema = metadata.schema().clone();
        let places = |prefix: &str| -> Vec<(usize, String)> { with_prefix(&schema, prefix) };
        let context = places(&columns.context);
        if context.is_empty() {
            return Err(missing(path, &format!("{}<feature>", columns.context), &schema));
        }
        let label = columns.label.as_ref();
        let label = label.map(|name| schema.index_of(name).map_err(|_| missing(path, name, &schema))).transpose()?;
        let rewards = places(&columns.rewards);
        if label.is_none() && rewards.is_empty() {
            return Err(missing(path, &format!("{}<arm>", columns.rewards), &schema));
        }
        let expected = places(&columns.expected);
        let masks = places(&columns.eligible);
        let of = |found: &[(usize, String)]| -> Vec<usize> { found.iter().map(|(place, _)| *place).collect() };
        let arms = |found: &[(usize, String)]| -> Vec<String> { found.iter().map(|(_, name)| name.clone()).collect() };
        if !expected.is_empty() && label.is_none() {
            same_arms(path, "arms with an expected reward", &arms(&expected), &arms(&rewards))?;
        }
        let file = File::open(path).map_err(|e| Error::not_found(path, "Parquet file", e))?;
        let reader =
            ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata).with_batch_size(BATCH_ROWS).build();
        let mut stream = RewardStream { inputs: context.len(), actions: arms(&rewards), ..RewardStream::default() };
        let (mut all, mut labels, mut known, mut masked, mut first) = (vec![], vec![], vec![], vec![], 0u64);
        for batch in reader.map_err(|e| malformed(path, e))? {
            let batch = batch.map_err(|e| malformed(path, e))?;
            transpose(path, &batch, &of(&context), first, &mut all)?;
            match label {
                Some(place) => labels.extend(numbers(path, &batch, place, first)?),
                None => transpose(path, &batch, &of(&rewards), first, &mut stream.rewards)?,
            }
            transpose(path, &batch, &of(&expected), first, &mut known)?;
            transpose(path, &batch, &of(&masks), first, &mut masked)?;
            first += batch.num_rows() as u64;
        }
        stream.context = all.into_iter().map(|value| value as f32).collect();
        if label.is_some() {
            stream.label(path, &labels)?;
        } else if !expected.is_empty() {
            stream.expected = Some(known);
        }
        if !masks.is_empty() {
            stream.mask(path, &arms(&masks), &masked)?;
        }
        Ok(stream)
    }

    /// Eligible arms, from a 0 or 1 for each of `arms` and step.
    fn mask(&mut self, path: &Path, arms: &[String], masked: &[f64]) -> Result<()> {
        same_arms(path, "arms that may be eligible", arms, &self.actions)?;
        for (row, masked) in masked.chunks_exact(arms.len().max(1)).enumerate() {
            let odd = masked.iter().find(|eligible| **eligible != 0.0 && **eligible != 1.0);
            let none = masked.iter().all(|eligible| *eligible == 0.0).then_some(&0.0);
            if let Some(given) = odd.or(none) {
                return Err(Error::Amount {
                    place: format!("{}, row {}", path.display(), row + 1),
                    what: "whether an arm is eligible".into(),
                    given: given.to_string(),
                    wanted: "0 or 1, and 1 for some arm, would do".into(),
                });
            }
        }
        self.eligible = Some(masked.iter().map(|eligible| *eligible == 1.0).collect());
        Ok(())
    }

    /// Reward 1 for the arm that a label names.
    fn label(&mut self, path: &Path, labels: &[f64]) -> Result<()> {
        if let Some((row, given)) =
            labels.iter().enumerate().find(|(_, l)| l.fract() != 0.0 || **l < 0.0 || **l > 9_999.0)
        {
            return Err(Error::Amount {
                place: format!("{}, row {}", path.display(), row + 1),
                what: "label".into(),
                given: given.to_string(),
                wanted: "a whole number from 0 to 9999 would do".into(),
            });
        }
        let most = labels.iter().fold(0.0f64, |most, label| most.max(*label)) as usize;
        self.actions = (0..=most).map(|arm| arm.to_string()).collect();
        self.rewards = labels
            .iter()
            .flat_map(|label| (0..=most).map(move |arm| f64::from(u8::from(arm == *label as usize))))
            .collect();
        self.expected = Some(self.rewards.clone());
        Ok(())
    }

    /// How many steps.
    pub fn len(&self) -> usize {
        self.context.len() / self.inputs.max(1)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.context.is_empty()
    }

    /// The order of steps that a column of another file holds: row numbers from 0, each once.
    ///
    /// # Errors
    /// As [`RewardStream::read`]; [`Error::Mismatch`] for a column that is no order of `steps` steps.
    pub fn order(path: &Path, column: &str, steps: usize) -> Result<Vec<usize>> {
        let metadata = load(path)?;
        let schema = metadata.schema().clone();
        let place = schema.index_of(column).map_err(|_| missing(path, column, &schema))?;
        let file = File::open(path).map_err(|e| Error::not_found(path, "Parquet file", e))?;
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata).build();
        let mut order = vec![];
        for batch in reader.map_err(|e| malformed(path, e))? {
            let batch = batch.map_err(|e| malformed(path, e))?;
            order.extend(numbers(path, &batch, place, order.len() as u64)?);
        }
        let mut seen = vec![false; steps];
        let whole = order.len() == steps
            && order.iter().all(|row| {
                let place = seen.get_mut(*row as usize).filter(|_| *row >= 0.0 && row.fract() == 0.0);
                place.is_some_and(|seen| !std::mem::replace(seen, true))
            });
        if !whole {
            return Err(Error::Mismatch {
                place: format!("{} and the stream", path.display()),
                what: column.to_owned(),
                given: format!("{} rows", order.len()),
                wanted: format!("every number from 0 to {}, once, would do", steps.saturating_sub(1)),
            });
        }
        Ok(order.into_iter().map(|row| row as usize).collect())
    }
}

/// Refuses columns that are not those of the arms with a reward, in their order.
fn same_arms(path: &Path, what: &str, given: &[String], rewards: &[String]) -> Result<()> {
    if given == rewards {
        return Ok(());
    }
    Err(Error::Mismatch {
        place: path.display().to_string(),
        what: what.into(),
        given: given.join(", "),
        wanted: format!("those with a reward are {}", rewards.join(", ")),
    })
}
