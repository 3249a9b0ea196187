//! Connect, sign in, switch, disconnect, and the list.

use crate::administration;
use crate::agent::{Agent, SharedAgent};
use crate::begun::{self, BeginError};
use crate::core::policy::Keeping;
use crate::core::wording;
use crate::list::Entry;
use crate::prompting::{self, Attempt, Wish};
use crate::refusal::Refusal;
use crate::seat::{Methods, Seat};
use chancery_client::remote::{Address, Proved, Remote};
use chancery_proto::discovery::Discovery;
use chancery_proto::error::agent_codes;
use chancery_proto::label::shown;
use chancery_proto::level::{ApiLevel, Gate, capabilities_of, gate};
use chancery_proto::local::{
    BeginRequest, BegunSignIn, ConnectRequest, KeyringState, NeedsUserReason, ServerRequest,
    SignInRequest, SignInWay, Status,
};
use http::StatusCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// No server can so much that a name for it is longer, or that there are more.
const LONGEST_NAME: usize = 100;
const MOST_NAMES: usize = 200;

impl Entry {
    /// A server of our own make signs in by OAuth 2.
    pub(crate) fn is_chancery(&self) -> bool {
        self.product
            .as_deref()
            .is_some_and(|product| product.starts_with("Chancery"))
    }

    /// How people sign in there.
    /// How it would have people sign in who have to be asked, as far as it was
    /// seen.
    pub(crate) fn asks(&self) -> Option<SignInWay> {
        let offered = self.methods.as_deref()?;
        let place = |kind: &str| offered.iter().position(|offer| offer == kind);
        Some(match (place("browser"), place("password")) {
            (Some(page), Some(password)) if page < password => SignInWay::Browser,
            (Some(_), None) => SignInWay::Browser,
            _ => SignInWay::Password,
        })
    }

    pub(crate) fn methods(&self) -> Methods {
        let told = self.methods.as_deref().unwrap_or_default();
        Methods {
            by_oauth: self.is_chancery(),
            // The grant is of our own make.
            by_ticket: self.is_chancery() && told.iter().any(|kind| kind == "kerberos"),
        }
    }

    /// Takes over what the server tells about itself, as far as it can be shown.
    fn learn(&mut self, told: &Discovery) {
        if let Some(version) = shown(&told.dms_version) {
            self.version = Some(version);
        }
        if let Some(product) = &told.product {
            self.product = shown(&format!("{} {}", product.name, product.version));
        }
        let real = |names: &mut dyn Iterator<Item = &String>| {
            let real = names.filter(|name| name.len() <= LONGEST_NAME);
            real.take(MOST_NAMES).cloned().collect()
        };
        let announced = told.capabilities.as_ref();
        self.announced = announced.map(|all| real(&mut all.iter()));
        let methods = told.sign_in_methods.as_ref();
        self.methods = methods.map(|all| real(&mut all.iter().map(|one| &one.kind)));
    }

    /// Whether this version connects to a server of that level (P1).
    fn pass_gate(&self) -> Result<(), Refusal> {
        let Some(version) = self.version.as_deref() else {
            return Ok(());
        };
        match gate(version, self.announced.as_deref()) {
            Gate::Refused { version } => Err(Refusal::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                agent_codes::VERSION_REFUSED,
                format!(
                    "{} is version {version}, and this version connects to {} and later. Ask your administrator to bring the server up to date.",
                    self.name,
                    ApiLevel::OLDEST
                ),
            )),
            Gate::Full | Gate::Limited { .. } | Gate::Unreadable { .. } => Ok(()),
        }
    }
}

/// A web address that cannot be one.
fn bad_address(error: &chancery_client::remote::AddressError) -> Refusal {
    Refusal::new(
        StatusCode::BAD_REQUEST,
        agent_codes::BAD_ADDRESS,
        error.to_string(),
    )
}

/// Proves the server that is meant, and learns what it tells. It is in the list
/// only if it was before.
async fn reach(
    agent: &SharedAgent,
    called: Option<&str>,
    confirmed_host: Option<&str>,
) -> Result<(Entry, Arc<Seat>), Refusal> {
    let known = match called.map(str::trim) {
        None | Some("") => Some(
            agent
                .active()
                .or_else(|| only(agent))
                .ok_or_else(|| Refusal::no_server(agent.no_server()))?,
        ),
        Some(called) => agent.list().find(called).cloned(),
    };
    let address: Address = match (&known, called) {
        (Some(entry), _) => entry.address.parse().map_err(|error| bad_address(&error))?,
        (None, Some(typed)) => typed.parse().map_err(|error| bad_address(&error))?,
        (None, None) => return Err(Refusal::no_server(agent.no_server())),
    };
    agent.permit(&address.to_string())?;
    // Typed again in full, it is the same server.
    let known = known.or_else(|| agent.list().find(&address.to_string()).cloned());
    let remote = Remote::at(agent.http.clone(), address);
    let proved = prove(agent, known.as_ref(), &remote, confirmed_host).await?;
    let address = proved.server.address().clone();
    agent.permit(&address.to_string())?;
    // A redirect may have led to a server that is in the list already.
    let known = known
        .filter(|entry| entry.address == address.to_string())
        .or_else(|| agent.list().find(&address.to_string()).cloned());
    let (mut entry, seat) = place(agent, known, proved.server)?;
    if let Some(told) = &proved.discovery {
        entry.learn(told);
        entry.pass_gate()?;
        learn(&seat, &entry);
    }
    Ok((entry, seat))
}

