//! A log's decisions as encoded training rows: all of them in memory, or block by block where they are too many.

use crate::neural_config::RevenueFit;
use crate::outcomes::Outcomes;
use crate::rows::{Visited, visit, visit_batches, visit_columns};
use guerdon_core::{Error, Money, NoProgress, Progress, Result, Seed, Value};
use guerdon_data::{LogBatch, LogReader};
use guerdon_neural::{Dataset, Layout, Source};
use guerdon_policy::Encoder;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use std::ops::Range;

/// Whether something holds of a member.
pub(crate) type Holds<'a> = dyn Fn(&str) -> bool + Sync + 'a;

/// Whether a training member is held out for validation: decided by a hash of the id, apart from the split.
pub(crate) fn is_validation(seed: Seed, member_id: &str, share: f64) -> bool {
    seed.named("validation").uniform(member_id) < share
}

/// How a log's decisions become rows.
pub(crate) struct Reading<'a> {
    pub log: &'a LogReader,
    pub encoder: &'a Encoder,
    /// Whose decisions are read.
    pub include: &'a Holds<'a>,
    /// Who of these is held out for validation.
    pub validation: &'a Holds<'a>,
    /// What members' numbers are drawn from.
    seed: Seed,
    outcomes: Outcomes,
}

impl<'a> Reading<'a> {
    /// Of `log`, through `encoder`.
    pub fn new(
        log: &'a LogReader,
        encoder: &'a Encoder,
        include: &'a Holds<'a>,
        validation: &'a Holds<'a>,
        outcomes: Outcomes,
        seed: Seed,
    ) -> Self {
        Reading { log, encoder, include, validation, seed: seed.named("bootstrap"), outcomes }
    }

    /// What the rows have in common.
    pub fn layout(&self) -> Layout {
        Layout {
            inputs: self.encoder.width(),
            heads: self.outcomes.heads(),
            actions: self.log.meta().catalogue.len(),
            revenue_stage: self.outcomes.revenue_stage,
        }
    }

    /// All rows, or `None` if there are more than `most`; and how many there are in either case.
    ///
    /// # Errors
    /// [`Error::Training`] if every row is for validation; [`Error::Config`] for revenue that can't be fitted as `revenue`
    /// says; errors of reading the log.
    pub fn all(&self, most: usize, revenue: RevenueFit, progress: &dyn Progress) -> Result<(Option<Dataset>, Visited)> {
        let mut data = Some(Dataset::new(self.layout()));
        let (mut fitting, mut written) = (0u64, vec![]);
        let visited = visit(self.log, self.include, "encode rows", progress, &mut |batch, row, context| {
            fitting += u64::from(!(self.validation)(batch.member_id(row)));
            if revenue == RevenueFit::Tweedie && batch.revenue(row) < Money::ZERO {
                return Err(self.negative(batch, row));
            }
            if data.as_ref().is_some_and(|data| data.len() == most) {
                data = None;
            }
            if let Some(data) = &mut data {
                self.push(data, batch, row, context, &mut written);
            }
            Ok(())
        })?;
        if fitting == 0 {
            return Err(Error::Training {
                learner: "neural".into(),
                reason: "no rows are left to fit on; lower validation_share or give a larger log".into(),
            });
        }
        Ok((data, visited))
    }

    fn negative(&self, batch: &LogBatch, row: usize) -> Error {
        let (decision, file) = (batch.decision_id(row), self.log.path().display());
        let revenue = batch.revenue(row).to_major(self.log.meta().environment.economics.minor_units);
        let wanted = format!(
            "\"squared\" would do: decision {decision} of {file} brought {revenue}, and what is fitted by a log link (the \
             default with a concave amount) can't be negative"
        );
        Error::config("learner configuration", "revenue", "tweedie", wanted)
    }

