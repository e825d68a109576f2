//! From a run's results to what its page shows. Reads results; computes nothing of its own.

use crate::config::Experiment;
use crate::evaluate::{PolicyEvaluation, Role};
use crate::placement::PlacementShares;
use crate::run::{Manifest, constant_name};
use crate::segments::Segment;
use guerdon_core::{AttributionMode, Environment, MemberSplit, NONE};
use guerdon_data::{AuditReport, LogMeta};
use guerdon_ope::Estimate;
use guerdon_report::{
    Account, BundleFile, DataSection, EnvironmentSection, FidelityRow, IntervalValue, NamedDifference, PlacementRow,
    PlacementSection, PolicyPlacement, PolicyReport, PolicyRole, Reproducibility, RoiRow, RoiSection, RunReport,
    SegmentShares, StageShare,
};
use guerdon_sim::{Interval, PolicyRollout, Simulation};
use std::collections::BTreeMap;

/// What the page of this run shows.
pub fn report(
    manifest: &Manifest,
    meta: &LogMeta,
    audit: &AuditReport,
    (booked, members): (Account, u64),
    evaluations: &[PolicyEvaluation],
    simulation: Option<&Simulation>,
) -> RunReport {
    let experiment = &manifest.experiment;
    let environment = &meta.environment;
    let headline = experiment.evaluate.headline;
    RunReport {
        experiment: experiment.name.clone(),
        run_id: manifest.run.clone(),
        environment: environment_section(environment),
        confidence: experiment.evaluate.confidence,
        estimator: headline,
        policies: evaluations.iter().map(|e| policy(e, environment)).collect(),
        differences: evaluations.iter().flat_map(|e| differences(e, headline)).collect(),
        segments: evaluations.iter().filter(|e| e.role == Role::Learner).flat_map(segments).collect(),
        placement: placement(manifest, meta, evaluations),
        roi: simulation.map(|simulation| roi_section(simulation, evaluations, headline)),
        budget: None,
        assumptions: assumptions(environment, experiment),
        data: data(meta, booked, members),
        findings: audit.findings.clone(),
        reproducibility: Reproducibility {
            seed: Some(experiment.seed.0),
            split: Some(MemberSplit {
                seed: experiment.seed.named("split"),
                train_share: experiment.split.train_share,
            }),
            code_version: manifest.code_version.clone(),
            log_id: manifest.log_id.clone(),
            data_sha256: manifest.data_sha256.clone(),
            config_sha256: manifest.experiment_sha256.clone(),
            more: vec![],
        },
        bundles: manifest
            .policies
            .iter()
            .map(|p| BundleFile {
                policy: p.name.clone(),
                file: p.file.clone(),
                version: p.version.clone(),
                bytes: p.bytes,
                features: environment.features.len() as u64,
                actions: meta.catalogue.len() as u64,
            })
            .collect(),
    }
}

fn environment_section(environment: &Environment) -> EnvironmentSection {
    let economics = &environment.economics;
    let attribution = &environment.log.attribution;
    let rule = match attribution.mode {
        AttributionMode::Window => "every event inside a decision's window counts for it",
        AttributionMode::LastTouch => "an event counts for the latest decision that could have caused it",
    };
    EnvironmentSection {
        name: environment.name.clone(),
        description: environment.description.clone(),
        currency: economics.currency.clone(),
        minor_units: economics.minor_units,
        margin: economics.margin,
        contact_cost: economics.contact_cost,
        attribution: format!("{rule}; windows of {} hours", attribution.hours),
    }
}

/// A policy's name on the page: constants go by their action.
fn page_name(evaluation: &PolicyEvaluation) -> String {
    short_name(&evaluation.name)
}

fn short_name(name: &str) -> String {
    name.strip_prefix(constant_name("").as_str()).unwrap_or(name).to_owned()
}

fn role(evaluation: &PolicyEvaluation) -> PolicyRole {
    match evaluation.role {
        Role::Learner | Role::Given => PolicyRole::Learner,
        Role::Logging => PolicyRole::Logging,
        Role::Uniform => PolicyRole::Uniform,
        Role::Constant if evaluation.name == constant_name(NONE) => PolicyRole::None,
        Role::Constant => PolicyRole::Constant,
    }
}

