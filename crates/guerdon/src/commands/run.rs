//! `guerdon run`: the main job, and its results in a few lines.

use super::NOT_EVALUABLE;
use crate::args::ExperimentArgs;
use crate::output;
use guerdon_core::{Progress, Result};
use guerdon_experiment::evaluate::{PolicyEvaluation, Role};
use guerdon_experiment::run::{Finished, best_constant};
use serde::Serialize;
use std::process::ExitCode;

#[derive(Serialize)]
struct Ran<'a> {
    folder: String,
    report: String,
    manifest: &'a guerdon_experiment::run::Manifest,
    estimates: &'a [PolicyEvaluation],
    simulation: Option<&'a guerdon_sim::Simulation>,
}

pub fn run(args: &ExperimentArgs, threads: usize, progress: &dyn Progress) -> Result<ExitCode> {
    let options = args.options(threads);
    let finished = guerdon_experiment::run::run(&args.experiment, &options, progress)?;
    if args.json {
        output::json(&Ran {
            folder: finished.folder.root().display().to_string(),
            report: finished.folder.report().display().to_string(),
            manifest: &finished.manifest,
            estimates: &finished.evaluations,
            simulation: finished.simulation.as_ref(),
        })?;
    } else {
        print(&finished)?;
    }
    let headline = finished.manifest.experiment.evaluate.headline;
    let learners = finished.evaluations.iter().filter(|e| e.role == Role::Learner);
    let any = learners.into_iter().any(|e| e.estimate(headline).is_some_and(|estimate| estimate.is_ok()));
    Ok(if any { ExitCode::SUCCESS } else { ExitCode::from(NOT_EVALUABLE) })
}

fn print(finished: &Finished) -> Result<()> {
    let experiment = &finished.manifest.experiment;
    let headline = experiment.evaluate.headline;
    let best = best_constant(&finished.evaluations, headline).map(|e| e.name.clone());
    let shown = |e: &&PolicyEvaluation| {
        !matches!(e.role, Role::Constant)
            || Some(&e.name) == best.as_ref()
            || e.name == guerdon_experiment::run::constant_name(guerdon_core::NONE)
    };
    output::line(&format!(
        "net value per decision by {headline}, on members held out, {:.0} % intervals by member",
        100.0 * experiment.evaluate.confidence
    ))?;
    let rows = finished.evaluations.iter().filter(shown).filter_map(|e| {
        let mut row = vec![e.name.clone()];
        row.extend(output::estimate_row(e.estimate(headline)?).into_iter().skip(1));
        Some(row)
    });
    let mut head = output::ESTIMATE_HEAD;
    head[0] = "policy";
    output::table(&head, rows)?;
    output::reasons(finished.evaluations.iter().filter(shown).filter_map(|e| e.estimate(headline)))?;
    output::line(&format!("page:     {}", finished.folder.report().display()))?;
    for policy in &finished.manifest.policies {
        output::line(&format!(
            "policy:   {} ({}, {} bytes)",
            finished.folder.root().join(&policy.file).display(),
            policy.version,
            output::count(policy.bytes)
        ))?;
    }
    Ok(())
}