/// Begins a sign-in in a browser, where the server offers it and it is wished
/// or preferred there.
pub(crate) async fn begin(
    agent: &SharedAgent,
    request: BeginRequest,
) -> Result<BegunSignIn, Refusal> {
    let (entry, seat) = reach(
        agent,
        request.address.as_deref(),
        request.confirmed_host.as_deref(),
    )
    .await?;
    let offered = entry.methods.as_deref().unwrap_or_default();
    let place = |kind: &str| offered.iter().position(|offer| offer == kind);
    let way = request.way.unwrap_or(match entry.asks() {
        Some(SignInWay::Browser) if request.no_browser => SignInWay::Device,
        Some(way) => way,
        None => SignInWay::Password,
    });
    if way != SignInWay::Password && (place("browser").is_none() || !entry.is_chancery()) {
        return Err(Refusal::bad_request(format!(
            "{} does not offer to sign in with the browser. Sign in with your password.",
            entry.name
        )));
    }
    let device = &agent.surroundings.device;
    match begun::begin(&agent.begun, &seat.remote, way, device).await {
        Ok(begun) => Ok(begun),
        Err(BeginError::Remote(error)) => Err(seat.failed(&error)),
        Err(BeginError::Here(error)) => Err(Refusal::internal(&error)),
        Err(BeginError::TooMany) => Err(Refusal::bad_request(
            "Too many sign-ins wait in the browser already. Finish or close those first.",
        )),
    }
}

/// Proves a server, signs in, makes it the active one. Until all of that has
/// worked nothing of the connection before it changes.
pub(crate) async fn connect(
    agent: &SharedAgent,
    request: ConnectRequest,
) -> Result<Status, Refusal> {
    if request.store_in_file {
        permit_file(agent)?;
    }
    let (mut entry, seat) = reach(
        agent,
        request.address.as_deref(),
        request.confirmed_host.as_deref(),
    )
    .await?;
    match request.begun {
        Some(number) => {
            let waiting = agent.begun.take(number, seat.remote.address());
            let waiting = waiting.ok_or_else(Refusal::sign_in_over)?;
            seat.sign_in_elsewhere(waiting, request.store_in_file)
                .await?;
        }
        None => enter(&seat, &request, &entry).await?,
    }
    complete(agent, &seat, &mut entry).await?;
    agent.put_seat(&entry.id, Arc::clone(&seat));
    agent.change_list(|list| {
        list.active = Some(entry.id.clone());
        list.wants_connection = true;
        list.put(entry.clone());
    })?;
    let by_person = request.password.is_some() || request.begun.is_some();
    if by_person {
        prompting::signed_in(agent, &entry.id);
    }
    agent.publish();
    Ok(warned(agent, agent.status(), by_person))
}

/// Whether the secret may be put into a file.
fn permit_file(agent: &Agent) -> Result<(), Refusal> {
    match agent.surroundings.vault.keeping() {
        Keeping::InKeyringOrFile => Ok(()),
        Keeping::InKeyring | Keeping::Nothing => Err(Refusal::policy(
            "Your administrator does not let a session be kept in a file. Connect without --store-in-file.",
        )),
        Keeping::NothingMore => Err(Refusal::policy(
            "The policy file cannot be used, so to be safe no session is kept in a file. Connect without --store-in-file, and tell your administrator.",
        )),
    }
}

/// After somebody typed a password, once as long as the agent runs: that they
/// will have to again. Where the policy is why, the state says so itself.
fn warned(agent: &Agent, mut status: Status, typed: bool) -> Status {
    let by_policy = matches!(
        agent.surroundings.vault.keeping(),
        Keeping::Nothing | Keeping::NothingMore
    );
    let is_lost = typed && !by_policy && status.keyring == KeyringState::Unavailable;
    if is_lost && !agent.warned_of_keyring.swap(true, Ordering::Relaxed) {
        status.warnings.push(wording::NO_KEYRING.to_owned());
    }
    status
}

fn only(agent: &Agent) -> Option<Entry> {
    match agent.list().servers.as_slice() {
        [one] => Some(one.clone()),
        _ => None,
    }
}

