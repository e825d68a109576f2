//! The amount curve: what a larger reward of the same make brings, never less and with falling returns.

use guerdon_core::{Catalogue, Money, Reward};

/// Most knots of a curve; a group of more amounts gets evenly chosen ones.
const MOST_KNOTS: usize = 8;

/// Groups of actions that differ in nothing but their amount, and a basis of concave, never falling functions of it.
///
/// With amounts a₀ < a₁ < … < a_m, basis function j is min(a − a₀, a_j − a₀) / (a_j − a₀): a curve with weights of at
/// least 0 on these is any concave, never falling, piecewise linear function that is 0 at the smallest amount.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// The group of every action; `None` for one that stands alone.
    pub group: Vec<Option<usize>>,
    /// How many groups there are, at least 1.
    pub groups: usize,
    /// Basis functions of a group (those that a group does not need are 0).
    pub knots: usize,
    /// `[actions][knots]`, each in [0, 1]; 0 for actions without a group.
    pub basis: Vec<f32>,
}

/// Everything of a reward but its name and its amount.
type Make<'a> = (&'a str, Option<Money>, Option<usize>, Option<u64>, Option<&'a str>, &'a [String]);

fn make(reward: &Reward) -> Make<'_> {
    let hours = reward.valid_hours.map(f64::to_bits);
    (&reward.kind, reward.threshold, reward.pays_at, hours, reward.slot.as_deref(), &reward.channels)
}

impl Curve {
    /// The curve of a catalogue; `None` where no two actions differ in their amount alone. Rewards in points count with
    /// their money value.
    pub fn of(catalogue: &Catalogue) -> Option<Curve> {
        let rewards = catalogue.rewards();
        let mut groups: Vec<(Make, Vec<usize>)> = vec![];
        for (action, reward) in rewards.iter().enumerate() {
            match groups.iter_mut().find(|(known, _)| *known == make(reward)) {
                Some((_, actions)) => actions.push(action),
                None => groups.push((make(reward), vec![action])),
            }
        }
        let groups: Vec<(Vec<usize>, Vec<i64>)> = groups
            .into_iter()
            .map(|(_, actions)| {
                let amounts = amounts(rewards, &actions);
                (actions, amounts)
            })
            .filter(|(_, amounts)| amounts.len() > 1)
            .collect();
        let most = groups.iter().map(|(_, amounts)| amounts.len() - 1).max()?;
        let knots = most.min(MOST_KNOTS);
        let mut curve = Curve {
            group: vec![None; rewards.len()],
            groups: groups.len(),
            knots,
            basis: vec![0.0; rewards.len() * knots],
        };
        for (group, (actions, amounts)) in groups.iter().enumerate() {
            for &action in actions {
                curve.group[action] = Some(group);
                let basis = &mut curve.basis[action * knots..(action + 1) * knots];
                fill(basis, rewards[action].amount.0, amounts);
            }
        }
        Some(curve)
    }

    /// The catalogue as it looks where amounts must not tell the actions of a group apart: each has the first one's.
    pub fn without_amounts(&self, catalogue: &Catalogue) -> guerdon_core::Result<Catalogue> {
        let mut rewards = catalogue.rewards().to_vec();
        for group in 0..self.groups {
            let of_group = |action: &usize| self.group[*action] == Some(group);
            let Some(first) = (0..rewards.len()).find(of_group) else { continue };
            let (amount, points) = (rewards[first].amount, rewards[first].points);
            for action in (0..rewards.len()).filter(of_group) {
                (rewards[action].amount, rewards[action].points) = (amount, points);
            }
        }
        Catalogue::new(rewards)
    }

    /// For every action a column: actions of a group have the same. And how many columns there are.
    pub fn columns(&self) -> (Vec<usize>, usize) {
        let mut next = self.groups;
        let columns = self.group.iter().map(|group| {
            group.unwrap_or_else(|| {
                next += 1;
                next - 1
            })
        });
        (columns.collect(), next)
    }

    /// The first action of every group.
    pub fn firsts(&self) -> Vec<usize> {
        (0..self.groups).filter_map(|group| self.group.iter().position(|of| *of == Some(group))).collect()
    }
}

/// Distinct amounts, ascending.
fn amounts(rewards: &[Reward], actions: &[usize]) -> Vec<i64> {
    let mut amounts: Vec<i64> = actions.iter().map(|action| rewards[*action].amount.0).collect();
    amounts.sort_unstable();
    amounts.dedup();
    amounts
}

/// Writes the basis at `amount`; `amounts` ascending, at least two.
fn fill(basis: &mut [f32], amount: i64, amounts: &[i64]) {
    let least = amounts[0];
    let above = &amounts[1..];
    let used = above.len().min(basis.len());
    for (j, value) in basis[..used].iter_mut().enumerate() {
        let knot = above[(j + 1) * above.len() / used - 1];
        *value = ((amount.min(knot) - least) as f64 / (knot - least) as f64) as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reward(action: &str, kind: &str, amount: i64, slot: Option<&str>) -> Reward {
        Reward {
            action: action.into(),
            kind: kind.into(),
            amount: Money(amount),
            points: 0,
            threshold: None,
            pays_at: None,
            valid_hours: None,
            slot: slot.map(Into::into),
            channels: vec![],
        }
    }

    #[test]
    fn actions_that_differ_in_their_amount_alone_make_a_group_and_others_stand_alone() {
        let rewards = vec![
            reward("none", "none", 0, None),
            reward("b", "cash", 300, None),
            reward("late", "cash", 100, Some("late")),
            reward("a", "cash", 100, None),
            reward("c", "cash", 900, None),
        ];
        let catalogue = Catalogue::new(rewards).unwrap();
        let curve = Curve::of(&catalogue).unwrap();
        assert_eq!(curve.group, [None, Some(0), None, Some(0), Some(0)]);
        assert_eq!((curve.groups, curve.knots), (1, 2));
        assert_eq!(curve.basis, [0.0, 0.0, 1.0, 0.25, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0]);
        assert_eq!(curve.columns(), (vec![1, 0, 2, 0, 0], 3));
        assert_eq!(curve.firsts(), [1]);
        let same = curve.without_amounts(&catalogue).unwrap();
        assert_eq!(same.rewards().iter().map(|reward| reward.amount.0).collect::<Vec<_>>(), [0, 300, 100, 300, 300]);
    }

    #[test]
    fn a_catalogue_without_such_actions_has_no_curve() {
        let catalogue = Catalogue::new(vec![reward("none", "none", 0, None), reward("b", "cash", 3, None)]).unwrap();
        assert_eq!(Curve::of(&catalogue), None);
    }

    #[test]
    fn many_amounts_share_a_few_knots_the_last_of_which_is_the_largest() {
        let rewards = (0..40).map(|i| reward(&i.to_string(), "cash", i * i, None)).collect();
        let curve = Curve::of(&Catalogue::new(rewards).unwrap()).unwrap();
        assert_eq!(curve.knots, MOST_KNOTS);
        for j in 0..MOST_KNOTS {
            let values: Vec<f32> = (0..40).map(|action| curve.basis[action * MOST_KNOTS + j]).collect();
            assert!(values.windows(2).all(|pair| pair[0] <= pair[1]) && values[0] == 0.0 && values[39] == 1.0);
        }
        let last = MOST_KNOTS - 1;
        assert!(curve.basis[38 * MOST_KNOTS + last] < 1.0);
    }
}
