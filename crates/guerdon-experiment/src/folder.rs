//! Where each file of a run lies, and how it is written: to a temporary name first, then renamed.

use guerdon_core::{Error, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};

/// A run's folder: `<out>/<experiment>/<run>`.
#[derive(Debug, Clone)]
pub struct RunFolder {
    root: PathBuf,
}

impl RunFolder {
    /// The folder at `root`, made if need be.
    pub fn create(root: PathBuf) -> Result<Self> {
        make(&root.join("policies"))?;
        Ok(RunFolder { root })
    }

    /// An existing run's folder.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is no finished run.
    pub fn open(root: &Path) -> Result<Self> {
        let folder = RunFolder { root: root.to_owned() };
        if !folder.manifest().is_file() {
            return Err(Error::not_found(root, "run folder", "there is no manifest.json in it, so no finished run"));
        }
        Ok(folder)
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What was run, on what, by what; written last, so that it marks a finished run.
    pub fn manifest(&self) -> PathBuf {
        self.root.join("manifest.json")
    }

    /// One line a training step.
    pub fn metrics(&self) -> PathBuf {
        self.root.join("metrics.jsonl")
    }

    /// The audit's findings.
    pub fn audit(&self) -> PathBuf {
        self.root.join("audit.json")
    }

    /// What each policy is worth.
    pub fn estimates(&self) -> PathBuf {
        self.root.join("estimates.json")
    }

    /// The roll-out.
    pub fn simulation(&self) -> PathBuf {
        self.root.join("simulation.json")
    }

    /// Value against budget.
    pub fn frontiers(&self) -> PathBuf {
        self.root.join("frontiers.json")
    }

    /// The page.
    pub fn report(&self) -> PathBuf {
        self.root.join("report.html")
    }

    /// The bundle of the policy called `name`.
    pub fn policy(&self, name: &str) -> PathBuf {
        self.root.join("policies").join(format!("{name}.safetensors"))
    }

    /// Where a learner keeps its state while it trains.
    pub fn checkpoint(&self, name: &str) -> PathBuf {
        self.root.join("policies").join(format!("{name}.unfinished"))
    }
}

/// Makes a folder and those above it.
pub fn make(path: &Path) -> Result<()> {
    std::fs::create_dir_all(path).map_err(|e| Error::write(path, e))
}

/// Writes `bytes` whole or not at all.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|e| Error::write(path, e))?;
    std::io::Write::write_all(&mut file, bytes).map_err(|e| Error::write(path, e))?;
    file.persist(path).map_err(|e| Error::write(path, e))?;
    Ok(())
}

/// Writes `value` as indented JSON, whole or not at all.
pub fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    let mut text = serde_json::to_string_pretty(value).map_err(|e| Error::Internal(e.to_string()))?;
    text.push('\n');
    write(path, text.as_bytes())
}

/// Reads JSON that a run wrote.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Malformed`].
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = std::fs::read_to_string(path).map_err(|e| Error::not_found(path, "file of a run", e))?;
    serde_json::from_str(&text).map_err(|e| Error::Malformed {
        file: path.display().to_string(),
        format: "JSON of a run",
        reason: e.to_string(),
    })
}
