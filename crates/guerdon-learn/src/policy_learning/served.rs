//! The distribution that is served, in training: a softmax over the actions that are left, with a floor; and the way
//! back from what its probabilities are worth to what the scores are worth.

/// π(a) = floor / n + (1 − floor) · exp(s_a) / Σ exp(s_b) over the n actions that are left, as
/// [`guerdon_policy::Exploration::Softmax`] at temperature 1 serves it; exactly 0 for the others. A lone action is
/// certain.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Served {
    /// In [0, 1).
    pub floor: f64,
}

impl Served {
    /// Writes π for one row.
    ///
    /// # Shapes
    /// `scores`, `left`, `out`: `[actions]`; an empty `left` means that all are.
    pub fn probabilities(self, scores: &[f32], left: &[bool], out: &mut [f64]) {
        let stays = |action: usize| left.get(action).copied().unwrap_or(true);
        let remaining = scores.iter().enumerate().filter(|(action, _)| stays(*action));
        let top = remaining.fold(f64::NEG_INFINITY, |top, (_, score)| top.max(f64::from(*score)));
        let (mut sum, mut count) = (0.0, 0.0);
        for (action, (place, score)) in out.iter_mut().zip(scores).enumerate() {
            *place = if stays(action) { (f64::from(*score) - top).exp() } else { 0.0 };
            sum += *place;
            count += f64::from(u8::from(stays(action)));
        }
        let (each, rest) = (self.floor / count, (1.0 - self.floor) / sum);
        for (action, place) in out.iter_mut().enumerate() {
            *place = if stays(action) { each + *place * rest } else { 0.0 };
        }
    }

    /// The same with the first of the best scores in place of the softmax, as
    /// [`guerdon_policy::Exploration::EpsilonGreedy`] serves it with ε = floor.
    ///
    /// # Shapes
    /// `scores`, `left`, `out`: `[actions]`; an empty `left` means that all are.
    pub fn greedy(self, scores: &[f64], left: &[bool], out: &mut [f64]) {
        let stays = |action: usize| left.get(action).copied().unwrap_or(true);
        let (mut best, mut count) = (None, 0.0);
        for (action, &score) in scores.iter().enumerate().filter(|(action, _)| stays(*action)) {
            count += 1.0;
            if best.is_none_or(|best: usize| score > scores[best]) {
                best = Some(action);
            }
        }
        for (action, place) in out.iter_mut().enumerate() {
            *place = if stays(action) { self.floor / count } else { 0.0 };
            *place += if best == Some(action) { 1.0 - self.floor } else { 0.0 };
        }
    }

    /// Turns ∂V/∂π(a) into ∂V/∂s_a where it stands: with σ the softmax without its floor,
    /// ∂V/∂s_b = (1 − floor) σ_b (∂V/∂π(b) − Σ_a σ_a ∂V/∂π(a)).
    ///
    /// # Shapes
    /// `probabilities` (as [`Served::probabilities`] wrote them), `left`, `slopes`: `[actions]`.
    pub fn back(self, probabilities: &[f64], left: &[bool], slopes: &mut [f64]) {
        let stays = |action: usize| left.get(action).copied().unwrap_or(true);
        let count = (0..probabilities.len()).filter(|action| stays(*action)).count() as f64;
        // (1 − floor) · σ; at least 0 in spite of rounding.
        let moving =
            |action: usize| if stays(action) { (probabilities[action] - self.floor / count).max(0.0) } else { 0.0 };
        let mean: f64 = slopes.iter().enumerate().map(|(action, slope)| moving(action) * slope).sum();
        let mean = mean / (1.0 - self.floor);
        for (action, slope) in slopes.iter_mut().enumerate() {
            *slope = moving(action) * (*slope - mean);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_floor_is_shared_by_what_is_left_and_the_rest_is_a_softmax() {
        let mut found = [0.0; 3];
        Served { floor: 0.2 }.probabilities(&[1.0, 0.0, 9.0], &[true, true, false], &mut found);
        let first = 1.0 / (1.0 + (-1f64).exp());
        assert!((found[0] - (0.1 + 0.8 * first)).abs() < 1e-15);
        assert!((found[1] - (0.1 + 0.8 * (1.0 - first))).abs() < 1e-15);
        assert_eq!(found[2], 0.0);
        Served { floor: 0.2 }.probabilities(&[1.0, 0.0, 9.0], &[false, true, false], &mut found);
        assert_eq!(found, [0.0, 1.0, 0.0]);
    }

    #[test]
    fn greedy_takes_the_first_of_the_best_that_are_left() {
        let mut found = [0.0; 4];
        Served { floor: 0.3 }.greedy(&[9.0, 1.0, 2.0, 2.0], &[false, true, true, true], &mut found);
        assert!(found.iter().zip([0.0, 0.1, 0.8, 0.1]).all(|(found, p)| (found - p).abs() < 1e-15), "{found:?}");
    }

    #[test]
    fn huge_scores_stay_probabilities() {
        let mut found = [0.0; 2];
        Served { floor: 0.1 }.probabilities(&[1e30, -1e30], &[], &mut found);
        assert!((found[0] - 0.95).abs() < 1e-15 && (found[1] - 0.05).abs() < 1e-15);
    }

    #[test]
    fn the_way_back_is_the_derivative_by_finite_differences() {
        let served = Served { floor: 0.1 };
        let (scores, left, worth) = ([0.3f32, -0.5, 1.1, 2.0], [true, true, true, false], [1.0, -2.0, 0.5, 7.0]);
        let value = |scores: &[f32]| {
            let mut pi = [0.0; 4];
            served.probabilities(scores, &left, &mut pi);
            pi.iter().zip(worth).map(|(p, w)| p * w).sum::<f64>()
        };
        let mut pi = [0.0; 4];
        served.probabilities(&scores, &left, &mut pi);
        let mut slopes = worth;
        served.back(&pi, &left, &mut slopes);
        let step = 1.0 / 1024.0;
        for action in 0..4 {
            let moved = |by: f32| {
                let mut scores = scores;
                scores[action] += by;
                value(&scores)
            };
            let difference = (moved(step) - moved(-step)) / (2.0 * f64::from(step));
            assert!((difference - slopes[action]).abs() < 1e-6, "{action}: {difference} against {}", slopes[action]);
        }
    }
}
