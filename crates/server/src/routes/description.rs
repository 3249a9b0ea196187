//! The published description of the API (OpenAPI 3.1), made of the same doors as
//! the routes.

use super::doors::{Door, Gives, Takes, Who};
use http::Method;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Where a door is as callers know it.
pub(crate) fn address(door: &Door) -> String {
    let path = door
        .path
        .replace("{cid}", "{customer}")
        .replace("{lib}", "{library}");
    match path.strip_prefix("/api/v2/") {
        Some(rest) => format!("/work/api/v2/{rest}"),
        None => path,
    }
}

/// The names in braces.
fn parameters_in(address: &str) -> Vec<&str> {
    let parts = address.split('{').skip(1);
    parts.filter_map(|part| part.split('}').next()).collect()
}

fn example(name: &str) -> &'static str {
    match name {
        "customer" => "1",
        "library" => "ACTIVE",
        "id" | "document" | "other" => "ACTIVE!12.1",
        "field" => "custom1",
        _ => "name",
    }
}

fn operation_id(door: &Door, address: &str) -> String {
    let mut id = door.method.as_str().to_ascii_lowercase();
    let words = address
        .trim_start_matches("/work/api/v2/customers/{customer}")
        .split(['/', '{', '}', '-', '.', '_']);
    for word in words.filter(|word| !word.is_empty()) {
        let (first, rest) = word.split_at(1);
        id.push_str(&first.to_ascii_uppercase());
        id.push_str(rest);
    }
    id
}

fn body(takes: Takes) -> Option<Value> {
    let fields = |names: &[&str]| -> Map<String, Value> {
        names
            .iter()
            .map(|name| ((*name).to_owned(), json!({})))
            .collect()
    };
    let (kind, schema) = match takes {
        Takes::Nothing => return None,
        Takes::Json(names) => (
            "application/json",
            json!({"type": "object", "properties": fields(names)}),
        ),
        Takes::Form(names) => (
            "application/x-www-form-urlencoded",
            json!({"type": "object", "properties": fields(names)}),
        ),
        Takes::Upload => (
            "multipart/form-data",
            json!({"type": "object", "required": ["file"], "properties": {
                "profile": {"$ref": "#/components/schemas/UploadProfile"},
                "file": {"type": "string", "format": "binary"},
            }}),
        ),
    };
    Some(json!({"content": {kind: {"schema": schema}}}))
}

fn answers(door: &Door) -> Value {
    let of = |schema: &str| json!({"application/json": {"schema": {"$ref": format!("#/components/schemas/{schema}")}}});
    let (status, content) = match door.gives {
        Gives::Data => ("200", Some(of("Data"))),
        Gives::Made => ("201", Some(of("Data"))),
        Gives::Array => ("200", Some(of("Array"))),
        Gives::Results => ("200", Some(of("Results"))),
        Gives::Nothing => ("200", None),
        Gives::Json => (
            "200",
            Some(json!({"application/json": {"schema": {"type": "object"}}})),
        ),
        Gives::Bytes => (
            "200",
            Some(
                json!({"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}),
            ),
        ),
        Gives::Events => (
            "200",
            Some(json!({"text/event-stream": {"schema": {"type": "string"}}})),
        ),
        Gives::Page => (
            "200",
            Some(json!({"text/html": {"schema": {"type": "string"}}})),
        ),
    };
    let mut done = json!({"description": "Done"});
    if let Some(content) = content {
        done["content"] = content;
    }
    let mut all = Map::new();
    all.insert(status.to_owned(), done);
    let mut refused = vec![("400", "Refused")];
    if door.who != Who::Anyone {
        refused.extend([
            ("401", "NoSession"),
            ("403", "NoAccess"),
            ("404", "NotThere"),
        ]);
        refused.extend([("429", "TooMany"), ("503", "Later")]);
    }
    for (status, name) in refused {
        let answer = json!({"$ref": format!("#/components/responses/{name}")});
        all.insert(status.to_owned(), answer);
    }
    Value::Object(all)
}

fn operation(door: &Door, address: &str) -> Value {
    let in_path = parameters_in(address).into_iter().map(|name| {
        json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"},
            "example": example(name)})
    });
    let in_query = door
        .asks
        .iter()
        .map(|name| json!({"name": name, "in": "query", "schema": {"type": "string"}}));
    let parameters: Vec<Value> = in_path.chain(in_query).collect();
    let mut operation = json!({
        "operationId": operation_id(door, address),
        "summary": door.says,
        "responses": answers(door),
    });
    if !parameters.is_empty() {
        operation["parameters"] = Value::from(parameters);
    }
    if let Some(body) = body(door.takes) {
        operation["requestBody"] = body;
    }
    match door.who {
        Who::Anyone => operation["security"] = json!([]),
        Who::Session => {}
        Who::Administrator => {
            operation["description"] = json!("For administrators who signed in as such.");
            operation["x-administrators"] = json!(true);
        }
    }
    operation
}

