//! Placement: at which stage of the funnel the rewards that a policy chooses pay, how large they are, and how likely the
//! member is to get there.

use guerdon_core::Reward;
use guerdon_data::LogMeta;
use serde::{Deserialize, Serialize};

/// Where a policy's rewards pay, over some decisions, by its own probabilities. The shares are in [0, 1] and add to 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlacementShares {
    /// Decisions.
    pub n: u64,
    /// Share of decisions with a reward that pays at each stage of the funnel, in order.
    pub stages: Vec<f64>,
    /// Share with an offer that never pays.
    pub never_pays: f64,
    /// Share without an offer.
    pub no_offer: f64,
    /// Mean amount of the offers, in major units; absent where none is made.
    pub amount: Option<f64>,
    /// Mean of P(reach the stage that pays | x, a) over the rewards that pay, as the policy's own model predicts it;
    /// absent where it predicts nothing or no reward pays.
    pub chance: Option<f64>,
}

/// What placement needs of each action.
struct Offer {
    is_none: bool,
    pays_at: Option<usize>,
    /// Major units.
    amount: f64,
}

/// What placement needs of the catalogue.
pub struct Offers {
    offers: Vec<Offer>,
    stages: usize,
}

impl Offers {
    pub fn new(meta: &LogMeta) -> Self {
        let environment = &meta.environment;
        Self::of(meta.catalogue.rewards(), environment.funnel.stages.len(), environment.economics.minor_units)
    }

    fn of(rewards: &[Reward], stages: usize, minor_units: u32) -> Self {
        let offer = |reward: &Reward| Offer {
            is_none: reward.is_none(),
            pays_at: reward.pays_at,
            amount: reward.amount.to_major(minor_units),
        };
        Offers { offers: rewards.iter().map(offer).collect(), stages }
    }
}

/// Sums over decisions, weighted by the policy's probabilities.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PlacementMass {
    n: u64,
    stages: Vec<f64>,
    never_pays: f64,
    no_offer: f64,
    amount: f64,
    chance: f64,
    /// Probability of the rewards that `chance` is summed over.
    predicted: f64,
}

impl PlacementMass {
    pub fn new(offers: &Offers) -> Self {
        PlacementMass { stages: vec![0.0; offers.stages], ..PlacementMass::default() }
    }

    /// One decision's. Where no action is left, nothing is offered.
    ///
    /// # Shapes
    /// `probabilities`: `[actions]`; `outcomes`: `[heads * actions]`, stages first, or empty.
    pub fn one(offers: &Offers, probabilities: &[f64], outcomes: &[f32]) -> Self {
        let mut mass = PlacementMass { n: 1, ..Self::new(offers) };
        let actions = offers.offers.len();
        for (action, (offer, &p)) in offers.offers.iter().zip(probabilities).enumerate() {
            if offer.is_none {
                mass.no_offer += p;
                continue;
            }
            mass.amount += p * offer.amount;
            let Some(stage) = offer.pays_at else {
                mass.never_pays += p;
                continue;
            };
            mass.stages[stage] += p;
            if let Some(&chance) = outcomes.get(stage * actions + action).filter(|_| p > 0.0) {
                mass.chance += p * f64::from(chance);
                mass.predicted += p;
            }
        }
        if probabilities.iter().all(|p| *p == 0.0) {
            mass.no_offer = 1.0;
        }
        mass
    }

    pub fn add(&mut self, other: &PlacementMass) {
        self.n += other.n;
        self.stages.iter_mut().zip(&other.stages).for_each(|(sum, mass)| *sum += mass);
        self.never_pays += other.never_pays;
        self.no_offer += other.no_offer;
        self.amount += other.amount;
        self.chance += other.chance;
        self.predicted += other.predicted;
    }

    pub fn shares(&self) -> PlacementShares {
        let share = |mass: f64| mass / self.n.max(1) as f64;
        let offered = self.never_pays + self.stages.iter().sum::<f64>();
        PlacementShares {
            n: self.n,
            stages: self.stages.iter().map(|mass| share(*mass)).collect(),
            never_pays: share(self.never_pays),
            no_offer: share(self.no_offer),
            amount: (offered > 0.0).then(|| self.amount / offered),
            chance: (self.predicted > 0.0).then(|| self.chance / self.predicted),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use guerdon_core::Money;

    /// No offer, 2.00 at stage 0, 6.00 at stage 1, a notice that never pays.
    fn offers() -> Offers {
        let reward = |action: &str, amount: i64, pays_at| Reward {
            action: action.into(),
            kind: action.into(),
            amount: Money(amount),
            points: 0,
            threshold: None,
            pays_at,
            valid_hours: None,
            slot: None,
            channels: vec![],
        };
        let rewards =
            [reward("none", 0, None), reward("a", 200, Some(0)), reward("b", 600, Some(1)), reward("c", 0, None)];
        Offers::of(&rewards, 2, 2)
    }

    #[test]
    fn shares_amounts_and_chances_are_the_means_that_the_probabilities_ask_for() {
        let offers = offers();
        let mut mass = PlacementMass::new(&offers);
        // Chances of stage 0, then of stage 1; only a's at 0 and b's at 1 count.
        let outcomes = [0.9, 0.5, 0.9, 0.9, 0.9, 0.9, 0.25, 0.9];
        mass.add(&PlacementMass::one(&offers, &[0.25, 0.25, 0.5, 0.0], &outcomes));
        mass.add(&PlacementMass::one(&offers, &[0.0, 0.25, 0.0, 0.75], &outcomes));
        let shares = mass.shares();
        assert_eq!(shares.n, 2);
        assert_eq!(shares.stages, [0.25, 0.25]);
        assert_eq!((shares.never_pays, shares.no_offer), (0.375, 0.125));
        assert_eq!(shares.stages.iter().sum::<f64>() + shares.never_pays + shares.no_offer, 1.0);
        // (0.5 · 2.00 + 0.5 · 6.00) over 1.75 offers; (0.5 · 0.5 + 0.5 · 0.25) over the 1 that pays.
        assert_eq!(shares.amount, Some(4.0 / 1.75));
        assert_eq!(shares.chance, Some(0.375));
    }

    #[test]
    fn without_offers_there_is_no_amount_and_without_heads_no_chance() {
        let offers = offers();
        let none = PlacementMass::one(&offers, &[1.0, 0.0, 0.0, 0.0], &[0.5; 8]).shares();
        assert_eq!((none.no_offer, none.amount, none.chance), (1.0, None, None));
        let left = PlacementMass::one(&offers, &[0.0; 4], &[]).shares();
        assert_eq!((left.no_offer, left.stages), (1.0, vec![0.0, 0.0]));
        let plain = PlacementMass::one(&offers, &[0.0, 1.0, 0.0, 0.0], &[]).shares();
        assert_eq!((plain.amount, plain.chance), (Some(2.0), None));
    }
}
