//! One module per kind of thing. Paths here are those after
//! `http::paths::canonical`: one prefix, no doubled slashes.

mod applications;
mod audit;
mod authorize;
pub(crate) mod captions;
mod changes;
pub(crate) mod containers;
pub(crate) mod description;
mod device;
mod discovery;
pub(crate) mod documents;
pub(crate) mod doors;
pub(crate) mod download;
mod folders;
mod history;
mod holds;
mod leaving;
mod libraries;
mod library;
mod locks;
mod metadata;
mod moving;
mod oauth;
mod operation;
mod pairs;
mod people;
mod recent;
mod related;
pub(crate) mod search;
mod security;
mod session_api;
mod sessions;
mod shortcuts;
mod tables;
mod ticket;
mod trash;
pub(crate) mod upload;
mod visitor;
mod walls;
mod workspaces;

use self::doors::{Door, Gives, Takes};
use crate::app::SharedApp;
use crate::http::error::ApiError;
use axum::Router;
use axum::routing::get;
use chancery_proto::error::codes;
use http::StatusCode;

/// Everything below a customer that is not below a library.
fn of_customer() -> Vec<Door> {
    let mut all = people();
    all.extend([
        doors::get("/libraries", "The libraries", libraries::list).gives(Gives::Array),
        doors::post("/libraries", "Add a library", libraries::create)
            .fields(&["id", "description"])
            .gives(Gives::Made)
            .for_administrators(),
        doors::get("/documents", "Documents of every library", documents::list)
            .asks(library::DOCUMENTS)
            .gives(Gives::Results),
        doors::get(
            "/documents/checked-out",
            "What the caller has checked out or locked",
            locks::checked_out,
        )
        .asks(library::PAGE)
        .gives(Gives::Results),
        doors::get(
            "/ping",
            "Whether the session lives and the database answers",
            libraries::ping,
        ),
        doors::get(
            "/features",
            "What this server can do, by name",
            libraries::features,
        ),
        doors::get("/roles", "The roles that people have", libraries::roles).gives(Gives::Array),
        doors::get(
            "/workspaces",
            "Workspaces of every library",
            workspaces::list,
        )
        .asks(library::CONTAINERS)
        .gives(Gives::Results),
        doors::post(
            "/workspaces/search",
            "Find workspaces in every library",
            workspaces::search_everywhere,
        )
        .fields(&["filters", "profile_fields", "limit"])
        .gives(Gives::Results),
        doors::get("/folders", "Folders of every library", folders::list)
            .asks(library::CONTAINERS)
            .gives(Gives::Array),
        doors::get(
            "/sessions",
            "One's own sessions; everybody's for administrators",
            sessions::list,
        )
        .asks(&["all", "user"])
        .gives(Gives::Array),
        doors::delete(
            "/sessions",
            "End all of one's own, or for administrators somebody's or everybody's",
            sessions::end_all,
        )
        .asks(&["all", "user"])
        .gives(Gives::Json),
        doors::delete("/sessions/{session}", "End a session", sessions::end).gives(Gives::Json),
        doors::get(
            "/applications",
            "The applications and how long their sessions live",
            applications::list,
        )
        .gives(Gives::Array)
        .for_administrators(),
        doors::post(
            "/applications",
            "Register an application",
            applications::register,
        )
        .fields(&["id", "name", "kind", "redirect_uris"])
        .gives(Gives::Made)
        .for_administrators(),
        doors::get("/applications/{name}", "An application", applications::show)
            .for_administrators(),
        doors::patch(
            "/applications/{name}",
            "Change an application; in force at once",
            applications::update,
        )
        .fields(&["idle_seconds", "absolute_seconds", "refresh"])
        .for_administrators(),
        doors::delete(
            "/applications/{name}",
            "Strike an application from the register",
            applications::remove,
        )
        .for_administrators(),
        doors::get("/audit", "Who did what", audit::list)
            .asks(&["limit", "after", "log"])
            .gives(Gives::Array)
            .for_administrators(),
        doors::get("/walls", "The ethical walls", walls::list)
            .gives(Gives::Array)
            .for_administrators(),
        doors::post("/walls", "Build a wall", walls::add)
            .fields(&["name"])
            .gives(Gives::Made)
            .for_administrators(),
        doors::get("/walls/{wall}", "A wall", walls::show).for_administrators(),
        doors::patch(
            "/walls/{wall}",
            "Change who may pass and what is behind it",
            walls::change,
        )
        .fields(&["admit", "expel", "enclose", "free"])
        .for_administrators(),
        doors::delete("/walls/{wall}", "Take a wall down", walls::remove).for_administrators(),
        doors::get("/holds", "The legal holds", holds::list)
            .gives(Gives::Array)
            .for_administrators(),
        doors::post("/holds", "Make a legal hold", holds::add)
            .fields(&["name", "reason"])
            .gives(Gives::Made)
            .for_administrators(),
        doors::get("/holds/{hold}", "A legal hold", holds::show).for_administrators(),
        doors::patch(
            "/holds/{hold}",
            "Change what is under a hold",
            holds::change,
        )
        .fields(&["enclose", "free"])
        .for_administrators(),
        doors::delete("/holds/{hold}", "Lift a legal hold", holds::lift).for_administrators(),
    ]);
    all
}

