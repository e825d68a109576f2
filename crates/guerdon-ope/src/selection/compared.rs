//! Candidates ranked and compared pair by pair at one simultaneous level.

use super::{Candidate, Multiplicity};
use serde::{Deserialize, Serialize};

/// Two candidates compared. Indices run over the candidates in the order given.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    /// One candidate.
    pub first: usize,
    /// The other.
    pub second: usize,
    /// V̂(first) − V̂(second).
    pub difference: f64,
    /// Its standard error, clustered by member.
    pub se: f64,
    /// Lower end of the simultaneous interval.
    pub lower: f64,
    /// Upper end of the simultaneous interval.
    pub upper: f64,
    /// Two-sided p-value of no difference, this pair alone.
    pub p_raw: f64,
    /// Holm's p-value over all pairs.
    pub p_holm: f64,
    /// The step-down p-value of the correction asked for: Holm's, or that of max-|t|. At most 1 − confidence wherever the
    /// interval leaves 0 out.
    pub p: f64,
}

impl Pair {
    fn reversed(self) -> Pair {
        Pair {
            first: self.second,
            second: self.first,
            difference: -self.difference,
            lower: -self.upper,
            upper: -self.lower,
            ..self
        }
    }
}

/// What [`super::Comparisons::compare`] found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Compared {
    /// The candidates in the order given.
    pub candidates: Vec<Candidate>,
    /// Their indices by value, highest first; of equals the one given first.
    pub ranking: Vec<usize>,
    /// Every pair once.
    pub pairs: Vec<Pair>,
    /// Indices, best first, of the candidates that no other beats.
    pub best: Vec<usize>,
    /// Standard errors to either side of a simultaneous interval.
    pub critical: f64,
    /// Probability that all intervals hold at once.
    pub confidence: f64,
    /// The correction.
    pub multiplicity: Multiplicity,
}

impl Compared {
    pub(super) fn new(
        candidates: Vec<Candidate>,
        pairs: Vec<Pair>,
        critical: f64,
        confidence: f64,
        multiplicity: Multiplicity,
    ) -> Self {
        let mut ranking: Vec<usize> = (0..candidates.len()).collect();
        ranking.sort_by(|a, b| candidates[*b].value.total_cmp(&candidates[*a].value).then(a.cmp(b)));
        let mut compared = Compared { candidates, ranking, pairs, best: vec![], critical, confidence, multiplicity };
        compared.best = compared.unbeaten(&compared.ranking);
        compared
    }

    /// The pair with `first` first; `None` for a candidate with itself or one that is not there.
    pub fn pair(&self, first: usize, second: usize) -> Option<Pair> {
        let straight = self.pairs.iter().find(|pair| (pair.first, pair.second) == (first, second)).copied();
        let turned = || self.pairs.iter().find(|pair| (pair.first, pair.second) == (second, first));
        straight.or_else(|| turned().map(|pair| pair.reversed()))
    }

    /// Whether `first` is better than `second` at the corrected level.
    pub fn beats(&self, first: usize, second: usize) -> bool {
        self.pair(first, second).is_some_and(|pair| pair.difference > 0.0 && pair.p <= 1.0 - self.confidence + 1e-12)
    }

    /// Those of `among` that no other of them beats, in their order.
    pub fn unbeaten(&self, among: &[usize]) -> Vec<usize> {
        among.iter().copied().filter(|one| !among.iter().any(|other| self.beats(*other, *one))).collect()
    }

    /// The names of the best, best first.
    pub fn best_names(&self) -> Vec<&str> {
        self.best.iter().map(|place| self.candidates[*place].name.as_str()).collect()
    }

    /// The findings as sentences: who leads, and who can't be told apart from the leader.
    pub fn reasons(&self) -> Vec<String> {
        let Some(leader) = self.ranking.first() else { return vec![] };
        let level = percent(self.confidence);
        let name = |place: usize| &self.candidates[place].name;
        self.ranking[1..]
            .iter()
            .filter_map(|other| self.pair(*leader, *other))
            .map(|pair| {
                let verdict = if self.beats(pair.first, pair.second) { "is better than" } else { "can't be told from" };
                format!(
                    "{} {verdict} {}: difference {} ({} to {}, all {} pairs at once at {level}; corrected p {:.4})",
                    name(pair.first),
                    name(pair.second),
                    figure(pair.difference),
                    figure(pair.lower),
                    figure(pair.upper),
                    self.pairs.len(),
                    pair.p
                )
            })
            .collect()
    }
}

/// A number with four significant digits.
pub(super) fn figure(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return format!("{value}");
    }
    let digits = (3.0 - value.abs().log10().floor()).clamp(0.0, 12.0) as usize;
    format!("{value:.digits$}")
}

pub(super) fn percent(share: f64) -> String {
    format!("{} %", figure(100.0 * share).trim_end_matches('0').trim_end_matches('.'))
}
