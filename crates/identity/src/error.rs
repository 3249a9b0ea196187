//! What can go wrong when somebody signs in, renews or ends a session.

use chancery_store::StoreError;

/// Why it was refused, by what the caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The user or the password is wrong, or the person may not sign in. Which
    /// of them is never told.
    #[error("User ID or Password is incorrect")]
    WrongPassword,
    /// A ticket proves who it is, and no user of that name may sign in.
    #[error(
        "Your ticket is good, but no user of that name may sign in here. Ask your administrator."
    )]
    NoUser,
    /// The person may sign in, but not as an administrator.
    #[error("You are not an administrator. Sign in without asking for administration.")]
    NotAdministrator,
    /// The refresh token is unknown, used up, or its sign-in is over.
    #[error("The session can no longer be renewed. Sign in again.")]
    CannotRenew,
    /// An authorization code cannot be used, and why.
    #[error("{0}")]
    CodeRefused(&'static str),
    /// Too many wrong passwords came, for that user or from there.
    #[error("Too many wrong passwords. Try again in {0} {unit}.", unit = if *.0 == 1 { "second" } else { "seconds" })]
    TooSoon(u32),
    /// Too many people are signing in at this moment.
    #[error("Too many people are signing in at this moment. Try again in {0} seconds.")]
    Busy(u32),
    /// A new password breaks the rules.
    #[error("{0}")]
    PasswordRule(&'static str),
    /// No session has that id, as far as the caller may know.
    #[error("There is no such session.")]
    NoSuchSession,
    /// Where sessions are kept cannot be reached.
    #[error(
        "Sessions cannot be checked or begun at this moment. You are not signed out. Try again in a moment."
    )]
    SessionsUnavailable,
    /// The database could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The machine gives no random numbers.
    #[error("the operating system gives no random numbers: {0}")]
    Random(getrandom::Error),
}

impl From<getrandom::Error> for IdentityError {
    fn from(error: getrandom::Error) -> Self {
        Self::Random(error)
    }
}
