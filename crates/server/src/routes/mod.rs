//! One module per kind of thing. Paths here are those after
//! `http::paths::canonical`: one prefix, no doubled slashes.

mod applications;
mod audit;
mod authorize;
pub(crate) mod captions;
mod changes;
pub(crate) mod containers;
mod device;
mod discovery;
pub(crate) mod documents;
pub(crate) mod download;
mod folders;
mod history;
mod leaving;
mod libraries;
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

use crate::app::SharedApp;
use crate::http::error::ApiError;
use axum::Router;
use axum::routing::{delete, get, post, put};
use chancery_proto::error::codes;
use http::StatusCode;

/// Everything that callers of the Work API reach.
pub(crate) fn work(app: SharedApp) -> Router {
    let library = security::routes()
        .route("/documents", get(documents::list_in_library))
        .route("/documents/search", post(documents::search))
        .route("/documents/checked-out", get(locks::checked_out_in_library))
        .route("/documents/parents", post(moving::parents))
        .route(
            "/documents/{id}/related-documents",
            get(related::list).post(related::add),
        )
        .route(
            "/documents/{id}/related-documents/{other}",
            delete(related::remove),
        )
        .merge(lists())
        .route("/documents/{id}/copy", post(moving::copy))
        .route("/documents/{id}/path", get(moving::paths))
        .route(
            "/documents/{id}/name-value-pairs",
            get(pairs::of_document).patch(pairs::change_document),
        )
        .route(
            "/workspaces/{id}/name-value-pairs",
            get(pairs::of_container).patch(pairs::change_container),
        )
        .route(
            "/folders/{id}/name-value-pairs",
            get(pairs::of_container).patch(pairs::change_container),
        )
        .route("/folders/{id}/move", post(moving::folder))
        .route("/folders/{id}/documents/{document}", delete(moving::unfile))
        .route(
            "/folders/{id}/documents/{document}/move",
            post(moving::document),
        )
        .route("/types", get(libraries::types))
        .route("/change-events", get(changes::list))
        .route("/change-events/stream", get(changes::listen))
        .route("/classes", get(tables::classes).post(tables::add))
        .route(
            "/classes/{alias}",
            get(tables::show)
                .patch(tables::change)
                .delete(tables::remove),
        )
        .route(
            "/classes/{above}/subclasses",
            get(tables::list).post(tables::add),
        )
        .route(
            "/classes/{above}/subclasses/{alias}",
            get(tables::show)
                .patch(tables::change)
                .delete(tables::remove),
        )
        .route("/customs/{field}", post(tables::add))
        .route("/customs/{field}/search", get(tables::list))
        .route(
            "/customs/{field}/{alias}",
            get(tables::show)
                .patch(tables::change)
                .delete(tables::remove),
        )
        .route("/captions", get(captions::list))
        .route(
            "/captions/{field}",
            get(captions::show).put(captions::set).patch(captions::set),
        )
        .route("/trash-bin/documents", get(trash::list))
        .route("/trash-bin/documents/{id}", delete(trash::purge))
        .route("/trash-bin/documents/{id}/restore", post(trash::restore))
        .route(
            "/documents/{id}/lock",
            post(locks::lock).delete(locks::unlock),
        )
        .route(
            "/documents/{id}/checkout",
            get(locks::details)
                .post(locks::check_out)
                .delete(locks::unlock),
        )
        .route("/documents/{id}/history", get(history::lines))
        .route(
            "/documents/{id}/history/activities",
            get(history::activities),
        )
        .route("/documents/{id}/history/users", get(history::users))
        .route("/documents/{id}/history/versions", get(history::versions))
        .route(
            "/documents/{id}",
            get(documents::profile)
                .patch(documents::update)
                .delete(documents::delete),
        )
        .route("/documents/{id}/operations", get(documents::operations))
        .route("/documents/{id}/download", get(download::download))
        .route("/documents/{id}/download/{name}", get(download::download))
        .route(
            "/documents/{id}/versions",
            get(documents::versions).post(upload::new_version),
        )
        .route("/documents/{id}/file", put(upload::replace_file))
        .route(
            "/workspaces",
            get(workspaces::list_in_library).post(workspaces::create),
        )
        .route(
            "/workspaces/search",
            get(workspaces::list_in_library).post(workspaces::search),
        )
        .route(
            "/workspaces/{id}",
            get(workspaces::profile)
                .patch(workspaces::update)
                .delete(workspaces::delete),
        )
        .route("/containers/{id}", get(containers::profile))
        .route("/workspaces/{id}/operations", get(containers::operations))
        .route("/folders/{id}/operations", get(containers::operations))
        .route("/workspaces/{id}/children", get(containers::children))
        .route(
            "/workspaces/{id}/folders",
            get(containers::subfolders).post(folders::create),
        )
        .route("/folders", get(folders::list_in_library))
        .route(
            "/folders/search",
            get(folders::list_in_library).post(folders::search),
        )
        .route(
            "/folders/{id}",
            get(folders::profile)
                .patch(folders::update)
                .delete(folders::delete),
        )
        .route("/folders/{id}/children", get(containers::children))
        .route("/folders/{id}/path", get(containers::path))
        .route(
            "/folders/{id}/subfolders",
            get(containers::subfolders).post(folders::create),
        )
        .route(
            "/folders/{id}/folders",
            get(containers::subfolders).post(folders::create),
        )
        .route(
            "/folders/{id}/documents",
            get(documents::list_in_folder).post(upload::new_document),
        );
    let customer = people()
        .route("/libraries", get(libraries::list).post(libraries::create))
        .route("/documents", get(documents::list))
        .route("/documents/checked-out", get(locks::checked_out))
        .route("/ping", get(libraries::ping))
        .route("/workspaces", get(workspaces::list))
        .route("/workspaces/search", post(workspaces::search_everywhere))
        .route("/folders", get(folders::list))
        .route("/sessions", get(sessions::list).delete(sessions::end_all))
        .route("/sessions/{session}", delete(sessions::end))
        .route(
            "/applications",
            get(applications::list).post(applications::register),
        )
        .route(
            "/applications/{name}",
            get(applications::show)
                .patch(applications::update)
                .delete(applications::remove),
        )
        .route("/audit", get(audit::list))
        .route("/walls", get(walls::list).post(walls::add))
        .route(
            "/walls/{wall}",
            get(walls::show).patch(walls::change).delete(walls::remove),
        )
        .nest("/libraries/{lib}", library.merge(people()));
    Router::new()
        .route("/api", get(discovery::discover))
        .route("/api/v1/session/login", put(session_api::login))
        .route(
            "/api/v1/session/network-login",
            put(session_api::network_login),
        )
        .route("/api/v1/session/logout", put(session_api::logout))
        .route("/auth/logout", get(session_api::logout))
        .route("/login/terminate", get(session_api::logout))
        .route(
            "/.well-known/oauth-authorization-server",
            get(metadata::metadata),
        )
        .route(authorize::PATH, get(authorize::ask).post(authorize::answer))
        .route("/auth/oauth2/device", post(device::begin))
        .route(device::PATH, get(device::ask).post(device::answer))
        .route(leaving::PATH, get(leaving::ask).post(leaving::answer))
        .route("/auth/oauth2/token", post(oauth::token))
        .route("/auth/oauth2/revoke-token", post(oauth::revoke))
        .nest("/api/v2/customers/{cid}", customer)
        .fallback(no_route)
        .method_not_allowed_fallback(wrong_method)
        .with_state(app)
}

