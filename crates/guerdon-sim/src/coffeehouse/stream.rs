//! The world's decisions as a stream of which every offer's outcome is drawn: what online learners replay.
//!
//! One row a mature decision, in the order of time: `decision_id`, `decided_at`, the context as numbers of size 1
//! (`x_…`, Float32: what the programme sees of the member, one column a category, 0 where it does not know, and in how many
//! of the last four weeks an offer was made), and for every action what it would bring net, in dollars: `r_<action>`,
//! drawn, and `q_<action>`, expected (Float64). Each action's outcome is drawn for itself, from the state in which
//! the logged life left the member.

use super::generate::CHUNK;
use super::member::{AGE_BANDS, DAYPARTS, FAVOURITES, INCOME_BANDS, TIERS};
use super::partial::{Partial, parquet_writer};
use super::play::{Choice, Life};
use super::{Kind, Member, Options, World};
use arrow::array::{ArrayRef, Float32Array, Float64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use guerdon_core::{Error, Progress, Result, Seed};
use rayon::prelude::*;
use std::path::Path;
use std::sync::Arc;

/// Weeks in which offers are counted.
const RECENT: usize = 4;

/// Rows that become one batch.
const BATCH: usize = 8192;

/// One decision.
struct Row {
    id: String,
    at: i64,
    context: Vec<f32>,
    drawn: Vec<f64>,
    expected: Vec<f64>,
}

/// Writes the stream of the world that [`super::generate`] makes of the same `members`, `seed` and `options` to `path`;
/// gives the number of rows. The same arguments give the same bytes on any number of threads. All rows are held in memory,
/// some 600 bytes each.
///
/// # Errors
/// [`Error::Config`] for an impossible number of weeks or prices; [`Error::Write`] where `path` can't be written.
pub fn stream(members: u64, seed: Seed, path: &Path, options: &Options, progress: &dyn Progress) -> Result<u64> {
    let world = World::new(seed, options.economics.clone(), options.weeks)?;
    progress.start("draw outcomes", Some(members));
    let chunks: Vec<Vec<Row>> = (0..members.div_ceil(CHUNK))
        .into_par_iter()
        .map(|chunk| {
            let (first, end) = (chunk * CHUNK, members.min((chunk + 1) * CHUNK));
            let rows = (first..end).flat_map(|index| rows(&world, index)).collect();
            progress.advance(end - first);
            rows
        })
        .collect();
    progress.finish();
    let mut all: Vec<Row> = chunks.into_iter().flatten().collect();
    all.sort_unstable_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    let schema = schema(&world);
    let mut file = Partial::create(path.to_owned(), |file| parquet_writer(file, schema.clone()))?;
    for rows in all.chunks(BATCH) {
        file.rows(&batch(rows, &schema)?)?;
    }
    file.close(|writer| writer.close())?;
    Ok(all.len() as u64)
}

/// The mature decisions of one member.
fn rows(world: &World, index: u64) -> Vec<Row> {
    let life = world.life(index);
    let choices = life.choices.iter().enumerate().filter(|(_, choice)| choice.mature);
    choices.map(|(number, choice)| row(world, &life, index, number, choice)).collect()
}

fn row(world: &World, life: &Life, index: u64, number: usize, choice: &Choice) -> Row {
    let before = &life.choices[number.saturating_sub(RECENT)..number];
    let offered = before.iter().filter(|choice| world.offers()[choice.action].kind != Kind::None).count();
    let mut context = seen(&life.member);
    context.push(offered as f32 / RECENT as f32);
    let draws = world.seed().named("outcome").indexed(index).indexed(u64::from(choice.week));
    let draw =
        |action: usize| world.draw_net(&life.member, choice.fatigue, choice.at, action, draws.indexed(action as u64));
    Row {
        id: choice.id.clone(),
        at: choice.at.0,
        context,
        drawn: (0..choice.expected.len()).map(draw).collect(),
        expected: choice.expected.iter().map(|expected| expected.net).collect(),
    }
}

/// The columns of what is seen of a member, in the order of [`seen`].
fn columns() -> Vec<String> {
    let of =
        |what: &'static str, names: &'static [&'static str]| names.iter().map(move |name| format!("x_{what}_{name}"));
    let categories = of("tier", &TIERS)
        .chain(of("age", &AGE_BANDS))
        .chain(of("income", &INCOME_BANDS))
        .chain(of("favourite", &FAVOURITES))
        .chain(of("daypart", &DAYPARTS));
    let numbers = ["distance", "app", "deal_seeker", "game_player", "offers_month"];
    categories.chain(numbers.map(|name| format!("x_{name}"))).collect()
}

/// What is seen of a member, as numbers.
fn seen(member: &Member) -> Vec<f32> {
    let seen = &member.attributes;
    let category = |chosen: Option<usize>, of: usize| (0..of).map(move |one| f32::from(u8::from(chosen == Some(one))));
    let survey = |answer: Option<u8>| answer.map_or(0.0, |answer| (f32::from(answer) - 3.0) / 2.0);
    category(Some(seen.tier), TIERS.len())
        .chain(category(Some(seen.age_band), AGE_BANDS.len()))
        .chain(category(seen.income_band, INCOME_BANDS.len()))
        .chain(category(Some(seen.favourite), FAVOURITES.len()))
        .chain(category(seen.usual_daypart, DAYPARTS.len()))
        .chain([
            (seen.home_distance_km.ln_1p() - 1.0) as f32,
            f32::from(u8::from(seen.app)),
            survey(seen.deal_seeker),
            survey(seen.game_player),
        ])
        .collect()
}

fn schema(world: &World) -> SchemaRef {
    let at = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let mut fields = vec![Field::new("decision_id", DataType::Utf8, false), Field::new("decided_at", at, false)];
    fields.extend(columns().into_iter().map(|name| Field::new(name, DataType::Float32, false)));
    for prefix in ["r_", "q_"] {
        let of = |offer: &super::Offer| Field::new(format!("{prefix}{}", offer.action), DataType::Float64, false);
        fields.extend(world.offers().iter().map(of));
    }
    Arc::new(Schema::new(fields))
}

fn batch(rows: &[Row], schema: &SchemaRef) -> Result<RecordBatch> {
    let ids = StringArray::from_iter_values(rows.iter().map(|row| &row.id));
    let at = TimestampMicrosecondArray::from_iter_values(rows.iter().map(|row| row.at)).with_timezone("UTC");
    let mut all: Vec<ArrayRef> = vec![Arc::new(ids), Arc::new(at)];
    let (inputs, actions) = rows.first().map_or((0, 0), |row| (row.context.len(), row.drawn.len()));
    for place in 0..inputs {
        all.push(Arc::new(Float32Array::from_iter_values(rows.iter().map(|row| row.context[place]))));
    }
    for of in [|row: &Row, action: usize| row.drawn[action], |row: &Row, action: usize| row.expected[action]] {
        for action in 0..actions {
            all.push(Arc::new(Float64Array::from_iter_values(rows.iter().map(|row| of(row, action)))));
        }
    }
    RecordBatch::try_new(schema.clone(), all).map_err(|error| Error::Internal(format!("stream.parquet: {error}")))
}
