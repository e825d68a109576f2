//! The audit: what a careful analyst checks before trusting a log.
//!
//! Two passes over the record batches (one for counts and moments, one for what must be centred by them), in memory
//! that depends on the actions, features and levels, not on the rows. Every check gives one [`Finding`] or more, good
//! ones included, so that a reader sees what was looked at.

mod actions;
mod balance;
mod duplicates;
mod features;
mod leakage;
mod outcomes;
mod plain;
mod propensities;
mod report;
mod sample;
mod words;

pub use report::{ActionAudit, AuditReport, FeatureAudit};

use crate::log::LogReader;
use actions::Actions;
use balance::Balance;
use duplicates::Duplicates;
use features::Features;
use guerdon_core::{Finding, Progress, Result, Value};
use outcomes::Outcomes;
use plain::Rows;
use propensities::Weights;
use sample::Sample;
use std::path::Path;

/// Checks the decision log at `log`.
///
/// # Errors
/// What [`LogReader::open`] and reading its batches give.
pub fn audit(log: &Path, progress: &dyn Progress) -> Result<AuditReport> {
    let reader = LogReader::open(log)?;
    let meta = reader.meta();
    let mut first = First::new(&reader);
    progress.start("audit: counting", Some(reader.rows()));
    for batch in reader.batches()? {
        let batch = batch?;
        let mut context = vec![];
        for i in 0..batch.len() {
            batch.context(i, &mut context);
            first.see(&batch, i, &context);
        }
        progress.advance(batch.len() as u64);
    }
    progress.finish();

    let design = first.actions.design(meta.propensity_source);
    let mut balance = Balance::new(&first.features, &first.actions, design);
    progress.start("audit: comparing", Some(reader.rows()));
    for batch in reader.batches()? {
        let batch = batch?;
        let mut context = vec![];
        for i in 0..batch.len() {
            batch.context(i, &mut context);
            first.duplicates.confirm(batch.decision_id(i));
            balance.see(&batch, i, &context);
        }
        progress.advance(batch.len() as u64);
    }
    first.duplicates.finish(&reader)?;
    progress.finish();
    Ok(first.report(&reader, &balance))
}

/// Everything that the first pass gathers.
struct First {
    rows: Rows,
    duplicates: Duplicates,
    weights: Weights,
    actions: Actions,
    outcomes: Outcomes,
    features: Features,
    sample: Sample,
}

impl First {
    fn new(reader: &LogReader) -> First {
        let meta = reader.meta();
        let rows = reader.rows();
        First {
            rows: Rows::default(),
            duplicates: Duplicates::new(rows),
            weights: Weights::new(meta.catalogue.len()),
            actions: Actions::new(&meta.catalogue),
            outcomes: Outcomes::new(rows, meta.environment.funnel.stages.len()),
            features: Features::new(&meta.environment.features),
            sample: Sample::new(rows, meta),
        }
    }

    fn see(&mut self, batch: &crate::LogBatch, i: usize, context: &[Value<'_>]) {
        self.rows.see(batch, i);
        self.duplicates.see(batch.decision_id(i));
        self.weights.see(batch, i);
        self.actions.see(batch, i);
        self.outcomes.see(batch, i);
        self.features.see(context);
        self.sample.see(batch, i, context);
    }

    fn report(self, reader: &LogReader, balance: &Balance) -> AuditReport {
        let meta = reader.meta();
        let mut findings: Vec<Finding> = vec![];
        findings.extend(self.rows.findings(meta));
        findings.push(self.duplicates.finding(&meta.summary));
        findings.extend(self.outcomes.findings(meta));
        findings.extend(self.weights.findings(meta, self.rows.count));
        findings.extend(self.actions.findings(meta, self.rows.count));
        findings.extend(self.features.findings());
        let (balanced, imbalances) = balance.results(&self.features, &self.actions, self.rows.count);
        findings.extend(balanced);
        findings.extend(leakage::findings(&self.sample, meta));
        // Grave ones first; within a severity the order of the checks.
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        AuditReport {
            log_id: meta.log_id.clone(),
            environment: meta.environment.name.clone(),
            decisions: self.rows.count,
            members: self.rows.members,
            first_decided_at: self.rows.first,
            last_decided_at: self.rows.last,
            findings,
            actions: self.actions.table(meta, self.rows.count),
            features: self.features.table(&imbalances),
        }
    }
}
