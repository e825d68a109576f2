//! Ledger arithmetic: what decisions brought and cost, in integer money, and what one account says against another.

use guerdon_core::{Economics, Money};
use serde::{Deserialize, Serialize};

/// Sums over decisions, exact to the minor unit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Decisions.
    pub decisions: u64,
    /// Decisions that offered something: every one is a contact.
    pub contacts: u64,
    /// Revenue.
    pub revenue: Money,
    /// Cost of rewards, without contacts.
    pub rewards: Money,
}

impl Account {
    /// Books one decision.
    pub fn book(&mut self, revenue: Money, reward_cost: Money, offered: bool) {
        self.decisions += 1;
        self.contacts += u64::from(offered);
        self.revenue += revenue;
        self.rewards += reward_cost;
    }

    /// Books all that `other` booked.
    pub fn merge(&mut self, other: &Account) {
        self.decisions += other.decisions;
        self.contacts += other.contacts;
        self.revenue += other.revenue;
        self.rewards += other.rewards;
    }

    /// Margin, contacts, cost and net value of this account alone; rounded once, after summing.
    pub fn statement(&self, economics: &Economics) -> Statement {
        let margin = scaled(self.revenue, economics.margin);
        let contacts = Money::from_major(self.contacts as f64 * economics.contact_cost, economics.minor_units).value;
        let cost = self.rewards + contacts;
        Statement { revenue: self.revenue, margin, cost, net: margin - cost }
    }

    /// This account against a reference of as many decisions (`none` or a hold-out): every line is a difference.
    pub fn against(&self, reference: &Account, economics: &Economics) -> Statement {
        let (mine, other) = (self.statement(economics), reference.statement(economics));
        Statement {
            revenue: mine.revenue - other.revenue,
            margin: mine.margin - other.margin,
            cost: mine.cost - other.cost,
            net: mine.net - other.net,
        }
    }
}

/// The lines that finance reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// Revenue.
    pub revenue: Money,
    /// Margin on it.
    pub margin: Money,
    /// Cost of rewards and contacts.
    pub cost: Money,
    /// Margin less cost.
    pub net: Money,
}

impl Statement {
    /// ROI of this statement; sensible for one made by [`Account::against`].
    pub fn roi(&self) -> Option<f64> {
        roi(self.margin.0 as f64, self.cost.0 as f64)
    }
}

/// ROI = (incremental margin − cost) / cost, both in the same unit. Nothing where the cost is not above zero: a policy
/// that costs nothing has no return on it.
pub fn roi(incremental_margin: f64, cost: f64) -> Option<f64> {
    (cost > 0.0 && incremental_margin.is_finite()).then(|| (incremental_margin - cost) / cost)
}

fn scaled(amount: Money, by: f64) -> Money {
    Money((amount.0 as f64 * by).round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn economics() -> Economics {
        Economics { margin: 0.3, contact_cost: 0.05, ..Economics::default() }
    }

    #[test]
    fn a_statement_is_margin_less_rewards_less_contacts() {
        let mut account = Account::default();
        account.book(Money(10_000), Money(500), true);
        account.book(Money(2_000), Money::ZERO, false);
        let statement = account.statement(&economics());
        // 30 % of 120.00 is 36.00; 5.00 of rewards and 0.05 for one contact.
        assert_eq!(statement.margin, Money(3_600));
        assert_eq!(statement.cost, Money(505));
        assert_eq!(statement.net, Money(3_095));
    }

    #[test]
    fn roi_is_incremental_margin_less_cost_over_cost() {
        let offers = Account { decisions: 100, contacts: 100, revenue: Money(300_000), rewards: Money(20_000) };
        let none = Account { decisions: 100, contacts: 0, revenue: Money(200_000), rewards: Money::ZERO };
        let statement = offers.against(&none, &economics());
        // 300.00 of margin for 205.00 of cost.
        assert_eq!((statement.margin, statement.cost), (Money(30_000), Money(20_500)));
        assert!((statement.roi().unwrap() - 95.0 / 205.0).abs() < 1e-12);
    }

    #[test]
    fn nothing_spent_has_no_return() {
        assert_eq!(roi(10.0, 0.0), None);
        assert_eq!(roi(10.0, -1.0), None);
        assert_eq!(roi(f64::NAN, 1.0), None);
    }

    #[test]
    fn booking_in_two_parts_and_merging_is_booking_at_once() {
        let (mut whole, mut first, mut second) = (Account::default(), Account::default(), Account::default());
        for i in 0..100 {
            whole.book(Money(i * 7), Money(i % 3), i % 2 == 0);
            (if i < 40 { &mut first } else { &mut second }).book(Money(i * 7), Money(i % 3), i % 2 == 0);
        }
        first.merge(&second);
        assert_eq!(first, whole);
    }
}
