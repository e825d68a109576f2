//! How long work tells how far it is; a door may draw a bar of it.

use std::sync::{Mutex, PoisonError};

/// Told by long work how far it is. All methods may be called from any thread.
pub trait Progress: Sync {
    /// A step begins; `total` units of work lie ahead, where that is known.
    fn start(&self, step: &str, total: Option<u64>);
    /// `units` more are done.
    fn advance(&self, units: u64);
    /// Something worth a word beside the bar, say the current loss.
    fn note(&self, text: &str);
    /// Something that was chosen or done to the data, to be kept beside the result. Told like a note unless somebody keeps
    /// it.
    fn remark(&self, text: &str) {
        self.note(text);
    }
    /// The step is done.
    fn finish(&self);
}

/// Passes everything on, and keeps the remarks.
pub struct Remarks<'a> {
    to: &'a dyn Progress,
    kept: Mutex<Vec<String>>,
}

impl<'a> Remarks<'a> {
    /// None yet.
    pub fn new(to: &'a dyn Progress) -> Self {
        Remarks { to, kept: Mutex::default() }
    }

    /// What was remarked, in order.
    pub fn into_kept(self) -> Vec<String> {
        self.kept.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress for Remarks<'_> {
    fn start(&self, step: &str, total: Option<u64>) {
        self.to.start(step, total);
    }
    fn advance(&self, units: u64) {
        self.to.advance(units);
    }
    fn note(&self, text: &str) {
        self.to.note(text);
    }
    fn remark(&self, text: &str) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).push(text.to_owned());
        self.to.remark(text);
    }
    fn finish(&self) {
        self.to.finish();
    }
}

/// Tells nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn start(&self, _: &str, _: Option<u64>) {}
    fn advance(&self, _: u64) {}
    fn note(&self, _: &str) {}
    fn finish(&self) {}
}
