//! `chancery-server serve`.

use super::{CommandError, Place, by_command, output};
use crate::app::{App, SharedApp};
use crate::config::Config;
use crate::data_directory::DataDirectory;
use crate::http::entry::Entry;
use crate::http::listener;
use crate::routes;
use crate::trusted::Trusted;
use chancery_content::Content;
use chancery_identity::{Identity, IdentityError, Passwords, random_password};
use chancery_proto::clock::{SharedClock, SystemClock, Timestamp};
use chancery_proto::secret::Secret;
use chancery_store::users::NewUser;
use chancery_store::{Store, StoreError};
use clap::Args;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};
use tokio_rustls::TlsAcceptor;

const FIRST_ADMINISTRATOR: &str = "admin";
const FIRST_LIBRARY: &str = "ACTIVE";
/// Sets the first administrator's password, for automation.
const BOOTSTRAP_PASSWORD: &str = "CHANCERY_BOOTSTRAP_PASSWORD";

/// Uses of sessions are written down so often.
const WRITE_USES: Duration = Duration::from_secs(1);
/// Changes of other processes are looked for so often.
const FOLLOW_CHANGES: Duration = Duration::from_millis(500);
/// Changes are looked for so often while somebody listens.
const TELL_CHANGES: Duration = Duration::from_millis(250);
/// Changes are told for so long, in milliseconds.
const KEEP_EVENTS: i64 = 30 * 24 * 3_600 * 1_000;
/// Sessions that ran out leave the memory so often.
const FORGET_EXPIRED: Duration = Duration::from_secs(60);
/// Sign-ins that are long over leave the database so often, and bytes that were
/// purged the disk, where they could not at once.
const FORGET_OLD: Duration = Duration::from_secs(3600);

#[derive(Debug, Args)]
pub(super) struct Serve {
    #[command(flatten)]
    place: Place,
    /// Address and port to listen on [default: 127.0.0.1:8480]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Where health and metrics are when others can reach the main address
    #[arg(long, value_name = "ADDRESS")]
    admin_listen: Option<SocketAddr>,
    /// Write the log as JSON lines
    #[arg(long)]
    log_json: bool,
}

impl Serve {
    pub(super) async fn run(self) -> Result<(), CommandError> {
        start_log(self.log_json);
        let mut config = self.place.config()?;
        config.listen = self.listen.or(config.listen);
        config.admin_listen = self.admin_listen.or(config.admin_listen);
        config.check()?;
        let tls = match config.certificate()? {
            Some((cert, key)) => Some(acceptor(cert, key)?),
            None => None,
        };
        let trusted = match &config.kerberos {
            Some(kerberos) => Some(
                Trusted::begin(kerberos).map_err(|error| CommandError::Plain(error.to_string()))?,
            ),
            None => None,
        };
        let directory = DataDirectory::make(&self.place.path(&config)?)?;
        let keeping = config.sessions.keeping()?;
        let _held = directory.hold(config.sessions.are_shared())?;
        let (store, content) = (directory.store()?, directory.content()?);
        sweep(&store, &content)?;
        let clock = SystemClock::shared();
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let passwords = Passwords::start(cores).map_err(|error| {
            CommandError::system("The password threads cannot be started", error)
        })?;
        let first = bootstrap(&store, &passwords, &clock).await?;
        let identity =
            Identity::open(store.clone(), Arc::clone(&clock), passwords, keeping).await?;
        let app = Arc::new(App::new(store, content, identity, trusted, clock, &config));
        listen(&app, &config, tls, first).await
    }
}

fn start_log(json: bool) {
    let filter = tracing_subscriber::EnvFilter::try_from_env("CHANCERY_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    // A second log in one process is a test's; the first one stays.
    let _ = if json {
        builder.json().try_init()
    } else {
        builder.compact().try_init()
    };
}

fn acceptor(cert: &Path, key: &Path) -> Result<TlsAcceptor, CommandError> {
    let wrong = |path: &Path, reason: &dyn std::fmt::Display| {
        CommandError::Plain(format!(
            "{} cannot be used: {reason}. It has to be a PEM file.",
            path.display()
        ))
    };
    let chain: Result<Vec<CertificateDer<'static>>, _> = CertificateDer::pem_file_iter(cert)
        .map_err(|error| wrong(cert, &error))?
        .collect();
    let chain = chain.map_err(|error| wrong(cert, &error))?;
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| wrong(key, &error))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(cert, &error))?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(|error| wrong(cert, &error))?;
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(tls)))
}

