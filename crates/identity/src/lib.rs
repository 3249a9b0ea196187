#![doc = include_str!("../README.md")]

mod attempts;
mod counters;
mod error;
mod identity;
mod lifetimes;
mod listing;
mod passwords;
mod people;
mod persona;
mod renewing;
mod session;
mod sessions;
mod signing_in;
mod tokens;

pub use counters::SignInCount;
pub use error::IdentityError;
pub use identity::Identity;
pub use lifetimes::Kind;
pub use listing::{SessionInfo, Whose};
pub use passwords::{Passwords, check_new_password};
pub use persona::Persona;
pub use session::{Live, NoSession};
pub use signing_in::{Proof, SignIn, SignedIn};
pub use tokens::random_password;
