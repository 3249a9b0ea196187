//! Why a command of the project did not do what it should.

/// What went wrong, as a sentence; nothing where a program that we ran has
/// said it already.
#[derive(Debug)]
pub(crate) struct Failure(Option<String>);

impl Failure {
    /// A failure with a sentence for the person.
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self(Some(sentence.into()))
    }

    /// A program we ran failed and has said why.
    pub(crate) fn said() -> Self {
        Self(None)
    }

    pub(crate) fn sentence(&self) -> Option<&str> {
        self.0.as_deref()
    }
}
