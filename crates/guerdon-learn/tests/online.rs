//! The online learners: propensities, regressors, masks, replays, regret, drift, frozen bundles.

use guerdon_core::{Catalogue, Guardrails, Money, Reward, Seed, Timestamp, Value};
use guerdon_learn::online::{
    Explorer, FROZEN_DRAWS, Features, FrozenHead, Learner, Link, NAMES, OnlineConfig, OnlineLearner, OnlineRidge,
    Ranged, Replay, Resample, RidgeParameters, Step, ThompsonMethod, monte_carlo, quadrature, replay, standard_error,
};
use guerdon_policy::{
    Encoder, Encoding, Exploration, FeatureSchema, FixedScores, Objective, OutcomeModel, Policy, PolicyParts, Request,
};
use nalgebra::{DMatrix, DVector};

/// A world whose rewards are 0 or 1 with chances linear in two numbers; where `jumps`, the arms trade places half-way.
struct World {
    xs: Vec<[f32; 2]>,
    rewards: Vec<[f64; 3]>,
    expected: Vec<[f64; 3]>,
}

impl World {
    fn new(steps: usize, jumps: bool, seed: Seed) -> World {
        let uniform = |name: &str, i: usize| seed.named(name).uniform_indexed(i as u64);
        let mut world = World { xs: vec![], rewards: vec![], expected: vec![] };
        for i in 0..steps {
            let x = [2.0 * uniform("a", i) - 1.0, 2.0 * uniform("b", i) - 1.0];
            let mut p = [0.5 + 0.4 * x[0], 0.5 - 0.4 * x[0], 0.45 + 0.4 * x[1]];
            if jumps && i >= steps / 2 {
                p.rotate_left(1);
            }
            let reward = |arm: usize| f64::from(u8::from(uniform("r", 3 * i + arm) < p[arm]));
            world.rewards.push([reward(0), reward(1), reward(2)]);
            world.expected.push(p);
            world.xs.push(x.map(|x| x as f32));
        }
        world
    }

    fn steps(&self) -> impl Iterator<Item = Step<'_>> {
        self.xs.iter().zip(&self.rewards).zip(&self.expected).map(|((x, rewards), expected)| Step {
            x,
            eligible: None,
            rewards,
            expected: Some(expected),
        })
    }

    fn replay(&self, config: OnlineConfig, seed: Seed) -> Replay {
        let mut learner = Learner::new(config, 2, 3, seed).unwrap();
        replay(self.steps(), &mut learner, 100).unwrap()
    }
}

/// The named defaults, with Fourier features few enough for a test, and Thompson sampling by drawing.
fn configs() -> impl Iterator<Item = (&'static str, OnlineConfig)> {
    let named = NAMES.into_iter().map(|name| {
        let mut config = OnlineConfig::named(name).unwrap();
        if let Features::Fourier { count, length_scale, unit } = &mut config.features {
            // Direction alone does not tell this world's rewards.
            (*count, *length_scale, *unit) = (32, 1.0, false);
        }
        (name, config)
    });
    let method = ThompsonMethod::MonteCarlo { draws: 100 };
    named.chain([("lints by drawing", OnlineConfig::new(Explorer::Thompson { scale: 0.2, method }))])
}

#[test]
fn only_propensities_that_are_counted_among_draws_have_an_error_and_it_is_their_largest() {
    for (name, config) in configs() {
        let error = config.propensity_error();
        assert_eq!(error, (name == "lints by drawing").then_some(0.05), "{name}");
        assert!((0..=100).all(|p| standard_error(f64::from(p) / 100.0, 100) <= error.unwrap_or(1.0)));
    }
}

