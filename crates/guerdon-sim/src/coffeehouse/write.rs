//! Rows of the raw files: one chunk of members at a time becomes text and Arrow batches.

use super::World;
use super::logging::POLICY_VERSION;
use super::member::{AGE_BANDS, DAYPARTS, FAVOURITES, INCOME_BANDS, Member, TIERS};
use super::play::{Choice, Life};
use super::summary::Sums;
use arrow::array::{ArrayRef, Float64Builder, RecordBatch, StringBuilder, TimestampMicrosecondBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use guerdon_core::{Error, Result};
use serde_json::json;
use std::sync::Arc;

/// Header of `members.csv`.
const MEMBERS: [&str; 11] = [
    "member_id",
    "joined_at",
    "tier",
    "age_band",
    "income_band",
    "favourite",
    "usual_daypart",
    "home_distance_km",
    "app",
    "deal_seeker",
    "game_player",
];

/// Header of `decisions.csv.zst`.
const DECISIONS: [&str; 7] =
    ["decision_id", "member_id", "decided_at", "stage", "action", "propensity", "policy_version"];

/// What one chunk of members adds to each file.
pub(super) struct Chunk {
    pub(super) members: Vec<u8>,
    pub(super) decisions: Vec<u8>,
    pub(super) events: RecordBatch,
    pub(super) truth: Option<RecordBatch>,
    pub(super) sums: Sums,
}

/// The two header lines, for members and for decisions.
pub(super) fn headers() -> Result<(Vec<u8>, Vec<u8>)> {
    let line = |fields: &[&str]| {
        let mut writer = csv::Writer::from_writer(vec![]);
        writer.write_record(fields).map_err(broken)?;
        writer.into_inner().map_err(broken)
    };
    Ok((line(&MEMBERS)?, line(&DECISIONS)?))
}

/// Plays the members from `first` up to, not including, `end`.
pub(super) fn chunk(world: &World, first: u64, end: u64, with_truth: bool) -> Result<Chunk> {
    let mut members = csv::Writer::from_writer(vec![]);
    let mut decisions = csv::Writer::from_writer(vec![]);
    let mut events = Events::default();
    let mut truth = TruthRows::new(world.offers().len());
    let mut sums = Sums::default();
    for index in first..end {
        let life = world.life(index);
        members.write_record(member_fields(&life.member)).map_err(broken)?;
        for choice in &life.choices {
            decisions.write_record(decision_fields(world, &life.member, choice)).map_err(broken)?;
        }
        events.add(world, &life);
        sums.add(&life);
        if with_truth {
            truth.add(&life);
        }
    }
    Ok(Chunk {
        members: members.into_inner().map_err(broken)?,
        decisions: decisions.into_inner().map_err(broken)?,
        events: events.finish()?,
        truth: if with_truth { Some(truth.finish(truth_schema(world))?) } else { None },
        sums,
    })
}

fn member_fields(member: &Member) -> [String; 11] {
    let seen = &member.attributes;
    let name = |names: &[&str], index: Option<usize>| index.map_or(String::new(), |index| names[index].to_owned());
    let answer = |answer: Option<u8>| answer.map_or(String::new(), |answer| answer.to_string());
    [
        member.id.clone(),
        member.joined_at.to_string(),
        name(&TIERS, Some(seen.tier)),
        name(&AGE_BANDS, Some(seen.age_band)),
        name(&INCOME_BANDS, seen.income_band),
        name(&FAVOURITES, Some(seen.favourite)),
        name(&DAYPARTS, seen.usual_daypart),
        seen.home_distance_km.to_string(),
        u8::from(seen.app).to_string(),
        answer(seen.deal_seeker),
        answer(seen.game_player),
    ]
}

fn decision_fields(world: &World, member: &Member, choice: &Choice) -> [String; 7] {
    [
        choice.id.clone(),
        member.id.clone(),
        choice.at.to_string(),
        super::STAGES[0].into(),
        world.offers()[choice.action].action.into(),
        // The shortest text that reads back as the same number.
        choice.probabilities[choice.action].to_string(),
        POLICY_VERSION.into(),
    ]
}

/// `rewards.ndjson`, whole.
pub(super) fn rewards(world: &World) -> Vec<u8> {
    let mut text = String::new();
    for offer in world.offers() {
        let line = json!({
            "action": offer.action,
            "kind": offer.kind.name(),
            "amount": offer.amount,
            "threshold": offer.threshold,
            "pays_at": offer.pays_at.map(|stage| super::STAGES[stage]),
            "valid_hours": offer.valid_hours,
            "slot": offer.slot.map(|slot| slot.name()),
            "channels": offer.channels,
        });
        text.push_str(&line.to_string());
        text.push('\n');
    }
    text.into_bytes()
}

/// The schema of `events.parquet`.
pub(super) fn events_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("member_id", DataType::Utf8, false),
        Field::new("at", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), false),
        Field::new("event", DataType::Utf8, false),
        Field::new("action", DataType::Utf8, true),
        Field::new("value", DataType::Float64, true),
    ]))
}

