//! How long work tells how far it is; a door may draw a bar of it.

/// Told by long work how far it is. All methods may be called from any thread.
pub trait Progress: Sync {
    /// A step begins; `total` units of work lie ahead, where that is known.
    fn start(&self, step: &str, total: Option<u64>);
    /// `units` more are done.
    fn advance(&self, units: u64);
    /// Something worth a word beside the bar, say the current loss.
    fn note(&self, text: &str);
    /// The step is done.
    fn finish(&self);
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