#[test]
fn rewards_in_another_unit_are_learned_as_those_in_0_to_1_and_what_lies_outside_is_cut_and_counted() {
    let world = World::new(600, false, Seed(1));
    // Not 0 and 1, but −4 and 16, where −2 to 8 are asked for.
    let priced: Vec<[f64; 3]> = world.rewards.iter().map(|rewards| rewards.map(|r| 20.0 * r - 4.0)).collect();
    let steps = || world.xs.iter().zip(&priced).map(|(x, rewards)| Step { x, eligible: None, rewards, expected: None });
    for (name, config) in configs() {
        let plain = world.replay(config, Seed(3));
        let mut learner = Learner::new(config, 2, 3, Seed(3)).unwrap();
        let mut ranged = Ranged::new(&mut learner, -2.0, 8.0).unwrap();
        let found = replay(steps(), &mut ranged, 0).unwrap();
        assert_eq!(ranged.cut(), 600, "{name}");
        assert_eq!(found.taken, plain.taken, "{name}");
        assert!((found.last.mean_reward - (20.0 * plain.last.mean_reward - 4.0)).abs() < 1e-9, "{name}");
    }
    let mut learner = Learner::new(OnlineConfig::named("linucb").unwrap(), 2, 3, Seed(3)).unwrap();
    for (low, high) in [(1.0, 1.0), (2.0, 1.0), (f64::NAN, 1.0), (0.0, f64::INFINITY)] {
        assert!(Ranged::new(&mut learner, low, high).is_err());
    }
}

fn taught(config: OnlineConfig, steps: usize) -> Learner {
    let mut learner = Learner::new(config, 2, 3, Seed(5)).unwrap();
    replay(World::new(steps, false, Seed(1)).steps(), &mut learner, 0).unwrap();
    learner
}

#[test]
fn probabilities_sum_to_one_respect_the_mask_and_are_those_of_the_draws() {
    for (name, config) in configs() {
        for floor in [0.0, 0.1] {
            let mut learner = taught(OnlineConfig { floor, ..config }, 60);
            for eligible in [[true, true, true], [true, false, true], [false, true, false]] {
                let x = [0.1, 0.2];
                let mut p = [f64::NAN; 3];
                learner.probabilities(&x, &eligible, &mut p).unwrap();
                assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{name}: {p:?}");
                let arms = eligible.iter().filter(|eligible| **eligible).count() as f64;
                for (p, eligible) in p.iter().zip(eligible) {
                    assert!(if eligible { *p >= floor / arms - 1e-15 } else { *p == 0.0 }, "{name}: {p}");
                }
                let mut counts = [0.0; 3];
                let draws = 4_000;
                for i in 0..draws {
                    let choice = learner.choose(&x, &eligible, &format!("d{i}")).unwrap();
                    assert_eq!(choice.propensity.to_bits(), p[choice.action].to_bits(), "{name}");
                    counts[choice.action] += 1.0 / f64::from(draws);
                }
                for (p, count) in p.iter().zip(counts) {
                    assert!((p - count).abs() < 5.0 * standard_error(*p, 4_000) + 1e-12, "{name}: {p} {count}");
                }
            }
        }
    }
}

#[test]
fn thompsons_chances_are_the_same_by_integration_and_by_drawing() {
    let means = [0.2, 0.25, 0.1, 9.0, -3.0];
    let deviations = [0.1, 0.01, 0.3, 0.1, 0.5];
    let eligible = [true, true, true, false, true];
    let (mut exact, mut drawn) = ([0.0; 5], [0.0; 5]);
    quadrature(&means, &deviations, &eligible, &mut exact);
    let draws = 400_000;
    monte_carlo(&means, &deviations, &eligible, draws, Seed(2), &mut drawn);
    for (exact, drawn) in exact.iter().zip(drawn) {
        assert!((exact - drawn).abs() <= 5.0 * standard_error(*exact, draws) + 1e-12, "{exact} {drawn}");
    }
    // Two arms have a closed form: Φ((m0 − m1) / √(s0² + s1²)); here Φ(1) whatever the ratio of the deviations.
    for ratio in [1.0, 1e-2, 1e-5] {
        let deviations = [1.0, ratio];
        let mut p = [0.0; 2];
        quadrature(&[1f64.hypot(ratio), 0.0], &deviations, &[true; 2], &mut p);
        assert!((p[0] - 0.841_344_746_068_542_9).abs() < 1e-5, "{ratio}: {p:?}");
    }
}