/// The schema of `truth.parquet`.
pub(super) fn truth_schema(world: &World) -> SchemaRef {
    let q = |offer: &super::Offer| Field::new(format!("q.{}", offer.action), DataType::Float64, false);
    let ids = ["decision_id", "member_id"].map(|name| Field::new(name, DataType::Utf8, false));
    Arc::new(Schema::new(ids.into_iter().chain(world.offers().iter().map(q)).collect::<Vec<_>>()))
}

#[derive(Default)]
struct Events {
    member: StringBuilder,
    at: TimestampMicrosecondBuilder,
    event: StringBuilder,
    action: StringBuilder,
    value: Float64Builder,
}

impl Events {
    fn add(&mut self, world: &World, life: &Life) {
        for event in &life.events {
            self.member.append_value(&life.member.id);
            self.at.append_value(event.at.0);
            self.event.append_value(event.what.name());
            self.action.append_option(event.offer.map(|offer| world.offers()[offer].action));
            self.value.append_option(event.value);
        }
    }

    fn finish(mut self) -> Result<RecordBatch> {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.member.finish()),
            Arc::new(self.at.finish().with_timezone("UTC")),
            Arc::new(self.event.finish()),
            Arc::new(self.action.finish()),
            Arc::new(self.value.finish()),
        ];
        RecordBatch::try_new(events_schema(), columns).map_err(broken)
    }
}

/// Rows of the mature decisions.
struct TruthRows {
    decision: StringBuilder,
    member: StringBuilder,
    q: Vec<Float64Builder>,
}

impl TruthRows {
    fn new(actions: usize) -> Self {
        let q = (0..actions).map(|_| Float64Builder::new()).collect();
        TruthRows { decision: StringBuilder::new(), member: StringBuilder::new(), q }
    }

    fn add(&mut self, life: &Life) {
        for choice in life.choices.iter().filter(|choice| choice.mature) {
            self.decision.append_value(&choice.id);
            self.member.append_value(&life.member.id);
            self.q.iter_mut().zip(&choice.expected).for_each(|(column, expected)| column.append_value(expected.net));
        }
    }

    fn finish(mut self, schema: SchemaRef) -> Result<RecordBatch> {
        let mut columns: Vec<ArrayRef> = vec![Arc::new(self.decision.finish()), Arc::new(self.member.finish())];
        columns.extend(self.q.iter_mut().map(|column| Arc::new(column.finish()) as ArrayRef));
        RecordBatch::try_new(schema, columns).map_err(broken)
    }
}

/// Writing to memory can't fail but by a fault of ours.
fn broken(error: impl std::fmt::Display) -> Error {
    Error::Internal(format!("coffeehouse rows: {error}"))
}
