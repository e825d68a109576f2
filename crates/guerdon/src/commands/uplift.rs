//! `guerdon uplift`: how well policies rank members by an action's effect.

use crate::args::UpliftArgs;
use crate::output;
use guerdon_core::{Progress, Result, Seed};
use guerdon_data::LogReader;
use guerdon_experiment::uplift::{Ranked, UpliftQuestion, rank_by_uplift};
use guerdon_ope::uplift::Area;
use guerdon_policy::Policy;
use std::process::ExitCode;

pub fn run(args: &UpliftArgs, progress: &dyn Progress) -> Result<ExitCode> {
    let policies: Vec<Policy> = args.policies.iter().map(|path| Policy::load(path)).collect::<Result<_>>()?;
    let log = LogReader::open(&args.log)?;
    let question = UpliftQuestion {
        actions: args.actions.clone(),
        reference: args.reference.clone(),
        outcome: args.outcome.clone(),
        confidence: args.confidence,
        resamples: args.resamples,
        seed: Seed(args.seed).named("uplift"),
    };
    let ranked = rank_by_uplift(&log, &policies, &question, progress)?;
    if args.json {
        output::json(&ranked)?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(first) = ranked.first() {
        let members = if first.held_out_members_only { "members held out from training" } else { "all members" };
        output::line(&format!(
            "uplift in {} against {}, {members}; {:.0} % intervals by member, {} resamples",
            first.outcome,
            first.reference,
            100.0 * args.confidence,
            args.resamples
        ))?;
    }
    output::table(&["policy", "action", "effect", "AUUC", "Qini", "Qini more than the first"], ranked.iter().map(row))?;
    output::line("a random ranking has an AUUC of half the effect, and a Qini of 0")?;
    Ok(ExitCode::SUCCESS)
}

fn row(ranked: &Ranked) -> Vec<String> {
    let area = |area: &Area| format!("{:.4} {}", area.value, output::interval(area.lower, area.upper));
    vec![
        ranked.policy.clone(),
        ranked.action.clone(),
        area(&ranked.areas.effect),
        area(&ranked.areas.auuc),
        area(&ranked.areas.qini),
        ranked.more_than_first.as_ref().map_or("–".into(), |more| area(&more.qini)),
    ]
}
