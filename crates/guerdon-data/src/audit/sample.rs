//! An even sample of decisions, held in memory for the checks that need ranks or models.

use crate::LogBatch;
use crate::log::LogMeta;
use guerdon_core::{FeatureType, Seed, Value};
use std::collections::BTreeMap;

/// Decisions that are held at most (to within a factor of two).
const MOST: u64 = 20_000;

/// One feature's values.
#[derive(Debug)]
pub(super) enum Column {
    /// NaN where missing.
    Number(Vec<f64>),
    /// The level's place; 0 where missing.
    Category(Vec<usize>, BTreeMap<String, usize>),
}

/// Every so-many-th decision of the log.
#[derive(Debug)]
pub(super) struct Sample {
    step: u64,
    seen: u64,
    pub(super) columns: Vec<Column>,
    /// For each stage whether it was reached.
    pub(super) reached: Vec<Vec<bool>>,
    pub(super) revenue: Vec<f64>,
    pub(super) action: Vec<usize>,
    pub(super) propensity: Vec<f64>,
    /// Which half of the members the decision belongs to.
    pub(super) half: Vec<bool>,
}

impl Sample {
    pub(super) fn new(rows: u64, meta: &LogMeta) -> Self {
        let column = |spec: &guerdon_core::FeatureSpec| match spec.source.feature_type() {
            FeatureType::Number => Column::Number(vec![]),
            FeatureType::Category => Column::Category(vec![], BTreeMap::new()),
        };
        Sample {
            step: rows.div_ceil(MOST).max(1),
            seen: 0,
            columns: meta.environment.features.iter().map(column).collect(),
            reached: vec![vec![]; meta.environment.funnel.stages.len()],
            revenue: vec![],
            action: vec![],
            propensity: vec![],
            half: vec![],
        }
    }

    pub(super) fn len(&self) -> usize {
        self.action.len()
    }

    pub(super) fn see(&mut self, batch: &LogBatch, i: usize, context: &[Value<'_>]) {
        self.seen += 1;
        if !(self.seen - 1).is_multiple_of(self.step) {
            return;
        }
        for (column, value) in self.columns.iter_mut().zip(context) {
            match column {
                Column::Number(values) => values.push(if let Value::Number(v) = value { *v } else { f64::NAN }),
                Column::Category(values, levels) => values.push(match value {
                    Value::Category(level) => {
                        let next = levels.len() + 1;
                        match levels.get(*level) {
                            Some(place) => *place,
                            None => *levels.entry((*level).to_owned()).or_insert(next),
                        }
                    }
                    _ => 0,
                }),
            }
        }
        for (stage, reached) in self.reached.iter_mut().enumerate() {
            reached.push(batch.reached_at(i, stage).is_some());
        }
        self.revenue.push(batch.revenue(i).0 as f64);
        self.action.push(batch.action(i));
        self.propensity.push(batch.propensity(i));
        self.half.push(Seed(0).named("audit").uniform(batch.member_id(i)) < 0.5);
    }
}
