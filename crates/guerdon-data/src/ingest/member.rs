//! The rows of one member, checked, in order of time, without duplicates.

use super::cursor::{Cursor, Table};
use super::rewards::MOST_MONEY;
use super::tables::{Decisions, Events, Members, text_column};
use crate::attribution::Touch;
use crate::names::NameIndex;
use arrow::array::{Array, ArrayRef};
use guerdon_core::{Catalogue, Error, Event, Result, Timestamp};
use std::cmp::Ordering;
use std::sync::Arc;

/// A decision and where its row lies.
#[derive(Debug, Clone)]
pub(super) struct DecisionRow {
    pub(super) batch: Arc<Decisions>,
    pub(super) row: usize,
    pub(super) touch: Touch,
}

/// Turns names into indices and knows what rows must satisfy.
pub(super) struct RowRules<'a> {
    pub(super) catalogue: &'a Catalogue,
    pub(super) actions: NameIndex,
    pub(super) events: NameIndex,
    /// Events whose value is money, in units of which there are this many to a major unit.
    pub(super) revenue_event: Option<u16>,
    pub(super) redeem_event: Option<u16>,
    pub(super) minor_per_major: f64,
}

/// One member's rows.
#[derive(Debug, Default)]
pub(super) struct MemberRows {
    pub(super) decisions: Vec<DecisionRow>,
    pub(super) touches: Vec<Touch>,
    pub(super) events: Vec<Event>,
    pub(super) duplicate_decisions: u64,
    pub(super) duplicate_events: u64,
}

impl MemberRows {
    /// Collects the rows of the member at `members`, and moves the other two cursors past them.
    pub(super) fn collect(
        &mut self,
        members: &Cursor<'_, Members>,
        decisions: &mut Cursor<'_, Decisions>,
        events: &mut Cursor<'_, Events>,
        rules: &mut RowRules<'_>,
    ) -> Result<()> {
        self.decisions.clear();
        self.events.clear();
        let Some((batch, row)) = members.here() else { return Ok(()) };
        let Some(member) = members.member()? else { return Ok(()) };
        let joined_at = batch.joined_at(row);
        while stands_at(decisions, member)? {
            let Some((batch, row)) = decisions.here() else { break };
            let touch = rules.touch(batch, row)?;
            let place = || format!("decisions, decision {:?} of member {member:?}", batch.name(row));
            not_before(joined_at, touch.at, place)?;
            self.decisions.push(DecisionRow { batch: batch.clone(), row, touch });
            decisions.advance()?;
        }
        while stands_at(events, member)? {
            let Some((batch, row)) = events.here() else { break };
            let event = rules.event(batch, row, member)?;
            let place = || format!("events, {:?} of member {member:?}", batch.event(row));
            not_before(joined_at, event.at, place)?;
            self.events.push(event);
            events.advance()?;
        }
        self.order_events();
        self.order_decisions(member)?;
        self.touches.clear();
        self.touches.extend(self.decisions.iter().map(|decision| decision.touch));
        Ok(())
    }

    fn order_events(&mut self) {
        let value = |event: &Event| event.value.unwrap_or(f64::NEG_INFINITY);
        self.events.sort_unstable_by(|a, b| {
            (a.at, a.event, a.action).cmp(&(b.at, b.event, b.action)).then(value(a).total_cmp(&value(b)))
        });
        let before = self.events.len();
        self.events.dedup();
        self.duplicate_events = (before - self.events.len()) as u64;
    }

    fn order_decisions(&mut self, member: &str) -> Result<()> {
        self.decisions
            .sort_by(|a, b| a.touch.at.cmp(&b.touch.at).then_with(|| a.batch.name(a.row).cmp(b.batch.name(b.row))));
        let clash = self.decisions.windows(2).find(|pair| {
            let (a, b) = (&pair[0], &pair[1]);
            same_id(a, b) && !a.batch.same(a.row, &b.batch, b.row)
        });
        if let Some(pair) = clash {
            let id = pair[0].batch.name(pair[0].row);
            return Err(Error::Inconsistent {
                place: format!("decisions, decision {id:?} of member {member:?}"),
                what: format!(
                    "two rows with this id and time ({}) differ; each decision needs an id of its own",
                    pair[0].touch.at
                ),
            });
        }
        let before = self.decisions.len();
        self.decisions.dedup_by(|b, a| same_id(a, b));
        self.duplicate_decisions = (before - self.decisions.len()) as u64;
        Ok(())
    }
}

