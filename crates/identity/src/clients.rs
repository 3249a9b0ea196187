//! The applications that may sign people in: OAuth 2 clients (RFC 6749,
//! section 2), built in and registered.

use crate::identity::Identity;
use crate::lifetimes::Kind;
use crate::redirects;
use crate::{IdentityError, tokens};
use chancery_proto::secret::Secret;
use chancery_store::StoreError;
use chancery_store::applications::ApplicationSettings;
use chancery_store::audit::AuditEntry;
use chancery_store::clients::ClientRow;
use chancery_store::grants::TokenHash;
use std::sync::{Arc, PoisonError, RwLock};

/// How an application may sign somebody in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The person signs in at this server's page, and the browser brings the
    /// application a code (RFC 6749, section 4.1).
    Code,
    /// The person types a code at this server's page on another device (RFC 8628).
    Device,
    /// The application takes the password itself (RFC 6749, section 4.3).
    Password,
    /// The application has a Kerberos ticket of the person.
    Ticket,
}

impl Way {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Code, Self::Device, Self::Password, Self::Ticket];

    /// The word that is kept and typed.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Device => "device",
            Self::Password => "password",
            Self::Ticket => "ticket",
        }
    }

    /// The way of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.as_str() == name)
    }
}

/// How an application proves that it is itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proving {
    /// Not at all: it runs where it can keep no secret.
    Public,
    /// With a secret that everybody knows, as the API has it for browsers.
    Known(&'static str),
    /// With the secret it got when it was registered.
    Secret(TokenHash),
}

/// An application that may sign people in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// What it names itself by.
    pub id: String,
    /// What people read when it wants to be let in.
    pub name: String,
    /// What kind of application it is.
    pub kind: Kind,
    /// Where people may be sent back to.
    pub redirects: Vec<String>,
    /// How it may sign people in.
    pub ways: Vec<Way>,
    /// Whether people are asked before it gets in for the first time.
    pub asks: bool,
    application: String,
    proving: Proving,
}

impl Client {
    /// What its sessions are listed and limited under: itself, or its kind when
    /// it is built in.
    #[must_use]
    pub fn application(&self) -> &str {
        &self.application
    }

    /// It can keep no secret, so it has to send a proof key (RFC 9700, section 2.1.1).
    #[must_use]
    pub fn is_public(&self) -> bool {
        !matches!(self.proving, Proving::Secret(_))
    }

    /// Part of this server, not of its register.
    #[must_use]
    pub fn is_built_in(&self) -> bool {
        self.application != self.id || self.id == self.kind.as_str()
    }

    /// Whether it may sign people in like that.
    #[must_use]
    pub fn may(&self, way: Way) -> bool {
        self.ways.contains(&way)
    }

    /// Whether that secret proves it. A public application needs none, and
    /// whatever it sends is ignored.
    #[must_use]
    pub fn is_proved_by(&self, secret: &str) -> bool {
        match self.proving {
            Proving::Public => true,
            Proving::Known(known) => known == secret,
            Proving::Secret(hash) => tokens::hash_of(secret) == hash,
        }
    }

    /// Where a code may be sent: the address that was named, if it is
    /// registered, else the only one that is.
    #[must_use]
    pub fn redirect(&self, named: Option<&str>) -> Option<String> {
        match (named, self.redirects.as_slice()) {
            (Some(named), registered) => registered
                .iter()
                .any(|one| redirects::matches(one, named))
                .then(|| named.to_owned()),
            (None, [only]) if !redirects::is_loopback(only) => Some(only.clone()),
            (None, _) => None,
        }
    }

    /// Whether a person has to say yes each time: a program on their machine
    /// cannot prove which one it is (RFC 8252, section 8.6).
    #[must_use]
    pub fn asks_each_time(&self, redirect: &str) -> bool {
        redirects::is_loopback(redirect) || !redirect.starts_with("https://")
    }

    fn of(row: ClientRow) -> Self {
        Self {
            kind: Kind::from_name(&row.kind).unwrap_or(Kind::Web),
            redirects: row.redirects.lines().map(str::to_owned).collect(),
            ways: row.ways.split(' ').filter_map(Way::from_name).collect(),
            asks: row.asks,
            application: row.id.clone(),
            proving: row.secret.map_or(Proving::Public, Proving::Secret),
            id: row.id,
            name: row.name,
        }
    }

    fn row(&self) -> ClientRow {
        let ways: Vec<&str> = self.ways.iter().map(|way| way.as_str()).collect();
        ClientRow {
            id: self.id.clone(),
            name: self.name.clone(),
            kind: self.kind.as_str().to_owned(),
            secret: match self.proving {
                Proving::Secret(hash) => Some(hash),
                Proving::Public | Proving::Known(_) => None,
            },
            redirects: self.redirects.join("\n"),
            ways: ways.join(" "),
            asks: self.asks,
        }
    }
}

