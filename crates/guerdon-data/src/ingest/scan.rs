//! A first look over decisions and events: their counts, their names, and the end of the log.

use super::canonical::Tables;
use super::engine::Engine;
use super::tables::{null, texts, times};
use crate::environment::LoadedEnvironment;
use crate::names::EventNames;
use arrow::array::{Array, AsArray};
use arrow::datatypes::Int64Type;
use datafusion::dataframe::DataFrame;
use datafusion::functions_aggregate::expr_fn::{count, max};
use datafusion::logical_expr::{ident, lit};
use guerdon_core::{Environment, Error, Result, Timestamp};
use std::collections::BTreeMap;

/// What the first look found.
#[derive(Debug)]
pub(super) struct Overview {
    /// Rows of `decisions`.
    pub(super) decisions: u64,
    /// Decisions per action.
    pub(super) by_action: BTreeMap<String, u64>,
    /// Rows of `events` whose name nothing reads, by name.
    pub(super) unknown_events: BTreeMap<String, u64>,
    /// One clock step after the last stamp.
    pub(super) log_end: Timestamp,
}

/// Counts decisions by action and events by name.
pub(super) fn overview(engine: &Engine, tables: &Tables, environment: &LoadedEnvironment) -> Result<Overview> {
    let spec = &environment.spec;
    let decisions = groups(engine, tables.decisions.clone(), "decisions", "action", "decided_at")?;
    let events = groups(engine, tables.events.clone(), "events", "event", "at")?;
    let last = decisions.values().chain(events.values()).filter_map(|group| group.last).max();
    let Some(last) = last.filter(|_| !decisions.is_empty()) else {
        return Err(Error::Empty {
            place: "decisions".into(),
            what: "no rows; a decision log needs at least one decision".into(),
        });
    };
    let names = EventNames::of(spec);
    check_event_names(environment, |name| events.contains_key(name))?;
    Ok(Overview {
        decisions: decisions.values().map(|group| group.rows).sum(),
        by_action: decisions.into_iter().map(|(name, group)| (name, group.rows)).collect(),
        unknown_events: events
            .into_iter()
            .filter(|(name, _)| names.index_of(name).is_none())
            .map(|(name, group)| (name, group.rows))
            .collect(),
        log_end: last.plus_hours(spec.log.resolution_hours),
    })
}

struct Group {
    rows: u64,
    last: Option<Timestamp>,
}

/// Rows and last time per name.
fn groups(engine: &Engine, frame: DataFrame, table: &str, name: &str, time: &str) -> Result<BTreeMap<String, Group>> {
    let counted = frame
        .aggregate(vec![ident(name)], vec![count(lit(1)).alias("rows"), max(ident(time)).alias("last")])
        .map_err(|e| engine.sql_error(&e))?;
    let mut groups = BTreeMap::new();
    for batch in engine.collect(counted)? {
        let (names, last) = (texts(&batch, 0)?, times(&batch, 2)?);
        let rows = batch.column(1).as_primitive_opt::<Int64Type>();
        let rows = rows.ok_or_else(|| Error::Internal("a count is no integer".into()))?;
        for row in 0..batch.num_rows() {
            if names.is_null(row) {
                return Err(null(table, name, None));
            }
            let last = last.is_valid(row).then(|| Timestamp(last.value(row)));
            groups.insert(names.value(row).to_owned(), Group { rows: rows.value(row) as u64, last });
        }
    }
    Ok(groups)
}

/// A feature over an event that neither the programme knows nor the data has is a slip of the pen.
fn check_event_names(environment: &LoadedEnvironment, in_data: impl Fn(&str) -> bool) -> Result<()> {
    let spec = &environment.spec;
    let without_features = Environment { features: vec![], ..spec.clone() };
    let of_programme = EventNames::of(&without_features);
    for feature in &spec.features {
        let one = Environment { features: vec![feature.clone()], ..without_features.clone() };
        for event in EventNames::of(&one).names() {
            if of_programme.index_of(event).is_none() && !in_data(event) {
                let known = of_programme.names().collect::<Vec<_>>().join(", ");
                return Err(Error::config(
                    environment.toml_file(),
                    format!("features.{}.event", feature.name),
                    format!("{event:?}"),
                    format!("the events table has no such event; the funnel and the economics know {known}"),
                ));
            }
        }
    }
    Ok(())
}
