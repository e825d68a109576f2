//! How a member answers an offer: probabilities and rates, shared by the truth (which integrates them) and the play
//! (which draws from them).
//!
//! An offer goes out at its slot's next hour, is viewed U₁ ~ Uniform(0, 24) hours later with probability `view`, and
//! after a view is completed U₂ ~ Uniform(0, 24) hours later with probability `complete`. Purchases are Poisson with
//! mean basket `basket`: at the member's `habit` before the view and after the offer's validity, at habit · exp(lift)
//! in between, the lift rising once the offer is completed. Send (< 24 h), view and completion take less than 72 hours,
//! the shortest validity, so that all of them always fall inside it.

use super::catalogue::{Kind, Offer, WINDOW_HOURS};
use super::draw::sigmoid;
use super::member::{Latent, Member};

/// Hours within which a sent offer is viewed, and a viewed one completed, if at all.
pub(super) const REACT_HOURS: f64 = 24.0;

/// Share of last week's fatigue that is left a week later.
const FATIGUE_KEPT: f64 = 0.7;

/// Answers of one member, in one state, to one offer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Response {
    /// Hours from the decision until the offer goes out, in [0, 24).
    pub send_delay: f64,
    /// P(viewed).
    pub view: f64,
    /// P(completed | viewed).
    pub complete: f64,
    /// Purchases an hour without, after a view, and after a completion.
    pub rate: [f64; 3],
    /// Hours during which the offer lives.
    pub valid_hours: f64,
}

impl Response {
    /// The answers of `member`, tired by `fatigue`, to `offer` when decided on at `hour` of the day (with fraction).
    pub(super) fn of(member: &Member, fatigue: f64, hour: f64, offer: &Offer) -> Response {
        let latent = &member.latent;
        let base = latent.habit / WINDOW_HOURS;
        let Some(slot) = offer.slot else {
            return Response { send_delay: 0.0, view: 0.0, complete: 0.0, rate: [base; 3], valid_hours: WINDOW_HOURS };
        };
        let towards_slot = latent.evening * if slot.name() == "evening" { 1.0 } else { -1.0 };
        let view = sigmoid(0.75 + 0.7 * latent.engagement + 0.9 * towards_slot - 0.22 * fatigue);
        let complete = sigmoid(offer.completion_logit(&latent.tastes) + 0.3 * latent.engagement);
        let (viewed, completed) = offer.lift(&latent.tastes);
        let damping = damping(latent, fatigue);
        let rate = [base, base * (viewed * damping).exp(), base * ((viewed + completed) * damping).exp()];
        let send_delay = (slot.hour() - hour).rem_euclid(24.0);
        Response { send_delay, view, complete, rate, valid_hours: offer.valid_hours }
    }
}

/// Who buys often can't be lifted as much, and neither can who is tired of offers.
fn damping(latent: &Latent, fatigue: f64) -> f64 {
    1.2 * (2.4 / latent.habit).powf(0.7) * (-0.10 * fatigue).exp()
}

/// Fatigue a week later: it decays, and every offer adds one.
pub(super) fn tired(fatigue: f64, offer: &Offer) -> f64 {
    FATIGUE_KEPT * fatigue + if offer.kind == Kind::None { 0.0 } else { 1.0 }
}
