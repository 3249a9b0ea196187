//! What answers here, and what it can do: with and without a session.

use crate::app::{CUSTOMER, SharedApp};
use crate::config::Method;
use crate::http::caller::{Authentication, MaybeCaller};
use crate::http::error::ApiError;
use crate::http::host::Host;
use crate::http::respond;
use axum::extract::State;
use axum::response::Response;
use chancery_proto::discovery::{
    ApiVersion, Discovery, DiscoveryLibrary, DiscoveryUser, DiscoveryWork, Product,
    SessionLifetimes, SignInMethod,
};

/// `GET /api` and `GET /work/api`. A token that no session has is 401, so that
/// a client which asks whether its session lives hears that it does not.
pub(crate) async fn discover(
    State(app): State<SharedApp>,
    MaybeCaller(caller): MaybeCaller,
    host: Host,
) -> Result<Response, ApiError> {
    let live = match caller {
        Authentication::Refused => return Err(ApiError::no_session()),
        Authentication::Unknown => return Err(ApiError::sessions_unavailable()),
        Authentication::Anonymous => None,
        Authentication::Live(live) => Some(live),
    };
    let application = live.as_ref().map_or("desktop", |live| &live.application);
    let lifetimes = app
        .identity
        .application(application)
        .ok_or_else(|| ApiError::no_record("application"))?;
    let capabilities = app
        .capabilities
        .iter()
        .map(|capability| capability.name().to_owned())
        .collect();
    let mut discovery = Discovery {
        auth_status: "unauthenticated".to_owned(),
        product: Some(Product {
            name: "Chancery".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }),
        dms_version: app.level.to_string(),
        server_time: Some(app.now()),
        capabilities: Some(capabilities),
        sign_in_methods: Some(methods(&app, &host)),
        session: Some(SessionLifetimes {
            idle_seconds: lifetimes.idle_seconds,
            absolute_seconds: lifetimes.absolute_seconds,
            refresh: lifetimes.refresh,
        }),
        user: None,
        versions: vec![ApiVersion {
            name: "v2".to_owned(),
            version: "2.1".to_owned(),
            url: host.url("/work/api/v2"),
        }],
        work: None,
    };
    if let Some(live) = live {
        let libraries = app.store.libraries()?;
        discovery.auth_status = "authenticated".to_owned();
        discovery.work = Some(DiscoveryWork {
            preferred_library: super::libraries::preferred(&live.user, &libraries),
            libraries: libraries
                .into_iter()
                .map(|library| DiscoveryLibrary {
                    alias: library.alias.to_string(),
                    kind: "worksite".to_owned(),
                    region: "near".to_owned(),
                    is_hidden: library.is_hidden,
                })
                .collect(),
        });
        discovery.user = Some(DiscoveryUser {
            customer_id: CUSTOMER,
            id: live.user.id.clone(),
            name: live.user.full_name.clone(),
            email: live.user.email.clone(),
            user_type: if live.user.is_external {
                "external"
            } else {
                "internal"
            }
            .to_owned(),
        });
    }
    Ok(respond::data(discovery))
}

/// How to sign in, in the order that this server prefers.
fn methods(app: &SharedApp, host: &Host) -> Vec<SignInMethod> {
    app.methods
        .iter()
        .filter(|method| **method != Method::Kerberos || app.trusted.is_some())
        .map(|method| SignInMethod {
            kind: method.as_str().to_owned(),
            authorize_url: (*method == Method::Browser).then(|| host.url("/auth/oauth2/authorize")),
        })
        .collect()
}
