//! An amount curve holds everywhere: outcomes do not fall, and are concave, in the amount.

mod common;
use common::*;
use guerdon_core::{Catalogue, Money, Reward, Value};
use guerdon_policy::{
    AmountCurve, ChanceLink, Dense, EnsembleModel, Exploration, Objective, OutcomeModel, Policy, PolicyParts,
    RevenueLink, heads, one_after_the_other,
};
use proptest::prelude::*;

/// In minor units, unevenly spaced; action 0 offers nothing.
const AMOUNTS: [i64; 9] = [0, 25, 50, 100, 150, 275, 500, 1000, 5000];
const ACTIONS: usize = AMOUNTS.len();
/// Where the hinges min(amount, knot) / knot bend.
const KNOTS: [f32; 4] = [50.0, 150.0, 600.0, 5000.0];

fn rewards() -> Catalogue {
    let reward = |amount: &i64| Reward {
        action: if *amount == 0 { "none".into() } else { format!("off{amount}") },
        kind: if *amount == 0 { "none".into() } else { "discount".into() },
        amount: Money(*amount),
        points: 0,
        threshold: None,
        pays_at: (*amount > 0).then_some(2),
        valid_hours: None,
        slot: None,
        channels: vec![],
    };
    Catalogue::new(AMOUNTS.iter().map(reward).collect()).unwrap()
}

fn curve() -> AmountCurve {
    let basis = AMOUNTS.iter().flat_map(|amount| KNOTS.map(|knot| (*amount as f32).min(knot) / knot));
    AmountCurve {
        group: vec![Some(0); ACTIONS],
        groups: 1,
        knots: KNOTS.len(),
        basis: basis.collect(),
        revenue_scale: 3.0,
    }
}

/// A last layer in which the actions share their bases, as one group's do. With `positive` those of revenue are.
fn shared_bases(draws: &mut Draws, inputs: usize, curve: usize, scale: f64, positive: bool) -> Dense {
    let all = heads(STAGES.len());
    let shared = all * ACTIONS;
    let mut drawn = Dense {
        inputs,
        outputs: shared + curve,
        weights: draws.floats(inputs * (shared + curve), scale),
        bias: draws.floats(shared + curve, scale),
    };
    for row in drawn.weights.chunks_exact_mut(shared + curve).chain([&mut drawn.bias[..]]) {
        for head in row[..shared].chunks_exact_mut(ACTIONS) {
            let first = head[0];
            head.fill(first);
        }
    }
    if positive {
        for (i, row) in drawn.weights.chunks_exact_mut(shared + curve).chain([&mut drawn.bias[..]]).enumerate() {
            let revenue = if i == inputs { 40.0 } else { 0.0 };
            row[shared - ACTIONS..shared].fill(revenue);
        }
    }
    drawn
}

fn policy_of(
    seed: u64,
    scale: f64,
    members: usize,
    hurdle: bool,
    chain: bool,
    (link, revenue_link): (ChanceLink, RevenueLink),
) -> Policy {
    let mut draws = Draws::new(seed);
    let amount = curve();
    let outputs = amount.outputs(STAGES.len(), hurdle);
    // Under a hurdle revenue given its stage may not be negative; e^x never is.
    let positive = hurdle && revenue_link == RevenueLink::Identity;
    let members = (0..members)
        .map(|_| vec![layer(&mut draws, 9, 7), shared_bases(&mut draws, 7, outputs, scale, positive)])
        .collect();
    let model = OutcomeModel::Ensemble(EnsembleModel {
        trunk: vec![layer(&mut draws, encoder().width(), 9)],
        members,
        link,
        revenue_link,
        follows: if chain { one_after_the_other(STAGES.len()) } else { vec![] },
        revenue_stage: hurdle.then_some(2),
        amount: Some(amount),
        pessimism: 0.0,
    });
    // Every amount is free here, so that a score is the margin of its revenue.
    let objective =
        Objective { margin: 0.3, lambda: 0.0, mu: 0.0, contact_cost: 0.0, point_value: 0.0, placement: None };
    let exploration = Exploration::Greedy;
    Policy::new(PolicyParts { catalogue: rewards(), objective, ..parts(model, ACTIONS - 1, exploration) }).unwrap()
}