/// min Σ w (r − θᵀx)² + ridge ‖θ‖².
fn batch(rows: &[(f64, [f64; 4], f64)], ridge: f64) -> DVector<f64> {
    let mut a = DMatrix::identity(4, 4) * ridge;
    let mut b = DVector::<f64>::zeros(4);
    for (weight, x, reward) in rows {
        let x = DVector::from_row_slice(x);
        a += *weight * &x * x.transpose();
        b += *weight * *reward * x;
    }
    a.cholesky().unwrap().solve(&b)
}

fn observation(i: usize) -> ([f64; 4], f64) {
    let u = |name: &str| 2.0 * Seed(9).named(name).uniform_indexed(i as u64) - 1.0;
    // The second and third feature are all but the same: as hard as it gets for a rank-one update.
    let (a, b) = (u("a"), u("b"));
    ([1.0, a, a + 1e-3 * b, 30.0 * u("c")], 0.5 * a - 0.2 * b + u("noise"))
}

#[test]
fn recursive_least_squares_is_batch_ridge() {
    for (forgetting, window, steps) in
        [(1.0, None, 5_000), (0.99, None, 5_000), (0.9, None, 300), (1.0, Some(200), 5_000), (0.995, Some(150), 3_000)]
    {
        let parameters = RidgeParameters { lambda: 0.5, forgetting, window, link: Link::Identity };
        let mut ridge = OnlineRidge::new(parameters, 4).unwrap();
        for i in 0..steps {
            let (x, reward) = observation(i);
            ridge.update(&x, reward, 1.0, i as u64);
            if i % 617 == 0 || i + 1 == steps {
                let first = window.map_or(0, |window| (i + 1).saturating_sub(window as usize));
                let rows: Vec<_> = (first..=i)
                    .map(|past| {
                        let (x, reward) = observation(past);
                        (forgetting.powi((i - past) as i32), x, reward)
                    })
                    .collect();
                let truth = batch(&rows, ridge.ridge());
                for (found, truth) in ridge.weights().iter().zip(&truth) {
                    assert!((found - truth).abs() < 1e-8, "{parameters:?} at {i}: {found} {truth}");
                }
                assert!(ridge.ridge() <= 0.5 && ridge.ridge() >= 0.25);
            }
        }
    }
}

#[test]
fn a_million_updates_leave_no_rounding_behind() {
    let mut ridge = OnlineRidge::new(RidgeParameters::default(), 4).unwrap();
    let mut a = DMatrix::<f64>::identity(4, 4);
    let mut b = DVector::<f64>::zeros(4);
    for i in 0..1_000_000 {
        let (x, reward) = observation(i);
        ridge.update(&x, reward, 1.0, i as u64);
        for (row, left) in x.iter().enumerate() {
            b[row] += left * reward;
            x.iter().enumerate().for_each(|(column, right)| a[(row, column)] += left * right);
        }
    }
    let inverse = a.cholesky().unwrap().inverse();
    let truth = &inverse * b;
    for (found, truth) in ridge.weights().iter().zip(&truth) {
        assert!((found - truth).abs() < 1e-8 * (1.0 + truth.abs()), "{found} {truth}");
    }
    let x = DVector::from_row_slice(&[1.0, 0.5, -0.5, 2.0]);
    let (_, deviation) = ridge.predict(x.as_slice(), 1_000_000);
    let truth = x.dot(&(&inverse * &x)).sqrt();
    assert!((deviation / truth - 1.0).abs() < 1e-6, "{deviation} {truth}");
}

