//! The world against its own closed-form truth.

use super::*;
use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Float64Type, TimestampMicrosecondType};
use guerdon_core::{NoProgress, Seed, Timestamp};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::path::Path;

fn world(seed: u64) -> World {
    World::new(Seed(seed), World::default_economics(), 12).unwrap()
}

fn index_of(world: &World, action: &str) -> usize {
    world.offers().iter().position(|offer| offer.action == action).unwrap()
}

/// Mean and standard error.
fn mean(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, (variance / n).sqrt())
}

/// What one drawn window holds: viewed, completed, purchased, paid, orders, revenue, net.
fn tally(world: &World, events: &[Occurrence], at: Timestamp, action: usize) -> [f64; 7] {
    let offer = &world.offers()[action];
    let first = |what| events.iter().filter(|event| event.what == what).map(|event| event.at).min();
    let [viewed, completed, purchase] = [Happening::Viewed, Happening::Completed, Happening::Purchase].map(first);
    let live = |time: Option<Timestamp>| time.is_some_and(|time| time.hours_since(at) < offer.valid_hours);
    let paid = match offer.pays_at {
        Some(1) => live(viewed),
        Some(2) => live(completed),
        Some(3) => live(purchase),
        _ => false,
    };
    let revenue: f64 = events.iter().filter(|e| e.what == Happening::Purchase).map(|e| e.value.unwrap()).sum();
    let orders = events.iter().filter(|e| e.what == Happening::Purchase).count() as f64;
    let reward = offer.reward(world.economics());
    let cost = if paid { reward.cost_when_paid().to_major(2) } else { 0.0 };
    let contact = if reward.is_none() { 0.0 } else { world.economics().contact_cost };
    let net = world.economics().margin * revenue - cost - contact;
    let flag = |yes: bool| f64::from(u8::from(yes));
    [flag(viewed.is_some()), flag(completed.is_some()), flag(purchase.is_some()), flag(paid), orders, revenue, net]
}

#[test]
fn the_closed_form_is_the_mean_of_what_happens() {
    const DRAWS: u64 = 20_000;
    let world = world(11);
    for (member, fatigue) in [(0, 0.0), (1, 2.5), (2, 1.0)] {
        let member = world.member(member);
        let at = world.decided_at(&member, 3);
        for action in 0..world.offers().len() {
            let expected = world.expected(&member, fatigue, at, action);
            let drawn: Vec<[f64; 7]> = (0..DRAWS)
                .map(|draw| {
                    let events = world.sample(&member, fatigue, at, action, draw);
                    tally(&world, &events, at, action)
                })
                .collect();
            let truth = [
                expected.viewed,
                expected.completed,
                expected.purchased,
                expected.paid,
                expected.orders,
                expected.revenue,
                expected.net,
            ];
            for (what, truth) in truth.iter().enumerate() {
                let (mean, error) = mean(&drawn.iter().map(|row| row[what]).collect::<Vec<_>>());
                let name = world.offers()[action].action;
                assert!(
                    (mean - truth).abs() <= 4.0 * error + 1e-3,
                    "{} {name} quantity {what}: drawn {mean} ± {error}, closed form {truth}",
                    member.id
                );
            }
        }
    }
}

#[test]
fn the_logs_events_are_drawn_from_the_same_process_as_the_truth() {
    // Net value in the generated log, decision by decision, minus its closed form averages to zero.
    let world = world(12);
    let mut gaps = vec![];
    for index in 0..3_000 {
        let life = world.life(index);
        for choice in life.choices.iter().filter(|choice| choice.mature) {
            let end = choice.at.plus_hours(WINDOW_HOURS);
            let events: Vec<Occurrence> = life
                .events
                .iter()
                .filter(|event| event.at >= choice.at && event.at < end)
                .filter(|event| event.offer.is_none_or(|offer| offer == choice.action))
                .copied()
                .collect();
            let drawn = tally(&world, &events, choice.at, choice.action);
            gaps.push(drawn[6] - choice.expected[choice.action].net);
        }
    }
    let (mean, error) = mean(&gaps);
    assert!(mean.abs() <= 4.0 * error, "{mean} ± {error}");
}

#[test]
fn logging_propensities_sum_to_one_and_none_of_them_is_below_two_percent() {
    let world = world(13);
    for index in 0..500 {
        let p = probabilities(world.offers(), &world.member(index).attributes);
        assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert!(p.iter().all(|p| *p >= 0.02), "{p:?}");
    }
}

#[test]
fn logged_actions_come_as_often_as_their_propensities_say() {
    let world = world(14);
    let mut seen = vec![0.0; world.offers().len()];
    let (mut wanted, mut variance) = (seen.clone(), seen.clone());
    for index in 0..2_000 {
        for choice in world.life(index).choices {
            seen[choice.action] += 1.0;
            for (action, p) in choice.probabilities.iter().enumerate() {
                wanted[action] += p;
                variance[action] += p * (1.0 - p);
            }
        }
    }
    for action in 0..seen.len() {
        let z = (seen[action] - wanted[action]) / f64::sqrt(variance[action]);
        assert!(z.abs() < 4.0, "{}: {} for {}", world.offers()[action].action, seen[action], wanted[action]);
    }
}

#[test]
fn fatigue_lowers_views_and_lift() {
    let world = world(15);
    for index in 0..50 {
        let member = world.member(index);
        let at = world.decided_at(&member, 0);
        for action in 1..world.offers().len() {
            let [fresh, tired] = [0.0, 3.0].map(|fatigue| world.expected(&member, fatigue, at, action));
            assert!(tired.viewed < fresh.viewed);
            let none = world.expected(&member, 0.0, at, 0).orders;
            assert!((tired.orders - none).abs() <= (fresh.orders - none).abs() + 1e-12);
        }
    }
}

