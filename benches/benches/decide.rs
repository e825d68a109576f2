//! What one decision costs: 24 actions, a funnel of 4 stages, 20 features that encode to 64 slots, softmax exploration.
//!
//! Measured is `Policy::decide` as a service calls it: guardrails, encoder, heads, objective, exploration and draw. The
//! linear policy is 64 → 144, the neural one 64 → 128 → 128 → 144 (6 heads for each of 24 actions), the ensemble five of
//! these, and the trees 300 of 31 leaves for each of 3 heads, of a funnel of one stage. Criterion gives the
//! mean over a stream of different requests; before it, each policy's single calls are timed one by one, for p50 and
//! p99, of which reading the clock takes a part that is printed too.

use criterion::{Criterion, criterion_group, criterion_main};
use guerdon_core::{Catalogue, FeatureType, FrequencyCap, Guardrails, Money, Reward, Seed, Timestamp, Value};
use guerdon_policy::{
    ChanceLink, Dense, Encoder, Encoding, EnsembleModel, Exploration, FeatureSchema, Forest, MlpModel, Objective,
    OutcomeModel, Policy, PolicyParts, Request, RevenueLink, TreesModel, heads,
};
use std::hint::black_box;
use std::time::Instant;

const ACTIONS: usize = 24;
const STAGES: [&str; 4] = ["received", "viewed", "completed", "purchased"];
const LEVELS: [&str; 4] = ["bronze", "silver", "gold", "platinum"];
const CALLS: usize = 20_000;

/// 14 numbers (2 slots each) and 6 categories of 4 levels (6 slots each): 64 slots.
fn encoder() -> Encoder {
    let mut features = vec![];
    for i in 0..14 {
        let schema = FeatureSchema { name: format!("number{i}"), r#type: FeatureType::Number };
        features.push((schema, Encoding::Number { mean: 3.0, std: 2.5 }));
    }
    for i in 0..6 {
        let schema = FeatureSchema { name: format!("category{i}"), r#type: FeatureType::Category };
        features.push((schema, Encoding::Category { levels: LEVELS.map(String::from).into() }));
    }
    Encoder::new(features).expect("the features are fine")
}

fn layer(seed: u64, inputs: usize, outputs: usize) -> Dense {
    let draw = |i: usize| ((Seed(seed).uniform_indexed(i as u64) * 2.0 - 1.0) / (inputs as f64).sqrt()) as f32;
    let weights = (0..inputs * outputs).map(draw).collect();
    Dense { inputs, outputs, weights, bias: vec![0.1; outputs] }
}

fn policy(name: &str, stages: &[&str], model: OutcomeModel) -> Policy {
    let reward = |i: usize| Reward {
        action: if i == 0 { "none".into() } else { format!("offer{i}") },
        kind: "discount".into(),
        amount: Money(25 * i as i64),
        points: 0,
        threshold: None,
        pays_at: (i > 0).then_some(stages.len() / 2),
        valid_hours: None,
        slot: None,
        channels: vec![],
    };
    Policy::new(PolicyParts {
        name: name.into(),
        encoder: encoder(),
        catalogue: Catalogue::new((0..ACTIONS).map(reward).collect()).expect("the catalogue is fine"),
        stages: stages.iter().copied().map(String::from).collect(),
        model,
        objective: Objective {
            margin: 0.3,
            lambda: 0.1,
            mu: 0.0,
            contact_cost: 0.02,
            point_value: 0.0,
            placement: None,
        },
        exploration: Exploration::Softmax { temperature: 0.1, floor: 0.0 },
        guardrails: Guardrails {
            frequency_caps: vec![FrequencyCap { feature: "number0".into(), most: 50.0 }],
            holdout: 0.01,
            ..Guardrails::default()
        },
        minor_units: 2,
        seed: Seed(1),
        training: None,
    })
    .expect("the policy is fine")
}

fn policies() -> [Policy; 4] {
    let outputs = heads(STAGES.len()) * ACTIONS;
    let layers = |seed| vec![layer(seed, 64, 128), layer(seed + 1, 128, 128), layer(seed + 2, 128, outputs)];
    let ensemble = EnsembleModel {
        trunk: vec![],
        members: (0..5).map(|i| layers(10 * i)).collect(),
        link: ChanceLink::Sigmoid,
        revenue_link: RevenueLink::Identity,
        follows: vec![],
        revenue_stage: None,
        amount: None,
        pessimism: 0.0,
    };
    [
        policy("linear", &STAGES, OutcomeModel::Linear(layer(1, 64, outputs))),
        policy("neural", &STAGES, OutcomeModel::Mlp(MlpModel { layers: layers(2), revenue_stage: None })),
        policy("ensemble of 5", &STAGES, OutcomeModel::Ensemble(ensemble)),
        policy("trees 300x31 leaves x 3 heads", &STAGES[..1], trees()),
    ]
}

/// Forests of 300 trees for 3 heads, over the context and 4 features of the action.
fn trees() -> OutcomeModel {
    let forest = |head| {
        let (seed, mut draws) = (Seed(head), 0);
        let mut draw = || {
            draws += 1;
            seed.uniform_indexed(draws)
        };
        let mut forest = Forest::default();
        (0..300).for_each(|_| grow(&mut forest, 31, &mut draw));
        forest
    };
    let action_features = (0..4 * ACTIONS).map(|i| Seed(99).uniform_indexed(i as u64) as f32).collect();
    let forests = (0..3).map(forest).collect();
    OutcomeModel::Trees(TreesModel { inputs: 64, action_features, forests, revenue_stage: None })
}

/// A tree that grows leaf by leaf, at random.
fn grow(forest: &mut Forest, leaves: usize, draw: &mut impl FnMut() -> f64) {
    let mut open = vec![push_leaf(forest, draw)];
    forest.roots.extend(&open);
    while open.len() < leaves {
        let node = open.swap_remove((draw() * open.len() as f64) as usize) as usize;
        let (left, right) = (push_leaf(forest, draw), push_leaf(forest, draw));
        (forest.left[node], forest.right[node]) = (left, right);
        open.extend([left, right]);
    }
}

fn push_leaf(forest: &mut Forest, draw: &mut impl FnMut() -> f64) -> u32 {
    let node = forest.nodes() as u32;
    forest.feature.push((draw() * 68.0) as u32);
    forest.threshold.push((draw() * 2.0 - 0.5) as f32);
    forest.left.push(node);
    forest.right.push(node);
    forest.value.push((draw() * 0.1 - 0.05) as f32);
    node
}

/// 256 contexts; about a tenth of the values are missing.
fn contexts() -> Vec<Vec<Value<'static>>> {
    let context = |row: u64| {
        let seed = Seed(9).indexed(row);
        let value = |i: u64| match (seed.indexed(i).uniform("missing") < 0.1, i) {
            (true, _) => Value::Missing,
            (false, 0..14) => Value::Number(seed.uniform_indexed(i) * 6.0),
            (false, _) => Value::Category(LEVELS[(seed.uniform_indexed(i) * 4.0) as usize]),
        };
        (0..20).map(value).collect()
    };
    (0..256).map(context).collect()
}

fn requests<'a>(ids: &'a [String], contexts: &'a [Vec<Value<'a>>]) -> Vec<Request<'a>> {
    let request = |(id, context): (&'a String, &'a Vec<Value<'a>>)| Request {
        decision_id: id,
        member_id: id,
        at: Timestamp(1_770_000_000_000_000),
        context,
        eligible: None,
    };
    ids.iter().zip(contexts).map(request).collect()
}

