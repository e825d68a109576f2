//! Batches of the canonical tables as typed columns.

use super::cursor::Table;
use arrow::array::{
    Array, ArrayRef, AsArray, Float64Array, ListArray, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{Float64Type, TimestampMicrosecondType};
use guerdon_core::{Error, Result, Timestamp, Value};

/// Column `place` as text.
pub(super) fn texts(batch: &RecordBatch, place: usize) -> Result<&StringArray> {
    text_column(batch.column(place))
}

/// `column` as text.
pub(super) fn text_column(column: &ArrayRef) -> Result<&StringArray> {
    column.as_string_opt::<i32>().ok_or_else(|| other_type(column))
}

/// Column `place` as numbers.
pub(super) fn floats(batch: &RecordBatch, place: usize) -> Result<&Float64Array> {
    let column = batch.column(place);
    column.as_primitive_opt::<Float64Type>().ok_or_else(|| other_type(column))
}

/// Column `place` as times.
pub(super) fn times(batch: &RecordBatch, place: usize) -> Result<&TimestampMicrosecondArray> {
    let column = batch.column(place);
    column.as_primitive_opt::<TimestampMicrosecondType>().ok_or_else(|| other_type(column))
}

fn lists(batch: &RecordBatch, place: usize) -> Result<&ListArray> {
    let column = batch.column(place);
    column.as_list_opt::<i32>().ok_or_else(|| other_type(column))
}

fn other_type(column: &ArrayRef) -> Error {
    Error::Internal(format!("a projected column came as {}", column.data_type()))
}

/// The columns that features read.
#[derive(Debug)]
pub(super) struct FeatureColumns(Vec<FeatureColumn>);

#[derive(Debug)]
enum FeatureColumn {
    Number(Float64Array),
    Category(StringArray),
}

impl FeatureColumns {
    fn from(batch: &RecordBatch, first: usize) -> Result<Self> {
        let columns = (first..batch.num_columns()).map(|place| {
            Ok(match floats(batch, place) {
                Ok(numbers) => FeatureColumn::Number(numbers.clone()),
                Err(_) => FeatureColumn::Category(texts(batch, place)?.clone()),
            })
        });
        Ok(FeatureColumns(columns.collect::<Result<_>>()?))
    }

    /// Clears `out` and fills it with the values of `row`; returns how many were NaN or infinite.
    pub(super) fn values<'a>(&'a self, row: usize, out: &mut Vec<Value<'a>>) -> u64 {
        out.clear();
        let mut not_finite = 0;
        out.extend(self.0.iter().map(|column| match column {
            FeatureColumn::Number(numbers) if numbers.is_valid(row) => {
                let value = numbers.value(row);
                not_finite += u64::from(!value.is_finite());
                if value.is_finite() { Value::Number(value) } else { Value::Missing }
            }
            FeatureColumn::Category(names) if names.is_valid(row) => Value::Category(names.value(row)),
            _ => Value::Missing,
        }));
        not_finite
    }

    /// Whether two rows hold the same, missing values included.
    fn same(&self, row: usize, other: &Self, other_row: usize) -> bool {
        let (mut left, mut right) = (vec![], vec![]);
        self.values(row, &mut left);
        other.values(other_row, &mut right);
        left == right
    }
}

/// A batch of `members`.
#[derive(Debug)]
pub(super) struct Members {
    id: StringArray,
    joined_at: TimestampMicrosecondArray,
    pub(super) features: FeatureColumns,
}

impl Members {
    pub(super) fn joined_at(&self, row: usize) -> Option<Timestamp> {
        self.joined_at.is_valid(row).then(|| Timestamp(self.joined_at.value(row)))
    }
}

impl Table for Members {
    const NAME: &'static str = "members";
    fn read(batch: &RecordBatch) -> Result<Self> {
        Ok(Members {
            id: texts(batch, 0)?.clone(),
            joined_at: times(batch, 1)?.clone(),
            features: FeatureColumns::from(batch, 2)?,
        })
    }
    fn member(&self, row: usize) -> Option<&str> {
        self.id.is_valid(row).then(|| self.id.value(row))
    }
}

/// A batch of `decisions`.
#[derive(Debug)]
pub(super) struct Decisions {
    id: StringArray,
    member: StringArray,
    decided_at: TimestampMicrosecondArray,
    action: StringArray,
    stage: StringArray,
    propensity: Float64Array,
    eligible: ListArray,
    policy_version: StringArray,
    pub(super) features: FeatureColumns,
}

impl Decisions {
    pub(super) fn id(&self, row: usize) -> Result<&str> {
        self.needed(&self.id, row, "decision_id").map(|ids| ids.value(row))
    }