fn same_id(a: &DecisionRow, b: &DecisionRow) -> bool {
    a.touch.at == b.touch.at && a.batch.name(a.row) == b.batch.name(b.row)
}

/// Whether the cursor stands at a row of `member`.
///
/// # Errors
/// [`Error::Inconsistent`] if it stands at an earlier member: one that `members` doesn't have.
fn stands_at<T: Table>(cursor: &Cursor<'_, T>, member: &str) -> Result<bool> {
    match cursor.member()? {
        None => Ok(false),
        Some(here) => match here.cmp(member) {
            Ordering::Equal => Ok(true),
            Ordering::Greater => Ok(false),
            Ordering::Less => Err(unknown_member(T::NAME, here)),
        },
    }
}

/// A row of somebody who is not a member.
pub(super) fn unknown_member(table: &str, member: &str) -> Error {
    Error::Inconsistent {
        place: format!("{table}, member {member:?}"),
        what: "the members table does not list this member; every decision and event belongs to one".into(),
    }
}

fn not_before(joined_at: Option<Timestamp>, at: Timestamp, place: impl Fn() -> String) -> Result<()> {
    match joined_at {
        Some(joined_at) if at < joined_at => {
            Err(Error::BeforeJoined { place: place(), at: at.to_string(), joined_at: joined_at.to_string() })
        }
        _ => Ok(()),
    }
}

impl RowRules<'_> {
    fn touch(&mut self, batch: &Decisions, row: usize) -> Result<Touch> {
        batch.id(row)?;
        let at = batch.decided_at(row)?;
        let action = self.action(batch.action(row)?, || format!("decisions, decision {:?}", batch.name(row)))?;
        Ok(Touch { at, action })
    }

    fn event(&mut self, batch: &Events, row: usize, member: &str) -> Result<Event> {
        let at = batch.at(row)?;
        let name = batch.event(row);
        let place = || format!("events, {name:?} of member {member:?} at {at}");
        let event = self.events.get(name);
        let event = event.ok_or_else(|| Error::Internal(format!("the event {name:?} was not filtered out")))?;
        let action = batch.action(row).map(|action| self.action(action, place)).transpose()?;
        let value = batch.value(row);
        if let Some(value) = value {
            self.check_value(event, value, place)?;
        }
        Ok(Event { at, event, action, value })
    }

    fn check_value(&self, event: u16, value: f64, place: impl Fn() -> String) -> Result<()> {
        let money = self.revenue_event == Some(event);
        let (good, wanted) = if money {
            let good = value >= 0.0 && value * self.minor_per_major <= MOST_MONEY as f64;
            (good, "a finite amount of money from 0 (and below ten billion)")
        } else if self.redeem_event == Some(event) {
            (value >= 0.0 && value <= MOST_MONEY as f64, "a finite number of points from 0")
        } else {
            (value.is_finite(), "a finite number, or null")
        };
        if good {
            return Ok(());
        }
        let (what, given) = ("value".to_owned(), value.to_string());
        Err(Error::Amount { place: place(), what, given, wanted: wanted.into() })
    }

    pub(super) fn action(&mut self, name: &str, place: impl Fn() -> String) -> Result<u16> {
        self.actions.get(name).ok_or_else(|| Error::unknown_action(place(), name, self.catalogue.names()))
    }

    /// The eligible actions, ascending.
    pub(super) fn eligible(&mut self, list: &ArrayRef, place: impl Fn() -> String) -> Result<Vec<u16>> {
        let names = text_column(list)?;
        let mut actions = vec![];
        for i in (0..names.len()).filter(|&i| names.is_valid(i)) {
            actions.push(self.action(names.value(i), &place)?);
        }
        actions.sort_unstable();
        actions.dedup();
        Ok(actions)
    }
}
