//! Search spaces: which settings of a learner a sweep may draw, and how. The learner's own configuration says what is a
//! setting and what is in range.

use guerdon_core::{Error, Result, Seed};
use guerdon_learn::LearnerConfig;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What may be drawn, by setting. In a file:
///
/// ```toml
/// [learner.search]
/// weight_decay = { log_uniform = [0.05, 2.0] }
/// hidden = { choice = [[64], [128, 128]] }
/// "levels.most" = { int = [8, 64] }
/// ```
///
/// A dotted name in quotes reaches into a table.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SearchSpace(BTreeMap<String, Draw>);

/// How one setting is drawn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Draw {
    /// A number whose logarithm is uniform between those of the ends; 0 < low < high.
    LogUniform([f64; 2]),
    /// A number, uniform; low < high.
    Uniform([f64; 2]),
    /// A whole number, uniform, ends included; low < high.
    Int([i64; 2]),
    /// One of these values, each as likely; at least two, of whatever kind the setting is.
    Choice(Vec<Value>),
}

impl SearchSpace {
    /// Whether nothing is searched.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Builds the learner's configuration at the ends of every range and for every choice, so that the configuration
    /// itself says what it does not know or take.
    ///
    /// # Errors
    /// [`Error::Config`] naming `file`, `learner.<name>.search.<setting>`, what is given and what would do.
    pub fn check(&self, file: &str, name: &str, base: &LearnerConfig) -> Result<()> {
        for (setting, draw) in &self.0 {
            let key = format!("learner.{name}.search.{setting}");
            let given = serde_json::to_string(draw).unwrap_or_default();
            draw.check().map_err(|wanted| Error::config(file, &key, &given, wanted))?;
            for value in draw.ends() {
                let drawn = BTreeMap::from([(setting.clone(), value)]);
                configured(base, &drawn).map_err(|wanted| Error::config(file, &key, &given, wanted))?;
            }
        }
        Ok(())
    }

    /// Draw number `index` of `seed`. Each setting starts at a uniform number of its own and goes on in steps of √2, √3, √5,
    /// … (the primes) modulo 1: draws that are uniform one by one, and spread evenly together (Richtmyer 1951; shifted at
    /// random, Cranley & Patterson 1976).
    pub fn draw(&self, seed: Seed, index: u64) -> BTreeMap<String, Value> {
        let primes = (2u32..).filter(|n| (2..*n).take_while(|d| d * d <= *n).all(|d| n % d > 0));
        let at = |setting: &str, prime: u32| (seed.uniform(setting) + f64::from(prime).sqrt() * index as f64).fract();
        let places = self.0.iter().zip(primes);
        places.map(|((setting, draw), prime)| (setting.clone(), draw.at(at(setting, prime)))).collect()
    }
}

/// `base` with the settings in `drawn`; otherwise why that is no configuration.
pub fn configured(base: &LearnerConfig, drawn: &BTreeMap<String, Value>) -> Result<LearnerConfig, String> {
    let mut value = serde_json::to_value(base).map_err(|e| e.to_string())?;
    for (setting, drawn) in drawn {
        put(&mut value, setting, drawn.clone())?;
    }
    let config: LearnerConfig = serde_json::from_value(value).map_err(|e| e.to_string())?;
    match config.check("") {
        Ok(()) => Ok(config),
        Err(Error::Config { key, given, wanted, .. }) => Err(format!("{key} = {given} does not do: {wanted}")),
        Err(other) => Err(other.to_string()),
    }
}

/// Sets the value at the dotted `setting`; tables on the way are made where they are missing.
fn put(place: &mut Value, setting: &str, drawn: Value) -> Result<(), String> {
    if setting == "learner" {
        return Err("a search draws settings of one learner; give another learner its own [[learner]]".into());
    }
    let mut place = place;
    for part in setting.split('.') {
        // A setting that is left open (say, exploration by the learner's own rule) is made a table of.
        if place.is_null() {
            *place = Value::Object(Map::new());
        }
        let table = place.as_object_mut().ok_or_else(|| format!("{part:?} lies below a setting that is no table"))?;
        place = table.entry(part.to_owned()).or_insert_with(|| Value::Object(Map::new()));
    }
    *place = drawn;
    Ok(())
}

impl Draw {
    fn check(&self) -> Result<(), &'static str> {
        let good = |holds: bool, wanted: &'static str| if holds { Ok(()) } else { Err(wanted) };
        match self {
            Draw::LogUniform([low, high]) => {
                good(0.0 < *low && low < high && high.is_finite(), "give two finite numbers above 0, the smaller first")
            }
            Draw::Uniform([low, high]) => {
                good(low < high && low.is_finite() && high.is_finite(), "give two finite numbers, the smaller first")
            }
            Draw::Int([low, high]) => good(low < high, "give two whole numbers, the smaller first"),
            Draw::Choice(values) => good(values.len() >= 2, "give at least two values to choose from"),
        }
    }

    /// Every choice, or both ends.
    fn ends(&self) -> Vec<Value> {
        match self {
            Draw::LogUniform(ends) | Draw::Uniform(ends) => ends.iter().map(|end| Value::from(*end)).collect(),
            Draw::Int(ends) => ends.iter().map(|end| Value::from(*end)).collect(),
            Draw::Choice(values) => values.clone(),
        }
    }

    /// The value at `u` in [0, 1). Numbers are rounded to three digits, which files and tables then show in full.
    fn at(&self, u: f64) -> Value {
        match self {
            Draw::LogUniform([low, high]) => Value::from(rounded(low * (high / low).powf(u)).clamp(*low, *high)),
            Draw::Uniform([low, high]) => Value::from(rounded(low + (high - low) * u).clamp(*low, *high)),
            Draw::Int([low, high]) => {
                let count = *high as f64 - *low as f64 + 1.0;
                Value::from(low.saturating_add((u * count) as i64).min(*high))
            }
            Draw::Choice(values) => {
                let place = ((u * values.len() as f64) as usize).min(values.len().saturating_sub(1));
                values.get(place).cloned().unwrap_or(Value::Null)
            }
        }
    }
}

