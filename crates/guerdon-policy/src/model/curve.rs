//! The response to the amount: monotone and concave by construction.

use super::refused;
use crate::exp::{exp_f32, softplus};
use guerdon_core::Result;

/// Most knots of an [`AmountCurve`].
pub const MOST_KNOTS: usize = 64;

/// How outcomes grow with the amount, among actions that differ in nothing else.
///
/// A network gives, beside its heads, numbers z\[curved head, group, knot\]. With
/// g(a) = Σⱼ basis\[a, j\] · softplus(z\[h, group(a), j\]), which is never negative,
/// chance = 1 − (1 − link(base)) · e^(−g) and revenue = link(base) + revenue_scale · g, cut where its link says so.
///
/// Within a group whose actions share their bases, and whose basis functions do not fall and are concave in the amount
/// (hinges min(amount, knot), say), g does not fall and is concave, and so are every chance and revenue: softplus is
/// positive, and 1 − (1 − p) · e^(−g) is increasing and concave in g. Under a hurdle revenue is the chance of its stage
/// times a factor that does not depend on the amount, so that the same holds wherever that factor is not negative, as it never
/// is with [`super::RevenueLink::Exp`]. Of a
/// chain of stages only "does not fall" holds: a product of concave factors need not be concave.
///
/// Curved heads are all chances (the stages', then `paid`) and, where there is no hurdle, revenue.
#[derive(Debug, Clone, PartialEq)]
pub struct AmountCurve {
    /// The group of each action; `None` where its bases stand as they are.
    pub group: Vec<Option<usize>>,
    /// How many groups there are, 1 to the number of actions.
    pub groups: usize,
    /// How many basis functions there are, 1 to [`MOST_KNOTS`].
    pub knots: usize,
    /// Row-major `[actions][knots]`, at least 0.
    pub basis: Vec<f32>,
    /// What g = 1 adds to revenue, in major units; at least 0.
    pub revenue_scale: f32,
}

impl AmountCurve {
    /// How many heads are curved in a funnel of `stages` stages.
    fn curved(stages: usize, hurdle: bool) -> usize {
        stages + if hurdle { 1 } else { 2 }
    }

    /// How many numbers a network gives for it.
    ///
    /// # Shapes
    /// `[curved heads * groups * knots]`, after the heads.
    pub fn outputs(&self, stages: usize, hurdle: bool) -> usize {
        AmountCurve::curved(stages, hurdle).saturating_mul(self.groups).saturating_mul(self.knots)
    }

    pub(super) fn check(&self, actions: usize) -> Result<()> {
        let AmountCurve { group, groups, knots, basis, revenue_scale } = self;
        if !(1..=actions).contains(groups) {
            return Err(refused("amount.groups", groups, format!("1 to {actions}, the number of actions, would do")));
        }
        if !(1..=MOST_KNOTS).contains(knots) {
            return Err(refused("amount.knots", knots, format!("1 to {MOST_KNOTS} would do")));
        }
        if group.len() != actions {
            let wanted = format!("one for each of {actions} actions would do");
            return Err(refused("amount.group", format!("{} groups", group.len()), wanted));
        }
        if let Some(group) = group.iter().flatten().find(|group| *group >= groups) {
            return Err(refused("amount.group", group, format!("one of {groups}, counted from 0, would do")));
        }
        if basis.len() != actions * knots {
            let wanted = format!("{actions} x {knots} would do: actions and knots");
            return Err(refused("amount.basis", format!("{} numbers", basis.len()), wanted));
        }
        let usable = |number: &f32| number.is_finite() && *number >= 0.0;
        if let Some(number) = basis.iter().find(|number| !usable(number)) {
            return Err(refused("amount.basis", number, "finite numbers of at least 0 would do"));
        }
        if !usable(revenue_scale) {
            return Err(refused("amount.revenue_scale", revenue_scale, "a finite number of at least 0 would do"));
        }
        Ok(())
    }

    /// Lifts `chances`, and `revenue` where it is curved, by the numbers `z`, which are used up.
    ///
    /// # Shapes
    /// `chances`: `[heads − 1][actions]`; `revenue`: `[actions]`; `z`: `[curved heads][groups][knots]`; `gains`: at
    /// least `[actions]`.
    #[inline(always)]
    pub(super) fn lift(&self, chances: &mut [f32], revenue: Option<&mut [f32]>, z: &mut [f32], gains: &mut [f32]) {
        let actions = self.group.len();
        let mut heads = z.chunks_exact_mut((self.groups * self.knots).max(1));
        for (chances, z) in chances.chunks_exact_mut(actions.max(1)).zip(heads.by_ref()) {
            self.gains(z, gains);
            // p + (1 − p)(1 − e^−g) is 1 − (1 − p) e^−g, and p itself to the bit where g = 0.
            chances.iter_mut().zip(&*gains).for_each(|(p, g)| *p += (1.0 - *p) * (1.0 - exp_f32(-*g)));
        }
        if let (Some(revenue), Some(z)) = (revenue, heads.next()) {
            self.gains(z, gains);
            revenue.iter_mut().zip(&*gains).for_each(|(revenue, g)| *revenue += self.revenue_scale * *g);
        }
    }

    /// g of one head for every action.
    #[inline(always)]
    fn gains(&self, z: &mut [f32], gains: &mut [f32]) {
        z.iter_mut().for_each(|z| *z = softplus(*z));
        for ((gain, group), basis) in gains.iter_mut().zip(&self.group).zip(self.basis.chunks_exact(self.knots.max(1)))
        {
            let slopes = group.and_then(|group| z.get(group * self.knots..)).unwrap_or_default();
            *gain = basis.iter().zip(slopes).fold(0.0, |sum, (basis, slope)| sum + basis * slope);
        }
    }
}
