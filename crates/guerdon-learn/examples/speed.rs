//! How fast a learner trains from a decision log: `speed LOG.parquet LEARNER.toml` prints decisions per
//! processor second of the whole call of `train`, reading included. Needs Linux's /proc.

use guerdon_core::{Error, MemberSplit, NoProgress, Result, Seed};
use guerdon_data::LogReader;
use guerdon_learn::{LearnerConfig, TrainOptions, train};
use std::path::Path;

/// Processor seconds of this process so far, on all threads, in steps of a hundredth.
fn processor_seconds() -> Result<f64> {
    let path = Path::new("/proc/self/stat");
    let text = std::fs::read_to_string(path).map_err(|error| Error::not_found(path, "process statistics", error))?;
    let after = text.rsplit(')').next().unwrap_or_default();
    let ticks: f64 = after.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
    Ok(ticks / 100.0)
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [log, learner] = &arguments[..] else {
        return Err(Error::config("speed", "arguments", format!("{arguments:?}"), "LOG.parquet LEARNER.toml would do"));
    };
    let log = LogReader::open(Path::new(log))?;
    let config = LearnerConfig::load(Path::new(learner))?;
    let options = TrainOptions::new(Seed(1), MemberSplit { seed: Seed(1).named("split"), train_share: 1.0 });
    let before = processor_seconds()?;
    let mut spent = f64::INFINITY;
    for _ in 0..5 {
        let before = processor_seconds()?;
        train(&log, &config, &options, &NoProgress)?;
        spent = spent.min(processor_seconds()? - before);
    }
    println!(
        "{}: {} decisions, {spent:.2} processor seconds at best of five ({:.0} a second); {before:.2} before",
        config.name(),
        log.rows(),
        log.rows() as f64 / spent
    );
    Ok(())
}