async fn prove(
    agent: &Agent,
    known: Option<&Entry>,
    remote: &Remote,
    confirmed: Option<&str>,
) -> Result<Proved, Refusal> {
    let outcome = remote.prove(confirmed).await;
    outcome.map_err(|error| match known.map(|entry| agent.seat(entry)) {
        Some(Ok(seat)) => seat.failed(&error),
        _ => Refusal::of_remote(&error, &remote.address().authority()),
    })
}

/// The entry and the seat of a server: those it has, or new ones that are not
/// in the list yet.
fn place(
    agent: &Agent,
    known: Option<Entry>,
    server: Remote,
) -> Result<(Entry, Arc<Seat>), Refusal> {
    if let Some(entry) = known {
        let seat = agent.seat(&entry)?;
        return Ok((entry, seat));
    }
    let authority = server.address().authority();
    let entry = Entry {
        id: agent.list().free_id(&authority),
        name: authority,
        address: server.address().to_string(),
        ..Entry::default()
    };
    let seat = Arc::new(agent.new_seat(server, &entry));
    Ok((entry, seat))
}

fn learn(seat: &Seat, entry: &Entry) {
    let level = entry.version.as_deref().and_then(ApiLevel::parse);
    seat.learn(
        capabilities_of(level, entry.announced.as_deref()),
        entry.methods(),
    );
}

/// A session: by the password that was given, else silently.
async fn enter(seat: &Arc<Seat>, request: &ConnectRequest, entry: &Entry) -> Result<(), Refusal> {
    if let Some(password) = &request.password {
        let Some(user) = request.user.as_deref().or(entry.user.as_deref()) else {
            return Err(Refusal::bad_request(
                "A password was given without a user. Say who signs in.",
            ));
        };
        return seat.sign_in(user, password, request.store_in_file).await;
    }
    // Another person than the one before cannot be signed in silently, and
    // whose ticket there is nobody knows beforehand.
    let last = entry.user.as_deref().unwrap_or_default();
    let wanted = request.user.as_deref();
    let other = wanted.is_some_and(|wanted| !wanted.eq_ignore_ascii_case(last));
    if other {
        return Err(Refusal::needs_user(
            NeedsUserReason::NeverSignedIn,
            &entry.name,
        ));
    }
    seat.come_back();
    seat.ensure(None).await?;
    if request.store_in_file {
        seat.keep_in_file().await;
    }
    Ok(())
}

/// What only somebody signed in is told: the version of a server that tells
/// nothing before, and who it is.
async fn complete(agent: &Agent, seat: &Arc<Seat>, entry: &mut Entry) -> Result<(), Refusal> {
    let held = seat.ensure(None).await?;
    if entry.version.is_none() {
        let told = seat.remote.discovery(&held.token).await;
        let told = told.map_err(|error| seat.failed(&error))?;
        entry.learn(&told);
        if let Err(refused) = entry.pass_gate() {
            seat.leave().await;
            return Err(refused);
        }
        learn(seat, entry);
    }
    let view = seat.view();
    if let Some(user) = view.user {
        entry.user = Some(user);
        entry.user_name = Some(view.name);
    }
    agent.publish();
    Ok(())
}

/// Signs in to the active server, to the one viewed, or to the one that the
/// prompt answered is about.
pub(crate) async fn sign_in(
    agent: &SharedAgent,
    viewed: Option<&str>,
    wish: Wish,
    request: SignInRequest,
) -> Result<Status, Refusal> {
    let attempt = answered(agent, &request)?;
    let viewed = attempt.as_ref().map(|a| a.server.as_str()).or(viewed);
    let mut entry = agent.meant(viewed)?;
    agent.permit(&entry.address)?;
    let seat = agent.seat(&entry)?;
    let user = request.user.as_deref().or(entry.user.as_deref());
    match (request.begun, &request.password, user) {
        (Some(number), _, _) => {
            let waiting = agent.begun.take(number, seat.remote.address());
            let waiting = waiting.ok_or_else(Refusal::sign_in_over)?;
            seat.sign_in_elsewhere(waiting, false).await?;
        }
        (None, Some(password), Some(user)) => seat.sign_in(user, password, false).await?,
        (None, Some(_), None) => {
            return Err(Refusal::bad_request(
                "A password was given without a user. Say who signs in.",
            ));
        }
        (None, None, _) => {
            seat.come_back();
            let wish = wish.for_sign_in(request.interaction, request.user.clone());
            prompting::session_for(agent, &entry, &seat, None, &wish).await?;
        }
    }
    complete(agent, &seat, &mut entry).await?;
    let is_active = agent.active().is_some_and(|active| active.id == entry.id);
    agent.change_list(|list| {
        list.put(entry.clone());
        if is_active {
            list.wants_connection = true;
        }
    })?;
    let by_person = request.password.is_some() || request.begun.is_some();
    if by_person {
        prompting::signed_in(agent, &entry.id);
    }
    agent.publish();
    let status = if is_active {
        agent.status()
    } else {
        agent.status_at(&entry, &seat)
    };
    Ok(warned(agent, status, by_person))
}

