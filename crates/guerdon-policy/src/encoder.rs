//! The encoder: from the values of a request to the numbers that a model sees. Training and serving both call this one.

use guerdon_core::{Error, FeatureType, Result, Value};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Standardised numbers are clipped to ± this many standard deviations.
pub const CLIP: f32 = 8.0;

/// Most features that a policy may have.
pub const MOST_FEATURES: usize = 4096;

/// Most slots that an encoding may be wide.
pub const MOST_SLOTS: usize = 1 << 20;

/// A feature's name and type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureSchema {
    /// The name, unique in the schema.
    pub name: String,
    /// Number or category.
    pub r#type: FeatureType,
}

/// How one feature becomes numbers, with the state that was learned from the training rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "encoding", rename_all = "snake_case", deny_unknown_fields)]
pub enum Encoding {
    /// Two slots: (x − mean) / std clipped to ±[`CLIP`] (0 where missing), then 1 where missing.
    Number {
        /// Mean over the training rows where it is known.
        mean: f32,
        /// Standard deviation over the same rows, greater than 0.
        std: f32,
    },
    /// One slot per level, one for every other name, one for missing; exactly one of them is 1.
    Category {
        /// The names with a slot of their own, each once.
        levels: Vec<String>,
    },
}

impl Encoding {
    /// How many slots it fills.
    pub fn width(&self) -> usize {
        match self {
            Encoding::Number { .. } => 2,
            Encoding::Category { levels } => levels.len().saturating_add(2),
        }
    }

    /// The type of the feature that it encodes.
    pub fn feature_type(&self) -> FeatureType {
        match self {
            Encoding::Number { .. } => FeatureType::Number,
            Encoding::Category { .. } => FeatureType::Category,
        }
    }
}

/// The encoder of a whole context. Features keep their order; each fills [`Encoding::width`] slots.
#[derive(Debug, Clone, PartialEq)]
pub struct Encoder {
    features: Vec<(FeatureSchema, Encoding)>,
    plans: Vec<Plan>,
    width: usize,
}

/// An encoding made ready to run.
#[derive(Debug, Clone, PartialEq)]
enum Plan {
    Number {
        mean: f64,
        std: f64,
    },
    /// Each level with its slot, sorted by name for binary search.
    Category {
        sorted: Vec<(String, usize)>,
    },
}

impl Encoder {
    /// An encoder of `features` in their order.
    ///
    /// # Errors
    /// [`Error::Config`] for an empty or repeated name, a type that its encoding does not have, a mean or std that is
    /// not finite, a std that is not greater than 0, a level that stands twice, or too many features or slots.
    pub fn new(features: Vec<(FeatureSchema, Encoding)>) -> Result<Self> {
        let mut width = 0usize;
        let mut names = BTreeSet::new();
        if features.len() > MOST_FEATURES {
            return Err(refused("features", features.len(), format!("a policy has at most {MOST_FEATURES}")));
        }
        for (schema, encoding) in &features {
            if schema.name.is_empty() || !names.insert(schema.name.as_str()) {
                return Err(refused("features", format!("{:?}", schema.name), "each feature needs a name of its own"));
            }
            check(schema, encoding)?;
            width = width.saturating_add(encoding.width());
        }
        if width > MOST_SLOTS {
            return Err(refused("features", format!("{width} slots wide"), format!("at most {MOST_SLOTS} slots do")));
        }
        let plans = features.iter().map(|(_, encoding)| Plan::of(encoding)).collect();
        Ok(Encoder { features, plans, width })
    }

    /// How many numbers a context becomes.
    pub fn width(&self) -> usize {
        self.width
    }

    /// How many features a context has.
    pub fn features(&self) -> usize {
        self.features.len()
    }

    /// The features in order.
    pub fn schema(&self) -> impl ExactSizeIterator<Item = &FeatureSchema> {
        self.features.iter().map(|(schema, _)| schema)
    }

    /// The features in order, each with its encoding.
    pub fn entries(&self) -> &[(FeatureSchema, Encoding)] {
        &self.features
    }

