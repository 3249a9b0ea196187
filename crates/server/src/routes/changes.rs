//! What changed: asked for by cursor, or listened to as server-sent events
//! (WHATWG HTML, section 9.2).

use crate::app::SharedApp;
use crate::feed::Listening;
use crate::http::caller::{self, Caller};
use crate::http::error::ApiError;
use crate::http::ids::PathValues;
use crate::http::query::Query;
use crate::http::respond;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use chancery_identity::NoSession;
use chancery_proto::ids::LibraryAlias;
use chancery_proto::level::Capability;
use chancery_store::events::{Action, Event, EventFilter, Fed, ItemKind};
use futures_util::stream;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// A stream says that it lives so often, and looks whether its session does.
const HEARTBEAT: Duration = Duration::from_secs(20);
/// So many events are read for a stream at once.
const AT_ONCE: u32 = 500;
/// A client that lost its stream comes back after so many milliseconds.
const RETRY: u32 = 2_000;

fn item(library: &LibraryAlias, event: &Event) -> Value {
    let object = match event.version {
        0 => format!("{library}!{}", event.number),
        version => format!("{library}!{}.{version}", event.number),
    };
    let mut item = Map::new();
    let mut set = |name: &str, value: Value| {
        item.insert(name.to_owned(), value);
    };
    set("id", json!(event.seq.to_string()));
    set(
        "action_type",
        json!(event.action.map_or("update", Action::word)),
    );
    set(
        "item_type",
        json!(event.kind.map_or("document", ItemKind::word)),
    );
    set("object_id", json!(object));
    if let Some(related) = event.related {
        set("related_object_id", json!(format!("{library}!{related}")));
    }
    set("root_id", json!(format!("{library}!{}", event.root)));
    set("event_date", json!(event.at));
    Value::Object(item)
}

/// Words of a list, each of which has to be known.
fn among<T: Copy>(
    query: &Query,
    name: &str,
    all: &[T],
    word: impl Fn(T) -> &'static str,
) -> Result<Vec<T>, ApiError> {
    let mut found = Vec::new();
    for wanted in query.list(name) {
        let one = all
            .iter()
            .find(|one| word(**one).eq_ignore_ascii_case(&wanted));
        let Some(one) = one else {
            let words: Vec<&str> = all.iter().map(|one| word(*one)).collect();
            return Err(ApiError::field(
                name,
                format!("“{wanted}” is none of {}", words.join(", ")),
            ));
        };
        found.push(*one);
    }
    Ok(found)
}

fn filter(query: &Query) -> Result<EventFilter, ApiError> {
    Ok(EventFilter {
        actions: among(query, "actions", &Action::ALL, Action::word)?,
        kinds: among(query, "item_types", &ItemKind::ALL, ItemKind::word)?,
    })
}

/// Where to begin: behind a cursor, at the end (`now`), or with the oldest.
fn cursor(app: &SharedApp, text: Option<&str>) -> Result<Option<i64>, ApiError> {
    match text {
        None => Ok(None),
        Some("now") => Ok(Some(app.store.newest_event()?)),
        Some(text) => match text.parse::<i64>() {
            Ok(number) if number >= 0 => Ok(Some(number)),
            _ => Err(ApiError::field(
                "cursor",
                "it has to be one that this feed gave, or now",
            )),
        },
    }
}

/// `GET L/change-events`.
pub(crate) async fn list(
    State(app): State<SharedApp>,
    caller: Caller,
    path: PathValues,
    query: Query,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let wants_stream = headers
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains("text/event-stream"));
    if wants_stream {
        return stream_of(&app, &caller, &path, &query, &headers).await;
    }
    let library = path.library()?;
    let limit = crate::http::query::Paging::of(&query)?.page.limit;
    let (begin, filter) = (cursor(&app, query.text("cursor"))?, filter(&query)?);
    let (of, who) = (library.clone(), caller.into_principal());
    let fed = app
        .read(move |store| store.events(&of, begin, &filter, &who, limit))
        .await?;
    let items: Vec<Value> = fed
        .events
        .iter()
        .map(|event| item(&library, event))
        .collect();
    Ok(respond::json(
        StatusCode::OK,
        &json!({"data": items, "cursor": fed.cursor.to_string(), "overflow": fed.overflow}),
    ))
}

