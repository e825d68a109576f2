//! Segments: groups of decisions by one feature, to show what a policy chooses for whom.

use crate::placement::{Offers, PlacementMass, PlacementShares};
use guerdon_core::{Error, FeatureSource, FeatureType, Result, Value};
use guerdon_data::{LogMeta, LogReader};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a policy chooses in one segment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Segment {
    /// The feature.
    pub feature: String,
    /// Its value or range in this segment.
    pub value: String,
    /// Decisions.
    pub n: u64,
    /// Expected share of each action, by name.
    pub actions: BTreeMap<String, f64>,
    /// Where its rewards pay; absent in results of versions that did not say.
    #[serde(default)]
    pub placement: Option<PlacementShares>,
}

/// Values looked at to cut a number feature into thirds. The log is ordered by member id, so its first rows are as good a
/// sample of members as any.
const SAMPLE: usize = 50_000;
/// Most categories that are shown apart; rarer ones are shown together.
const MOST_CATEGORIES: usize = 8;

/// How each feature is cut.
pub struct SegmentPlan {
    features: Vec<(usize, String, Cut)>,
}

enum Cut {
    /// Below the first number, up to the second, above it.
    Thirds(f64, f64),
    /// These categories, then the others.
    Categories(Vec<String>),
}

impl SegmentPlan {
    /// Cuts for the features named, or for the first three attributes where none is named.
    pub fn new(log: &LogReader, names: &[String], include: &dyn Fn(&str) -> bool) -> Result<Self> {
        let specs = &log.meta().environment.features;
        let chosen: Vec<usize> = if names.is_empty() {
            let attribute = |i: &usize| matches!(specs[*i].source, FeatureSource::Member { .. });
            (0..specs.len()).filter(attribute).take(3).collect()
        } else {
            names.iter().map(|name| index_of(log.meta(), name)).collect::<Result<_>>()?
        };
        let mut numbers = vec![vec![]; chosen.len()];
        let mut counts = vec![BTreeMap::<String, u64>::new(); chosen.len()];
        let mut seen = 0;
        'log: for batch in log.batches()? {
            let batch = batch?;
            let mut context = vec![];
            for i in (0..batch.len()).filter(|i| include(batch.member_id(*i))) {
                batch.context(i, &mut context);
                for (slot, &feature) in chosen.iter().enumerate() {
                    match context[feature] {
                        Value::Number(x) => numbers[slot].push(x),
                        Value::Category(name) => *counts[slot].entry(name.to_owned()).or_default() += 1,
                        Value::Missing => {}
                    }
                }
                seen += 1;
                if seen >= SAMPLE {
                    break 'log;
                }
            }
        }
        let features = chosen
            .iter()
            .zip(numbers)
            .zip(counts)
            .map(|((&feature, numbers), counts)| {
                let cut = match specs[feature].source.feature_type() {
                    FeatureType::Number => thirds(numbers),
                    FeatureType::Category => most_frequent(counts),
                };
                (feature, specs[feature].name.clone(), cut)
            })
            .collect();
        Ok(SegmentPlan { features })
    }

    /// The segment of this context, for each feature.
    pub fn of(&self, context: &[Value<'_>]) -> Vec<usize> {
        self.features.iter().map(|(feature, _, cut)| cut.place(&context[*feature])).collect()
    }
}

fn index_of(meta: &LogMeta, name: &str) -> Result<usize> {
    let specs = &meta.environment.features;
    specs.iter().position(|spec| spec.name == name).ok_or_else(|| {
        let known: Vec<&str> = specs.iter().map(|spec| spec.name.as_str()).collect();
        Error::config(
            "the experiment",
            "report.segments",
            format!("{name:?}"),
            format!("a feature: {}", known.join(", ")),
        )
    })
}

fn thirds(mut numbers: Vec<f64>) -> Cut {
    numbers.sort_by(f64::total_cmp);
    let at = |share: f64| numbers.get((numbers.len() as f64 * share) as usize).copied().unwrap_or(0.0);
    Cut::Thirds(at(1.0 / 3.0), at(2.0 / 3.0))
}

fn most_frequent(counts: BTreeMap<String, u64>) -> Cut {
    let mut names: Vec<(String, u64)> = counts.into_iter().collect();
    names.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let mut kept: Vec<String> = names.into_iter().take(MOST_CATEGORIES).map(|(name, _)| name).collect();
    kept.sort();
    Cut::Categories(kept)
}

impl Cut {
    /// Names of the segments; the last is for unknown values.
    fn names(&self) -> Vec<String> {
        match self {
            Cut::Thirds(low, high) => vec![
                format!("below {}", short(*low)),
                format!("{} to {}", short(*low), short(*high)),
                format!("{} and above", short(*high)),
                "unknown".into(),
            ],
            Cut::Categories(names) => names.iter().cloned().chain(["other".to_owned(), "unknown".to_owned()]).collect(),
        }
    }

    fn place(&self, value: &Value<'_>) -> usize {
        match (self, value) {
            (Cut::Thirds(low, high), Value::Number(x)) => usize::from(x >= low) + usize::from(x >= high),
            (Cut::Categories(names), Value::Category(name)) => {
                names.iter().position(|kept| kept == name).unwrap_or(names.len())
            }
            (Cut::Thirds(..), _) => 3,
            (Cut::Categories(names), _) => names.len() + 1,
        }
    }
}

/// Three significant digits.
fn short(x: f64) -> String {
    let digits = if x == 0.0 { 0 } else { (2 - x.abs().log10().floor() as i32).max(0) as usize };
    format!("{x:.digits$}")
}

/// Mass of each action in each segment, for one policy.
pub struct SegmentShares {
    features: Vec<FeatureMass>,
}

/// One feature's segments.
struct FeatureMass {
    feature: String,
    segments: Vec<SegmentMass>,
}

/// One segment: its decisions and the sum over them of each action's probability.
struct SegmentMass {
    name: String,
    decisions: u64,
    actions: Vec<f64>,
    placement: PlacementMass,
}

impl SegmentShares {
    pub fn new(plan: &SegmentPlan, actions: usize, offers: &Offers) -> Self {
        let placement = PlacementMass::new(offers);
        let segment =
            |name| SegmentMass { name, decisions: 0, actions: vec![0.0; actions], placement: placement.clone() };
        let features = plan
            .features
            .iter()
            .map(|(_, name, cut)| FeatureMass {
                feature: name.clone(),
                segments: cut.names().into_iter().map(segment).collect(),
            })
            .collect();
        SegmentShares { features }
    }

    pub fn push(&mut self, places: &[usize], target: &[f64], placement: &PlacementMass) {
        for (feature, place) in self.features.iter_mut().zip(places) {
            let segment = &mut feature.segments[*place];
            segment.decisions += 1;
            segment.actions.iter_mut().zip(target).for_each(|(mass, p)| *mass += p);
            segment.placement.add(placement);
        }
    }

    /// The segments that have decisions.
    pub fn finish(&self, meta: &LogMeta) -> Vec<Segment> {
        let mut all = vec![];
        for feature in &self.features {
            for segment in feature.segments.iter().filter(|segment| segment.decisions > 0) {
                let share = |mass: &f64| mass / segment.decisions as f64;
                let actions =
                    meta.catalogue.names().map(str::to_owned).zip(segment.actions.iter().map(share)).collect();
                all.push(Segment {
                    feature: feature.feature.clone(),
                    value: segment.name.clone(),
                    n: segment.decisions,
                    actions,
                    placement: Some(segment.placement.shares()),
                });
            }
        }
        all
    }
}
