//! Value against budget: a policy at a grid of prices, valued on decisions that its training did not see, beside constant
//! offers and the best mixes of them.

use super::arms::Arms;
use super::curve::{Mix, best_mix, between, hull};
use super::offers::Offers;
use super::plan::Plan;
use super::price::{Prices, priced};
use super::trace::{Smooth, Trace};
use super::valued::{Priced, read};
use crate::evaluate::check_fit;
use guerdon_budget::{Frontier as Line, Limit, Members};
use guerdon_core::{Error, Progress, Result, Seed};
use guerdon_data::LogReader;
use guerdon_learn::{CrossFit, Reference, reference_policy};
use guerdon_ope::{Difference, Estimate};
use serde::{Deserialize, Serialize};

/// How the frontier is made.
#[derive(Debug, Clone)]
pub struct FrontierOptions {
    /// Budgets from nothing to what the unlimited policy expects to spend; at least 2.
    pub points: usize,
    /// A budget to look at in particular: expected cost of rewards a decision, in major units.
    pub per_decision: Option<f64>,
    /// Nominal coverage of intervals, in (0, 1).
    pub confidence: f64,
    /// Folds over members for q̂.
    pub folds: usize,
    /// Seed of those folds.
    pub seed: Seed,
    /// Whether the audit found that actions were not drawn with the stated propensities.
    pub design_refuted: Option<bool>,
}

/// A learner's value against its budget. Money is in major units per decision.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Frontier {
    /// The learner or policy.
    pub name: String,
    /// How many policies it is made of: 1, or one a fold.
    pub policies: usize,
    /// Decisions valued.
    pub decisions: u64,
    /// Members valued.
    pub members: u64,
    /// Nominal coverage of intervals.
    pub confidence: f64,
    /// The policy at each price, by rising budget.
    pub points: Vec<Point>,
    /// Every action always.
    pub constants: Vec<Constant>,
    /// Names of the constants on the upper hull, by rising cost: the best mixes are of neighbours here.
    pub hull: Vec<String>,
    /// The budget looked at in particular.
    pub at: Option<AtBudget>,
}

/// The policy at one price.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Point {
    /// What it was to spend, by its own expectation on the members that it was priced on.
    pub budget: f64,
    /// λ, mean over folds.
    pub lambda: f64,
    /// What it costs, by DR on members that neither training nor pricing saw.
    pub cost: Estimate,
    /// What it is worth, by DR on the same decisions.
    pub value: Estimate,
    /// Value less that of the best mix of constants at the same cost; absent where either can't be valued.
    pub over_mix: Option<Difference>,
}

/// Always the same action.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Constant {
    /// The action.
    pub action: String,
    /// What it costs.
    pub cost: Estimate,
    /// What it is worth.
    pub value: Estimate,
}

/// Two policies, taken at random.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MixOf {
    /// The cheaper.
    pub first: String,
    /// The dearer.
    pub second: String,
    /// Share of decisions that take the dearer, in \[0, 1\].
    pub share: f64,
    /// What the mix is worth.
    pub value: Difference,
}

/// The policy against the best mix of constants, both at one cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Held {
    /// That cost.
    pub cost: f64,
    /// What the policy is worth.
    pub value: Difference,
    /// The best mix of constants at that cost.
    pub mix: MixOf,
    /// Policy less mix, paired decision by decision.
    pub over_mix: Difference,
}

/// What a budget buys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AtBudget {
    /// The budget, a decision.
    pub per_decision: f64,
    /// λ that was to spend it, mean over folds; found on members that are not valued.
    pub lambda: f64,
    /// What it then really cost.
    pub cost: Difference,
    /// The policy at that price, and mixes that cost the same.
    pub as_priced: Option<Held>,
    /// The policy drawn between that price and a neighbouring one so that it costs the budget exactly, and mixes that do too.
    pub on_budget: Option<Held>,
}

