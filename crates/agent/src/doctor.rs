//! What the agent finds when it looks around, each in a sentence for a person.
//!
//! Everything is looked at side by side, with a deadline each, by connections
//! of its own and without the session: a look extends nothing. What it shows of
//! the way to the server counts like a probe. No finding holds a secret.

mod sentences;

use crate::agent::SharedAgent;
use crate::list::Entry;
use crate::refusal::Refusal;
use crate::vault::Look;
use chancery_client::local::empty_body;
use chancery_client::remote::{
    Address, AddressError, Certificate, HttpClient, Proved, Remote, RemoteError, RemoteErrorKind,
    told_time,
};
use chancery_proto::clock::Timestamp;
use chancery_proto::level::gate;
use chancery_proto::local::{Examination, Finding, FindingOutcome, KeyringState};
use http::Request;
use std::time::Duration;

/// Each look is over after so long.
const PATIENCE: Duration = Duration::from_secs(5);

/// One answer of a server.
#[derive(Debug, Clone, Copy)]
struct Glance {
    /// How long it took, with the connection.
    took: Duration,
    /// The server's time less ours, in milliseconds, if it tells its time.
    ahead: Option<i64>,
}

/// What was seen of a server.
#[derive(Debug)]
struct Seen {
    address: Address,
    glance: Result<Glance, RemoteError>,
    certificate: Result<Option<Certificate>, RemoteError>,
    proved: Result<Proved, RemoteError>,
    proxy: Option<String>,
}

/// Looks around, at the server that is viewed or else the active one.
pub(crate) async fn examine(
    agent: &SharedAgent,
    viewed: Option<&str>,
) -> Result<Examination, Refusal> {
    let entry = match viewed {
        Some(viewed) => Some(agent.meant(Some(viewed))?),
        None => agent.active(),
    };
    let clock = &agent.surroundings.clock;
    let running = clock.monotonic().saturating_sub(agent.began);
    let mut findings = vec![sentences::agent(running, agent.entries().len())];
    let (seen, kept) = tokio::join!(seen(agent, entry.as_ref()), kept(agent, entry.as_ref()));
    let seen = seen.map_err(|error| Refusal::internal(&error))?;
    if let (Some(entry), Some(seen)) = (&entry, &seen) {
        learn(agent, entry, &seen.glance);
    }
    findings.push(sentences::connection(&agent.status_for(viewed)?));
    findings.push(sentences::server(seen.as_ref()));
    findings.push(sentences::tls(seen.as_ref(), clock.now()));
    findings.push(sentences::clock(seen.as_ref()));
    let way = agent.settings.settings().leads();
    findings.push(sentences::proxy(seen.as_ref(), &way));
    findings.push(sentences::keyring(
        kept.as_ref().map(|look| look.state),
        agent.surroundings.vault.is_in_file(),
        entry.as_ref().map(|entry| entry.name.as_str()),
    ));
    findings.push(version(entry.as_ref(), seen.as_ref()));
    findings.push(sentences::sign_in(seen.as_ref()));
    if entry
        .as_ref()
        .is_some_and(|entry| entry.methods().by_ticket)
    {
        let ticket = agent.surroundings.tickets.shown().await;
        findings.push(sentences::ticket(&ticket));
    }
    findings.push(sentences::policy(&agent.settings.report()));
    Ok(Examination { findings })
}

async fn seen(agent: &SharedAgent, entry: Option<&Entry>) -> Result<Option<Seen>, AddressError> {
    let Some(entry) = entry else {
        return Ok(None);
    };
    let address: Address = entry.address.parse()?;
    // Nothing that was learnt before counts: neither trust nor proxies.
    let http = HttpClient::new();
    http.set_proxy_rule(agent.settings.settings().leads());
    let remote = Remote::at(http, address.clone());
    let (glance, certificate, proved, proxy) = tokio::join!(
        in_time(glance(agent, &remote)),
        in_time(remote.certificate()),
        in_time(remote.prove(None)),
        in_time(async { Ok(remote.proxy().await) }),
    );
    Ok(Some(Seen {
        address,
        glance,
        certificate,
        proved,
        proxy: proxy.ok().flatten(),
    }))
}

