//! `guerdon inspect`: what is inside a policy bundle.

use crate::args::InspectArgs;
use crate::output;
use guerdon_core::Result;
use guerdon_policy::{Encoding, Inspection, Policy};
use std::process::ExitCode;

pub fn run(args: &InspectArgs) -> Result<ExitCode> {
    let inspection = Policy::load(&args.policy)?.inspect();
    if args.json {
        output::json(&inspection)?;
    } else {
        print(&inspection)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn print(policy: &Inspection) -> Result<()> {
    output::text_table(&["policy", "is"], summary(policy))?;
    let scale = 10f64.powi(policy.minor_units as i32);
    output::table(
        &["action", "kind", "amount", "points", "pays at", "valid hours"],
        policy.catalogue.iter().map(|reward| {
            let stage = reward.pays_at.and_then(|s| policy.stages.get(s));
            vec![
                reward.action.clone(),
                reward.kind.clone(),
                format!("{:.2}", reward.amount.0 as f64 / scale),
                output::count(reward.points.unsigned_abs()),
                stage.cloned().unwrap_or_else(|| "–".into()),
                reward.valid_hours.map_or("–".into(), |hours| hours.to_string()),
            ]
        }),
    )?;
    output::text_table(
        &["feature", "encoding"],
        policy.features.iter().map(|feature| {
            let how = match &feature.encoding {
                Encoding::Number { mean, std, .. } => format!("number, mean {mean:.4}, deviation {std:.4}"),
                Encoding::Category { levels } => format!("category: {}", levels.join(", ")),
            };
            vec![feature.schema.name.clone(), how]
        }),
    )
}

fn summary(policy: &Inspection) -> Vec<Vec<String>> {
    let mut rows = vec![
        ("version", policy.version.clone()),
        ("format", policy.format_version.to_string()),
        ("model", format!("{} ({} parameters)", policy.model.kind, output::count(policy.model.parameters as u64))),
        ("inputs", format!("{} features, {} encoded", policy.features.len(), policy.encoded_width)),
        ("stages", policy.stages.join(" → ")),
        ("objective", as_json(&policy.objective)),
        ("exploration", as_json(&policy.exploration)),
        ("guardrails", as_json(&policy.guardrails)),
    ];
    if let Some(training) = &policy.training {
        rows.extend([
            ("learner", format!("{} (seed {})", training.learner, training.seed.0)),
            (
                "trained on",
                format!(
                    "{} decisions of {} members ({:.0} % of members)",
                    output::count(training.rows),
                    output::count(training.members),
                    100.0 * training.split.train_share
                ),
            ),
            ("log", training.log_id.clone()),
            ("code", format!("guerdon {} on {}", training.code_version, training.device)),
        ]);
    }
    rows.into_iter().map(|(what, is)| vec![what.to_owned(), is]).collect()
}

/// Settings as one line of JSON; they hold nothing that can't be written so.
fn as_json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