/// Values `arms` over a grid of budgets. λ of each is chosen on members that are not valued, by what the policy expects;
/// the greedy policy at λ is then valued by DR, with the q̂ of [`CrossFit`] for value and the policy's own expectation for
/// cost, neither of which saw the member. The best mix of constants is picked on the valued decisions themselves, which
/// flatters the mix, not the policy.
///
/// # Errors
/// [`Error::Config`] for fewer than two points; [`Error::Mismatch`] for a policy that predicts no outcomes or is not the
/// log's; [`Error::Empty`] where no decision may be valued; what reading gives.
pub fn frontier_of(
    log: &LogReader,
    arms: &Arms,
    options: &FrontierOptions,
    progress: &dyn Progress,
) -> Result<Frontier> {
    if options.points < 2 {
        return Err(Error::config("frontier", "points", options.points, "at least 2 would do"));
    }
    let grid = prices(log, arms, options)?;
    let values = arms.values.clone();
    let q_hat = CrossFit::fit(
        log,
        &|member| values(member).is_some(),
        options.folds,
        options.seed.named("cross-fit"),
        progress,
    )?;
    let mut policies = vec![];
    for point in &grid {
        let at = |(policy, lambda): (&guerdon_policy::Policy, &f64)| {
            priced(&policy.greedy(), Prices { lambda: *lambda, mu: 0.0 })
        };
        policies.push(Priced::new(arms.policies.iter().zip(&point.lambdas).map(at).collect::<Result<_>>()?));
    }
    let actions: Vec<String> = log.meta().catalogue.names().map(str::to_owned).collect();
    for action in &actions {
        let constant = reference_policy(log.meta(), &Reference::Constant(action.clone()), Seed(0))?;
        policies.push(Priced::new(vec![constant]));
    }
    let read = read(log, arms, policies, &q_hat, options.design_refuted, progress)?;
    Ok(Shown { trace: &read.trace, estimates: read.estimates(options.confidence), grid, actions, options }
        .frontier(arms))
}

/// A price at which nothing that costs anything is worth its cost.
const HIGHEST: f64 = 1e9;

/// A budget and the λ of every arm that is to spend it.
struct GridPoint {
    budget: f64,
    lambdas: Vec<f64>,
    particular: bool,
}

/// The grid: even steps up to what the unlimited policy would spend, and the budget looked at in particular.
fn prices(log: &LogReader, arms: &Arms, options: &FrontierOptions) -> Result<Vec<GridPoint>> {
    let (last, plan) = ((options.points - 1) as f64, Plan::none());
    let mut grid: Vec<GridPoint> = (0..options.points)
        .map(|_| GridPoint { budget: 0.0, lambdas: vec![], particular: false })
        .chain(options.per_decision.map(|budget| GridPoint { budget, lambdas: vec![], particular: true }))
        .collect();
    for (arm, policy) in arms.policies.iter().enumerate() {
        check_fit(&arms.name, policy, log.meta())?;
        let members = arms.pricing(log, arm)?;
        let rows = members.rows() as f64;
        let offers = Offers::new(&members, policy, &plan)?;
        let steps = |point: &GridPoint, step: usize, (least, most): (f64, f64)| {
            if point.particular { point.budget * rows } else { least + (most - least) * step as f64 / last }
        };
        let found = match offers.kept()? {
            Some(batches) => spend(&batches, &grid, steps),
            None => spend(&offers, &grid, steps),
        }?;
        for (point, (total, lambda)) in grid.iter_mut().zip(found) {
            point.lambdas.push(lambda);
            if !point.particular {
                point.budget += total / rows / arms.policies.len() as f64;
            }
        }
    }
    grid.sort_by(|a, b| a.budget.total_cmp(&b.budget).then(a.particular.cmp(&b.particular)));
    Ok(grid)
}

/// (budget in all, λ that spends it) for every point of the grid.
fn spend<M: Members>(
    members: &M,
    grid: &[GridPoint],
    total: impl Fn(&GridPoint, usize, (f64, f64)) -> f64,
) -> Result<Vec<(f64, f64)>> {
    let limit = Limit::at_most("budget", 0, 0.0);
    let ends = Line::at_prices(members, &limit, &[HIGHEST, 0.0])?.points;
    let (least, most) = (ends[0].spend, ends[1].spend);
    let lambda = |(step, point): (usize, &GridPoint)| {
        let total = total(point, step, (least, most));
        let lambda = match total {
            _ if total >= most => 0.0,
            _ if total <= least => HIGHEST,
            _ => Line::at_budgets(members, &limit, &[total])?.points[0].price,
        };
        Ok((total, lambda))
    };
    grid.iter().enumerate().map(lambda).collect()
}

