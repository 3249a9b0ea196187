//! What went wrong, by what can be done about it.

/// Why there is no token for a server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoTicket {
    /// The machine has no Kerberos.
    #[error("this machine has no Kerberos ({0})")]
    NotInstalled(String),
    /// The person has no ticket.
    #[error("there is no ticket on this machine")]
    NoCredentials,
    /// The person's ticket ran out.
    #[error("the ticket on this machine ran out")]
    Expired,
    /// The realm knows no such service.
    #[error("the realm knows no service {0}")]
    UnknownService(String),
    /// No key distribution centre answers: the network, mostly.
    #[error("no key distribution centre of the realm answers")]
    Unreachable,
    /// The clocks are too far apart.
    #[error("this machine's clock and the realm's are too far apart")]
    ClockSkew,
    /// The server could not prove who it is.
    #[error("the server did not prove who it is: {0}")]
    WrongServer(String),
    /// Anything else, in the library's words.
    #[error("{0}")]
    Other(String),
}

/// Why a token lets nobody in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is no first message of a sign-in.
    #[error("the token cannot be read: {0}")]
    Malformed(&'static str),
    /// NTLM, or anything else that is not Kerberos.
    #[error("the token is {0}, and only Kerberos is accepted")]
    NotKerberos(&'static str),
    /// It needs another message.
    #[error("the sign-in would take more than one message, which is not accepted")]
    NotFinished,
    /// The ticket ran out.
    #[error("the ticket ran out")]
    Expired,
    /// The clocks are too far apart.
    #[error("the clocks are too far apart")]
    ClockSkew,
    /// It was used before.
    #[error("the token was used before")]
    Replayed,
    /// The ticket is for another service, or for a key that is not in the keytab.
    #[error("the ticket is for another service, or the keytab lacks its key: {0}")]
    WrongService(String),
    /// It does not belong to one of the realms, or to no person.
    #[error("{0} is no person of a realm that is accepted")]
    NoPerson(String),
    /// Anything else, in the library's words.
    #[error("{0}")]
    Other(String),
}

/// Why tickets cannot be accepted at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CannotAccept {
    /// The machine has no Kerberos.
    #[error("this machine has no Kerberos ({0}). Install it (Debian: libgssapi-krb5-2)")]
    NotInstalled(String),
    /// The keytab cannot be used.
    #[error("the keytab {keytab} cannot be used: {reason}")]
    Keytab {
        /// Its path.
        keytab: String,
        /// In the library's words.
        reason: String,
    },
}
