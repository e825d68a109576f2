//! `guerdon online`: progressive validation of online learners on a stream of which every arm's reward is known.

use crate::args::OnlineArgs;
use crate::output;
use guerdon_core::{Error, Progress, Result, Seed};
use guerdon_data::{RewardStream, StreamColumns};
use guerdon_learn::online::{Learner, OnlineConfig, Ranged, Replay, Step, replay};
use serde::Serialize;
use std::path::Path;
use std::process::ExitCode;

/// One learner's way along the stream.
#[derive(Serialize)]
struct Played {
    learner: String,
    config: OnlineConfig,
    steps: usize,
    actions: usize,
    /// Rewards outside --reward-range, if there is one, which counted as its nearer end.
    rewards_cut: Option<u64>,
    /// The largest standard error of propensities that are counted among draws.
    propensity_error: Option<f64>,
    replay: Replay,
}

/// Points of a curve.
const POINTS: usize = 50;

pub fn run(args: &OnlineArgs, progress: &dyn Progress) -> Result<ExitCode> {
    let columns = StreamColumns {
        context: args.context_prefix.clone(),
        rewards: args.reward_prefix.clone(),
        expected: args.expected_prefix.clone(),
        eligible: args.eligible_prefix.clone(),
        label: args.label.clone(),
    };
    if !(args.divide.is_finite() && args.divide > 0.0) {
        return Err(Error::config("online", "--divide", args.divide, "a number above 0 would do"));
    }
    let mut stream = RewardStream::read(&args.stream, &columns)?;
    stream.context.iter_mut().for_each(|x| *x /= args.divide as f32);
    let order: Vec<usize> = match &args.order {
        None => (0..stream.len()).collect(),
        Some(text) => match text.rsplit_once(':') {
            Some((file, column)) => RewardStream::order(Path::new(file), column, stream.len())?,
            None => return Err(Error::config("online", "--order", text, "FILE:COLUMN would do")),
        },
    };
    let configs: Vec<(String, OnlineConfig)> = match &args.config {
        Some(path) => vec![(path.display().to_string(), settings(path)?)],
        None => {
            args.learners.iter().map(|name| Ok((name.clone(), OnlineConfig::named(name)?))).collect::<Result<_>>()?
        }
    };
    let outside = args.reward_range.is_none().then(|| outside(&stream)).flatten();
    if let Some((least, most)) = outside {
        if let Some((name, _)) = configs.iter().find(|(_, config)| config.reward_range().is_some()) {
            let wanted =
                format!("LOW,HIGH would do: {name} needs rewards from 0 to 1, and these are {least:.2} to {most:.2}");
            return Err(Error::config("online", "--reward-range", "missing", wanted));
        }
        progress.note(&format!(
            "rewards are {least:.2} to {most:.2}; the learners' defaults suit 0 to 1: see --reward-range LOW,HIGH"
        ));
    }
    progress.start("replay", Some(configs.len() as u64));
    let mut all = vec![];
    for (name, config) in configs {
        let actions = stream.actions.len();
        let mut learner = Learner::new(config, stream.inputs, actions, Seed(args.seed).named("online"))?;
        let steps = order.iter().map(|row| step(&stream, *row));
        let every = order.len().div_ceil(POINTS) as u64;
        let (replay, cut) = match args.reward_range {
            None => (replay(steps, &mut learner, every)?, None),
            Some((low, high)) => {
                let mut ranged = Ranged::new(&mut learner, low, high)?;
                (replay(steps, &mut ranged, every)?, Some(ranged.cut()))
            }
        };
        let (steps, propensity_error) = (order.len(), config.propensity_error());
        all.push(Played { learner: name, config, steps, actions, rewards_cut: cut, propensity_error, replay });
        progress.advance(1);
    }
    progress.finish();
    if args.json {
        output::json(&all)?;
        return Ok(ExitCode::SUCCESS);
    }
    output::line(&format!(
        "{} steps, {} arms; every step is decided before its reward is learned",
        order.len(),
        stream.actions.len()
    ))?;
    let rows = all.iter().map(|played| {
        let last = &played.replay.last;
        vec![
            played.learner.clone(),
            format!("{:.4}", last.mean_reward),
            last.regret.map_or("–".into(), |regret| format!("{regret:.1}")),
            format!("{:.4}", played.replay.least_propensity),
            played.propensity_error.map_or("exact".into(), |error| format!("± {error:.4}")),
            played.rewards_cut.map_or("–".into(), output::count),
        ]
    });
    output::table(&["learner", "mean reward", "regret", "least propensity", "propensities", "rewards cut"], rows)?;
    Ok(ExitCode::SUCCESS)
}

/// The smallest and the largest reward, where some are not in [0, 1].
fn outside(stream: &RewardStream) -> Option<(f64, f64)> {
    let least = stream.rewards.iter().copied().fold(f64::INFINITY, f64::min);
    let most = stream.rewards.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (least < 0.0 || most > 1.0).then_some((least, most))
}

fn step(stream: &RewardStream, row: usize) -> Step<'_> {
    let (inputs, actions) = (stream.inputs, stream.actions.len());
    let of = row * actions..(row + 1) * actions;
    Step {
        x: &stream.context[row * inputs..(row + 1) * inputs],
        eligible: stream.eligible.as_ref().map(|eligible| &eligible[of.clone()]),
        rewards: &stream.rewards[of.clone()],
        expected: stream.expected.as_ref().map(|expected| &expected[of]),
    }
}

fn settings(path: &Path) -> Result<OnlineConfig> {
    let text = std::fs::read_to_string(path).map_err(|e| Error::not_found(path, "file", e))?;
    toml::from_str(&text)
        .map_err(|e| Error::config(path.display().to_string(), "settings", "not readable", e.message()))
}
