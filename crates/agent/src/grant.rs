//! What somebody who administers has been given, on one connection.

use crate::list::Entry;
use crate::seat::Seat;
use chancery_proto::secret::Secret;
use std::sync::Arc;
use std::time::Duration;

/// Whether a connection administers.
#[derive(Debug, Default)]
pub(crate) enum Administered {
    /// It never did.
    #[default]
    No,
    /// It does.
    As(Arc<Grant>),
    /// Its time ran out, or the server ended it.
    Over,
    /// The connection is closed.
    Gone,
}

/// What somebody who administers has been given.
#[derive(Debug)]
pub(crate) struct Grant {
    pub(crate) entry: Entry,
    pub(crate) seat: Arc<Seat>,
    pub(crate) token: Secret,
    /// By the clock of the surroundings.
    pub(crate) until: Duration,
}
