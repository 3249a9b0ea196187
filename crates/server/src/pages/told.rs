//! Pages that only say something.

use super::Page;
use http::StatusCode;
use maud::html;

/// What is said.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) heading: String,
    pub(crate) sentence: String,
    pub(crate) status: StatusCode,
}

impl Told {
    pub(crate) fn new(heading: &str, sentence: impl Into<String>) -> Self {
        Self {
            heading: heading.to_owned(),
            sentence: sentence.into(),
            status: StatusCode::OK,
        }
    }

    pub(crate) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }
}

pub(crate) fn told(told: &Told) -> Page {
    let body = html! {
        h1 { (told.heading) }
        p { (told.sentence) }
    };
    Page::new(told.heading.clone(), body).with_status(told.status)
}
