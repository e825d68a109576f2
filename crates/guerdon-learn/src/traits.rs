//! What actions have in common, so that heads can share what they learn: kind, amount, timing, and pairs of these.

use guerdon_core::Catalogue;
use std::collections::BTreeMap;

/// One row of 0/1 traits per action, scaled to unit length: `[actions][traits]`, row by row.
///
/// A trait is a value of kind, amount (with points), `pays_at`, slot, validity or threshold, or a pair of two such
/// values, that at least two actions share; and one trait that all share. The heads of action `a` are then
/// W_a + Σ_k traits[a, k]·U_k, which folds into one matrix when the model is exported: a rare action leans on its
/// relatives, and weight decay keeps what is particular to it small.
pub(crate) fn traits(catalogue: &Catalogue) -> Vec<f32> {
    let facts: Vec<[String; 6]> = catalogue
        .rewards()
        .iter()
        .map(|reward| {
            [
                reward.kind.clone(),
                format!("{} {}", reward.amount.0, reward.points),
                format!("{:?}", reward.pays_at),
                format!("{:?}", reward.slot),
                format!("{:?}", reward.valid_hours),
                format!("{:?}", reward.threshold),
            ]
        })
        .collect();
    // Columns by who has them, so that two names for the same set of actions are one trait.
    let mut columns: BTreeMap<Vec<bool>, ()> = BTreeMap::new();
    columns.insert(vec![true; facts.len()], ());
    for first in 0..6 {
        for second in first..6 {
            let mut holders: BTreeMap<(&str, &str), Vec<bool>> = BTreeMap::new();
            for (action, fact) in facts.iter().enumerate() {
                let key = (fact[first].as_str(), fact[second].as_str());
                holders.entry(key).or_insert_with(|| vec![false; facts.len()])[action] = true;
            }
            let shared = holders.into_values().filter(|who| who.iter().filter(|has| **has).count() >= 2);
            columns.extend(shared.map(|who| (who, ())));
        }
    }
    let columns: Vec<Vec<bool>> = columns.into_keys().collect();
    (0..facts.len())
        .flat_map(|action| {
            let count = columns.iter().filter(|who| who[action]).count();
            let value = 1.0 / (count.max(1) as f32).sqrt();
            columns.iter().map(move |who| if who[action] { value } else { 0.0 })
        })
        .collect()
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
    fn actions_share_a_trait_for_each_value_that_two_of_them_have() {
        let catalogue = Catalogue::new(vec![
            reward("none", "none", 0),
            reward("a", "bogo", 500),
            reward("b", "bogo", 1000),
            reward("c", "discount", 500),
        ])
        .unwrap();
        let rows = traits(&catalogue);
        // all, bogo, 5.00: three traits; "none" has only the first.
        assert_eq!(rows.len(), 4 * 3);
        let held: Vec<usize> = rows.chunks(3).map(|row| row.iter().filter(|value| **value > 0.0).count()).collect();
        assert_eq!(held, [1, 3, 2, 2]);
        for row in rows.chunks(3) {
            assert!((row.iter().map(|value| value * value).sum::<f32>() - 1.0).abs() < 1e-6);
        }
    }
}