/// A server that only takes its time is not away.
fn learn(agent: &SharedAgent, entry: &Entry, glance: &Result<Glance, RemoteError>) {
    let Ok(seat) = agent.seat(entry) else {
        return;
    };
    match glance {
        Ok(_) => seat.reached(),
        Err(error) if *error == RemoteError::late(PATIENCE) => {}
        Err(error) if error.kind == RemoteErrorKind::Unreachable => seat.unreachable(),
        Err(_) => {}
    }
    agent.publish();
}

async fn in_time<T>(look: impl Future<Output = Result<T, RemoteError>>) -> Result<T, RemoteError> {
    tokio::time::timeout(PATIENCE, look)
        .await
        .unwrap_or_else(|_| Err(RemoteError::late(PATIENCE)))
}

/// Any answer will do: what it is shows in [`Remote::prove`].
async fn glance(agent: &SharedAgent, remote: &Remote) -> Result<Glance, RemoteError> {
    let clock = &agent.surroundings.clock;
    let mut request = Request::new(empty_body());
    *request.uri_mut() = http::Uri::from_static("/api");
    let (began, before) = (clock.monotonic(), clock.now());
    let answer = remote.send(request).await?;
    let took = clock.monotonic().saturating_sub(began);
    let told = told_time(answer.headers());
    Ok(Glance {
        took,
        ahead: told.map(|told| ahead(told, before, took)),
    })
}

/// How far the server's clock is ahead of ours, zero where they may agree: it
/// tells whole seconds, of some moment between question and answer.
fn ahead(told: Timestamp, before: Timestamp, took: Duration) -> i64 {
    let took = i64::try_from(took.as_millis()).unwrap_or(i64::MAX);
    let least = told.0.saturating_sub(before.0.saturating_add(took));
    let most = told.0.saturating_add(999).saturating_sub(before.0);
    if least > 0 { least } else { most.min(0) }
}

/// What the keyring has for the server, or whether it answers at all.
async fn kept(agent: &SharedAgent, entry: Option<&Entry>) -> Option<Look> {
    let address = entry.map(|entry| entry.address.as_str());
    let user = entry.and_then(|entry| entry.user.as_deref());
    let look = agent
        .surroundings
        .vault
        .look(address.unwrap_or_default(), user.unwrap_or_default());
    tokio::time::timeout(PATIENCE, look).await.ok()
}

fn version(entry: Option<&Entry>, seen: Option<&Seen>) -> Finding {
    let Some(entry) = entry else {
        return sentences::version(None, None);
    };
    let told = seen
        .and_then(|seen| seen.proved.as_ref().ok())
        .and_then(|proved| proved.discovery.as_ref())
        .filter(|told| !told.dms_version.is_empty());
    let (version, announced) = match told {
        Some(told) => (Some(&told.dms_version), told.capabilities.as_deref()),
        // As it was when somebody was signed in.
        None => (entry.version.as_ref(), entry.announced.as_deref()),
    };
    let level = version.map(|version| (version.as_str(), gate(version, announced)));
    sentences::version(Some(entry), level)
}

fn finding(check: &str, outcome: FindingOutcome, sentence: impl Into<String>) -> Finding {
    Finding {
        check: check.to_owned(),
        outcome,
        sentence: sentence.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::ahead;
    use chancery_proto::clock::Timestamp;
    use std::time::Duration;

    #[test]
    fn clocks_that_may_agree_are_not_told_apart() {
        let took = Duration::from_millis(300);
        for (told, before, found) in [
            // The server told 10 s: it was anything up to 10.999 there.
            (10_000, 10_500, 0),
            (10_000, 9_800, 0),
            (10_000, 9_600, 100),
            (10_000, 11_100, -101),
            (10_000, 71_000, -60_001),
            (100_000, 10_000, 89_700),
        ] {
            let ahead = ahead(Timestamp(told), Timestamp(before), took);
            assert_eq!(ahead, found, "{told} {before}");
        }
    }
}
