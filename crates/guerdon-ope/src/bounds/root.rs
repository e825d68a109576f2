//! Chandrupatla (1997): a root of a function of one variable inside a bracket, by inverse quadratic steps where they
//! are safe and by halving where not.

/// A root of `f` between `a` and `b`, where `f` has different signs (if it has not: the end where |f| is smaller). A
/// jump through zero counts as a root. Good to about 4 ulps of the root's size or to `tiny`, whichever is larger.
pub(super) fn solve(mut a: f64, mut b: f64, tiny: f64, mut f: impl FnMut(f64) -> f64) -> f64 {
    let (mut fa, mut fb) = (f(a), f(b));
    if fa == 0.0 || fb == 0.0 || (fa < 0.0) == (fb < 0.0) {
        return if fa.abs() <= fb.abs() { a } else { b };
    }
    let mut step = 0.5;
    for _ in 0..200 {
        let x = a + step * (b - a);
        let fx = f(x);
        let (c, fc);
        if (fx < 0.0) == (fa < 0.0) {
            (c, fc) = (a, fa);
        } else {
            (c, fc) = (b, fb);
            (b, fb) = (a, fa);
        }
        (a, fa) = (x, fx);
        let best = if fa.abs() < fb.abs() { a } else { b };
        let tolerance = 2.0 * f64::EPSILON * best.abs() + 0.5 * tiny;
        let share = tolerance / (b - a).abs();
        if fa == 0.0 || share >= 0.5 {
            return best;
        }
        let (xi, phi) = ((a - b) / (c - b), (fa - fb) / (fc - fb));
        step = if phi * phi < xi && (1.0 - phi) * (1.0 - phi) < 1.0 - xi {
            fa / (fb - fa) * fc / (fb - fc) + (c - a) / (b - a) * fa / (fc - fa) * fb / (fc - fb)
        } else {
            0.5
        };
        step = if step.is_finite() { step.clamp(share, 1.0 - share) } else { 0.5 };
    }
    a
}

#[cfg(test)]
mod tests {
    use super::solve;

    #[test]
    fn it_finds_smooth_roots_and_jumps() {
        assert!((solve(0.0, 2.0, 0.0, |x| x * x - 2.0) - 2f64.sqrt()).abs() < 1e-15);
        assert!((solve(1.0, -3.0, 0.0, |x| x.exp() - 0.5) - 0.5f64.ln()).abs() < 1e-15);
        assert!((solve(0.0, 1.0, 1e-12, |x| if x < 0.3 { 1.0 } else { -1.0 }) - 0.3).abs() < 1e-11);
    }

    #[test]
    fn steep_and_flat_functions_end_too() {
        assert!((solve(0.0, 1e9, 0.0, |x| (x - 1e-3) * 1e-20) - 1e-3).abs() < 1e-15);
        assert!((solve(-1.0, 4.0, 0.0, |x| (x - 0.25).powi(9)) - 0.25).abs() < 1e-6);
    }
}
