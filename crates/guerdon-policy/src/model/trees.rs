//! Boosted regression trees.

use super::{check_revenue_stage, heads, refused};
use guerdon_core::Result;

/// Most features that an action of a [`TreesModel`] may have.
pub const MOST_ACTION_FEATURES: usize = 4096;

/// Most splits between a root and a leaf.
pub const MOST_DEPTH: usize = 256;

/// Gradient-boosted trees (Friedman 2001), a forest per head, over the encoded context and the action's features, so
/// that one forest serves every action and what is learned of one carries over to those like it. Chances go through a
/// sigmoid; revenue is as it comes, in major units.
#[derive(Debug, Clone, PartialEq)]
pub struct TreesModel {
    /// How many numbers the encoded context has: features 0 to `inputs − 1` of every tree. The action's follow.
    pub inputs: usize,
    /// Row-major `[actions][features]`; finite, 0 to [`MOST_ACTION_FEATURES`] for each action.
    pub action_features: Vec<f32>,
    /// One per head: the stages', `paid`, `revenue`.
    pub forests: Vec<Forest>,
    /// The stage without which there is no revenue, as in [`super::MlpModel`].
    pub revenue_stage: Option<usize>,
}

/// Trees whose leaves are added up. All nodes stand in one list; node `i` has entry `i` of each array.
///
/// A split sends x to `left` where x\[feature\] < threshold, else to `right`; both stand after it in the list. A leaf
/// has itself for `left` and `right`, and adds `value`; its feature and threshold mean nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Forest {
    /// What the sum starts from.
    pub base: f32,
    /// The node that each tree starts from.
    pub roots: Vec<u32>,
    /// The feature that a split looks at.
    pub feature: Vec<u32>,
    /// The threshold of a split; finite.
    pub threshold: Vec<f32>,
    /// Where less than the threshold goes.
    pub left: Vec<u32>,
    /// Where all else goes.
    pub right: Vec<u32>,
    /// What a leaf adds; finite.
    pub value: Vec<f32>,
}

impl TreesModel {
    pub(super) fn check(&self, width: usize, stages: usize, actions: usize) -> Result<()> {
        check_revenue_stage(self.revenue_stage, stages)?;
        if self.inputs != width {
            return Err(refused("inputs", self.inputs, format!("{width} come from what stands before it")));
        }
        if self.forests.len() != heads(stages) {
            let wanted = format!("{} would do: {stages} stages and 2 more heads", heads(stages));
            return Err(refused("forests", self.forests.len(), wanted));
        }
        let features = self.features(actions);
        if features > MOST_ACTION_FEATURES || features * actions != self.action_features.len() {
            let given = format!("{} numbers", self.action_features.len());
            let wanted = format!("as many for each of {actions} actions, at most {MOST_ACTION_FEATURES}, would do");
            return Err(refused("action_features", given, wanted));
        }
        if let Some(number) = self.action_features.iter().find(|number| !number.is_finite()) {
            return Err(refused("action_features", number, "finite numbers would do"));
        }
        self.forests
            .iter()
            .enumerate()
            .try_for_each(|(i, forest)| forest.check(&format!("forest{i}"), width + features))
    }

    /// Features of each action.
    pub(super) fn features(&self, actions: usize) -> usize {
        self.action_features.len().checked_div(actions).unwrap_or(0)
    }

    pub(super) fn parameters(&self) -> usize {
        let of_forest = |forest: &Forest| {
            let leaves = (0..).zip(&forest.left).filter(|(node, left)| node == *left).count();
            1 + leaves + 2 * (forest.left.len() - leaves)
        };
        self.action_features.len() + self.forests.iter().map(of_forest).sum::<usize>()
    }
}

impl Forest {
    /// How many nodes there are.
    pub fn nodes(&self) -> usize {
        self.left.len()
    }

    fn check(&self, key: &str, features: usize) -> Result<()> {
        let Forest { base, roots, feature, threshold, left, right, value } = self;
        let nodes = self.nodes();
        if [feature.len(), threshold.len(), right.len(), value.len()] != [nodes; 4] {
            let given = [feature.len(), threshold.len(), left.len(), right.len(), value.len()];
            let wanted = "feature, threshold, left, right and value of every node would do";
            return Err(refused(key, format!("{given:?} entries"), wanted));
        }
        if u32::try_from(nodes).is_err() {
            return Err(refused(key, format!("{nodes} nodes"), format!("at most {} would do", u32::MAX)));
        }
        if let Some(number) = std::iter::once(base).chain(threshold).chain(value).find(|number| !number.is_finite()) {
            return Err(refused(key, number, "finite numbers would do"));
        }
        if let Some(root) = roots.iter().find(|root| **root as usize >= nodes) {
            return Err(refused(key, format!("a tree from node {root}"), format!("one of {nodes} nodes would do")));
        }
        self.check_nodes(key, features)
    }

    /// Checks that every walk ends: in a leaf, after at most [`MOST_DEPTH`] splits.
    fn check_nodes(&self, key: &str, features: usize) -> Result<()> {
        let nodes = self.nodes();
        let mut depths = vec![0u16; nodes];
        let children = self.left.iter().zip(&self.right).zip(&self.feature).enumerate();
        for (node, ((left, right), feature)) in children {
            let (left, right) = (*left as usize, *right as usize);
            if left == node && right == node {
                continue;
            }
            if left <= node || right <= node || left >= nodes || right >= nodes {
                let wanted = format!("both after it and before {nodes}, or both itself, would do");
                return Err(refused(key, format!("node {node} with children {left} and {right}"), wanted));
            }
            if *feature as usize >= features {
                let given = format!("node {node} on feature {feature}");
                return Err(refused(key, given, format!("one of {features}, counted from 0, would do")));
            }
            let depth = depths.get(node).copied().unwrap_or_default() + 1;
            if usize::from(depth) > MOST_DEPTH {
                let wanted = format!("at most {MOST_DEPTH} would do");
                return Err(refused(key, format!("{depth} splits before node {left}"), wanted));
            }
            for child in [left, right] {
                if let Some(deepest) = depths.get_mut(child) {
                    *deepest = depth.max(*deepest);
                }
            }
        }
        Ok(())
    }
}