/// What is the same for one library and for all: users, groups, what is recent.
fn people() -> Vec<Door> {
    const FIND: &[&str] = &["query", "alias", "enabled", "limit", "offset", "total"];
    vec![
        doors::get(
            "/recent-documents",
            "What the caller worked with lately",
            recent::documents,
        )
        .asks(library::PAGE)
        .gives(Gives::Results),
        doors::get(
            "/recent-workspaces",
            "The workspaces that the caller worked in lately",
            recent::workspaces,
        )
        .asks(library::PAGE)
        .gives(Gives::Results),
        doors::get("/users", "The people", people::users)
            .asks(FIND)
            .gives(Gives::Array),
        doors::post("/users", "Add a person", people::add_user)
            .fields(&[
                "id",
                "full_name",
                "email",
                "password",
                "is_admin",
                "is_external",
            ])
            .gives(Gives::Made)
            .for_administrators(),
        doors::get("/users/{user}", "A person", people::show_user).asks(&["include_libraries"]),
        doors::patch(
            "/users/{user}",
            "Change a person; people choose their own preferred library",
            people::change_user,
        )
        .fields(&[
            "full_name",
            "email",
            "is_admin",
            "is_external",
            "enabled",
            "preferred_library",
        ]),
        doors::get(
            "/users/{user}/groups",
            "The groups that somebody is in",
            people::user_groups,
        )
        .asks(FIND)
        .gives(Gives::Array),
        doors::get(
            "/users/{user}/libraries",
            "The libraries that somebody reaches",
            people::user_libraries,
        )
        .gives(Gives::Array),
        doors::get("/groups", "The groups", people::groups)
            .asks(FIND)
            .gives(Gives::Array),
        doors::post("/groups", "Add a group", people::add_group)
            .fields(&["id", "full_name", "enabled", "is_external"])
            .gives(Gives::Made)
            .for_administrators(),
        doors::get(
            "/groups/{group}/members",
            "The people in a group",
            people::members,
        )
        .asks(FIND)
        .gives(Gives::Array),
        doors::put(
            "/groups/{group}/members",
            "Put people into a group and take others out",
            people::change_members,
        )
        .fields(&["members", "add", "remove"])
        .for_administrators(),
    ]
}

