#![doc = include_str!("../README.md")]

mod attempts;
mod clients;
mod codes;
mod counters;
mod device_codes;
mod error;
mod facts;
mod identity;
mod lifetimes;
mod listing;
mod memory;
mod passwords;
mod people;
mod persona;
mod proof_key;
mod redirects;
mod renewing;
mod session;
mod shared;
mod signing_in;
mod tokens;

pub use clients::{Client, ClientChange, NewClient, Way, changed, register};
pub use codes::{Authorization, CODE_LIFE, Redeeming};
pub use counters::SignInCount;
pub use device_codes::{DEVICE_CODE_LIFE, DeviceCode, DeviceRequest, DeviceSignIn, PACE};
pub use error::IdentityError;
pub use identity::{Identity, Keeping, StoreState};
pub use lifetimes::Kind;
pub use listing::{SessionInfo, Whose};
pub use passwords::{Passwords, check_new_password};
pub use persona::Persona;
pub use proof_key::Challenge;
pub use redirects::redirect_mistake;
pub use session::{Live, NoSession};
pub use shared::{
    RedisAddress, RedisFacts, RedisLogin, RedisSentinels, RedisSettings, RedisTls, RedisTrouble,
    look_at_redis,
};
pub use signing_in::{Proof, SignIn, SignedIn};
pub use tokens::random_password;