#[test]
fn a_purchase_paying_reward_also_pays_who_would_have_bought_anyway() {
    let world = world(16);
    let discount = index_of(&world, "discount_3_morning");
    // A member whom money off hardly moves: the reward is a loss, and the oracle knows.
    let member = (0..500).map(|i| world.member(i)).find(|m| m.latent.tastes.deals < 0.2).unwrap();
    let at = world.decided_at(&member, 0);
    let [none, offered] = [0, discount].map(|action| world.expected(&member, 0.0, at, action));
    assert!(offered.paid > 0.5 * none.purchased && offered.net < none.net);
}

#[test]
fn windows_tile_events_are_ordered_and_only_the_last_decision_is_immature() {
    let world = world(17);
    for index in 0..100 {
        let life = world.life(index);
        assert!(life.choices.windows(2).all(|two| two[1].at == two[0].at.plus_hours(WINDOW_HOURS)));
        assert!(life.choices.iter().all(|choice| choice.mature == (choice.week + 1 < world.weeks())));
        assert!(life.events.is_sorted_by_key(|event| event.at));
        assert!(life.events.iter().all(|e| e.at > life.member.joined_at && e.at < world.log_end()));
    }
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(&path).unwrap()))
        .collect();
    all.sort();
    all
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_one_and_on_two_threads() {
    let written = [1, 2].map(|threads| {
        let folder = tempfile::tempdir().unwrap();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| generate(600, Seed(7), folder.path(), &Options::default(), &NoProgress)).unwrap();
        files(folder.path())
    });
    let names: Vec<&str> = written[0].iter().map(|(name, _)| name.as_str()).collect();
    let wanted =
        ["decisions.csv.zst", "events.parquet", "members.csv", "rewards.ndjson", "truth.json", "truth.parquet"];
    assert_eq!(names, wanted);
    assert!(written[0] == written[1]);
}

#[test]
fn another_seed_is_another_world_and_the_first_members_do_not_depend_on_how_many_follow() {
    assert_ne!(world(1).life(0), world(2).life(0));
    let [small, large] = [10, 300].map(|members| {
        let folder = tempfile::tempdir().unwrap();
        generate(members, Seed(3), folder.path(), &Options::default(), &NoProgress).unwrap();
        std::fs::read_to_string(folder.path().join("members.csv")).unwrap()
    });
    assert!(large.starts_with(&small));
}

#[test]
fn personalising_matters_in_this_world() {
    let folder = tempfile::tempdir().unwrap();
    let truth = generate(2_000, Seed(5), folder.path(), &Options::default(), &NoProgress).unwrap().truth;
    let recovered = |value: f64| (value - truth.logging) / (truth.oracle - truth.logging);
    assert!(recovered(truth.constant[&truth.best_constant]) < 0.6, "{truth:?}");
    assert!(recovered(truth.none).abs() < 0.3, "{truth:?}");
    assert_eq!((truth.decisions, truth.mature), (24_000, 22_000));
    assert!(truth.best_share.values().all(|share| *share < 0.4), "{truth:?}");
}

#[test]
fn a_stream_runs_by_time_and_its_draws_have_the_expected_means_on_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stream.parquet");
    let write = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let rows = pool.install(|| stream(1_000, Seed(5), &path, &Options::default(), &NoProgress)).unwrap();
        (rows, std::fs::read(&path).unwrap())
    };
    let written = write(1);
    assert_eq!(written.0, 11_000);
    assert!(written == write(2));

    let reader = ParquetRecordBatchReaderBuilder::try_new(std::fs::File::open(&path).unwrap()).unwrap();
    let batches: Vec<RecordBatch> = reader.build().unwrap().map(|batch| batch.unwrap()).collect();
    let all = arrow::compute::concat_batches(&batches[0].schema(), &batches).unwrap();
    let times = all.column_by_name("decided_at").unwrap().as_primitive::<TimestampMicrosecondType>().values();
    assert!(times.windows(2).all(|pair| pair[0] <= pair[1]) && times[0] < times[10_999]);
    let numbers = |name: String| all.column_by_name(&name).unwrap().as_primitive::<Float64Type>().values().to_vec();
    let world = world(5);
    for offer in world.offers() {
        let [drawn, expected] = ["r_", "q_"].map(|prefix| numbers(format!("{prefix}{}", offer.action)));
        let gaps: Vec<f64> = drawn.iter().zip(&expected).map(|(drawn, expected)| drawn - expected).collect();
        let (mean, error) = mean(&gaps);
        assert!(mean.abs() <= 4.0 * error && error < 0.3, "{}: {mean} ± {error}", offer.action);
    }
    let contexts = all.schema().fields().iter().filter(|field| field.name().starts_with("x_")).count();
    assert_eq!(contexts, 4 + 5 + 3 + 4 + 2 + 5);
    // The truth of the first decision of a known member.
    let ids = all.column_by_name("decision_id").unwrap().as_string::<i32>();
    let place = ids.iter().position(|id| id == Some("m0000042-03")).unwrap();
    let truth = &world.life(42).choices[3];
    assert_eq!(numbers("q_gift_4".into())[place], truth.expected[index_of(&world, "gift_4")].net);
    assert_eq!(times[place], truth.at.0);
}

#[test]
fn no_members_and_one_week_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let error = generate(0, Seed(1), folder.path(), &Options::default(), &NoProgress).unwrap_err();
    assert!(error.to_string().contains("members is 0"), "{error}");
    let options = Options { weeks: 1, ..Options::default() };
    let error = generate(5, Seed(1), folder.path(), &options, &NoProgress).unwrap_err();
    assert!(error.to_string().contains("weeks is 1"), "{error}");
}