/// The prompt that a sign-in answers, if it answers one.
fn answered(agent: &SharedAgent, request: &SignInRequest) -> Result<Option<Attempt>, Refusal> {
    let is_answer = request.password.is_some() || request.begun.is_some();
    match (request.prompt, is_answer) {
        (None, _) => Ok(None),
        (Some(number), true) => prompting::attempt(agent, number).map(Some),
        (Some(_), false) => Err(Refusal::bad_request(
            "A prompt is answered with a password, or with a sign-in in the browser. Send one, or decline the prompt.",
        )),
    }
}

/// Ends the session, on the server too, and stays away until asked.
pub(crate) async fn disconnect(
    agent: &SharedAgent,
    viewed: Option<&str>,
) -> Result<Status, Refusal> {
    let entry = agent.meant(viewed)?;
    let seat = agent.seat(&entry)?;
    let is_active = agent.active().is_some_and(|active| active.id == entry.id);
    // Whoever wants to leave leaves, whatever a disk says.
    let written = if is_active {
        agent.change_list_at_once(|list| list.wants_connection = false)
    } else {
        Ok(())
    };
    prompting::disconnected(agent, &entry.id);
    administration::end_at(agent, &entry.id);
    agent.publish();
    seat.leave().await;
    agent.publish();
    let mut status = agent.status_for(viewed)?;
    if let Err(error) = written {
        tracing::error!(%error, "that nobody wants to be connected is not written down");
        status.warnings.push(wording::unwritten(&error));
    }
    Ok(status)
}

/// Adds a server to the list, renames or moves one, without connecting.
pub(crate) async fn add_server(agent: &SharedAgent, request: ServerRequest) -> Result<(), Refusal> {
    let name = request
        .name
        .as_deref()
        .map(str::trim)
        .filter(|name| !name.is_empty());
    if name.is_some_and(|name| name.chars().count() > 100 || name.chars().any(char::is_control)) {
        return Err(Refusal::bad_request(
            "A server's name has at most 100 characters and no control characters. Choose another one.",
        ));
    }
    let known = agent.list().find(request.address.trim()).cloned();
    let known = match known {
        Some(entry) => Some(entry),
        None => {
            let address: Address = request
                .address
                .parse()
                .map_err(|error| bad_address(&error))?;
            agent.list().find(&address.to_string()).cloned()
        }
    };
    let entry = match known {
        Some(entry)
            if entry.origin.is_provided() && name.is_some_and(|name| name != entry.name) =>
        {
            return Err(Refusal::policy(format!(
                "“{}” is named by your administrator's policy. It keeps that name.",
                entry.name
            )));
        }
        Some(entry) => entry,
        None => {
            let address: Address = request
                .address
                .parse()
                .map_err(|error| bad_address(&error))?;
            agent.permit(&address.to_string())?;
            let remote = Remote::at(agent.http.clone(), address);
            let proved = prove(agent, None, &remote, None).await?;
            agent.permit(&proved.server.address().to_string())?;
            let (mut entry, _) = place(agent, None, proved.server)?;
            if let Some(told) = &proved.discovery {
                entry.learn(told);
                entry.pass_gate()?;
            }
            entry
        }
    };
    let entry = Entry {
        name: name.map_or(entry.name.clone(), str::to_owned),
        ..entry
    };
    agent.change_list(|list| {
        let id = entry.id.clone();
        list.put(entry);
        if let Some(position) = request.position {
            list.shift(&id, position);
        }
    })?;
    agent.publish();
    Ok(())
}

/// Takes a server off the list and ends its session.
pub(crate) async fn remove_server(agent: &SharedAgent, called: &str) -> Result<(), Refusal> {
    let entry = agent.meant(Some(called))?;
    if entry.origin.is_provided() {
        return Err(Refusal::policy(format!(
            "“{}” is in everybody's list by your administrator's policy, so it stays there. To end your session there, disconnect from it.",
            entry.name
        )));
    }
    let seat = agent.seat(&entry)?;
    agent.change_list(|list| {
        list.servers.retain(|other| other.id != entry.id);
        if list.active.as_deref() == Some(&entry.id) {
            list.active = None;
        }
    })?;
    agent.take_seat(&entry.id);
    prompting::disconnected(agent, &entry.id);
    administration::end_at(agent, &entry.id);
    agent.publish();
    seat.leave().await;
    Ok(())
}
