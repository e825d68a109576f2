//! The buffers that a decision works in, made once and used again.

/// The buffers of one caller. A policy that uses them for the first time makes them as large as it needs; after that
/// no decision allocates.
#[derive(Debug, Clone, Default)]
pub struct Scratch {
    sizes: Sizes,
    pub(crate) encoded: Vec<f32>,
    pub(crate) non_zero: Vec<(usize, f32)>,
    pub(crate) spare: Vec<f32>,
    /// One member's outcomes, as they are computed.
    pub(crate) member: Vec<f32>,
    pub(crate) outcomes: Vec<f32>,
    /// Whether `outcomes` are those of the request at hand.
    pub(crate) predicted: bool,
    /// Every member's scores: `[members][actions]`.
    pub(crate) votes: Vec<f64>,
    pub(crate) scores: Vec<f64>,
    pub(crate) left: Vec<bool>,
    pub(crate) probabilities: Vec<f64>,
}

/// How large a policy needs them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sizes {
    /// Numbers that a context becomes.
    pub width: usize,
    /// Numbers that the widest stack of layers takes.
    pub inputs: usize,
    /// Numbers that the widest layer gives.
    pub widest: usize,
    /// Members that are averaged; 0 where none are.
    pub members: usize,
    /// Members whose scores are kept apart; 0 where none are.
    pub voters: usize,
    pub actions: usize,
}

impl Scratch {
    /// Makes every buffer the size that a policy needs.
    pub(crate) fn fit(&mut self, sizes: Sizes) {
        if self.sizes == sizes {
            return;
        }
        let Sizes { width, inputs, widest, members, voters, actions } = sizes;
        self.encoded.resize(width, 0.0);
        self.non_zero.resize(inputs, (0, 0.0));
        self.spare.resize(widest, 0.0);
        self.member.resize(if members > 0 { widest } else { 0 }, 0.0);
        self.outcomes.resize(widest, 0.0);
        self.votes.resize(voters * actions, 0.0);
        self.scores.resize(actions, 0.0);
        self.left.resize(actions, true);
        self.probabilities.resize(actions, 0.0);
        self.sizes = sizes;
    }
}
