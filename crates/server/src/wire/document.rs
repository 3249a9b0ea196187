//! A document's profile as it travels.

use crate::app::App;
use crate::wire::types;
use chancery_proto::clock::Timestamp;
use chancery_store::access::{Access, Principal};
use chancery_store::documents::Version;
use chancery_store::locks::{Lock, LockKind};
use chancery_store::lookups::Descriptions;
use serde::Serialize;
use serde_json::{Map, Value};

/// Everything a client reads of a document. Both spellings of a field where
/// both are read.
#[derive(Debug, Serialize)]
pub(crate) struct DocumentProfile<'a> {
    id: String,
    wstype: &'static str,
    iwl: String,
    database: &'a str,
    document_number: u64,
    version: u32,
    name: &'a str,
    extension: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    type_description: &'a str,
    class: &'a str,
    class_description: String,
    subclass: &'a str,
    sub_class: &'a str,
    subclass_description: String,
    author: String,
    author_description: String,
    operator: String,
    operator_description: String,
    last_user: String,
    last_user_description: String,
    default_security: &'static str,
    effective_security: &'static str,
    access: u8,
    size: u64,
    content_type: &'static str,
    create_date: Timestamp,
    edit_date: Timestamp,
    edit_profile_date: Timestamp,
    file_create_date: Timestamp,
    file_edit_date: Timestamp,
    comment: &'a str,
    checksum: String,
    workspace_id: String,
    workspace_name: &'a str,
    is_latest: bool,
    latest: u32,
    is_checked_out: bool,
    is_in_use: bool,
    in_use: bool,
    is_declared: bool,
    declared: bool,
    is_external: bool,
    is_restorable: bool,
    is_related: bool,
    has_attachment: bool,
    #[serde(flatten)]
    in_use_by: Option<InUse>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

/// Who has a document.
#[derive(Debug, Serialize)]
pub(crate) struct InUse {
    in_use_by: String,
    in_use_by_description: String,
    lock_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    checkout_date: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checkout_due_date: Option<Timestamp>,
    checkout_comment: String,
    checkout_path: String,
    checkout_location: String,
    checkout_appname: String,
}

/// Who has it, as it travels.
pub(crate) fn in_use(app: &App, lock: &Lock) -> InUse {
    let (in_use_by, in_use_by_description) = app.name_of(&lock.user);
    let said = &lock.said;
    InUse {
        in_use_by,
        in_use_by_description,
        lock_type: match said.kind {
            LockKind::Lock => "lock",
            LockKind::CheckOut => "checkout",
        },
        checkout_date: Some(lock.since),
        checkout_due_date: said.due,
        checkout_comment: said.comment.clone(),
        checkout_path: said.path.clone(),
        checkout_location: said.location.clone(),
        checkout_appname: said.application.clone(),
    }
}

/// Fields that are there even when nobody set them.
fn extra_of(text: &str, descriptions: &Descriptions) -> Map<String, Value> {
    let mut extra: Map<String, Value> = if text == "{}" {
        Map::new()
    } else {
        serde_json::from_str(text).unwrap_or_default()
    };
    for (name, value) in [
        ("is_hipaa", Value::Bool(false)),
        ("is_external_as_normal", Value::Bool(false)),
        ("retain_days", Value::from(365)),
    ] {
        extra.entry(name).or_insert(value);
    }
    describe(&mut extra, descriptions);
    extra
}

/// What people read for a value: without an entry in a table it describes itself.
fn described(descriptions: &Descriptions, field: &str, value: &str) -> String {
    let found = descriptions.iter().find(|(name, _)| *name == field);
    found.map_or_else(|| value.to_owned(), |(_, text)| text.clone())
}

/// Puts a description beside each custom field that stands for a name.
pub(crate) fn describe(extra: &mut Map<String, Value>, descriptions: &Descriptions) {
    for name in DESCRIBED {
        if let Some(Value::String(alias)) = extra.get(name) {
            let description = described(descriptions, name, alias);
            extra.insert(format!("{name}_description"), Value::from(description));
        }
    }
}

