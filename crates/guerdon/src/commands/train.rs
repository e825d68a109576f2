//! `guerdon train`: decision log → policy bundle.

use crate::args::TrainArgs;
use crate::output;
use guerdon_core::{Error, MemberSplit, Progress, Result, Seed};
use guerdon_data::LogReader;
use guerdon_learn::{LearnerConfig, TrainOptions};
use serde::Serialize;
use std::path::Path;
use std::process::ExitCode;

#[derive(Serialize)]
struct Learnt<'a> {
    policy: &'a str,
    file: String,
    learner: &'a str,
    metrics: &'a [guerdon_learn::Metric],
    remarks: &'a [String],
    training: Option<&'a guerdon_policy::Training>,
}

pub fn run(args: &TrainArgs, progress: &dyn Progress) -> Result<ExitCode> {
    let environment = guerdon_data::environment::load(&args.environment, &args.sets)?;
    let log = LogReader::open(&args.log)?.with_environment(&environment.spec)?;
    let config = learner(&args.learner, args.config.as_deref())?;
    let seed = Seed(args.seed);
    let split = MemberSplit { seed: seed.named("split"), train_share: args.train_share };
    let options = TrainOptions {
        device: args.device.into(),
        checkpoint: args.checkpoint.clone(),
        ..TrainOptions::new(seed.named("train"), split)
    };
    let mut trained = guerdon_learn::train(&log, &config, &options, progress)?;
    if let Some(reach) = args.reach {
        trained.policy = trained.policy.placed(reach)?;
    }
    trained.policy.save(&args.out)?;
    if args.json {
        return output::json(&Learnt {
            policy: trained.policy.version(),
            file: args.out.display().to_string(),
            learner: &args.learner,
            metrics: &trained.metrics,
            remarks: &trained.remarks,
            training: trained.policy.parts().training.as_ref(),
        })
        .map(|()| ExitCode::SUCCESS);
    }
    output::line(&format!("{} written to {}", trained.policy.version(), args.out.display()))?;
    if let Some(training) = trained.policy.parts().training.as_ref() {
        output::line(&format!(
            "trained on {} decisions of {} members ({:.0} % of members; the others are kept for evaluate)",
            output::count(training.rows),
            output::count(training.members),
            100.0 * training.split.train_share
        ))?;
    }
    for remark in &trained.remarks {
        output::line(remark)?;
    }
    output::line(&format!("next: guerdon evaluate --policy {} --log {}", args.out.display(), args.log.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// The learner's defaults, or its settings from a file, which need not repeat the learner's name.
fn learner(name: &str, file: Option<&Path>) -> Result<LearnerConfig> {
    let Some(path) = file else { return LearnerConfig::named(name) };
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|e| Error::not_found(path, "learner file", e))?;
    let mut table: toml::Table =
        text.parse().map_err(|e: toml::de::Error| Error::config(&shown, "learner", "not TOML", e.message()))?;
    let stated = table.entry("learner").or_insert_with(|| name.into()).clone();
    if stated.as_str() != Some(name) {
        return Err(Error::config(&shown, "learner", stated, format!("--learner says {name}; let them agree")));
    }
    LearnerConfig::from_toml(&table.to_string(), &shown)
}
