//! A hyper-parameter of an estimator, and sets of action factors.

use std::fmt;
use std::str::FromStr;

/// A hyper-parameter: a finite number, at least 0. Ordered, so that estimators can be map keys.
#[derive(Debug, Clone, Copy)]
pub struct Level(f64);

impl Level {
    /// `None` for a negative number or one that is not finite.
    pub fn new(level: f64) -> Option<Level> {
        // Adding zero turns −0 into 0, so that equal levels have equal bits.
        (level.is_finite() && level >= 0.0).then_some(Level(level + 0.0))
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl PartialEq for Level {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Level {}

impl PartialOrd for Level {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Level {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl std::hash::Hash for Level {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Parts of an action that MIPS keeps; actions that agree in all of them count as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Factors(u8);

impl Factors {
    /// The kind of reward.
    pub const KIND: Factors = Factors(1);
    /// The amount.
    pub const AMOUNT: Factors = Factors(2);
    /// The timing: the stage at which it pays, and how long it is valid.
    pub const TIMING: Factors = Factors(4);

    const NAMES: [(&'static str, Factors); 3] =
        [("kind", Factors::KIND), ("amount", Factors::AMOUNT), ("timing", Factors::TIMING)];

    /// How many sets there are, the empty one included.
    pub(crate) const SETS: usize = 8;

    /// The set's place among all sets.
    pub(crate) fn place(self) -> usize {
        usize::from(self.0)
    }

    /// Both sets together.
    pub fn and(self, other: Factors) -> Factors {
        Factors(self.0 | other.0)
    }

    /// Whether all of `other` are among these.
    pub fn contains(self, other: Factors) -> bool {
        self.0 & other.0 == other.0
    }
}

impl fmt::Display for Factors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> =
            Factors::NAMES.iter().filter(|(_, factor)| self.contains(*factor)).map(|(name, _)| *name).collect();
        f.write_str(&names.join("+"))
    }
}

impl FromStr for Factors {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        text.split('+').try_fold(Factors(0), |all, name| {
            let found = Factors::NAMES.iter().find(|(known, _)| *known == name.trim());
            found.map(|(_, factor)| all.and(*factor)).ok_or_else(|| {
                format!("{name:?} is no factor of an action; there are kind, amount and timing, joined by +")
            })
        })
    }
}