/// `GET L/change-events/stream`.
pub(crate) async fn listen(
    State(app): State<SharedApp>,
    caller: Caller,
    path: PathValues,
    query: Query,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    stream_of(&app, &caller, &path, &query, &headers).await
}

/// A stream as it goes on.
struct Stream {
    app: SharedApp,
    library: LibraryAlias,
    filter: EventFilter,
    token: String,
    cursor: i64,
    /// The cursor that the client knows.
    told: i64,
    has_begun: bool,
    place: Listening,
}

async fn stream_of(
    app: &SharedApp,
    caller: &Caller,
    path: &PathValues,
    query: &Query,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    if !app.can(Capability::EventsStream) {
        return Err(ApiError::no_record("stream of events"));
    }
    let library = path.library()?;
    // A client that comes back says where it was; that is newer than its address.
    let last = headers
        .get("last-event-id")
        .and_then(|value| value.to_str().ok())
        .filter(|text| !text.is_empty());
    let begin = cursor(app, last.or_else(|| query.text("cursor")).or(Some("now")))?;
    let filter = filter(query)?;
    // Asked once before anything is promised: an unknown library, an old cursor.
    let (of, asked, who) = (library.clone(), filter.clone(), caller.principal().clone());
    app.read(move |store| store.events(&of, begin, &asked, &who, 1))
        .await?;
    let cursor = begin.unwrap_or(0);
    let stream = Stream {
        place: app.feed.listen(&caller.principal().user)?,
        app: SharedApp::clone(app),
        library,
        filter,
        token: caller::token(headers).unwrap_or_default().to_owned(),
        cursor,
        told: cursor,
        has_begun: false,
    };
    let pieces = stream::unfold(stream, |mut stream| async {
        let piece = stream.next().await?;
        Some((Ok::<_, std::convert::Infallible>(piece), stream))
    });
    let mut response = Response::new(Body::from_stream(pieces));
    let head = response.headers_mut();
    head.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    head.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Proxies that gather answers keep their hands off this one.
    head.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

impl Stream {
    /// What is said next; nothing when it is over.
    async fn next(&mut self) -> Option<Bytes> {
        if !self.has_begun {
            self.has_begun = true;
            return Some(Bytes::from(format!(
                "retry: {RETRY}\nid: {}\n\n",
                self.cursor
            )));
        }
        loop {
            if let Some(fed) = self.look().await? {
                self.cursor = fed.cursor;
                if !fed.events.is_empty() {
                    return Some(self.shown(&fed));
                }
                if fed.overflow {
                    continue;
                }
            }
            match tokio::time::timeout(HEARTBEAT, self.place.wait()).await {
                Ok(true) => {}
                Ok(false) => return None,
                Err(_) => {
                    // An id without data is no event, and is remembered.
                    let moved = self.told != self.cursor;
                    self.told = self.cursor;
                    return Some(if moved {
                        Bytes::from(format!("id: {}\n\n", self.cursor))
                    } else {
                        Bytes::from_static(b":\n\n")
                    });
                }
            }
        }
    }

    /// What is new for whoever listens. `None` ends the stream; nothing inside
    /// means that nobody knows just now whether the session lives.
    async fn look(&self) -> Option<Option<Fed>> {
        let live = match self.app.identity.check(&self.token, true).await {
            Ok(live) => live,
            Err(NoSession::Unavailable) => return Some(None),
            Err(NoSession::Unknown | NoSession::Expired) => return None,
        };
        let (library, filter, cursor) = (self.library.clone(), self.filter.clone(), self.cursor);
        let fed = self
            .app
            .read(move |store| {
                store.events(&library, Some(cursor), &filter, &live.principal, AT_ONCE)
            })
            .await;
        // A client that comes back is told why it cannot go on.
        fed.ok().map(Some)
    }

    fn shown(&mut self, fed: &Fed) -> Bytes {
        let mut text = String::new();
        for event in &fed.events {
            let data = item(&self.library, event);
            text.push_str(&format!(
                "id: {}\nevent: change\ndata: {data}\n\n",
                event.seq
            ));
            self.told = event.seq;
        }
        Bytes::from(text)
    }
}
