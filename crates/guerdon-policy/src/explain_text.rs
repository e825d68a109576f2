//! An explanation in plain words.

use crate::explain::{Alternative, Candidate, Explanation, Other, PlacedAt, RemovedBy, Step};
use guerdon_core::NONE;
use std::fmt::{Display, Formatter, Result};

/// Most actions that are named one by one.
const MOST_NAMES: usize = 6;

impl Display for Explanation {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let nothing = self.action == NONE;
        let offer = match &self.chosen {
            Some(chosen) if !nothing => self.describe(chosen),
            _ => "no offer".to_owned(),
        };
        writeln!(f, "{}, member {}: {offer}", self.decision_id, self.member_id)?;
        self.chance(f)?;
        self.stage(f)?;
        if let Some(chosen) = &self.chosen {
            writeln!(f, "  Worth: {}", self.worth(chosen))?;
        }
        self.amounts(f)?;
        self.others(f)?;
        self.out(f)
    }
}

impl Explanation {
    fn money(&self, value: f64) -> String {
        let text = format!("{value:.*}", self.minor_units as usize);
        if text.trim_matches(['-', '0', '.']).is_empty() { text.trim_start_matches('-').to_owned() } else { text }
    }

    fn describe(&self, candidate: &Candidate) -> String {
        let Candidate { action, kind, amount, .. } = candidate;
        match *amount == 0.0 {
            true => format!("{action} ({kind})"),
            false => format!("{action} ({kind}, {})", self.money(*amount)),
        }
    }

    fn worth(&self, candidate: &Candidate) -> String {
        let score = self.money(candidate.score);
        match (candidate.revenue, candidate.cost) {
            (Some(revenue), Some(cost)) => {
                format!(
                    "score {score}, from an expected revenue of {} and cost of {}",
                    self.money(revenue),
                    self.money(cost)
                )
            }
            _ => format!("score {score}"),
        }
    }

    fn chance(&self, f: &mut Formatter<'_>) -> Result {
        if self.probability >= 1.0 {
            return Ok(());
        }
        write!(f, "  Drawn: with probability {}", percent(self.probability))?;
        if let Some(likeliest) = &self.likeliest {
            write!(f, "; likeliest was {} with {}", likeliest.action, percent(likeliest.probability))?;
        }
        writeln!(f)
    }

    fn stage(&self, f: &mut Formatter<'_>) -> Result {
        let paying = self.chosen.as_ref().and_then(|chosen| Some((chosen.pays_at.as_ref()?, chosen.chance)));
        match (paying, &self.placement) {
            (Some((stage, chance)), placement) => {
                write!(f, "  When:  it pays once {stage} is reached")?;
                if let Some(chance) = chance {
                    write!(f, ", for which the chance is {}", percent(chance))?;
                }
                writeln!(f)?;
                placement.as_ref().map_or(Ok(()), |placement| placed(f, placement))
            }
            (None, Some(placement)) if !placement.stages.is_empty() => placed(f, placement),
            (None, _) => Ok(()),
        }
    }

    fn amounts(&self, f: &mut Formatter<'_>) -> Result {
        if self.ladder.len() < 2 {
            return Ok(());
        }
        writeln!(f, "  How much, among the amounts of this kind and timing:")?;
        for step in &self.ladder {
            writeln!(f, "{}", self.step(step))?;
        }
        Ok(())
    }

    fn step(&self, step: &Step) -> String {
        let Candidate { amount, score, revenue, cost, offered, .. } = &step.candidate;
        let mark = if step.chosen { "  ->" } else { "    " };
        let mut line = format!("{mark} {:>9}: score {:>9}", self.money(*amount), self.money(*score));
        if let (Some(revenue), Some(cost)) = (revenue, cost) {
            line += &format!(", revenue {:>9}, cost {:>8}", self.money(*revenue), self.money(*cost));
        }
        line += &match step.next_adds {
            Some(adds) if adds >= 0.0 => format!("; the next amount adds {}", self.money(adds)),
            Some(adds) => format!("; the next amount loses {}", self.money(-adds)),
            None => "; the largest".to_owned(),
        };
        if *offered { line } else { line + " (out of the choice)" }
    }

    fn others(&self, f: &mut Formatter<'_>) -> Result {
        let stage = self.alternatives.iter().find(|other| other.what == Other::Stage);
        let of_stage = |candidate: &Candidate| stage.is_some_and(|other| other.candidate.action == candidate.action);
        let both = self.alternatives.iter().any(|other| other.what == Other::Kind && of_stage(&other.candidate));
        for Alternative { what, candidate, difference } in &self.alternatives {
            let offer = self.describe(candidate);
            let pays_at = candidate.pays_at.as_deref().unwrap_or_default();
            let what = match what {
                Other::None => "no offer".to_owned(),
                Other::Kind if both => format!("{offer}, the best of another kind and stage ({pays_at}),"),
                Other::Kind => format!("{offer}, the best of another kind,"),
                Other::Stage if both => continue,
                Other::Stage => format!("{offer}, the best that pays at another stage ({pays_at}),"),
            };
            let (size, sign) = (self.money(difference.abs()), if *difference < 0.0 { "more" } else { "less" });
            let out = if candidate.offered { "" } else { ", but is out of the choice" };
            writeln!(f, "  Instead: {what} scores {size} {sign}{out}")?;
        }
        Ok(())
    }

    fn out(&self, f: &mut Formatter<'_>) -> Result {
        for (by, what) in [
            (RemovedBy::Guardrails, "by guardrails"),
            (RemovedBy::NotEligible, "as not eligible"),
            (RemovedBy::Placement, "by placement"),
        ] {
            let names: Vec<&str> = self.removed.iter().filter(|r| r.by == by).map(|r| r.action.as_str()).collect();
            if names.is_empty() {
                continue;
            }
            let more = names.len().saturating_sub(MOST_NAMES);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let names = names.iter().take(MOST_NAMES).copied().collect::<Vec<_>>().join(", ");
            writeln!(f, "  Removed {what}: {names}{more}")?;
        }
        if self.reasons.is_empty() {
            return Ok(());
        }
        writeln!(f, "  Codes: {}", self.reasons.join(", "))
    }
}

fn placed(f: &mut Formatter<'_>, placement: &PlacedAt) -> Result {
    let PlacedAt { reach, stage, stages } = placement;
    let chances: Vec<String> = stages.iter().map(|s| format!("{} {}", s.stage, percent(s.chance))).collect();
    let (asked, chances) = (percent(*reach), chances.join(", "));
    match stage {
        Some(stage) => {
            writeln!(f, "  Placed: at {stage}, the deepest stage with a chance of at least {asked} ({chances})")
        }
        None => writeln!(f, "  Placed: nowhere; no stage has a chance of at least {asked} ({chances})"),
    }
}

fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    // A digit more where it tells a small chance from none, or a large one from certainty.
    let decimals = usize::from((0.05..10.0).contains(&percent) || (99.0..99.95).contains(&percent));
    format!("{percent:.decimals$} %")
}
