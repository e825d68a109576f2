//! One batch of decisions with named, typed access.

use super::meta::LogMeta;
use super::schema::{names_type, time_type};
use crate::names::NameIndex;
use arrow::array::{
    Array, ArrayRef, Decimal128Array, Float64Array, Int64Array, ListArray, RecordBatch, StringArray,
    TimestampMicrosecondArray, UInt32Array, new_empty_array,
};
use arrow::buffer::ScalarBuffer;
use arrow::datatypes::DataType;
use guerdon_core::{
    Error, FeatureType, Money, Outcome, Propensity, Result, Timestamp, Value, columns, feature_column,
    reached_at_column,
};
use std::ops::Range;

/// What every batch of one log has in common.
#[derive(Debug)]
pub(crate) struct BatchLayout {
    file: String,
    actions: Vec<String>,
    features: Vec<(String, FeatureType)>,
    stages: Vec<String>,
}

impl BatchLayout {
    pub(crate) fn of(meta: &LogMeta, file: &str) -> Self {
        let environment = &meta.environment;
        BatchLayout {
            file: file.to_owned(),
            actions: meta.catalogue.names().map(str::to_owned).collect(),
            features: environment
                .features
                .iter()
                .map(|feature| (feature_column(&feature.name), feature.source.feature_type()))
                .collect(),
            stages: environment.funnel.names().map(reached_at_column).collect(),
        }
    }

    /// Whether batches with these columns have use for the one called `name`.
    pub(crate) fn reads(&self, which: Columns, name: &str) -> bool {
        match which {
            Columns::All => name != columns::REACHED,
            Columns::Fitting => {
                let fitting = [
                    columns::MEMBER_ID,
                    columns::ACTION,
                    columns::PROPENSITY,
                    columns::REVENUE,
                    columns::COST,
                    columns::POINTS_ISSUED,
                ];
                fitting.contains(&name)
                    || self.features.iter().any(|(feature, _)| feature == name)
                    || self.stages.iter().any(|stage| stage == name)
            }
        }
    }

    pub(crate) fn malformed(&self, reason: impl ToString) -> Error {
        Error::Malformed { file: self.file.clone(), format: "Parquet", reason: reason.to_string() }
    }
}

/// Which columns a batch is made of; asking it for others panics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Columns {
    All,
    /// What outcomes are fitted with: see [`crate::LogReader::for_fitting`].
    Fitting,
}

/// The values of one feature.
#[derive(Debug, Clone)]
enum FeatureValues {
    /// Not finite where it is missing.
    Number(ScalarBuffer<f64>),
    Category(StringArray),
}

/// A batch of decisions. Rows are numbered from 0; all accessors panic beyond [`LogBatch::len`], as slices do.
#[derive(Debug, Clone)]
pub struct LogBatch {
    decision_id: StringArray,
    member_id: StringArray,
    step: UInt32Array,
    decided_at: TimestampMicrosecondArray,
    stage: StringArray,
    action: Vec<u16>,
    propensity: Float64Array,
    eligible: Eligible,
    policy_version: StringArray,
    features: Vec<FeatureValues>,
    reached_at: Vec<TimestampMicrosecondArray>,
    revenue: Decimal128Array,
    orders: UInt32Array,
    cost: Decimal128Array,
    points_issued: Int64Array,
    points_redeemed: Int64Array,
}