#[test]
fn deviations_grow_with_time_only_where_something_is_forgotten() {
    for (forgetting, window, grows) in [(1.0, None, false), (0.99, None, true), (1.0, Some(50), true)] {
        let parameters = RidgeParameters { forgetting, window, ..RidgeParameters::default() };
        let mut ridge = OnlineRidge::new(parameters, 1).unwrap();
        (0..40).for_each(|i| ridge.update(&[1.0], 1.0, 1.0, i));
        let (mean, now) = ridge.predict(&[1.0, 7.0], 40); // a number too many counts for nothing
        let (later_mean, later) = ridge.predict(&[1.0], 2_000);
        assert_eq!(later > 1.5 * now, grows, "{parameters:?}");
        assert_eq!(later_mean < mean, grows, "{parameters:?}: without evidence the prior comes back");
        assert!(later <= 2f64.sqrt() + 1e-12, "never much wider than the prior: {later}");
    }
}

#[test]
fn the_logistic_regressor_finds_the_log_odds() {
    let parameters = RidgeParameters { link: Link::Logistic, ..RidgeParameters::default() };
    let mut ridge = OnlineRidge::new(parameters, 2).unwrap();
    for i in 0..40_000 {
        let x = [1.0, 4.0 * Seed(4).named("x").uniform_indexed(i) - 2.0];
        let p = Link::Logistic.mean(-0.5 + 1.5 * x[1]);
        let reward = f64::from(u8::from(Seed(4).named("r").uniform_indexed(i) < p));
        ridge.update(&x, reward, 1.0, i);
    }
    assert!(
        (ridge.weights()[0] + 0.5).abs() < 0.06 && (ridge.weights()[1] - 1.5).abs() < 0.08,
        "{:?}",
        ridge.weights()
    );
}

#[test]
fn the_same_seed_replays_to_the_same_bytes_and_another_does_not() {
    let world = World::new(300, false, Seed(3));
    for (name, config) in configs() {
        let run = |seed| {
            let mut learner = Learner::new(config, 2, 3, seed).unwrap();
            let replayed = replay(world.steps(), &mut learner, 10).unwrap();
            (serde_json::to_vec(&replayed).unwrap(), serde_json::to_vec(&learner).unwrap())
        };
        assert!(run(Seed(1)) == run(Seed(1)), "{name}");
        assert!(run(Seed(1)).1 != run(Seed(2)).1, "{name}");
    }
}

#[test]
fn a_learner_that_was_written_and_read_goes_on_as_if_nothing_had_been() {
    for (name, config) in configs() {
        let config = OnlineConfig { ridge: RidgeParameters { window: Some(80), ..config.ridge }, ..config };
        let mut learner = taught(config, 150);
        let text = serde_json::to_string(&learner).unwrap();
        let mut read: Learner = serde_json::from_str(&text).unwrap();
        let world = World::new(100, true, Seed(8));
        let (here, there) = (replay(world.steps(), &mut learner, 1), replay(world.steps(), &mut read, 1));
        assert_eq!(here.unwrap(), there.unwrap(), "{name}");
        assert!(learner == read, "{name}");
    }
}

#[test]
fn not_forgetting_is_forgetting_with_factor_one() {
    // A factor so near 1 that nothing fades within the test runs the code that forgets.
    let world = World::new(400, false, Seed(3));
    let run = |forgetting| {
        let config = OnlineConfig::named("linucb").unwrap();
        world.replay(OnlineConfig { ridge: RidgeParameters { forgetting, ..config.ridge }, ..config }, Seed(1))
    };
    assert_eq!(run(1.0), run(1.0 - f64::EPSILON));
    assert_ne!(run(1.0), run(0.98));
}

