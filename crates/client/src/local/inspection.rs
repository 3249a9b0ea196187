//! What a person looks at: who uses the connection, what holds, what is wrong.

use super::agent::{Agent, NOTHING, PATIENT_ANSWER, PROMPT_ANSWER, segment};
use super::error::LocalError;
use chancery_proto::local::{Examination, PolicyReport, Use, Uses};
use http::Method;

impl Agent {
    /// Who uses the connection, the newest first.
    ///
    /// # Errors
    /// As every call.
    pub async fn uses(&self) -> Result<Vec<Use>, LocalError> {
        let uses: Uses = self
            .ask(Method::GET, "/agent/v1/uses", NOTHING, PROMPT_ANSWER)
            .await?;
        Ok(uses.uses)
    }

    /// Closes the connections of a process and lets it open no more until the
    /// agent ends.
    ///
    /// # Errors
    /// [`LocalError::Refused`] for a use that is not there.
    pub async fn stop_use(&self, id: &str) -> Result<(), LocalError> {
        let path = format!("/agent/v1/uses/{}", segment(id));
        self.tell(Method::DELETE, &path, NOTHING, PROMPT_ANSWER)
            .await
    }

    /// What holds, and who said so.
    ///
    /// # Errors
    /// As every call.
    pub async fn policy(&self) -> Result<PolicyReport, LocalError> {
        self.ask(Method::GET, "/agent/v1/policy", NOTHING, PROMPT_ANSWER)
            .await
    }

    /// What the agent finds when it looks around; asks the server too, so that
    /// it may take a while.
    ///
    /// # Errors
    /// As every call.
    pub async fn examination(&self) -> Result<Examination, LocalError> {
        self.ask(Method::GET, "/agent/v1/doctor", NOTHING, PATIENT_ANSWER)
            .await
    }
}
