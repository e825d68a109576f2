//! The winner: its settings as a file, its value on members that the sweep never saw, and what a reader must know.

use super::constants::{BEST_CONSTANT, chosen_on, is_none};
use super::folds::Trainings;
use super::found::{Found, HeldOut, Members, Worth};
use super::trial::Trial;
use crate::config::Experiment;
use crate::evaluate::{Evaluator, NamedTarget, Options, Role, Target};
use crate::folder::write;
use crate::run::{LOGGING, UNIFORM, placed, references};
use guerdon_core::{Error, MemberSplit, Progress, Result};
use guerdon_data::LogReader;
use guerdon_learn::TrainOptions;
use guerdon_policy::Policy;

/// Writes the winner's settings; where members were kept back, trains it on all others and values it on these.
pub(super) fn take(
    found: &mut Found,
    trainings: &Trainings<'_>,
    trials: &[Trial],
    experiment: &Experiment,
    (log, split): (&LogReader, MemberSplit),
    valuing: &Options,
    progress: &dyn Progress,
) -> Result<()> {
    let Some(trial) = trials.iter().find(|trial| Some(&trial.name) == found.winner.as_ref()) else {
        // Those of an earlier, larger sweep would be taken for this one's.
        for stale in [trainings.folder.best(), trainings.folder.best_policy()] {
            if stale.is_file() {
                std::fs::remove_file(&stale).map_err(|e| Error::write(&stale, e))?;
            }
        }
        found.notes.push("no trial can be valued on this log, so there is no winner".into());
        return Ok(());
    };
    write(&trainings.folder.best(), settings_file(trial, found)?.as_bytes())?;
    if found.members == Members::Training {
        let policy = final_policy(trainings, trial, experiment, (log, split), progress)?;
        found.held_out = Some(held_out(policy, trainings, experiment, (log, split), valuing, progress)?);
    }
    found.notes.extend(notes(found, &trial.name));
    Ok(())
}

/// The winner's settings as TOML, as `guerdon train --config` takes them.
fn settings_file(trial: &Trial, found: &Found) -> Result<String> {
    let table = toml::Table::try_from(&trial.config).map_err(|e| Error::Internal(format!("settings as TOML: {e}")))?;
    // Placement is no setting of a learner, so that the command has to be told.
    let reach = trial.reach.map(|reach| format!("# placed with --reach {reach}\n")).unwrap_or_default();
    Ok(format!(
        "# {} of sweep {} of experiment {}: {}\n{reach}{table}",
        trial.name,
        found.sweep,
        found.experiment,
        Trial::settings(&trial.drawn)
    ))
}

/// The winner, trained as a run of the experiment would with these settings, or as an earlier try of this sweep left it.
fn final_policy(
    trainings: &Trainings<'_>,
    trial: &Trial,
    experiment: &Experiment,
    (log, split): (&LogReader, MemberSplit),
    progress: &dyn Progress,
) -> Result<Policy> {
    let path = trainings.folder.best_policy();
    let wanted = serde_json::to_value(&trial.config).map_err(|e| Error::Internal(e.to_string()))?;
    if path.is_file() {
        let there = Policy::load(&path)?;
        // A sweep with more draws may have another winner.
        if there.parts().training.as_ref().is_some_and(|training| training.config == wanted)
            && there.parts().objective.placement.map(|placement| placement.reach) == trial.reach
        {
            return Ok(there);
        }
    }
    let options = TrainOptions {
        device: trainings.device,
        name: Some(trial.learner.clone()),
        ..TrainOptions::new(experiment.seed.named("train").named(&trial.learner), split)
    };
    let trained = guerdon_learn::train(log, &trial.config, &options, progress)?;
    let policy = placed(trained.policy, trial.reach)?;
    policy.save(&path)?;
    Ok(policy)
}

fn held_out(
    policy: Policy,
    trainings: &Trainings<'_>,
    experiment: &Experiment,
    (log, split): (&LogReader, MemberSplit),
    valuing: &Options,
    progress: &dyn Progress,
) -> Result<HeldOut> {
    let others = references(log)?;
    let constants: Vec<NamedTarget> = others.iter().filter(|other| other.role == Role::Constant).cloned().collect();
    let best = chosen_on(trainings.log, &constants, valuing)?;
    let version = policy.version().to_owned();
    let target = Target::Policy(Box::new(policy));
    let mut targets = vec![NamedTarget { name: version.clone(), role: Role::Learner, target }];
    targets.extend(others);
    // As a run values its policies.
    let options = Options {
        folds: experiment.evaluate.folds,
        seed: experiment.seed.named("evaluate"),
        held_out_of: Some(split),
        ..valuing.clone()
    };
    let against = super::against(best.as_deref().unwrap_or(LOGGING));
    let valued = Evaluator::new(log, options, progress)?.evaluate(&targets, &against, progress)?;
    let mut worths =
        valued.into_iter().map(|valued| Worth::of(valued, experiment.evaluate.headline)).collect::<Result<Vec<_>>>()?;
    let winner = worths.remove(0);
    let shown = |worth: &Worth| {
        let role = matches!(worth.role, Role::Logging) || worth.name == UNIFORM;
        role || is_none(&worth.name) || Some(&worth.name) == best.as_ref()
    };
    worths.retain(shown);
    Ok(HeldOut { policy: version, winner, best_constant: best, references: worths })
}

/// What the figures do and do not say.
fn notes(found: &Found, winner: &str) -> Vec<String> {
    let mut notes = vec![];
    if let Some(compared) = &found.compared {
        let place = |name: &str| compared.candidates.iter().position(|candidate| candidate.name == name);
        let given = found.references.iter().filter(|worth| worth.role == Role::Given).map(|worth| worth.name.as_str());
        let given: Vec<&str> = given.collect();
        let elsewhere = if given.is_empty() { "" } else { "decisions made elsewhere, " };
        for other in [BEST_CONSTANT, LOGGING].into_iter().chain(given) {
            let pair = place(winner).zip(place(other)).and_then(|(one, two)| compared.pair(one, two));
            let Some(pair) = pair else { continue };
            let verdict = if compared.beats(pair.first, pair.second) {
                "is worth more than"
            } else if compared.beats(pair.second, pair.first) {
                "is worth less than"
            } else {
                "can't be told from"
            };
            notes.push(format!(
                "with all {} pairs of trials, {elsewhere}{BEST_CONSTANT} and {LOGGING} held at once at {:.0} %, {winner} {verdict} \
                 {other}: {:+.4} [{:.4}, {:.4}]; the intervals in the table hold one by one",
                compared.pairs.len(),
                100.0 * found.confidence,
                pair.difference,
                pair.lower,
                pair.upper
            ));
        }
        let rivals = (0..compared.candidates.len())
            .filter(|other| found.trials.iter().any(|trial| trial.trial == compared.candidates[*other].name))
            .filter(|other| compared.candidates[*other].name != winner)
            .filter(|other| place(winner).is_some_and(|one| !compared.beats(one, *other)));
        let names: Vec<&str> = rivals.map(|other| compared.candidates[other].name.as_str()).collect();
        if !names.is_empty() {
            notes.push(format!("so held, the log can't tell {winner} from {}", names.join(", ")));
        }
    }
    let contenders = found.trials.iter().filter(|trial| trial.lower().is_some()).count();
    if contenders > 1 {
        notes.push(match found.members {
            Members::Training => format!(
                "{winner} is the best of {contenders} by these very figures, so its own is too high; the one on members \
                 held out is not"
            ),
            Members::All => format!("{winner} is the best of {contenders} by these very figures, so its own is too high"),
        });
    }
    notes
}
