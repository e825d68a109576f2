//! The built-in programmes: environments whose raw files Guerdon makes itself.

use guerdon_core::{Environment, Error, Progress, Result, Seed};
use guerdon_sim::coffeehouse::{self, Generated, Options, World};
use std::path::Path;

const COFFEEHOUSE: &str = "coffeehouse";

/// The world that [`generate`] plays for `environment` and `seed`, which knows every policy's true value; `None` for an
/// environment that is not built in.
///
/// # Errors
/// Whatever the world gives.
pub fn world(environment: &Environment, seed: Seed) -> Result<Option<World>> {
    let weeks = Options::default().weeks;
    (environment.name == COFFEEHOUSE).then(|| World::new(seed, environment.economics.clone(), weeks)).transpose()
}

/// Writes the raw files of the built-in programme that `environment` describes into `out`, priced as it says.
///
/// # Errors
/// [`Error::Config`] for an environment that is not built in; whatever the world gives.
pub fn generate(
    environment: &Environment,
    members: u64,
    seed: Seed,
    out: &Path,
    progress: &dyn Progress,
) -> Result<Generated> {
    coffeehouse::generate(members, seed, out, &options(environment)?, progress)
}

/// Writes the stream of the same programme, of which every action's outcome is drawn, to `path`; gives its number of rows.
///
/// # Errors
/// As [`generate`].
pub fn stream(
    environment: &Environment,
    members: u64,
    seed: Seed,
    path: &Path,
    progress: &dyn Progress,
) -> Result<u64> {
    coffeehouse::stream(members, seed, path, &options(environment)?, progress)
}

fn options(environment: &Environment) -> Result<Options> {
    match environment.name.as_str() {
        COFFEEHOUSE => Ok(Options { economics: environment.economics.clone(), ..Options::default() }),
        other => Err(Error::config(
            "environment.toml",
            "name",
            format!("{other:?}"),
            "only the built-in programme \"coffeehouse\" can be generated; others bring their data",
        )),
    }
}