/// All that was read, ready to be shown. In the trace the grid comes first, then the constants.
struct Shown<'a> {
    trace: &'a Trace,
    /// (value, cost) of every policy in the trace.
    estimates: Vec<(Estimate, Estimate)>,
    grid: Vec<GridPoint>,
    actions: Vec<String>,
    options: &'a FrontierOptions,
}

impl Shown<'_> {
    fn frontier(&self, arms: &Arms) -> Frontier {
        let constants: Vec<usize> =
            (self.grid.len()..self.estimates.len()).filter(|policy| self.is_ok(*policy)).collect();
        let hull = hull(self.trace, &constants);
        let points = self.grid.iter().enumerate().map(|(place, point)| {
            let (value, cost) = self.estimates[place].clone();
            let held = self.held(&hull, self.alone(place));
            Point {
                budget: point.budget,
                lambda: mean(&point.lambdas),
                cost,
                value,
                over_mix: held.map(|h| h.over_mix),
            }
        });
        let constants = self.actions.iter().zip(&self.estimates[self.grid.len()..]);
        Frontier {
            name: arms.name.clone(),
            policies: arms.policies.len(),
            decisions: self.trace.decisions(),
            members: self.trace.members(),
            confidence: self.options.confidence,
            points: points.collect(),
            constants: constants
                .map(|(action, (value, cost))| Constant {
                    action: action.clone(),
                    cost: cost.clone(),
                    value: value.clone(),
                })
                .collect(),
            at: self.at(&hull),
            hull: hull.iter().map(|policy| self.name(*policy)).collect(),
        }
    }

    /// Whether the log carries a policy's value and cost.
    fn is_ok(&self, policy: usize) -> bool {
        let (value, cost) = &self.estimates[policy];
        value.is_ok() && cost.is_ok()
    }

    fn name(&self, policy: usize) -> String {
        match policy.checked_sub(self.grid.len()) {
            Some(action) => self.actions[action].clone(),
            None => format!("λ = {:.4}", mean(&self.grid[policy].lambdas)),
        }
    }

    /// One policy at what it costs.
    fn alone(&self, policy: usize) -> Option<(Smooth, Smooth)> {
        self.is_ok(policy).then(|| (self.trace.cost(policy), self.trace.value(policy)))
    }

    /// A policy of this cost and value against the best mix of constants at the same cost.
    fn held(&self, hull: &[usize], policy: Option<(Smooth, Smooth)>) -> Option<Held> {
        let (cost, value) = policy?;
        let interval = |of: &Smooth| self.trace.interval(of, self.options.confidence);
        let Mix { first, second, share, value: worth } = best_mix(self.trace, hull, &cost)?;
        Some(Held {
            cost: cost.value,
            mix: MixOf { first: self.name(first), second: self.name(second), share, value: interval(&worth) },
            over_mix: interval(&value.plus(-1.0, &worth)),
            value: interval(&value),
        })
    }

    fn at(&self, hull: &[usize]) -> Option<AtBudget> {
        let place = self.grid.iter().position(|point| point.particular)?;
        let point = &self.grid[place];
        let cost = self.trace.cost(place);
        Some(AtBudget {
            per_decision: point.budget,
            lambda: mean(&point.lambdas),
            cost: self.trace.interval(&cost, self.options.confidence),
            as_priced: self.held(hull, self.alone(place)),
            on_budget: self.held(hull, self.on_budget(place)),
        })
    }

    /// The mix of the policy at `place` with the nearest one on the other side of its budget that costs the budget.
    fn on_budget(&self, place: usize) -> Option<(Smooth, Smooth)> {
        let budget = self.trace.fixed(self.grid[place].budget);
        let dearer = self.trace.cost(place).value > budget.value;
        let others: Vec<usize> =
            if dearer { (0..place).rev().collect() } else { (place + 1..self.grid.len()).collect() };
        let mix = |other: &usize| match dearer {
            true => between(self.trace, *other, place, &budget),
            false => between(self.trace, place, *other, &budget),
        };
        let ok = |other: &&usize| self.is_ok(**other) && self.is_ok(place);
        let found = others.iter().filter(ok).find_map(mix)?;
        Some((budget, found.value))
    }
}

fn mean(of: &[f64]) -> f64 {
    of.iter().sum::<f64>() / of.len().max(1) as f64
}
