//! What the library's numbers mean: the routine errors of RFC 2744, section
//! 3.9.1, and MIT Kerberos' own (`krb5_err.et`), as far as something follows
//! from them.

use crate::{NoTicket, Refused};

/// What a call of the library answered, when it did not do it.
#[derive(Debug, Clone)]
pub(crate) struct Status {
    pub(crate) major: u32,
    pub(crate) minor: u32,
    /// In its own words.
    pub(crate) words: String,
}

const NO_CRED: u32 = 7;
const CREDENTIALS_EXPIRED: u32 = 11;
/// Supplementary bits.
const DUPLICATE_TOKEN: u32 = 1 << 1;
const OLD_TOKEN: u32 = 1 << 2;

/// Where MIT Kerberos' numbers begin.
const BASE: i32 = -1_765_328_384;
const SERVER_UNKNOWN: i32 = BASE + 7;
const TICKET_EXPIRED: i32 = BASE + 32;
const REPEATED: i32 = BASE + 34;
const NOT_US: i32 = BASE + 35;
const SKEW: i32 = BASE + 37;
const MODIFIED: i32 = BASE + 41;
const NO_CACHE: i32 = BASE + 141;
const WRONG_PRINCIPAL: i32 = BASE + 144;
const REALM_UNKNOWN: i32 = BASE + 154;
const KDC_UNREACHABLE: i32 = BASE + 156;
const NO_KEY: i32 = BASE + 181;
const NO_CACHE_FILE: i32 = BASE + 195;
const REALM_UNRESOLVED: i32 = BASE + 220;
const NO_KEY_VERSION: i32 = BASE + 230;

impl Status {
    fn routine(&self) -> u32 {
        (self.major >> 16) & 0xff
    }

    fn number(&self) -> i32 {
        self.minor.cast_signed()
    }

    /// As whoever wants a token hears it.
    pub(crate) fn no_ticket(self, service: &str) -> NoTicket {
        match (self.number(), self.routine()) {
            (TICKET_EXPIRED, _) | (_, CREDENTIALS_EXPIRED) => NoTicket::Expired,
            (SERVER_UNKNOWN, _) => NoTicket::UnknownService(service.to_owned()),
            (KDC_UNREACHABLE | REALM_UNKNOWN | REALM_UNRESOLVED, _) => NoTicket::Unreachable,
            (SKEW, _) => NoTicket::ClockSkew,
            (NO_CACHE | NO_CACHE_FILE, _) | (_, NO_CRED) => NoTicket::NoCredentials,
            _ => NoTicket::Other(self.words),
        }
    }

    /// As whoever sent a token is refused.
    pub(crate) fn refused(self) -> Refused {
        if self.major & (DUPLICATE_TOKEN | OLD_TOKEN) != 0 {
            return Refused::Replayed;
        }
        match (self.number(), self.routine()) {
            (REPEATED, _) => Refused::Replayed,
            (TICKET_EXPIRED, _) | (_, CREDENTIALS_EXPIRED) => Refused::Expired,
            (SKEW, _) => Refused::ClockSkew,
            (NOT_US | MODIFIED | WRONG_PRINCIPAL | NO_KEY | NO_KEY_VERSION, _) => {
                Refused::WrongService(self.words)
            }
            _ => Refused::Other(self.words),
        }
    }
}
