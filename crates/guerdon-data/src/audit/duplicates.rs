//! Decision ids that stand twice, found in bounded memory.
//!
//! The first pass sets a bit per id and keeps the hashes of ids whose bit was already set; the second counts those. A log
//! too long for the bits is read again in parts by hash.

use super::words::count;
use crate::LogReader;
use crate::log::IngestSummary;
use guerdon_core::{Finding, Result, Seed, Severity};
use std::collections::BTreeMap;

/// Bits per row; with 16, one id in 32 becomes a suspect by chance.
const BITS_PER_ROW: u64 = 16;
/// Most bits that are held: 32 MiB.
const MOST_BITS: u64 = 1 << 28;

/// Suspects and how often each was seen.
#[derive(Debug)]
pub(super) struct Duplicates {
    bits: Vec<u64>,
    suspects: BTreeMap<u64, u32>,
    /// Ids are looked at in this many parts; the two passes see to the first.
    parts: u64,
    part: u64,
    twice: u64,
}

impl Duplicates {
    pub(super) fn new(rows: u64) -> Self {
        let bits = (rows * BITS_PER_ROW).clamp(64, MOST_BITS);
        Duplicates {
            bits: vec![0; bits.div_ceil(64) as usize],
            suspects: BTreeMap::new(),
            parts: (rows * BITS_PER_ROW).div_ceil(MOST_BITS).max(1),
            part: 0,
            twice: 0,
        }
    }

    /// The id's hash, if it belongs to the part being looked at. Two ids in 10⁹ share one with probability 3 %.
    fn hash(&self, id: &str) -> Option<u64> {
        let hash = Seed(0).named(id).0;
        (hash % self.parts == self.part).then_some(hash)
    }

    /// First pass.
    pub(super) fn see(&mut self, id: &str) {
        let Some(hash) = self.hash(id) else { return };
        let place = (hash / self.parts) % (self.bits.len() as u64 * 64);
        let (word, mask) = ((place / 64) as usize, 1u64 << (place % 64));
        if self.bits[word] & mask != 0 {
            self.suspects.insert(hash, 0);
        }
        self.bits[word] |= mask;
    }

    /// Second pass.
    pub(super) fn confirm(&mut self, id: &str) {
        if let Some(hash) = self.hash(id)
            && let Some(seen) = self.suspects.get_mut(&hash)
        {
            *seen += 1;
        }
    }

    /// Closes the part and reads the log again for the parts that are left.
    pub(super) fn finish(&mut self, reader: &LogReader) -> Result<()> {
        self.close();
        for part in 1..self.parts {
            self.part = part;
            for batch in reader.batches()? {
                let batch = batch?;
                (0..batch.len()).for_each(|i| self.see(batch.decision_id(i)));
            }
            for batch in reader.batches()? {
                let batch = batch?;
                (0..batch.len()).for_each(|i| self.confirm(batch.decision_id(i)));
            }
            self.close();
        }
        Ok(())
    }

    fn close(&mut self) {
        self.twice += self.suspects.values().map(|seen| u64::from(seen.saturating_sub(1))).sum::<u64>();
        self.suspects.clear();
        self.bits.fill(0);
    }

    pub(super) fn finding(&self, summary: &IngestSummary) -> Finding {
        if self.twice > 0 {
            let sentence = format!(
                "{} rows carry a decision id that stands before; each decision needs an id of its own, or rows stand twice.",
                count(self.twice)
            );
            return Finding::new("duplicates", Severity::Error, sentence).figure("decision_ids", self.twice as f64);
        }
        let dropped = summary.duplicates_dropped;
        let (severity, what) = match dropped {
            0 => (Severity::Ok, "no equal rows were found at ingest".to_owned()),
            n => (
                Severity::Info,
                format!(
                    "ingest dropped {} equal rows ({} events, {} decisions)",
                    count(n),
                    count(summary.duplicate_events),
                    count(summary.duplicate_decisions)
                ),
            ),
        };
        Finding::new("duplicates", severity, format!("No decision id stands twice; {what}."))
            .figure("dropped", dropped as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(ids: &[String], rows: u64) -> u64 {
        let mut duplicates = Duplicates::new(rows);
        ids.iter().for_each(|id| duplicates.see(id));
        ids.iter().for_each(|id| duplicates.confirm(id));
        duplicates.close();
        duplicates.twice
    }

    #[test]
    fn every_repeat_is_counted_and_nothing_else() {
        let mut ids: Vec<String> = (0..10_000).map(|i| format!("decision-{i}")).collect();
        assert_eq!(counted(&ids, 10_000), 0);
        ids.extend((0..7).map(|i| format!("decision-{}", i * 3)));
        ids.push("decision-0".into());
        assert_eq!(counted(&ids, 10_008), 8);
        // Even with hardly any bits, where nearly every id is a suspect.
        assert_eq!(counted(&ids, 4), 8);
    }
}
