//! Features: what may be known of a member when a decision is taken, and where each comes from.

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

/// How a feature is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeatureType {
    /// A number; missing where unknown.
    Number,
    /// One of a set of names; missing where unknown.
    Category,
}

/// One value of a feature.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// Not known.
    Missing,
    /// A finite number.
    Number(f64),
    /// A name.
    Category(&'a str),
}

/// Where a feature's value comes from. Histories count what happened strictly before the decision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "snake_case", deny_unknown_fields)]
pub enum FeatureSource {
    /// A column of `members` (by default the feature's own name).
    Member {
        /// The column, if not the feature's name.
        #[serde(default)]
        column: Option<String>,
        /// Number or category.
        r#type: FeatureType,
    },
    /// A column of `decisions` beyond the canonical ones (by default the feature's own name).
    Decision {
        /// The column, if not the feature's name.
        #[serde(default)]
        column: Option<String>,
        /// Number or category.
        r#type: FeatureType,
    },
    /// Days since the member joined.
    Tenure,
    /// Hours since the last event of this name.
    Recency {
        /// The event.
        event: String,
    },
    /// How many events of this name, ever or in the last `hours`.
    Count {
        /// The event.
        event: String,
        /// The trailing window; all of the past without it.
        #[serde(default)]
        hours: Option<f64>,
    },
    /// Sum of the values of the events of this name, ever or in the last `hours`.
    Sum {
        /// The event.
        event: String,
        /// The trailing window; all of the past without it.
        #[serde(default)]
        hours: Option<f64>,
    },
    /// Mean value of the events of this name, ever or in the last `hours`; missing where there is none.
    Mean {
        /// The event.
        event: String,
        /// The trailing window; all of the past without it.
        #[serde(default)]
        hours: Option<f64>,
    },
    /// How many earlier decisions offered something (of this kind), ever or in the last `hours`.
    Offers {
        /// Only this kind of reward.
        #[serde(default)]
        kind: Option<String>,
        /// The trailing window; all of the past without it.
        #[serde(default)]
        hours: Option<f64>,
    },
    /// Hours since the last decision that offered something.
    SinceOffer,
    /// How many earlier offers (of this kind) reached the stage before now.
    StageCount {
        /// The stage.
        stage: String,
        /// Only this kind of reward.
        #[serde(default)]
        kind: Option<String>,
    },
    /// Share of earlier offers (of this kind) that reached the stage before now; missing without offers.
    StageRate {
        /// The stage.
        stage: String,
        /// Only this kind of reward.
        #[serde(default)]
        kind: Option<String>,
    },
    /// Day of the week of the decision, a category `mon` … `sun` (UTC).
    Weekday,
    /// Time of day of the decision, a category `night` (0–5 h), `morning` (6–11), `afternoon` (12–17), `evening`
    /// (18–23), UTC.
    Slot,
    /// The stage at which the decision is taken, a category.
    Stage,
}

impl FeatureSource {
    /// How the feature is encoded.
    pub fn feature_type(&self) -> FeatureType {
        match self {
            FeatureSource::Member { r#type, .. } | FeatureSource::Decision { r#type, .. } => *r#type,
            FeatureSource::Weekday | FeatureSource::Slot | FeatureSource::Stage => FeatureType::Category,
            _ => FeatureType::Number,
        }
    }
}

/// A named feature. In a log its column is `x.<name>`.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureSpec {
    /// The name, unique in the environment.
    pub name: String,
    /// Where the value comes from.
    pub source: FeatureSource,
}

/// A table of features in the order in which the file lists them.
pub(crate) mod ordered {
    use super::*;
    use serde::Serializer;
    use serde::ser::SerializeMap;

    pub fn serialize<S: Serializer>(features: &[FeatureSpec], serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(features.len()))?;
        for feature in features {
            map.serialize_entry(&feature.name, &feature.source)?;
        }
        map.end()
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<FeatureSpec>, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Vec<FeatureSpec>;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a table of features: name = { from = … }")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut features = vec![];
                while let Some((name, source)) = map.next_entry()? {
                    features.push(FeatureSpec { name, source });
                }
                Ok(features)
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}
