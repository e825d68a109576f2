//! Points in time: microseconds since 1970-01-01T00:00:00Z.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// A point in time, in microseconds since the Unix epoch (UTC).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

const MICROS_PER_HOUR: i64 = 3_600_000_000;

impl Timestamp {
    /// This time moved by `hours` (which may be a fraction or negative).
    pub fn plus_hours(self, hours: f64) -> Timestamp {
        Timestamp(self.0.saturating_add((hours * MICROS_PER_HOUR as f64).round() as i64))
    }

    /// Hours from `earlier` to this time.
    pub fn hours_since(self, earlier: Timestamp) -> f64 {
        (self.0.saturating_sub(earlier.0)) as f64 / MICROS_PER_HOUR as f64
    }

    /// Day of the week, 0 = Monday … 6 = Sunday (UTC).
    pub fn weekday(self) -> usize {
        // 1970-01-01 was a Thursday.
        (self.0.div_euclid(24 * MICROS_PER_HOUR) + 3).rem_euclid(7) as usize
    }

    /// Hour of the day, 0 to 23 (UTC).
    pub fn hour(self) -> usize {
        self.0.div_euclid(MICROS_PER_HOUR).rem_euclid(24) as usize
    }

    /// Reads RFC 3339, say `2026-03-01T09:30:00Z`.
    pub fn parse(text: &str) -> Result<Timestamp, String> {
        text.parse::<jiff::Timestamp>().map(|at| Timestamp(at.as_microsecond())).map_err(|e| e.to_string())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(at) => write!(f, "{at}"),
            Err(_) => write!(f, "{} µs", self.0),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Timestamp::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sunday_morning_is_known_as_one() {
        let at = Timestamp::parse("2026-11-22T09:30:00Z").unwrap();
        assert_eq!((at.weekday(), at.hour()), (6, 9));
        assert_eq!(at.to_string(), "2026-11-22T09:30:00Z");
        assert_eq!(at.plus_hours(1.5).hours_since(at), 1.5);
    }

    #[test]
    fn times_before_the_epoch_have_days_too() {
        let at = Timestamp::parse("1969-12-31T23:00:00Z").unwrap();
        assert_eq!((at.weekday(), at.hour()), (2, 23));
    }
}