impl LogBatch {
    /// Takes the columns of `batch`, whose schema was checked when the log was opened.
    pub(crate) fn new(batch: &RecordBatch, layout: &BatchLayout, which: Columns) -> Result<Self> {
        let column = |name: &str| {
            batch.column_by_name(name).cloned().ok_or_else(|| layout.malformed(format!("column {name} is gone")))
        };
        let other = |name: &str, r#type: DataType| match which {
            Columns::All => column(name),
            Columns::Fitting => Ok(new_empty_array(&r#type)),
        };
        let names: StringArray = typed(column(columns::ACTION)?, layout)?;
        let index = NameIndex::new(layout.actions.iter().map(String::as_str));
        let features = layout.features.iter().map(|(name, r#type)| {
            Ok(match r#type {
                FeatureType::Number => FeatureValues::Number(numbers(&typed(column(name)?, layout)?)),
                FeatureType::Category => FeatureValues::Category(typed(column(name)?, layout)?),
            })
        });
        let eligible = typed(other(columns::ELIGIBLE, names_type())?, layout)?;
        let this = LogBatch {
            decision_id: typed(other(columns::DECISION_ID, DataType::Utf8)?, layout)?,
            member_id: typed(column(columns::MEMBER_ID)?, layout)?,
            step: typed(other(columns::STEP, DataType::UInt32)?, layout)?,
            decided_at: typed(other(columns::DECIDED_AT, time_type())?, layout)?,
            stage: typed(other(columns::STAGE, DataType::Utf8)?, layout)?,
            action: actions(&names, &index, layout)?,
            propensity: typed(column(columns::PROPENSITY)?, layout)?,
            eligible: Eligible::read(&eligible, &index, layout)?,
            policy_version: typed(other(columns::POLICY_VERSION, DataType::Utf8)?, layout)?,
            features: features.collect::<Result<_>>()?,
            reached_at: layout.stages.iter().map(|name| typed(column(name)?, layout)).collect::<Result<_>>()?,
            revenue: typed(column(columns::REVENUE)?, layout)?,
            orders: typed(other(columns::ORDERS, DataType::UInt32)?, layout)?,
            cost: typed(column(columns::COST)?, layout)?,
            points_issued: typed(column(columns::POINTS_ISSUED)?, layout)?,
            points_redeemed: typed(other(columns::POINTS_REDEEMED, DataType::Int64)?, layout)?,
        };
        this.check_propensities()?;
        Ok(this)
    }

    /// A log may have been written by another program.
    fn check_propensities(&self) -> Result<()> {
        match (0..self.propensity.len()).find(|&i| Propensity::new(self.propensity(i)).is_none()) {
            None => Ok(()),
            Some(i) => {
                let named = (!self.decision_id.is_empty()).then(|| format!("decision {}", self.decision_id(i)));
                let which = named.unwrap_or_else(|| format!("a decision of member {}", self.member_id(i)));
                Err(Error::Propensity { place: format!("decision log, {which}"), given: self.propensity(i) })
            }
        }
    }

    /// Memory that it takes, roughly.
    pub(crate) fn bytes(&self) -> usize {
        let strings = [&self.decision_id, &self.member_id, &self.stage, &self.policy_version];
        let features = self.features.iter().map(|feature| match feature {
            FeatureValues::Number(values) => values.len() * size_of::<f64>(),
            FeatureValues::Category(values) => values.get_array_memory_size(),
        });
        // Numbers beside the features: two of 16 bytes, some of 8 or less.
        let numbers = self.reached_at.len() + self.orders.len().min(1) * 6 + 7;
        features.chain(strings.map(|strings| strings.get_array_memory_size())).sum::<usize>() + self.len() * 8 * numbers
    }

    /// How many decisions the batch holds.
    #[inline]
    pub fn len(&self) -> usize {
        self.action.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.action.is_empty()
    }

    /// The decision's id.
    pub fn decision_id(&self, i: usize) -> &str {
        self.decision_id.value(i)
    }

    /// The member's id.
    #[inline]
    pub fn member_id(&self, i: usize) -> &str {
        self.member_id.value(i)
    }

    /// Place in the member's decisions, from 0, immature ones counted.
    pub fn step(&self, i: usize) -> u32 {
        self.step.value(i)
    }

    /// When the decision was taken.
    pub fn decided_at(&self, i: usize) -> Timestamp {
        Timestamp(self.decided_at.value(i))
    }

    /// The funnel stage at which the decision was taken.
    pub fn stage(&self, i: usize) -> &str {
        self.stage.value(i)
    }

    /// The action, as an index into the catalogue.
    #[inline]
    pub fn action(&self, i: usize) -> usize {
        usize::from(self.action[i])
    }

    /// The probability of the action under the logging policy, in (0, 1].
    pub fn propensity(&self, i: usize) -> f64 {
        self.propensity.value(i)
    }

    /// The actions that could have been taken, ascending; `None`: all of them.
    pub fn eligible(&self, i: usize) -> Option<&[u16]> {
        self.eligible.get(i)
    }

    /// The policy that decided, if the log knows.
    pub fn policy_version(&self, i: usize) -> Option<&str> {
        self.policy_version.is_valid(i).then(|| self.policy_version.value(i))
    }