fn interval(estimate: &Estimate) -> Option<IntervalValue> {
    Some(IntervalValue { value: estimate.value?, lower: estimate.lower, upper: estimate.upper })
}

fn policy(evaluation: &PolicyEvaluation, environment: &Environment) -> PolicyReport {
    let offered = 1.0 - evaluation.actions.get(NONE).copied().unwrap_or(0.0);
    let contacts = offered * environment.economics.contact_cost;
    let plus = |value: f64| value + contacts;
    PolicyReport {
        name: page_name(evaluation),
        role: role(evaluation),
        estimates: evaluation.estimates.clone(),
        funnel: evaluation
            .stages
            .iter()
            .filter_map(|s| Some(StageShare { stage: s.stage.clone(), share: interval(&s.rate)? }))
            .collect(),
        revenue: interval(&evaluation.revenue),
        // Contacts are known exactly: they follow from the policy, not from outcomes.
        cost: interval(&evaluation.cost).map(|cost| IntervalValue {
            value: plus(cost.value),
            lower: cost.lower.map(plus),
            upper: cost.upper.map(plus),
        }),
        true_value: evaluation.true_value,
    }
}

fn differences(
    evaluation: &PolicyEvaluation,
    headline: guerdon_ope::Estimator,
) -> impl Iterator<Item = NamedDifference> + '_ {
    evaluation.differences.iter().filter(move |d| d.estimator == headline).filter_map(|against| {
        Some(NamedDifference {
            first: page_name(evaluation),
            second: short_name(&against.policy),
            difference: against.difference?,
        })
    })
}

/// One table per feature: its segments against the actions.
fn segments(evaluation: &PolicyEvaluation) -> Vec<SegmentShares> {
    let mut features: Vec<&str> = vec![];
    for segment in &evaluation.segments {
        if !features.contains(&segment.feature.as_str()) {
            features.push(&segment.feature);
        }
    }
    let of = |feature: &str| {
        let rows: Vec<&Segment> = evaluation.segments.iter().filter(|s| s.feature == feature).collect();
        let actions: Vec<String> = evaluation.actions.keys().cloned().collect();
        let share =
            |mass: &BTreeMap<String, f64>| actions.iter().map(|a| mass.get(a).copied().unwrap_or(0.0)).collect();
        SegmentShares {
            policy: page_name(evaluation),
            feature: feature.to_owned(),
            segments: rows.iter().map(|s| s.value.clone()).collect(),
            decisions: rows.iter().map(|s| s.n).collect(),
            shares: rows.iter().map(|s| share(&s.actions)).collect(),
            actions,
        }
    };
    features.into_iter().map(of).collect()
}

/// Where the learners' rewards pay, beside what was done and the uniform policy; nothing where no reward ever pays. (A
/// constant policy's one reward always pays at the same stage.)
fn placement(manifest: &Manifest, meta: &LogMeta, evaluations: &[PolicyEvaluation]) -> Option<PlacementSection> {
    let pays = |stage: &usize| meta.catalogue.rewards().iter().any(|reward| reward.pays_at == Some(*stage));
    let paying: Vec<usize> = (0..meta.environment.funnel.stages.len()).filter(pays).collect();
    let shown = evaluations.iter().filter(|e| matches!(e.role, Role::Learner | Role::Logging | Role::Uniform));
    let reach = |name: &str| manifest.experiment.learners.iter().find(|learner| learner.name == name)?.reach;
    let policies: Vec<PolicyPlacement> = shown
        .filter_map(|evaluation| {
            let all = placement_row(None, "all decisions", evaluation.placement.as_ref()?, &paying);
            let of =
                |s: &Segment| Some(placement_row(Some(s.feature.as_str()), &s.value, s.placement.as_ref()?, &paying));
            Some(PolicyPlacement {
                policy: page_name(evaluation),
                reach: reach(&evaluation.name).filter(|_| evaluation.role == Role::Learner),
                rows: std::iter::once(all).chain(evaluation.segments.iter().filter_map(of)).collect(),
            })
        })
        .collect();
    let names: Vec<&str> = meta.environment.funnel.names().collect();
    let stages = paying.iter().map(|stage| names[*stage].to_owned()).collect();
    (!paying.is_empty() && !policies.is_empty()).then_some(PlacementSection { stages, policies })
}

