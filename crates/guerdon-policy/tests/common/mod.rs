//! Small policies for the tests.

#![allow(dead_code)]

use guerdon_core::{
    Catalogue, FeatureType, FrequencyCap, Guardrails, MemberSplit, Money, PropensitySource, QuietHours, Reward, Seed,
    Timestamp, Value,
};
use guerdon_policy::{
    AmountCurve, ChanceLink, Dense, Encoder, Encoding, EnsembleModel, Exploration, FeatureSchema, FixedScores, Forest,
    MlpModel, Objective, OutcomeModel, Policy, PolicyParts, Request, RevenueLink, ScoresModel, Training, TreesModel,
    heads, one_after_the_other,
};

pub const STAGES: [&str; 3] = ["viewed", "completed", "purchased"];

/// Numbers uniform on [−1, 1), the same for ever.
pub struct Draws(Seed, u64);

impl Draws {
    pub fn new(seed: u64) -> Draws {
        Draws(Seed(seed), 0)
    }

    pub fn next(&mut self) -> f64 {
        self.1 += 1;
        self.0.uniform_indexed(self.1) * 2.0 - 1.0
    }

    pub fn floats(&mut self, n: usize, scale: f64) -> Vec<f32> {
        (0..n).map(|_| (self.next() * scale) as f32).collect()
    }
}

/// `none` and `offers` rewards.
pub fn catalogue(offers: usize) -> Catalogue {
    let reward = |i: usize| Reward {
        action: if i == 0 { "none".into() } else { format!("offer{i}") },
        kind: if i == 0 { "none".into() } else { "discount".into() },
        amount: Money(100 * i as i64),
        points: 10 * i as i64,
        threshold: None,
        pays_at: (i > 0).then_some(1),
        valid_hours: None,
        slot: None,
        channels: vec!["email".into()],
    };
    Catalogue::new((0..=offers).map(reward).collect()).unwrap()
}

