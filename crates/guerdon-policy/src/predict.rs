//! Predicting: from a request's context to outcomes and scores.

use crate::dense::Dense;
use crate::exploration::Exploration;
use crate::model::{EnsembleModel, Linked, Links, OutcomeModel, Stack, gather, heads, sized};
use crate::policy::{Policy, PolicyParts};
use crate::request::Request;
use crate::scratch::{Scratch, Sizes};

/// How large the buffers of a policy of `parts` are.
pub(crate) fn sizes(parts: &PolicyParts) -> Sizes {
    let (width, actions) = (parts.encoder.width(), parts.catalogue.len());
    let widest = parts.model.widest(actions);
    let plain = Sizes { width, inputs: width, widest, members: 0, voters: 0, actions };
    match &parts.model {
        OutcomeModel::Ensemble(model) => {
            let members = model.members.len();
            // Each member's scores are needed only where their spread or their votes count.
            let kept = model.pessimism > 0.0 || matches!(parts.exploration, Exploration::Vote { .. });
            let voters = if kept { members } else { 0 };
            Sizes { inputs: width.max(model.trunk_outputs()), members, voters, ..plain }
        }
        _ => plain,
    }
}

impl Policy {
    /// Fills `scratch.scores`, and `scratch.votes` where they are needed.
    pub(crate) fn score(&self, request: &Request, scratch: &mut Scratch) {
        match &self.parts.model {
            OutcomeModel::Fixed(fixed) => scratch.scores.copy_from_slice(&fixed.scores),
            OutcomeModel::Scores(model) => {
                self.run(&model.layers, request, scratch);
                let Scratch { outcomes, scores, .. } = scratch;
                scores.iter_mut().zip(&*outcomes).for_each(|(score, output)| *score = f64::from(*output));
            }
            model => {
                self.predict(request, scratch);
                self.prices.score(&scratch.outcomes, &mut scratch.scores);
                match model {
                    OutcomeModel::Ensemble(model) if model.pessimism > 0.0 => {
                        lower(&mut scratch.scores, &scratch.votes, model.pessimism);
                    }
                    _ => {}
                }
            }
        }
    }

    /// Fills `scratch.outcomes`, `head * actions + action`, unless the model has no heads, and `scratch.votes` where an
    /// ensemble's are needed.
    pub(crate) fn predict(&self, request: &Request, scratch: &mut Scratch) {
        let parts = &self.parts;
        let links = Links::of(&parts.model);
        scratch.predicted = links.is_some();
        let Some(links) = links else { return };
        match &parts.model {
            OutcomeModel::Ensemble(model) => self.predict_mean(model, links, request, scratch),
            OutcomeModel::Trees(_) => {
                parts.encoder.encode(request.context, &mut scratch.encoded);
                if let Some(walks) = &self.walks {
                    walks.sums(&scratch.encoded, parts.catalogue.len(), &mut scratch.outcomes);
                }
                self.link(links, &mut scratch.outcomes, &mut scratch.spare);
            }
            model => {
                self.run(model.only_stack(), request, scratch);
                self.link(links, &mut scratch.outcomes, &mut scratch.spare);
            }
        }
    }

    /// The outcomes of the latest prediction; empty where none was made, as for models without heads.
    pub(crate) fn predicted<'s>(&self, scratch: &'s Scratch) -> &'s [f32] {
        let outcomes = scratch.outcomes.get(..self.outcomes_len()).unwrap_or_default();
        if scratch.predicted { outcomes } else { &[] }
    }

    /// Runs `layers` over the encoded context into `scratch.outcomes`.
    fn run(&self, layers: &[Dense], request: &Request, scratch: &mut Scratch) {
        let Scratch { encoded, non_zero, spare, outcomes, .. } = scratch;
        self.parts.encoder.encode(request.context, encoded);
        let x = gather(encoded, non_zero);
        self.arch.dispatch(Stack { layers, x, spare, out: outcomes, activate: false });
    }

    /// The trunk once, then member after member, added up in their order.
    fn predict_mean(&self, model: &EnsembleModel, links: Links, request: &Request, scratch: &mut Scratch) {
        let Scratch { encoded, non_zero, spare, member, outcomes, votes, .. } = scratch;
        let actions = self.parts.catalogue.len();
        self.parts.encoder.encode(request.context, encoded);
        let mut x = gather(encoded, non_zero);
        if !model.trunk.is_empty() {
            self.arch.dispatch(Stack { layers: &model.trunk, x, spare, out: member, activate: true });
            x = gather(sized(member, model.trunk_outputs()), non_zero);
        }
        let sums = sized(outcomes, self.outcomes_len());
        // Adding to −0 gives back any number to the bit.
        sums.fill(-0.0);
        let mut votes = votes.chunks_exact_mut(actions.max(1));
        for layers in &model.members {
            self.arch.dispatch(Stack { layers, x, spare, out: member, activate: false });
            self.link(links, member, spare);
            sums.iter_mut().zip(&*member).for_each(|(sum, outcome)| *sum += outcome);
            if let Some(scores) = votes.next() {
                self.prices.score(member, scores);
            }
        }
        let members = model.members.len() as f32;
        sums.iter_mut().for_each(|sum| *sum /= members);
    }

    fn link(&self, links: Links, outputs: &mut [f32], spare: &mut [f32]) {
        let (stages, actions) = (self.parts.stages.len(), self.parts.catalogue.len());
        let curve = links.outputs(stages);
        let outputs = sized(outputs, heads(stages) * actions + curve);
        self.arch.dispatch(Linked { links, stages, actions, outputs, spare });
    }

    fn outcomes_len(&self) -> usize {
        heads(self.parts.stages.len()) * self.parts.catalogue.len()
    }
}

/// Takes `pessimism` standard deviations over the members from each score.
///
/// # Shapes
/// `scores`: `[actions]`; `votes`: `[members][actions]`.
fn lower(scores: &mut [f64], votes: &[f64], pessimism: f64) {
    let actions = scores.len().max(1);
    let members = (votes.len() / actions) as f64;
    for (action, score) in scores.iter_mut().enumerate() {
        let of_members = votes.iter().skip(action).step_by(actions);
        let mean = of_members.clone().fold(0.0, |sum, vote| sum + vote) / members;
        let square = of_members.fold(0.0, |sum, vote| sum + (vote - mean) * (vote - mean)) / members;
        *score -= pessimism * square.sqrt();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_is_lowered_by_the_spread_of_its_members() {
        let mut scores = [2.0, 5.0];
        lower(&mut scores, &[1.0, 5.0, 3.0, 5.0], 0.5);
        assert_eq!(scores, [1.5, 5.0]);
    }
}
