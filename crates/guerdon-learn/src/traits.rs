//! What actions have in common, so that heads can share what they learn: kind, amount, timing, and pairs of these.

use guerdon_core::{Catalogue, Reward};
use std::collections::{BTreeMap, BTreeSet};

/// The features of every action for linear models: [`traits`], and numbers that also tell an amount that no other
/// action has: [`numbers`]. `[actions][features]`, row by row; the mean squared length of a row is 1, one half of it
/// from traits and one from numbers (all from traits where no number varies).
pub(crate) fn action_features(catalogue: &Catalogue) -> Vec<f32> {
    let actions = catalogue.len();
    let (traits, numbers) = (traits(catalogue), numbers(catalogue));
    if numbers.is_empty() {
        return traits;
    }
    let (traits, numbers) =
        (traits.chunks_exact(traits.len() / actions), numbers.chunks_exact(numbers.len() / actions));
    let half = std::f32::consts::FRAC_1_SQRT_2;
    traits.zip(numbers).flat_map(|(traits, numbers)| traits.iter().chain(numbers).map(move |v| v * half)).collect()
}

/// Numbers of every action, `[actions][numbers]`, each standardised over the catalogue and there only if it varies:
/// amount, ln(1 + amount / least positive amount), threshold (none is 0), hours of validity (unsaid is their mean), and
/// the amount once more for each kind that has more than one. Scaled to rows of a mean squared length of 1.
fn numbers(catalogue: &Catalogue) -> Vec<f32> {
    let rewards = catalogue.rewards();
    let amount: Vec<f64> = rewards.iter().map(|reward| reward.amount.0 as f64).collect();
    let least = amount.iter().copied().filter(|amount| *amount > 0.0).fold(f64::INFINITY, f64::min);
    let threshold = |reward: &Reward| reward.threshold.map_or(0.0, |money| money.0 as f64);
    let hours: Vec<f64> = rewards.iter().filter_map(|reward| reward.valid_hours).collect();
    let usual = hours.iter().sum::<f64>() / hours.len().max(1) as f64;
    let candidates = [
        amount.clone(),
        amount.iter().map(|amount| (amount.max(0.0) / least).ln_1p()).collect(),
        rewards.iter().map(threshold).collect(),
        rewards.iter().map(|reward| reward.valid_hours.unwrap_or(usual)).collect(),
    ];
    let mut columns: Vec<Vec<f64>> = candidates.iter().filter_map(|values| standardised(values)).collect();
    if let Some(amount) = standardised(&amount) {
        let kinds: BTreeSet<&str> = rewards.iter().map(|reward| reward.kind.as_str()).collect();
        for kind in kinds {
            let of_kind = |reward: &Reward| reward.kind == kind;
            let amounts: BTreeSet<i64> = rewards.iter().filter(|r| of_kind(r)).map(|reward| reward.amount.0).collect();
            if amounts.len() > 1 {
                let held = rewards.iter().zip(&amount).map(|(r, amount)| if of_kind(r) { *amount } else { 0.0 });
                columns.push(held.collect());
            }
        }
    }
    let squares: f64 = columns.iter().flatten().map(|value| value * value).sum();
    let scale = (rewards.len() as f64 / squares.max(f64::MIN_POSITIVE)).sqrt();
    (0..rewards.len()).flat_map(|action| columns.iter().map(move |column| (column[action] * scale) as f32)).collect()
}

/// (v − mean) / deviation; `None` where they are all the same.
fn standardised(values: &[f64]) -> Option<Vec<f64>> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let deviation = (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n).sqrt();
    let varies = deviation.is_finite() && deviation > 1e-9 * mean.abs();
    varies.then(|| values.iter().map(|value| (value - mean) / deviation).collect())
}

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
    fn numbers_are_standardised_and_there_only_where_they_vary() {
        let catalogue = Catalogue::new(vec![
            reward("none", "none", 0),
            reward("a", "bogo", 500),
            reward("b", "bogo", 1000),
            reward("c", "discount", 500),
        ])
        .unwrap();
        // amount, its logarithm, and the amount of a bogo; thresholds and hours are all the same.
        let rows = numbers(&catalogue);
        assert_eq!(rows.len(), 4 * 3);
        let length: f32 = rows.iter().map(|value| value * value).sum();
        assert!((length / 4.0 - 1.0).abs() < 1e-6);
        let column = |i: usize| rows.iter().skip(i).step_by(3).copied().collect::<Vec<f32>>();
        assert!(column(0).iter().sum::<f32>().abs() < 1e-6);
        let bogo = column(2);
        assert!(bogo[0] == 0.0 && bogo[3] == 0.0 && bogo[1] == column(0)[1] && bogo[2] == column(0)[2]);
        let features = action_features(&catalogue);
        assert_eq!(features.len(), 4 * (3 + 3));
        let length: f32 = features.iter().map(|value| value * value).sum();
        assert!((length / 4.0 - 1.0).abs() < 1e-6);
    }

    #[test]
    fn a_catalogue_without_numbers_has_only_traits() {
        let catalogue = Catalogue::new(vec![reward("a", "mail", 0), reward("b", "mail", 0)]).unwrap();
        assert_eq!(action_features(&catalogue), traits(&catalogue));
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
