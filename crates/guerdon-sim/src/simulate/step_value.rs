//! The value of one decision on logged contexts: what sets the simulator beside an estimate from the log.

use super::fit::{Bootstrap, Ensemble};
use super::model::Answer;
use super::plan::Plan;
use super::rollout::Decider;
use super::sample::{Member, values};
use guerdon_core::{Economics, Seed};
use guerdon_policy::{Request, Scratch};

/// Probability of every action for every logged decision of the members, `[decisions][actions]`.
pub(super) fn distributions(decider: Decider, members: &[Member], actions: usize) -> Vec<f64> {
    let mut all = vec![];
    let mut scratch = Scratch::default();
    for row in members.iter().flat_map(|member| member.rows.iter().map(move |row| (member, row))) {
        let (member, row) = row;
        match decider {
            Decider::Always(action) => all.extend((0..actions).map(|a| f64::from(u8::from(a == action)))),
            Decider::Shares(shares) => all.extend_from_slice(shares),
            Decider::Policy(policy) => {
                let context: Vec<_> = values(&row.context).collect();
                let request = Request {
                    decision_id: &row.decision_id,
                    member_id: &member.id,
                    at: row.at,
                    context: &context,
                    eligible: row.eligible.as_deref(),
                };
                all.extend_from_slice(policy.probabilities(&request, &mut scratch));
            }
        }
    }
    all
}

/// Mean expected net value per decision in one model of each of `policies` (their [`distributions`]): over the members
/// as they are, and over the model's bootstrap of them.
pub(super) fn step_values(
    plan: &Plan,
    ensemble: &Ensemble,
    model: usize,
    members: &[Member],
    policies: &[Vec<f64>],
    economics: &Economics,
    seed: Seed,
) -> Vec<(f64, f64)> {
    let actions = plan.rewards.len();
    let costs: Vec<f64> =
        plan.rewards.iter().map(|reward| reward.cost_when_paid().to_major(plan.minor_units)).collect();
    let bootstrap = Bootstrap::new(seed, model);
    let mut x = vec![0.0; ensemble.encoder.width()];
    let (mut answer, mut net) = (Answer::default(), vec![0.0; actions]);
    let mut sums = vec![(0.0, 0.0); policies.len()];
    let (mut rows, mut weights) = (0usize, 0.0);
    for member in members {
        let weight = f64::from(bootstrap.weight(&member.id));
        for row in &member.rows {
            let context: Vec<_> = values(&row.context).collect();
            ensemble.encode(&context, &mut x);
            for (action, net) in net.iter_mut().enumerate() {
                ensemble.models[model].answer(plan, &x, action, &mut answer);
                let expected = answer.expectation(plan, action);
                let contact = if plan.offers(action) { economics.contact_cost } else { 0.0 };
                *net = economics.margin * expected.revenue - costs[action] * expected.paid - contact;
            }
            for (sum, probabilities) in sums.iter_mut().zip(policies) {
                let chances = &probabilities[rows * actions..(rows + 1) * actions];
                let value: f64 = chances.iter().zip(&net).map(|(chance, net)| chance * net).sum();
                sum.0 += value;
                sum.1 += weight * value;
            }
            rows += 1;
            weights += weight;
        }
    }
    sums.into_iter()
        .map(|(plain, resampled)| (plain / (rows as f64).max(1.0), resampled / f64::max(weights, 1.0)))
        .collect()
}
