//! What training costs the processor: `speed LOG.parquet LEARNER.toml [REPEATS]` prints, for the whole call of `train` and
//! for each of its steps, the median over 5 repeats (or as many as given) of processor seconds of the process, user and
//! system, on all threads. A repeat trains ten times, as the clock ticks in hundredths. Needs Linux's /proc.

use guerdon_core::{Error, MemberSplit, NoProgress, Progress, Result, Seed};
use guerdon_data::LogReader;
use guerdon_learn::{LearnerConfig, TrainOptions, train};
use std::path::Path;
use std::sync::Mutex;

/// Trainings in a repeat.
const TRAININGS: usize = 10;

/// What comes after the last step that tells of itself: choosing what to hold back by, solving, freezing.
const REST: &str = "choose and solve";

/// Processor seconds of this process so far, on all threads, in steps of a hundredth.
fn processor_seconds() -> Result<f64> {
    let path = Path::new("/proc/self/stat");
    let text = std::fs::read_to_string(path).map_err(|error| Error::not_found(path, "process statistics", error))?;
    let after = text.rsplit(')').next().unwrap_or_default();
    let ticks: f64 = after.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
    Ok(ticks / 100.0)
}

/// Adds up processor seconds by step.
struct Steps {
    steps: Mutex<Vec<(String, f64)>>,
    now: Mutex<(String, f64)>,
}

impl Steps {
    fn new(now: f64) -> Self {
        Steps { steps: Mutex::default(), now: Mutex::new((REST.to_owned(), now)) }
    }

    /// What was spent since the last call belongs to the step that was on; `next` is on now.
    fn turn(&self, next: &str) {
        let (Ok(mut steps), Ok(mut now), Ok(time)) = (self.steps.lock(), self.now.lock(), processor_seconds()) else {
            return;
        };
        let (step, since) = std::mem::replace(&mut *now, (next.to_owned(), time));
        match steps.iter_mut().find(|(name, _)| *name == step) {
            Some((_, spent)) => *spent += time - since,
            None => steps.push((step, time - since)),
        }
    }
}

impl Progress for Steps {
    fn start(&self, step: &str, _: Option<u64>) {
        self.turn(step);
    }

    fn advance(&self, _: u64) {}

    fn note(&self, _: &str) {}

    fn finish(&self) {
        self.turn(REST);
    }
}

/// The middle of `values`.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let repeats = arguments.get(2).map_or(Some(5), |text| text.parse::<usize>().ok());
    let ([log, learner, ..], Some(repeats @ 1..)) = (&arguments[..], repeats) else {
        let wanted = "LOG.parquet LEARNER.toml, and perhaps how many repeats, would do";
        return Err(Error::config("speed", "arguments", format!("{arguments:?}"), wanted));
    };
    let log = LogReader::open(Path::new(log))?;
    let config = LearnerConfig::load(Path::new(learner))?;
    let options = TrainOptions::new(Seed(1), MemberSplit { seed: Seed(1).named("split"), train_share: 1.0 });
    train(&log, &config, &options, &NoProgress)?; // not counted: threads start, the file comes into the page cache
    let mut found = vec![];
    for _ in 0..repeats {
        let steps = Steps::new(processor_seconds()?);
        for _ in 0..TRAININGS {
            train(&log, &config, &options, &steps)?;
        }
        steps.turn(REST);
        found.push(steps.steps.into_inner().unwrap_or_default());
    }
    println!("{}: {} decisions, processor seconds, median of {repeats}", config.name(), log.rows());
    let each = |spent: f64| spent / TRAININGS as f64;
    for (step, _) in &found[0] {
        let spent = |steps: &Vec<(String, f64)>| steps.iter().find(|(name, _)| name == step).map_or(0.0, |step| step.1);
        println!("{:8.4}  {step}", each(median(found.iter().map(spent).collect())));
    }
    let whole = |steps: &Vec<(String, f64)>| steps.iter().map(|step| step.1).sum();
    let whole = each(median(found.iter().map(whole).collect()));
    println!("{whole:8.4}  whole: {:.0} decisions a second", log.rows() as f64 / whole);
    Ok(())
}
