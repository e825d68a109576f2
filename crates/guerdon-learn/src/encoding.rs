//! Fits the encoder to the rows that may be learned from: one pass, bounded memory, outcomes never looked at.

use crate::rows::visit_columns;
use guerdon_core::{Error, FeatureType, Progress, Result, Value};
use guerdon_data::{LogBatch, LogReader};
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
    /// Running mean and sum of squared differences.
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

    /// Counts the chosen rows of a batch, of the feature in place `feature`; `numbers` is room to work in.
    fn count(&mut self, batch: &LogBatch, feature: usize, rows: &[usize], numbers: &mut Vec<f64>) {
        if let Some(column) = batch.numbers(feature) {
            numbers.clear();
            numbers.extend(rows.iter().map(|row| column[*row]));
            numbers.retain(|value| value.is_finite());
            return self.count_numbers(numbers);
        }
        for row in rows {
            if let Value::Category(name) = batch.value(*row, feature) {
                self.count_name(name);
            }
        }
    }

    /// Adds a batch's finite numbers: their own mean and squared differences, then both parts' together (Chan, Golub &
    /// LeVeque 1983).
    fn count_numbers(&mut self, values: &[f64]) {
        let Seen::Number { n, mean, squares } = self else { return };
        if values.is_empty() {
            return;
        }
        let (known, new) = (*n, values.len() as f64);
        let center = sum(values, |value| value) / new;
        let off = center - *mean;
        *n = known + new;
        *mean += off * (new / *n);
        *squares += sum(values, |value| (value - center) * (value - center)) + off * off * (known * new / *n);
    }

    fn count_name(&mut self, name: &str) {
        let Seen::Category { counts, forgotten } = self else { return };
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

/// The sum of `f` over `values`, in eight interleaved sums.
fn sum(values: &[f64], f: impl Fn(f64) -> f64) -> f64 {
    let (chunks, rest) = values.as_chunks::<8>();
    let mut lanes = [0.0; 8];
    for chunk in chunks {
        lanes.iter_mut().zip(chunk).for_each(|(lane, value)| *lane += f(*value));
    }
    lanes.iter().sum::<f64>() + rest.iter().map(|value| f(*value)).sum::<f64>()
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
    let mut numbers = vec![];
    let visited = visit_columns(log, include, "fit encoder", progress, &mut |batch, rows| {
        seen.iter_mut().enumerate().for_each(|(feature, seen)| seen.count(batch, feature, rows, &mut numbers));
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

    fn numbers(batches: &[&[f64]]) -> Encoding {
        let mut seen = Seen::new(FeatureType::Number);
        batches.iter().for_each(|batch| seen.count_numbers(batch));
        seen.encoding(Levels::default())
    }

    fn names(names: &[&str], levels: Levels) -> Encoding {
        let mut seen = Seen::new(FeatureType::Category);
        names.iter().for_each(|name| seen.count_name(name));
        seen.encoding(levels)
    }

    #[test]
    fn a_number_gets_its_mean_and_standard_deviation_over_the_known_values() {
        assert_eq!(numbers(&[&[1.0, 3.0]]), Encoding::Number { mean: 2.0, std: 1.0 });
    }

    #[test]
    fn batches_of_any_size_give_the_mean_and_standard_deviation_of_all_numbers() {
        let values: Vec<f64> = (0..1000).map(|i| 1e3 + (f64::from(i) * 0.7).sin()).collect();
        let mean = values.iter().sum::<f64>() / 1000.0;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 1000.0;
        let Encoding::Number { mean: found, std } = numbers(&[&values[..3], &[], &values[3..700], &values[700..]])
        else {
            unreachable!()
        };
        assert_eq!(found, mean as f32);
        assert!((f64::from(std) - variance.sqrt()).abs() < 1e-6);
    }

    #[test]
    fn a_constant_or_unknown_number_still_has_a_usable_scale() {
        assert_eq!(numbers(&[&[7.0; 3]]), Encoding::Number { mean: 7.0, std: 1.0 });
        assert_eq!(numbers(&[&[]]), Encoding::Number { mean: 0.0, std: 1.0 });
    }

    #[test]
    fn frequent_names_get_slots_in_alphabetical_order_and_rare_ones_share_one() {
        let values = ["c", "c", "a", "b", "b", "b", "a"];
        let levels = names(&values, Levels { most: 2, least_rows: 2 });
        assert_eq!(levels, Encoding::Category { levels: vec!["a".into(), "b".into()] });
        let all = names(&values, Levels { most: 9, least_rows: 3 });
        assert_eq!(all, Encoding::Category { levels: vec!["b".into()] });
    }

    #[test]
    fn counting_a_million_names_keeps_memory_bounded_and_the_frequent_one() {
        let mut seen = Seen::new(FeatureType::Category);
        for i in 0..300_000 {
            seen.count_name(&i.to_string());
            seen.count_name("often");
        }
        let Seen::Category { ref counts, .. } = seen else { unreachable!() };
        assert!(counts.len() <= MOST_COUNTED);
        let found = seen.encoding(Levels::default());
        assert_eq!(found, Encoding::Category { levels: vec!["often".into()] });
    }
}
