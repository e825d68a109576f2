//! The funnel: the ordered stages that a member may reach after a decision.

use serde::{Deserialize, Serialize};

/// What an event must have in common with a decision to count for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StageMatch {
    /// No event: the decision itself reaches the stage, whenever its action is not `none`.
    Decision,
    /// The event names the decision's action and lies inside min(attribution window, validity of the reward).
    Action,
    /// Any such event of the member inside the attribution window.
    Member,
}

/// One stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// The stage's name.
    pub name: String,
    /// The event that reaches it; none for [`StageMatch::Decision`].
    #[serde(default)]
    pub event: Option<String>,
    /// Which events count.
    #[serde(rename = "match")]
    pub matches: StageMatch,
}

/// The stages from shallow to deep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Funnel {
    /// In order; the last is the deepest.
    pub stages: Vec<Stage>,
}

impl Funnel {
    /// The index of the stage called `name`.
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.stages.iter().position(|stage| stage.name == name)
    }

    /// The names in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.stages.iter().map(|stage| stage.name.as_str())
    }
}