fn placement_row(feature: Option<&str>, segment: &str, shares: &PlacementShares, paying: &[usize]) -> PlacementRow {
    PlacementRow {
        feature: feature.map(str::to_owned),
        segment: segment.to_owned(),
        decisions: shares.n,
        stages: paying.iter().map(|stage| shares.stages[*stage]).collect(),
        never_pays: shares.never_pays,
        no_offer: shares.no_offer,
        amount: shares.amount,
        chance: shares.chance,
    }
}

fn data(meta: &LogMeta, booked: Account, members: u64) -> DataSection {
    let summary = &meta.summary;
    DataSection {
        decisions: summary.decisions,
        members: summary.members,
        immature: summary.immature,
        duplicates_dropped: summary.duplicates_dropped,
        span: summary.first_decided_at.zip(summary.last_decided_at).map(|(a, b)| (a.to_string(), b.to_string())),
        trained_decisions: Some(summary.decisions - booked.decisions),
        valued_decisions: Some(booked.decisions),
        valued_members: Some(members),
        propensity_source: Some(meta.propensity_source),
        attribution_counting: Some(summary.revenue_counted_times),
        ledger: Some(booked),
    }
}

/// What the environment assumes, what every valuation does, and what learning does to revenue.
fn assumptions(environment: &Environment, experiment: &Experiment) -> Vec<String> {
    let mut all = environment.assumptions.clone();
    all.extend(
        [
            "Values are per decision, of a policy that takes over one decision at a time while everything before it stays \
             as it was; what a policy does to later contexts is not in them (the simulation tries to show it).",
            "Actions were drawn with the stated propensities, given what the features say.",
            "One member's outcomes do not depend on what others were offered.",
        ]
        .map(String::from),
    );
    let cut = experiment.learners.iter().filter_map(|learner| learner.config.winsorize()).filter(|cut| *cut < 1.0);
    if let Some(quantile) = cut.reduce(f64::min) {
        all.push(format!(
            "In learning, revenue above a quantile ({quantile} of what decisions brought, where any lies above it) counts \
             as that, and all of it is loaded for what this takes away; values, costs and intervals count revenue as it is.",
        ));
    }
    all
}

/// The roll-out as the page shows it; the page itself withholds what an estimate refused.
pub fn roi_section(
    simulation: &Simulation,
    evaluations: &[PolicyEvaluation],
    headline: guerdon_ope::Estimator,
) -> RoiSection {
    let value = |i: &Interval| IntervalValue::new(i.value, i.lower, i.upper);
    let row = |policy: &PolicyRollout| {
        let evaluation = evaluations.iter().find(|e| e.name == policy.name);
        RoiRow {
            name: policy.name.clone(),
            revenue: value(&policy.total.revenue),
            incremental_revenue: value(&policy.incremental.revenue),
            cost: value(&policy.incremental.cost),
            incremental_margin: value(&policy.incremental.margin),
            roi: policy.incremental.roi.as_ref().map(value),
            net_value: value(&policy.incremental.net_value),
            offline_value: evaluation.and_then(|e| e.estimate(headline)).cloned(),
            step_value: value(&policy.step_value),
            refused: None,
        }
    };
    RoiSection {
        horizon: simulation.horizon as u64,
        members: simulation.members as u64,
        ensemble: simulation.ensemble as u64,
        reference: if simulation.baseline.name == NONE { "no offers".into() } else { simulation.baseline.name.clone() },
        policies: simulation.policies.iter().chain(&simulation.references).map(row).collect(),
        assumptions: simulation.assumptions.clone(),
        fidelity: simulation
            .fidelity
            .iter()
            .map(|f| FidelityRow { figure: f.figure.clone(), log: f.log, simulated: value(&f.simulated) })
            .collect(),
    }
}
