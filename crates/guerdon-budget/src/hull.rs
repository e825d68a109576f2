//! The concave hull of one member's options: steps of falling efficiency (Sinha & Zoltners 1979; Pisinger 1995).

use crate::units;

/// A step along the hull: from the option before it to `option`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Step {
    pub(crate) option: usize,
    /// Parts more than the option before.
    pub(crate) cost: i64,
    /// Value more than the option before; above zero.
    pub(crate) gain: f64,
    /// Gain for a unit of cost; above zero, and falls strictly from step to step.
    pub(crate) efficiency: f64,
}

/// The hull of one member, with its buffer kept from member to member.
#[derive(Debug, Default)]
pub(crate) struct Hull {
    /// The cheapest option, the best of them where several cost the same.
    pub(crate) base: usize,
    pub(crate) steps: Vec<Step>,
}

impl Hull {
    /// The options that are best at some price, by cost. Dominated and LP-dominated options are left out.
    pub(crate) fn take(&mut self, values: &[f64], costs: &[i64]) {
        self.steps.clear();
        let mut base = None;
        for option in 0..values.len() {
            let better =
                |b: usize| costs[option] < costs[b] || (costs[option] == costs[b] && values[option] > values[b]);
            if values[option] != f64::NEG_INFINITY && base.is_none_or(better) {
                base = Some(option);
            }
        }
        self.base = base.unwrap_or(0);
        let mut at = self.base;
        while let Some(next) = steepest(values, costs, at) {
            self.push(values, costs, next);
            at = next;
        }
    }

    /// Adds a corner; corners that rounding has made no steeper than the new one give way.
    fn push(&mut self, values: &[f64], costs: &[i64], option: usize) {
        loop {
            let from = self.steps.last().map_or(self.base, |s| s.option);
            let (cost, gain) = (costs[option] - costs[from], values[option] - values[from]);
            let efficiency = gain / units::amount(cost);
            match self.steps.last() {
                Some(last) if efficiency >= last.efficiency => {
                    self.steps.pop();
                }
                _ => {
                    if efficiency > 0.0 {
                        self.steps.push(Step { option, cost, gain, efficiency });
                    }
                    return;
                }
            }
        }
    }

    /// The option at a price: every step above it, and the step at it where `ties` says so.
    pub(crate) fn option(&self, price: f64, ties: bool) -> usize {
        let taken = self.steps.iter().take_while(|s| s.efficiency > price || (ties && s.efficiency == price));
        taken.last().map_or(self.base, |s| s.option)
    }
}

/// The dearer and better option with the steepest way up from `at`; the dearest of several.
fn steepest(values: &[f64], costs: &[i64], at: usize) -> Option<usize> {
    let (value, cost) = (values[at], costs[at]);
    let (mut best, mut best_gain, mut best_cost) = (None, 0.0, 1.0);
    for (option, (v, c)) in values.iter().zip(costs).enumerate() {
        let (gain, more) = (v - value, (c - cost) as f64);
        if more > 0.0 && gain > 0.0 {
            let (here, there) = (gain * best_cost, best_gain * more);
            if here > there || (here == there && more > best_cost) {
                (best, best_gain, best_cost) = (Some(option), gain, more);
            }
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dominated_and_lp_dominated_options_are_left_out() {
        let costs: Vec<i64> = [0.0, 10.0, 20.0, 15.0, 30.0, 5.0].map(units::up).to_vec();
        let mut hull = Hull::default();
        // 15 for 6.0 lies under the line from (10, 6) to (20, 9); 30 for 8.0 and the ineligible one are never best.
        hull.take(&[0.0, 6.0, 9.0, 6.5, 8.0, f64::NEG_INFINITY], &costs);
        assert_eq!(hull.steps.iter().map(|s| (s.option, s.efficiency)).collect::<Vec<_>>(), [(1, 0.6), (2, 0.3)]);
        assert_eq!((hull.option(0.6, false), hull.option(0.6, true), hull.option(0.1, false)), (0, 1, 2));
    }

    #[test]
    fn a_better_free_option_is_the_base_and_points_on_a_line_are_one_step() {
        let costs: Vec<i64> = [0.0, 0.0, 1.0, 2.0, 3.0].map(units::up).to_vec();
        let mut hull = Hull::default();
        hull.take(&[-1.0, 0.5, 1.0, 1.5, 2.0], &costs);
        assert_eq!(hull.base, 1);
        assert_eq!(hull.steps.len(), 1);
        assert_eq!(hull.steps[0].option, 4);
    }
}
