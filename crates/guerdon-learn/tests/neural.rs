//! What the neural learner can be asked for beyond one network with free heads: ensembles, the amount curve, the chain
//! of stages, draws from a posterior, logs that are not held in memory.

mod common;

use arrow::array::{AsArray, Decimal128Array, RecordBatch};
use arrow::datatypes::Decimal128Type;
use common::amounts::{AMOUNTS, log_of_amounts, with_or_without_hurdle};
use common::{Log, Row, log_of, options, real_data, real_log, rows};
use guerdon_core::{MemberSplit, NoProgress, Seed, Timestamp, Value};
use guerdon_data::LogReader;
use guerdon_learn::{
    AmountResponse, FunnelModel, LearnerConfig, NeuralConfig, RevenueFit, TrainOptions, Trained, parity, train,
};
use guerdon_policy::{Exploration, OutcomeModel, Policy, Request, RevenueLink};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::properties::WriterProperties;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

fn small() -> NeuralConfig {
    NeuralConfig {
        hidden: vec![16, 16],
        epochs: 6,
        batch: 64,
        rate: 0.01,
        validation_share: 0.15,
        ..NeuralConfig::default()
    }
}

fn tweedie() -> NeuralConfig {
    NeuralConfig { revenue: Some(RevenueFit::Tweedie), ..small() }
}

fn fit(log: &Log, config: NeuralConfig, options: &TrainOptions) -> Trained {
    train(&log.reader, &LearnerConfig::Neural(config), options, &NoProgress).unwrap()
}

fn outcomes(policy: &Policy, x: f64) -> Vec<f32> {
    let context = [Value::Number(x), Value::Category("a")];
    let request = Request { decision_id: "d", member_id: "m", at: Timestamp(0), context: &context, eligible: None };
    policy.outcomes(&request, &mut policy.scratch()).to_vec()
}

#[test]
fn networks_side_by_side_give_the_same_bytes_on_one_thread_and_on_two() {
    let log = log_of(&rows(300, 21));
    let config = NeuralConfig { members: 3, bootstrap: true, refit: true, epochs: 4, ..small() };
    let bytes = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| fit(&log, config.clone(), &options(8)).policy.to_bytes())
    };
    assert!(bytes(1) == bytes(2));
}

#[test]
fn several_networks_that_were_stopped_twice_end_in_the_same_bytes_as_ones_that_were_not() {
    let log = log_of(&rows(300, 22));
    let config = NeuralConfig { members: 2, refit: true, epochs: 4, ..small() };
    let whole = fit(&log, config.clone(), &options(11));
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = folder.path().join("run/neural.safetensors");
    let resumed = TrainOptions { checkpoint: Some(checkpoint.clone()), session_epochs: Some(10), ..options(11) };
    let config = LearnerConfig::Neural(config);
    let mut calls = 1;
    let end = loop {
        match train(&log.reader, &config, &resumed, &NoProgress) {
            Ok(end) => break end,
            Err(error) => assert!(error.to_string().contains("paused after"), "{error}"),
        }
        calls += 1;
    };
    assert!((3..=4).contains(&calls), "{calls}");
    assert!(end.policy.to_bytes() == whole.policy.to_bytes());
    assert_eq!(end.metrics, whole.metrics);
    assert_eq!(std::fs::read_dir(folder.path().join("run")).unwrap().count(), 4);
    guerdon_learn::forget_checkpoint(&checkpoint).unwrap();
    assert_eq!(std::fs::read_dir(folder.path().join("run")).unwrap().count(), 0);
}

#[test]
fn refitting_to_all_members_takes_as_many_epochs_as_the_validation_members_chose() {
    let log = log_of(&rows(300, 23));
    let config = NeuralConfig { refit: true, epochs: 12, patience: 2, rate: 0.05, ..small() };
    let metrics = fit(&log, config, &options(3)).metrics;
    let (choosing, fitting): (Vec<_>, Vec<_>) = metrics.iter().partition(|metric| metric.learner.contains("choosing"));
    let chosen = choosing.iter().rfind(|metric| metric.best).unwrap().step;
    assert_eq!(fitting.len(), chosen);
    assert!(fitting.iter().all(|metric| metric.validation_loss.is_none()));
}