/// Discovery and signing in and out.
fn of_root() -> Vec<Door> {
    const LOGIN: &[&str] = &[
        "user_id",
        "password",
        "persona",
        "application_name",
        "domain",
    ];
    const OUT: &str = "Sign out; whoever is out already is out";
    let all = vec![
        doors::get(
            "/api",
            "What this server is, and where its API is",
            discovery::discover,
        ),
        doors::put(
            "/api/v1/session/login",
            "Sign in with a password",
            session_api::login,
        )
        .fields(LOGIN)
        .gives(Gives::Json),
        doors::put(
            "/api/v1/session/network-login",
            "Sign in with a ticket (Negotiate) or a password",
            session_api::network_login,
        )
        .fields(LOGIN)
        .gives(Gives::Json),
        doors::put("/api/v1/session/logout", OUT, session_api::logout).takes(Takes::Nothing),
        doors::get("/auth/logout", OUT, session_api::logout),
        doors::get("/login/terminate", OUT, session_api::logout),
        doors::get(
            "/.well-known/oauth-authorization-server",
            "What this authorization server does (RFC 8414)",
            metadata::metadata,
        )
        .gives(Gives::Json),
        doors::get(
            authorize::PATH,
            "The sign-in page (RFC 6749, 4.1.1)",
            authorize::ask,
        )
        .asks(&[
            "response_type",
            "client_id",
            "redirect_uri",
            "scope",
            "state",
            "code_challenge",
            "code_challenge_method",
        ])
        .gives(Gives::Page),
        doors::post(authorize::PATH, "The form of that page", authorize::answer)
            .takes(Takes::Form(&[]))
            .gives(Gives::Page),
        doors::post(
            "/auth/oauth2/device",
            "A code for another device (RFC 8628)",
            device::begin,
        )
        .takes(Takes::Form(&["client_id", "scope"]))
        .gives(Gives::Json),
        doors::get(device::PATH, "The page that takes such a code", device::ask)
            .asks(&["user_code"])
            .gives(Gives::Page),
        doors::post(device::PATH, "The forms of that page", device::answer)
            .takes(Takes::Form(&[]))
            .gives(Gives::Page),
        doors::get(
            leaving::PATH,
            "Who is signed in in this browser",
            leaving::ask,
        )
        .gives(Gives::Page),
        doors::post(leaving::PATH, "Sign out there", leaving::answer)
            .takes(Takes::Form(&[]))
            .gives(Gives::Page),
        doors::post("/auth/oauth2/token", "Tokens (RFC 6749, 3.2)", oauth::token)
            .takes(Takes::Form(&[
                "grant_type",
                "username",
                "password",
                "code",
                "redirect_uri",
                "code_verifier",
                "refresh_token",
                "device_code",
                "client_id",
                "client_secret",
                "scope",
            ]))
            .gives(Gives::Json),
        doors::post(
            "/auth/oauth2/revoke-token",
            "End a sign-in by its token",
            oauth::revoke,
        )
        .takes(Takes::Form(&["access_token", "token"]))
        .gives(Gives::Json),
    ];
    all.into_iter().map(Door::for_anyone).collect()
}

/// Everything that callers of the Work API reach.
pub(crate) fn every_door() -> Vec<Door> {
    let mut of_library = library::doors();
    of_library.extend(people());
    let mut below = of_customer();
    below.extend(doors::below("/libraries/{lib}", of_library));
    let mut all = of_root();
    all.extend(doors::below("/api/v2/customers/{cid}", below));
    all
}

/// The routes to all of it.
pub(crate) fn work(app: SharedApp) -> Router {
    doors::routes(every_door())
        .fallback(no_route)
        .method_not_allowed_fallback(wrong_method)
        .with_state(app)
}

/// Whether a person in a browser reads what is at that address.
pub(crate) fn is_page(path: &str) -> bool {
    [authorize::PATH, device::PATH, leaving::PATH].contains(&path)
}

/// Health and metrics: for whoever runs the server.
pub(crate) fn operation(app: SharedApp) -> Router {
    Router::new()
        .route("/health/live", get(operation::live))
        .route("/health/ready", get(operation::ready))
        .route("/metrics", get(operation::metrics))
        .fallback(no_route)
        .method_not_allowed_fallback(wrong_method)
        .with_state(app)
}

/// Both, where the listener is on loopback.
pub(crate) fn work_and_operation(app: SharedApp) -> Router {
    Router::new()
        .route("/health/live", get(operation::live))
        .route("/health/ready", get(operation::ready))
        .route("/metrics", get(operation::metrics))
        .with_state(SharedApp::clone(&app))
        .merge(work(app))
}

async fn no_route() -> ApiError {
    ApiError::new(
        StatusCode::NOT_FOUND,
        codes::NO_ROUTE,
        "There is nothing at this address. Check the address.",
    )
}

async fn wrong_method() -> ApiError {
    ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        codes::NO_ROUTE,
        "This address does not answer to that method.",
    )
}
