//! Work side by side: each worker has one thread of its own for whatever it does.

use guerdon_core::{Error, Result};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Does `work` on 0 … `count` − 1 with `workers` at a time, each on one thread, inner parallel loops included. After an
/// error no new piece is begun, and the error of the earliest piece is given.
pub(crate) fn side_by_side(count: usize, workers: usize, work: &(dyn Fn(usize) -> Result<()> + Sync)) -> Result<()> {
    let next = AtomicUsize::new(0);
    let failed: Mutex<Option<(usize, Error)>> = Mutex::new(None);
    let note = |piece: usize, error: Error| {
        next.store(count, Ordering::Relaxed);
        let mut failed = failed.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if failed.as_ref().is_none_or(|(earlier, _)| piece < *earlier) {
            *failed = Some((piece, error));
        }
    };
    let worker = || {
        let pool = match rayon::ThreadPoolBuilder::new().num_threads(1).build() {
            Ok(pool) => pool,
            Err(error) => return note(0, Error::Internal(format!("can't start a thread: {error}"))),
        };
        loop {
            let piece = next.fetch_add(1, Ordering::Relaxed);
            if piece >= count {
                return;
            }
            if let Err(error) = pool.install(|| work(piece)) {
                note(piece, error);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..workers.clamp(1, count.max(1)) {
            scope.spawn(worker);
        }
    });
    match failed.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner()) {
        Some((_, error)) => Err(error),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_piece_is_done_once_whatever_the_number_of_workers() {
        for workers in [1, 2, 7] {
            let done: Vec<AtomicUsize> = (0..20).map(|_| AtomicUsize::new(0)).collect();
            let work = |piece: usize| {
                assert_eq!(rayon::current_num_threads(), 1);
                done[piece].fetch_add(1, Ordering::Relaxed);
                Ok(())
            };
            side_by_side(20, workers, &work).unwrap();
            assert!(done.iter().all(|count| count.load(Ordering::Relaxed) == 1));
        }
        side_by_side(0, 2, &|_| Err(Error::Internal("nothing to do".into()))).unwrap();
    }

    #[test]
    fn an_error_ends_the_work_and_is_the_earliest() {
        let begun = AtomicUsize::new(0);
        let work = |piece: usize| {
            begun.fetch_add(1, Ordering::Relaxed);
            if piece == 3 { Err(Error::Internal("the third".into())) } else { Ok(()) }
        };
        let error = side_by_side(1_000, 1, &work).unwrap_err();
        assert!(error.to_string().contains("the third"));
        assert_eq!(begun.load(Ordering::Relaxed), 4);
    }
}
