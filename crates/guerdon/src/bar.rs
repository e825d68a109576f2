//! Progress on stderr: a bar on a terminal, nothing elsewhere.

use guerdon_core::Progress;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::Duration;

/// Draws one bar at a time.
pub struct Bar {
    shown: bool,
    current: Mutex<Option<ProgressBar>>,
}

impl Bar {
    /// Draws on a terminal unless `quiet`.
    pub fn new(quiet: bool) -> Self {
        Bar { shown: !quiet && std::io::stderr().is_terminal(), current: Mutex::new(None) }
    }

    fn with(&self, act: impl FnOnce(&mut Option<ProgressBar>)) {
        if self.shown
            && let Ok(mut current) = self.current.lock()
        {
            act(&mut current);
        }
    }
}

impl Progress for Bar {
    fn start(&self, step: &str, total: Option<u64>) {
        self.with(|current| {
            if let Some(old) = current.take() {
                old.finish_and_clear();
            }
            let (bar, template) = match total {
                Some(total) => (ProgressBar::new(total), "{msg:<28} {wide_bar} {human_pos}/{human_len} {eta} {prefix}"),
                None => (ProgressBar::new_spinner(), "{msg:<28} {spinner} {human_pos} {elapsed} {prefix}"),
            };
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar.set_message(step.to_owned());
            bar.enable_steady_tick(Duration::from_millis(200));
            *current = Some(bar);
        });
    }

    fn advance(&self, units: u64) {
        self.with(|current| {
            if let Some(bar) = current {
                bar.inc(units);
            }
        });
    }

    fn note(&self, text: &str) {
        self.with(|current| {
            if let Some(bar) = current {
                bar.set_prefix(text.to_owned());
            }
        });
    }

    fn finish(&self) {
        self.with(|current| {
            if let Some(bar) = current.take() {
                bar.finish_and_clear();
            }
        });
    }
}
