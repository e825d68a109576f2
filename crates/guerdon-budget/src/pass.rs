//! One reading of the members on all cores; what the batches gave is merged in their order, whatever the number of threads.

use crate::batch::Batch;
use crate::members::Members;
use guerdon_core::{Error, Result};
use rayon::prelude::*;
use std::sync::{Mutex, PoisonError};

/// Batches in flight for each thread.
const AHEAD: usize = 4;

/// Maps every batch (`first` is the place of its first member) and hands the results to `merge` in order.
pub(crate) fn ordered<M: Members + ?Sized, T: Send>(
    members: &M,
    map: impl Fn(&Batch, u64) -> T + Sync,
    mut merge: impl FnMut(T) -> Result<()>,
) -> Result<u64> {
    let mut parts = members.parts();
    let mut first = 0u64;
    let mut shape = None;
    loop {
        let window = parts.by_ref().take(AHEAD * rayon::current_num_threads()).collect::<Result<Vec<_>>>()?;
        if window.is_empty() {
            return Ok(first);
        }
        // Batches come first, so that the place of each one's first member is known to the map.
        let batches = window.into_par_iter().map(|part| members.batch(part)).collect::<Result<Vec<_>>>()?;
        let mut firsts = Vec::with_capacity(batches.len());
        for batch in &batches {
            let given = (batch.options(), batch.resources());
            let wanted = *shape.get_or_insert(given);
            if given != wanted {
                return Err(Error::Mismatch {
                    place: format!("batch that starts with member {first}"),
                    what: "shape (options, resources)".to_owned(),
                    given: format!("{given:?}"),
                    wanted: format!("the first batch has {wanted:?}"),
                });
            }
            firsts.push(first);
            first += batch.len() as u64;
        }
        let done: Vec<T> = batches.into_par_iter().zip(firsts).map(|(batch, first)| map(&batch, first)).collect();
        done.into_iter().try_for_each(&mut merge)?;
    }
}

/// Adds every batch to one of a few accumulators. Only for sums that are exact in any order (integers).
pub(crate) fn unordered<M: Members + ?Sized, T: Send>(
    members: &M,
    new: impl Fn() -> T,
    add: impl Fn(&mut T, &Batch) + Sync,
    mut merge: impl FnMut(T),
) -> Result<()> {
    let threads = rayon::current_num_threads();
    let slots: Vec<Mutex<T>> = (0..threads).map(|_| Mutex::new(new())).collect();
    let mut parts = members.parts();
    loop {
        let window = parts.by_ref().take(AHEAD * threads).collect::<Result<Vec<_>>>()?;
        if window.is_empty() {
            break;
        }
        window.into_par_iter().try_for_each(|part| {
            let batch = members.batch(part)?;
            let slot = &slots[rayon::current_thread_index().unwrap_or(0) % threads];
            add(&mut slot.lock().unwrap_or_else(PoisonError::into_inner), &batch);
            Ok::<(), Error>(())
        })?;
    }
    for slot in slots {
        merge(slot.into_inner().unwrap_or_else(PoisonError::into_inner));
    }
    Ok(())
}
