//! Workspaces and folders as they travel.

use crate::app::App;
use crate::http::error::ApiError;
use crate::wire::fields::Fields;
use crate::wire::profile;
use chancery_proto::clock::Timestamp;
use chancery_proto::work::DefaultSecurity;
use chancery_store::access::{Access, Principal};
use chancery_store::containers::{Container, ContainerChanges, ContainerKind, NewContainer};
use serde::Serialize;
use serde_json::{Map, Value};

/// Everything a client reads of a workspace or a folder.
#[derive(Debug, Serialize)]
pub(crate) struct ContainerProfile<'a> {
    id: String,
    wstype: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    iwl: Option<String>,
    workspace_id: String,
    workspace_name: &'a str,
    database: &'a str,
    name: &'a str,
    description: &'a str,
    owner: String,
    owner_description: String,
    last_user: String,
    default_security: &'static str,
    effective_security: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    inherited_default_security: Option<&'static str>,
    access: u8,
    has_subfolders: bool,
    has_documents: bool,
    create_date: Timestamp,
    edit_date: Timestamp,
    is_external: bool,
    /// What documents in a folder begin with.
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<Map<String, Value>>,
    #[serde(flatten)]
    own: Own,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

/// What only the one or the other has.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Own {
    Workspace {
        subtype: &'static str,
        document_number: u64,
        version: u32,
        is_declared: bool,
    },
    Folder {
        #[serde(skip_serializing_if = "Option::is_none")]
        parent_id: Option<String>,
        folder_type: &'static str,
        view_type: &'static str,
        is_container_saved_search: bool,
        is_content_saved_search: bool,
    },
}

/// What `who` may do with a workspace or folder. What this server cannot do is
/// false.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct ContainerOperations {
    add_content: bool,
    add_folders: bool,
    add_custom_folders: bool,
    change_name: bool,
    modify: bool,
    #[serde(rename = "move")]
    moving: bool,
    remove: bool,
    remove_folders: bool,
    set_default_security: bool,
    set_security: bool,
    update_content_shortcut: bool,
    default_security_values: &'static [&'static str],
}

pub(crate) fn operations(container: &Container, who: &Principal) -> ContainerOperations {
    let access = container.access(who);
    let writes = access >= Access::ReadWrite;
    let is_workspace = container.kind == ContainerKind::Workspace;
    ContainerOperations {
        // A workspace holds folders only.
        add_content: writes && !is_workspace,
        add_folders: writes,
        add_custom_folders: false,
        change_name: writes,
        modify: writes,
        moving: access >= Access::Full && !is_workspace,
        remove: access >= Access::Full && !container.has_subfolders && !container.has_documents,
        remove_folders: access >= Access::Full,
        set_default_security: access >= Access::ChangeSecurity,
        set_security: access >= Access::ChangeSecurity,
        update_content_shortcut: false,
        default_security_values: if is_workspace {
            &["public", "view", "private"]
        } else {
            &["public", "view", "private", "inherit"]
        },
    }
}

/// A workspace or folder as `who` sees it.
pub(crate) fn container<'a>(
    app: &App,
    host: &str,
    container: &'a Container,
    who: &Principal,
) -> ContainerProfile<'a> {
    let (owner, owner_description) = app.name_of(&container.owner);
    let (last_user, _) = app.name_of(&container.last_user);
    let is_workspace = container.kind == ContainerKind::Workspace;
    let own = if is_workspace {
        Own::Workspace {
            subtype: "work",
            document_number: container.number,
            version: 1,
            is_declared: false,
        }
    } else {
        Own::Folder {
            parent_id: container
                .parent
                .map(|parent| format!("{}!{parent}", container.library)),
            folder_type: "regular",
            view_type: "document",
            is_container_saved_search: false,
            is_content_saved_search: false,
        }
    };
    let mut extra: Map<String, Value> = if container.extra == "{}" {
        Map::new()
    } else {
        serde_json::from_str(&container.extra).unwrap_or_default()
    };
    let given = match extra.remove("profile") {
        Some(Value::Object(given)) => Some(shown(app, given)),
        _ => None,
    };
    if let Some(subclass) = extra.get("subclass").cloned() {
        extra.insert("sub_class".to_owned(), subclass);
    }
    let _ = extra
        .entry("is_external_as_normal")
        .or_insert(Value::Bool(false));
    if is_workspace {
        let _ = extra.entry("is_hipaa").or_insert(Value::Bool(false));
        let _ = extra.entry("retain_days").or_insert(Value::from(365));
    }
    super::document::describe(&mut extra, &container.descriptions);
    for (field, text) in &container.descriptions {
        extra.insert(format!("{field}_description"), Value::from(text.clone()));
    }
    let inherits = container.default_security == DefaultSecurity::Inherit;
    ContainerProfile {
        id: container.id(),
        wstype: if is_workspace { "workspace" } else { "folder" },
        iwl: is_workspace.then(|| {
            format!(
                "iwl:dms={host}&&lib={}&&page={}",
                container.library, container.number
            )
        }),
        workspace_id: format!("{}!{}", container.library, container.workspace),
        workspace_name: &container.workspace_name,
        database: &container.library,
        name: &container.name,
        description: &container.description,
        owner,
        owner_description,
        last_user,
        default_security: container.default_security.as_str(),
        effective_security: container.effective_security.as_str(),
        inherited_default_security: inherits.then(|| container.effective_security.as_str()),
        access: container.access(who).number(),
        has_subfolders: container.has_subfolders,
        has_documents: container.has_documents,
        create_date: container.created,
        edit_date: container.edited,
        is_external: false,
        profile: given,
        own,
        extra,
    }
}

