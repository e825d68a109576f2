//! Where training runs: the processor (burn's flex) or a graphics card (wgpu).

use guerdon_core::{Error, Result};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Where training runs. Only the neural learner makes use of a GPU; the others run on the processor whatever is asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Device {
    /// The processor: burn's flex backend, one thread per model. Same seeds, same bytes.
    #[default]
    Cpu,
    /// A GPU through wgpu (any vendor), in builds with the cargo feature `gpu`. Same seeds, same results but for the
    /// last digits.
    Gpu,
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Device::Cpu => "cpu",
            Device::Gpu => "gpu",
        })
    }
}

impl FromStr for Device {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        match text {
            "cpu" => Ok(Device::Cpu),
            "gpu" => Ok(Device::Gpu),
            other => Err(Error::Device { given: other.into(), reason: "there are cpu and gpu".into() }),
        }
    }
}

impl Device {
    /// burn's name for it.
    ///
    /// # Errors
    /// [`Error::Device`] for a GPU in a build without the feature `gpu`, or where no adapter is found.
    pub fn open(self) -> Result<burn::tensor::Device> {
        match self {
            Device::Cpu => Ok(burn::tensor::Device::flex()),
            Device::Gpu => open_gpu(),
        }
    }
}

#[cfg(not(feature = "gpu"))]
fn open_gpu() -> Result<burn::tensor::Device> {
    Err(Error::Device {
        given: "gpu".into(),
        reason: "this build has no GPU support; build with `--features gpu`, or use --device cpu".into(),
    })
}

/// The first adapter that wgpu prefers. It can be opened once per process, so the answer is kept.
#[cfg(feature = "gpu")]
fn open_gpu() -> Result<burn::tensor::Device> {
    static OPENED: std::sync::OnceLock<std::result::Result<burn::tensor::Device, String>> = std::sync::OnceLock::new();
    let opened = OPENED.get_or_init(|| burn::tensor::Device::wgpu_options().init().map_err(|error| error.to_string()));
    opened.clone().map_err(|error| Error::Device {
        given: "gpu".into(),
        reason: format!(
            "no usable adapter ({error}); install a Vulkan, Metal or DirectX 12 driver, or use --device cpu"
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_that_this_build_lacks_is_refused_with_what_would_do() {
        let error = "tpu".parse::<Device>().unwrap_err();
        assert_eq!(error.to_string(), "device \"tpu\": there are cpu and gpu");
        if cfg!(not(feature = "gpu")) {
            let error = Device::Gpu.open().unwrap_err();
            assert!(error.to_string().contains("--features gpu"), "{error}");
            assert_eq!(error.exit_code(), 26);
        }
    }
}
