//! The server's door.

use crate::{CannotAccept, Refused};
use std::path::Path;

/// Accepts tickets for the services whose keys are in a keytab. Cheap to share;
/// keys that are put into the file later count at once.
pub struct Acceptor {
    #[cfg(target_os = "linux")]
    keys: crate::gss::Credential,
    services: Vec<String>,
}

/// Somebody whose ticket is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Whose: `ann@EXAMPLE.COM`. See [`crate::Realms::user`].
    pub principal: String,
    /// The service that the ticket is for, without its realm: `HTTP/host`.
    pub service: String,
    /// Proves the server to whoever signed in; to be sent with the answer.
    pub answer: Vec<u8>,
}

impl std::fmt::Debug for Acceptor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Acceptor")
            .field("services", &self.services)
            .finish_non_exhaustive()
    }
}

impl Acceptor {
    /// Takes the keys of that keytab. Accepted are tickets for `services`
    /// (`HTTP/host`, without a realm); where none are named, for every `HTTP/`
    /// service that the keytab has a key for, and never for another one.
    ///
    /// ```no_run
    /// use chancery_kerberos::{Acceptor, Realms};
    ///
    /// let acceptor = Acceptor::open("/etc/chancery/http.keytab".as_ref(), Vec::new())?;
    /// let realms = Realms::new(vec!["EXAMPLE.COM".to_owned()])?;
    /// # let token = Vec::new();
    /// let accepted = acceptor.accept(&token)?;
    /// println!("{} is {}", accepted.principal, realms.user(&accepted.principal)?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`CannotAccept`].
    pub fn open(keytab: &Path, services: Vec<String>) -> Result<Self, CannotAccept> {
        #[cfg(target_os = "linux")]
        {
            crate::gss::is_here().map_err(CannotAccept::NotInstalled)?;
            let wrong = |reason: String| CannotAccept::Keytab {
                keytab: keytab.display().to_string(),
                reason,
            };
            // The library says little of a file that is not there.
            std::fs::File::open(keytab).map_err(|error| wrong(error.to_string()))?;
            let keys =
                crate::gss::Credential::of_keytab(keytab).map_err(|status| wrong(status.words))?;
            Ok(Self { keys, services })
        }
        #[cfg(not(target_os = "linux"))]
        {
            let _ = (keytab, services);
            Err(CannotAccept::NotInstalled(
                "tickets are accepted on Linux only".to_owned(),
            ))
        }
    }

    /// Lets in whoever sent this token, or not. Blocks, mostly for less than a
    /// millisecond: on the disk, where it is remembered which tokens were used.
    ///
    /// # Errors
    /// [`Refused`]; the token is of no use then.
    pub fn accept(&self, token: &[u8]) -> Result<Accepted, Refused> {
        let (mechanism, message) = crate::first_message(token)?;
        #[cfg(target_os = "linux")]
        {
            let mut context = crate::gss::Context::none();
            let step = context
                .accept(&self.keys, message)
                .map_err(crate::status::Status::refused)?;
            if !step.is_done {
                return Err(Refused::NotFinished);
            }
            let (principal, service) = context.sides().map_err(crate::status::Status::refused)?;
            let service = service
                .rsplit_once('@')
                .map_or(service.as_str(), |(service, _)| service)
                .to_owned();
            let is_meant = if self.services.is_empty() {
                service.starts_with("HTTP/")
            } else {
                self.services.contains(&service)
            };
            if !is_meant {
                return Err(Refused::WrongService(format!("it is for {service}")));
            }
            Ok(Accepted {
                principal,
                service,
                answer: crate::token::answer(mechanism, &step.token),
            })
        }
        #[cfg(not(target_os = "linux"))]
        let _ = (mechanism, message);
        #[cfg(not(target_os = "linux"))]
        Err(Refused::Other(
            "tickets are accepted on Linux only".to_owned(),
        ))
    }
}
