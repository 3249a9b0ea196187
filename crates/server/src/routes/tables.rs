//! Tables that values of a profile are taken from: classes, subclasses, and the
//! entries of custom fields. Everybody in the firm reads them; administrators
//! change them.

use crate::app::{App, SharedApp};
use crate::http::body::JsonObject;
use crate::http::caller::{Caller, Peer};
use crate::http::error::ApiError;
use crate::http::ids::PathValues;
use crate::http::query::{Paging, Query, is_like, page_in_memory};
use crate::http::respond;
use crate::wire::fields::Fields;
use axum::extract::State;
use axum::response::Response;
use chancery_proto::ids::LibraryAlias;
use chancery_store::listing::Page;
use chancery_store::lookups::{Entry, EntryChanges, EntryFilter, Lookup, USUAL_CLASS};
use chancery_store::users::key_of;
use serde_json::{Value, json};

fn item(table: Lookup, entry: &Entry) -> Value {
    let mut item = json!({
        "id": entry.id,
        "description": entry.description,
        "enabled": entry.enabled,
        "hipaa": entry.is_hipaa,
        "is_hipaa": entry.is_hipaa,
        "wstype": table.field(),
    });
    if let Some((id, description)) = &entry.parent {
        item["parent"] = json!({"id": id, "description": description});
    }
    item
}

/// Which table a path is about, and the entry above that it names.
struct Place {
    library: LibraryAlias,
    table: Lookup,
    above: Option<String>,
}

impl Place {
    fn of(path: &PathValues, query: &Query) -> Result<Self, ApiError> {
        let library = path.library()?;
        let (field, class) = (path.get("field"), path.get("above"));
        if !field.is_empty() {
            let table = Lookup::of_field(field)
                .filter(|table| ![Lookup::CLASS, Lookup::SUBCLASS].contains(table))
                .ok_or_else(|| ApiError::no_record("custom field with a table"))?;
            let above = query.owned("parent_alias");
            let above = above.filter(|_| table.parent().is_some());
            return Ok(Self {
                library,
                table,
                above,
            });
        }
        let is_below = !class.is_empty();
        Ok(Self {
            library,
            table: if is_below {
                Lookup::SUBCLASS
            } else {
                Lookup::CLASS
            },
            above: is_below.then(|| class.to_owned()),
        })
    }

    fn said(&self, what: &str, id: &str) -> String {
        format!("{what} in {} of {}: {id}", self.table.field(), self.library)
    }
}

/// What stands for names of clients and matters is not for whoever is from outside.
fn is_hidden(place: &Place, caller: &Caller) -> bool {
    let is_class = [Lookup::CLASS, Lookup::SUBCLASS].contains(&place.table);
    caller.principal().external && !is_class
}

fn filter(place: &Place, query: &Query) -> Result<EntryFilter, ApiError> {
    Ok(EntryFilter {
        text: query.owned("query"),
        id: query.owned("alias").or_else(|| query.owned("id")),
        description: query.owned("description"),
        enabled: match query.text("enabled") {
            None => None,
            Some(_) => Some(query.flag("enabled")?),
        },
        parent: place.above.clone(),
    })
}

/// The class that is there without an entry.
fn usual_class() -> Entry {
    Entry {
        id: USUAL_CLASS.to_owned(),
        description: "Document".to_owned(),
        enabled: true,
        is_hipaa: false,
        parent: None,
    }
}

/// `GET L/classes`.
pub(crate) async fn classes(
    State(app): State<SharedApp>,
    _caller: Caller,
    path: PathValues,
    query: Query,
) -> Result<Response, ApiError> {
    let place = Place::of(&path, &query)?;
    let filter = filter(&place, &query)?;
    let all = Page {
        limit: 9_999,
        ..Page::default()
    };
    let wanted = filter.clone();
    let listed = app
        .read(move |store| {
            let listed = store.lookups(&place.library, Lookup::CLASS, &wanted, &all)?;
            let kept = store.lookup(&place.library, Lookup::CLASS, USUAL_CLASS, None);
            Ok((listed.items, kept.is_ok()))
        })
        .await?;
    let (mut classes, is_there) = listed;
    let usual = usual_class();
    let texts = [usual.id.as_str(), usual.description.as_str()];
    let is_wanted = filter.enabled != Some(false)
        && filter
            .text
            .as_deref()
            .is_none_or(|text| is_like(text, texts))
        && filter
            .id
            .as_deref()
            .is_none_or(|text| is_like(text, [texts[0], texts[0]]))
        && filter
            .description
            .as_deref()
            .is_none_or(|text| is_like(text, [texts[1], texts[1]]));
    if !is_there && is_wanted {
        classes.push(usual);
        classes.sort_by_key(|class| class.id.to_lowercase());
    }
    page_in_memory(&classes, &query, |entry| item(Lookup::CLASS, entry))
}

