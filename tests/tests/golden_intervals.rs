//! The intervals of `guerdon_ope::bounds` against vw-estimators and obp: the same weights and rewards must give the same
//! points to 1e-9 and the same ends to 1e-6.

use guerdon_ope::bounds::{ConfidenceSequence, Interval, RewardRange, WeightRange, WeightedCells, WeightedRewards};
use guerdon_tests::columns::{doubles, numbered, rows};
use guerdon_tests::command::data;
use std::path::Path;

fn golden(folder: &Path, file: &str) -> serde_json::Value {
    serde_json::from_str(&std::fs::read_to_string(folder.join(file)).unwrap()).unwrap()
}

/// Importance weights and rewards of the reference log, in its order.
fn weights_and_rewards(folder: &Path) -> (Vec<f64>, Vec<f64>) {
    let logged = doubles(&folder.join("log_10000.parquet"), &["action", "propensity", "reward"].map(String::from));
    let pi_e = rows(&doubles(&folder.join("eval_10000.parquet"), &numbered("pi_e_", 24)));
    let weights = (0..pi_e.len()).map(|i| pi_e[i][logged[0][i] as usize] / logged[1][i]).collect();
    (weights, logged[2].clone())
}

fn sums_of(weights: &[f64], rewards: &[f64]) -> WeightedRewards {
    let mut sums = WeightedRewards::default();
    weights.iter().zip(rewards).for_each(|(w, r)| sums.push(*w, *r).unwrap());
    sums
}

fn cells_of(weights: &[f64], rewards: &[f64], most: usize) -> WeightedCells {
    let mut cells = WeightedCells::new(most);
    weights.iter().zip(rewards).for_each(|(w, r)| cells.push(*w, *r).unwrap());
    cells
}

#[test]
fn points_and_intervals_equal_vw_estimators() {
    let Some(folder) = data("bandit24") else { return };
    let golden = golden(&folder, "golden_vw_estimators_10000.json");
    let (weights, rewards) = weights_and_rewards(&folder);
    let sums = sums_of(&weights, &rewards);
    let open = WeightRange::NON_NEGATIVE;
    let stated = WeightRange::new(0.0, golden["wmax_true"].as_f64().unwrap()).unwrap();
    let seen = WeightRange::new(0.0, sums.max_weight().unwrap()).unwrap();
    let range = RewardRange::new(0.0, 1.0).unwrap();
    for (name, ours) in [
        ("ips", sums.mean().unwrap()),
        ("cressieread", sums.cressie_read(&open).unwrap()),
        ("cressieread_wmax", sums.cressie_read(&stated).unwrap()),
        ("mle", cells_of(&weights, &rewards, 65_536).cautious_likelihood(&stated).unwrap()),
    ] {
        let theirs = golden["estimators"][name]["value"].as_f64().unwrap();
        assert!((ours - theirs).abs() < 1e-9, "{name}: {ours} against {theirs}");
    }
    let mut sequence = ConfidenceSequence::new(range);
    weights.iter().zip(&rewards).for_each(|(w, r)| sequence.push(*w, *r).unwrap());
    let intervals: [(&str, &dyn Fn(f64) -> Interval); 5] = [
        ("interval_gaussian", &|alpha| sums.gaussian(alpha).unwrap()),
        ("interval_clopper_pearson", &|alpha| sums.clopper_pearson(&seen, &range, alpha).unwrap()),
        ("interval_cressieread", &|alpha| sums.cressie_read_interval(&open, &range, alpha).unwrap()),
        ("interval_cressieread_wmax", &|alpha| sums.cressie_read_interval(&stated, &range, alpha).unwrap()),
        ("interval_cs", &|alpha| sequence.interval(alpha).unwrap()),
    ];
    for (name, ours) in intervals {
        let theirs = golden["estimators"][name]["value"].as_object().unwrap();
        assert!(theirs.len() >= 2, "{name}");
        for (alpha, ends) in theirs {
            let ours = ours(alpha.parse().unwrap());
            let (lower, upper) = (ends[0].as_f64().unwrap(), ends[1].as_f64().unwrap());
            let off = (ours.lower - lower).abs().max((ours.upper - upper).abs());
            assert!(off < 1e-6, "{name} at {alpha}: {ours:?} against [{lower}, {upper}]");
        }
    }
}

#[test]
fn likelihoods_of_two_thousand_cells_are_those_of_the_ten_thousand_rows() {
    let Some(folder) = data("bandit24") else { return };
    let (weights, rewards) = weights_and_rewards(&folder);
    let (all, few) = (cells_of(&weights, &rewards, 65_536), cells_of(&weights, &rewards, 2_000));
    assert!(all.width() == 0.0 && few.width() > 0.0 && few.cells() <= 2_000);
    let (open, range) = (WeightRange::NON_NEGATIVE, RewardRange::new(0.0, 1.0).unwrap());
    let numbers = |cells: &WeightedCells| {
        let seen = cells.empirical_likelihood_interval(0.05).unwrap();
        let cautious = cells.cautious_likelihood_interval(&open, &range, 0.05).unwrap();
        let points = [cells.empirical_likelihood().unwrap(), cells.cautious_likelihood(&open).unwrap()];
        [points, [seen.lower, seen.upper], [cautious.lower, cautious.upper]].concat()
    };
    for (by_row, by_cell) in numbers(&all).into_iter().zip(numbers(&few)) {
        println!("{by_row} by row, {by_cell} by {} cells of width {}", few.cells(), few.width());
        assert!((by_row - by_cell).abs() < 1e-6, "{by_row} {by_cell}");
    }
}

#[test]
fn lower_bounds_equal_the_open_bandit_pipeline() {
    let Some(folder) = data("bandit24") else { return };
    let golden = &golden(&folder, "golden_obp_10000.json")["estimators"]["ips_lower_bounds"];
    let (weights, rewards) = weights_and_rewards(&folder);
    let sums = sums_of(&weights, &rewards);
    let (delta, largest) = (golden["delta"].as_f64().unwrap(), sums.max_weight().unwrap());
    for (name, ours) in [
        ("hoeffding", sums.hoeffding_lower_bound(largest, delta).unwrap()),
        ("bernstein", sums.bernstein_lower_bound(largest, delta).unwrap()),
        ("student_t", sums.student_t_lower_bound(delta).unwrap()),
    ] {
        let theirs = golden[name].as_f64().unwrap();
        assert!((ours - theirs).abs() < 1e-9, "{name}: {ours} against {theirs}");
    }
}
