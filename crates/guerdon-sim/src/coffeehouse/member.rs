//! Members: what drives them (latent) and what the programme sees of them (attributes).

use super::draw::{Draw, sigmoid};
use guerdon_core::{Seed, Timestamp};

/// What a member likes; each in [0, 1].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tastes {
    /// Price sensitivity: how far money off moves them.
    pub deals: f64,
    /// How far points, challenges and streaks move them.
    pub games: f64,
    /// How far treats, gifts and new drinks move them.
    pub treats: f64,
}

/// What drives a member; the programme never sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Latent {
    /// What the member likes.
    pub tastes: Tastes,
    /// Log-odds shift of viewing and, weaker, of completing.
    pub engagement: f64,
    /// Preference for the evening (> 0) or morning (< 0) slot, in log-odds of viewing.
    pub evening: f64,
    /// Purchases a week without offers.
    pub habit: f64,
    /// Mean basket in dollars.
    pub basket: f64,
    /// Probability that credited points are ever redeemed.
    pub redeems: f64,
}

/// What the programme sees.
#[derive(Debug, Clone, PartialEq)]
pub struct Attributes {
    /// bronze, silver, gold, platinum: by spend, with noise.
    pub tier: usize,
    /// Index into [`AGE_BANDS`].
    pub age_band: usize,
    /// Index into [`INCOME_BANDS`]; unknown for some.
    pub income_band: Option<usize>,
    /// Index into [`FAVOURITES`].
    pub favourite: usize,
    /// 0 morning, 1 evening; unknown for some.
    pub usual_daypart: Option<usize>,
    /// Kilometres from home to the shop.
    pub home_distance_km: f64,
    /// Whether the member has the app.
    pub app: bool,
    /// Survey answer, 1 to 5; unknown for some.
    pub deal_seeker: Option<u8>,
    /// Survey answer, 1 to 5; unknown for some.
    pub game_player: Option<u8>,
}

/// Names of the tiers.
pub const TIERS: [&str; 4] = ["bronze", "silver", "gold", "platinum"];
/// Names of the age bands.
pub const AGE_BANDS: [&str; 5] = ["18-24", "25-34", "35-49", "50-64", "65+"];
/// Names of the income bands.
pub const INCOME_BANDS: [&str; 3] = ["low", "middle", "high"];
/// Names of the favourites.
pub const FAVOURITES: [&str; 4] = ["coffee", "tea", "iced", "pastry"];
/// Names of the parts of the day.
pub const DAYPARTS: [&str; 2] = ["morning", "evening"];

/// One member.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// The id, `m0000042` say.
    pub id: String,
    /// When they joined: before the world's first event.
    pub joined_at: Timestamp,
    /// Hours after each week's start at which this member's decision falls; constant per member, in (0, 166).
    pub offset_hours: f64,
    /// What drives them.
    pub latent: Latent,
    /// What is seen of them.
    pub attributes: Attributes,
}

impl Member {
    /// The `index`-th member, all of whose events lie after `first_event`.
    pub fn draw(seed: Seed, index: u64, first_event: Timestamp) -> Member {
        let mut draw = Draw::new(seed.named("member").indexed(index));
        let (latent, attributes) = people(&mut draw);
        let days_before = 1.0 + (-(1.0 - draw.uniform()).ln() * 400.0).min(3_000.0);
        let offset_hours = (24 * draw.below(7) + 7 + draw.below(14)) as f64 + draw.below(60) as f64 / 60.0;
        let joined_at = Timestamp(first_event.plus_hours(-24.0 * days_before).0.div_euclid(1_000_000) * 1_000_000);
        Member { id: format!("m{index:07}"), joined_at, offset_hours, latent, attributes }
    }
}

/// Draws latents and the attributes that tell of them.
fn people(draw: &mut Draw) -> (Latent, Attributes) {
    let age_band = draw.weighted(&[0.18, 0.27, 0.27, 0.18, 0.10]);
    let income_band = draw.weighted(&[0.30, 0.45, 0.25]);
    let favourite = draw.weighted(&[0.40, 0.20, 0.22, 0.18]);
    let daypart = draw.below(2) as usize;
    let age = (age_band as f64 - 1.75) / 1.2;
    let app = draw.uniform() < sigmoid(0.9 - 0.6 * age);
    let deals = -0.9 * (income_band as f64 - 0.95) - 0.25 * age + 0.30 * draw.normal();
    let games = -0.9 * age + 0.30 * draw.normal();
    let treats = [-0.8, -0.3, 0.6, 1.6][favourite] + 0.25 * draw.normal();
    let log_km = 0.9 + 0.7 * draw.normal();
    let habit = 2.4 * (-0.30 * (log_km - 0.9) / 0.7 + 0.25 * draw.normal()).exp();
    let basket = 4.8 * (0.20 * draw.normal()).exp();
    let engagement = if app { 0.72 } else { -1.08 } + 0.35 * draw.normal();
    let tastes = Tastes { deals: taste(deals), games: taste(games), treats: taste(treats) };
    let latent = Latent {
        tastes,
        engagement,
        evening: [-1.0, 1.0][daypart] + 0.35 * draw.normal(),
        habit,
        basket,
        redeems: 0.35 + 0.5 * tastes.games,
    };
    let weekly = (habit * basket).ln() + 0.25 * draw.normal();
    let attributes = Attributes {
        tier: [1.8, 2.3, 2.8].iter().filter(|edge| weekly > **edge).count(),
        age_band,
        income_band: draw.known(0.94).then_some(income_band),
        favourite,
        usual_daypart: draw.known(0.95).then_some(daypart),
        home_distance_km: (log_km.exp() * 10.0).round() / 10.0,
        app,
        deal_seeker: survey(draw, deals),
        game_player: survey(draw, games),
    };
    (latent, attributes)
}

/// A normal score as a taste in [0, 1].
fn taste(score: f64) -> f64 {
    (0.5 + 0.3 * score).clamp(0.0, 1.0)
}

/// A survey answer that tells of `score`; 12 % don't answer.
fn survey(draw: &mut Draw, score: f64) -> Option<u8> {
    let answer = (3.0 + 1.3 * score + 0.35 * draw.normal()).round().clamp(1.0, 5.0) as u8;
    draw.known(0.88).then_some(answer)
}
