//! The built-in world knows what every policy is worth, so estimates and learners can be held against the truth.

use guerdon_core::{NoProgress, Seed, Value};
use guerdon_data::{IngestOptions, LogReader, environment, ingest};
use guerdon_experiment::built_in;
use guerdon_experiment::evaluate::{Evaluator, NamedTarget, Options, Role, Target};
use guerdon_learn::request;
use guerdon_ope::Estimator;
use guerdon_policy::Policy;
use guerdon_tests::columns::{doubles, rows, texts};
use guerdon_tests::command::{guerdon, json, root};
use guerdon_tests::words;
use std::collections::HashMap;
use std::path::Path;

/// q(x, ·) of every mature decision of generated raw files, by decision id.
fn truth(raw: &Path, actions: &[String]) -> HashMap<String, Vec<f64>> {
    let file = raw.join("truth.parquet");
    let names: Vec<String> = actions.iter().map(|a| format!("q.{a}")).collect();
    texts(&file, "decision_id").into_iter().zip(rows(&doubles(&file, &names))).collect()
}

/// Σ over the log's decisions of Σ_a π(a|x) q(x, a), with the number of decisions; only members that `include` takes.
fn true_sum(
    policy: &Policy,
    log: &LogReader,
    truth: &HashMap<String, Vec<f64>>,
    include: &dyn Fn(&str) -> bool,
) -> (f64, f64) {
    let (mut sum, mut n) = (0.0, 0.0);
    let mut scratch = policy.scratch();
    for batch in log.batches().unwrap() {
        let batch = batch.unwrap();
        let mut context: Vec<Value> = vec![];
        for i in (0..batch.len()).filter(|i| include(batch.member_id(*i))) {
            batch.context(i, &mut context);
            let q = &truth[batch.decision_id(i)];
            sum += policy
                .probabilities(&request(&batch, i, &context), &mut scratch)
                .iter()
                .zip(q)
                .map(|(p, q)| p * q)
                .sum::<f64>();
            n += 1.0;
        }
    }
    (sum, n)
}

struct World {
    folder: tempfile::TempDir,
    log: LogReader,
}

fn world(members: u64, seed: u64) -> World {
    let folder = tempfile::tempdir().unwrap();
    let programme = environment::load(&root().join("environments/coffeehouse"), &[]).unwrap();
    let (raw, log) = (folder.path().join("raw"), folder.path().join("log.parquet"));
    built_in::generate(&programme.spec, members, Seed(seed), &raw, &NoProgress).unwrap();
    ingest(&programme, &raw, &log, &IngestOptions::default(), &NoProgress).unwrap();
    World { log: LogReader::open(&log).unwrap(), folder }
}

/// The policies of a run of the experiment, and where its raw data lies.
fn trained(out: &Path) -> serde_json::Value {
    json(&guerdon(words!["run", "experiments/coffeehouse.toml", "--out", out, "--json"]))
}

fn policies(ran: &serde_json::Value) -> Vec<(String, Policy)> {
    let folder = Path::new(ran["folder"].as_str().unwrap());
    let all = ran["manifest"]["policies"].as_array().unwrap();
    all.iter()
        .map(|p| {
            (p["name"].as_str().unwrap().to_owned(), Policy::load(&folder.join(p["file"].as_str().unwrap())).unwrap())
        })
        .collect()
}

#[test]
fn learners_recover_the_way_to_the_oracle_and_true_values_lie_in_their_intervals() {
    let out = tempfile::tempdir().unwrap();
    let ran = trained(out.path());
    let policies = policies(&ran);
    recovery(out.path(), &ran, &policies);
    coverage(&policies);
}

