//! The propensity of each logged decision: from its column, from the declared design, or estimated from the log.

use super::scan::Overview;
use crate::environment::LoadedEnvironment;
use guerdon_core::{Catalogue, Error, Propensity, PropensitySource, Result};

/// Where a decision's propensity comes from.
#[derive(Debug)]
pub(super) enum Propensities {
    /// Each decision carries its own.
    Logged,
    /// One probability per catalogue action, shared out anew over the eligible ones.
    ByAction(Vec<f64>),
}

impl Propensities {
    /// As the environment's design says.
    ///
    /// # Errors
    /// [`Error::Config`] if the declared design names an action that the catalogue doesn't have, or if it names all of
    /// them without making a whole; [`Error::UnknownAction`] if an estimate meets an unknown action.
    pub(super) fn new(environment: &LoadedEnvironment, catalogue: &Catalogue, overview: &Overview) -> Result<Self> {
        match environment.spec.design.propensity {
            PropensitySource::Logged => Ok(Propensities::Logged),
            PropensitySource::Declared => declared(environment, catalogue).map(Propensities::ByAction),
            PropensitySource::Estimated => estimated(catalogue, overview).map(Propensities::ByAction),
        }
    }

    /// The propensity of `action`, given what the row says and which actions were eligible.
    pub(super) fn of(
        &self,
        action: u16,
        logged: Option<f64>,
        eligible: Option<&[u16]>,
        place: impl Fn() -> String,
    ) -> Result<f64> {
        let given = match self {
            Propensities::Logged => logged.unwrap_or(f64::NAN),
            Propensities::ByAction(shares) => {
                let whole = eligible.map_or(1.0, |some| some.iter().map(|&a| shares[usize::from(a)]).sum());
                shares[usize::from(action)] / whole
            }
        };
        // Shares of a part of the catalogue may add up to a hair more than one.
        let given = if matches!(self, Propensities::ByAction(_)) { given.min(1.0) } else { given };
        Propensity::new(given).map(Propensity::get).ok_or_else(|| Error::Propensity { place: place(), given })
    }
}

/// The declared probabilities; actions that are not named share the rest evenly.
fn declared(environment: &LoadedEnvironment, catalogue: &Catalogue) -> Result<Vec<f64>> {
    let named = &environment.spec.design.probabilities;
    for (action, p) in named {
        if catalogue.index_of(action).is_none() {
            let known = catalogue.names().collect::<Vec<_>>().join(", ");
            let key = format!("design.probabilities.{action}");
            return Err(Error::config(environment.toml_file(), key, p, format!("the rewards are {known}")));
        }
    }
    let left = 1.0 - named.values().sum::<f64>();
    let others = catalogue.len() - named.len();
    if others == 0 && left.abs() > 1e-6 {
        let given = format!("a sum of {}", 1.0 - left);
        return Err(Error::config(
            environment.toml_file(),
            "design.probabilities",
            given,
            "every action is named: together they make 1",
        ));
    }
    let share = if others == 0 { 0.0 } else { (left / others as f64).max(0.0) };
    Ok(catalogue.names().map(|action| named.get(action).copied().unwrap_or(share)).collect())
}

/// The share of each action among all decisions.
fn estimated(catalogue: &Catalogue, overview: &Overview) -> Result<Vec<f64>> {
    for action in overview.by_action.keys() {
        if catalogue.index_of(action).is_none() {
            return Err(Error::unknown_action("decisions", action, catalogue.names()));
        }
    }
    let count = |action| overview.by_action.get(action).copied().unwrap_or(0) as f64;
    Ok(catalogue.names().map(|action| count(action) / overview.decisions as f64).collect())
}
