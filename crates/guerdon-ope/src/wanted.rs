//! What is asked for: an estimator as it is, a family at the level that a rule chooses, or the automatic choice.

use crate::{Estimate, Estimator, Evaluation, Family, Rule};
use std::fmt;
use std::str::FromStr;

/// One number that is asked for. Written `dr`, `switch_dr=20`, `switch_dr` (tuned by SLOPE), `switch_dr:mse` (tuned by the
/// bound on the mean squared error), `auto`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wanted {
    /// This estimator.
    Fixed(Estimator),
    /// This family, at the level of its default grid that the rule chooses.
    Tuned(Family, Rule),
    /// The estimator with the least estimated mean squared error; see [`Evaluation::choose`].
    Automatic,
}

impl Wanted {
    /// The estimators whose sums are needed; `model` tells whether there is a q̂.
    fn estimators(self, model: bool) -> Vec<Estimator> {
        match self {
            Wanted::Fixed(estimator) => vec![estimator],
            Wanted::Tuned(family, _) => family.estimators(&family.grid()),
            Wanted::Automatic => Evaluation::automatic(model),
        }
    }
}

impl Evaluation {
    /// For all that is `wanted`, over a catalogue of `actions`; `model` tells whether rows will carry a q̂.
    pub fn wanting(wanted: &[Wanted], model: bool, actions: usize) -> Evaluation {
        let mut estimators: Vec<Estimator> = vec![];
        for estimator in wanted.iter().flat_map(|wanted| wanted.estimators(model)) {
            if !estimators.contains(&estimator) {
                estimators.push(estimator);
            }
        }
        Evaluation::new(&estimators, actions)
    }

    /// The estimates that were [`wanted`](Self::wanting), in that order; reasons tell how a level or an estimator was
    /// chosen.
    pub fn answers(&self, wanted: &[Wanted], confidence: f64) -> Vec<Estimate> {
        let certificate = self.certificate();
        let refusals = certificate.refusals(self.gates());
        wanted
            .iter()
            .map(|wanted| {
                let (estimator, how) = match wanted {
                    Wanted::Fixed(estimator) => (*estimator, None),
                    Wanted::Tuned(family, rule) => {
                        let chosen = self.tune(*family, &family.grid(), *rule);
                        let by = match rule {
                            Rule::Slope => "SLOPE",
                            Rule::MseBound => "the bound on its mean squared error",
                        };
                        (chosen.unwrap_or(family.plain()), Some(format!("the level was chosen from this log by {by}")))
                    }
                    Wanted::Automatic => {
                        let how = "chosen from this log for the least estimated mean squared error";
                        (self.choose().unwrap_or(Estimator::Snips), Some(how.to_owned()))
                    }
                };
                let mut estimate = self.estimate(estimator, &certificate, &refusals, confidence);
                if estimate.is_ok() {
                    estimate.reasons.extend(how);
                }
                estimate
            })
            .collect()
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wanted::Fixed(estimator) => estimator.fmt(f),
            Wanted::Tuned(family, Rule::Slope) => family.fmt(f),
            Wanted::Tuned(family, Rule::MseBound) => write!(f, "{family}:mse"),
            Wanted::Automatic => f.pad("auto"),
        }
    }
}

impl FromStr for Wanted {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text == "auto" {
            return Ok(Wanted::Automatic);
        }
        if let Ok(family) = text.parse() {
            return Ok(Wanted::Tuned(family, Rule::Slope));
        }
        match text.split_once(':') {
            Some((family, "slope")) => Ok(Wanted::Tuned(family.parse()?, Rule::Slope)),
            Some((family, "mse")) => Ok(Wanted::Tuned(family.parse()?, Rule::MseBound)),
            Some((_, rule)) => Err(format!("no rule is called {rule:?}; there are slope and mse")),
            None => text.parse().map(Wanted::Fixed).map_err(|error| {
                format!(
                    "{error}; without a level (switch_dr, dros:mse) it is chosen from the log, and auto chooses all"
                )
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wanted_reads_back() {
        for text in ["dr", "switch_dr=20", "switch_dr", "dros:mse", "auto"] {
            assert_eq!(text.parse::<Wanted>().unwrap().to_string(), text);
        }
        assert!("dros:best".parse::<Wanted>().unwrap_err().contains("slope and mse"));
        assert!("bayes".parse::<Wanted>().unwrap_err().contains("auto chooses"));
    }
}
