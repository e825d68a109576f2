//! Guard outcomes: the highest value wins only where no guarded outcome may be worse than the margin allows
//! (non-inferiority; Berger 1982 for passing several guards at once, Bonferroni over candidates).

use super::compared::{figure, percent};
use super::{Compared, Comparisons, SelectionError};
use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal};

/// Which way an outcome is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// More is better, say visits.
    Higher,
    /// Less is better, say complaints or cost.
    Lower,
}

/// An outcome that a winner must not harm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Guard {
    /// Its name, for sentences.
    pub name: String,
    /// Which way it is better.
    pub better: Direction,
    /// How much worse than the reference is still allowed, at least 0, in the outcome's units per decision.
    pub margin: f64,
    /// The same candidates, in the same order, compared on this outcome.
    pub outcome: Comparisons,
}

/// One candidate held against one guard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GuardCheck {
    /// The guard's name.
    pub guard: String,
    /// The candidate's name.
    pub candidate: String,
    /// How much better than the reference it is on the guard; negative where it is worse, whatever the direction.
    pub gain: f64,
    /// Lower end of the gain's interval, at the comparison's confidence over all candidates at once.
    pub lower: f64,
    /// The guard's margin.
    pub margin: f64,
    /// Whether `lower` lies above −`margin`.
    pub passed: bool,
}

/// Who wins, and why the others don't.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// The candidate of highest value among those that pass every guard. The reference always passes.
    pub chosen: String,
    /// Whether its value is above the reference's at the corrected level.
    pub beats_reference: bool,
    /// Those that pass every guard and that no other of these beats, best first.
    pub contenders: Vec<String>,
    /// Every candidate but the reference, held against every guard.
    pub checks: Vec<GuardCheck>,
    /// Plain sentences: refusals first, then the choice.
    pub reasons: Vec<String>,
}

/// Chooses the candidate of highest value that passes every guard against `reference` (the logging policy or any other
/// candidate). Each candidate passes wrongly with probability (1 − confidence) / 2 / (candidates − 1) at most, so that all
/// are judged right at once; a candidate must pass all guards, so more guards need no further correction.
///
/// Errors: an unknown reference, a negative margin, a guard over other candidates.
pub fn choose(value: &Compared, reference: &str, guards: &[Guard]) -> Result<Choice, SelectionError> {
    let names: Vec<&str> = value.candidates.iter().map(|candidate| candidate.name.as_str()).collect();
    let Some(base) = names.iter().position(|name| *name == reference) else {
        return Err(SelectionError::Unknown { name: reference.to_owned(), known: names.join(", ") });
    };
    let others = (names.len() - 1) as f64;
    let critical = -Normal::standard().inverse_cdf((1.0 - value.confidence) / 2.0 / others);
    let mut checks = vec![];
    for guard in guards {
        check(guard, &names)?;
        for (place, name) in names.iter().enumerate().filter(|(place, _)| *place != base) {
            let (difference, se) = guard.outcome.difference(place, base);
            let gain = match guard.better {
                Direction::Higher => difference,
                Direction::Lower => -difference,
            };
            let lower = gain - critical * se;
            checks.push(GuardCheck {
                guard: guard.name.clone(),
                candidate: (*name).to_owned(),
                gain,
                lower,
                margin: guard.margin,
                passed: lower > -guard.margin,
            });
        }
    }
    let passes = |place: usize| checks.iter().all(|check| check.passed || check.candidate != names[place]);
    let admitted: Vec<usize> = value.ranking.iter().copied().filter(|place| passes(*place)).collect();
    // The reference is always among them.
    let chosen = admitted.first().copied().unwrap_or(base);
    let mut reasons: Vec<String> = value
        .ranking
        .iter()
        .flat_map(|place| checks.iter().filter(|check| !check.passed && check.candidate == names[*place]))
        .map(|check| refusal(check, reference, value.confidence))
        .collect();
    let beats_reference = value.beats(chosen, base);
    reasons.push(match value.pair(chosen, base) {
        None => format!("{reference} stays: no candidate of higher value passes the guards"),
        Some(pair) => format!(
            "{} has the highest value that passes the guards; it {} {reference} (difference {}, {} to {} at {})",
            names[chosen],
            if beats_reference { "is better than" } else { "can't be told from" },
            figure(pair.difference),
            figure(pair.lower),
            figure(pair.upper),
            percent(value.confidence)
        ),
    });
    Ok(Choice {
        chosen: names[chosen].to_owned(),
        beats_reference,
        contenders: value.unbeaten(&admitted).into_iter().map(|place| names[place].to_owned()).collect(),
        checks,
        reasons,
    })
}

fn check(guard: &Guard, names: &[&str]) -> Result<(), SelectionError> {
    if !(guard.margin >= 0.0 && guard.margin.is_finite()) {
        return Err(SelectionError::Range {
            what: "a guard's margin",
            given: guard.margin,
            wanted: "a finite number of at least 0",
        });
    }
    let given: Vec<&str> = guard.outcome.candidates().iter().map(|candidate| candidate.name.as_str()).collect();
    if given != names {
        return Err(SelectionError::Other {
            given: format!("a guard {} over {}", guard.name, given.join(", ")),
            wanted: format!("values of {}", names.join(", ")),
        });
    }
    Ok(())
}

fn refusal(check: &GuardCheck, reference: &str, confidence: f64) -> String {
    format!(
        "{} may not win: on {} it may be worse than {reference} by {} where at most {} is allowed (estimated {} {}, at {} \
         over all candidates)",
        check.candidate,
        check.guard,
        figure(-check.lower),
        figure(check.margin),
        figure(check.gain.abs()),
        if check.gain < 0.0 { "worse" } else { "better" },
        percent(confidence)
    )
}