#[test]
fn every_form_of_the_model_serves_what_was_trained() {
    let log = log_of_amounts(1500, 24, &AMOUNTS[1..], |x, amount| 0.2 + 0.1 * x + 0.1 * (1.0 + amount).ln());
    for config in [
        small(),
        NeuralConfig { members: 3, ..small() },
        NeuralConfig { amount: AmountResponse::Concave, ..small() },
        NeuralConfig { funnel: FunnelModel::Chain, members: 2, ..small() },
        NeuralConfig { amount: AmountResponse::Concave, revenue: Some(RevenueFit::Squared), ..small() },
        NeuralConfig { amount: AmountResponse::Concave, funnel: FunnelModel::Chain, share: false, ..small() },
        NeuralConfig { posterior_draws: 4, ..small() },
        tweedie(),
        NeuralConfig { tweedie_power: 1.9, members: 2, ..tweedie() },
    ] {
        let trained = fit(&log, config.clone(), &options(4));
        let single = config == small();
        assert_eq!(matches!(trained.policy.parts().model, OutcomeModel::Mlp(_)), single);
        let found = parity(&trained.policy, &trained.predictor, &log.reader, 10_000).unwrap();
        assert!(found.largest_difference < 1e-4, "{config:?}: {found:?}");
        assert_eq!(found.different_choices, 0, "{config:?}: {found:?}");
    }
}

#[test]
fn without_a_hurdle_too_a_log_link_serves_what_was_trained_and_a_concave_amount_holds() {
    let truth = |x: f64, amount: f64| 0.2 + 0.1 * x + 0.15 * (1.0 + amount).ln();
    let log = with_or_without_hurdle(false, 1500, 35, &AMOUNTS[1..], truth);
    for amount in [AmountResponse::Free, AmountResponse::Concave] {
        let trained = fit(&log, NeuralConfig { amount, ..tweedie() }, &options(12));
        let OutcomeModel::Ensemble(model) = &trained.policy.parts().model else { panic!("no log link") };
        assert_eq!(model.revenue_stage, None);
        let found = parity(&trained.policy, &trained.predictor, &log.reader, 10_000).unwrap();
        assert!(found.largest_difference < 1e-4 && found.different_choices == 0, "{found:?}");
        for x in [-0.6, 0.0, 0.6] {
            let all = outcomes(&trained.policy, x);
            let revenue = BY_AMOUNT.map(|action| f64::from(all[15 + action]));
            for (revenue, amount) in revenue.iter().zip(&AMOUNTS[1..]) {
                let truth = 30.0 * truth(x, f64::from(*amount));
                assert!((revenue - truth).abs() < 4.0, "{amount} at {x}: {revenue}, truth {truth}");
            }
            let rising = revenue.windows(2).all(|pair| pair[0] <= pair[1] + 1e-5);
            assert!(rising || amount == AmountResponse::Free, "{revenue:?}");
        }
    }
}

/// Actions of the amounts log by amount: 2, 4, 8, 16.
const BY_AMOUNT: [usize; 4] = [2, 3, 1, 4];

#[test]
fn a_concave_curve_never_falls_and_never_steepens_whatever_the_context() {
    let log = log_of_amounts(1500, 25, &AMOUNTS, |x, amount| 0.2 + 0.1 * x + 0.15 * (1.0 + amount).ln());
    let config = NeuralConfig { amount: AmountResponse::Concave, members: 2, ..small() };
    let policy = fit(&log, config, &options(5)).policy;
    let slope = |low: f32, high: f32, step: f32| f64::from((high - low) / step);
    let extreme = [-1e30, -1e9, -300.0, 1e4, 1e12, 3e38];
    let ordinary = (0..200).map(|i| 8.0 * Seed(9).uniform_indexed(i) - 4.0);
    let mut largest_gain = 0.0f64;
    for x in ordinary.chain(extreme) {
        let all = outcomes(&policy, x);
        for head in 0..4 {
            let values = BY_AMOUNT.map(|action| all[head * 5 + action]);
            let [a, b, c, d] = values;
            let slopes = [slope(a, b, 2.0), slope(b, c, 4.0), slope(c, d, 8.0)];
            let rounding = 1e-6 * f64::from(values.iter().fold(1.0f32, |most, v| most.max(v.abs())));
            assert!(slopes.iter().all(|slope| *slope >= -rounding), "x {x}, head {head}: {values:?}");
            assert!(slopes.windows(2).all(|pair| pair[1] <= pair[0] + rounding), "x {x}, head {head}: {values:?}");
            largest_gain = largest_gain.max(f64::from(d - a));
        }
    }
    assert!(largest_gain > 0.1, "{largest_gain}");
}

/// Half of all decisions bring an order, of exp(1 + 1.5x) times e^(1.1 u), u being the sum of six uniform draws from
/// [−½, ½].
fn heavy(members: usize) -> Vec<Row> {
    let row = |i: usize| {
        let draw = |what: &str| Seed(31).named(what).uniform_indexed(i as u64);
        let x = 2.0 * draw("x") - 1.0;
        let noise: f64 = (0..6).map(|k| draw(["a", "b", "c", "d", "e", "f"][k]) - 0.5).sum();
        let spend = if draw("order") < 0.5 { (1.0 + 1.5 * x + 1.1 * noise).exp() } else { 0.0 };
        let (member, action) = (format!("m{:05}", i / 4), (3.0 * draw("action")) as usize);
        Row { member, hour: (i % 4) as u32 * 10, action, x, code: "a".into(), spend: (spend * 100.0).round() / 100.0 }
    };
    (0..members * 4).map(row).collect()
}

