//! One pass over a log's decisions, and what of a decision is learned from.

use guerdon_core::{Economics, Progress, Result, StageMatch, Value};
use guerdon_data::{LogBatch, LogReader};
use guerdon_policy::Request;

/// A logged decision as it was asked for: what a policy is shown of `row`; `context` is that of the same row.
pub fn request<'a>(batch: &'a LogBatch, row: usize, context: &'a [Value<'a>]) -> Request<'a> {
    Request {
        decision_id: batch.decision_id(row),
        member_id: batch.member_id(row),
        at: batch.decided_at(row),
        context,
        eligible: batch.eligible(row),
    }
}

/// How much was visited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Visited {
    pub rows: u64,
    pub members: u64,
}

/// Sees one decision: its batch, its row in it, its context.
pub(crate) type Visitor<'a> = dyn FnMut(&LogBatch, usize, &[Value]) -> Result<()> + 'a;

/// Sees one batch and which of its rows are to be seen.
pub(crate) type BatchVisitor<'a> = dyn FnMut(&LogBatch, &[usize]) -> Result<()> + 'a;

/// Streams the decisions of the members for whom `include` holds, in the log's order, to `f`. Memory: one
/// batch.
pub(crate) fn visit(
    log: &LogReader,
    include: &dyn Fn(&str) -> bool,
    step: &str,
    progress: &dyn Progress,
    f: &mut Visitor,
) -> Result<Visited> {
    progress.start(step, Some(log.rows()));
    let visited = visit_batches(log.batches()?, include, progress, f)?;
    progress.finish();
    Ok(visited)
}

/// As [`visit`], whole batches at a time.
pub(crate) fn visit_columns(
    log: &LogReader,
    include: &dyn Fn(&str) -> bool,
    step: &str,
    progress: &dyn Progress,
    f: &mut BatchVisitor,
) -> Result<Visited> {
    progress.start(step, Some(log.rows()));
    let visited = visit_chosen(log.batches()?, include, progress, f)?;
    progress.finish();
    Ok(visited)
}

/// As [`visit`], for some batches of a log.
pub(crate) fn visit_batches(
    batches: impl Iterator<Item = Result<LogBatch>>,
    include: &dyn Fn(&str) -> bool,
    progress: &dyn Progress,
    f: &mut Visitor,
) -> Result<Visited> {
    visit_chosen(batches, include, progress, &mut |batch, rows| {
        let mut context = Vec::new();
        for &row in rows {
            batch.context(row, &mut context);
            f(batch, row, &context)?;
        }
        Ok(())
    })
}

fn visit_chosen(
    batches: impl Iterator<Item = Result<LogBatch>>,
    include: &dyn Fn(&str) -> bool,
    progress: &dyn Progress,
    f: &mut BatchVisitor,
) -> Result<Visited> {
    let mut visited = Visited::default();
    // The last member who was included, of the batches before.
    let mut before: Option<String> = None;
    let mut chosen = vec![];
    for batch in batches {
        let batch = batch?;
        chosen.clear();
        // Rows are sorted by member, so one member's answer holds for several rows.
        let mut member: Option<(&str, bool)> = None;
        let mut last = before.as_deref();
        for row in 0..batch.len() {
            let id = batch.member_id(row);
            let included = match member {
                Some((last, included)) if last == id => included,
                _ => include(id),
            };
            member = Some((id, included));
            if included {
                chosen.push(row);
                visited.members += u64::from(last != Some(id));
                last = Some(id);
            }
        }
        visited.rows += chosen.len() as u64;
        f(&batch, &chosen)?;
        progress.advance(batch.len() as u64);
        before = last.map(str::to_owned);
    }
    Ok(visited)
}

/// Memory that a log's rows may take between passes.
const HELD_BYTES: usize = 128 << 20;

/// The log for the passes of a fit: its rows stay in memory between them if they take no more than 128 MiB.
pub(crate) fn for_fitting(log: &LogReader, progress: &dyn Progress) -> Result<LogReader> {
    progress.start("read log", Some(log.rows()));
    let held = log.for_fitting(HELD_BYTES)?;
    progress.advance(log.rows());
    progress.finish();
    Ok(held)
}

/// What the outcome heads of one programme are compared with.
#[derive(Debug, Clone)]
pub(crate) struct Outcomes {
    pub stages: usize,
    pub economics: Economics,
    pub none: Option<usize>,
    /// The stage that is reached by the very events that bring revenue: without it there is none.
    pub revenue_stage: Option<usize>,
}

impl Outcomes {
    pub fn of(log: &LogReader) -> Self {
        let meta = log.meta();
        Outcomes {
            stages: meta.environment.funnel.stages.len(),
            economics: meta.environment.economics.clone(),
            none: meta.catalogue.none(),
            revenue_stage: meta.environment.funnel.stages.iter().position(|stage| {
                stage.matches == StageMatch::Member
                    && stage.event.is_some()
                    && stage.event == meta.environment.economics.revenue_event
            }),
        }
    }

    /// Stages, then `paid`, then `revenue`.
    pub fn heads(&self) -> usize {
        self.stages + 2
    }

    /// Writes the heads of one decision: 1 for each stage that was reached, 1 if the reward paid (it cost money or
    /// issued points), revenue in major units.
    pub fn heads_of(&self, batch: &LogBatch, row: usize, out: &mut [f64]) {
        for (stage, place) in out[..self.stages].iter_mut().enumerate() {
            *place = f64::from(u8::from(batch.reached_at(row, stage).is_some()));
        }
        let paid = batch.cost(row).0 > 0 || batch.points_issued(row) > 0;
        out[self.stages] = f64::from(u8::from(paid));
        out[self.stages + 1] = batch.revenue(row).to_major(self.economics.minor_units);
    }

    /// Net value of one decision in major units.
    pub fn net_of(&self, batch: &LogBatch, row: usize) -> f64 {
        let offered = Some(batch.action(row)) != self.none;
        self.economics.net_value(batch.revenue(row), batch.cost(row), offered)
    }
}
