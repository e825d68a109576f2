//! The buffers that a decision works in, made once and used again.

/// The buffers of one caller. A policy that uses them for the first time makes them as large as it needs; after that
/// no decision allocates.
#[derive(Debug, Clone, Default)]
pub struct Scratch {
    pub(crate) encoded: Vec<f32>,
    pub(crate) non_zero: Vec<(usize, f32)>,
    pub(crate) spare: Vec<f32>,
    pub(crate) outcomes: Vec<f32>,
    pub(crate) scores: Vec<f64>,
    pub(crate) left: Vec<bool>,
    pub(crate) probabilities: Vec<f64>,
}

impl Scratch {
    /// Makes every buffer the size that a policy needs.
    pub(crate) fn fit(&mut self, width: usize, widest: usize, actions: usize) {
        if self.encoded.len() != width || self.outcomes.len() != widest || self.scores.len() != actions {
            self.encoded.resize(width, 0.0);
            self.non_zero.resize(width, (0, 0.0));
            self.spare.resize(widest, 0.0);
            self.outcomes.resize(widest, 0.0);
            self.scores.resize(actions, 0.0);
            self.left.resize(actions, true);
            self.probabilities.resize(actions, 0.0);
        }
    }
}
