//! An answer to a call: its head at once, its body as it comes.

use super::connection::BoxError;
use super::error::{LocalError, Refusal};
use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use hyper::body::{Body as _, Incoming};
use serde::de::DeserializeOwned;

/// Answers that are read whole are never larger than this: 64 MiB.
const LARGEST_WHOLE: usize = 64 * 1024 * 1024;

/// What came back on a call. The body is still on its way.
#[derive(Debug)]
pub struct Answer {
    response: Response<Incoming>,
}

impl Answer {
    pub(super) fn new(response: Response<Incoming>) -> Self {
        Self { response }
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// The headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// How many bytes the body has, where that was told.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.response.body().size_hint().exact()
    }

    /// The media type without its parameters, in lower case; empty when untold.
    #[must_use]
    pub fn media_type(&self) -> String {
        self.headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .and_then(|text| text.split(';').next())
            .map(|text| text.trim().to_ascii_lowercase())
            .unwrap_or_default()
    }

    /// The answer itself when it is a success.
    ///
    /// # Errors
    /// [`LocalError::Refused`] for every other status, with the body read.
    pub async fn success(self) -> Result<Self, LocalError> {
        if self.status().is_success() {
            return Ok(self);
        }
        let (status, headers) = (self.status(), self.headers().clone());
        let body = self.bytes().await?;
        Err(LocalError::Refused(Box::new(Refusal::read(
            status, &headers, &body,
        ))))
    }

    /// The next piece of the body, as it comes; `None` at its end.
    ///
    /// # Errors
    /// [`LocalError::Broken`] when the body ends before its announced length.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, LocalError> {
        loop {
            match self.response.body_mut().frame().await {
                None => return Ok(None),
                Some(Err(error)) => return Err(LocalError::broken(error)),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
            }
        }
    }

    /// The whole body, up to 64 MiB.
    ///
    /// # Errors
    /// [`LocalError::BadAnswer`] when it is larger, [`LocalError::Broken`]
    /// when it ends early.
    pub async fn bytes(self) -> Result<Bytes, LocalError> {
        match Limited::new(self.response.into_body(), LARGEST_WHOLE)
            .collect()
            .await
        {
            Ok(whole) => Ok(whole.to_bytes()),
            Err(error) => Err(whole_body_error(error)),
        }
    }

    /// The whole body as JSON.
    ///
    /// # Errors
    /// As [`Answer::bytes`], and [`LocalError::BadAnswer`] when it is not what was expected.
    pub async fn json<T: DeserializeOwned>(self) -> Result<T, LocalError> {
        let body = self.bytes().await?;
        serde_json::from_slice(&body).map_err(|error| LocalError::BadAnswer(error.to_string()))
    }
}

fn whole_body_error(error: BoxError) -> LocalError {
    match error.downcast::<hyper::Error>() {
        Ok(error) => LocalError::broken(*error),
        Err(_) => LocalError::BadAnswer("it is larger than 64 MiB".to_owned()),
    }
}
