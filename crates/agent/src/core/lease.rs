//! Who still works with a session: it is ended on the server when nobody does.

use std::sync::Arc;
use tokio::sync::watch;

/// What a session lends to its calls. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Lessor(Arc<watch::Sender<()>>);

/// What a call holds while it uses a session, to the last byte of its answer.
#[derive(Debug, Clone)]
pub(crate) struct Lease {
    _held: watch::Receiver<()>,
}

impl Lessor {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::channel(()).0))
    }

    pub(crate) fn lease(&self) -> Lease {
        Lease {
            _held: self.0.subscribe(),
        }
    }

    /// Resolves when every lease is back.
    pub(crate) async fn all_back(&self) {
        self.0.closed().await;
    }
}

#[cfg(test)]
mod tests {
    use super::Lessor;
    use futures_util::FutureExt as _;

    #[test]
    fn a_session_may_end_when_its_last_call_is_done() {
        let lessor = Lessor::new();
        assert!(lessor.all_back().now_or_never().is_some());
        let (one, other) = (lessor.lease(), lessor.lease());
        drop(one);
        assert!(lessor.all_back().now_or_never().is_none());
        drop(other);
        assert!(lessor.all_back().now_or_never().is_some());
    }
}