/// age, offers_7d (numbers), consent, region (categories): 2 + 2 + 4 + 5 slots.
pub fn encoder() -> Encoder {
    let number = |name: &str, mean, std| {
        (FeatureSchema { name: name.into(), r#type: FeatureType::Number }, Encoding::Number { mean, std })
    };
    let category = |name: &str, levels: &[&str]| {
        let levels = levels.iter().map(|level| level.to_string()).collect();
        (FeatureSchema { name: name.into(), r#type: FeatureType::Category }, Encoding::Category { levels })
    };
    Encoder::new(vec![
        number("age", 41.3, 12.7),
        number("offers_7d", 1.1, 0.9),
        category("consent", &["yes", "no"]),
        category("region", &["north", "south", "west"]),
    ])
    .unwrap()
}

pub fn layer(draws: &mut Draws, inputs: usize, outputs: usize) -> Dense {
    let scale = 1.5 / (inputs.max(1) as f64).sqrt();
    Dense { inputs, outputs, weights: draws.floats(inputs * outputs, scale), bias: draws.floats(outputs, 0.3) }
}

pub fn linear(offers: usize) -> OutcomeModel {
    OutcomeModel::Linear(layer(&mut Draws::new(1), encoder().width(), heads(STAGES.len()) * (offers + 1)))
}

pub fn mlp(offers: usize) -> OutcomeModel {
    let mut draws = Draws::new(2);
    let outputs = heads(STAGES.len()) * (offers + 1);
    OutcomeModel::Mlp(MlpModel {
        layers: vec![
            layer(&mut draws, encoder().width(), 19),
            layer(&mut draws, 19, 24),
            layer(&mut draws, 24, outputs),
        ],
        revenue_stage: None,
    })
}

/// A trunk, three members, an amount curve over the offers, a chain of stages and a hurdle.
pub fn ensemble(offers: usize) -> OutcomeModel {
    let mut draws = Draws::new(4);
    let (actions, knots) = (offers + 1, 2);
    let curve = AmountCurve {
        group: (0..actions).map(|action| (action > 0).then_some(0)).collect(),
        groups: 1,
        knots,
        basis: (0..actions).flat_map(|action| [1, 3].map(|knot| action.min(knot) as f32)).collect(),
        revenue_scale: 2.0,
    };
    let outputs = heads(STAGES.len()) * actions + curve.outputs(STAGES.len(), true);
    OutcomeModel::Ensemble(EnsembleModel {
        trunk: vec![layer(&mut draws, encoder().width(), 19)],
        members: (0..3).map(|_| vec![layer(&mut draws, 19, 11), layer(&mut draws, 11, outputs)]).collect(),
        link: ChanceLink::Sigmoid,
        revenue_link: RevenueLink::Identity,
        follows: one_after_the_other(STAGES.len()),
        revenue_stage: Some(2),
        amount: Some(curve),
        pessimism: 0.5,
    })
}

/// The same with a chain of some stages only: the last follows the first.
pub fn part_chain(offers: usize) -> OutcomeModel {
    let OutcomeModel::Ensemble(model) = ensemble(offers) else { unreachable!() };
    OutcomeModel::Ensemble(EnsembleModel { follows: vec![None, None, Some(0)], ..model })
}

/// A trunk, three members, a hurdle and revenue by a log link, at most 3.
pub fn log_revenue(offers: usize) -> OutcomeModel {
    let mut draws = Draws::new(8);
    let outputs = heads(STAGES.len()) * (offers + 1);
    OutcomeModel::Ensemble(EnsembleModel {
        trunk: vec![layer(&mut draws, encoder().width(), 19)],
        members: (0..3).map(|_| vec![layer(&mut draws, 19, 11), layer(&mut draws, 11, outputs)]).collect(),
        link: ChanceLink::Sigmoid,
        revenue_link: RevenueLink::Exp { most: 3.0 },
        follows: vec![],
        revenue_stage: Some(2),
        amount: None,
        pessimism: 0.0,
    })
}

/// Draws of a linear model: no trunk, no hidden layer, clamped chances.
pub fn draws_of_linear(offers: usize) -> OutcomeModel {
    let mut draws = Draws::new(5);
    let outputs = heads(STAGES.len()) * (offers + 1);
    OutcomeModel::Ensemble(EnsembleModel {
        trunk: vec![],
        members: (0..4).map(|_| vec![layer(&mut draws, encoder().width(), outputs)]).collect(),
        link: ChanceLink::Clamp,
        revenue_link: RevenueLink::Identity,
        follows: vec![],
        revenue_stage: None,
        amount: None,
        pessimism: 0.0,
    })
}

/// Full trees of depth 3 over `features` features.
pub fn forest(draws: &mut Draws, trees: u32, features: usize) -> Forest {
    let mut forest = Forest { base: draws.next() as f32, ..Forest::default() };
    for tree in 0..trees {
        let root = tree * 15;
        forest.roots.push(root);
        for node in 0..15 {
            let leaf = node >= 7;
            forest.feature.push(((draws.next() + 1.0) / 2.0 * features as f64) as u32);
            forest.threshold.push(draws.next() as f32);
            forest.left.push(root + if leaf { node } else { 2 * node + 1 });
            forest.right.push(root + if leaf { node } else { 2 * node + 2 });
            forest.value.push((draws.next() * 0.5) as f32);
        }
    }
    forest
}

/// Trees over the context and two features of each action.
pub fn trees(offers: usize) -> OutcomeModel {
    let mut draws = Draws::new(6);
    let inputs = encoder().width();
    OutcomeModel::Trees(TreesModel {
        inputs,
        action_features: draws.floats(2 * (offers + 1), 1.0),
        forests: (0..heads(STAGES.len())).map(|_| forest(&mut draws, 5, inputs + 2)).collect(),
        revenue_stage: Some(2),
    })
}

pub fn scores(offers: usize) -> OutcomeModel {
    let mut draws = Draws::new(7);
    let layers = vec![layer(&mut draws, encoder().width(), 17), layer(&mut draws, 17, offers + 1)];
    OutcomeModel::Scores(ScoresModel { layers })
}

/// Every kind of model.
pub fn every_model(offers: usize) -> Vec<OutcomeModel> {
    [linear, mlp, ensemble, log_revenue, draws_of_linear, trees, scores, fixed].map(|model| model(offers)).into()
}

pub fn fixed(offers: usize) -> OutcomeModel {
    let mut draws = Draws::new(3);
    OutcomeModel::Fixed(FixedScores { scores: (0..=offers).map(|_| draws.next()).collect() })
}

pub fn training() -> Training {
    Training {
        learner: "ridge".into(),
        config: serde_json::json!({"alpha": 0.1 + 0.2, "folds": 5, "names": ["b", "a"]}),
        seed: Seed(u64::MAX),
        log_id: "log".into(),
        data_sha256: "00".into(),
        split: MemberSplit { seed: Seed(1), train_share: 0.7 },
        rows: 10,
        members: 3,
        device: "cpu".into(),
        code_version: "0.1.0".into(),
        propensity_source: PropensitySource::Declared,
    }
}

pub fn parts(model: OutcomeModel, offers: usize, exploration: Exploration) -> PolicyParts {
    PolicyParts {
        name: "test".into(),
        encoder: encoder(),
        catalogue: catalogue(offers),
        stages: STAGES.map(String::from).into(),
        model,
        objective: Objective {
            margin: 0.3,
            lambda: 0.1,
            mu: 0.7,
            contact_cost: 0.05,
            point_value: 0.01,
            placement: None,
        },
        exploration,
        guardrails: Guardrails::default(),
        minor_units: 2,
        seed: Seed(11),
        training: Some(training()),
    }
}

pub fn guardrails() -> Guardrails {
    Guardrails {
        kill_switch: false,
        holdout: 0.1,
        consent: Some("consent".into()),
        quiet_hours: Some(QuietHours { from: 22, to: 7 }),
        frequency_caps: vec![FrequencyCap { feature: "offers_7d".into(), most: 3.0 }],
    }
}

pub fn policy(model: OutcomeModel, offers: usize, exploration: Exploration) -> Policy {
    Policy::new(parts(model, offers, exploration)).unwrap()
}

pub const CONTEXT: [Value<'static>; 4] =
    [Value::Number(35.0), Value::Number(1.0), Value::Category("yes"), Value::Category("south")];

pub fn noon() -> Timestamp {
    Timestamp::parse("2026-03-01T12:00:00Z").unwrap()
}

pub fn request<'a>(decision_id: &'a str, context: &'a [Value<'a>]) -> Request<'a> {
    Request { decision_id, member_id: "m-1", at: noon(), context, eligible: None }
}
