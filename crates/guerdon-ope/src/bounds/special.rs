//! Incomplete gamma and beta integrals that keep their digits for parameters up to 1e9, and the quantiles made of them
//! (DLMF 8.9, 8.17, 13.5; Didonato & Morris 1992). statrs stops its continued fractions at 140 terms, too few for
//! these.

use super::root::solve;
use statrs::function::gamma::ln_gamma;
use std::f64::consts::{LN_2, PI};

/// Terms of a series or a continued fraction at most. They need about √parameter of them.
const TERMS: u32 = 20_000_000;
const TINY: f64 = 1e-300;

/// ln of G(a, x) = eˣ ∫₀¹ u^(a−1) e^(−xu) du = eˣ x^(−a) γ(a, x), for a ≥ 1 and any real x.
pub(super) fn ln_scaled_lower_gamma(a: f64, x: f64) -> f64 {
    if x < 0.0 {
        // The M-fraction of ₁F₁(1; a+1; x) / a: 1 / (a+y − 1y/(a+1+y − 2y/(a+2+y − …))), y = −x.
        let y = -x;
        continued_fraction(a + y, |k| (-(k * y), a + k + y)).ln()
    } else if x < a + 1.0 {
        let (mut term, mut sum) = (1.0 / a, 1.0 / a);
        for k in 1..TERMS {
            term *= x / (a + f64::from(k));
            sum += term;
            if term <= sum * f64::EPSILON * 0.25 {
                break;
            }
        }
        sum.ln()
    } else {
        // eˣ x^(−a) Γ(a) (1 − Q(a, x)), with Q = e^(−x) x^a / Γ(a) · 1/(x+1−a − 1(1−a)/(x+3−a − 2(2−a)/(…))).
        let beyond = (x - a) / a;
        let whole = a * (beyond - beyond.ln_1p()) - 0.5 * (a / (2.0 * PI)).ln() + stirling(a);
        let fraction = continued_fraction(x + 1.0 - a, |k| (-k * (k - a), x + 1.0 - a + 2.0 * k));
        whole + (-(-whole).exp() * fraction).ln_1p()
    }
}

/// 1 / (b₀ + a₁/(b₁ + a₂/(b₂ + …))) by Lentz's method; `terms(k)` gives (a_k, b_k).
fn continued_fraction(b0: f64, terms: impl Fn(f64) -> (f64, f64)) -> f64 {
    let away = |x: f64| if x.abs() < TINY { TINY } else { x };
    let (mut c, mut d) = (1.0 / TINY, 1.0 / away(b0));
    let mut h = d;
    for k in 1..TERMS {
        let (a, b) = terms(f64::from(k));
        d = 1.0 / away(a * d + b);
        c = away(b + a / c);
        let factor = c * d;
        h *= factor;
        if (factor - 1.0).abs() <= f64::EPSILON {
            break;
        }
    }
    h
}

/// ln Γ(z) − [(z − ½) ln z − z + ½ ln 2π], for z > 0.
fn stirling(z: f64) -> f64 {
    if z >= 15.0 {
        let q = 1.0 / (z * z);
        (1.0 / 12.0 - q * (1.0 / 360.0 - q * (1.0 / 1260.0 - q * (1.0 / 1680.0 - q / 1188.0)))) / z
    } else {
        ln_gamma(z) - ((z - 0.5) * z.ln() - z + 0.5 * (LN_2 + PI.ln()))
    }
}

/// I_x(a, b), the regularised incomplete beta integral, for a, b > 0 and x = 1 − `y` in [0, 1]; both are asked for,
/// since one of them may be tiny.
pub(super) fn incomplete_beta(a: f64, b: f64, x: f64, y: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if y <= 0.0 {
        return 1.0;
    }
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta_tail(b, a, y, x);
    }
    incomplete_beta_tail(a, b, x, y)
}

/// x^a y^b / (a B(a, b)) times the continued fraction of DLMF 8.17.22, for x below about the mean.
fn incomplete_beta_tail(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let n = a + b;
    let off = x * b - y * a;
    let deviance = a * safe_ln_1p(off / a, x * n / a) + b * safe_ln_1p(-off / b, y * n / b);
    let front = deviance + 0.5 * (a * b / (2.0 * PI * n)).ln() + stirling(n) - stirling(a) - stirling(b);
    let fraction = continued_fraction(1.0, |k| {
        let m = (k / 2.0).floor();
        let numerator = if k % 2.0 == 0.0 {
            m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m))
        } else {
            -(a + m) * (n + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0))
        };
        (numerator, 1.0)
    });
    front.exp() * fraction / a
}

/// ln(1 + off), or ln of the sum itself where `off` is so near −1 that the sum lost its digits.
fn safe_ln_1p(off: f64, sum: f64) -> f64 {
    if off > -0.5 { off.ln_1p() } else { sum.ln() }
}