fn built_in() -> [Client; 2] {
    let agent = Client {
        id: "chancery-agent".to_owned(),
        name: "Chancery on your computer".to_owned(),
        kind: Kind::Desktop,
        redirects: vec![
            "http://127.0.0.1/signed-in".to_owned(),
            "http://[::1]/signed-in".to_owned(),
        ],
        ways: Way::ALL.to_vec(),
        asks: true,
        application: Kind::Desktop.as_str().to_owned(),
        proving: Proving::Public,
    };
    // The browser client's name and secret are fixed by the API.
    let web = Client {
        id: "web".to_owned(),
        name: "Chancery in the browser".to_owned(),
        kind: Kind::Web,
        redirects: Vec::new(),
        ways: vec![Way::Password, Way::Ticket],
        asks: false,
        application: Kind::Web.as_str().to_owned(),
        proving: Proving::Known("ignore"),
    };
    [agent, web]
}

/// Every application that may sign people in.
#[derive(Debug)]
pub(crate) struct Clients {
    all: RwLock<Vec<Arc<Client>>>,
}

impl Default for Clients {
    fn default() -> Self {
        Self {
            all: RwLock::new(built_in().into_iter().map(Arc::new).collect()),
        }
    }
}

impl Clients {
    pub(crate) fn load(&self, registered: Vec<ClientRow>) {
        let registered = registered.into_iter().map(Client::of);
        let all = built_in().into_iter().chain(registered).map(Arc::new);
        *self.all.write().unwrap_or_else(PoisonError::into_inner) = all.collect();
    }

    fn all(&self) -> Vec<Arc<Client>> {
        let all = self.all.read().unwrap_or_else(PoisonError::into_inner);
        all.clone()
    }

    fn find(&self, id: &str) -> Option<Arc<Client>> {
        let all = self.all.read().unwrap_or_else(PoisonError::into_inner);
        all.iter().find(|client| client.id == id).map(Arc::clone)
    }

    /// Those that have to prove who they are to renew a session.
    pub(crate) fn proving(&self) -> Vec<String> {
        self.all()
            .iter()
            .filter(|client| matches!(client.proving, Proving::Secret(_)))
            .map(|client| client.id.clone())
            .collect()
    }
}

/// An application to be registered.
#[derive(Debug, Clone)]
pub struct NewClient {
    /// What it names itself by: 3 to 64 lower-case letters, digits, `.`, `-` and `_`.
    pub id: String,
    /// What people read: 1 to 100 characters.
    pub name: String,
    /// What kind of application it is; its lifetimes begin as those of the kind.
    pub kind: Kind,
    /// It can keep no secret.
    pub is_public: bool,
    /// Where people may be sent back to.
    pub redirects: Vec<String>,
    /// How it may sign people in.
    pub ways: Vec<Way>,
    /// Whether people are asked before it gets in for the first time.
    pub asks: bool,
}

/// What may be changed of a registered application. What is None stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientChange {
    /// What people read.
    pub name: Option<String>,
    /// All addresses that people may be sent back to.
    pub redirects: Option<Vec<String>>,
    /// How it may sign people in.
    pub ways: Option<Vec<Way>>,
    /// Whether people are asked before it gets in for the first time.
    pub asks: Option<bool>,
    /// Gives it a new secret; the one before counts no more.
    pub new_secret: bool,
}

/// The rules that every registered application keeps.
fn check(client: &Client) -> Result<(), IdentityError> {
    let fault = |field: &'static str, reason: String| {
        Err(IdentityError::Store(StoreError::Invalid { field, reason }))
    };
    let id = &client.id;
    let letters = |letter: char| {
        letter.is_ascii_lowercase() || letter.is_ascii_digit() || ".-_".contains(letter)
    };
    if !(3..=64).contains(&id.len()) || !id.chars().all(letters) {
        return fault(
            "id",
            "it has 3 to 64 lower-case letters, digits, dots, hyphens and underscores".to_owned(),
        );
    }
    if Kind::from_name(id).is_some() || built_in().iter().any(|client| client.id == *id) {
        return fault("id", format!("“{id}” is the server's own"));
    }
    let name = client.name.trim();
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        return fault(
            "name",
            "it has 1 to 100 characters and no control characters".to_owned(),
        );
    }
    if client.redirects.len() > 20 {
        return fault("redirects", "there are at most 20".to_owned());
    }
    for address in &client.redirects {
        if let Some(reason) = redirects::redirect_mistake(address) {
            return fault("redirects", format!("“{address}”: {reason}"));
        }
    }
    if client.may(Way::Code) && client.redirects.is_empty() {
        return fault(
            "redirects",
            "an application that signs people in with a code needs an address to send it to"
                .to_owned(),
        );
    }
    if client.ways.is_empty() {
        return fault("ways", "there has to be one at least".to_owned());
    }
    Ok(())
}