/// `GET L/classes/{class}/subclasses` and `GET L/customs/{field}/search`.
pub(crate) async fn list(
    State(app): State<SharedApp>,
    caller: Caller,
    path: PathValues,
    query: Query,
) -> Result<Response, ApiError> {
    let place = Place::of(&path, &query)?;
    let page = Paging::of(&query)?.page;
    if is_hidden(&place, &caller) {
        app.store.library(&place.library)?;
        return Ok(respond::array(Vec::<Value>::new(), Some(0), None));
    }
    if place.table == Lookup::SUBCLASS {
        class_is_there(&app, &place)?;
    }
    let filter = filter(&place, &query)?;
    let table = place.table;
    let listed = app
        .read(move |store| store.lookups(&place.library, table, &filter, &page))
        .await?;
    let items = listed
        .items
        .iter()
        .map(|entry| item(table, entry))
        .collect();
    Ok(respond::array(items, listed.total, None))
}

fn class_is_there(app: &App, place: &Place) -> Result<(), ApiError> {
    let class = place.above.as_deref().unwrap_or_default();
    if class.eq_ignore_ascii_case(USUAL_CLASS) {
        app.store.library(&place.library)?;
        return Ok(());
    }
    match app.store.lookup(&place.library, Lookup::CLASS, class, None) {
        Ok(_) => Ok(()),
        Err(chancery_store::StoreError::NotFound("entry")) => Err(ApiError::no_record("class")),
        Err(error) => Err(error.into()),
    }
}

/// `GET` of one entry.
pub(crate) async fn show(
    State(app): State<SharedApp>,
    caller: Caller,
    path: PathValues,
    query: Query,
) -> Result<Response, ApiError> {
    let place = Place::of(&path, &query)?;
    if is_hidden(&place, &caller) {
        return Err(ApiError::no_record("entry"));
    }
    let id = path.get("alias").to_owned();
    let found = app
        .store
        .lookup(&place.library, place.table, &id, place.above.as_deref());
    let entry = match found {
        Err(chancery_store::StoreError::NotFound("entry"))
            if place.table == Lookup::CLASS && id.eq_ignore_ascii_case(USUAL_CLASS) =>
        {
            usual_class()
        }
        found => found?,
    };
    Ok(respond::data(item(place.table, &entry)))
}

fn flag_of_health(fields: Fields<'_>) -> Result<Option<bool>, ApiError> {
    match fields.flag("hipaa")? {
        None => fields.flag("is_hipaa"),
        given => Ok(given),
    }
}

/// `POST` to a table.
pub(crate) async fn add(
    State(app): State<SharedApp>,
    caller: Caller,
    peer: Peer,
    path: PathValues,
    query: Query,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    caller.must_administer()?;
    let place = Place::of(&path, &query)?;
    let fields = Fields(&body);
    let id = fields
        .owned("id")?
        .ok_or_else(|| ApiError::field("id", "it is missing"))?;
    if key_of(&id) == "search" {
        return Err(ApiError::field(
            "id",
            "“search” is part of this table's address",
        ));
    }
    let parent = match fields.object("parent")? {
        Some(parent) => parent.owned("id")?,
        None => fields.owned("parent_alias")?,
    };
    let parent = place.above.clone().or(parent).filter(|id| !id.is_empty());
    let entry = Entry {
        description: fields.owned("description")?.unwrap_or_else(|| id.clone()),
        enabled: fields.flag("enabled")?.unwrap_or(true),
        is_hipaa: flag_of_health(fields)?.unwrap_or(false),
        parent: parent.map(|id| (id, String::new())),
        id,
    };
    let audit = caller.did(&app, &peer, place.said("added", &entry.id));
    let Place { library, table, .. } = place;
    let added = app
        .store
        .add_lookup(library, table, entry, app.now(), audit)
        .await?;
    Ok(respond::created(item(table, &added)))
}

/// `PATCH` of one entry. Its id stays: profiles hold it.
pub(crate) async fn change(
    State(app): State<SharedApp>,
    caller: Caller,
    peer: Peer,
    path: PathValues,
    query: Query,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    caller.must_administer()?;
    let place = Place::of(&path, &query)?;
    let fields = Fields(&body);
    let id = path.get("alias").to_owned();
    if fields
        .text("id")?
        .is_some_and(|given| key_of(given) != key_of(&id))
    {
        return Err(ApiError::field("id", "it stays as it is: profiles hold it"));
    }
    let changes = EntryChanges {
        description: fields.owned("description")?,
        enabled: fields.flag("enabled")?,
        is_hipaa: flag_of_health(fields)?,
    };
    let audit = caller.did(&app, &peer, place.said("changed", &id));
    let Place {
        library,
        table,
        above,
    } = place;
    let changed = app
        .store
        .change_lookup(library, table, (id, above), changes, app.now(), audit)
        .await?;
    Ok(respond::data(item(table, &changed)))
}

/// `DELETE` of one entry.
pub(crate) async fn remove(
    State(app): State<SharedApp>,
    caller: Caller,
    peer: Peer,
    path: PathValues,
    query: Query,
) -> Result<Response, ApiError> {
    caller.must_administer()?;
    let place = Place::of(&path, &query)?;
    let id = path.get("alias").to_owned();
    let audit = caller.did(&app, &peer, place.said("removed", &id));
    let Place {
        library,
        table,
        above,
    } = place;
    app.store
        .remove_lookup(library, table, (id, above), audit)
        .await?;
    Ok(respond::nothing())
}
