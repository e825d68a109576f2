//! Reading an environment: `environment.toml`, `views.sql` and the overrides of the command line.

mod overrides;
mod validate;

pub use overrides::with_overrides;

use guerdon_core::{Environment, Error, Result};
use std::path::{Path, PathBuf};

/// An environment as read from its folder.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadedEnvironment {
    /// What `environment.toml` says, overrides included.
    pub spec: Environment,
    /// The text of `views.sql`.
    pub views_sql: String,
    /// The folder.
    pub dir: PathBuf,
}

/// Loads the environment in `dir`, with `sets` (dotted key, value as text) on top of its file.
///
/// A value is read as TOML (`168`, `true`, `"text"`, `[1, 2]`); what is no TOML value is taken as text.
///
/// # Errors
/// [`Error::NotFound`] if a file is missing; [`Error::Config`] naming the file (or `--set`), the key, what it says and
/// what would do.
pub fn load(dir: &Path, sets: &[(String, String)]) -> Result<LoadedEnvironment> {
    let toml_path = dir.join("environment.toml");
    let text = read(&toml_path)?;
    let views_sql = read(&dir.join("views.sql"))?;
    let file = toml_path.display().to_string();
    let spec = with_overrides(&text, &file, sets)?;
    validate::check(&spec, &file)?;
    Ok(LoadedEnvironment { spec, views_sql, dir: dir.to_owned() })
}

impl LoadedEnvironment {
    /// The file that messages about the environment name.
    pub(crate) fn toml_file(&self) -> String {
        self.dir.join("environment.toml").display().to_string()
    }

    /// The file that messages about the SQL name.
    pub(crate) fn sql_file(&self) -> String {
        self.dir.join("views.sql").display().to_string()
    }
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|e| Error::not_found(path, "file", e))
}