/// What is timed must be right: the policy that was written and read again decides the same, and its distributions sum
/// to 1.
fn assert_right(policy: &Policy, requests: &[Request]) {
    let loaded = Policy::from_bytes(&policy.to_bytes(), "bench").expect("what is written can be read");
    let (mut scratch, mut other) = (policy.scratch(), loaded.scratch());
    for request in requests {
        let decision = policy.decide(request, &mut scratch);
        assert_eq!(decision, loaded.decide(request, &mut other));
        let sum: f64 = policy.probabilities(request, &mut scratch).iter().sum();
        assert!((sum - 1.0).abs() < 1e-12, "{sum}");
    }
}

/// p50 and p99 of single calls, in ns.
fn latency(mut call: impl FnMut(usize)) -> (u128, u128) {
    (0..2_000).for_each(&mut call);
    let mut times: Vec<u128> = (0..CALLS)
        .map(|i| {
            let start = Instant::now();
            call(i);
            start.elapsed().as_nanos()
        })
        .collect();
    times.sort_unstable();
    (times[CALLS / 2], times[CALLS * 99 / 100])
}

fn decide(criterion: &mut Criterion) {
    let contexts = contexts();
    let ids: Vec<String> = (0..contexts.len()).map(|i| format!("decision-{i:08}")).collect();
    let requests = requests(&ids, &contexts);
    let (p50, p99) = latency(|_| {
        black_box(());
    });
    println!("clock alone: p50 {p50} ns, p99 {p99} ns");
    for policy in policies() {
        let name = policy.parts().name.clone();
        assert_right(&policy, &requests);
        let mut scratch = policy.scratch();
        let mut at = |i: usize| {
            black_box(policy.decide(black_box(&requests[i % requests.len()]), &mut scratch));
        };
        let (p50, p99) = latency(&mut at);
        println!("decide/{name}: p50 {p50} ns, p99 {p99} ns over {CALLS} calls");
        let mut i = 0;
        criterion.bench_function(&format!("decide/{name}"), |bencher| {
            bencher.iter(|| {
                i += 1;
                at(i);
            });
        });
    }
}

criterion_group!(benches, decide);
criterion_main!(benches);