/// `x` to three significant digits: the decimal number, as it would be written.
fn rounded(x: f64) -> f64 {
    format!("{x:.2e}").parse().unwrap_or(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn space(text: &str) -> SearchSpace {
        toml::from_str(text).unwrap()
    }

    fn refusal(learner: &str, text: &str) -> String {
        let base = LearnerConfig::named(learner).unwrap();
        let error = space(text).check("x.toml", "mine", &base).unwrap_err();
        assert_eq!(error.exit_code(), 12);
        error.to_string()
    }

    #[test]
    fn draws_lie_in_their_ranges_and_fill_them() {
        let space = space(
            "weight_decay = { log_uniform = [0.01, 1.0] }\nepochs = { int = [3, 6] }\nwarm_up = { uniform = [0.1, 0.5] }\n\
             hidden = { choice = [[8], [16, 16]] }\n\"levels.most\" = { int = [2, 9] }",
        );
        let base = LearnerConfig::named("neural").unwrap();
        space.check("x.toml", "mine", &base).unwrap();
        let (mut low, mut epochs, mut wide) = (0, std::collections::BTreeSet::new(), 0);
        for index in 0..400 {
            let drawn = space.draw(Seed(3), index);
            let LearnerConfig::Neural(config) = configured(&base, &drawn).unwrap() else { panic!() };
            assert!((0.01..=1.0).contains(&config.weight_decay) && (0.1..=0.5).contains(&config.warm_up));
            assert!((2..=9).contains(&config.levels.most));
            low += u32::from(config.weight_decay < 0.1);
            wide += u32::from(config.hidden == [16, 16]);
            epochs.insert(config.epochs);
        }
        assert_eq!(epochs.into_iter().collect::<Vec<_>>(), [3, 4, 5, 6]);
        assert!((160..240).contains(&low) && (160..240).contains(&wide), "{low} {wide}");
    }

    #[test]
    fn a_few_draws_spread_over_spaces_of_any_size() {
        for settings in 1..=12 {
            let text: String = (0..settings).map(|i| format!("s{i:02} = {{ uniform = [0.0, 1.0] }}\n")).collect();
            let space = space(&text);
            for seed in (0..100).map(Seed) {
                let drawn: Vec<_> = (0..12).map(|index| space.draw(seed, index)).collect();
                for setting in drawn[0].keys() {
                    let low = drawn.iter().filter(|drawn| drawn[setting].as_f64() < Some(0.5)).count();
                    assert!((3..=9).contains(&low), "{settings} settings, {seed:?}, {setting}: {low} of 12");
                }
                assert_ne!(drawn[0], space.draw(Seed(seed.0 + 1000), 0));
            }
        }
    }

    #[test]
    fn a_part_of_a_setting_that_is_left_open_is_drawn_where_the_rest_is_given() {
        let open = LearnerConfig::named("bayes_linear").unwrap();
        let drawn = BTreeMap::from([("exploration.floor".to_owned(), Value::from(0.1))]);
        assert!(configured(&open, &drawn).unwrap_err().contains("kind"));
        let drawn = BTreeMap::from([
            ("exploration.kind".to_owned(), Value::from("vote")),
            ("exploration.floor".to_owned(), Value::from(0.1)),
        ]);
        assert!(configured(&open, &drawn).is_ok());
    }

    #[test]
    fn a_setting_that_the_learner_does_not_have_is_refused_with_those_that_it_has() {
        let text = refusal("neural", "epoch = { int = [1, 2] }");
        assert!(text.contains("learner.mine.search.epoch") && text.contains("`epochs`"), "{text}");
        let text = refusal("ridge", "\"levels.least\" = { int = [1, 2] }");
        assert!(text.contains("levels.least") && text.contains("most"), "{text}");
    }

    #[test]
    fn values_out_of_the_learners_range_are_refused_with_the_range() {
        let text = refusal("neural", "weight_decay = { log_uniform = [0.1, 90.0] }");
        assert!(text.contains("weight_decay = 90") && text.contains("from 0 to 10"), "{text}");
        let text = refusal("neural", "epochs = { uniform = [1.0, 2.5] }");
        assert!(text.contains("search.epochs") && text.contains("floating point"), "{text}");
        let text = refusal("neural", "hidden = { choice = [[8], []] }");
        assert!(text.contains("1 to 8 widths"), "{text}");
    }

    #[test]
    fn ranges_that_are_none_are_refused() {
        for (text, wanted) in [
            ("weight_decay = { log_uniform = [0.0, 1.0] }", "above 0"),
            ("weight_decay = { uniform = [1.0, 0.5] }", "the smaller first"),
            ("epochs = { int = [4, 4] }", "the smaller first"),
            ("epochs = { choice = [4] }", "at least two"),
        ] {
            let error = refusal("neural", text);
            assert!(error.contains(wanted), "{error}");
        }
        let error = toml::from_str::<SearchSpace>("epochs = { ints = [4, 5] }").unwrap_err().to_string();
        assert!(error.contains("log_uniform"), "{error}");
    }
}
