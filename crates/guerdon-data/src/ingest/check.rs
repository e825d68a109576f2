//! Checks over whole tables that the pass over members can't make.

use super::canonical::Tables;
use super::engine::Engine;
use super::tables::{texts, times};
use arrow::array::{Array, StringArray};
use datafusion::logical_expr::ident;
use guerdon_core::{Error, Result, Timestamp};

/// A decision id seen, and where.
struct Seen {
    id: String,
    member: String,
    at: i64,
}

/// Checks that no decision id stands at two members or two times. (At the same member and time, the pass over members
/// sees whether the rows are equal.)
pub(super) fn decision_ids_are_unique(engine: &Engine, tables: &Tables) -> Result<()> {
    let columns = ["decision_id", "member_id", "decided_at"];
    let sorted = tables
        .decisions
        .clone()
        .select(columns.iter().map(|name| ident(*name)))
        .and_then(|frame| frame.sort(vec![ident("decision_id").sort(true, true)]))
        .map_err(|e| engine.sql_error(&e))?;
    let mut stream = engine.stream(sorted)?;
    let mut last: Option<Seen> = None;
    while let Some(batch) = engine.next(&mut stream)? {
        let (ids, members, at) = (texts(&batch, 0)?, texts(&batch, 1)?, times(&batch, 2)?);
        for row in 0..batch.num_rows() {
            // Nulls are found, with their member, by the pass over members.
            if ids.is_null(row) || members.is_null(row) || at.is_null(row) {
                continue;
            }
            let before = match row {
                0 => last.as_ref().map(|seen| (seen.id.as_str(), seen.member.as_str(), seen.at)),
                _ => Some((ids.value(row - 1), members.value(row - 1), at.value(row - 1))),
            };
            let here = (ids.value(row), members.value(row), at.value(row));
            if let Some(before) = before
                && before.0 == here.0
                && before != here
            {
                return Err(used_twice(before, here));
            }
        }
        last = last_of(ids, members, at.values()).or(last);
    }
    Ok(())
}

fn last_of(ids: &StringArray, members: &StringArray, at: &[i64]) -> Option<Seen> {
    let row = ids.len().checked_sub(1)?;
    Some(Seen { id: ids.value(row).to_owned(), member: members.value(row).to_owned(), at: at[row] })
}

fn used_twice(one: (&str, &str, i64), other: (&str, &str, i64)) -> Error {
    // In one order, whatever the order of the sort was.
    let (one, other) = if (one.1, one.2) <= (other.1, other.2) { (one, other) } else { (other, one) };
    Error::Inconsistent {
        place: format!("decisions, decision {:?}", one.0),
        what: format!(
            "the id is used twice: member {:?} at {} and member {:?} at {}; each decision needs an id of its own",
            one.1,
            Timestamp(one.2),
            other.1,
            Timestamp(other.2)
        ),
    }
}