/// What is the same for one library and for all: users, groups, what is recent.
fn people() -> Router<SharedApp> {
    Router::new()
        .route("/recent-documents", get(recent::documents))
        .route("/recent-workspaces", get(recent::workspaces))
        .route("/users", get(people::users).post(people::add_user))
        .route(
            "/users/{user}",
            get(people::show_user).patch(people::change_user),
        )
        .route("/users/{user}/groups", get(people::user_groups))
        .route("/users/{user}/libraries", get(people::user_libraries))
        .route("/groups", get(people::groups).post(people::add_group))
        .route(
            "/groups/{group}/members",
            get(people::members).put(people::change_members),
        )
}

/// What people keep at hand: under their own name or none.
fn lists() -> Router<SharedApp> {
    let mut routes = Router::new();
    for whose in ["", "/users/{user}"] {
        routes = routes
            .route(
                &format!("{whose}/my-favorites/children"),
                get(shortcuts::favorites).post(shortcuts::add_favorite),
            )
            .route(
                &format!("{whose}/my-favorites/children/{{id}}"),
                delete(shortcuts::remove_favorite),
            )
            .route(
                &format!("{whose}/my-matters/children"),
                get(shortcuts::matters).post(shortcuts::add_matter),
            )
            .route(
                &format!("{whose}/my-matters/children/{{id}}"),
                delete(shortcuts::remove_matter),
            );
    }
    routes
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