    /// For each stage the last one before it without which nobody reached it; nothing where no stage has one.
    pub fn follows(&self, progress: &dyn Progress) -> Result<Vec<Option<usize>>> {
        let stages = self.outcomes.stages;
        // Whether somebody reached [stage] without [earlier].
        let mut skipped = vec![vec![false; stages]; stages];
        visit_columns(self.log, self.include, "look at the funnel", progress, &mut |batch, rows| {
            for &row in rows {
                let reached: Vec<bool> = (0..stages).map(|stage| batch.reached_at(row, stage).is_some()).collect();
                for stage in (0..stages).filter(|stage| reached[*stage]) {
                    skipped[stage].iter_mut().zip(&reached).for_each(|(skipped, earlier)| *skipped |= !earlier);
                }
            }
            Ok(())
        })?;
        let before = |stage: usize| (0..stage).rev().find(|earlier| !skipped[stage][*earlier]);
        let follows: Vec<Option<usize>> = (0..stages).map(before).collect();
        let names: Vec<&str> = self.log.meta().environment.funnel.names().collect();
        let said = follows.iter().enumerate().map(|(stage, before)| match before {
            Some(before) => format!("{} follows {}", names[stage], names[*before]),
            None => format!("{} stands by itself", names[stage]),
        });
        progress.remark(&said.collect::<Vec<_>>().join(", "));
        Ok(if follows.iter().all(Option::is_none) { vec![] } else { follows })
    }

    fn push(&self, data: &mut Dataset, batch: &LogBatch, row: usize, context: &[Value], written: &mut Vec<f64>) {
        let start = data.x.len();
        data.x.resize(start + data.layout.inputs, 0.0);
        self.encoder.encode(context, &mut data.x[start..]);
        written.resize(data.layout.heads, 0.0);
        self.outcomes.heads_of(batch, row, written);
        data.targets.extend(written.iter().map(|value| *value as f32));
        let member = batch.member_id(row);
        data.action.push(batch.action(row) as u16);
        data.validation.push((self.validation)(member));
        data.member.push(self.seed.named(member).0);
    }
}

/// A log that is read anew for every pass, in blocks of at most `rows` rows. A block is made of pieces: row groups of the
/// file, or parts of at most a quarter of a block of those that are larger. Pieces come in an order drawn for the pass;
/// within a block they stand in the log's order.
///
/// Where `rows` holds the whole log, there is one block and it is the very set that [`Reading::all`] gives.
pub(crate) struct Stream<'a> {
    pub reading: Reading<'a>,
    pub rows: usize,
}

impl Stream<'_> {
    fn pieces(&self) -> Vec<Range<usize>> {
        let most = (self.rows / 4).max(1);
        let mut first = 0;
        let mut pieces = vec![];
        for rows in self.reading.log.group_rows() {
            let parts = if rows <= self.rows { 1 } else { rows.div_ceil(most) };
            pieces.extend((0..parts).map(|part| first + part * rows / parts..first + (part + 1) * rows / parts));
            first += rows;
        }
        pieces
    }

    /// The pieces of every block.
    fn plan(&self, order: Option<Seed>) -> Vec<Vec<Range<usize>>> {
        let mut pieces = self.pieces();
        if let Some(order) = order {
            pieces.shuffle(&mut ChaCha8Rng::seed_from_u64(order.named("pieces").0));
        }
        let mut blocks: Vec<Vec<Range<usize>>> = vec![];
        let mut left = 0;
        for piece in pieces {
            let rows = piece.len();
            match blocks.last_mut() {
                Some(block) if rows <= left => {
                    block.push(piece);
                    left -= rows;
                }
                _ => {
                    blocks.push(vec![piece]);
                    left = self.rows.saturating_sub(rows);
                }
            }
        }
        blocks.iter_mut().for_each(|block| block.sort_unstable_by_key(|piece| piece.start));
        blocks
    }
}

