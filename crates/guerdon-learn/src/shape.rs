//! The network that a configuration asks for.

use crate::neural_config::{AmountResponse, NeuralConfig, RevenueFit};
use crate::traits::traits;
use guerdon_core::{Catalogue, Result};
use guerdon_neural::{Curve, Layout, RevenueLoss, Shape};

/// The shape that a configuration asks for, over rows of `layout`; `follows` as in [`Shape`].
pub fn shape(
    config: &NeuralConfig,
    layout: Layout,
    follows: Vec<Option<usize>>,
    catalogue: &Catalogue,
) -> Result<Shape> {
    let curve = match config.amount {
        AmountResponse::Free => None,
        AmountResponse::Concave => Curve::of(catalogue),
    };
    let traits = match &curve {
        _ if !config.share => vec![],
        Some(curve) => traits(&curve.without_amounts(catalogue)?),
        None => traits(catalogue),
    };
    // Revenue given its stage does not depend on the amount: the product with a chance that does stays concave.
    let curved = layout.heads - usize::from(layout.revenue_stage.is_some());
    Ok(Shape {
        inputs: layout.inputs,
        hidden: config.hidden.clone(),
        heads: layout.heads,
        actions: layout.actions,
        traits,
        curved: if curve.is_some() { curved } else { 0 },
        curve,
        follows,
        revenue_stage: layout.revenue_stage,
        revenue: match config.revenue() {
            RevenueFit::Squared => RevenueLoss::Squared,
            RevenueFit::Tweedie => RevenueLoss::Tweedie { power: config.tweedie_power as f32 },
        },
    })
}
