//! The networks of one neural model: one, or several that are trained side by side and averaged.

use crate::neural_config::NeuralConfig;
use crate::posterior::Posterior;
use burn::tensor::Device;
use guerdon_core::{Error, Progress, Result, Seed};
use guerdon_neural::{Fitted, Hyperparameters, Metric, Network, Run, Scale, Shape, Source, Summary, fit_all};
use std::path::{Path, PathBuf};

/// Most networks of a model.
pub(crate) const MOST_MEMBERS: usize = 64;

/// The phase that only chooses how many epochs to train.
const CHOOSE: &str = "choose";

/// What the networks are trained on and how.
pub(crate) struct Job<'a> {
    pub source: &'a dyn Source,
    pub config: &'a NeuralConfig,
    pub shape: Shape,
    pub seed: Seed,
    pub device: Device,
    /// As [`Run::checkpoint`]; several networks keep files of their own beside it.
    pub checkpoint: Option<(PathBuf, String)>,
    /// As [`Run::session_epochs`].
    pub session_epochs: Option<usize>,
}

/// A trained model.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    /// One or more, of one shape.
    pub networks: Vec<Network>,
    /// Whether they have their trunk in common.
    pub one_trunk: bool,
    pub scale: Scale,
}

impl Job<'_> {
    /// Trains all networks side by side.
    ///
    /// # Errors
    /// Those of [`Run::fit`], the first network's first.
    pub fn fit(&self, progress: &dyn Progress) -> Result<(Model, Vec<Metric>)> {
        let phases = if self.refits() { 2 } else { 1 };
        let members = self.config.members;
        let mut summary = Summary::of(self.source, self.shape.revenue, false)?;
        let passes = self.config.hyperparameters().passes(summary.rows);
        progress.start("train neural", Some((phases * members * passes) as u64));
        let mut metrics = vec![];
        let mut epochs = vec![None; members];
        if self.refits() {
            for (member, fitted) in self.all(&epochs, CHOOSE, &summary, progress)?.into_iter().enumerate() {
                epochs[member] = Some(fitted.epochs);
                metrics.extend(fitted.metrics);
            }
            summary = Summary::of(self.source, self.shape.revenue, true)?;
        }
        let mut networks = vec![];
        for fitted in self.all(&epochs, "fit", &summary, progress)? {
            networks.push(fitted.network);
            metrics.extend(fitted.metrics);
        }
        progress.finish();
        let mut model = Model { networks, one_trunk: false, scale: summary.scale };
        if self.config.posterior_draws > 0 {
            let posterior = Posterior {
                source: self.source,
                summary: &summary,
                all: self.refits(),
                precision: self.config.posterior_precision,
                seed: self.seed,
            };
            model = posterior.draws(&model, self.config.posterior_draws)?;
        }
        Ok((model, metrics))
    }

    fn refits(&self) -> bool {
        self.config.refit
    }

    /// Every network once; `epochs` as [`Run::refit`].
    fn all(
        &self,
        epochs: &[Option<usize>],
        phase: &str,
        summary: &Summary,
        progress: &dyn Progress,
    ) -> Result<Vec<Fitted>> {
        let hyper = self.config.hyperparameters();
        let runs = epochs.iter().enumerate().map(|(member, refit)| self.run(member, *refit, phase, summary, &hyper));
        fit_all(&runs.collect::<Vec<_>>(), progress)
    }

    fn run<'r>(
        &'r self,
        member: usize,
        refit: Option<usize>,
        phase: &str,
        summary: &'r Summary,
        hyper: &'r Hyperparameters,
    ) -> Run<'r> {
        let members = self.config.members;
        let alone = members == 1;
        let mut name = "neural".to_owned();
        let mut suffix = String::new();
        if !alone {
            name = format!("{name} {} of {members}", member + 1);
            suffix = format!("{}", member + 1);
        }
        if self.refits() && phase == CHOOSE {
            name = format!("{name}, choosing epochs");
            suffix.push_str(CHOOSE);
        }
        let seed = if alone { self.seed } else { self.seed.named("member").indexed(member as u64) };
        let checkpoint = self.checkpoint.as_ref().map(|(path, run)| {
            (beside(path, &suffix), format!("{run}{}{suffix}", if suffix.is_empty() { "" } else { " part " }))
        });
        Run {
            source: self.source,
            hyper,
            shape: &self.shape,
            summary,
            name,
            seed,
            device: self.device.clone(),
            sample: (self.config.bootstrap && !alone).then_some(member as u64),
            refit,
            checkpoint,
            session_epochs: self.session_epochs,
        }
    }
}

/// Removes the checkpoints of a run whose [`crate::TrainOptions::checkpoint`] was `path`; none need be there.
///
/// # Errors
/// [`Error::Write`] for a file that can't be removed.
pub fn forget_checkpoint(path: &Path) -> Result<()> {
    let members = (1..=MOST_MEMBERS).map(|member| member.to_string());
    for member in std::iter::once(String::new()).chain(members) {
        for file in [beside(path, &member), beside(path, &format!("{member}{CHOOSE}"))] {
            match std::fs::remove_file(&file) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(Error::write(&file, error)),
                _ => {}
            }
        }
    }
    Ok(())
}

/// `run.safetensors` with a suffix: `run.2.safetensors`.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    if suffix.is_empty() {
        return path.to_owned();
    }
    match path.extension() {
        Some(extension) => path.with_extension(format!("{suffix}.{}", extension.display())),
        None => path.with_extension(suffix),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_networks_checkpoint_lies_beside_the_one_named() {
        assert_eq!(beside(Path::new("a/run.safetensors"), "2"), Path::new("a/run.2.safetensors"));
        assert_eq!(beside(Path::new("a/run.safetensors"), ""), Path::new("a/run.safetensors"));
        assert_eq!(beside(Path::new("run"), "2choose"), Path::new("run.2choose"));
    }
}
