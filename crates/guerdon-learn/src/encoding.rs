//! Fits the encoder to the rows that may be learned from: one pass, bounded memory, outcomes never looked at.

use crate::rows::visit;
use guerdon_core::{Error, FeatureType, Progress, Result, Value};
use guerdon_data::LogReader;
use guerdon_policy::{Encoder, Encoding, FeatureSchema};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Which names of a category get a slot of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Levels {
    /// At most this many (the most frequent; ties by name), 1 to 4,096; default 64.
    pub most: usize,
    /// Only names with at least this many rows; default 20. The others share the slot "other".
    pub least_rows: u64,
}

impl Default for Levels {
    fn default() -> Self {
        Levels { most: 64, least_rows: 20 }
    }
}

/// Distinct names that are counted at once; beyond this, the rarest are forgotten (and so end in "other").
const MOST_COUNTED: usize = 1 << 16;

/// What has been seen of one feature.
#[derive(Debug)]
enum Seen {
    /// Welford's running mean and sum of squared differences.
    Number {
        n: f64,
        mean: f64,
        squares: f64,
    },
    Category {
        counts: BTreeMap<String, u64>,
        forgotten: u64,
    },
}

impl Seen {
    fn new(r#type: FeatureType) -> Self {
        match r#type {
            FeatureType::Number => Seen::Number { n: 0.0, mean: 0.0, squares: 0.0 },
            FeatureType::Category => Seen::Category { counts: BTreeMap::new(), forgotten: 0 },
        }
    }

    fn count(&mut self, value: Value) {
        match (self, value) {
            (Seen::Number { n, mean, squares }, Value::Number(x)) if x.is_finite() => {
                *n += 1.0;
                let before = x - *mean;
                *mean += before / *n;
                *squares += before * (x - *mean);
            }
            (Seen::Category { counts, forgotten }, Value::Category(name)) => {
                match counts.get_mut(name) {
                    Some(count) => *count += 1,
                    // Lossy counting (Manku & Motwani 2002): a newcomer may have been forgotten that often before.
                    None => drop(counts.insert(name.to_owned(), *forgotten + 1)),
                }
                if counts.len() > MOST_COUNTED {
                    *forgotten += 1;
                    counts.retain(|_, count| *count > *forgotten);
                }
            }
            _ => {}
        }
    }

    fn encoding(self, levels: Levels) -> Encoding {
        match self {
            Seen::Number { n, mean, squares } => {
                let std = if n > 1.0 { (squares / n).sqrt() as f32 } else { 0.0 };
                let mean = mean as f32;
                // A constant feature is no feature: it encodes as 0 as long as it stays constant.
                let usable = std.is_finite() && mean.is_finite() && std > mean.abs() * 1e-6;
                Encoding::Number {
                    mean: if mean.is_finite() { mean } else { 0.0 },
                    std: if usable { std } else { 1.0 },
                }
            }
            Seen::Category { counts, .. } => {
                let mut often: Vec<(String, u64)> =
                    counts.into_iter().filter(|(_, count)| *count >= levels.least_rows).collect();
                often.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
                often.truncate(levels.most);
                let mut levels: Vec<String> = often.into_iter().map(|(name, _)| name).collect();
                levels.sort();
                Encoding::Category { levels }
            }
        }
    }
}

/// Fits the encoder on the members for whom `include` holds.
///
/// # Errors
/// [`Error::Empty`] if no member is included; errors of reading the log.
pub fn fit_encoder(
    log: &LogReader,
    include: &dyn Fn(&str) -> bool,
    levels: Levels,
    progress: &dyn Progress,
) -> Result<Encoder> {
    let features = &log.meta().environment.features;
    let mut seen: Vec<Seen> = features.iter().map(|feature| Seen::new(feature.source.feature_type())).collect();
    let visited = visit(log, include, "fit encoder", progress, &mut |_, _, context| {
        seen.iter_mut().zip(context).for_each(|(seen, value)| seen.count(*value));
        Ok(())
    })?;
    if visited.rows == 0 {
        return Err(Error::Empty {
            place: log.path().display().to_string(),
            what: "none of its members may be learned from; raise the share of training members, or give a larger log"
                .into(),
        });
    }
    let entries = features.iter().zip(seen).map(|(feature, seen)| {
        let schema = FeatureSchema { name: feature.name.clone(), r#type: feature.source.feature_type() };
        (schema, seen.encoding(levels))
    });
    Encoder::new(entries.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(r#type: FeatureType, values: &[Value], levels: Levels) -> Encoding {
        let mut seen = Seen::new(r#type);
        values.iter().for_each(|value| seen.count(*value));
        seen.encoding(levels)
    }

    #[test]
    fn a_number_gets_its_mean_and_standard_deviation_over_the_known_values() {
        let values = [Value::Number(1.0), Value::Missing, Value::Number(3.0), Value::Number(f64::NAN)];
        let encoding = seen(FeatureType::Number, &values, Levels::default());
        assert_eq!(encoding, Encoding::Number { mean: 2.0, std: 1.0 });
    }

    #[test]
    fn a_constant_or_unknown_number_still_has_a_usable_scale() {
        let constant = seen(FeatureType::Number, &[Value::Number(7.0); 3], Levels::default());
        assert_eq!(constant, Encoding::Number { mean: 7.0, std: 1.0 });
        let unknown = seen(FeatureType::Number, &[Value::Missing], Levels::default());
        assert_eq!(unknown, Encoding::Number { mean: 0.0, std: 1.0 });
    }

    #[test]
    fn frequent_names_get_slots_in_alphabetical_order_and_rare_ones_share_one() {
        let values: Vec<Value> = ["c", "c", "a", "b", "b", "b", "a"].map(Value::Category).to_vec();
        let levels = seen(FeatureType::Category, &values, Levels { most: 2, least_rows: 2 });
        assert_eq!(levels, Encoding::Category { levels: vec!["a".into(), "b".into()] });
        let all = seen(FeatureType::Category, &values, Levels { most: 9, least_rows: 3 });
        assert_eq!(all, Encoding::Category { levels: vec!["b".into()] });
    }

    #[test]
    fn counting_a_million_names_keeps_memory_bounded_and_the_frequent_one() {
        let mut seen = Seen::new(FeatureType::Category);
        for i in 0..300_000 {
            seen.count(Value::Category(&i.to_string()));
            seen.count(Value::Category("often"));
        }
        let Seen::Category { ref counts, .. } = seen else { unreachable!() };
        assert!(counts.len() <= MOST_COUNTED);
        let found = seen.encoding(Levels::default());
        assert_eq!(found, Encoding::Category { levels: vec!["often".into()] });
    }
}
