//! `chancery-server api`: the description of the API.

use super::{CommandError, output};
use crate::routes::description;
use clap::Args;

#[derive(Debug, Args)]
pub(super) struct Api {
    /// As a page to read, and not as OpenAPI
    #[arg(long)]
    markdown: bool,
}

impl Api {
    pub(super) fn run(&self) -> Result<(), CommandError> {
        if self.markdown {
            output::line(description::page().trim_end());
            return Ok(());
        }
        let text = serde_json::to_string_pretty(&description::openapi())
            .map_err(|error| CommandError::Plain(error.to_string()))?;
        output::line(&text);
        Ok(())
    }
}
