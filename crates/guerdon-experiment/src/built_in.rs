//! The built-in programmes: environments whose raw files Guerdon makes itself.

use guerdon_core::{Environment, Error, Progress, Result, Seed};
use guerdon_sim::coffeehouse::{self, Generated, Options};
use std::path::Path;

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
    match environment.name.as_str() {
        "coffeehouse" => {
            let options = Options { economics: environment.economics.clone(), ..Options::default() };
            coffeehouse::generate(members, seed, out, &options, progress)
        }
        other => Err(Error::config(
            "environment.toml",
            "name",
            format!("{other:?}"),
            "only the built-in programme \"coffeehouse\" can be generated; others bring their data",
        )),
    }
}
