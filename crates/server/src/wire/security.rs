//! Who has what access, as it travels.

use crate::app::App;
use crate::http::error::ApiError;
use crate::wire::fields::Fields;
use chancery_proto::work::DefaultSecurity;
use chancery_store::access::{Access, Because};
use chancery_store::entries::{Entries, Trustee};
use chancery_store::explaining::Explanation;
use chancery_store::groups::Group;
use chancery_store::security::{Security, SecurityChanges};
use chancery_store::users::key_of;
use serde_json::{Map, Value, json};

/// One entry. `groups` are all there are.
fn entry(
    app: &App,
    trustee: &Trustee,
    access: Access,
    is_inherited: bool,
    groups: &[Group],
) -> Value {
    let (id, name, kind, is_external, enabled) = match trustee {
        Trustee::User(key) => {
            let person = app.identity.person(key);
            let (id, name) = app.name_of(key);
            let is_external = person.as_ref().is_some_and(|person| person.is_external);
            let enabled = person.is_some_and(|person| person.enabled);
            (id, name, "user", is_external, enabled)
        }
        Trustee::Group(key) => match groups.iter().find(|group| group.key() == *key) {
            Some(group) => (
                group.id.clone(),
                group.full_name.clone(),
                "group",
                group.is_external,
                group.enabled,
            ),
            None => (key.clone(), String::new(), "group", false, false),
        },
    };
    json!({
        "id": id,
        "name": name,
        "type": kind,
        "access_level": access.as_str(),
        "access": access.number(),
        "sid": id,
        "is_external": is_external,
        "allow_logon": kind == "user" && enabled,
        "enabled": enabled,
        "has_restricted_member": false,
        "is_inherited": is_inherited,
    })
}

/// The list of entries, with the default beside it.
pub(crate) fn security(app: &App, security: &Security, groups: &[Group]) -> Value {
    let entries: Vec<Value> = security
        .entries
        .iter()
        .map(|(trustee, access)| {
            let is_own = security.own.get(trustee) == Some(access);
            entry(app, trustee, *access, !is_own, groups)
        })
        .collect();
    let mut answer = Map::new();
    answer.insert("total_count".to_owned(), Value::from(entries.len()));
    answer.insert("data".to_owned(), Value::from(entries));
    answer.insert(
        "default_security".to_owned(),
        Value::from(security.default_security.as_str()),
    );
    if security.default_security == DefaultSecurity::Inherit {
        answer.insert(
            "inherited_default_security".to_owned(),
            Value::from(security.effective_security.as_str()),
        );
    }
    Value::Object(answer)
}

fn trustee(fields: Fields<'_>, list: &str) -> Result<Trustee, ApiError> {
    let id = fields
        .text("id")?
        .map(key_of)
        .filter(|id| !id.is_empty())
        .ok_or_else(|| ApiError::field(list, "each has an id"))?;
    match fields.text("type")? {
        Some("user") => Ok(Trustee::User(id)),
        Some("group") => Ok(Trustee::Group(id)),
        _ => Err(ApiError::field(list, "each has the type user or group")),
    }
}

fn level(fields: Fields<'_>) -> Result<Access, ApiError> {
    fields
        .text("access_level")?
        .and_then(Access::from_name)
        .filter(|access| *access <= Access::Full)
        .ok_or_else(|| {
            ApiError::field(
                "access_level",
                "it has to be no_access, read, read_write or full_access",
            )
        })
}

fn objects<'a>(fields: Fields<'a>, list: &str) -> Result<Vec<Fields<'a>>, ApiError> {
    let object = |value: &'a Value| match value {
        Value::Object(object) => Ok(Fields(object)),
        _ => Err(ApiError::field(list, "it has to be a list of objects")),
    };
    let array = fields.array(list)?.unwrap_or_default();
    array.iter().map(object).collect()
}

/// Who is given access to what is uploaded: `user_trustees`, `group_trustees`.
pub(crate) fn read_trustees(fields: Fields<'_>) -> Result<Entries, ApiError> {
    let mut entries = Entries::new();
    for (list, kind) in [
        ("user_trustees", Trustee::User as fn(String) -> Trustee),
        ("group_trustees", Trustee::Group),
    ] {
        for one in objects(fields, list)? {
            let id = one.text("id")?.map(key_of).filter(|id| !id.is_empty());
            let id = id.ok_or_else(|| ApiError::field(list, "each has an id"))?;
            if entries.insert(kind(id), level(one)?).is_some() {
                return Err(ApiError::field(list, "nobody is in it twice"));
            }
        }
    }
    Ok(entries)
}