impl Source for Stream<'_> {
    fn layout(&self) -> Layout {
        self.reading.layout()
    }

    fn blocks(&self, order: Option<Seed>, f: &mut dyn FnMut(&Dataset) -> Result<()>) -> Result<()> {
        let (mut data, mut written) = (Dataset::new(self.layout()), vec![]);
        for pieces in self.plan(order) {
            data.clear();
            let batches = self.reading.log.range_batches(&pieces)?;
            visit_batches(batches, self.reading.include, &NoProgress, &mut |batch, row, context| {
                self.reading.push(&mut data, batch, row, context, &mut written);
                Ok(())
            })?;
            if !data.is_empty() {
                f(&data)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::common;
    use crate::encoding::{Levels, fit_encoder};
    use crate::members::Job;
    use crate::neural_config::NeuralConfig;
    use crate::shape::shape;
    use burn::tensor::Device;

    const ALL: &Holds = &|_| true;
    const SOME: &Holds = &|member| member.ends_with('3');

    fn reading<'a>(log: &'a LogReader, encoder: &'a Encoder) -> Reading<'a> {
        Reading::new(log, encoder, ALL, SOME, Outcomes::of(log), Seed(1))
    }

    fn gather(source: &dyn Source, order: Option<Seed>) -> (Vec<usize>, Vec<(u64, u32)>) {
        let (mut sizes, mut seen) = (vec![], vec![]);
        let read = source.blocks(order, &mut |block| {
            sizes.push(block.len());
            seen.extend((0..block.len()).map(|row| (block.member[row], block.context(row)[0].to_bits())));
            Ok(())
        });
        read.unwrap();
        (sizes, seen)
    }

    #[test]
    fn blocks_hold_no_more_rows_than_they_may_and_every_row_once() {
        let log = common::log_of(&common::rows(300, 3));
        let encoder = fit_encoder(&log.reader, ALL, Levels::default(), &NoProgress).unwrap();
        let whole =
            reading(&log.reader, &encoder).all(usize::MAX, RevenueFit::Squared, &NoProgress).unwrap().0.unwrap();
        let stream = Stream { reading: reading(&log.reader, &encoder), rows: 100 };
        let (_, mut all) = gather(&whole, None);
        assert_eq!(gather(&stream, None).1, all);
        let (sizes, mut seen) = gather(&stream, Some(Seed(4)));
        assert!(sizes.iter().all(|rows| *rows <= 100) && sizes.len() == 12, "{sizes:?}");
        assert_ne!(seen, all);
        assert_ne!(gather(&stream, Some(Seed(5))).1, seen);
        seen.sort_unstable();
        all.sort_unstable();
        assert_eq!(seen, all);
    }

    #[test]
    fn a_stream_that_holds_the_whole_log_trains_to_the_very_numbers_of_one_in_memory() {
        let log = common::log_of(&common::rows(200, 5));
        let encoder = fit_encoder(&log.reader, ALL, Levels::default(), &NoProgress).unwrap();
        let whole = reading(&log.reader, &encoder).all(800, RevenueFit::Squared, &NoProgress).unwrap().0.unwrap();
        assert!(reading(&log.reader, &encoder).all(799, RevenueFit::Squared, &NoProgress).unwrap().0.is_none());
        let config = NeuralConfig { hidden: vec![8], epochs: 3, batch: 64, members: 2, ..NeuralConfig::default() };
        let train = |source: &dyn Source| {
            let shape = shape(&config, source.layout(), vec![], &log.reader.meta().catalogue).unwrap();
            let job = Job {
                source,
                config: &config,
                shape,
                seed: Seed(2),
                device: Device::flex(),
                checkpoint: None,
                session_epochs: None,
            };
            let (model, metrics) = job.fit(&NoProgress).unwrap();
            (model.networks.iter().map(|network| network.values().unwrap()).collect::<Vec<_>>(), metrics)
        };
        assert!(train(&whole) == train(&Stream { reading: reading(&log.reader, &encoder), rows: 800 }));
        assert!(train(&whole) != train(&Stream { reading: reading(&log.reader, &encoder), rows: 200 }));
    }
}
