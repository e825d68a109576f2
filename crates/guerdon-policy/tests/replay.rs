//! Decisions replay to the bit, and happen as often as their propensities say.

mod common;
use common::*;
use guerdon_core::{Timestamp, Value};
use guerdon_policy::{Decision, Exploration, OutcomeModel, Policy, Request};
use proptest::prelude::*;
use std::sync::LazyLock;

fn policies() -> Vec<Policy> {
    let mut policies = vec![];
    for exploration in [
        Exploration::Greedy,
        Exploration::EpsilonGreedy { epsilon: 0.2 },
        Exploration::Softmax { temperature: 0.37, floor: 0.0 },
    ] {
        for model in every_model(4) {
            let mut parts = parts(model, 4, exploration);
            parts.guardrails = guardrails();
            policies.push(Policy::new(parts).unwrap());
        }
    }
    for model in [ensemble(4), draws_of_linear(4)] {
        policies.push(policy(model, 4, Exploration::Vote { floor: 0.15 }));
    }
    policies
}

/// Each with what its bundle brings back.
static POLICIES: LazyLock<Vec<(Policy, Policy)>> = LazyLock::new(|| {
    let reloaded = |policy: Policy| {
        let reloaded = Policy::from_bytes(&policy.to_bytes(), "p").unwrap();
        (policy, reloaded)
    };
    policies().into_iter().map(reloaded).collect()
});

fn value() -> impl Strategy<Value = Value<'static>> {
    prop_oneof![
        Just(Value::Missing),
        any::<f64>().prop_map(Value::Number),
        (-5i32..60).prop_map(|n| Value::Number(f64::from(n))),
        prop_oneof![Just("yes"), Just("no"), Just("north"), Just("elsewhere"), Just("")].prop_map(Value::Category),
    ]
}

fn assert_same_bits(a: Decision, b: Decision) {
    assert_eq!(a, b);
    assert_eq!(a.propensity.get().to_bits(), b.propensity.get().to_bits());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_decision_replays_to_the_bit_from_bundle_request_and_id(
        context in proptest::collection::vec(value(), 0..6),
        (decision_id, member_id) in ("[a-z0-9-]{0,12}", "[a-z0-9]{0,6}"),
        micros in any::<i64>(),
        eligible in proptest::option::of(proptest::collection::vec(0u16..8, 0..6)),
    ) {
        for (policy, reloaded) in POLICIES.iter() {
            let request = Request {
                decision_id: &decision_id,
                member_id: &member_id,
                at: Timestamp(micros),
                context: &context,
                eligible: eligible.as_deref(),
            };
            let decision = policy.decide(&request, &mut policy.scratch());
            let mut scratch = reloaded.scratch();
            reloaded.decide(&super_request(&request), &mut scratch);
            assert_same_bits(decision, reloaded.decide(&request, &mut scratch));
            check_distribution(policy, &request, decision);
        }
    }
}

/// Another request, to leave traces in the scratch.
fn super_request<'a>(request: &Request<'a>) -> Request<'a> {
    Request { decision_id: "another", context: &CONTEXT, eligible: None, ..*request }
}

fn check_distribution(policy: &Policy, request: &Request, decision: Decision) {
    let mut scratch = policy.scratch();
    let probabilities = policy.probabilities(request, &mut scratch);
    let sum: f64 = probabilities.iter().sum();
    match decision.action {
        Some(action) => {
            assert_eq!(probabilities[action].to_bits(), decision.propensity.get().to_bits());
            assert!((sum - 1.0).abs() < 1e-12, "{sum}");
            if let Some(eligible) = request.eligible {
                assert!(eligible.contains(&(action as u16)));
            }
        }
        None => {
            assert_eq!((sum, decision.propensity.get()), (0.0, 1.0));
            assert!(decision.reasons.iter().any(|code| code == "no_action_left"));
        }
    }
}

#[test]
fn actions_come_as_often_as_their_propensities_say() {
    const N: usize = 40_000;
    for model in every_model(4) {
        let policy = policy(model, 4, Exploration::Softmax { temperature: 1.5, floor: 0.01 });
        let mut scratch = policy.scratch();
        let expected = policy.probabilities(&request("", &CONTEXT), &mut scratch).to_vec();
        let mut counts = vec![0usize; expected.len()];
        for i in 0..N {
            let decision = policy.decide(&request(&format!("d-{i}"), &CONTEXT), &mut scratch);
            counts[decision.action.unwrap()] += 1;
        }
        let chi_square: f64 =
            counts.iter().zip(&expected).map(|(n, p)| (*n as f64 - N as f64 * p).powi(2) / (N as f64 * p)).sum();
        // The 99.9 % quantile of chi-square with 4 degrees of freedom.
        assert!(chi_square < 18.47, "{chi_square}: {counts:?} for {expected:?}");
        assert!(expected.iter().all(|p| *p > 1e-3), "no test of anything: {expected:?}");
    }
}

#[test]
fn the_greedy_policy_takes_the_best_score_for_certain() {
    for policy in policies() {
        let greedy = policy.greedy();
        let mut scratch = greedy.scratch();
        let request = Request { member_id: "m-2", ..request("d", &CONTEXT) };
        let scores = greedy.scores(&request, &mut scratch).to_vec();
        let decision = greedy.decide(&request, &mut scratch);
        assert!(decision.reasons.is_empty(), "{:?}", decision.reasons);
        assert_eq!(decision.propensity.get(), 1.0);
        let best = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        assert_eq!(scores.iter().position(|score| *score == best), decision.action);
    }
}

#[test]
fn scores_are_the_objective_of_the_outcomes() {
    for mut model in every_model(4).into_iter().filter(OutcomeModel::has_heads) {
        if let OutcomeModel::Ensemble(ensemble) = &mut model {
            ensemble.pessimism = 0.0;
        }
        let policy = policy(model, 4, Exploration::Greedy);
        let mut scratch = policy.scratch();
        let outcomes = policy.outcomes(&request("", &CONTEXT), &mut scratch).to_vec();
        let scores = policy.scores(&request("", &CONTEXT), &mut scratch);
        assert_eq!((outcomes.len(), scores.len()), (25, 5));
        let objective = policy.parts().objective;
        for (a, (score, reward)) in scores.iter().zip(policy.catalogue().rewards()).enumerate() {
            let (paid, revenue) = (f64::from(outcomes[3 * 5 + a]), f64::from(outcomes[4 * 5 + a]));
            assert!((0.0..=1.0).contains(&paid));
            let cost = reward.cost_when_paid().to_major(2);
            let points = if reward.pays_at.is_some() { reward.points as f64 } else { 0.0 };
            let truth = objective.margin * revenue
                - (1.0 + objective.lambda) * cost * paid
                - objective.mu * points * objective.point_value * paid
                - if reward.is_none() { 0.0 } else { objective.contact_cost };
            assert!((score - truth).abs() < 1e-12, "{score} {truth}");
        }
    }
}

#[test]
fn one_scratch_serves_policies_of_different_sizes() {
    let mut policies: Vec<_> = every_model(9).into_iter().map(|model| policy(model, 9, Exploration::Greedy)).collect();
    policies.extend(every_model(2).into_iter().map(|model| policy(model, 2, Exploration::Greedy)));
    policies.push(policy(ensemble(3), 3, Exploration::Vote { floor: 0.0 }));
    let mut shared = policies[0].scratch();
    for policy in policies.iter().chain(policies.iter().rev()) {
        let alone = policy.decide(&request("d", &CONTEXT), &mut policy.scratch());
        assert_same_bits(alone, policy.decide(&request("d", &CONTEXT), &mut shared));
    }
}
