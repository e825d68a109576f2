//! Writes the raw files of the programme `coffeehouse`, streaming, in bounded memory.
//!
//! - `members.csv`: `member_id` (text), `joined_at` (RFC 3339, UTC), `tier` (bronze, silver, gold, platinum),
//!   `age_band` (18-24, 25-34, 35-49, 50-64, 65+), `income_band` (low, middle, high; empty for some), `favourite`
//!   (coffee, tea, iced, pastry), `usual_daypart` (morning, evening; empty for some), `home_distance_km` (number),
//!   `app` (0, 1), `deal_seeker` and `game_player` (survey answers, 1 to 5; empty for some).
//! - `rewards.ndjson`: `action`, `kind`, `amount` (points for the kinds `points` and `streak_bonus`, else dollars),
//!   `threshold` (dollars or null), `pays_at` (viewed, completed, purchased or null), `valid_hours`, `slot` (morning,
//!   evening or null), `channels` (list of text).
//! - `decisions.csv.zst`: `decision_id`, `member_id`, `decided_at` (RFC 3339, UTC), `stage` (always `received`),
//!   `action`, `propensity`, `policy_version`.
//! - `events.parquet`: `member_id` (Utf8), `at` (Timestamp µs, UTC), `event` (Utf8: viewed, completed, purchase,
//!   redeem), `action` (Utf8?, the offer that was viewed or completed), `value` (Float64?, dollars of a purchase,
//!   points of a redemption).
//! - `truth.parquet`: `decision_id`, `member_id`, `q.<action>` (Float64, expected net value in dollars).
//! - `truth.json`: true values, averaged over the decisions.
//!
//! The funnel is received (the decision itself) → viewed (event `viewed`, names the action) → completed (event
//! `completed`, names the action) → purchased (event `purchase`, the member's). Windows of 168 hours tile exactly.
//!
//! `truth.parquet` and `truth.json` cover the mature decisions only: those whose window ends before the log does.

use super::World;
use super::partial::{Partial, parquet_writer, plain};
use super::summary::{Sums, Truth};
use super::write::{Chunk, chunk, events_schema, headers, rewards, truth_schema};
use guerdon_core::{Economics, Error, Progress, Result, Seed};
use parquet::arrow::ArrowWriter;
use rayon::prelude::*;
use serde::Serialize;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

/// Members per chunk; part of what the bytes depend on, unlike the number of threads.
pub(super) const CHUNK: u64 = 256;

/// Chunks played at once before they are written, in order. Bounds the memory: about 50 MB.
const CHUNKS_AT_ONCE: u64 = 16;

/// How the world is generated.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Prices that the truth is valued with, and that turn points into money.
    pub economics: Economics,
    /// Decisions per member, one a week; the last one is immature. 2 to 99.
    pub weeks: u32,
    /// Whether to write `truth.parquet` (it takes more room than everything else together).
    pub truth: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options { economics: World::default_economics(), weeks: 12, truth: true }
    }
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Generated {
    /// Rows of `members.csv`.
    pub members: u64,
    /// Rows of `decisions.csv.zst`.
    pub decisions: u64,
    /// Rows of `events.parquet`.
    pub events: u64,
    /// The true values, as in `truth.json`.
    pub truth: Truth,
}

/// Writes the raw files of a world with `members` members into the folder `out`, which is made if need be. The same
/// `members`, `seed` and `options` give the same bytes on any number of threads.
///
/// # Errors
/// [`Error::Config`] for no members or an impossible number of weeks; [`Error::Write`] where `out` can't be written.
/// Every file is written under another name and renamed when whole, so that none is ever half there.
pub fn generate(members: u64, seed: Seed, out: &Path, options: &Options, progress: &dyn Progress) -> Result<Generated> {
    if members == 0 {
        return Err(Error::config("coffeehouse", "members", members, "at least 1 would do"));
    }
    let world = World::new(seed, options.economics.clone(), options.weeks)?;
    std::fs::create_dir_all(out).map_err(|error| Error::write(out, error))?;
    let mut files = Files::create(out, &world, options.truth)?;
    let mut sums = Sums::default();
    let mut events = 0;
    progress.start("generate", Some(members));
    let chunks = members.div_ceil(CHUNK);
    for first in (0..chunks).step_by(CHUNKS_AT_ONCE as usize) {
        let batch: Vec<Chunk> = (first..chunks.min(first + CHUNKS_AT_ONCE))
            .into_par_iter()
            .map(|index| chunk(&world, index * CHUNK, members.min((index + 1) * CHUNK), options.truth))
            .collect::<Result<_>>()?;
        for chunk in batch {
            files.write(&chunk)?;
            sums.merge(&chunk.sums);
            events += chunk.events.num_rows() as u64;
        }
        progress.advance(members.min((first + CHUNKS_AT_ONCE) * CHUNK) - first * CHUNK);
    }
    let names: Vec<&str> = world.offers().iter().map(|offer| offer.action).collect();
    let truth = sums.truth(&names);
    files.finish(out, &rewards(&world), &truth)?;
    progress.finish();
    Ok(Generated { members, decisions: truth.decisions, events, truth })
}

/// The files while they are written.
struct Files {
    members: Partial<BufWriter<File>>,
    decisions: Partial<zstd::Encoder<'static, BufWriter<File>>>,
    events: Partial<ArrowWriter<BufWriter<File>>>,
    truth: Option<Partial<ArrowWriter<BufWriter<File>>>>,
}

impl Files {
    fn create(out: &Path, world: &World, truth: bool) -> Result<Files> {
        let (member_header, decision_header) = headers()?;
        let mut members = Partial::create(out.join("members.csv"), plain)?;
        members.writer.write_all(&member_header).map_err(|e| Error::write(&members.path, e))?;
        let mut decisions = Partial::create(out.join("decisions.csv.zst"), |file| zstd::Encoder::new(file, 3))?;
        decisions.writer.write_all(&decision_header).map_err(|e| Error::write(&decisions.path, e))?;
        let events = Partial::create(out.join("events.parquet"), |file| parquet_writer(file, events_schema()))?;
        let truth = truth
            .then(|| Partial::create(out.join("truth.parquet"), |file| parquet_writer(file, truth_schema(world))))
            .transpose()?;
        Ok(Files { members, decisions, events, truth })
    }

    fn write(&mut self, chunk: &Chunk) -> Result<()> {
        self.members.writer.write_all(&chunk.members).map_err(|e| Error::write(&self.members.path, e))?;
        self.decisions.writer.write_all(&chunk.decisions).map_err(|e| Error::write(&self.decisions.path, e))?;
        self.events.rows(&chunk.events)?;
        match (&mut self.truth, &chunk.truth) {
            (Some(file), Some(rows)) => file.rows(rows),
            _ => Ok(()),
        }
    }

    fn finish(self, out: &Path, rewards: &[u8], truth: &Truth) -> Result<()> {
        self.members.close(|mut file| file.flush())?;
        self.decisions.close(|encoder| encoder.finish()?.flush())?;
        self.events.close(|writer| writer.close())?;
        if let Some(file) = self.truth {
            file.close(|writer| writer.close())?;
        }
        let mut json = serde_json::to_string_pretty(truth).map_err(|e| Error::Internal(format!("truth.json: {e}")))?;
        json.push('\n');
        for (name, bytes) in [("rewards.ndjson", rewards), ("truth.json", json.as_bytes())] {
            let mut file = Partial::create(out.join(name), plain)?;
            file.writer.write_all(bytes).map_err(|e| Error::write(&file.path, e))?;
            file.close(|mut file| file.flush())?;
        }
        Ok(())
    }
}
