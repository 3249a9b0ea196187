//! The agent's door.

use crate::NoTicket;

/// Gets tokens with the ticket that the person has.
#[derive(Debug, Clone, Copy, Default)]
pub struct Initiator;

/// The person's ticket, as far as somebody may want to see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// Whose: `ann@EXAMPLE.COM`.
    pub principal: String,
    /// For how many seconds it still holds.
    pub seconds_left: u32,
}

/// A sign-in whose token was sent and whose answer is awaited.
pub struct Pending {
    #[cfg(any(target_os = "linux", windows))]
    inner: Inner,
    token: Vec<u8>,
}

#[cfg(any(target_os = "linux", windows))]
struct Inner {
    credential: crate::system::Credential,
    context: crate::system::Context,
    name: crate::system::Name,
}

impl std::fmt::Debug for Pending {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Pending")
    }
}

impl Initiator {
    /// The ticket that the person has now. Blocks on the disk at most.
    ///
    /// # Errors
    /// [`NoTicket`].
    pub fn ticket(self) -> Result<Ticket, NoTicket> {
        #[cfg(any(target_os = "linux", windows))]
        {
            crate::system::is_here().map_err(NoTicket::NotInstalled)?;
            let (principal, seconds_left) = crate::system::Credential::own()
                .and_then(|credential| credential.facts())
                .map_err(|status| status.no_ticket(""))?;
            if seconds_left == 0 {
                return Err(NoTicket::Expired);
            }
            Ok(Ticket {
                principal,
                seconds_left,
            })
        }
        #[cfg(not(any(target_os = "linux", windows)))]
        Err(NoTicket::NotInstalled(
            "tickets are not used on this system yet".to_owned(),
        ))
    }

    /// Begins a sign-in to the web service (`HTTP/host`) of that host. Blocks on
    /// the network, for as long as the machine's `krb5.conf` says: call it on a
    /// thread that may wait.
    ///
    /// ```no_run
    /// use chancery_kerberos::Initiator;
    ///
    /// let pending = Initiator.begin("docs.example.com")?;
    /// // Authorization: Negotiate BASE64(pending.token())
    /// # let answer = Vec::new();
    /// pending.finish(&answer)?;
    /// # Ok::<(), chancery_kerberos::NoTicket>(())
    /// ```
    ///
    /// # Errors
    /// [`NoTicket`].
    pub fn begin(self, host: &str) -> Result<Pending, NoTicket> {
        #[cfg(any(target_os = "linux", windows))]
        {
            crate::system::is_here().map_err(NoTicket::NotInstalled)?;
            let service = format!("HTTP/{host}");
            let begin = || {
                let credential = crate::system::Credential::own()?;
                let name = crate::system::Name::service("HTTP", host)?;
                let mut context = crate::system::Context::none();
                let step = context.initiate(&credential, &name, &[])?;
                let inner = Inner {
                    credential,
                    context,
                    name,
                };
                Ok(Pending {
                    inner,
                    token: crate::token::offer(&step.token),
                })
            };
            begin().map_err(|status: crate::system::Status| status.no_ticket(&service))
        }
        #[cfg(not(any(target_os = "linux", windows)))]
        {
            let _ = host;
            Err(NoTicket::NotInstalled(
                "tickets are not used on this system yet".to_owned(),
            ))
        }
    }
}

impl Pending {
    /// What the server is sent.
    #[must_use]
    pub fn token(&self) -> &[u8] {
        &self.token
    }

    /// Takes in what the server answered: it has to prove who it is.
    ///
    /// # Errors
    /// [`NoTicket::WrongServer`]; what the server gave is not to be used then.
    pub fn finish(self, answer: &[u8]) -> Result<(), NoTicket> {
        #[cfg(any(target_os = "linux", windows))]
        {
            let mut inner = self.inner;
            let answer = crate::token::answered(answer)
                .map_err(|why| NoTicket::WrongServer(why.to_owned()))?;
            let step = inner
                .context
                .initiate(&inner.credential, &inner.name, answer)
                .map_err(|status| NoTicket::WrongServer(status.words))?;
            if step.is_done {
                Ok(())
            } else {
                Err(NoTicket::WrongServer(
                    "its answer is not the last one".to_owned(),
                ))
            }
        }
        #[cfg(not(any(target_os = "linux", windows)))]
        {
            let _ = answer;
            Err(NoTicket::WrongServer("nothing was begun".to_owned()))
        }
    }
}
