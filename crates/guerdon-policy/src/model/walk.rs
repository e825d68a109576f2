//! Boosted trees laid out for serving: one walk through a tree serves all actions.
//!
//! Actions' features are known beforehand, so a split on one of them is a set of actions that go left. A walk carries the
//! set of actions that are still together, follows the one branch that a split on the context sends them all to, and parts
//! them at a split on their own features (after the bit vectors of QuickScorer, Lucchese et al. 2015).

use super::trees::{Forest, TreesModel};

/// Actions that are walked with at once: the bits of a set.
const TOGETHER: usize = 64;

/// Marks a split on the action: the rest of `feature` is the place of its set.
const ON_ACTION: u32 = 1 << 31;

/// One node. A split on the context compares `x[feature]` with `number`; a leaf has itself for both children and adds
/// `number`.
#[derive(Debug, Clone, Copy)]
struct Node {
    feature: u32,
    number: f32,
    left: u32,
    right: u32,
}

/// One head's forest.
#[derive(Debug, Clone)]
struct Walk {
    base: f32,
    roots: Vec<u32>,
    nodes: Vec<Node>,
}

/// All forests of a model.
#[derive(Debug, Clone)]
pub(crate) struct Walks {
    forests: Vec<Walk>,
    /// For every split on an action's feature and every [`TOGETHER`] actions: which of them go left, `[splits][groups]`.
    sets: Vec<u64>,
    groups: usize,
}

impl Walks {
    /// Lays out a model that was checked for this many actions.
    pub(crate) fn new(model: &TreesModel, actions: usize) -> Walks {
        let groups = actions.div_ceil(TOGETHER);
        let features = model.features(actions);
        let mut sets = vec![];
        let mut set_of = |feature: usize, threshold: f32| -> u32 {
            let place = sets.len() / groups.max(1);
            let column = model.action_features.get(feature..).unwrap_or_default().iter().step_by(features.max(1));
            let left: Vec<bool> = column.map(|number| *number < threshold).collect();
            let bits = |group: &[bool]| group.iter().rev().fold(0, |set, left| (set << 1) | u64::from(*left));
            sets.extend(left.chunks(TOGETHER).map(bits));
            place as u32
        };
        let mut lay_out = |forest: &Forest| {
            let children = forest.left.iter().zip(&forest.right);
            let splits = forest.feature.iter().zip(&forest.threshold).zip(&forest.value);
            let nodes =
                (0u32..).zip(children).zip(splits).map(|((node, (left, right)), ((feature, threshold), value))| {
                    let (left, right) = (*left, *right);
                    if left == node {
                        return Node { feature: 0, number: *value, left, right };
                    }
                    let feature = match (*feature as usize).checked_sub(model.inputs) {
                        Some(own) => ON_ACTION | set_of(own, *threshold),
                        None => *feature,
                    };
                    Node { feature, number: *threshold, left, right }
                });
            let nodes = nodes.collect();
            Walk { base: forest.base, roots: forest.roots.clone(), nodes }
        };
        let forests = model.forests.iter().map(&mut lay_out).collect();
        Walks { forests, sets, groups }
    }

    /// Writes what the forests sum up to, before any link: `head * actions + action`. Each sum is the base and a leaf of
    /// each tree, added in order in double precision.
    ///
    /// # Shapes
    /// `x`: `[inputs]`; `out`: at least `[heads * actions]`.
    pub(crate) fn sums(&self, x: &[f32], actions: usize, out: &mut [f32]) {
        for (forest, out) in self.forests.iter().zip(out.chunks_exact_mut(actions.max(1))) {
            for (group, out) in out.chunks_mut(TOGETHER).enumerate() {
                let mut sums = [f64::from(forest.base); TOGETHER];
                let mut waiting = [(0, 0); TOGETHER];
                let all = u64::MAX >> (TOGETHER - out.len());
                for root in &forest.roots {
                    self.walk(&forest.nodes, (*root, all), group, x, &mut waiting, &mut sums);
                }
                out.iter_mut().zip(sums).for_each(|(out, sum)| *out = sum as f32);
            }
        }
    }

    /// Adds to every action of a set, which starts from a root, the leaf that it ends in. Every step leads to a later node,
    /// so it ends; sets that wait are not empty and have nothing in common, so no more than [`TOGETHER`] wait.
    fn walk(
        &self,
        nodes: &[Node],
        (mut place, mut set): (u32, u64),
        group: usize,
        x: &[f32],
        waiting: &mut [(u32, u64); TOGETHER],
        sums: &mut [f64; TOGETHER],
    ) {
        let mut count = 0;
        loop {
            let Some(node) = nodes.get(place as usize) else { return };
            if node.left == place {
                add(sums, set, f64::from(node.number));
                if count == 0 {
                    return;
                }
                count -= 1;
                (place, set) = waiting.get(count).copied().unwrap_or_default();
            } else if node.feature & ON_ACTION == 0 {
                let below = x.get(node.feature as usize).is_some_and(|number| *number < node.number);
                place = if below { node.left } else { node.right };
            } else {
                let split = (node.feature & !ON_ACTION) as usize;
                let left = set & self.sets.get(split * self.groups + group).copied().unwrap_or_default();
                let right = set & !left;
                if left != 0
                    && right != 0
                    && let Some(next) = waiting.get_mut(count)
                {
                    *next = (node.right, right);
                    count += 1;
                }
                (place, set) = if left == 0 { (node.right, right) } else { (node.left, left) };
            }
        }
    }
}

/// Adds `value` to the sums of a set.
#[inline]
fn add(sums: &mut [f64; TOGETHER], mut set: u64, value: f64) {
    while set != 0 {
        if let Some(sum) = sums.get_mut(set.trailing_zeros() as usize) {
            *sum += value;
        }
        set &= set - 1;
    }
}
