//! Progress bars of transfers, on the standard error.

use crate::output::{Output, one_line};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// One transfer's bar; nothing is drawn where nobody would see it.
#[derive(Debug, Clone)]
pub(crate) struct Bar(ProgressBar);

impl Bar {
    /// A bar for `total` bytes, or a counter where the total is not known.
    pub(crate) fn new(output: Output, name: &str, total: Option<u64>) -> Self {
        let target = if output.shows_progress() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(total, target);
        let template = match total {
            Some(_) => {
                "{msg}  {wide_bar}  {decimal_bytes}/{decimal_total_bytes}  {decimal_bytes_per_sec}  {eta}"
            }
            None => "{msg}  {spinner}  {decimal_bytes}  {decimal_bytes_per_sec}",
        };
        let style = ProgressStyle::with_template(template)
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .progress_chars("=> ");
        bar.set_style(style);
        bar.set_message(one_line(name));
        Self(bar)
    }

    /// So many bytes more.
    pub(crate) fn add(&self, bytes: usize) {
        self.0.inc(bytes as u64);
    }

    /// So many bytes in all, when a transfer goes on or begins anew.
    pub(crate) fn set(&self, bytes: u64) {
        self.0.set_position(bytes);
    }

    /// Takes the bar off the screen.
    pub(crate) fn end(&self) {
        self.0.finish_and_clear();
    }
}