#[test]
fn regret_grows_ever_more_slowly_where_the_world_stands_still() {
    let world = World::new(6_000, false, Seed(11));
    for (name, config) in configs() {
        // A rule that explores at a constant rate can't have sublinear regret; ε and temperature are lowered to where
        // what is left of it does not show.
        let mut config = config;
        match &mut config.explorer {
            Explorer::EpsilonGreedy { epsilon } => *epsilon = 0.02,
            Explorer::Softmax { temperature } => *temperature = 0.03,
            _ => {}
        }
        config.ridge.forgetting = 1.0;
        let replayed = world.replay(config, Seed(1));
        let regret = |step: usize| replayed.curve[step / 100 - 1].regret.unwrap();
        let (early, late) = (regret(1_000), regret(6_000) - regret(3_000));
        assert!(late < 0.6 * 3.0 * early, "{name}: {early} in the first 1,000, {late} in the last 3,000");
        // Always the best single arm would lose some 0.17 a step.
        assert!(regret(6_000) < 0.06 * 6_000.0, "{name}: {}", regret(6_000));
    }
}

#[test]
fn forgetting_and_windows_beat_remembering_where_the_world_changes() {
    let world = World::new(6_000, true, Seed(12));
    for name in ["linucb", "lints", "squarecb", "bag", "drift_ucb"] {
        let config = OnlineConfig::named(name).unwrap();
        let regret = |forgetting, window| {
            let ridge = RidgeParameters { forgetting, window, ..config.ridge };
            world.replay(OnlineConfig { ridge, ..config }, Seed(1)).last.regret.unwrap()
        };
        let (all, fading, recent) = (regret(1.0, None), regret(0.998, None), regret(1.0, Some(800)));
        assert!(fading < 0.8 * all && recent < 0.8 * all, "{name}: {all} {fading} {recent}");
    }
}

#[test]
fn curved_worlds_need_curved_features() {
    let accuracy = |name: &str| {
        let mut config = OnlineConfig::named(name).unwrap();
        if let Features::Fourier { count, length_scale, unit } = &mut config.features {
            (*count, *length_scale, *unit) = (64, 0.5, false);
        }
        let mut learner = Learner::new(config, 2, 2, Seed(1)).unwrap();
        let u = |name: &str, i| 2.0 * Seed(6).named(name).uniform_indexed(i) - 1.0;
        let xs: Vec<[f32; 2]> = (0..2_000).map(|i| [u("a", i) as f32, u("b", i) as f32]).collect();
        let same = |x: &[f32; 2]| f64::from(u8::from(x[0] * x[1] > 0.0));
        let rewards: Vec<[f64; 2]> = xs.iter().map(|x| [same(x), 1.0 - same(x)]).collect();
        let steps = xs.iter().zip(&rewards).map(|(x, rewards)| Step { x, eligible: None, rewards, expected: None });
        let replayed = replay(steps, &mut learner, 0).unwrap();
        assert_eq!(replayed.last.regret, None);
        replayed.last.mean_reward
    };
    assert!(accuracy("linucb") < 0.65);
    for name in ["kernel_ucb", "kernel_ts", "neural_linear_ts"] {
        assert!(accuracy(name) > 0.85, "{name}: {}", accuracy(name));
    }
}

