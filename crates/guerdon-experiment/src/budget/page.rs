//! From frontiers to what the page shows of them.

use super::frontier::{AtBudget, Frontier, MixOf, Point};
use guerdon_core::NONE;
use guerdon_ope::Estimate;
use guerdon_report::{BudgetAt, BudgetConstant, BudgetCurve, BudgetPoint, BudgetSection, IntervalValue};

/// The page's section: every frontier as a curve, the constants of the first (all are valued on the same decisions). None
/// without a frontier.
pub fn section(frontiers: &[Frontier], per_decision: Option<f64>) -> Option<BudgetSection> {
    let first = frontiers.first()?;
    let constants = first.constants.iter().filter_map(|constant| {
        let (cost, value) = (interval(&constant.cost)?, interval(&constant.value)?);
        Some(BudgetConstant { action: constant.action.clone(), cost, value })
    });
    Some(BudgetSection {
        per_decision,
        constants: constants.collect(),
        hull: first.hull.clone(),
        curves: frontiers.iter().map(curve).collect(),
    })
}

fn interval(estimate: &Estimate) -> Option<IntervalValue> {
    let value = estimate.value.filter(|_| estimate.is_ok())?;
    Some(IntervalValue { value, lower: estimate.lower, upper: estimate.upper })
}

fn curve(frontier: &Frontier) -> BudgetCurve {
    BudgetCurve {
        policy: frontier.name.clone(),
        points: frontier.points.iter().filter_map(point).collect(),
        at: frontier.at.as_ref().and_then(at),
    }
}

fn point(point: &Point) -> Option<BudgetPoint> {
    Some(BudgetPoint {
        budget: point.budget,
        lambda: point.lambda,
        cost: interval(&point.cost)?,
        value: interval(&point.value)?,
        over_mix: point.over_mix.map(IntervalValue::from),
    })
}

fn at(at: &AtBudget) -> Option<BudgetAt> {
    let held = at.as_priced.as_ref()?;
    Some(BudgetAt {
        lambda: at.lambda,
        cost: at.cost.into(),
        value: held.value.into(),
        mix: words(&held.mix),
        mix_value: held.mix.value.into(),
        over_mix: held.over_mix.into(),
    })
}

/// "49 % bogo_5_7d, else no offers"
fn words(mix: &MixOf) -> String {
    let offer = |name: &str| if name == NONE { "no offers".to_owned() } else { name.to_owned() };
    if mix.share <= 0.0 || mix.first == mix.second {
        return offer(&mix.first);
    }
    format!("{:.0} % {}, else {}", 100.0 * mix.share, offer(&mix.second), offer(&mix.first))
}