/// What is kept of an application that is to be registered, and its secret
/// unless it is public.
///
/// # Errors
/// [`IdentityError::Store`] with the field at fault.
pub fn register(new: NewClient) -> Result<(ClientRow, Option<Secret>), IdentityError> {
    let secret = if new.is_public {
        None
    } else {
        Some(tokens::random_token()?)
    };
    let hash = secret
        .as_ref()
        .map(|secret| tokens::hash_of(secret.reveal()));
    let client = Client {
        application: new.id.clone(),
        id: new.id,
        name: new.name.trim().to_owned(),
        kind: new.kind,
        redirects: new.redirects,
        ways: new.ways,
        asks: new.asks,
        proving: hash.map_or(Proving::Public, Proving::Secret),
    };
    check(&client)?;
    Ok((client.row(), secret))
}

/// What is kept of a registered application after a change, and its new
/// secret where one was wished.
///
/// # Errors
/// [`IdentityError::Store`] with the field at fault.
pub fn changed(
    row: ClientRow,
    change: ClientChange,
) -> Result<(ClientRow, Option<Secret>), IdentityError> {
    let mut client = Client::of(row);
    if let Some(name) = change.name {
        client.name = name.trim().to_owned();
    }
    client.redirects = change.redirects.unwrap_or(client.redirects);
    client.ways = change.ways.unwrap_or(client.ways);
    client.asks = change.asks.unwrap_or(client.asks);
    let mut secret = None;
    if change.new_secret {
        if client.is_public() {
            return Err(IdentityError::Store(StoreError::invalid(
                "new_secret",
                "it is a public application, which has none",
            )));
        }
        let fresh = tokens::random_token()?;
        client.proving = Proving::Secret(tokens::hash_of(fresh.reveal()));
        secret = Some(fresh);
    }
    check(&client)?;
    Ok((client.row(), secret))
}

impl Identity {
    /// The application of that id.
    #[must_use]
    pub fn client(&self, id: &str) -> Option<Arc<Client>> {
        self.clients.find(id)
    }

    /// Every application that may sign people in, built in and registered.
    #[must_use]
    pub fn clients(&self) -> Vec<Arc<Client>> {
        self.clients.all()
    }

    /// Registers an application. Answers its secret, which is shown nowhere
    /// else, unless it is public. Lifetimes are those of its kind unless given.
    ///
    /// # Errors
    /// [`IdentityError::Store`] with the field at fault, or when the id is taken.
    pub async fn add_client(
        &self,
        new: NewClient,
        lifetimes: Option<ApplicationSettings>,
        by: &str,
        address: &str,
    ) -> Result<Option<Secret>, IdentityError> {
        let (row, secret) = register(new)?;
        let mut lifetimes = lifetimes.unwrap_or_else(|| self.lifetimes.of(&row.kind).settings());
        lifetimes.name.clone_from(&row.id);
        let entry = self.registering(by, "application registered", &row.id, address);
        self.store.add_client(row, lifetimes, entry).await?;
        self.facts_changed()?;
        Ok(secret)
    }

    /// Changes a registered application. Answers its new secret where one was
    /// wished.
    ///
    /// # Errors
    /// [`IdentityError::Store`] with the field at fault, or when none of that id
    /// is registered.
    pub async fn set_client(
        &self,
        id: &str,
        change: ClientChange,
        by: &str,
        address: &str,
    ) -> Result<Option<Secret>, IdentityError> {
        let found = self.store.clients()?.into_iter().find(|row| row.id == id);
        let found = found.ok_or(StoreError::NotFound("application"))?;
        let (row, secret) = changed(found, change)?;
        let entry = self.registering(by, "application changed", id, address);
        self.store.set_client(row, entry).await?;
        self.facts_changed()?;
        Ok(secret)
    }

    /// Strikes an application from the register and ends every sign-in it
    /// made. Answers how many those were.
    ///
    /// # Errors
    /// [`IdentityError::Store`], also when none of that id is registered.
    pub async fn remove_client(
        &self,
        id: &str,
        by: &str,
        address: &str,
    ) -> Result<usize, IdentityError> {
        let entry = self.registering(by, "application removed", id, address);
        let ended = self.store.remove_client(id, entry).await?;
        self.forget(&ended.tokens).await;
        self.facts_changed()?;
        Ok(ended.grants)
    }

    fn registering(&self, by: &str, activity: &str, id: &str, address: &str) -> AuditEntry {
        AuditEntry {
            at: self.clock.now(),
            user: by.to_owned(),
            activity: activity.to_owned(),
            outcome: "success".to_owned(),
            method: String::new(),
            application: id.to_owned(),
            address: address.to_owned(),
        }
    }
}