    /// Clears `out` and fills it with the decision's features, in the environment's order.
    #[inline]
    pub fn context<'a>(&'a self, i: usize, out: &mut Vec<Value<'a>>) {
        out.clear();
        out.extend((0..self.features.len()).map(|feature| self.value(i, feature)));
    }

    /// The decision's value of the feature in this place of the environment's order.
    #[inline]
    pub fn value(&self, i: usize, feature: usize) -> Value<'_> {
        match &self.features[feature] {
            FeatureValues::Number(values) if values[i].is_finite() => Value::Number(values[i]),
            FeatureValues::Category(values) if values.is_valid(i) => Value::Category(values.value(i)),
            _ => Value::Missing,
        }
    }

    /// All decisions' values of the feature in this place, not finite where they are missing; `None` for a category.
    pub fn numbers(&self, feature: usize) -> Option<&[f64]> {
        match &self.features[feature] {
            FeatureValues::Number(values) => Some(values),
            FeatureValues::Category(_) => None,
        }
    }

    /// First time the stage (an index into the funnel) was reached.
    #[inline]
    pub fn reached_at(&self, i: usize, stage: usize) -> Option<Timestamp> {
        let times = &self.reached_at[stage];
        times.is_valid(i).then(|| Timestamp(times.value(i)))
    }

    /// Revenue inside the attribution window.
    #[inline]
    pub fn revenue(&self, i: usize) -> Money {
        Money(self.revenue.value(i) as i64)
    }

    /// Revenue events inside the attribution window.
    pub fn orders(&self, i: usize) -> u32 {
        self.orders.value(i)
    }

    /// Cost of the reward.
    #[inline]
    pub fn cost(&self, i: usize) -> Money {
        Money(self.cost.value(i) as i64)
    }

    /// Points that the reward credited.
    #[inline]
    pub fn points_issued(&self, i: usize) -> i64 {
        self.points_issued.value(i)
    }

    /// Points redeemed inside the attribution window.
    pub fn points_redeemed(&self, i: usize) -> i64 {
        self.points_redeemed.value(i)
    }

    /// All of what followed the decision.
    pub fn outcome(&self, i: usize) -> Outcome {
        Outcome {
            reached_at: (0..self.reached_at.len()).map(|stage| self.reached_at(i, stage)).collect(),
            revenue: self.revenue(i),
            orders: self.orders(i),
            cost: self.cost(i),
            points_issued: self.points_issued(i),
            points_redeemed: self.points_redeemed(i),
        }
    }
}

/// The eligible sets of a batch, as sorted action indices.
#[derive(Debug, Clone)]
struct Eligible {
    actions: Vec<u16>,
    ranges: Vec<Option<Range<usize>>>,
}

impl Eligible {
    fn read(lists: &ListArray, index: &NameIndex, layout: &BatchLayout) -> Result<Self> {
        let mut this = Eligible { actions: vec![], ranges: Vec::with_capacity(lists.len()) };
        for row in 0..lists.len() {
            if lists.is_null(row) {
                this.ranges.push(None);
                continue;
            }
            let start = this.actions.len();
            let names: StringArray = typed(lists.value(row), layout)?;
            this.actions.extend(actions(&names, index, layout)?);
            this.actions[start..].sort_unstable();
            this.ranges.push(Some(start..this.actions.len()));
        }
        Ok(this)
    }

    fn get(&self, i: usize) -> Option<&[u16]> {
        self.ranges[i].clone().map(|range| &self.actions[range])
    }
}

/// The values of a number's column, NaN where there is none.
fn numbers(column: &Float64Array) -> ScalarBuffer<f64> {
    if column.null_count() == 0 {
        return column.values().clone();
    }
    column.iter().map(|value| value.unwrap_or(f64::NAN)).collect()
}

/// The indices of `names` in the catalogue.
fn actions(names: &StringArray, index: &NameIndex, layout: &BatchLayout) -> Result<Vec<u16>> {
    let known = || layout.actions.iter().map(String::as_str);
    (0..names.len())
        .map(|i| {
            let name = if names.is_valid(i) { names.value(i) } else { "" };
            index.get(name).ok_or_else(|| Error::unknown_action(&layout.file, name, known()))
        })
        .collect()
}

/// `column` as the array type that the schema check found it to be.
fn typed<A: Array + Clone + 'static>(column: ArrayRef, layout: &BatchLayout) -> Result<A> {
    column
        .as_any()
        .downcast_ref::<A>()
        .cloned()
        .ok_or_else(|| layout.malformed(format!("a column changed its type to {}", column.data_type())))
}