fn schemas() -> Value {
    let error = json!({"type": "object", "required": ["error"], "properties": {"error": {
    "type": "object", "required": ["code", "code_message", "message", "messages"], "properties": {
        "code": {"type": "string", "examples": ["NRC_NO_RECORD", "NRC_INVALID_PARAM", "LoginFailed"]},
        "code_message": {"type": "string"},
        "message": {"type": "string"},
        "messages": {"type": "array", "items": {"type": "object", "properties": {
            "field": {"type": "string"}, "code": {"type": "string"}, "code_message": {"type": "string"}}}},
        "dms_version": {"type": "string"},
        "transaction": {"type": "string"},
    }}}});
    json!({
        "Error": error,
        "Data": {"type": "object", "required": ["data"], "properties": {
            "data": {"type": "object"},
            "warnings": {"type": "array", "items": {"type": "object"}}}},
        "Array": {"type": "object", "required": ["data"], "properties": {
            "data": {"type": "array", "items": {}},
            "total_count": {"type": "integer"},
            "overflow": {"type": "boolean"}}},
        "Results": {"type": "object", "required": ["data"], "properties": {
            "data": {"type": "object", "required": ["results"], "properties": {
                "results": {"type": "array", "items": {"type": "object"}}}},
            "cursor": {"type": "string"},
            "total_count": {"type": "integer"}}},
        "UploadProfile": {"type": "object", "properties": {
            "doc_profile": {"type": "object"},
            "keep_locked": {"type": "boolean"},
            "inherit_profile_from_folder": {"type": "boolean"},
            "user_trustees": {"type": "array", "items": {"type": "object"}},
            "group_trustees": {"type": "array", "items": {"type": "object"}}}},
    })
}

fn responses() -> Value {
    let of = |what: &str| {
        json!({"description": what, "content": {"application/json": {
        "schema": {"$ref": "#/components/schemas/Error"}}}})
    };
    json!({
        "Refused": of("Something about the request cannot be: the field and the reason are told"),
        "NoSession": of("There is no living session"),
        "NoAccess": of("The caller may see it but not do this"),
        "NotThere": of("It is not there, or the caller may not know that it is"),
        "TooMany": of("The person makes more requests than one may"),
        "Later": of("A part is gone for the moment: wait as long as Retry-After says"),
    })
}

/// The whole description.
pub(crate) fn openapi() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for door in super::every_door() {
        let address = address(&door);
        let operation = operation(&door, &address);
        let at = paths.entry(address).or_insert_with(|| json!({}));
        at[door.method.as_str().to_ascii_lowercase()] = operation;
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Chancery Work API",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Documents, workspaces, folders, and who may do what with them",
            "description": "The same paths are served without /work and below /work/web. What is described in sentences is in docs/admin.",
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": "http://127.0.0.1:8480"}],
        "security": [{"token": []}, {"bearer": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {"type": "apiKey", "in": "header", "name": "X-Auth-Token"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
            "schemas": schemas(),
            "responses": responses(),
        },
    })
}

/// The same as a page to read.
pub(crate) fn page() -> String {
    let mut page = String::from(
        "# API reference\n\n\
         Written by `chancery-server api --markdown`. The machine-readable description is\n\
         [openapi.json](openapi.json) (OpenAPI 3.1), the rules behind it are in the\n\
         [administration guide](admin/README.md). `C` is `/work/api/v2/customers/1`, `L` is\n\
         `C/libraries/{library}`; the same is served without `/work` and below `/work/web`.\n\
         Who: *all* needs no session, *admin* a session of an administrator.\n\n\
         | call | what | who | behind `?` | sent |\n|---|---|---|---|---|\n",
    );
    let mut seen = BTreeSet::new();
    for door in super::every_door() {
        let address = address(&door)
            .replace("/work/api/v2/customers/{customer}/libraries/{library}", "L")
            .replace("/work/api/v2/customers/{customer}", "C");
        let who = match door.who {
            Who::Anyone => "all",
            Who::Session => "",
            Who::Administrator => "admin",
        };
        let sent = match door.takes {
            Takes::Nothing | Takes::Json([]) | Takes::Form([]) => String::new(),
            Takes::Json(names) | Takes::Form(names) => named(names),
            Takes::Upload => "a profile and a file (multipart)".to_owned(),
        };
        let method: &Method = &door.method;
        let line = format!(
            "| `{method} {address}` | {} | {who} | {} | {sent} |\n",
            door.says,
            named(door.asks)
        );
        if seen.insert(line.clone()) {
            page.push_str(&line);
        }
    }
    page
}

fn named(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(" ")
}

#[cfg(test)]
mod tests {
    use super::{address, openapi, page};
    use std::collections::BTreeSet;

    const AGAIN: &str = "write it anew: chancery-server api > docs/openapi.json; chancery-server api --markdown > docs/api.md";

    #[test]
    fn the_published_description_is_that_of_the_routes() {
        let published: serde_json::Value =
            serde_json::from_str(include_str!("../../../../docs/openapi.json")).expect("JSON");
        assert!(published == openapi(), "{AGAIN}");
        assert!(include_str!("../../../../docs/api.md") == page(), "{AGAIN}");
    }

    #[test]
    fn every_operation_has_a_name_of_its_own_and_says_what_it_does() {
        let described = openapi();
        let paths = described["paths"].as_object().expect("paths");
        let mut names = BTreeSet::new();
        let mut count = 0;
        for operations in paths.values() {
            for operation in operations.as_object().expect("operations").values() {
                count += 1;
                let name = operation["operationId"].as_str().expect("a name");
                assert!(names.insert(name.to_owned()), "{name} is there twice");
                assert!(
                    operation["summary"]
                        .as_str()
                        .is_some_and(|says| says.len() > 5)
                );
            }
        }
        assert_eq!(
            count,
            crate::routes::every_door().len(),
            "no door hides another"
        );
    }

    #[test]
    fn addresses_are_those_that_callers_use() {
        let all: BTreeSet<String> = crate::routes::every_door().iter().map(address).collect();
        for one in [
            "/api",
            "/api/v1/session/login",
            "/auth/oauth2/token",
            "/work/api/v2/customers/{customer}/documents",
            "/work/api/v2/customers/{customer}/libraries/{library}/documents/{id}/file",
        ] {
            assert!(all.contains(one), "{one}");
        }
    }
}