    /// The place of the feature called `name`.
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.features.iter().position(|(schema, _)| schema.name == name)
    }

    /// Writes the encoding of `context` (one value per feature, in order) into `out`.
    ///
    /// A number that is not finite, a value of the other type and a value that `context` is too short for count as
    /// missing; a name without a slot counts as "other".
    ///
    /// # Shapes
    /// `context`: [`Encoder::features`]; `out`: [`Encoder::width`]. Slots beyond the end of a shorter `out` are not
    /// written, those beyond the width are left as they are.
    pub fn encode(&self, context: &[Value], out: &mut [f32]) {
        let mut rest = out;
        let values = context.iter().copied().chain(std::iter::repeat(Value::Missing));
        for (plan, value) in self.plans.iter().zip(values) {
            let Some((slots, after)) = rest.split_at_mut_checked(plan.width()) else { return };
            plan.encode(value, slots);
            rest = after;
        }
    }

    /// As [`Encoder::encode`], for one feature of many contexts: writes that feature's slots of each row of `out` from the
    /// value that stands for it in `values`. Quicker where values lie in columns.
    ///
    /// # Shapes
    /// `values`: `[rows]`; `out`: `[rows][stride]` with a stride of [`Encoder::width`] or more. Nothing is written for a
    /// feature that there is not, or beyond the end of a shorter row.
    #[inline]
    pub fn encode_feature<'a>(
        &self,
        feature: usize,
        values: impl Iterator<Item = Value<'a>>,
        stride: usize,
        out: &mut [f32],
    ) {
        let Some(plan) = self.plans.get(feature) else { return };
        let start = self.start_of(feature);
        for (value, row) in values.zip(out.chunks_exact_mut(stride.max(1))) {
            if let Some(slots) = row.get_mut(start..start + plan.width()) {
                plan.encode(value, slots);
            }
        }
    }

    /// As [`Encoder::encode_feature`] for numbers; what is not finite is missing.
    #[inline]
    pub fn encode_numbers(&self, feature: usize, values: impl Iterator<Item = f64>, stride: usize, out: &mut [f32]) {
        let Some(Plan::Number { mean, std }) = self.plans.get(feature) else {
            return self.encode_feature(feature, values.map(Value::Number), stride, out);
        };
        let start = self.start_of(feature);
        for (value, row) in values.zip(out.chunks_exact_mut(stride.max(1))) {
            if let Some([number, missing]) = row.get_mut(start..start + 2) {
                [*number, *missing] = standardised(value, *mean, *std);
            }
        }
    }

    /// The first slot of a feature.
    fn start_of(&self, feature: usize) -> usize {
        self.plans.iter().take(feature).map(Plan::width).sum()
    }
}

impl Plan {
    fn of(encoding: &Encoding) -> Plan {
        match encoding {
            Encoding::Number { mean, std } => Plan::Number { mean: f64::from(*mean), std: f64::from(*std) },
            Encoding::Category { levels } => {
                let mut sorted: Vec<_> = levels.iter().cloned().zip(0..).collect();
                sorted.sort();
                Plan::Category { sorted }
            }
        }
    }

    fn width(&self) -> usize {
        match self {
            Plan::Number { .. } => 2,
            Plan::Category { sorted } => sorted.len() + 2,
        }
    }

    #[inline]
    fn encode(&self, value: Value, slots: &mut [f32]) {
        match (self, slots) {
            (Plan::Number { mean, std }, [number, missing]) => {
                let value = if let Value::Number(x) = value { x } else { f64::NAN };
                [*number, *missing] = standardised(value, *mean, *std);
            }
            (Plan::Category { sorted }, slots) => {
                slots.fill(0.0);
                let slot = match value {
                    Value::Category(name) => find(sorted, name).unwrap_or(sorted.len()),
                    _ => sorted.len() + 1,
                };
                if let Some(slot) = slots.get_mut(slot) {
                    *slot = 1.0;
                }
            }
            (Plan::Number { .. }, _) => {} // a number has two slots
        }
    }
}

/// The two slots of a number; what is not finite is missing.
#[inline]
fn standardised(x: f64, mean: f64, std: f64) -> [f32; 2] {
    if x.is_finite() { [(((x - mean) / std) as f32).clamp(-CLIP, CLIP), 0.0] } else { [0.0, 1.0] }
}

/// The slot of the level called `name`. Among few levels comparing lengths first beats a binary search.
#[inline]
fn find(sorted: &[(String, usize)], name: &str) -> Option<usize> {
    let place = if sorted.len() <= 8 {
        sorted.iter().position(|(level, _)| level == name)?
    } else {
        sorted.binary_search_by(|(level, _)| level.as_str().cmp(name)).ok()?
    };
    sorted.get(place).map(|(_, slot)| *slot)
}

