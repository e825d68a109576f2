//! What a tree sees of an action.

use guerdon_core::Catalogue;
use std::collections::BTreeSet;

/// Numbers that describe each action.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ActionFeatures {
    /// How many actions there are.
    pub actions: usize,
    /// Numbers per action.
    pub width: usize,
    /// `[actions][width]`.
    pub values: Vec<f32>,
    /// The columns that grow with what the member gets: amount and points, plain and by logarithm.
    pub amounts: Vec<usize>,
}

impl ActionFeatures {
    /// The numbers of one action.
    pub fn of(&self, action: usize) -> &[f32] {
        &self.values[action * self.width..(action + 1) * self.width]
    }

    /// Appends a row's numbers: its context, then its action's.
    pub fn append(&self, context: &[f32], action: usize, out: &mut Vec<f32>) {
        out.extend_from_slice(context);
        out.extend_from_slice(self.of(action));
    }
}

/// Amount (minor units), points, and both as ln(1 + ·); threshold and validity as numbers with −1 where there is none;
/// each kind, `pays_at` and slot that some actions have and others have not, as 0/1; with `index`, each action too.
/// Columns that are the same for all actions are left out.
pub(crate) fn action_features(catalogue: &Catalogue, index: bool) -> ActionFeatures {
    let rewards = catalogue.rewards();
    let amounts = rewards.iter().map(|reward| reward.amount.0 as f64);
    let points = rewards.iter().map(|reward| reward.points as f64);
    let growing = [
        amounts.clone().collect::<Vec<f64>>(),
        amounts.map(f64::ln_1p).collect(),
        points.clone().collect(),
        points.map(f64::ln_1p).collect(),
    ];
    let mut columns: Vec<(bool, Vec<f64>)> = growing.into_iter().map(|column| (true, column)).collect();
    let threshold = rewards.iter().map(|reward| reward.threshold.map_or(-1.0, |threshold| threshold.0 as f64));
    let valid = rewards.iter().map(|reward| reward.valid_hours.unwrap_or(-1.0));
    columns.push((false, threshold.collect()));
    columns.push((false, valid.collect()));
    let names = [
        rewards.iter().map(|reward| reward.kind.clone()).collect::<Vec<String>>(),
        rewards.iter().map(|reward| format!("{:?}", reward.pays_at)).collect(),
        rewards.iter().map(|reward| format!("{:?}", reward.slot)).collect(),
    ];
    for names in &names {
        for value in names.iter().collect::<BTreeSet<_>>() {
            columns.push((false, names.iter().map(|name| f64::from(u8::from(name == value))).collect()));
        }
    }
    if index {
        for action in 0..rewards.len() {
            columns.push((false, (0..rewards.len()).map(|other| f64::from(u8::from(other == action))).collect()));
        }
    }
    columns.retain(|(_, column)| column.iter().any(|value| *value != column[0]));
    let width = columns.len();
    let values = (0..rewards.len()).flat_map(|action| columns.iter().map(move |(_, column)| column[action] as f32));
    ActionFeatures {
        actions: rewards.len(),
        width,
        amounts: (0..width).filter(|place| columns[*place].0).collect(),
        values: values.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use guerdon_core::{Money, Reward};

    fn reward(action: &str, kind: &str, amount: i64) -> Reward {
        Reward {
            action: action.into(),
            kind: kind.into(),
            amount: Money(amount),
            points: 0,
            threshold: None,
            pays_at: None,
            valid_hours: None,
            slot: None,
            channels: vec![],
        }
    }

    #[test]
    fn an_action_is_its_amount_its_logarithm_and_its_kind_and_nothing_that_all_share() {
        let catalogue =
            Catalogue::new(vec![reward("none", "none", 0), reward("a", "bogo", 500), reward("b", "bogo", 999)])
                .unwrap();
        let features = action_features(&catalogue, false);
        assert_eq!((features.width, features.amounts.as_slice()), (4, [0, 1].as_slice()));
        assert_eq!(features.of(0), [0.0, 0.0, 0.0, 1.0]);
        assert_eq!(features.of(2), [999.0, 1000f32.ln(), 1.0, 0.0]);
        assert_eq!(action_features(&catalogue, true).width, 7);
    }
}
