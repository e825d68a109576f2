//! A limits file made ready for one policy: names turned into places, ends per decision into totals.

use super::limits::{LimitSpec, Limits, Of, SegmentSpec};
use guerdon_budget::Limit;
use guerdon_core::{Error, FeatureType, Result, Reward, Value};
use guerdon_policy::Policy;

/// What is counted of every option.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Resource {
    /// Expected cost of the reward.
    Money,
    /// Expected points, at their money value.
    Liability,
    /// An offer, if any channel or this one.
    Sends(Option<String>),
}

impl Resource {
    fn of(limit: &LimitSpec) -> Resource {
        match limit.of {
            Of::Money => Resource::Money,
            Of::Liability => Resource::Liability,
            Of::Sends => Resource::Sends(limit.channel.clone()),
        }
    }

    /// What `reward` uses when it is sent, and what more when it is paid; money in major units.
    pub(super) fn uses(&self, reward: &Reward, point_value: f64, minor_units: u32) -> (f64, f64) {
        let sent = |yes: bool| (f64::from(u8::from(yes && !reward.is_none())), 0.0);
        match self {
            Resource::Money => (0.0, reward.cost_when_paid().to_major(minor_units)),
            Resource::Liability if reward.pays_at.is_some() => (0.0, reward.points as f64 * point_value),
            Resource::Liability => (0.0, 0.0),
            Resource::Sends(None) => sent(true),
            Resource::Sends(Some(channel)) => sent(reward.channels.contains(channel)),
        }
    }
}

/// A segment as a test of one feature.
#[derive(Debug, Clone)]
struct Segment {
    name: String,
    feature: usize,
    spec: SegmentSpec,
}

impl Segment {
    fn holds(&self, context: &[Value<'_>]) -> bool {
        match context.get(self.feature) {
            Some(Value::Number(x)) => {
                self.spec.from.is_none_or(|from| *x >= from) && self.spec.below.is_none_or(|below| *x < below)
            }
            Some(Value::Category(name)) => self.spec.is.iter().any(|wanted| wanted == name),
            _ => false,
        }
    }
}

/// Limits against one policy.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    file: String,
    /// Money and liability first, then what else limits count.
    pub(super) resources: Vec<Resource>,
    specs: Vec<LimitSpec>,
    segments: Vec<Segment>,
}

/// Most segments of one file: a member's are bits of a number.
const MOST_SEGMENTS: usize = 64;

impl Plan {
    /// No limits at all; money and liability are counted.
    pub(super) fn none() -> Plan {
        let resources = vec![Resource::Money, Resource::Liability];
        Plan { file: String::new(), resources, specs: vec![], segments: vec![] }
    }

    /// Checks every name against the policy.
    ///
    /// # Errors
    /// [`Error::Config`] naming the feature, category or channel that the policy does not have, and those it has.
    pub(super) fn new(limits: &Limits, policy: &Policy) -> Result<Plan> {
        let mut plan = Plan { file: limits.file.clone(), specs: limits.limits.clone(), ..Plan::none() };
        if limits.segments.len() > MOST_SEGMENTS {
            let wanted = format!("at most {MOST_SEGMENTS} would do");
            return Err(Error::config(&plan.file, "segment", limits.segments.len(), wanted));
        }
        for (name, spec) in &limits.segments {
            plan.segments.push(segment(&plan.file, name, spec, policy)?);
        }
        for (place, spec) in limits.limits.iter().enumerate() {
            if let Some(channel) = &spec.channel {
                known_channel(&plan.file, place, spec, channel, policy)?;
            }
            let resource = Resource::of(spec);
            if !plan.resources.contains(&resource) {
                plan.resources.push(resource);
            }
        }
        Ok(plan)
    }

    /// The segments of a decision, a bit each.
    pub(super) fn segments_of(&self, context: &[Value<'_>]) -> u64 {
        let bits = self.segments.iter().enumerate().filter(|(_, segment)| segment.holds(context));
        bits.fold(0, |all, (bit, _)| all | 1 << bit)
    }

    /// How many segments there are.
    pub(super) fn segments(&self) -> usize {
        self.segments.len()
    }

    /// The limits in totals, given how many decisions there are, in all and in each segment.
    ///
    /// # Errors
    /// [`Error::Empty`] for a limit on a segment without decisions.
    pub(super) fn limits(&self, decisions: u64, of_segments: &[u64]) -> Result<Vec<Limit>> {
        let limit = |spec: &LimitSpec| {
            let segment = self.segments.iter().position(|s| Some(&s.name) == spec.segment.as_ref());
            let counted = segment.map_or(decisions, |s| of_segments[s]);
            if let (Some(name), 0) = (&spec.segment, counted) {
                let what = format!("no decision of the log is in segment {name:?}; correct [segment.{name}]");
                return Err(Error::Empty { place: self.file.clone(), what });
            }
            let end = |x: Option<f64>| x.map(|x| if spec.per_decision { x * counted as f64 } else { x });
            Ok(Limit {
                name: spec.name(),
                resource: self.resources.iter().position(|r| *r == Resource::of(spec)).unwrap_or(0),
                segment: segment.map(|s| s as u32),
                at_least: end(spec.at_least),
                at_most: end(spec.at_most),
            })
        };
        self.specs.iter().map(limit).collect()
    }
}

fn segment(file: &str, name: &str, spec: &SegmentSpec, policy: &Policy) -> Result<Segment> {
    let refuse = |key: &str, given: String, wanted: String| {
        Err(Error::config(file, format!("segment.{name}.{key}"), given, wanted))
    };
    let Some((feature, schema)) = policy.schema().enumerate().find(|(_, f)| f.name == spec.feature) else {
        let known: Vec<&str> = policy.schema().map(|f| f.name.as_str()).collect();
        return refuse(
            "feature",
            format!("{:?}", spec.feature),
            format!("a feature of the policy: {}", known.join(", ")),
        );
    };
    let ends = spec.from.is_some() || spec.below.is_some();
    match schema.r#type {
        FeatureType::Number if !spec.is.is_empty() || !ends => refuse(
            "from",
            "not all that it should be".into(),
            format!("{} is a number: give from, below or both", spec.feature),
        ),
        FeatureType::Category if spec.is.is_empty() || ends => {
            refuse("is", format!("{:?}", spec.is), format!("{} is a category: give is = [\"…\"]", spec.feature))
        }
        FeatureType::Number if spec.from.zip(spec.below).is_some_and(|(from, below)| from >= below) => {
            refuse("from", format!("{:?}", spec.from), "from must lie under below".into())
        }
        _ => Ok(Segment { name: name.to_owned(), feature, spec: spec.clone() }),
    }
}

fn known_channel(file: &str, place: usize, spec: &LimitSpec, channel: &String, policy: &Policy) -> Result<()> {
    let mut known: Vec<&str> = vec![];
    for name in policy.catalogue().rewards().iter().flat_map(|reward| &reward.channels) {
        if !known.contains(&name.as_str()) {
            known.push(name);
        }
    }
    if known.contains(&channel.as_str()) {
        return Ok(());
    }
    let known = if known.is_empty() { "none; leave channel out".to_owned() } else { known.join(", ") };
    let key = format!("limit {} ({}).channel", place + 1, spec.name());
    Err(Error::config(file, key, format!("{channel:?}"), format!("a channel of the catalogue: {known}")))
}