fn check(schema: &FeatureSchema, encoding: &Encoding) -> Result<()> {
    let key = format!("features.{}", schema.name);
    if encoding.feature_type() != schema.r#type {
        let given = format!("a {:?} with an encoding for a {:?}", schema.r#type, encoding.feature_type());
        return Err(refused(key, given, "type and encoding must agree"));
    }
    match encoding {
        Encoding::Number { mean, std } if !(mean.is_finite() && std.is_finite() && *std > 0.0) => {
            Err(refused(key, format!("mean {mean}, std {std}"), "both finite and std greater than 0 would do"))
        }
        Encoding::Category { levels } => {
            let mut seen = BTreeSet::new();
            match levels.iter().find(|level| !seen.insert(level.as_str())) {
                Some(twice) => Err(refused(key, format!("level {twice:?} twice"), "each level once would do")),
                None => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

fn refused(key: impl ToString, given: impl ToString, wanted: impl ToString) -> Error {
    Error::config("encoder", key, given, wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(name: &str, mean: f32, std: f32) -> (FeatureSchema, Encoding) {
        (FeatureSchema { name: name.into(), r#type: FeatureType::Number }, Encoding::Number { mean, std })
    }

    fn category(name: &str, levels: &[&str]) -> (FeatureSchema, Encoding) {
        let levels = levels.iter().map(|level| level.to_string()).collect();
        (FeatureSchema { name: name.into(), r#type: FeatureType::Category }, Encoding::Category { levels })
    }

    fn encoded(encoder: &Encoder, context: &[Value]) -> Vec<f32> {
        let mut out = vec![f32::NAN; encoder.width()];
        encoder.encode(context, &mut out);
        out
    }

    #[test]
    fn a_number_is_standardised_clipped_and_flagged_where_missing() {
        let encoder = Encoder::new(vec![number("age", 40.0, 10.0)]).unwrap();
        assert_eq!(encoded(&encoder, &[Value::Number(55.0)]), [1.5, 0.0]);
        assert_eq!(encoded(&encoder, &[Value::Number(1e9)]), [CLIP, 0.0]);
        assert_eq!(encoded(&encoder, &[Value::Number(-1e300)]), [-CLIP, 0.0]);
        for unknown in [Value::Missing, Value::Number(f64::NAN), Value::Number(f64::INFINITY), Value::Category("x")] {
            assert_eq!(encoded(&encoder, &[unknown]), [0.0, 1.0]);
        }
    }

    #[test]
    fn a_category_fills_its_level_or_other_or_missing() {
        let encoder = Encoder::new(vec![category("slot", &["night", "day"])]).unwrap();
        assert_eq!(encoded(&encoder, &[Value::Category("night")]), [1.0, 0.0, 0.0, 0.0]);
        assert_eq!(encoded(&encoder, &[Value::Category("day")]), [0.0, 1.0, 0.0, 0.0]);
        assert_eq!(encoded(&encoder, &[Value::Category("dusk")]), [0.0, 0.0, 1.0, 0.0]);
        assert_eq!(encoded(&encoder, &[Value::Missing]), [0.0, 0.0, 0.0, 1.0]);
    }

    #[test]
    fn every_one_of_many_levels_finds_its_slot() {
        let levels: Vec<String> = (0..40).map(|i| format!("store-{}", (i * 17) % 40)).collect();
        let encoder = Encoder::new(vec![category("store", &levels.iter().map(String::as_str).collect::<Vec<_>>())]);
        let encoder = encoder.unwrap();
        for (slot, level) in levels.iter().map(String::as_str).chain(["elsewhere"]).enumerate() {
            let out = encoded(&encoder, &[Value::Category(level)]);
            assert!(out.iter().enumerate().all(|(i, x)| *x == f32::from(u8::from(i == slot))), "{level}: {out:?}");
        }
    }

    #[test]
    fn features_one_by_one_encode_as_contexts_do() {
        let encoder = Encoder::new(vec![number("a", 2.0, 4.0), category("b", &["x", "y"])]).unwrap();
        let rows = [[Value::Number(3.0), Value::Category("y")], [Value::Missing, Value::Category("z")]];
        let stride = encoder.width() + 1;
        let mut out = vec![9.0; 2 * stride];
        for feature in 0..3 {
            let values = rows.iter().map(|row| row.get(feature).copied().unwrap_or(Value::Missing));
            encoder.encode_feature(feature, values, stride, &mut out);
        }
        for (row, out) in rows.iter().zip(out.chunks_exact(stride)) {
            assert_eq!((&out[..stride - 1], out[stride - 1]), (&encoded(&encoder, row)[..], 9.0));
        }
        let mut numbers = vec![9.0; 2 * stride];
        encoder.encode_numbers(0, [3.0, f64::NAN].into_iter(), stride, &mut numbers);
        assert_eq!((&numbers[..2], &numbers[stride..stride + 2]), (&out[..2], &out[stride..stride + 2]));
        assert!(numbers[2..stride].iter().all(|slot| *slot == 9.0));
    }

    #[test]
    fn a_context_that_is_too_short_is_missing_at_its_end() {
        let encoder = Encoder::new(vec![number("a", 0.0, 1.0), category("b", &["x"])]).unwrap();
        assert_eq!(encoded(&encoder, &[Value::Number(2.0)]), [2.0, 0.0, 0.0, 0.0, 1.0]);
        assert_eq!((encoder.width(), encoder.features(), encoder.index_of("b")), (5, 2, Some(1)));
    }

    #[test]
    fn what_cannot_be_encoded_is_refused_by_name() {
        for (features, word) in [
            (vec![number("a", 0.0, 0.0)], "std"),
            (vec![number("a", f32::NAN, 1.0)], "mean"),
            (vec![number("a", 0.0, 1.0), number("a", 0.0, 1.0)], "name of its own"),
            (vec![category("a", &["x", "x"])], "twice"),
            (vec![(number("a", 0.0, 1.0).0, category("a", &[]).1)], "agree"),
        ] {
            let error = Encoder::new(features).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }
}
