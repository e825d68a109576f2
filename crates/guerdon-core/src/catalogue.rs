//! The catalogue: which rewards there are to offer.

use crate::{Error, Money, Result};
use serde::{Deserialize, Serialize};

/// The name of the action that offers nothing.
pub const NONE: &str = "none";

/// One catalogue entry: what is offered, what it pays for, when it pays and expires.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reward {
    /// The action's name, unique in the catalogue.
    pub action: String,
    /// none, points, discount, bogo, cashback, gift, informational, …
    pub kind: String,
    /// What the reward is worth to the member, in money (points at their money value).
    pub amount: Money,
    /// Points credited when the reward pays; 0 for rewards in money.
    #[serde(default)]
    pub points: i64,
    /// Spend that the member must reach, in money.
    #[serde(default)]
    pub threshold: Option<Money>,
    /// Index of the funnel stage at which it pays; `None` never pays.
    #[serde(default)]
    pub pays_at: Option<usize>,
    /// Hours after the decision during which it can be viewed, completed and paid; `None` as long as the attribution
    /// window.
    #[serde(default)]
    pub valid_hours: Option<f64>,
    /// When it is sent: a slot or delay of the programme's own naming.
    #[serde(default)]
    pub slot: Option<String>,
    /// Where it is shown: e-mail, web, mobile, social, ….
    #[serde(default)]
    pub channels: Vec<String>,
}

impl Reward {
    /// Whether this is the action that offers nothing.
    pub fn is_none(&self) -> bool {
        self.action == NONE
    }

    /// What the programme pays when the reward's stage is reached.
    pub fn cost_when_paid(&self) -> Money {
        if self.pays_at.is_some() { self.amount } else { Money::ZERO }
    }
}

/// The rewards in a fixed order; an action's index is its place here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Reward>", into = "Vec<Reward>")]
pub struct Catalogue(Vec<Reward>);

impl Catalogue {
    /// Most actions that a catalogue may hold.
    pub const MOST_ACTIONS: usize = 4096;

    /// A catalogue of `rewards`, in their order.
    ///
    /// # Errors
    /// [`Error::Empty`] without rewards; [`Error::Inconsistent`] for an empty or repeated name or too many entries.
    pub fn new(rewards: Vec<Reward>) -> Result<Self> {
        if rewards.is_empty() {
            return Err(Error::Empty {
                place: "rewards".into(),
                what: "no rows; the catalogue needs at least one action".into(),
            });
        }
        if rewards.len() > Self::MOST_ACTIONS {
            return Err(Error::Inconsistent {
                place: "rewards".into(),
                what: format!("{} rows; a catalogue holds at most {}", rewards.len(), Self::MOST_ACTIONS),
            });
        }
        let mut seen = std::collections::HashSet::new();
        for (row, reward) in rewards.iter().enumerate() {
            if reward.action.is_empty() || !seen.insert(reward.action.as_str()) {
                return Err(Error::Inconsistent {
                    place: format!("rewards row {}", row + 1),
                    what: format!(
                        "action {:?} is empty or stands twice; each entry needs a name of its own",
                        reward.action
                    ),
                });
            }
        }
        Ok(Catalogue(rewards))
    }

    /// How many actions there are.
    #[allow(clippy::len_without_is_empty)] // never empty
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The entry at `action`.
    pub fn get(&self, action: usize) -> &Reward {
        &self.0[action]
    }

    /// All entries in order.
    pub fn rewards(&self) -> &[Reward] {
        &self.0
    }

    /// All names in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|reward| reward.action.as_str())
    }

    /// The index of the action named `action`.
    pub fn index_of(&self, action: &str) -> Option<usize> {
        self.0.iter().position(|reward| reward.action == action)
    }

    /// The index of [`NONE`], where the programme offers it as an action. Where it doesn't, "none" is still what a
    /// policy answers when every action has been removed.
    pub fn none(&self) -> Option<usize> {
        self.index_of(NONE)
    }
}

impl TryFrom<Vec<Reward>> for Catalogue {
    type Error = Error;
    fn try_from(rewards: Vec<Reward>) -> Result<Self> {
        Catalogue::new(rewards)
    }
}

impl From<Catalogue> for Vec<Reward> {
    fn from(catalogue: Catalogue) -> Vec<Reward> {
        catalogue.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reward(action: &str) -> Reward {
        Reward {
            action: action.into(),
            kind: "points".into(),
            amount: Money(100),
            points: 0,
            threshold: None,
            pays_at: None,
            valid_hours: None,
            slot: None,
            channels: vec![],
        }
    }

    #[test]
    fn a_name_that_stands_twice_is_refused() {
        let error = Catalogue::new(vec![reward("a"), reward("a")]).unwrap_err();
        assert!(error.to_string().contains("rewards row 2"), "{error}");
    }

    #[test]
    fn a_reward_that_pays_nowhere_costs_nothing() {
        assert_eq!(reward("a").cost_when_paid(), Money::ZERO);
    }
}