/// The `p`-quantile of Beta(a, b), for a, b > 0 and p in (0, 1).
pub(super) fn beta_quantile(a: f64, b: f64, p: f64) -> f64 {
    // On the logit scale both ends of [0, 1] keep their digits.
    let share = |t: f64| (1.0 / (1.0 + (-t).exp()), 1.0 / (1.0 + t.exp()));
    let t = solve(-700.0, 700.0, 1e-15, |t| {
        let (x, y) = share(t);
        incomplete_beta(a, b, x, y) - p
    });
    share(t).0
}

/// The (1 − `tail`)-quantile of Student's t with `freedom` degrees, for `tail` in (0, ½).
pub(super) fn student_quantile(freedom: f64, tail: f64) -> f64 {
    let beyond = |t: f64| {
        let whole = freedom + t * t;
        0.5 * incomplete_beta(0.5 * freedom, 0.5, freedom / whole, t * t / whole)
    };
    let mut high = 2.0;
    while beyond(high) > tail && high < 1e150 {
        high *= 2.0;
    }
    solve(0.0, high, 0.0, |t| beyond(t) - tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scaled_gamma_integral_keeps_its_digits_everywhere() {
        // ln(₁F₁(1; a+1; x) / a) by mpmath 1.3 with 40 digits.
        for (a, x, expected) in [
            (1.0, 0.0, 0.0),
            (1.0, -3.0, -1.149_681_469_610_811),
            (1.0, -1e3, -6.907_755_278_982_137),
            (7.5, -2.0, -2.230_303_299_582_417),
            (50.0, 20.0, -3.421_698_248_084_911),
            (50.0, 49.0, -1.797_235_412_436_803),
            (50.0, 60.0, -0.239_667_152_646_733_5),
            (50.0, 500.0, 333.835_339_025_235_3),
            (1.25, 40.0, 35.290_628_845_935_77),
            (1.0, 1e4, 9_990.789_659_628_024),
            (1e4, 9.9e3, -5.023_912_030_802_505),
            (1e4, 1.02e4, -1.736_059_037_552_6),
            (3e3, -5e4, -10.878_029_392_149_19),
            (1e6, 1.001e6, -5.661_903_477_101_481),
        ] {
            let found = ln_scaled_lower_gamma(a, x);
            assert!((found - expected).abs() < 1e-13 * (20.0 + expected.abs()), "{a} {x}: {found} {expected}");
        }
    }

    #[test]
    fn both_branches_of_the_gamma_integral_meet() {
        for a in [1.0, 3.5, 1e3, 1e7, 1e9] {
            let x = a + 1.0;
            let (below, above) = (ln_scaled_lower_gamma(a, x * (1.0 - 1e-15)), ln_scaled_lower_gamma(a, x));
            assert!((below - above).abs() < 1e-10, "{a}: {below} {above}");
        }
        let (below, above) = (ln_scaled_lower_gamma(5.0, -1e-14), ln_scaled_lower_gamma(5.0, 1e-14));
        assert!((below - above).abs() < 1e-13, "{below} {above}");
    }

    #[test]
    fn quantiles_equal_those_of_scipy() {
        // scipy 1.17: stats.beta.ppf and stats.t.isf.
        for (a, b, p, expected) in [
            (5408.0 / 60.0, 78.0, 0.025, 0.460_614_892_396_045_8),
            (1e6, 2e6, 0.975, 0.333_866_873_069_144_5),
            (3e6, 7e6, 0.01, 0.299_662_939_028_718_04),
            (1e-3, 10.0, 0.975, 5.975_091_765_615_7e-13),
            (0.5, 0.5, 0.3, 0.206_107_373_853_763_4),
            (2e5, 1.0, 0.025, 0.999_981_555_772_826_3),
            (1.0, 1e6, 0.975, 3.688_872_650_206_488e-6),
            (0.02, 3.5, 0.025, 1.488_907_057_559_372_3e-81),
        ] {
            let found = beta_quantile(a, b, p);
            assert!((found / expected - 1.0).abs() < 1e-10, "{a} {b} {p}: {found} {expected}");
        }
        for (freedom, tail, expected) in [
            (1.0, 0.025, 12.706_204_736_174_705),
            (2.0, 0.005, 9.924_843_200_918_293),
            (9999.0, 0.025, 1.960_201_263_621_357_7),
            (1e7, 0.05, 1.644_853_779_328_402),
            (30.0, 1e-6, 5.871_117_120_418_882),
        ] {
            let found = student_quantile(freedom, tail);
            assert!((found / expected - 1.0).abs() < 1e-11, "{freedom} {tail}: {found} {expected}");
        }
    }
}