/// Whether `values`, one per amount, do not fall; and whether no slope is steeper than the one before. Single precision
/// is allowed its rounding.
fn shape(values: &[f32]) -> (bool, bool) {
    let size = values.iter().fold(1.0f64, |size, v| size.max(f64::from(v.abs())));
    let rounding = 1e-6 * size;
    let rise = |i: usize| f64::from(values[i + 1]) - f64::from(values[i]);
    let step = |i: usize| (AMOUNTS[i + 1] - AMOUNTS[i]) as f64;
    let rises = (0..ACTIONS - 1).all(|i| rise(i) >= -rounding);
    let bends = (0..ACTIONS - 2)
        .all(|i| rise(i + 1) * step(i) <= rise(i) * step(i + 1) + 2.0 * rounding * (step(i) + step(i + 1)));
    (rises, bends)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_outcome_rises_and_bends_down_in_the_amount_for_any_parameters_and_context(
        seed in any::<u64>(),
        scale in prop_oneof![0.01..1.0f64, 1.0..30.0f64],
        members in 1usize..4,
        most in prop_oneof![Just(500f32), Just(1e7f32)],
        (hurdle, chain, clamp, exp) in any::<(bool, bool, bool, bool)>(),
        (age, offers) in (-1e3..1e3f64, prop_oneof![Just(f64::NAN), -5.0..9.0f64]),
    ) {
        let link = if clamp { ChanceLink::Clamp } else { ChanceLink::Sigmoid };
        let revenue_link = if exp { RevenueLink::Exp { most } } else { RevenueLink::Identity };
        let policy = policy_of(seed, scale, members, hurdle, chain, (link, revenue_link));
        let context = [Value::Number(age), Value::Number(offers), Value::Category("yes"), Value::Category("west")];
        let mut scratch = policy.scratch();
        let outcomes = policy.outcomes(&request("d", &context), &mut scratch);
        for (head, values) in outcomes.chunks_exact(ACTIONS).enumerate() {
            let (rises, bends) = shape(values);
            prop_assert!(rises, "head {head} falls: {values:?}");
            // A product of concave factors need not be concave: from the second stage of a chain on, and revenue on it.
            let product = chain && (head == 1 || head == 2 || (head == 4 && hurdle));
            prop_assert!(bends || product, "head {head} bends up: {values:?}");
            prop_assert!(head == 4 || values.iter().all(|p| (0.0..=1.0).contains(p)), "{values:?}");
            prop_assert!(head < 4 || !exp || values.iter().all(|r| (0.0..=most).contains(r)), "{values:?}");
        }
    }
}

#[test]
fn without_a_curve_each_amount_has_outcomes_of_its_own() {
    let free = policy(mlp(ACTIONS - 1), ACTIONS - 1, Exploration::Greedy);
    let found = free.outcomes(&request("d", &CONTEXT), &mut free.scratch()).to_vec();
    assert!(found.chunks_exact(ACTIONS).any(|values| !shape(values).0), "a case in which an outcome falls: {found:?}");
    let OutcomeModel::Mlp(network) = mlp(ACTIONS - 1) else { unreachable!() };
    let off = OutcomeModel::Ensemble(EnsembleModel {
        trunk: vec![],
        members: vec![network.layers],
        link: ChanceLink::Sigmoid,
        revenue_link: RevenueLink::Identity,
        follows: vec![],
        revenue_stage: None,
        amount: None,
        pessimism: 0.0,
    });
    let off = policy(off, ACTIONS - 1, Exploration::Greedy);
    assert_eq!(off.outcomes(&request("d", &CONTEXT), &mut off.scratch()), found);
}
