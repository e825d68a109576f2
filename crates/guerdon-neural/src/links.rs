//! From the last layer's values to log-odds: the amount curve and the funnel's chain, in forms that neither overflow nor
//! lose small chances.

use crate::curve::Curve;
use crate::loss::RevenueLoss;
use crate::network::Shape;
use burn::tensor::{Device, Int, Tensor, TensorData};

/// Chances are kept this far from 0 and 1 where a product or a curve is taken of them, and a curve's part of revenue from 0
/// where its logarithm is.
const LEAST: f32 = 1e-8;

/// What of the last layer belongs to some actions: base values, and the amount curve's, if there is one.
pub struct Values {
    /// `[rows, heads, columns]`.
    pub base: Tensor<3>,
    /// The curve's values before their softplus `[rows, curved heads, columns, knots]`, and the basis `[rows or 1, 1,
    /// columns, knots]`.
    pub curve: Option<(Tensor<4>, Tensor<4>)>,
}

/// Which action's values to take: per row the logged one, or all of them in every row.
#[allow(clippy::large_enum_variant)] // one a batch: boxing its tensors would save nothing
pub enum Pick {
    /// Places of the logged actions' values, see [`Pick::logged`].
    Logged {
        /// Which action's column to take, `[rows, heads, 1]`.
        base: Tensor<3, Int>,
        /// Which knots to take `[rows, curved heads, knots]`, and the basis `[rows, 1, 1, knots]`.
        curve: Option<(Tensor<3, Int>, Tensor<4>)>,
    },
    /// All actions.
    All,
}

impl Pick {
    /// The logged `actions`, one per row.
    pub fn logged(shape: &Shape, actions: &[u16], device: &Device) -> Pick {
        let rows = actions.len();
        let places = |heads: usize, each: &dyn Fn(usize) -> Vec<i32>| -> Vec<i32> {
            actions
                .iter()
                .flat_map(|&action| {
                    let places = each(usize::from(action));
                    std::iter::repeat_n(places, heads).flatten()
                })
                .collect()
        };
        let ints = |values: Vec<i32>, size: [usize; 3]| Tensor::from_data(TensorData::new(values, size), device);
        let base = ints(places(shape.heads, &|action| vec![action as i32]), [rows, shape.heads, 1]);
        let curve = shape.curve.as_ref().map(|curve| {
            let knots = curve.knots;
            let places = places(shape.curved, &|action| curve_places(curve, action));
            let basis: Vec<f32> = actions
                .iter()
                .flat_map(|&action| {
                    let first = usize::from(action) * knots;
                    curve.basis[first..first + knots].iter().copied()
                })
                .collect();
            let basis = Tensor::from_data(TensorData::new(basis, [rows, 1, 1, knots]), device);
            (ints(places, [rows, shape.curved, knots]), basis)
        });
        Pick::Logged { base, curve }
    }

    /// Takes the values out of the last layer's `outputs` `[rows, outputs]`.
    pub fn take(&self, shape: &Shape, outputs: Tensor<2>) -> Values {
        let rows = outputs.dims()[0];
        let (heads, actions) = (shape.heads, shape.actions);
        let split = heads * actions;
        let Some(curve) = &shape.curve else {
            let base = outputs.reshape([rows, heads, actions]);
            return match self {
                Pick::Logged { base: index, .. } => Values { base: base.gather(2, index.clone()), curve: None },
                Pick::All => Values { base, curve: None },
            };
        };
        let (curved, knots) = (shape.curved, curve.knots);
        let base = outputs.clone().slice([0..rows, 0..split]).reshape([rows, heads, actions]);
        let z = outputs.slice([0..rows, split..shape.outputs()]).reshape([rows, curved, curve.groups * knots]);
        match self {
            Pick::Logged { base: index, curve: Some((places, basis)) } => {
                let z = z.gather(2, places.clone()).reshape([rows, curved, 1, knots]);
                Values { base: base.gather(2, index.clone()), curve: Some((z, basis.clone())) }
            }
            Pick::Logged { base: index, curve: None } => Values { base: base.gather(2, index.clone()), curve: None },
            Pick::All => {
                let device = base.device();
                let places: Vec<i32> = (0..actions).flat_map(|action| curve_places(curve, action)).collect();
                let places = Tensor::<1, Int>::from_data(TensorData::new(places, [actions * knots]), &device);
                let z = z.select(2, places).reshape([rows, curved, actions, knots]);
                let basis = TensorData::new(curve.basis.clone(), [1, 1, actions, knots]);
                Values { base, curve: Some((z, Tensor::from_data(basis, &device))) }
            }
        }
    }
}

/// Where the values of an action's group stand; for an action without one, those of the first group (its basis is 0).
fn curve_places(curve: &Curve, action: usize) -> Vec<i32> {
    let first = curve.group[action].unwrap_or(0) * curve.knots;
    (first..first + curve.knots).map(|place| place as i32).collect()
}

