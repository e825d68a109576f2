//! What an offer is truly worth, in closed form.
//!
//! With view delay D = send + U₁ and completion U₂ (both uniform on 24 h, [`super::response`]) the expected number of
//! purchases is linear in D and U₂, so their means (send + 12 and 12) integrate it exactly. The chance of at least one
//! purchase inside the validity v is 1 − E[exp(−Λ)] with Λ = r₀·D + r₁·(v − D) after a view, and
//! Λ = r₀·D + r₁·U₂ + r₂·(v − D − U₂) after a completion: linear again, so that E[exp(−Λ)] is a product of moment
//! generating functions of uniforms. Baskets are log-normal with mean b, rounded to whole cents and at least one cent:
//! that moves the mean by less than a thousandth of a cent and is neglected.

use super::catalogue::{Offer, WINDOW_HOURS};
use super::response::{REACT_HOURS, Response};
use guerdon_core::Economics;

/// What follows an offer in expectation, inside the attribution window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expected {
    /// P(viewed).
    pub viewed: f64,
    /// P(completed).
    pub completed: f64,
    /// P(at least one purchase inside the window).
    pub purchased: f64,
    /// P(the reward pays).
    pub paid: f64,
    /// Expected purchases.
    pub orders: f64,
    /// Expected revenue in dollars.
    pub revenue: f64,
    /// Expected cost of the reward in dollars.
    pub cost: f64,
    /// margin · revenue − cost − contact cost, in dollars.
    pub net: f64,
}

/// What an offer costs the house, in dollars.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Price {
    /// When its reward pays.
    paid: f64,
    /// When it is made.
    contact: f64,
    /// Share of revenue that is margin.
    margin: f64,
}

impl Price {
    pub(super) fn of(offer: &Offer, economics: &Economics) -> Price {
        let reward = offer.reward(economics);
        let contact = if reward.is_none() { 0.0 } else { economics.contact_cost };
        Price { paid: reward.cost_when_paid().to_major(economics.minor_units), contact, margin: economics.margin }
    }

    /// Net value of `revenue` dollars and a reward that pays with chance `paid`, in dollars.
    pub(super) fn net(&self, revenue: f64, paid: f64) -> f64 {
        self.margin * revenue - paid * self.paid - self.contact
    }
}

/// Integrates `response` to `offer`; `basket` is the member's mean basket in dollars.
pub(super) fn expect(response: &Response, offer: &Offer, basket: f64, price: &Price) -> Expected {
    let Response { view, complete, .. } = *response;
    let paths = [1.0 - view, view * (1.0 - complete), view * complete];
    let after = response.rate[0] * (WINDOW_HOURS - response.valid_hours);
    let orders = after + (0..3).map(|path| paths[path] * mean_orders(response, path)).sum::<f64>();
    let no_order_while_valid = (0..3).map(|path| paths[path] * no_order(response, path)).sum::<f64>();
    let paid = match offer.pays_at {
        Some(1) => view,
        Some(2) => view * complete,
        Some(3) => 1.0 - no_order_while_valid,
        _ => 0.0,
    };
    let cost = paid * price.paid;
    let revenue = orders * basket;
    Expected {
        viewed: view,
        completed: view * complete,
        purchased: 1.0 - no_order_while_valid * (-after).exp(),
        paid,
        orders,
        revenue,
        cost,
        net: price.net(revenue, paid),
    }
}

/// Expected purchases inside the validity on path 0 (not viewed), 1 (viewed only) or 2 (completed).
fn mean_orders(response: &Response, path: usize) -> f64 {
    let [r0, r1, r2] = response.rate;
    let valid = response.valid_hours;
    let viewed_at = response.send_delay + REACT_HOURS / 2.0;
    match path {
        0 => r0 * valid,
        1 => r0 * viewed_at + r1 * (valid - viewed_at),
        _ => r0 * viewed_at + r1 * REACT_HOURS / 2.0 + r2 * (valid - viewed_at - REACT_HOURS / 2.0),
    }
}

/// P(no purchase inside the validity) on a path, as for [`mean_orders`].
fn no_order(response: &Response, path: usize) -> f64 {
    let [r0, r1, r2] = response.rate;
    let (send, valid) = (response.send_delay, response.valid_hours);
    let sent = |rate: f64| (-(r0 * send + rate * (valid - send))).exp();
    match path {
        0 => (-r0 * valid).exp(),
        1 => sent(r1) * uniform_mgf(r1 - r0),
        _ => sent(r2) * uniform_mgf(r2 - r0) * uniform_mgf(r2 - r1),
    }
}

/// E[exp(s·U)] for U uniform on (0, 24) hours: (exp(24 s) − 1) / (24 s).
fn uniform_mgf(s: f64) -> f64 {
    let x = s * REACT_HOURS;
    if x.abs() < 1e-12 { 1.0 } else { x.exp_m1() / x }
}
