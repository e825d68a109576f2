//! Splits by member: all of a member's decisions fall on one side.

use crate::Seed;
use serde::{Deserialize, Serialize};

/// Who is trained on and who is held out, decided by a hash of the member's id.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberSplit {
    /// The seed of the hash.
    pub seed: Seed,
    /// Share of members trained on, in [0, 1].
    pub train_share: f64,
}

impl MemberSplit {
    /// Whether the member's decisions are trained on.
    #[inline]
    pub fn is_train(&self, member_id: &str) -> bool {
        self.seed.uniform(member_id) < self.train_share
    }
}

/// The member's fold, 0 to `folds` − 1, for cross-fitting.
#[inline]
pub fn fold_of(seed: Seed, member_id: &str, folds: usize) -> usize {
    ((seed.uniform(member_id) * folds as f64) as usize).min(folds - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn about_the_stated_share_is_trained_on_and_folds_are_even() {
        let split = MemberSplit { seed: Seed(5), train_share: 0.7 };
        let ids: Vec<String> = (0..10_000).map(|i| format!("member-{i}")).collect();
        let train = ids.iter().filter(|id| split.is_train(id)).count();
        assert!((6_800..7_200).contains(&train), "{train}");
        let mut folds = [0; 5];
        ids.iter().for_each(|id| folds[fold_of(Seed(5), id, 5)] += 1);
        assert!(folds.iter().all(|n| (1_850..2_150).contains(n)), "{folds:?}");
    }
}