/// On held-out members the best learner gets at least 80 % of the way from logging to the oracle.
fn recovery(out: &Path, ran: &serde_json::Value, policies: &[(String, Policy)]) {
    let entries: Vec<_> = std::fs::read_dir(out.join("cache")).unwrap().map(|e| e.unwrap().path()).collect();
    let raw = entries.iter().find(|p| p.is_dir()).unwrap();
    let log = LogReader::open(entries.iter().find(|p| p.extension().is_some_and(|e| e == "parquet")).unwrap()).unwrap();
    let actions: Vec<String> = log.meta().catalogue.names().map(str::to_owned).collect();
    let truth = truth(raw, &actions);
    let split = policies[0].1.parts().training.as_ref().unwrap().split;
    let held_out = |member: &str| !split.is_train(member);

    let (mut oracle, mut logging, mut n) = (0.0, 0.0, 0.0);
    for batch in log.batches().unwrap() {
        let batch = batch.unwrap();
        for i in (0..batch.len()).filter(|i| held_out(batch.member_id(*i))) {
            let q = &truth[batch.decision_id(i)];
            oracle += q.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            logging += q[batch.action(i)];
            n += 1.0;
        }
    }
    let mut best = f64::NEG_INFINITY;
    for (name, policy) in policies {
        let (sum, rows) = true_sum(policy, &log, &truth, &held_out);
        let score = (sum / rows - logging / n) / (oracle / n - logging / n);
        println!("{name}: true value {:.4}, {:.1} % of the way from logging to the oracle", sum / rows, 100.0 * score);
        best = best.max(score);
        // What the page calls the truth comes from the world itself, this from the file that it wrote.
        let valued = ran["estimates"].as_array().unwrap().iter().find(|v| v["name"] == name.as_str()).unwrap();
        let shown = valued["true_value"].as_f64().unwrap();
        assert!((shown - sum / rows).abs() < 1e-9, "{name}: {shown} against {}", sum / rows);
    }
    assert!(best >= 0.80, "the best learner recovers {:.1} %", 100.0 * best);
}

/// Over 100 fresh worlds the true value lies in the 95 % interval in at least 90, for every policy and estimator that
/// claims an interval for the value (DM's leaves its model's error out, and says so).
fn coverage(policies: &[(String, Policy)]) {
    let targets: Vec<NamedTarget> = policies
        .iter()
        .map(|(name, policy)| NamedTarget {
            name: name.clone(),
            role: Role::Learner,
            target: Target::Policy(Box::new(policy.clone())),
        })
        .collect();
    let estimators = [Estimator::Ips, Estimator::Snips, Estimator::Dr];
    let mut intervals = vec![];
    let mut truths = vec![(0.0, 0.0); targets.len()];
    for seed in 1_000..1_100 {
        let world = world(400, seed);
        let log = &world.log;
        let actions: Vec<String> = log.meta().catalogue.names().map(str::to_owned).collect();
        let truth = truth(&world.folder.path().join("raw"), &actions);
        for ((_, policy), total) in policies.iter().zip(&mut truths) {
            let (sum, n) = true_sum(policy, log, &truth, &|_| true);
            *total = (total.0 + sum, total.1 + n);
        }
        let options = Options {
            estimators: estimators.to_vec(),
            confidence: 0.95,
            folds: 5,
            seed: Seed(seed),
            held_out_of: None,
            segments: vec![],
            design_refuted: None,
        };
        let evaluator = Evaluator::new(log, options, &NoProgress).unwrap();
        let valued = evaluator.evaluate(&targets, &[], &NoProgress).unwrap();
        intervals.push(valued.into_iter().map(|v| v.estimates).collect::<Vec<_>>());
    }
    for (p, (name, _)) in policies.iter().enumerate() {
        // The members of 100 worlds together are the population, to a tenth of one world's standard error.
        let value = truths[p].0 / truths[p].1;
        for (e, estimator) in estimators.iter().enumerate() {
            let inside = intervals
                .iter()
                .filter(|world| {
                    let estimate = &world[p][e];
                    assert!(estimate.is_ok(), "{name} by {estimator}: {:?}", estimate.reasons);
                    (estimate.lower.unwrap()..=estimate.upper.unwrap()).contains(&value)
                })
                .count();
            println!("{name} by {estimator}: the true value {value:.4} lies in {inside} of 100 intervals");
            assert!(inside >= 90, "{name} by {estimator}: {inside} of 100");
        }
    }
}