#[test]
fn revenue_through_a_log_link_finds_the_mean_of_what_is_multiplied_and_stays_between_nothing_and_the_largest() {
    let log = log_of(&heavy(1500));
    let config = NeuralConfig { winsorize: 1.0, ..tweedie() };
    let policy = fit(&log, config, &options(10)).policy;
    let OutcomeModel::Ensemble(model) = &policy.parts().model else { panic!("no log link") };
    let RevenueLink::Exp { most } = model.revenue_link else { panic!("no log link") };
    let largest = heavy(1500).into_iter().filter(|row| options(10).split.is_train(&row.member));
    let largest = largest.map(|row| row.spend).fold(0.0, f64::max);
    assert!(f64::from(most) <= largest + 1e-4 && f64::from(most) > 0.5 * largest, "{most} of {largest}");
    // The mean of e^(1.1 u) over a uniform u on [−½, ½] is sinh(0.55)/0.55.
    let noise = (0.55f64.sinh() / 0.55).powi(6);
    for x in [-0.8, -0.3, 0.2, 0.7] {
        let truth = 0.5 * f64::exp(1.0 + 1.5 * x) * noise;
        for (action, found) in outcomes(&policy, x)[9..].iter().enumerate() {
            let ratio = f64::from(*found) / truth;
            assert!((0.8..1.25).contains(&ratio), "{action} at {x}: {found}, truth {truth}");
        }
    }
    // Numbers are cut at eight standard deviations, by which e^1.5x is far above what was ever brought.
    for x in [-1e30, -50.0, 50.0, 3e38] {
        let all = outcomes(&policy, x);
        let given_the_order = all[9..].iter().zip(&all[3..6]).map(|(revenue, chance)| revenue / chance);
        for revenue in given_the_order {
            assert!(
                if x > 0.0 { (revenue / most - 1.0).abs() < 1e-5 } else { (0.0..1.0).contains(&revenue) },
                "{revenue}"
            );
        }
    }
}

/// Writes `log` to `file` as another program might, with other revenues.
fn changed(log: &LogReader, file: &Path, revenue: impl Fn(&str, i128) -> i128) {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(log.path()).unwrap()).unwrap();
    let keys = reader.metadata().file_metadata().key_value_metadata().cloned();
    let properties = WriterProperties::builder().set_key_value_metadata(keys).build();
    let out = File::create(file).unwrap();
    let mut writer = ArrowWriter::try_new(out, reader.schema().clone(), Some(properties)).unwrap();
    for batch in reader.build().unwrap() {
        let batch = batch.unwrap();
        let decisions = batch.column_by_name("decision_id").unwrap().as_string::<i32>();
        let place = batch.schema().index_of("revenue").unwrap();
        let revenues = batch.column(place).as_primitive::<Decimal128Type>();
        let revenues = decisions.iter().zip(revenues).map(|(d, r)| revenue(d.unwrap(), r.unwrap()));
        let mut columns = batch.columns().to_vec();
        let revenues = Decimal128Array::from_iter_values(revenues).with_data_type(columns[place].data_type().clone());
        columns[place] = Arc::new(revenues);
        writer.write(&RecordBatch::try_new(batch.schema(), columns).unwrap()).unwrap();
    }
    writer.close().unwrap();
}

#[test]
fn money_that_went_back_has_no_logarithm_and_is_refused_by_decision() {
    let log = log_of(&heavy(50));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("refunded.parquet");
    changed(&log.reader, &file, |decision, revenue| if decision == "d5" { -250 } else { revenue });
    let log = LogReader::open(&file).unwrap();
    let all = MemberSplit { seed: Seed(1), train_share: 1.0 };
    let options = TrainOptions::new(Seed(1), all);
    let refused = train(&log, &LearnerConfig::Neural(tweedie()), &options, &NoProgress).map(|trained| trained.metrics);
    let text = refused.unwrap_err().to_string();
    assert!(text.contains("\"squared\" would do") && text.contains("decision d5") && text.contains("-2.5"), "{text}");
    let squared = LearnerConfig::Neural(NeuralConfig { epochs: 1, ..small() });
    train(&log, &squared, &options, &NoProgress).unwrap();
}