/// Custom fields that carry a description beside their alias.
const DESCRIBED: [&str; 15] = [
    "custom1", "custom2", "custom3", "custom4", "custom5", "custom6", "custom7", "custom8",
    "custom9", "custom10", "custom11", "custom12", "custom29", "custom30", "custom31",
];

/// The host of the links that name a document; clients parse them as a URI.
pub(crate) fn iwl(host: &str, version: &Version) -> String {
    format!(
        "iwl:dms={host}&&lib={}&&num={}&&ver={}",
        version.library, version.number, version.version
    )
}

/// A document as `who` sees it.
pub(crate) fn profile<'a>(
    app: &App,
    host: &str,
    version: &'a Version,
    who: &Principal,
) -> DocumentProfile<'a> {
    let (author, author_description) = app.name_of(&version.author);
    let (operator, operator_description) = app.name_of(&version.operator);
    let (last_user, last_user_description) = app.name_of(&version.last_user);
    let kind = types::of_alias(&version.kind).unwrap_or(types::OTHER);
    let checksum = format!(
        "SHA256:{}",
        chancery_content::hex(&version.hash).to_uppercase()
    );
    DocumentProfile {
        id: format!("{}!{}.{}", version.library, version.number, version.version),
        wstype: if types::is_mail(&version.extension) {
            "email"
        } else {
            "document"
        },
        iwl: iwl(host, version),
        database: &version.library,
        document_number: version.number,
        version: version.version,
        name: &version.name,
        extension: &version.extension,
        kind: &version.kind,
        type_description: kind.description,
        class: &version.class,
        class_description: described(&version.descriptions, "class", &version.class),
        subclass: &version.subclass,
        sub_class: &version.subclass,
        subclass_description: described(&version.descriptions, "subclass", &version.subclass),
        author,
        author_description,
        operator,
        operator_description,
        last_user,
        last_user_description,
        default_security: version.default_security.as_str(),
        effective_security: version.effective_security.as_str(),
        access: version.access(who).number(),
        size: version.size,
        content_type: "D",
        create_date: version.created,
        edit_date: version.edited,
        edit_profile_date: version.profile_edited,
        file_create_date: version.file_created,
        file_edit_date: version.file_edited,
        comment: &version.comment,
        checksum,
        workspace_id: format!("{}!{}", version.library, version.workspace),
        workspace_name: &version.workspace_name,
        is_latest: version.version == version.latest,
        latest: version.latest,
        is_checked_out: version
            .lock
            .as_ref()
            .is_some_and(|lock| lock.said.kind == LockKind::CheckOut),
        is_in_use: version.lock.is_some(),
        in_use: version.lock.is_some(),
        is_declared: false,
        declared: false,
        is_external: false,
        is_restorable: false,
        is_related: version.is_related,
        has_attachment: false,
        in_use_by: version.lock.as_ref().map(|lock| in_use(app, lock)),
        extra: extra_of(&version.extra, &version.descriptions),
    }
}

/// What `who` may do with a document. What this server cannot do is false.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct DocumentOperations {
    archive: bool,
    copy: bool,
    create_new_version: bool,
    declare: bool,
    delete: bool,
    freeze: bool,
    lock: bool,
    #[serde(rename = "move")]
    moving: bool,
    relate: bool,
    replace: bool,
    restore: bool,
    set_security: bool,
    undeclare: bool,
    unfreeze: bool,
    unlock: bool,
    update: bool,
}

pub(crate) fn operations(version: &Version, who: &Principal) -> DocumentOperations {
    let access = version.access(who);
    let own = |lock: &Lock| lock.user == who.user;
    let is_free = version.lock.as_deref().is_none_or(own);
    let writes = access >= Access::ReadWrite;
    DocumentOperations {
        archive: false,
        copy: access >= Access::Read,
        create_new_version: writes,
        declare: false,
        delete: access >= Access::Full && is_free,
        freeze: false,
        lock: writes && version.lock.is_none(),
        moving: access >= Access::Full && is_free,
        relate: writes,
        replace: writes && is_free,
        restore: false,
        set_security: access >= Access::ChangeSecurity,
        undeclare: false,
        unfreeze: false,
        unlock: version
            .lock
            .as_deref()
            .is_some_and(|lock| own(lock) || who.administrator),
        update: writes && is_free,
    }
}