/// Log-odds of every stage and of paying, then revenue in units of its own, or its logarithm where it has a log link:
/// `[rows, heads, columns]`.
pub fn heads(shape: &Shape, values: Values) -> Tensor<3> {
    let [rows, heads, columns] = values.base.dims();
    let chances = heads - 1;
    let part = |of: &Tensor<3>, from: usize, to: usize| of.clone().slice([0..rows, from..to, 0..columns]);
    let mut all = values.base;
    if let Some((z, basis)) = values.curve {
        let g = (softplus(z) * basis).sum_dim(3).reshape([rows, shape.curved, columns]);
        let raised = raise(part(&all, 0, chances), part(&g, 0, chances));
        let mut revenue = part(&all, chances, heads);
        if shape.curved == heads {
            let g = part(&g, chances, heads);
            revenue = match shape.revenue {
                RevenueLoss::Squared => revenue + g,
                // log(e^b + g)
                RevenueLoss::Tweedie { .. } => revenue.clone() + softplus(g.add_scalar(LEAST).log() - revenue),
            };
        }
        all = Tensor::cat(vec![raised, revenue], 1);
    }
    if !shape.follows.is_empty() {
        let stages = heads - 2;
        let mut parts = chain(&all, &shape.follows);
        parts.push(part(&all, stages, heads));
        all = Tensor::cat(parts, 1);
    }
    all
}

/// log(1 + eᶻ).
pub fn softplus<const D: usize>(z: Tensor<D>) -> Tensor<D> {
    z.clone().clamp_min(0.0) + (-z.abs()).exp().log1p()
}

/// The log-odds of 1 − (1 − σ(b))·e⁻ᵍ, g ≥ 0: log(e^(b + g) + (e^g − 1)).
fn raise(b: Tensor<3>, g: Tensor<3>) -> Tensor<3> {
    let gained = g.clone() + at_least((-g.clone()).exp()).log();
    gained.clone() + softplus(b + g - gained)
}

/// The log-odds of P(reach s) = σ(l_s)·P(reach what s follows), each `[rows, 1, columns]`: with t = Σ log(1 + e^(−l)) over
/// s and all that it follows, it is −t − log(1 − e⁻ᵗ).
fn chain(all: &Tensor<3>, follows: &[Option<usize>]) -> Vec<Tensor<3>> {
    let [rows, _, columns] = all.dims();
    let mut sums: Vec<Tensor<3>> = vec![];
    let mut products = vec![];
    for (stage, before) in follows.iter().enumerate() {
        let own = all.clone().slice([0..rows, stage..stage + 1, 0..columns]);
        let shrunk = softplus(-own.clone());
        let Some(before) = before else {
            products.push(own);
            sums.push(shrunk);
            continue;
        };
        let t = sums[*before].clone() + shrunk;
        products.push(-t.clone() - at_least((-t.clone()).exp()).log());
        sums.push(t);
    }
    products
}

/// 1 − e, but never below [`LEAST`].
fn at_least(e: Tensor<3>) -> Tensor<3> {
    (-e).add_scalar(1.0).clamp_min(LEAST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::read;

    fn values(values: &[f32]) -> Tensor<3> {
        Tensor::from_data(TensorData::new(values.to_vec(), [1, values.len(), 1]), &Device::flex())
    }

    fn sigmoid(z: f64) -> f64 {
        1.0 / (1.0 + (-z).exp())
    }

    #[test]
    fn a_raised_chance_is_as_the_formula_says_also_at_the_ends() {
        let (b, g) = ([-30.0, -2.0, 0.0, 3.0, 40.0, -5.0], [0.0, 0.4, 1e-5, 2.0, 60.0, 90.0]);
        let found = read(raise(values(&b), values(&g))).unwrap();
        for ((b, g), found) in b.iter().zip(g).zip(found) {
            let wanted = 1.0 - (1.0 - sigmoid(f64::from(*b))) * (-f64::from(g)).exp();
            assert!((sigmoid(f64::from(found)) - wanted).abs() < 1e-6, "b {b}, g {g}: {found}");
        }
    }

    #[test]
    fn a_curves_part_is_added_to_revenue_also_where_its_logarithm_is_asked_for() {
        for (b, z) in [(0.3, [0.5, -2.0]), (-9.0, [-30.0, -40.0]), (12.0, [1.0, 2.0]), (-15.0, [3.0, 0.0])] {
            let of = |revenue| {
                let z = [[0.0; 2], [0.0; 2], z].concat();
                let z = Tensor::from_data(TensorData::new(z, [1, 3, 1, 2]), &Device::flex());
                let basis = Tensor::from_data(TensorData::new(vec![1.0, 0.5], [1, 1, 1, 2]), &Device::flex());
                let shape = Shape { heads: 3, actions: 1, curved: 3, revenue, ..Shape::default() };
                f64::from(
                    read(heads(&shape, Values { base: values(&[0.0, 0.0, b]), curve: Some((z, basis)) })).unwrap()[2],
                )
            };
            let [first, second] = z.map(|z: f32| f64::from(z).exp().ln_1p());
            let (b, g) = (f64::from(b), first + 0.5 * second);
            assert!((of(RevenueLoss::Squared) - (b + g)).abs() < 1e-5);
            let (found, truth) = (of(RevenueLoss::Tweedie { power: 1.5 }).exp(), b.exp() + g);
            assert!((found - truth).abs() < 2e-8 + 1e-5 * truth, "{b}, {g}: {found}, not {truth}");
        }
    }

    #[test]
    fn a_chain_is_the_product_of_its_chances_also_at_the_ends() {
        for logits in [[0.3f32, -1.0, 2.0], [25.0, 30.0, -40.0], [-3.0, -20.0, 90.0]] {
            let found = chain(&values(&logits), &[None, Some(0), Some(1)]);
            let mut product = 1.0;
            for (logit, found) in logits.iter().zip(found) {
                product *= sigmoid(f64::from(*logit));
                let found = f64::from(read(found).unwrap()[0]);
                assert!((sigmoid(found) - product).abs() < 2e-7, "{logits:?}: {found}");
            }
        }
    }
}
