//! `guerdon evaluate`: what a policy is worth on a log, or why that can't be said.

use super::NOT_EVALUABLE;
use crate::args::EvaluateArgs;
use crate::output;
use guerdon_core::{Progress, Result, Seed};
use guerdon_data::LogReader;
use guerdon_experiment::evaluate::{Evaluator, NamedTarget, Options, PolicyEvaluation, Role, Target, held_out_of};
use guerdon_experiment::run::LOGGING;
use guerdon_ope::Estimate;
use guerdon_policy::Policy;
use serde::Serialize;
use std::process::ExitCode;

#[derive(Serialize)]
struct Valued<'a> {
    policy: &'a str,
    held_out_members_only: bool,
    estimates: &'a [Estimate],
    logging: &'a [Estimate],
    evaluation: &'a PolicyEvaluation,
}

pub fn run(args: &EvaluateArgs, progress: &dyn Progress) -> Result<ExitCode> {
    let loaded = Policy::load(&args.policy)?;
    let policy = if args.greedy { loaded.greedy() } else { loaded };
    let log = LogReader::open(&args.log)?;
    let split = held_out_of(&policy, log.meta());
    let version = policy.version().to_owned();
    let options = Options {
        estimators: args.estimators.clone(),
        confidence: args.confidence,
        folds: usize::from(args.folds),
        seed: Seed(args.seed).named("evaluate"),
        held_out_of: split,
        segments: vec![],
        design_refuted: Some(guerdon_data::audit(&args.log, progress)?.design_refuted()),
    };
    let targets = [
        NamedTarget { name: version.clone(), role: Role::Learner, target: Target::Policy(Box::new(policy)) },
        NamedTarget { name: LOGGING.into(), role: Role::Logging, target: Target::Logging },
    ];
    let evaluator = Evaluator::new(&log, options, progress)?;
    let all = evaluator.evaluate(&targets, &[LOGGING.to_owned()], progress)?;
    let (valued, logging) = (&all[0], &all[1]);
    if args.json {
        output::json(&Valued {
            policy: &version,
            held_out_members_only: split.is_some(),
            estimates: &valued.estimates,
            logging: &logging.estimates,
            evaluation: valued,
        })?;
    } else {
        print(&version, valued, logging, split.is_some(), args.confidence)?;
    }
    let refused = valued.estimates.iter().any(|e| !e.is_ok());
    Ok(if refused { ExitCode::from(NOT_EVALUABLE) } else { ExitCode::SUCCESS })
}

fn print(
    version: &str,
    valued: &PolicyEvaluation,
    logging: &PolicyEvaluation,
    held_out: bool,
    confidence: f64,
) -> Result<()> {
    let members = if held_out { "members held out from its training" } else { "all members of the log" };
    output::line(&format!(
        "{version}, net value per decision on {members}, {:.0} % intervals clustered by member",
        100.0 * confidence
    ))?;
    output::table(&output::ESTIMATE_HEAD, valued.estimates.iter().map(output::estimate_row))?;
    output::reasons(&valued.estimates)?;
    if let Some(estimate) = logging.estimates.iter().find(|e| e.is_ok() && !e.estimator.needs_model()) {
        output::line(&format!(
            "what was done (logging policy): {} {}",
            output::number(estimate.value),
            output::interval(estimate.lower, estimate.upper)
        ))?;
    }
    for against in &valued.differences {
        if let Some(d) = &against.difference {
            output::line(&format!(
                "more than {} by {}: {:+.4} {}",
                against.policy,
                against.estimator,
                d.value,
                output::interval(d.lower, d.upper)
            ))?;
        }
    }
    Ok(())
}
