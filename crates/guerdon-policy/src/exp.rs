//! Exponentials that give the same bits on every machine. The platform's `exp` differs between C libraries, and a
//! decision must replay to the bit; these are plain arithmetic without branches, so that loops over them vectorise.

/// Inputs are clamped to ± this before [`exp_f32`], which keeps its result a normal number.
const MOST_F32: f32 = 87.0;

/// e^x for x in [−87, 87]; outside, the value at the nearer end. NaN stays NaN. Relative error below 3e-7.
///
/// After Cephes' `expf` (S. L. Moshier, Methods and Programs for Mathematical Functions, 1989): x = k ln 2 + r with
/// ln 2 in two parts, then a polynomial of degree 7 in r.
#[allow(clippy::excessive_precision)] // the constants as their source prints them
#[inline(always)]
pub(crate) fn exp_f32(x: f32) -> f32 {
    const LOG2_E: f32 = std::f32::consts::LOG2_E;
    const LN2_HIGH: f32 = 0.693_359_375;
    const LN2_LOW: f32 = -2.121_944_40e-4;
    /// 1.5 · 2²³: adding it rounds to an integer, which then stands in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let x = if x > MOST_F32 { MOST_F32 } else { x };
    let x = if x < -MOST_F32 { -MOST_F32 } else { x };
    let shifted = x * LOG2_E + ROUND;
    let k = shifted - ROUND;
    let r = (x - k * LN2_HIGH) - k * LN2_LOW;
    let mut p = 1.987_569_150_0e-4;
    p = p * r + 1.398_199_950_7e-3;
    p = p * r + 8.333_451_907_3e-3;
    p = p * r + 4.166_579_589_4e-2;
    p = p * r + 1.666_666_545_9e-1;
    p = p * r + 5.000_000_120_1e-1;
    let y = (p * (r * r) + r) + 1.0;
    y * f32::from_bits(shifted.to_bits().wrapping_add(127) << 23)
}

/// 1 / (1 + e^−x), in (0, 1].
#[inline(always)]
pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp_f32(-x))
}

/// SiLU, x / (1 + e^−x) (Elfwing, Uchibe & Doya 2018).
#[inline(always)]
pub(crate) fn silu(x: f32) -> f32 {
    x / (1.0 + exp_f32(-x))
}

/// ln(1 + t) for t in [0, 1]. Relative error below 3e-7. NaN stays NaN.
///
/// 2 artanh(s) with s = t / (2 + t) ≤ 1/3, by its series to s¹³.
#[inline(always)]
fn ln_1p_f32(t: f32) -> f32 {
    let s = t / (2.0 + t);
    let square = s * s;
    let mut p = 1.0 / 13.0;
    p = p * square + 1.0 / 11.0;
    p = p * square + 1.0 / 9.0;
    p = p * square + 1.0 / 7.0;
    p = p * square + 1.0 / 5.0;
    p = p * square + 1.0 / 3.0;
    2.0 * (s + s * (square * p))
}

/// Softplus, ln(1 + e^x) (Dugas et al. 2001), greater than 0. Relative error below 1e-6 for x in [−80, ∞).
#[inline(always)]
pub(crate) fn softplus(x: f32) -> f32 {
    let above = if x > 0.0 { x } else { 0.0 };
    above + ln_1p_f32(exp_f32(-x.abs()))
}

