//! The catalogue, from the `rewards` table in the order of its rows.

use super::canonical::{Column, project};
use super::engine::Engine;
use super::tables::{floats, text_column, texts};
use arrow::array::AsArray;
use arrow::array::{Array, ListArray, RecordBatch};
use guerdon_core::{Catalogue, Environment, Error, Money, Result, Reward};

/// Amounts beyond this (in minor units) are taken for mistakes; sums stay far from overflowing below it.
pub(super) const MOST_MONEY: i64 = 1_000_000_000_000;

/// Reads the `rewards` table.
pub(super) fn read(engine: &Engine, environment: &Environment) -> Result<Catalogue> {
    let columns = [
        Column::text("action"),
        Column::text("kind"),
        Column::number("amount"),
        Column::number("threshold").optional(),
        Column::text("pays_at").optional(),
        Column::number("valid_hours").optional(),
        Column::text("slot").optional(),
        Column::names("channels").optional(),
    ];
    let table = project(engine, engine.table("rewards")?, "rewards", &columns)?;
    let mut rewards = vec![];
    for batch in engine.collect(table)? {
        let rows = Rows::of(&batch, environment)?;
        for row in 0..batch.num_rows() {
            rewards.push(rows.reward(row, rewards.len() + 1)?);
        }
    }
    Catalogue::new(rewards)
}

struct Rows<'a> {
    environment: &'a Environment,
    texts: [&'a arrow::array::StringArray; 4],
    numbers: [&'a arrow::array::Float64Array; 3],
    channels: &'a ListArray,
}

impl<'a> Rows<'a> {
    fn of(batch: &'a RecordBatch, environment: &'a Environment) -> Result<Self> {
        Ok(Rows {
            environment,
            texts: [texts(batch, 0)?, texts(batch, 1)?, texts(batch, 4)?, texts(batch, 6)?],
            numbers: [floats(batch, 2)?, floats(batch, 3)?, floats(batch, 5)?],
            channels: batch
                .column(7)
                .as_list_opt()
                .ok_or_else(|| Error::Internal("rewards.channels is no list".into()))?,
        })
    }

    /// Row `row` of the batch, the `number`-th of the table.
    fn reward(&self, row: usize, number: usize) -> Result<Reward> {
        let [action, kind, pays_at, slot] = self.texts.map(|texts| texts.is_valid(row).then(|| texts.value(row)));
        let [amount, threshold, valid_hours] =
            self.numbers.map(|numbers| numbers.is_valid(row).then(|| numbers.value(row)));
        let place = format!("rewards row {number} ({})", action.unwrap_or("no action"));
        let null = |column: &str| Error::Schema {
            table: "rewards".into(),
            column: column.into(),
            given: format!("null in row {number}"),
            wanted: "every reward has one".into(),
        };
        let kind = kind.ok_or_else(|| null("kind"))?.to_owned();
        let (amount, points) = self.worth(&kind, amount.ok_or_else(|| null("amount"))?, &place)?;
        if valid_hours.is_some_and(|hours| !(hours > 0.0 && hours.is_finite())) {
            return Err(amount_error(&place, "valid_hours", valid_hours, "a number of hours above 0"));
        }
        Ok(Reward {
            action: action.ok_or_else(|| null("action"))?.to_owned(),
            kind,
            amount,
            points,
            threshold: threshold.map(|given| self.money(given, "threshold", &place)).transpose()?,
            pays_at: pays_at.map(|stage| self.stage(stage, &place)).transpose()?,
            valid_hours,
            slot: slot.map(str::to_owned),
            channels: self.channel_names(row)?,
        })
    }

    /// Money and points that the reward is worth.
    fn worth(&self, kind: &str, given: f64, place: &str) -> Result<(Money, i64)> {
        let economics = &self.environment.economics;
        if !economics.points_kinds.iter().any(|points| points == kind) {
            return Ok((self.money(given, "amount", place)?, 0));
        }
        if !(given >= 0.0 && given <= MOST_MONEY as f64 && given.fract() == 0.0) {
            return Err(amount_error(place, "amount", Some(given), "a whole number of points from 0"));
        }
        let points = given as i64;
        Ok((economics.points_to_money(points), points))
    }

    fn money(&self, given: f64, what: &str, place: &str) -> Result<Money> {
        let minor_units = self.environment.economics.minor_units;
        let wanted = || format!("a finite amount from 0 with at most {minor_units} decimals");
        let rounded = Money::from_major(given, minor_units);
        if given >= 0.0 && rounded.exact && rounded.value.0 <= MOST_MONEY {
            Ok(rounded.value)
        } else {
            Err(amount_error(place, what, Some(given), &wanted()))
        }
    }

    fn stage(&self, name: &str, place: &str) -> Result<usize> {
        let funnel = &self.environment.funnel;
        funnel.index_of(name).ok_or_else(|| Error::Inconsistent {
            place: place.to_owned(),
            what: format!(
                "pays_at is {name:?}; the funnel has these stages: {}",
                funnel.names().collect::<Vec<_>>().join(", ")
            ),
        })
    }

    fn channel_names(&self, row: usize) -> Result<Vec<String>> {
        if self.channels.is_null(row) {
            return Ok(vec![]);
        }
        let values = self.channels.value(row);
        let names = text_column(&values)?;
        Ok((0..names.len()).filter(|&i| names.is_valid(i)).map(|i| names.value(i).to_owned()).collect())
    }
}

fn amount_error(place: &str, what: &str, given: Option<f64>, wanted: &str) -> Error {
    Error::Amount {
        place: place.to_owned(),
        what: what.to_owned(),
        given: given.map_or("null".into(), |given| given.to_string()),
        wanted: wanted.to_owned(),
    }
}