impl ContainerProfile<'_> {
    /// Shows all that documents in it begin with, what comes from above included.
    pub(crate) fn show_defaults(&mut self, app: &App, given: Map<String, Value>) {
        self.profile = Some(shown(app, given));
    }
}

/// People are kept by their keys and travel by their ids.
fn shown(app: &App, mut given: Map<String, Value>) -> Map<String, Value> {
    for name in ["author", "operator"] {
        if let Some(Value::String(key)) = given.get_mut(name) {
            *key = app.name_of(key).0;
        }
    }
    given
}

/// A workspace or folder to be made. It belongs to whoever makes it, unless it says.
pub(crate) fn read_new(
    app: &App,
    fields: Fields<'_>,
    who: &Principal,
    security: DefaultSecurity,
) -> Result<NewContainer, ApiError> {
    let Some(name) = fields.owned("name")? else {
        return Err(ApiError::field("name", "it is missing"));
    };
    Ok(NewContainer {
        name,
        description: description(fields)?.unwrap_or_default(),
        owner: profile::person(app, fields, "owner")?.unwrap_or_else(|| who.user.clone()),
        default_security: fields.security("default_security")?.unwrap_or(security),
        extra: extras(app, fields, "{}")?.unwrap_or_else(|| "{}".to_owned()),
    })
}

/// What is to change of a workspace or folder.
pub(crate) fn read_changes(
    app: &App,
    fields: Fields<'_>,
    before: &Container,
) -> Result<ContainerChanges, ApiError> {
    Ok(ContainerChanges {
        name: fields.owned("name")?,
        description: description(fields)?,
        owner: profile::person(app, fields, "owner")?,
        default_security: fields.security("default_security")?,
        extra: extras(app, fields, &before.extra)?,
    })
}

/// Texts that containers keep beside their custom fields.
const KEPT: [&str; 2] = ["class", "subclass"];

/// The custom fields, the class and subclass, and what documents begin with.
fn extras(app: &App, fields: Fields<'_>, before: &str) -> Result<Option<String>, ApiError> {
    let custom = profile::extras(fields, before)?;
    let mut changed = custom.is_some();
    let before = custom.as_deref().unwrap_or(before);
    let mut extra: Map<String, Value> = serde_json::from_str(before).unwrap_or_default();
    for name in KEPT {
        let Some(text) = profile::table_text(fields, name)? else {
            continue;
        };
        changed = true;
        if text.is_empty() {
            extra.remove(name);
        } else {
            extra.insert(name.to_owned(), Value::from(text));
        }
    }
    if let Some(given) = fields.object("profile")? {
        changed = true;
        let own = extra.get("profile").map(Value::to_string);
        let own = defaults(app, given, own.as_deref().unwrap_or("{}"))?;
        extra.insert("profile".to_owned(), Value::Object(own));
    }
    Ok(changed.then(|| Value::Object(extra).to_string()))
}

/// What documents in a folder begin with, as somebody gives it: laid over what
/// was there; an empty text takes a field away.
fn defaults(app: &App, given: Fields<'_>, before: &str) -> Result<Map<String, Value>, ApiError> {
    let custom = profile::extras(given, before)?;
    let mut own: Map<String, Value> =
        serde_json::from_str(custom.as_deref().unwrap_or(before)).unwrap_or_default();
    for name in KEPT {
        if let Some(text) = profile::table_text(given, name)? {
            own.insert(name.to_owned(), Value::from(text));
        }
    }
    for name in ["author", "operator"] {
        if given.text(name)? == Some("") {
            own.remove(name);
        } else if let Some(key) = profile::person(app, given, name)? {
            own.insert(name.to_owned(), Value::from(key));
        }
    }
    own.retain(|_, value| value.as_str() != Some(""));
    Ok(own)
}

fn description(fields: Fields<'_>) -> Result<Option<String>, ApiError> {
    let description = fields.owned("description")?;
    if let Some(text) = &description
        && (text.chars().count() > 2_000 || text.contains('\0'))
    {
        return Err(ApiError::field(
            "description",
            "it has at most 2,000 characters and no NUL",
        ));
    }
    Ok(description)
}
