//! Several networks trained side by side, an epoch of one and then an epoch of another, so that no core waits at the end.

use crate::run::{Fitted, Run, Training};
use guerdon_core::{Error, Progress, Result};
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A network that waits for its turn.
enum Turn<'a> {
    Start(&'a Run<'a>),
    Next(Box<Training<'a>>),
}

/// Trains all runs, on as many threads as rayon has: the CPU backend works on one thread, so each keeps one core busy. What
/// a network learns depends on its own run only.
///
/// # Errors
/// Those of [`Run::fit`], the first run's first.
pub fn fit_all(runs: &[Run], progress: &dyn Progress) -> Result<Vec<Fitted>> {
    let waiting: Mutex<VecDeque<(usize, Turn)>> = Mutex::new(runs.iter().map(Turn::Start).enumerate().collect());
    let ended: Mutex<Vec<Option<Result<Fitted>>>> = Mutex::new(runs.iter().map(|_| None).collect());
    let work = || {
        loop {
            // Taken by itself, so that nobody waits for the lock while this one works.
            let taken = held(&waiting).pop_front();
            let Some((place, turn)) = taken else { return };
            match turn.take(progress) {
                Ok(training) if training.goes_on() => held(&waiting).push_back((place, Turn::Next(Box::new(training)))),
                Ok(training) => held(&ended)[place] = Some(training.finish()),
                Err(error) => held(&ended)[place] = Some(Err(error)),
            }
        }
    };
    rayon::scope(|scope| (0..rayon::current_num_threads().min(runs.len())).for_each(|_| scope.spawn(|_| work())));
    let ended = ended.into_inner().unwrap_or_else(PoisonError::into_inner);
    let missing = || Err(Error::Internal("a network was not trained to its end".into()));
    ended.into_iter().map(|fitted| fitted.unwrap_or_else(missing)).collect()
}

impl<'a> Turn<'a> {
    fn take(self, progress: &dyn Progress) -> Result<Training<'a>> {
        match self {
            Turn::Start(run) => run.start(progress),
            Turn::Next(mut training) => {
                training.epoch(progress)?;
                Ok(*training)
            }
        }
    }
}

fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