/// e^x for x in [−708, 0]; 0 below −708 and 1 above 0. NaN stays NaN. Relative error below 3e-16.
///
/// After fdlibm's `e_exp.c` (Sun Microsystems 1993): x = k ln 2 + r, and e^r by a rational function of r.
#[allow(clippy::excessive_precision)] // the constants as their source prints them
#[inline(always)]
pub(crate) fn exp_f64(x: f64) -> f64 {
    const LOG2_E: f64 = std::f64::consts::LOG2_E;
    const LN2_HIGH: f64 = 6.931_471_803_691_238_164_90e-1;
    const LN2_LOW: f64 = 1.908_214_929_270_587_700_02e-10;
    /// 1.5 · 2⁵².
    const ROUND: f64 = 6_755_399_441_055_744.0;
    const P: [f64; 5] = [
        1.666_666_666_666_660_190_37e-1,
        -2.777_777_777_701_559_338_42e-3,
        6.613_756_321_437_934_361_17e-5,
        -1.653_390_220_546_525_153_90e-6,
        4.138_136_797_057_238_460_39e-8,
    ];
    let below = x < -708.0;
    let x = if x > 0.0 { 0.0 } else { x };
    let x = if below { -708.0 } else { x };
    let shifted = x * LOG2_E + ROUND;
    let k = shifted - ROUND;
    let high = x - k * LN2_HIGH;
    let low = k * LN2_LOW;
    let r = high - low;
    let t = r * r;
    let c = r - t * (P[0] + t * (P[1] + t * (P[2] + t * (P[3] + t * P[4]))));
    let y = 1.0 - ((low - (r * c) / (2.0 - c)) - high);
    let value = y * f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52);
    if below { 0.0 } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_single_exponential_is_within_3e7_of_the_true_one() {
        let mut worst = 0.0f64;
        for i in 0..=1_740_000 {
            let x = (-87.0 + f64::from(i) * 1e-4) as f32;
            let truth = f64::from(x).exp();
            worst = worst.max((f64::from(exp_f32(x)) - truth).abs() / truth);
        }
        assert!(worst < 3e-7, "{worst}");
    }

    #[test]
    fn the_double_exponential_is_within_3e16_of_the_true_one() {
        let mut worst = 0.0f64;
        for i in 0..=708_000 {
            let x = -f64::from(i) * 1e-3;
            let truth = x.exp();
            worst = worst.max((exp_f64(x) - truth).abs() / truth);
        }
        assert!(worst < 3e-16, "{worst}");
    }

    #[test]
    fn softplus_is_within_1e6_of_the_true_one() {
        let mut worst = 0.0f64;
        for i in 0..=1_800_000 {
            let x = (-80.0 + f64::from(i) * 1e-4) as f32;
            let truth = f64::from(x).exp().ln_1p();
            worst = worst.max((f64::from(softplus(x)) - truth).abs() / truth);
        }
        assert!(worst < 1e-6, "{worst}");
        let mut worst = 0.0f64;
        for i in 0..=1_000_000 {
            let t = (f64::from(i) * 1e-6) as f32;
            let truth = f64::from(t).ln_1p();
            worst = worst.max((f64::from(ln_1p_f32(t)) - truth).abs() / truth.max(f64::MIN_POSITIVE));
        }
        assert!(worst < 3e-7, "{worst}");
        assert!(softplus(f32::NAN).is_nan() && softplus(f32::MIN) > 0.0);
        assert_eq!((softplus(f32::INFINITY), softplus(1e30)), (f32::INFINITY, 1e30));
    }

    #[test]
    fn the_ends_and_nan_behave() {
        assert_eq!((exp_f64(0.0), exp_f64(3.0), exp_f64(-709.0), exp_f64(f64::NEG_INFINITY)), (1.0, 1.0, 0.0, 0.0));
        assert_eq!((exp_f32(0.0), sigmoid(0.0), silu(0.0)), (1.0, 0.5, 0.0));
        assert!(exp_f64(f64::NAN).is_nan() && exp_f32(f32::NAN).is_nan() && silu(f32::NAN).is_nan());
        assert_eq!(sigmoid(f32::INFINITY), 1.0);
        assert!((0.0..1e-37).contains(&sigmoid(f32::NEG_INFINITY)));
        assert_eq!(silu(100.0), 100.0);
    }

    #[test]
    fn bits_are_pinned_for_ever() {
        // A change here changes the replay of every logged decision.
        let fnv = |bits: u64, hash: u64| (hash ^ bits).wrapping_mul(0x0100_0000_01b3);
        let (mut single, mut double, mut plus) = (0, 0, 0);
        for i in 0..100_000u32 {
            let x = -80.0 + f64::from(i) * 0.0016;
            single = fnv(u64::from(exp_f32(x as f32).to_bits()) ^ u64::from(silu(x as f32).to_bits()), single);
            single = fnv(u64::from(sigmoid(x as f32).to_bits()), single);
            double = fnv(exp_f64(-x.abs()).to_bits(), double);
            plus = fnv(u64::from(softplus(x as f32).to_bits()), plus);
        }
        assert_eq!((single, double), (0xbda5_eeb5_b963_1474, 0xe671_7389_b102_056a));
        assert_eq!(plus, 0x345a_4b2e_62cd_bc31);
    }
}
