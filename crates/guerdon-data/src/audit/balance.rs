//! Whether actions are independent of the context, given the propensities.
//!
//! For a bounded function c of a feature (its standardised value, clipped; whether it is missing; whether it has a level)
//! and an action a, E[(1{A = a}/π(a|x) − 1) · c(x)] = 0 under right propensities, also where these depend on x. Per c the
//! vector over actions gives a chi-square; Bonferroni's correction runs over the functions of a feature, Holm's over
//! features.

use super::actions::{Actions, Design};
use super::features::{Features, Seen};
use super::words::{chi_square, holm, p_value, two_sided};
use crate::LogBatch;
use guerdon_core::{Finding, Severity, Value};

/// Standardised values are clipped here, so that no single member makes a test.
const CLIP: f64 = 5.0;
/// Most levels of a category that are tested.
const MOST_LEVELS: usize = 20;
/// A level is tested where chance would give it this often to the rarest testable action.
const LEAST_EXPECTED: f64 = 5.0;
/// Below this adjusted p-value a feature is reported.
const DOUBT: f64 = 1e-3;
/// From this standardised difference on an imbalance is an error.
const LARGE: f64 = 0.1;

/// What is looked at of a feature.
#[derive(Debug)]
enum Test {
    Value { mean: f64, sd: f64 },
    Missing { share: f64 },
    Level { level: String, share: f64 },
}

impl Test {
    /// c(x), near centred.
    fn of(&self, value: &Value<'_>) -> f64 {
        match (self, value) {
            (Test::Value { mean, sd }, Value::Number(number)) => ((number - mean) / sd).clamp(-CLIP, CLIP),
            (Test::Value { .. }, _) => 0.0,
            (Test::Missing { share }, value) => f64::from(matches!(value, Value::Missing)) - share,
            (Test::Level { level, share }, value) => {
                f64::from(matches!(value, Value::Category(given) if given == level)) - share
            }
        }
    }

    fn name(&self, feature: &str) -> String {
        match self {
            Test::Value { .. } => feature.to_owned(),
            Test::Missing { .. } => format!("{feature} missing"),
            Test::Level { level, .. } => format!("{feature} = {level}"),
        }
    }
}

/// Sums of one test over the log.
#[derive(Debug)]
struct Sums {
    feature: usize,
    test: Test,
    /// Σ c and Σ c² over all decisions.
    sum: f64,
    squares: f64,
    /// Per action, over the decisions that took it: Σ w c, Σ w c², Σ w² c², with w = 1/p.
    weighted: Vec<f64>,
    first: Vec<f64>,
    second: Vec<f64>,
    /// Per action, over the decisions that could have taken it (kept where some couldn't): Σ c, Σ c².
    possible: Vec<(f64, f64)>,
}

/// The largest standardised difference of a feature.
#[derive(Debug, Clone)]
pub(super) struct Largest {
    pub(super) difference: f64,
    pub(super) action: String,
    of: String,
}

/// One feature's result.
#[derive(Debug, Clone)]
pub(super) struct Imbalance {
    pub(super) largest: Option<Largest>,
    pub(super) adjusted_p: Option<f64>,
}

/// The second pass' sums.
#[derive(Debug)]
pub(super) struct Balance {
    design: Design,
    tests: Vec<Sums>,
    actions: usize,
}

impl Balance {
    pub(super) fn new(features: &Features, actions: &Actions, design: Design) -> Self {
        let rows = features.rows as f64;
        let rarest = actions.each.iter().filter(|a| a.testable(design)).map(|a| a.n as f64 / rows).fold(1.0, f64::min);
        let often = |n: u64| {
            let n = n as f64;
            n * rarest >= LEAST_EXPECTED && (rows - n) * rarest >= LEAST_EXPECTED
        };
        let k = actions.each.len();
        let mut tests = vec![];
        for (place, feature) in features.each.iter().enumerate() {
            for test in tests_of(&feature.seen, feature.missing, rows, &often) {
                let possible = if design == Design::Restricted { vec![(0.0, 0.0); k] } else { vec![] };
                let (weighted, first, second) = (vec![0.0; k], vec![0.0; k], vec![0.0; k]);
                tests.push(Sums { feature: place, test, sum: 0.0, squares: 0.0, weighted, first, second, possible });
            }
        }
        Balance { design, tests, actions: k }
    }

