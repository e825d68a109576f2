//! One pass over a log's decisions.

use guerdon_core::{Progress, Result, Value};
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

/// Appends to `to` whether each of `actions` actions was eligible in `row`; gives whether the log
/// names an eligible set there.
pub(crate) fn push_eligible(batch: &LogBatch, row: usize, actions: usize, to: &mut Vec<bool>) -> bool {
    let eligible = batch.eligible(row);
    let first = to.len();
    to.resize(first + actions, eligible.is_none());
    eligible.unwrap_or_default().iter().for_each(|action| to[first + usize::from(*action)] = true);
    eligible.is_some()
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