    pub(super) fn action(&self, row: usize) -> Result<&str> {
        self.needed(&self.action, row, "action").map(|actions| actions.value(row))
    }

    pub(super) fn decided_at(&self, row: usize) -> Result<Timestamp> {
        self.needed(&self.decided_at, row, "decided_at").map(|times| Timestamp(times.value(row)))
    }

    /// The id, for messages.
    pub(super) fn name(&self, row: usize) -> &str {
        if self.id.is_valid(row) { self.id.value(row) } else { "without an id" }
    }

    pub(super) fn stage(&self, row: usize) -> Option<&str> {
        self.stage.is_valid(row).then(|| self.stage.value(row))
    }

    pub(super) fn propensity(&self, row: usize) -> Option<f64> {
        self.propensity.is_valid(row).then(|| self.propensity.value(row))
    }

    pub(super) fn policy_version(&self, row: usize) -> Option<&str> {
        self.policy_version.is_valid(row).then(|| self.policy_version.value(row))
    }

    pub(super) fn eligible(&self, row: usize) -> Option<ArrayRef> {
        self.eligible.is_valid(row).then(|| self.eligible.value(row))
    }

    /// Whether two rows of the same member and time are equal in everything.
    pub(super) fn same(&self, row: usize, other: &Self, other_row: usize) -> bool {
        let number = |p: Option<f64>| p.map(f64::to_bits);
        self.id.value(row) == other.id.value(other_row)
            && self.action.value(row) == other.action.value(other_row)
            && self.stage(row) == other.stage(other_row)
            && number(self.propensity(row)) == number(other.propensity(other_row))
            && self.policy_version(row) == other.policy_version(other_row)
            && self.eligible(row) == other.eligible(other_row)
            && self.features.same(row, &other.features, other_row)
    }

    fn needed<'a, A: Array>(&self, column: &'a A, row: usize, name: &str) -> Result<&'a A> {
        if column.is_valid(row) { Ok(column) } else { Err(null(Self::NAME, name, self.member(row))) }
    }
}

impl Table for Decisions {
    const NAME: &'static str = "decisions";
    fn read(batch: &RecordBatch) -> Result<Self> {
        Ok(Decisions {
            id: texts(batch, 0)?.clone(),
            member: texts(batch, 1)?.clone(),
            decided_at: times(batch, 2)?.clone(),
            action: texts(batch, 3)?.clone(),
            stage: texts(batch, 4)?.clone(),
            propensity: floats(batch, 5)?.clone(),
            eligible: lists(batch, 6)?.clone(),
            policy_version: texts(batch, 7)?.clone(),
            features: FeatureColumns::from(batch, 8)?,
        })
    }
    fn member(&self, row: usize) -> Option<&str> {
        self.member.is_valid(row).then(|| self.member.value(row))
    }
}

/// A batch of `events`.
#[derive(Debug)]
pub(super) struct Events {
    member: StringArray,
    at: TimestampMicrosecondArray,
    event: StringArray,
    action: StringArray,
    value: Float64Array,
}

impl Events {
    pub(super) fn at(&self, row: usize) -> Result<Timestamp> {
        if self.at.is_valid(row) {
            Ok(Timestamp(self.at.value(row)))
        } else {
            Err(null(Self::NAME, "at", self.member(row)))
        }
    }

    /// The name; events without one were filtered out.
    pub(super) fn event(&self, row: usize) -> &str {
        self.event.value(row)
    }

    pub(super) fn action(&self, row: usize) -> Option<&str> {
        self.action.is_valid(row).then(|| self.action.value(row))
    }

    pub(super) fn value(&self, row: usize) -> Option<f64> {
        self.value.is_valid(row).then(|| self.value.value(row))
    }
}

impl Table for Events {
    const NAME: &'static str = "events";
    fn read(batch: &RecordBatch) -> Result<Self> {
        Ok(Events {
            member: texts(batch, 0)?.clone(),
            at: times(batch, 1)?.clone(),
            event: texts(batch, 2)?.clone(),
            action: texts(batch, 3)?.clone(),
            value: floats(batch, 4)?.clone(),
        })
    }
    fn member(&self, row: usize) -> Option<&str> {
        self.member.is_valid(row).then(|| self.member.value(row))
    }
}

/// A null where there must be a value.
pub(super) fn null(table: &str, column: &str, member: Option<&str>) -> Error {
    let member = member.map_or(String::new(), |member| format!(" in a row of member {member:?}"));
    Error::Schema {
        table: table.to_owned(),
        column: column.to_owned(),
        given: format!("null{member}"),
        wanted: "every row has one".into(),
    }
}
