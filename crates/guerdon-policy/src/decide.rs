//! Deciding: guardrails, prediction, placement, exploration, draw.

use crate::exploration::Distribute;
use crate::placement::Placed;
use crate::policy::Policy;
use crate::reasons::{Reason, Reasons};
use crate::request::{Decision, Request};
use crate::scratch::Scratch;
use guerdon_core::Propensity;

impl Policy {
    /// Decides. The same bundle, request and decision id give the same action and the same propensity, to the bit, on
    /// every machine. Nothing is allocated once `scratch` has been used with this policy.
    pub fn decide(&self, request: &Request, scratch: &mut Scratch) -> Decision {
        let reasons = self.distribute(request, scratch);
        let draw = self.draw_seed.uniform(request.decision_id);
        match pick(&scratch.probabilities, draw) {
            Some((action, propensity)) => Decision { action: Some(action), propensity, reasons },
            None => Decision { action: None, propensity: Propensity::ONE, reasons },
        }
    }

    /// The probability of every catalogue action. They sum to 1, unless nothing was left: then all are 0 and `none`
    /// outside the catalogue is certain.
    ///
    /// # Shapes
    /// `[actions]`
    pub fn probabilities<'s>(&self, request: &Request, scratch: &'s mut Scratch) -> &'s [f64] {
        self.distribute(request, scratch);
        &scratch.probabilities
    }

    /// What [`probabilities`](Self::probabilities) and [`outcomes`](Self::outcomes) give, with one prediction for both.
    ///
    /// # Shapes
    /// `[actions]`, `[heads * actions]`; the outcomes are empty for models without heads.
    pub fn probabilities_and_outcomes<'s>(
        &self,
        request: &Request,
        scratch: &'s mut Scratch,
    ) -> (&'s [f64], &'s [f32]) {
        self.distribute(request, scratch);
        if !scratch.predicted {
            self.predict(request, scratch);
        }
        (&scratch.probabilities, self.predicted(scratch))
    }

    /// What the model expects, whatever the guardrails say: `head * actions + action`, see [`crate::heads`]. Empty for
    /// models without heads, which expect nothing.
    ///
    /// # Shapes
    /// `[heads * actions]`
    pub fn outcomes<'s>(&self, request: &Request, scratch: &'s mut Scratch) -> &'s [f32] {
        self.fit(scratch);
        self.predict(request, scratch);
        self.predicted(scratch)
    }

    /// The score of every action, whatever the guardrails say; in major units of money unless the model has no heads.
    ///
    /// # Shapes
    /// `[actions]`
    pub fn scores<'s>(&self, request: &Request, scratch: &'s mut Scratch) -> &'s [f64] {
        self.fit(scratch);
        self.score(request, scratch);
        &scratch.scores
    }

    /// Fills `scratch.probabilities`.
    pub(crate) fn distribute(&self, request: &Request, scratch: &mut Scratch) -> Reasons {
        self.fit(scratch);
        scratch.predicted = false;
        let mut reasons = self.gate.refusals(request);
        let offers = reasons.is_empty();
        self.mark_left(request, offers, &mut reasons, &mut scratch.left);
        match scratch.left.iter().filter(|left| **left).count() {
            0 => return self.answer_none(scratch, false, reasons),
            1 => self.answer_only(scratch),
            _ => {
                self.score(request, scratch);
                let finite = |(score, left): (&f64, &bool)| score.is_finite() | !left;
                if !scratch.scores.iter().zip(&scratch.left).fold(true, |all, pair| all & finite(pair)) {
                    reasons.add(Reason::ScoreNotFinite);
                    return self.answer_none(scratch, true, reasons);
                }
                self.place(scratch, &mut reasons);
                let Scratch { votes, scores, left, probabilities, .. } = scratch;
                let exploration = &self.parts.exploration;
                self.arch.dispatch(Distribute { exploration, votes, scores, left, probabilities });
            }
        }
        reasons
    }

    /// Takes out rewards that placement sends elsewhere.
    fn place(&self, scratch: &mut Scratch, reasons: &mut Reasons) {
        let Some(placement) = self.parts.objective.placement else { return };
        match placement.place(self.parts.catalogue.rewards(), &scratch.outcomes, &mut scratch.left) {
            Placed::At(_, true) => reasons.add(Reason::Placement),
            Placed::Nowhere(_) => reasons.add(Reason::NoStageLikely),
            Placed::At(_, false) | Placed::Nothing => {}
        }
    }

    /// Marks the actions that may be taken: `none` always may, offers where `offers`; of both only what is eligible.
    pub(crate) fn mark_left(&self, request: &Request, offers: bool, reasons: &mut Reasons, left: &mut [bool]) {
        let Some(eligible) = request.eligible else {
            left.fill(offers);
            if let Some(none) = self.none.and_then(|none| left.get_mut(none)) {
                *none = true;
            }
            return;
        };
        left.fill(false);
        let mut named = 0;
        for action in eligible {
            if let Some(left) = left.get_mut(usize::from(*action)) {
                named += usize::from(!*left);
                *left = true;
            }
        }
        if named < left.len() {
            reasons.add(Reason::NotEligible);
        }
        if !offers {
            for (action, left) in left.iter_mut().enumerate() {
                *left &= Some(action) == self.none;
            }
        }
    }

    /// Gives the one action that is left its certainty; no model is asked.
    fn answer_only(&self, scratch: &mut Scratch) {
        for (probability, left) in scratch.probabilities.iter_mut().zip(&scratch.left) {
            *probability = if *left { 1.0 } else { 0.0 };
        }
    }

    /// Removes every offer: the catalogue's `none` becomes certain if it `may_stay` and was left, else nothing is left.
    fn answer_none(&self, scratch: &mut Scratch, may_stay: bool, mut reasons: Reasons) -> Reasons {
        scratch.probabilities.fill(0.0);
        let none = self.none.filter(|none| may_stay && scratch.left.get(*none) == Some(&true));
        match none.and_then(|none| scratch.probabilities.get_mut(none)) {
            Some(probability) => *probability = 1.0,
            None => reasons.add(Reason::NoActionLeft),
        }
        reasons
    }
}

/// The action at `draw` in [0, 1) of the cumulative distribution, in index order; never one with probability 0. Where
/// rounding leaves the sum below the draw, the last action that has a chance.
fn pick(probabilities: &[f64], draw: f64) -> Option<(usize, Propensity)> {
    let mut last = None;
    let mut below = 0.0;
    for (action, probability) in probabilities.iter().enumerate() {
        let Some(propensity) = Propensity::new(*probability) else { continue };
        last = Some((action, propensity));
        below += probability;
        if draw < below {
            break;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_draw_inverts_the_cumulative_distribution() {
        let p = [0.0, 0.25, 0.0, 0.75, 0.0];
        for (draw, action) in [(0.0, 1), (0.2499, 1), (0.25, 3), (0.999, 3)] {
            assert_eq!(pick(&p, draw), Some((action, Propensity::new(p[action]).unwrap())));
        }
    }

    #[test]
    fn rounding_never_leads_to_an_action_without_a_chance() {
        let p = [0.1, 0.2, 0.7 - 1e-9, 0.0];
        assert_eq!(pick(&p, 1.0 - f64::EPSILON).unwrap().0, 2);
        assert_eq!(pick(&[0.0, 0.0], 0.0), None);
    }
}
