//! What an environment's values must satisfy before any data is read.

use guerdon_core::{
    Design, Economics, Environment, Error, FeatureSource, FeatureSpec, FeatureType, Funnel, Guardrails, LogRules,
    PropensitySource, Result, StageMatch,
};
use std::collections::BTreeSet;
use std::fmt::Debug;

/// Most stages that a funnel may have.
const MOST_STAGES: usize = 64;

/// Checks everything that can be checked without the data.
pub(super) fn check(environment: &Environment, file: &str) -> Result<()> {
    let check = Check { file };
    check.that(!environment.sources.is_empty(), "sources", "empty", "name at least one raw file")?;
    for (name, source) in &environment.sources {
        check.that(!source.path.is_empty(), &format!("sources.{name}.path"), "empty", "a path below --data")?;
    }
    check.log(&environment.log)?;
    check.funnel(&environment.funnel)?;
    check.economics(&environment.economics)?;
    check.design(&environment.design)?;
    for feature in &environment.features {
        check.feature(feature, environment)?;
    }
    check.guardrails(&environment.guardrails, environment)
}

struct Check<'a> {
    file: &'a str,
}

impl Check<'_> {
    fn that(&self, good: bool, key: &str, given: impl ToString, wanted: &str) -> Result<()> {
        if good { Ok(()) } else { Err(Error::config(self.file, key, given, wanted)) }
    }

    fn log(&self, log: &LogRules) -> Result<()> {
        let hours = log.attribution.hours;
        self.that(good_hours(hours), "log.attribution.hours", hours, "a number of hours above 0")?;
        let step = log.resolution_hours;
        let good = step == 0.0 || good_hours(step);
        self.that(good, "log.resolution_hours", step, "a number of hours from 0")
    }

    fn funnel(&self, funnel: &Funnel) -> Result<()> {
        let count = funnel.stages.len();
        let wanted = format!("a funnel has 1 to {MOST_STAGES} stages");
        self.that((1..=MOST_STAGES).contains(&count), "funnel.stages", format!("a list of {count}"), &wanted)?;
        let mut seen = BTreeSet::new();
        for (place, stage) in funnel.stages.iter().enumerate() {
            let key = format!("funnel.stages.{place}");
            let fresh = !stage.name.is_empty() && seen.insert(&stage.name);
            self.that(fresh, &format!("{key}.name"), quoted(&stage.name), "each stage needs a name of its own")?;
            let by_event = stage.matches != StageMatch::Decision;
            let event = stage.event.as_deref().unwrap_or_default();
            let wanted = if by_event {
                "a stage matched by action or member names the event that reaches it"
            } else {
                "a stage matched by decision has no event"
            };
            self.that(by_event != event.is_empty(), &format!("{key}.event"), quoted(event), wanted)?;
        }
        Ok(())
    }

    fn economics(&self, economics: &Economics) -> Result<()> {
        let Economics { margin, point_value, contact_cost, minor_units, .. } = *economics;
        self.that((0.0..=1.0).contains(&margin), "economics.margin", margin, "a share of revenue in [0, 1]")?;
        self.that(minor_units <= 6, "economics.minor_units", minor_units, "0 to 6 decimals")?;
        self.that(good_price(point_value), "economics.point_value", point_value, "a finite amount from 0")?;
        self.that(good_price(contact_cost), "economics.contact_cost", contact_cost, "a finite amount from 0")?;
        let priced = economics.points_kinds.is_empty() || point_value > 0.0;
        self.that(priced, "economics.point_value", point_value, "points_kinds names kinds: give points a value above 0")
    }

    fn design(&self, design: &Design) -> Result<()> {
        for (action, &p) in &design.probabilities {
            self.that(p > 0.0 && p <= 1.0, &format!("design.probabilities.{action}"), p, "a probability in (0, 1]")?;
        }
        let sum: f64 = design.probabilities.values().sum();
        self.that(sum <= 1.0 + 1e-9, "design.probabilities", format!("a sum of {sum}"), "together at most 1")?;
        let used = design.propensity == PropensitySource::Declared || design.probabilities.is_empty();
        let given = format!("{} entries", design.probabilities.len());
        self.that(used, "design.probabilities", given, "only for propensity = \"declared\"")
    }

    fn feature(&self, feature: &FeatureSpec, environment: &Environment) -> Result<()> {
        let key = format!("features.{}", feature.name);
        self.that(!feature.name.is_empty(), "features", "an empty name", "each feature needs a name")?;
        let (hours, stage) = match &feature.source {
            FeatureSource::Count { hours, .. }
            | FeatureSource::Sum { hours, .. }
            | FeatureSource::Mean { hours, .. }
            | FeatureSource::Offers { hours, .. } => (*hours, None),
            FeatureSource::StageCount { stage, .. } | FeatureSource::StageRate { stage, .. } => (None, Some(stage)),
            _ => (None, None),
        };
        if let Some(hours) = hours {
            self.that(good_hours(hours), &format!("{key}.hours"), hours, "a number of hours above 0")?;
        }
        if let Some(stage) = stage {
            let known = environment.funnel.names().collect::<Vec<_>>().join(", ");
            let found = environment.funnel.index_of(stage).is_some();
            let wanted = format!("the funnel has these stages: {known}");
            self.that(found, &format!("{key}.stage"), quoted(stage), &wanted)?;
        }
        Ok(())
    }

    fn guardrails(&self, guardrails: &Guardrails, environment: &Environment) -> Result<()> {
        let holdout = guardrails.holdout;
        self.that((0.0..1.0).contains(&holdout), "guardrails.holdout", holdout, "a share of members in [0, 1)")?;
        if let Some(quiet) = guardrails.quiet_hours {
            let good = quiet.from < 24 && quiet.to < 24;
            self.that(good, "guardrails.quiet_hours", format!("{} to {}", quiet.from, quiet.to), "hours from 0 to 23")?;
        }
        let type_of = |name: &str| {
            let feature = environment.features.iter().find(|feature| feature.name == name);
            feature.map(|feature| feature.source.feature_type())
        };
        if let Some(consent) = &guardrails.consent {
            let wanted = "name one of the features";
            self.that(type_of(consent).is_some(), "guardrails.consent", quoted(consent), wanted)?;
        }
        for (place, cap) in guardrails.frequency_caps.iter().enumerate() {
            let key = format!("guardrails.frequency_caps.{place}");
            let number = type_of(&cap.feature) == Some(FeatureType::Number);
            self.that(number, &format!("{key}.feature"), quoted(&cap.feature), "name a feature that is a number")?;
            self.that(cap.most.is_finite(), &format!("{key}.most"), cap.most, "a finite number")?;
        }
        Ok(())
    }
}

fn good_hours(hours: f64) -> bool {
    // A thousand years; beyond it microseconds overflow.
    hours > 0.0 && hours <= 8.8e6
}

fn good_price(price: f64) -> bool {
    price >= 0.0 && price.is_finite()
}

fn quoted(text: impl Debug) -> String {
    format!("{text:?}")
}
