//! From boosted models to the forests that serve.

use super::boost::kept;
use super::{Booster, Fitted};
use guerdon_policy::{Forest, TreesModel};
use hessboost::prelude::BoostedModel;

/// The served model: the same splits and leaves, without hessboost.
pub(crate) fn model(fitted: &Fitted) -> TreesModel {
    TreesModel {
        inputs: fitted.inputs,
        action_features: fitted.features.values.clone(),
        forests: fitted.boosters.iter().map(forest).collect(),
        revenue_stage: fitted.revenue_stage,
    }
}

fn forest(booster: &Booster) -> Forest {
    match booster {
        Booster::Constant(margin) => Forest { base: *margin, ..Forest::default() },
        Booster::Grown(model) => grown(model),
    }
}

/// Trees one after the other; a split's children are numbered after it by hessboost too. Contexts have no missing
/// values once they are encoded, so a split's default direction is never taken.
fn grown(model: &BoostedModel) -> Forest {
    let mut forest = Forest { base: model.base_score(), ..Forest::default() };
    for tree in &model.trees()[..kept(model)] {
        let start = forest.left.len() as u32;
        forest.roots.push(start);
        for (place, node) in (start..).zip(tree.nodes()) {
            let leaf = node.is_leaf();
            forest.feature.push(if leaf { 0 } else { node.split_feature });
            forest.threshold.push(if leaf { 0.0 } else { node.split_cond });
            forest.left.push(if leaf { place } else { start + node.left as u32 });
            forest.right.push(if leaf { place } else { start + node.right as u32 });
            forest.value.push(if leaf { node.leaf_value } else { 0.0 });
        }
    }
    forest
}
