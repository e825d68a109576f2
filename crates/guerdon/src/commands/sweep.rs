//! `guerdon sweep`: trials ranked by cross-validated policy value, beside the policies to beat.

use super::NOT_EVALUABLE;
use crate::args::SweepArgs;
use crate::output;
use guerdon_core::{Progress, Result};
use guerdon_experiment::evaluate::Role;
use guerdon_experiment::run::LOGGING;
use guerdon_experiment::sweep::{
    BEST_CONSTANT, Found, HeldOut, Members, SweepOptions, Swept, Trial, TrialResult, Worth,
};
use serde::Serialize;
use std::process::ExitCode;

#[derive(Serialize)]
struct Printed<'a> {
    folder: String,
    #[serde(flatten)]
    found: &'a Found,
}

pub fn run(args: &SweepArgs, threads: usize, progress: &dyn Progress) -> Result<ExitCode> {
    let mut run = args.common.options(threads);
    run.sets.extend(args.trials.map(|trials| ("sweep.trials".to_owned(), trials.to_string())));
    let options = SweepOptions { run, jobs: args.jobs.unwrap_or(threads), decisions: args.decisions.clone() };
    let swept = guerdon_experiment::sweep::sweep(&args.common.experiment, &options, progress)?;
    if args.common.json {
        output::json(&Printed { folder: swept.folder.root().display().to_string(), found: &swept.found })?;
    } else {
        print(&swept)?;
    }
    Ok(if swept.found.winner.is_some() { ExitCode::SUCCESS } else { ExitCode::from(NOT_EVALUABLE) })
}

fn print(swept: &Swept) -> Result<()> {
    let found = &swept.found;
    let members = match found.members {
        Members::All => "all members",
        Members::Training => "the members that the split trains on",
    };
    output::line(&format!(
        "net value per decision by {}, {} folds over {members}, {:.0} % intervals by member",
        found.estimator,
        found.folds,
        100.0 * found.confidence
    ))?;
    let trials = found.trials.iter().filter_map(|trial| trial.worth.as_ref());
    worths(trials.clone().chain(&found.references), BEST_CONSTANT)?;
    // What must be known of each constant stands in the JSON; here it would bury the rest.
    let contest = |worth: &&Worth| worth.role != Role::Constant || worth.name == BEST_CONSTANT;
    output::reasons(trials.chain(&found.references).filter(contest).map(|worth| &worth.estimate))?;
    variants(found)?;
    settings(found)?;
    constants(found)?;
    for note in &found.notes {
        output::line(&format!("  - {note}"))?;
    }
    if let Some(held_out) = &found.held_out {
        print_held_out(held_out, found)?;
    }
    output::line(&format!("results:  {}", swept.folder.trials().display()))?;
    output::line(&format!("folds:    {}", swept.folder.folds().display()))?;
    let Some(winner) = found.trials.iter().find(|trial| Some(&trial.trial) == found.winner.as_ref()) else {
        return Ok(());
    };
    output::line(&format!("settings: {} (of {})", swept.folder.best().display(), winner.trial))?;
    if found.held_out.is_some() {
        output::line(&format!("policy:   {}", swept.folder.best_policy().display()))?;
    }
    Ok(())
}

/// Values, with paired differences to `best` and to what was done.
fn worths<'a>(all: impl Iterator<Item = &'a Worth>, best: &str) -> Result<()> {
    let difference = |worth: &Worth, other: &str| match worth.more_than(other) {
        Some(d) => [format!("{:+.3}", d.value), interval(d.lower, d.upper)],
        None => ["–".into(), "–".into()],
    };
    let rows = all.map(|worth| {
        let estimate = &worth.estimate;
        let value = if estimate.is_ok() { output::number(estimate.value) } else { "not evaluable".into() };
        let mut row = vec![worth.name.clone(), value, interval(estimate.lower, estimate.upper)];
        row.extend(difference(worth, best));
        row.extend(difference(worth, LOGGING));
        row
    });
    output::table(&["policy", "value", "interval", &format!("− {best}"), "interval", "− logging", "interval"], rows)
}

/// As [`output::interval`], to three decimals: three of them stand in a line.
fn interval(lower: Option<f64>, upper: Option<f64>) -> String {
    match (lower, upper) {
        (Some(lower), Some(upper)) => format!("[{lower:.3}, {upper:.3}]"),
        _ => "–".into(),
    }
}

/// Learners that the file holds against others, with what that makes in truth where a world knows it.
fn variants(found: &Found) -> Result<()> {
    let truth = |name: &str| {
        let trial = found.trials.iter().find(|trial| trial.trial == name)?;
        trial.worth.as_ref()?.true_value
    };
    let rows: Vec<Vec<String>> = found
        .trials
        .iter()
        .filter_map(|trial| {
            let against = trial.against.as_ref()?;
            let difference = trial.more_than_its_counterpart();
            let known = truth(&trial.trial).zip(truth(against)).map(|(own, other)| format!("{:+.4}", own - other));
            Some(vec![
                trial.trial.clone(),
                against.clone(),
                difference.map_or("–".into(), |d| format!("{:+.4}", d.value)),
                difference.map_or("–".into(), |d| interval(d.lower, d.upper)),
                known.unwrap_or_else(|| "–".into()),
            ])
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    output::table(&["variant", "against", "difference", "interval", "true difference"], rows)
}

/// What was drawn, where something was, and what became of the trials without a value.
fn settings(found: &Found) -> Result<()> {
    if found.trials.iter().all(|trial| trial.settings.is_empty() && trial.worth.is_some()) {
        return Ok(());
    }
    let fate = |trial: &TrialResult| match (&trial.dropped, &trial.failed) {
        (Some(dropped), _) => format!(
            "dropped after {} folds, {:.4} behind {} (p {:.4})",
            dropped.after_folds, dropped.by, dropped.behind, dropped.p
        ),
        (None, Some(reason)) => reason.clone(),
        (None, None) => "tried on all folds".into(),
    };
    let rows =
        found.trials.iter().map(|trial| vec![trial.trial.clone(), Trial::settings(&trial.settings), fate(trial)]);
    output::text_table(&["trial", "settings", ""], rows)
}

/// Which constant each fold took, in a line.
fn constants(found: &Found) -> Result<()> {
    let mut names: Vec<&str> = vec![];
    for name in &found.best_constants {
        let name = name.as_deref().unwrap_or("none that the log carries");
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let count = |name: &str| {
        found.best_constants.iter().filter(|n| n.as_deref().unwrap_or("none that the log carries") == name).count()
    };
    let text: Vec<String> = names.iter().map(|name| format!("{name} ({})", count(name))).collect();
    output::line(&format!("{BEST_CONSTANT}, chosen for each fold on the others by snips: {}", text.join(", ")))
}

fn print_held_out(held_out: &HeldOut, found: &Found) -> Result<()> {
    output::line(&format!(
        "{}: the winner's settings, trained on all of these members, valued on those that the sweep never saw",
        held_out.policy
    ))?;
    let best = held_out.best_constant.as_deref().unwrap_or(LOGGING);
    let all = std::iter::once(&held_out.winner).chain(&held_out.references);
    worths(all.clone(), best)?;
    let known: Vec<_> = found.trials.iter().filter_map(|trial| trial.worth.as_ref()).chain(&found.references).collect();
    let said = |reason: &String| known.iter().any(|worth| worth.estimate.reasons.contains(reason));
    for reason in held_out.winner.estimate.reasons.iter().filter(|reason| !said(reason)) {
        output::line(&format!("  - {reason}"))?;
    }
    Ok(())
}
