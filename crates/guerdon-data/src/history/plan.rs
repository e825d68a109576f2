//! What has to be remembered of a member so that every feature of a programme can be told.

use crate::attribution::{Rules, micros};
use crate::names::EventNames;
use guerdon_core::{Catalogue, Environment, Error, FeatureSource, Result};

/// How each feature of an environment is made; shared by all members.
#[derive(Debug, Clone)]
pub struct HistoryPlan {
    pub(super) rules: Rules,
    pub(super) names: EventNames,
    pub(super) features: Vec<Feature>,
    /// Events to count: (event, window).
    pub(super) event_trackers: Vec<(u16, Option<i64>)>,
    /// Offers to count: (kind, window).
    pub(super) offer_trackers: Vec<(Option<u16>, Option<i64>)>,
    /// Kind per action; `None` for the action that offers nothing.
    pub(super) kind_of: Vec<Option<u16>>,
    pub(super) kinds: Vec<String>,
}

/// One feature; numbers are places in the plan's lists.
#[derive(Debug, Clone, Copy)]
pub(super) enum Feature {
    Member(usize),
    Decision(usize),
    Tenure,
    Recency(u16),
    Count(usize),
    Sum(usize),
    Mean(usize),
    Offers(usize),
    SinceOffer,
    StageCount(usize, Option<u16>),
    StageRate(usize, Option<u16>),
    Weekday,
    Slot,
    Stage,
}

impl HistoryPlan {
    /// The plan for the features of `environment`.
    ///
    /// # Errors
    /// [`Error::Config`] if a feature names a stage, event or kind that there is not.
    pub fn new(environment: &Environment, catalogue: &Catalogue) -> Result<Self> {
        let mut kinds: Vec<String> = vec![];
        let kind_of = catalogue.rewards().iter().map(|reward| {
            let known = kinds.iter().position(|kind| *kind == reward.kind);
            let kind = known.unwrap_or_else(|| {
                kinds.push(reward.kind.clone());
                kinds.len() - 1
            });
            (!reward.is_none()).then_some(kind as u16)
        });
        let kind_of = kind_of.collect();
        let mut plan = HistoryPlan {
            rules: Rules::new(environment, catalogue),
            names: EventNames::of(environment),
            features: vec![],
            event_trackers: vec![],
            offer_trackers: vec![],
            kind_of,
            kinds,
        };
        let (mut members, mut decisions) = (0, 0);
        for spec in &environment.features {
            let feature = match &spec.source {
                FeatureSource::Member { .. } => Feature::Member(post_increment(&mut members)),
                FeatureSource::Decision { .. } => Feature::Decision(post_increment(&mut decisions)),
                source => plan.derived(environment, &spec.name, source)?,
            };
            plan.features.push(feature);
        }
        Ok(plan)
    }

    /// A feature that is made from the history or from the clock.
    fn derived(&mut self, environment: &Environment, name: &str, source: &FeatureSource) -> Result<Feature> {
        Ok(match source {
            FeatureSource::Tenure => Feature::Tenure,
            FeatureSource::Recency { event } => Feature::Recency(self.event(name, event)?),
            FeatureSource::Count { event, hours } => Feature::Count(self.event_tracker(name, event, *hours)?),
            FeatureSource::Sum { event, hours } => Feature::Sum(self.event_tracker(name, event, *hours)?),
            FeatureSource::Mean { event, hours } => Feature::Mean(self.event_tracker(name, event, *hours)?),
            FeatureSource::Offers { kind, hours } => Feature::Offers(self.offer_tracker(name, kind, *hours)?),
            FeatureSource::SinceOffer => Feature::SinceOffer,
            FeatureSource::StageCount { stage, kind } => {
                Feature::StageCount(stage_of(environment, name, stage)?, self.kind(name, kind)?)
            }
            FeatureSource::StageRate { stage, kind } => {
                Feature::StageRate(stage_of(environment, name, stage)?, self.kind(name, kind)?)
            }
            FeatureSource::Weekday => Feature::Weekday,
            FeatureSource::Slot => Feature::Slot,
            FeatureSource::Stage => Feature::Stage,
            FeatureSource::Member { .. } | FeatureSource::Decision { .. } => {
                return Err(Error::Internal(format!("feature {name} is not derived")));
            }
        })
    }

    /// The index of the event called `name`, for [`guerdon_core::Event::event`]; `None` for an event that nothing reads.
    pub fn event_index(&self, name: &str) -> Option<u16> {
        self.names.index_of(name)
    }

    /// The events that the programme reads.
    pub fn event_names(&self) -> &EventNames {
        &self.names
    }

    /// The attribution rules of the programme.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    fn event(&self, feature: &str, event: &str) -> Result<u16> {
        self.names
            .index_of(event)
            .ok_or_else(|| Error::Internal(format!("feature {feature}: event {event:?} is not in the list of events")))
    }

    fn event_tracker(&mut self, feature: &str, event: &str, hours: Option<f64>) -> Result<usize> {
        let wanted = (self.event(feature, event)?, hours.map(micros));
        Ok(place_of(&mut self.event_trackers, wanted))
    }

    fn offer_tracker(&mut self, feature: &str, kind: &Option<String>, hours: Option<f64>) -> Result<usize> {
        let wanted = (self.kind(feature, kind)?, hours.map(micros));
        Ok(place_of(&mut self.offer_trackers, wanted))
    }

    fn kind(&self, feature: &str, kind: &Option<String>) -> Result<Option<u16>> {
        let Some(kind) = kind else { return Ok(None) };
        let place = self.kinds.iter().position(|known| known == kind);
        place.map(|place| Some(place as u16)).ok_or_else(|| {
            let known = self.kinds.join(", ");
            let wanted = format!("the rewards have these kinds: {known}");
            Error::config("environment.toml", format!("features.{feature}.kind"), format!("{kind:?}"), wanted)
        })
    }
}

fn stage_of(environment: &Environment, feature: &str, stage: &str) -> Result<usize> {
    environment.funnel.index_of(stage).ok_or_else(|| {
        let known = environment.funnel.names().collect::<Vec<_>>().join(", ");
        let wanted = format!("the funnel has these stages: {known}");
        Error::config("environment.toml", format!("features.{feature}.stage"), format!("{stage:?}"), wanted)
    })
}

/// The place of `wanted` in `list`, at the end if it is new.
fn place_of<T: PartialEq>(list: &mut Vec<T>, wanted: T) -> usize {
    list.iter().position(|known| *known == wanted).unwrap_or_else(|| {
        list.push(wanted);
        list.len() - 1
    })
}

fn post_increment(counter: &mut usize) -> usize {
    *counter += 1;
    *counter - 1
}