/// What a client wants to have changed.
pub(crate) fn read_changes(fields: Fields<'_>) -> Result<SecurityChanges, ApiError> {
    let mut include = Entries::new();
    for one in objects(fields, "include")? {
        if include
            .insert(trustee(one, "include")?, level(one)?)
            .is_some()
        {
            return Err(ApiError::field("include", "nobody is in it twice"));
        }
    }
    let mut remove = Vec::new();
    for one in objects(fields, "remove")? {
        let trustee = trustee(one, "remove")?;
        if include.contains_key(&trustee) || remove.contains(&trustee) {
            return Err(ApiError::field(
                "remove",
                "nobody is in it twice, or in include too",
            ));
        }
        remove.push(trustee);
    }
    Ok(SecurityChanges {
        default_security: fields.security("default_security")?,
        include,
        remove,
    })
}

/// Why somebody may do what they may, for a person to read.
fn sentence(explained: &Explanation) -> String {
    let text = match explained.because {
        Because::Server => "The server may do everything.".to_owned(),
        Because::Wall => format!(
            "It is behind the wall “{}”, and they are not inside.",
            explained.walls.join("”, “")
        ),
        Because::Administrator => "They signed in as an administrator.".to_owned(),
        Because::Owner => "It is theirs.".to_owned(),
        Because::Entry => match &explained.entry {
            Some(Trustee::Group(key)) => {
                format!("They are in the group “{key}”, which has an entry.")
            }
            _ => "They have an entry of their own.".to_owned(),
        },
        Because::Outside => {
            "They are from outside, and neither they nor a group of theirs has an entry.".to_owned()
        }
        Because::Default => format!(
            "Neither they nor a group of theirs has an entry, and the default is {}.",
            explained.security.as_str()
        ),
    };
    if explained.enabled {
        text
    } else {
        format!("{text} They may not sign in at present.")
    }
}

/// What somebody may do, and why.
pub(crate) fn explanation(explained: &Explanation) -> Value {
    let because = match explained.because {
        Because::Server => "server",
        Because::Wall => "wall",
        Because::Administrator => "administrator",
        Because::Owner => "owner",
        Because::Entry => "entry",
        Because::Outside => "outside",
        Because::Default => "default",
    };
    json!({
        "access": explained.access.number(),
        "access_level": explained.access.as_str(),
        "because": because,
        "explanation": sentence(explained),
    })
}

#[cfg(test)]
mod tests {
    use super::{read_changes, sentence};
    use crate::wire::fields::Fields;
    use chancery_proto::work::DefaultSecurity;
    use chancery_store::access::{Access, Because};
    use chancery_store::entries::Trustee;
    use chancery_store::explaining::Explanation;
    use serde_json::{Value, json};

    fn read(body: &Value) -> Result<usize, String> {
        let object = body.as_object().expect("an object");
        let read = read_changes(Fields(object));
        read.map(|changes| changes.include.len() + changes.remove.len())
            .map_err(|error| error.body.message)
    }

    #[test]
    fn changes_are_read_and_what_cannot_be_meant_is_refused() {
        let good = json!({
            "default_security": "private",
            "include": [{"id": "Ann", "access_level": "read", "type": "user"},
                        {"id": "Partners", "access_level": "full_access", "type": "group"}],
            "remove": [{"id": "bob", "type": "user"}],
        });
        assert_eq!(read(&good), Ok(3));
        assert_eq!(read(&json!({})), Ok(0));
        let ann = json!({"id": "ann", "type": "user", "access_level": "read"});
        for (body, part) in [
            (
                json!({"include": ann}),
                "“include” cannot be used: it has to be a list.",
            ),
            (json!({"include": ["ann"]}), "a list of objects"),
            (
                json!({"include": [{"type": "user", "access_level": "read"}]}),
                "each has an id",
            ),
            (
                json!({"include": [{"id": "ann", "access_level": "read"}]}),
                "user or group",
            ),
            (
                json!({"include": [{"id": "ann", "type": "user"}]}),
                "no_access, read,",
            ),
            (
                json!({"include": [{"id": "ann", "type": "user", "access_level": "change_security"}]}),
                "no_access, read,",
            ),
            (json!({"include": [ann, ann]}), "nobody is in it twice"),
            (
                json!({"include": [ann], "remove": [ann]}),
                "nobody is in it twice",
            ),
            (
                json!({"default_security": "open"}),
                "public, view, private or inherit",
            ),
        ] {
            let told = read(&body).expect_err("refused");
            assert!(told.contains(part), "{body}: {told}");
        }
    }

    #[test]
    fn an_explanation_is_a_sentence() {
        let explained = Explanation {
            access: Access::None,
            because: Because::Wall,
            entry: None,
            walls: vec!["Merger".to_owned(), "Board".to_owned()],
            security: DefaultSecurity::Public,
            enabled: true,
        };
        assert_eq!(
            sentence(&explained),
            "It is behind the wall “Merger”, “Board”, and they are not inside."
        );
        let by_group = Explanation {
            because: Because::Entry,
            entry: Some(Trustee::Group("partners".to_owned())),
            enabled: false,
            ..explained
        };
        assert_eq!(
            sentence(&by_group),
            "They are in the group “partners”, which has an entry. They may not sign in at present."
        );
    }
}
