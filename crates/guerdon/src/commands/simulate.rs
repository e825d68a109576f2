//! `guerdon simulate`: roll-outs over a simulator fitted from a log, beside the offline estimates of the same policies.

use super::NOT_EVALUABLE;
use crate::args::SimulateArgs;
use crate::output;
use guerdon_core::{Progress, Result, Seed};
use guerdon_data::LogReader;
use guerdon_experiment::evaluate::{Evaluator, NamedTarget, Options, PolicyEvaluation, Role, Target, held_out_of};
use guerdon_ope::Estimator;
use guerdon_policy::Policy;
use guerdon_sim::{Interval, NamedPolicy, SimulateOptions, Simulation};
use serde::Serialize;
use std::process::ExitCode;

#[derive(Serialize)]
struct Simulated<'a> {
    simulation: &'a Simulation,
    offline: &'a [PolicyEvaluation],
}

pub fn run(args: &SimulateArgs, progress: &dyn Progress) -> Result<ExitCode> {
    let environment = guerdon_data::environment::load(&args.environment, &[])?;
    let log = LogReader::open(&args.log)?.with_environment(&environment.spec)?;
    let mut policies: Vec<NamedPolicy> = vec![];
    for path in &args.policies {
        let policy = Policy::load(path)?;
        policies.push(NamedPolicy { name: policy.version().to_owned(), policy });
    }
    policies.dedup_by(|a, b| a.name == b.name);
    let options = SimulateOptions {
        horizon: args.horizon,
        members: args.members,
        ensemble: usize::from(args.ensemble),
        confidence: args.confidence,
        seed: Seed(args.seed).named("simulate"),
    };
    let mut offline = vec![];
    let design_refuted = guerdon_data::audit(&args.log, progress)?.design_refuted();
    for named in &policies {
        offline.push(value(named, &log, args, design_refuted, progress)?);
    }
    let simulation = guerdon_sim::simulate(&log, &policies, &options, progress)?;
    let refused = offline.iter().any(|e| e.estimates.iter().any(|estimate| !estimate.is_ok()));
    if args.json {
        output::json(&Simulated { simulation: &simulation, offline: &offline })?;
    } else {
        print_rollouts(&simulation, &offline)?;
    }
    Ok(if refused { ExitCode::from(NOT_EVALUABLE) } else { ExitCode::SUCCESS })
}

/// The offline estimate of the same policy on the members that its training held out.
fn value(
    named: &NamedPolicy,
    log: &LogReader,
    args: &SimulateArgs,
    design_refuted: bool,
    progress: &dyn Progress,
) -> Result<PolicyEvaluation> {
    let options = Options {
        estimators: vec![Estimator::Dr],
        confidence: args.confidence,
        folds: 5,
        seed: Seed(args.seed).named("evaluate"),
        held_out_of: held_out_of(&named.policy, log.meta()),
        segments: vec![],
        design_refuted: Some(design_refuted),
    };
    let target = NamedTarget {
        name: named.name.clone(),
        role: Role::Learner,
        target: Target::Policy(Box::new(named.policy.clone())),
    };
    Ok(Evaluator::new(log, options, progress)?.evaluate(&[target], &[], progress)?.remove(0))
}

fn print_rollouts(simulation: &Simulation, offline: &[PolicyEvaluation]) -> Result<()> {
    output::line(&format!(
        "{} members over {} decisions each, {} fitted models; against {}, {:.0} % intervals",
        output::count(simulation.members as u64),
        simulation.horizon,
        simulation.ensemble,
        simulation.baseline.name,
        100.0 * simulation.confidence
    ))?;
    let mut rows = vec![];
    for (policy, valued) in simulation.policies.iter().zip(offline) {
        let refused = valued.estimates.iter().any(|estimate| !estimate.is_ok());
        // No ROI over an estimate that was refused.
        let mut lines = vec![("net value of one decision, from the log", from_the_log(valued))];
        if !refused {
            lines.extend([
                ("net value of one decision, simulated", cell(&policy.step_value)),
                ("incremental revenue", cell(&policy.incremental.revenue)),
                ("incremental cost", cell(&policy.incremental.cost)),
                ("incremental net value", cell(&policy.incremental.net_value)),
                ("ROI", policy.incremental.roi.as_ref().map_or("nothing was spent".into(), cell)),
            ]);
        }
        rows.extend(lines.into_iter().map(|(what, is)| vec![policy.name.clone(), what.to_owned(), is]));
    }
    output::text_table(&["policy", "figure", "value"], rows)?;
    output::reasons(offline.iter().flat_map(|e| &e.estimates))?;
    output::line("assumed:")?;
    simulation.assumptions.iter().try_for_each(|assumption| output::line(&format!("  - {assumption}")))?;
    let fidelity =
        simulation.fidelity.iter().map(|f| vec![f.figure.clone(), format!("{:.4}", f.log), cell(&f.simulated)]);
    output::text_table(&["how well it reproduces the log", "log", "simulated"], fidelity)
}

fn from_the_log(valued: &PolicyEvaluation) -> String {
    valued.estimates.first().map_or("–".into(), |estimate| {
        if estimate.is_ok() {
            format!("{} {}", output::number(estimate.value), output::interval(estimate.lower, estimate.upper))
        } else {
            "not evaluable".into()
        }
    })
}

fn cell(interval: &Interval) -> String {
    format!("{:.4} {}", interval.value, output::interval(Some(interval.lower), Some(interval.upper)))
}