fn sweep(store: &Store, content: &Content) -> Result<(), CommandError> {
    let swept = content.sweep(|library, hash| {
        store
            .content_is_needed(library, hash)
            .map_err(CommandError::from)
    })?;
    if swept.unfinished + swept.orphans + swept.settled > 0 {
        tracing::info!(
            unfinished = swept.unfinished,
            orphans = swept.orphans,
            settled = swept.settled,
            "cleared up after uploads that the last run did not finish"
        );
    }
    Ok(())
}

/// What was made for a new data directory.
struct First {
    /// None when the operator chose it.
    password: Option<Secret>,
}

/// The first administrator and the first library, in a directory that has none.
async fn bootstrap(
    store: &Store,
    passwords: &Passwords,
    clock: &SharedClock,
) -> Result<Option<First>, CommandError> {
    if store.libraries()?.is_empty() {
        let alias = FIRST_LIBRARY
            .parse()
            .map_err(|_| CommandError::Plain("The first library has no usable name.".to_owned()))?;
        let description = "The first library".to_owned();
        let now = clock.now();
        let entry = by_command(format!("library added: {FIRST_LIBRARY}"), now);
        match store.add_library(alias, description, now, entry).await {
            // Another server began at the same moment.
            Ok(_) | Err(StoreError::Conflict(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    if !store.users()?.is_empty() {
        return Ok(None);
    }
    let given = std::env::var(BOOTSTRAP_PASSWORD).ok().map(Secret::from);
    let (password, shown) = match given {
        Some(given) => (given, None),
        None => {
            let made = random_password()?;
            (made.clone(), Some(made))
        }
    };
    let hash = passwords
        .hash(password)
        .await
        .map_err(|error| match error {
            IdentityError::PasswordRule(rule) => {
                CommandError::Plain(format!("{BOOTSTRAP_PASSWORD} cannot be used. {rule}"))
            }
            other => other.into(),
        })?;
    let now = clock.now();
    let entry = by_command(format!("user added: {FIRST_ADMINISTRATOR}"), now);
    let new = NewUser {
        id: FIRST_ADMINISTRATOR.to_owned(),
        full_name: "First administrator".to_owned(),
        email: String::new(),
        password_hash: Some(hash),
        is_admin: true,
        is_external: false,
    };
    match store.add_user(new, now, entry).await {
        Ok(_) => Ok(Some(First { password: shown })),
        Err(StoreError::Conflict(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, CommandError> {
    TcpListener::bind(address).await.map_err(|error| {
        CommandError::system(
            format!("{address} cannot be listened on. Stop what uses it, or name another one with --listen"),
            error,
        )
    })
}

async fn listen(
    app: &SharedApp,
    config: &Config,
    tls: Option<TlsAcceptor>,
    first: Option<First>,
) -> Result<(), CommandError> {
    let socket = bind(config.listen()).await?;
    let address = socket.local_addr().unwrap_or(config.listen());
    let admin_socket = match config.admin_listen {
        Some(address) => Some(bind(address).await?),
        None => None,
    };
    let mut terminate = signal(SignalKind::terminate())
        .map_err(|error| CommandError::system("Signals cannot be listened to", error))?;
    let (stop, stopped) = watch::channel(false);
    let shared = Arc::clone(app);
    let router = if address.ip().is_loopback() && admin_socket.is_none() {
        routes::work_and_operation(shared)
    } else {
        routes::work(shared)
    };
    let entry = Entry::new(Arc::clone(app), router);
    let serving = tokio::spawn(listener::serve(socket, tls, entry, stopped.clone()));
    let admin = admin_socket.map(|socket| {
        let entry = Entry::new(Arc::clone(app), routes::operation(Arc::clone(app)));
        tokio::spawn(listener::serve(socket, None, entry, stopped.clone()))
    });
    let upkeep = tokio::spawn(keep_up(Arc::clone(app), stopped.clone()));
    let telling = tokio::spawn(tell_changes(Arc::clone(app), stopped.clone()));
    let clearing = tokio::spawn(clear_up(Arc::clone(app), stopped));
    if let Some(First {
        password: Some(password),
    }) = &first
    {
        output::line(&format!(
            "First administrator: {FIRST_ADMINISTRATOR}\nOne-time password:   {}\nChange it with “chancery-server user password {FIRST_ADMINISTRATOR}”. It is not shown again.",
            password.reveal()
        ));
    } else if first.is_some() {
        output::line(&format!(
            "First administrator: {FIRST_ADMINISTRATOR}, with the password from {BOOTSTRAP_PASSWORD}"
        ));
    }
    let scheme = if config.certificate()?.is_some() {
        "https"
    } else {
        "http"
    };
    output::line(&format!("Listening on {scheme}://{address}"));
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
    tracing::info!("stopping: requests under way get a moment to finish");
    let _ = stop.send(true);
    let others = [upkeep, telling, clearing].map(Some);
    for task in [Some(serving), admin].into_iter().chain(others).flatten() {
        if let Err(error) = task.await {
            tracing::error!(%error, "a part of the server failed");
        }
    }
    app.identity.close().await?;
    Ok(())
}

/// What has to be done again and again.
async fn keep_up(app: SharedApp, mut stop: watch::Receiver<bool>) {
    let every = |period| {
        let mut ticks = interval(period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks
    };
    let (mut write, mut follow) = (every(WRITE_USES), every(FOLLOW_CHANGES));
    let mut forget = every(FORGET_EXPIRED);
    loop {
        let outcome = tokio::select! {
            _ = stop.changed() => return,
            _ = write.tick() => app.identity.write_uses().await,
            _ = follow.tick() => app.identity.follow_changes().await,
            () = app.identity.hear() => app.identity.follow_changes().await,
            _ = forget.tick() => {
                app.identity.forget_expired();
                Ok(())
            }
        };
        if let Err(error) = outcome {
            tracing::error!(%error, "the upkeep of sessions failed; it is tried again");
        }
    }
}

/// Wakes whoever listens to what changes, and sends them away at the end.
async fn tell_changes(app: SharedApp, mut stop: watch::Receiver<bool>) {
    let mut ticks = interval(TELL_CHANGES);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = stop.changed() => break,
            _ = ticks.tick() => {}
        }
        if !app.feed.is_heard() {
            continue;
        }
        match app.read(chancery_store::Store::newest_event).await {
            Ok(newest) => app.feed.tell(newest),
            Err(error) => tracing::debug!(log = ?error.log, "changes could not be looked for"),
        }
    }
    app.feed.end();
}

/// What takes long where there is much of it, and holds nothing else up.
async fn clear_up(app: SharedApp, mut stop: watch::Receiver<bool>) {
    let mut ticks = interval(FORGET_OLD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let clear = async {
        loop {
            ticks.tick().await;
            app.discard_purged().await;
            if let Err(error) = app.store.forget_old_recent().await {
                tracing::error!(%error, "the lists of recent documents could not be shortened");
            }
            forget_old_events(&app).await;
            if let Err(error) = app.identity.forget_old().await {
                tracing::error!(%error, "sign-ins that are over are still in the database; it is tried again");
            }
        }
    };
    // Each step is whole by itself: it is left between two.
    tokio::select! {
        _ = stop.changed() => {}
        () = clear => {}
    }
}

async fn forget_old_events(app: &SharedApp) {
    let before = Timestamp(app.now().0 - KEEP_EVENTS);
    loop {
        match app.store.forget_old_events(before).await {
            Ok(true) => tokio::task::yield_now().await,
            Ok(false) => return,
            Err(error) => {
                tracing::error!(%error, "old changes are still in the database; it is tried again");
                return;
            }
        }
    }
}
