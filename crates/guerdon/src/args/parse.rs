//! Values of flags, from text.

use std::path::PathBuf;

pub fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("give a whole number of at least 1".into()),
        Ok(n) => Ok(n),
    }
}

pub fn at_least_two(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0 | 1) | Err(_) => Err("give a whole number of at least 2".into()),
        Ok(n) => Ok(n),
    }
}

pub fn confidence(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(level) if level > 0.0 && level < 1.0 => Ok(level),
        _ => Err("give a coverage in (0, 1), say 0.95".into()),
    }
}

pub fn reward_range(text: &str) -> Result<(f64, f64), String> {
    let ends = text.split_once(',').map(|(low, high)| (low.trim().parse::<f64>(), high.trim().parse::<f64>()));
    match ends {
        Some((Ok(low), Ok(high))) if low < high && low.is_finite() && high.is_finite() => Ok((low, high)),
        _ => Err("give two numbers, the smaller first, say 0,1".into()),
    }
}

pub fn share(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(share) if share > 0.0 && share <= 1.0 => Ok(share),
        _ => Err("give a share in (0, 1], say 0.7".into()),
    }
}

pub fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.trim().to_owned())),
        _ => Err("write path.to.key=value".into()),
    }
}

pub fn name_file(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, file)) if !name.trim().is_empty() && !file.is_empty() => Ok((name.trim().to_owned(), file.into())),
        _ => Err("write name=decisions.parquet".into()),
    }
}