/// The parts of a bundle for two numbers and three arms; model and exploration are to be replaced.
fn parts() -> PolicyParts {
    let reward = |action: &str| Reward {
        action: action.into(),
        kind: "discount".into(),
        amount: Money(0),
        points: 0,
        threshold: None,
        pays_at: Some(0),
        valid_hours: None,
        slot: None,
        channels: vec![],
    };
    let number = |name: &str| {
        let schema = FeatureSchema { name: name.into(), r#type: guerdon_core::FeatureType::Number };
        (schema, Encoding::Number { mean: 0.0, std: 1.0 })
    };
    PolicyParts {
        name: "online".into(),
        encoder: Encoder::new(vec![number("a"), number("b")]).unwrap(),
        catalogue: Catalogue::new(vec![reward("a"), reward("b"), reward("c")]).unwrap(),
        stages: vec!["purchased".into()],
        model: OutcomeModel::Fixed(FixedScores { scores: vec![0.0; 3] }),
        objective: Objective {
            margin: 1.0,
            lambda: 0.0,
            mu: 0.0,
            contact_cost: 0.0,
            point_value: 0.0,
            placement: None,
        },
        exploration: Exploration::Greedy,
        guardrails: Guardrails::default(),
        minor_units: 2,
        seed: Seed(1),
        training: None,
    }
}

#[test]
fn a_frozen_learner_is_a_bundle_that_expects_what_the_learner_does() {
    for (name, config) in configs().filter(|(_, config)| !matches!(config.features, Features::Fourier { .. })) {
        // Two numbers fill four slots of the encoder: value and whether it is missing.
        let mut learner = Learner::new(config, 4, 3, Seed(5)).unwrap();
        let world = World::new(400, false, Seed(1));
        let xs: Vec<[f32; 4]> = world.xs.iter().map(|x| [x[0], 0.0, x[1], 0.0]).collect();
        let steps = xs.iter().zip(&world.rewards);
        let steps = steps.map(|(x, rewards)| Step { x, eligible: None, rewards, expected: None });
        replay(steps, &mut learner, 0).unwrap();

        let logistic = config.ridge.link == Link::Logistic;
        let head = if logistic { FrozenHead::Stage(0) } else { FrozenHead::Revenue };
        let bytes = learner.freeze(parts(), head).unwrap().to_bytes();
        let policy = Policy::from_bytes(&bytes, "online.safetensors").unwrap();
        let (mut scratch, mut off) = (policy.scratch(), 0.0);
        for i in 0..20 {
            let (a, b) = (0.1 * f64::from(i) - 1.0, 0.3);
            let mut estimates = [0.0; 3];
            learner.estimates(&[a as f32, 0.0, b as f32, 0.0], &[true; 3], &mut estimates).unwrap();
            let context = [Value::Number(a), Value::Number(b)];
            let at = Timestamp::parse("2026-03-01T09:30:00Z").unwrap();
            let request = Request { decision_id: "d", member_id: "m", at, context: &context, eligible: None };
            let from = if logistic { 0 } else { 6 };
            for (found, truth) in policy.outcomes(&request, &mut scratch)[from..from + 3].iter().zip(estimates) {
                assert!((f64::from(*found) - truth).abs() < 1e-5, "{name}: {found} {truth}");
            }
            if matches!(config.explorer, Explorer::EpsilonGreedy { .. } | Explorer::Softmax { .. }) {
                let mut p = [0.0; 3];
                learner.probabilities(&[a as f32, 0.0, b as f32, 0.0], &[true; 3], &mut p).unwrap();
                for (found, truth) in policy.probabilities(&request, &mut scratch).iter().zip(p) {
                    assert!((found - truth).abs() < 1e-4, "{name}: {found} {truth}");
                }
            }
            if let Explorer::Bag { .. } | Explorer::Thompson { .. } = config.explorer {
                assert_eq!(policy.parts().exploration, Exploration::Vote { floor: config.floor }, "{name}");
                let mut p = [0.0; 3];
                learner.probabilities(&[a as f32, 0.0, b as f32, 0.0], &[true; 3], &mut p).unwrap();
                // An ensemble votes as it did; draws are few.
                let thompson = matches!(config.explorer, Explorer::Thompson { .. });
                let error = if thompson { 4.0 * standard_error(0.5, FROZEN_DRAWS) } else { 1e-12 };
                for (found, truth) in policy.probabilities(&request, &mut scratch).iter().zip(p) {
                    assert!((found - truth).abs() <= error, "{name}: {found} {truth}");
                    off += (found - truth).abs() / 60.0;
                }
            }
        }
        assert!(off < 0.05, "{name}: votes are {off} off in the mean");
    }
    let alone = Explorer::Bag { members: 1, resample: Resample::Poisson, prior_scale: 0.3 };
    let alone = Learner::new(OnlineConfig::new(alone), 4, 3, Seed(5)).unwrap();
    assert_eq!(alone.freeze(parts(), FrozenHead::Revenue).unwrap().parts().exploration, Exploration::Greedy);
    let curved = Learner::new(OnlineConfig::named("kernel_ucb").unwrap(), 4, 3, Seed(5)).unwrap();
    assert!(curved.freeze(parts(), FrozenHead::Revenue).unwrap_err().to_string().contains("Fourier"));
    let linear = Learner::new(OnlineConfig::named("linucb").unwrap(), 4, 3, Seed(5)).unwrap();
    assert!(linear.freeze(parts(), FrozenHead::Stage(1)).is_err());
}

#[test]
fn what_does_not_do_is_refused_and_nothing_is_learned_from_it() {
    let mut learner = Learner::new(OnlineConfig::named("drift_ucb").unwrap(), 2, 3, Seed(1)).unwrap();
    let before = learner.clone();
    for (x, action, propensity, reward) in [
        (&[0.0, 1.0][..], 3, 0.5, 1.0),
        (&[0.0, 1.0], 0, 0.0, 1.0),
        (&[0.0, 1.0], 0, 1.1, 1.0),
        (&[0.0, 1.0], 0, f64::NAN, 1.0),
        (&[0.0, 1.0], 0, 0.5, 1.5),
        (&[0.0, 1.0], 0, 0.5, f64::NAN),
        (&[0.0], 0, 0.5, 1.0),
        (&[0.0, f32::NAN], 0, 0.5, 1.0),
    ] {
        assert!(learner.update(x, action, propensity, reward).is_err(), "{x:?} {action} {propensity} {reward}");
    }
    assert!(learner == before);
    let mut p = [0.0; 3];
    assert!(learner.probabilities(&[0.0, 1.0], &[false; 3], &mut p).is_err());
    assert!(learner.probabilities(&[0.0, 1.0], &[true; 2], &mut p).is_err());
    assert!(learner.probabilities(&[0.0, 1.0], &[true; 3], &mut p[..2]).is_err());
    for explorer in [
        Explorer::EpsilonGreedy { epsilon: 1.1 },
        Explorer::Ucb { alpha: f64::NAN },
        Explorer::Thompson { scale: 1.0, method: ThompsonMethod::MonteCarlo { draws: 0 } },
        Explorer::Softmax { temperature: 0.0 },
        Explorer::SquareCb { scale: 1.0, exponent: 2.0 },
        Explorer::Cover { members: 0, psi: 0.1 },
    ] {
        assert!(Learner::new(OnlineConfig::new(explorer), 2, 3, Seed(1)).is_err(), "{explorer:?}");
    }
    for ridge in [
        RidgeParameters { lambda: 0.0, ..RidgeParameters::default() },
        RidgeParameters { forgetting: 0.0, ..RidgeParameters::default() },
        RidgeParameters { window: Some(0), ..RidgeParameters::default() },
    ] {
        assert!(OnlineRidge::new(ridge, 2).is_err(), "{ridge:?}");
    }
    assert!(OnlineConfig::named("linucbb").unwrap_err().to_string().contains("linucb, lints"));
    assert!(Learner::new(OnlineConfig::named("linucb").unwrap(), 2, 0, Seed(1)).is_err());
}

#[test]
fn rewards_and_contexts_of_any_size_give_probabilities() {
    for (name, config) in configs().filter(|(_, config)| config.reward_range().is_none()) {
        let mut learner = Learner::new(config, 2, 3, Seed(1)).unwrap();
        for i in 0..200 {
            let huge = if i % 3 == 0 { 1e30 } else { -1e-30 };
            let x = [huge as f32, 1.0];
            let choice = learner.choose(&x, &[true, true, i % 2 == 0], &i.to_string()).unwrap();
            assert!(choice.propensity > 0.0 && choice.propensity <= 1.0 + 1e-12, "{name}: {choice:?}");
            learner.update(&x, choice.action, choice.propensity.min(1.0), 1e100 * huge).unwrap();
        }
    }
}