    pub(super) fn see(&mut self, batch: &LogBatch, i: usize, context: &[Value<'_>]) {
        let (action, weight) = (batch.action(i), 1.0 / batch.propensity(i));
        for sums in &mut self.tests {
            let c = sums.test.of(&context[sums.feature]);
            sums.sum += c;
            sums.squares += c * c;
            sums.weighted[action] += weight * c;
            sums.first[action] += weight * c * c;
            sums.second[action] += weight * weight * c * c;
            if self.design != Design::Restricted {
                continue;
            }
            let mut add = |a: usize| {
                sums.possible[a].0 += c;
                sums.possible[a].1 += c * c;
            };
            match batch.eligible(i) {
                Some(some) => some.iter().for_each(|a| add(usize::from(*a))),
                None => (0..self.actions).for_each(add),
            }
        }
    }

    /// The findings, and one result per feature.
    pub(super) fn results(&self, features: &Features, actions: &Actions, rows: u64) -> (Vec<Finding>, Vec<Imbalance>) {
        let testable: Vec<usize> = (0..self.actions).filter(|a| actions.each[*a].testable(self.design)).collect();
        let mut best: Vec<Option<f64>> = vec![None; features.each.len()];
        let mut largest: Vec<Option<Largest>> = vec![None; features.each.len()];
        for (place, feature) in features.each.iter().enumerate() {
            let tests: Vec<&Sums> = self.tests.iter().filter(|sums| sums.feature == place).collect();
            for sums in &tests {
                let p = (self.p_value(sums, actions, &testable, rows) * tests.len() as f64).min(1.0);
                best[place] = Some(best[place].map_or(p, |b: f64| b.min(p)));
                for &a in &testable {
                    let difference = self.difference(sums, actions, a, rows);
                    if largest[place].as_ref().is_none_or(|l| l.difference.abs() < difference.abs()) {
                        let of = sums.test.name(&feature.name);
                        largest[place] = Some(Largest { difference, action: actions.names[a].clone(), of });
                    }
                }
            }
        }
        let tested: Vec<usize> = (0..best.len()).filter(|place| best[*place].is_some()).collect();
        let adjusted = holm(&tested.iter().filter_map(|place| best[*place]).collect::<Vec<_>>());
        let mut results: Vec<Imbalance> =
            largest.into_iter().map(|largest| Imbalance { largest, adjusted_p: None }).collect();
        tested.iter().zip(adjusted).for_each(|(place, p)| results[*place].adjusted_p = Some(p));
        let unseen = self.design != Design::Constant && actions.bottomless();
        (findings(features, &results, testable.len(), unseen), results)
    }

    /// Weighted mean of c under the action less its mean, in standard deviations.
    fn difference(&self, sums: &Sums, actions: &Actions, a: usize, rows: u64) -> f64 {
        let n = rows as f64;
        let (mean, squares) = match sums.possible.get(a) {
            Some((sum, squares)) => {
                let possible = actions.possible(a) as f64;
                (sum / possible, squares / possible)
            }
            None => (sums.sum / n, sums.squares / n),
        };
        let sd = (squares - mean * mean).max(0.0).sqrt();
        if sd > 0.0 { (sums.weighted[a] / actions.each[a].weight - mean) / sd } else { 0.0 }
    }

    fn p_value(&self, sums: &Sums, actions: &Actions, testable: &[usize], rows: u64) -> f64 {
        if testable.is_empty() || sums.squares <= 0.0 {
            return 1.0;
        }
        let mean = sums.sum / rows as f64;
        // Centred by the action's own weight, so that a wrong share alone is no imbalance.
        let off = |a: usize| sums.weighted[a] - mean * actions.each[a].weight;
        match self.design {
            Design::Constant => constant(sums, actions, testable, &off),
            Design::Varying => joint(sums, actions, testable, &off).unwrap_or_else(|| {
                bonferroni(testable, |a| off(a) / variance(sums.second[a], sums.first[a], sums.squares).sqrt())
            }),
            Design::Restricted => bonferroni(testable, |a| {
                let (sum, squares) = sums.possible[a];
                let mean = sum / (actions.possible(a) as f64).max(1.0);
                (sums.weighted[a] - mean * actions.each[a].weight)
                    / variance(sums.second[a], sums.first[a], squares).sqrt()
            }),
        }
    }
}

/// Σ (w 1{A = a} − 1)² c².
fn variance(second: f64, first: f64, squares: f64) -> f64 {
    (second - 2.0 * first + squares).max(f64::MIN_POSITIVE)
}

/// max |z| over actions.
fn bonferroni(testable: &[usize], z: impl Fn(usize) -> f64) -> f64 {
    let smallest = testable.iter().map(|a| two_sided(z(*a))).fold(1.0, f64::min);
    (smallest * testable.len() as f64).min(1.0)
}

/// Constant propensities: the covariance of the vector is known, C (δ_ab/p_a − 1), and inverted in closed form
/// (Sherman & Morrison 1950).
fn constant(sums: &Sums, actions: &Actions, testable: &[usize], off: &dyn Fn(usize) -> f64) -> f64 {
    let p = |a: usize| actions.each[a].low;
    let rest = 1.0 - testable.iter().map(|a| p(*a)).sum::<f64>();
    let own: f64 = testable.iter().map(|a| p(*a) * off(*a) * off(*a)).sum();
    let shared: f64 = testable.iter().map(|a| p(*a) * off(*a)).sum();
    if rest.abs() < 0.01 {
        return chi_square(own / sums.squares, testable.len().saturating_sub(1));
    }
    chi_square((own + shared * shared / rest.max(0.01)) / sums.squares, testable.len())
}

/// Varying propensities: the covariance is estimated, Σ c² (w e_A − 1)(w e_A − 1)ᵀ = D − q1ᵀ − 1qᵀ + C 11ᵀ, with
/// D = diag Σ w² c², q = Σ w c², C = Σ c²; a diagonal and two ranks, inverted by Woodbury's identity (1950). The most
/// frequent action is left out, as the others determine it but for noise. Nothing where it is not positive definite.
fn joint(sums: &Sums, actions: &Actions, testable: &[usize], off: &dyn Fn(usize) -> f64) -> Option<f64> {
    let most = testable.iter().copied().max_by_key(|a| actions.each[*a].n)?;
    let kept: Vec<usize> = testable.iter().copied().filter(|a| *a != most).collect();
    let of = |values: &dyn Fn(usize) -> f64| kept.iter().map(|a| values(*a)).collect::<Vec<f64>>();
    let statistic = mahalanobis(&of(off), &of(&|a| sums.second[a]), &of(&|a| sums.first[a]), sums.squares)?;
    Some(chi_square(statistic, kept.len()))
}

/// tᵀ (D − q1ᵀ − 1qᵀ + C 11ᵀ)⁻¹ t with D diagonal; nothing where the matrix is not positive definite.
fn mahalanobis(t: &[f64], d: &[f64], q: &[f64], c: f64) -> Option<f64> {
    let over = |f: &dyn Fn(usize) -> f64| (0..t.len()).map(|i| f(i) / d[i]).sum::<f64>();
    // UᵀD⁻¹t and M⁻¹ + UᵀD⁻¹U, with U = [q, 1] and M = [[0, −1], [−1, C]].
    let (v0, v1) = (over(&|i| q[i] * t[i]), over(&|i| t[i]));
    let (g00, g01, g11) = (over(&|i| q[i] * q[i]) - c, over(&|i| q[i]) - 1.0, over(&|_| 1.0));
    let determinant = g00 * g11 - g01 * g01;
    // det M is −1, so that the whole is positive definite only where this is negative.
    if d.iter().any(|d| *d <= 0.0) || determinant >= 0.0 {
        return None;
    }
    let shared = (v0 * v0 * g11 - 2.0 * v0 * v1 * g01 + v1 * v1 * g00) / determinant;
    Some(over(&|i| t[i] * t[i]) - shared).filter(|statistic| statistic.is_finite() && *statistic >= 0.0)
}

fn tests_of(seen: &Seen, missing: u64, rows: f64, often: &dyn Fn(u64) -> bool) -> Vec<Test> {
    let mut tests = vec![];
    match seen {
        Seen::Number(moments) if moments.sd() > 0.0 => tests.push(Test::Value { mean: moments.mean, sd: moments.sd() }),
        Seen::Number(_) => {}
        Seen::Category(levels, _) => {
            let mut common: Vec<(&String, u64)> =
                levels.iter().map(|(level, n)| (level, *n)).filter(|(_, n)| often(*n)).collect();
            common.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
            let test = |(level, n): (&String, u64)| Test::Level { level: level.clone(), share: n as f64 / rows };
            tests.extend(common.into_iter().take(MOST_LEVELS).map(test));
        }
    }
    if often(missing) {
        tests.push(Test::Missing { share: missing as f64 / rows });
    }
    tests
}

/// `unseen`: propensities are so small in places that some contexts may lack an action by chance.
fn findings(features: &Features, results: &[Imbalance], actions: usize, unseen: bool) -> Vec<Finding> {
    let tested = results.iter().filter(|result| result.adjusted_p.is_some()).count();
    if tested == 0 || actions < 2 {
        let sentence = "Independence of actions from features was not tested: fewer than two actions were taken often \
                        enough, or no feature varies.";
        return vec![Finding::new("balance", Severity::Info, sentence)];
    }
    let mut found: Vec<(f64, Finding)> = vec![];
    for (feature, result) in features.each.iter().zip(results) {
        if let (Some(p), Some(largest)) = (result.adjusted_p, &result.largest)
            && p < DOUBT
        {
            let (severity, advice) = if unseen {
                (
                    Severity::Warning,
                    "Either the propensities ignore something that the draw used, or the action is so unlikely for some \
                     members that it never came up, and nothing is known of it there.",
                )
            } else {
                (
                    if largest.difference.abs() >= LARGE { Severity::Error } else { Severity::Warning },
                    "The propensities ignore something that the draw used: log the real ones.",
                )
            };
            let sentence = format!(
                "Who got what depends on {} beyond what the propensities say ({} after correction): under {}, {} is off by \
                 {:.2} standard deviations. {advice}",
                feature.name,
                p_value(p),
                largest.action,
                largest.of,
                largest.difference
            );
            let finding = Finding::new("balance", severity, sentence);
            found.push((p, finding.figure("p", p).figure("difference", largest.difference)));
        }
    }
    if found.is_empty() {
        let smallest = results.iter().filter_map(|result| result.adjusted_p).fold(1.0, f64::min);
        let sentence = format!(
            "Given the propensities, who got what is independent of all {tested} features that vary (smallest {} after \
             correction).",
            p_value(smallest)
        );
        return vec![Finding::new("balance", Severity::Ok, sentence).figure("p", smallest)];
    }
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    found.into_iter().map(|(_, finding)| finding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closed_form_is_the_inverse_worked_out_by_hand() {
        // D = diag(5, 4), q = (1, 0.5), C = 2: [[5, 0.5], [0.5, 5]], inverse [[5, −0.5], [−0.5, 5]] / 24.75.
        let statistic = mahalanobis(&[2.0, 3.0], &[5.0, 4.0], &[1.0, 0.5], 2.0).unwrap();
        let by_hand = (5.0 * 4.0 - 2.0 * 0.5 * 6.0 + 5.0 * 9.0) / 24.75;
        assert!((statistic - by_hand).abs() < 1e-12, "{statistic} {by_hand}");
    }

    #[test]
    fn what_is_not_positive_definite_has_no_statistic() {
        assert_eq!(mahalanobis(&[1.0, 1.0], &[1.0, 1.0], &[2.0, 2.0], 1.0), None);
        assert_eq!(mahalanobis(&[1.0], &[0.0], &[0.0], 1.0), None);
    }
}
