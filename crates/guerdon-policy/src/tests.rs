//! A whole policy gives the same bits with every instruction set.

use crate::*;
use guerdon_core::{Catalogue, FeatureType, Guardrails, Money, Reward, Seed, Timestamp, Value};
use pulp::Arch;

fn layer(seed: u64, inputs: usize, outputs: usize) -> Dense {
    let draw = |i: usize| (Seed(seed).uniform_indexed(i as u64) * 2.0 - 1.0) as f32 / (inputs as f32).sqrt();
    Dense { inputs, outputs, weights: (0..inputs * outputs).map(draw).collect(), bias: vec![-0.0; outputs] }
}

fn mlp() -> OutcomeModel {
    let layers = vec![layer(1, 18, 37), layer(2, 37, 21), layer(3, 21, 39)];
    OutcomeModel::Mlp(MlpModel { layers, revenue_stage: None })
}

/// Three heads of 13 actions, and a curve of two groups and three knots over all of them.
fn ensemble(revenue_link: RevenueLink) -> OutcomeModel {
    let basis = (0..39).map(|i| Seed(5).uniform_indexed(i) as f32).collect();
    let group = (0..13).map(|action| [None, Some(0), Some(1)][action % 3]).collect();
    OutcomeModel::Ensemble(EnsembleModel {
        trunk: vec![layer(6, 18, 37)],
        members: (0..3).map(|i| vec![layer(10 + i, 37, 21), layer(20 + i, 21, 39 + 18)]).collect(),
        link: ChanceLink::Sigmoid,
        revenue_link,
        follows: one_after_the_other(1),
        revenue_stage: None,
        amount: Some(AmountCurve { group, groups: 2, knots: 3, basis, revenue_scale: 1.5 }),
        pessimism: 0.3,
    })
}

fn policy(model: OutcomeModel, exploration: Exploration) -> Policy {
    let number = |i| FeatureSchema { name: format!("n{i}"), r#type: FeatureType::Number };
    let features = (0..9).map(|i| (number(i), Encoding::Number { mean: 0.3, std: 0.7 })).collect();
    let reward = |i: i64| Reward {
        action: format!("a{i}"),
        kind: "discount".into(),
        amount: Money(i * 10),
        points: i,
        threshold: None,
        pays_at: Some(0),
        valid_hours: None,
        slot: None,
        channels: vec![],
    };
    Policy::new(PolicyParts {
        name: "bits".into(),
        encoder: Encoder::new(features).unwrap(),
        catalogue: Catalogue::new((0..13).map(reward).collect()).unwrap(),
        stages: vec!["bought".into()],
        model,
        objective: Objective {
            margin: 0.3,
            lambda: 0.1,
            mu: 0.1,
            contact_cost: 0.1,
            point_value: 0.01,
            placement: None,
        },
        exploration,
        guardrails: Guardrails::default(),
        minor_units: 2,
        seed: Seed(4),
        training: None,
    })
    .unwrap()
}

#[test]
fn a_policy_gives_the_same_bits_with_and_without_vector_instructions() {
    if matches!(Arch::new(), Arch::Scalar) {
        eprintln!("SKIPPED: this machine has no vector instructions to compare with");
        return;
    }
    let softmax = Exploration::Softmax { temperature: 0.05, floor: 0.01 };
    for (model, exploration) in [
        (mlp(), softmax),
        (mlp(), Exploration::EpsilonGreedy { epsilon: 0.2 }),
        (ensemble(RevenueLink::Identity), Exploration::Vote { floor: 0.1 }),
        (ensemble(RevenueLink::Exp { most: 9.0 }), softmax),
        (OutcomeModel::Scores(ScoresModel { layers: vec![layer(1, 18, 29), layer(2, 29, 13)] }), softmax),
    ] {
        let vector = policy(model, exploration);
        let scalar = Policy { arch: Arch::Scalar, ..vector.clone() };
        let (mut a, mut b) = (vector.scratch(), scalar.scratch());
        for row in 0..500 {
            let seed = Seed(8).indexed(row);
            let context: Vec<_> = (0..9).map(|i| Value::Number(seed.uniform_indexed(i) * 3.0 - 1.0)).collect();
            let id = format!("d-{row}");
            let request =
                Request { decision_id: &id, member_id: "m", at: Timestamp(0), context: &context, eligible: None };
            let bits = |outcomes: &[f32]| outcomes.iter().map(|o| o.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(vector.outcomes(&request, &mut a)), bits(scalar.outcomes(&request, &mut b)));
            assert_eq!(vector.decide(&request, &mut a), scalar.decide(&request, &mut b));
            let bits = |probabilities: &[f64]| probabilities.iter().map(|p| p.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(vector.probabilities(&request, &mut a)), bits(scalar.probabilities(&request, &mut b)));
        }
    }
}

#[test]
fn a_chain_of_one_stage_is_written_as_it_was_read() {
    let policy = policy(ensemble(RevenueLink::Identity), Exploration::Greedy);
    let bytes = policy.to_bytes();
    let again = Policy::from_bytes(&bytes, "again").unwrap();
    assert!(again.parts().model == policy.parts().model && again.to_bytes() == bytes);
    assert_eq!(again.version(), policy.version());
}