#[test]
fn where_a_larger_amount_puts_members_off_free_heads_find_it_and_the_curve_cannot() {
    let log = log_of_amounts(2500, 26, &AMOUNTS, |_, amount| 0.6 - 0.025 * amount);
    let gain = |amount| {
        let all = outcomes(&fit(&log, NeuralConfig { amount, ..small() }, &options(6)).policy, 0.0);
        all[5 + BY_AMOUNT[3]] - all[5 + BY_AMOUNT[0]]
    };
    let (free, concave) = (gain(AmountResponse::Free), gain(AmountResponse::Concave));
    assert!((free + 0.35).abs() < 0.08, "free heads see {free}; truth -0.35");
    assert!((0.0..0.05).contains(&concave), "the curve sees {concave}");
}

#[test]
fn the_posteriors_draws_vote_and_agree_where_the_log_is_clear() {
    let log = log_of(&rows(1500, 27));
    let policy = fit(&log, NeuralConfig { posterior_draws: 32, ..small() }, &options(7)).policy;
    assert_eq!(policy.parts().exploration, Exploration::Vote { floor: 0.0 });
    let probabilities = |x| {
        let context = [Value::Number(x), Value::Category("b")];
        let request = Request { decision_id: "d", member_id: "m", at: Timestamp(0), context: &context, eligible: None };
        policy.probabilities(&request, &mut policy.scratch()).to_vec()
    };
    // "five" brings 0.5 + 0.3x of an order of 60, "ten" 0.5 - 0.3x, and they cost 5 and 10: clear at 0.9.
    assert!(probabilities(0.9)[1] > 0.9, "{:?}", probabilities(0.9));
    let torn = (-10..=10).map(|x| probabilities(f64::from(x) / 10.0));
    assert!(torn.into_iter().any(|p| p.iter().filter(|p| **p > 0.0).count() > 1));
}

#[test]
fn a_stage_hangs_on_the_last_one_before_it_that_nobody_skipped() {
    let Some(data) = real_data("starbucks") else { return };
    let log = real_log("starbucks", &data, &[]);
    // received, viewed, completed (which some do without having viewed), purchased (which some do without an offer).
    let policy = fit(&log, NeuralConfig { funnel: FunnelModel::Chain, epochs: 1, ..small() }, &options(1)).policy;
    let OutcomeModel::Ensemble(model) = &policy.parts().model else { panic!("not a chain") };
    assert_eq!(model.follows, [None, Some(0), Some(0), None]);
    let again = Policy::from_bytes(&policy.to_bytes(), "again").unwrap();
    assert!(again.parts().model == policy.parts().model);
    let (mut scratch, mut seen) = (policy.scratch(), 0);
    for batch in log.reader.batches().unwrap().take(2) {
        let batch = batch.unwrap();
        let mut context = vec![];
        for row in 0..batch.len() {
            batch.context(row, &mut context);
            let request = guerdon_learn::request(&batch, row, &context);
            let all = policy.outcomes(&request, &mut scratch);
            for action in 0..11 {
                let [received, viewed, completed] = [0, 1, 2].map(|stage| all[stage * 11 + action]);
                assert!(viewed <= received && completed <= received, "{received} {viewed} {completed}");
            }
            seen += 1;
        }
    }
    assert!(seen > 10_000);
}

#[test]
fn a_chain_learns_each_stage_and_none_exceeds_the_one_before() {
    let truth = |x: f64, amount: f64| 0.3 + 0.2 * x + 0.02 * amount;
    let log = log_of_amounts(1500, 28, &AMOUNTS[1..], truth);
    let policy = fit(&log, NeuralConfig { funnel: FunnelModel::Chain, ..small() }, &options(8)).policy;
    for x in [-0.7, 0.0, 0.7, 1e6, -1e6] {
        let all = outcomes(&policy, x);
        for (action, amount) in BY_AMOUNT.into_iter().zip(&AMOUNTS[1..]) {
            let (offered, bought) = (all[action], all[5 + action]);
            assert!(bought <= offered, "{action} at {x}: {bought} after {offered}");
            if x.abs() < 1.0 {
                let chance = truth(x, f64::from(*amount));
                assert!((f64::from(bought) - chance).abs() < 0.12, "{action} at {x}: {bought}, truth {chance}");
            }
        }
    }
}

#[test]
fn a_log_that_is_not_held_in_memory_trains_as_well() {
    let log = log_of(&rows(1500, 29));
    let losses = |memory_rows| {
        let metrics = fit(&log, NeuralConfig { memory_rows, ..small() }, &options(9)).metrics;
        metrics.iter().filter_map(|metric| metric.validation_loss).fold(f64::INFINITY, f64::min)
    };
    let (held, streamed) = (losses(1_000_000), losses(1000));
    assert!((held - streamed).abs() < 0.02 * held, "held {held}, streamed {streamed}");
}
