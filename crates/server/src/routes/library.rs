//! What is served below one library.

use super::doors::{Door, Gives, Takes, delete, get, patch, post, put};
use super::{
    captions, changes, containers, documents, download, folders, history, libraries, locks, moving,
    pairs, related, security, shortcuts, tables, trash, upload, workspaces,
};

/// A part of a list.
pub(crate) const PAGE: &[&str] = &[
    "limit",
    "offset",
    "total",
    "paging_mode",
    "cursor",
    "sort_order",
];
/// Which documents are meant, and a part of them.
pub(crate) const DOCUMENTS: &[&str] = &[
    "name",
    "anywhere",
    "author",
    "operator",
    "owner",
    "user",
    "last_user",
    "class",
    "subclass",
    "type",
    "extension",
    "document_number",
    "document_version",
    "container_id",
    "include_subtree",
    "create_date",
    "create_date_from",
    "create_date_to",
    "edit_date",
    "edit_date_from",
    "edit_date_to",
    "custom1",
    "custom2",
    "latest",
    "email_only",
    "exclude_emails",
    "in_use",
    "checked_out",
    "in_use_by",
    "limit",
    "offset",
    "total",
    "paging_mode",
    "cursor",
    "sort_order",
];
/// Which workspaces or folders are meant, and a part of them.
pub(crate) const CONTAINERS: &[&str] = &[
    "name",
    "description",
    "name_or_description",
    "anywhere",
    "owner",
    "include_ids",
    "workspace_name",
    "create_date",
    "edit_date",
    "custom1",
    "custom2",
    "limit",
    "offset",
    "total",
    "paging_mode",
    "cursor",
    "sort_order",
];
const SEARCH: &[&str] = &["filters", "profile_fields", "limit", "timezone_offset"];
const PROFILE: &[&str] = &[
    "name",
    "type",
    "class",
    "subclass",
    "author",
    "operator",
    "comment",
    "default_security",
    "custom1",
    "custom2",
    "file_create_date",
    "file_edit_date",
    "retain_days",
    "keep_locked",
];
const CONTAINER: &[&str] = &[
    "name",
    "description",
    "owner",
    "default_security",
    "subclass",
    "custom1",
    "custom2",
    "profile",
];
const HISTORY: &[&str] = &[
    "activity",
    "user",
    "all_versions",
    "activity_date_start",
    "activity_date_end",
    "limit",
    "offset",
    "total",
];
const ENTRIES: &[&str] = &[
    "query",
    "alias",
    "description",
    "enabled",
    "parent_alias",
    "limit",
    "offset",
    "total",
];
const ENTRY: &[&str] = &["id", "description", "enabled", "hipaa", "parent"];

fn of_documents() -> Vec<Door> {
    vec![
        get(
            "/documents",
            "Documents of the library",
            documents::list_in_library,
        )
        .asks(DOCUMENTS)
        .gives(Gives::Results),
        post(
            "/documents/search",
            "Find documents, with the fields that are asked for",
            documents::search,
        )
        .fields(SEARCH)
        .gives(Gives::Array),
        get(
            "/documents/checked-out",
            "What the caller has checked out or locked",
            locks::checked_out_in_library,
        )
        .asks(PAGE)
        .gives(Gives::Results),
        post(
            "/documents/parents",
            "The folders that each of several documents is in",
            moving::parents,
        )
        .fields(&["document_numbers", "limit"])
        .gives(Gives::Array),
        get(
            "/documents/{id}",
            "The profile of a version",
            documents::profile,
        )
        .asks(&[
            "include_operations",
            "is_latest",
            "parent_id",
            "profile_check",
        ]),
        patch("/documents/{id}", "Change a profile", documents::update).fields(PROFILE),
        delete(
            "/documents/{id}",
            "Delete that version; it goes to the trash",
            documents::delete,
        ),
        get(
            "/documents/{id}/operations",
            "What the caller may do with a document",
            documents::operations,
        ),
        get(
            "/documents/{id}/download",
            "A document's bytes",
            download::download,
        )
        .asks(&["activity", "latest", "version"])
        .gives(Gives::Bytes),
        get(
            "/documents/{id}/download/{name}",
            "The same, under a file's name",
            download::download,
        )
        .asks(&["activity", "latest", "version"])
        .gives(Gives::Bytes),
        get(
            "/documents/{id}/versions",
            "The versions of a document, newest first",
            documents::versions,
        )
        .asks(PAGE)
        .gives(Gives::Array),
        post(
            "/documents/{id}/versions",
            "Add a version",
            upload::new_version,
        )
        .takes(Takes::Upload)
        .gives(Gives::Made),
        put(
            "/documents/{id}/file",
            "Give a version other bytes",
            upload::replace_file,
        )
        .takes(Takes::Upload),
        post("/documents/{id}/lock", "Lock a version", locks::lock)
            .fields(&["comments", "due_date", "path", "location"]),
        delete(
            "/documents/{id}/lock",
            "Release a lock or check-out",
            locks::unlock,
        ),
        get(
            "/documents/{id}/checkout",
            "Who has checked a version out",
            locks::details,
        ),
        post(
            "/documents/{id}/checkout",
            "Check a version out: its bytes",
            locks::check_out,
        )
        .fields(&["appname", "comments", "due_date", "location", "path"])
        .gives(Gives::Bytes),
        delete(
            "/documents/{id}/checkout",
            "Release a check-out without new bytes",
            locks::unlock,
        ),
        get(
            "/documents/{id}/history",
            "What was done with a document, the last first",
            history::lines,
        )
        .asks(HISTORY)
        .gives(Gives::Array),
        get(
            "/documents/{id}/history/activities",
            "How often what was done",
            history::activities,
        )
        .asks(HISTORY)
        .gives(Gives::Array),
        get(
            "/documents/{id}/history/users",
            "Who did how much",
            history::users,
        )
        .asks(HISTORY)
        .gives(Gives::Array),
        get(
            "/documents/{id}/history/versions",
            "What was done with each version",
            history::versions,
        )
        .asks(HISTORY)
        .gives(Gives::Array),
        get(
            "/documents/{id}/path",
            "The paths to a document, from the workspace down",
            moving::paths,
        )
        .gives(Gives::Array),
        post(
            "/documents/{id}/copy",
            "Copy a version into a folder",
            moving::copy,
        )
        .fields(&["folder_id"]),
        get(
            "/documents/{id}/name-value-pairs",
            "What applications keep beside a document",
            pairs::of_document,
        ),
        patch(
            "/documents/{id}/name-value-pairs",
            "Set pairs; null takes one away",
            pairs::change_document,
        ),
        get(
            "/documents/{id}/related-documents",
            "The documents that belong to one",
            related::list,
        )
        .asks(PAGE)
        .gives(Gives::Array),
        post(
            "/documents/{id}/related-documents",
            "Relate documents",
            related::add,
        )
        .fields(&["document_ids", "id"]),
        delete(
            "/documents/{id}/related-documents/{other}",
            "End that two documents are related",
            related::remove,
        ),
        get(
            "/trash-bin/documents",
            "What was deleted, the last first",
            trash::list,
        )
        .asks(&["document_number", "limit"])
        .gives(Gives::Array),
        post(
            "/trash-bin/documents/{id}/restore",
            "Bring a deleted version back",
            trash::restore,
        )
        .fields(&["comments", "folder_ids", "for_user"]),
        delete(
            "/trash-bin/documents/{id}",
            "Delete a version for good",
            trash::purge,
        )
        .for_administrators(),
    ]
}

fn of_containers() -> Vec<Door> {
    vec![
        get(
            "/workspaces",
            "Workspaces of the library",
            workspaces::list_in_library,
        )
        .asks(CONTAINERS)
        .gives(Gives::Results),
        post("/workspaces", "Make a workspace", workspaces::create)
            .fields(CONTAINER)
            .gives(Gives::Made),
        get(
            "/workspaces/search",
            "Find workspaces",
            workspaces::list_in_library,
        )
        .asks(CONTAINERS)
        .gives(Gives::Results),
        post(
            "/workspaces/search",
            "Find workspaces, with the fields that are asked for",
            workspaces::search,
        )
        .fields(SEARCH)
        .gives(Gives::Array),
        get("/workspaces/{id}", "A workspace", workspaces::profile),
        patch("/workspaces/{id}", "Change a workspace", workspaces::update).fields(CONTAINER),
        delete(
            "/workspaces/{id}",
            "Delete an empty workspace",
            workspaces::delete,
        ),
        get(
            "/workspaces/{id}/operations",
            "What the caller may do with a workspace",
            containers::operations,
        ),
        get(
            "/workspaces/{id}/children",
            "What is directly in a workspace",
            containers::children,
        )
        .asks(DOCUMENTS)
        .gives(Gives::Array),
        get(
            "/workspaces/{id}/folders",
            "The folders directly in a workspace",
            containers::subfolders,
        )
        .asks(PAGE)
        .gives(Gives::Array),
        post(
            "/workspaces/{id}/folders",
            "Make a folder in a workspace",
            folders::create,
        )
        .fields(CONTAINER)
        .gives(Gives::Made),
        get(
            "/workspaces/{id}/name-value-pairs",
            "What applications keep beside a workspace",
            pairs::of_container,
        ),
        patch(
            "/workspaces/{id}/name-value-pairs",
            "Set pairs; null takes one away",
            pairs::change_container,
        ),
        get(
            "/containers/{id}",
            "A workspace or a folder",
            containers::profile,
        ),
        get(
            "/folders",
            "Folders; with container_id everything below it, flat",
            folders::list_in_library,
        )
        .asks(CONTAINERS)
        .gives(Gives::Array),
        get("/folders/search", "Find folders", folders::list_in_library)
            .asks(CONTAINERS)
            .gives(Gives::Array),
        post(
            "/folders/search",
            "Find folders, with the fields that are asked for",
            folders::search,
        )
        .fields(SEARCH)
        .gives(Gives::Array),
        get(
            "/folders/{id}",
            "A folder, with what documents in it begin with",
            folders::profile,
        ),
        patch("/folders/{id}", "Change a folder", folders::update).fields(CONTAINER),
        delete("/folders/{id}", "Delete an empty folder", folders::delete),
        get(
            "/folders/{id}/operations",
            "What the caller may do with a folder",
            containers::operations,
        ),
        get(
            "/folders/{id}/children",
            "Folders and documents in a folder",
            containers::children,
        )
        .asks(DOCUMENTS)
        .gives(Gives::Array),
        get(
            "/folders/{id}/path",
            "The path to a folder, from the workspace down",
            containers::path,
        )
        .gives(Gives::Array),
        get(
            "/folders/{id}/subfolders",
            "The folders directly in a folder",
            containers::subfolders,
        )
        .asks(PAGE)
        .gives(Gives::Array),
        post(
            "/folders/{id}/subfolders",
            "Make a folder in a folder",
            folders::create,
        )
        .fields(CONTAINER)
        .gives(Gives::Made),
        get(
            "/folders/{id}/folders",
            "The folders directly in a folder",
            containers::subfolders,
        )
        .asks(PAGE)
        .gives(Gives::Array),
        post(
            "/folders/{id}/folders",
            "Make a folder in a folder",
            folders::create,
        )
        .fields(CONTAINER)
        .gives(Gives::Made),
        get(
            "/folders/{id}/documents",
            "The documents in a folder",
            documents::list_in_folder,
        )
        .asks(DOCUMENTS)
        .gives(Gives::Array),
        post(
            "/folders/{id}/documents",
            "Put a document into a folder",
            upload::new_document,
        )
        .takes(Takes::Upload)
        .gives(Gives::Made),
        post(
            "/folders/{id}/move",
            "Move a folder with all that is in it",
            moving::folder,
        )
        .fields(&["destination_id", "destination_folder_id"]),
        get(
            "/folders/{id}/name-value-pairs",
            "What applications keep beside a folder",
            pairs::of_container,
        ),
        patch(
            "/folders/{id}/name-value-pairs",
            "Set pairs; null takes one away",
            pairs::change_container,
        ),
        delete(
            "/folders/{id}/documents/{document}",
            "Take a document out of that folder alone",
            moving::unfile,
        ),
        post(
            "/folders/{id}/documents/{document}/move",
            "Move a document to another folder",
            moving::document,
        )
        .fields(&["destination_folder_id"]),
    ]
}

fn of_tables() -> Vec<Door> {
    vec![
        get(
            "/operations",
            "What the caller may do in the library",
            libraries::operations,
        ),
        get(
            "/types",
            "The kinds of document that the server tells apart",
            libraries::types,
        )
        .gives(Gives::Array),
        get("/classes", "The library's classes", tables::classes)
            .asks(ENTRIES)
            .gives(Gives::Array),
        post("/classes", "Add a class", tables::add)
            .fields(ENTRY)
            .gives(Gives::Made)
            .for_administrators(),
        get("/classes/{alias}", "A class", tables::show),
        patch("/classes/{alias}", "Change a class", tables::change)
            .fields(ENTRY)
            .for_administrators(),
        delete("/classes/{alias}", "Remove a class", tables::remove).for_administrators(),
        get(
            "/classes/{above}/subclasses",
            "The subclasses of a class",
            tables::list,
        )
        .asks(ENTRIES)
        .gives(Gives::Array),
        post("/classes/{above}/subclasses", "Add a subclass", tables::add)
            .fields(ENTRY)
            .gives(Gives::Made)
            .for_administrators(),
        get(
            "/classes/{above}/subclasses/{alias}",
            "A subclass",
            tables::show,
        ),
        patch(
            "/classes/{above}/subclasses/{alias}",
            "Change a subclass",
            tables::change,
        )
        .fields(ENTRY)
        .for_administrators(),
        delete(
            "/classes/{above}/subclasses/{alias}",
            "Remove a subclass",
            tables::remove,
        )
        .for_administrators(),
        post(
            "/customs/{field}",
            "Add an entry to a custom field's table",
            tables::add,
        )
        .fields(ENTRY)
        .gives(Gives::Made)
        .for_administrators(),
        get(
            "/customs/{field}/search",
            "Find entries of a custom field's table",
            tables::list,
        )
        .asks(ENTRIES)
        .gives(Gives::Array),
        get("/customs/{field}/{alias}", "An entry", tables::show).asks(&["parent_alias"]),
        patch(
            "/customs/{field}/{alias}",
            "Change an entry",
            tables::change,
        )
        .asks(&["parent_alias"])
        .fields(ENTRY)
        .for_administrators(),
        delete(
            "/customs/{field}/{alias}",
            "Remove an entry",
            tables::remove,
        )
        .asks(&["parent_alias"])
        .for_administrators(),
        get(
            "/captions",
            "What the library calls its fields",
            captions::list,
        )
        .asks(&["language"])
        .gives(Gives::Array),
        get(
            "/captions/{field}",
            "What a field is called",
            captions::show,
        )
        .asks(&["language"]),
        put(
            "/captions/{field}",
            "Set what a field is called",
            captions::set,
        )
        .fields(&["caption", "language"])
        .for_administrators(),
        patch(
            "/captions/{field}",
            "Set what a field is called",
            captions::set,
        )
        .fields(&["caption", "language"])
        .for_administrators(),
        get(
            "/change-events",
            "What changed, in its order",
            changes::list,
        )
        .asks(&["cursor", "actions", "item_types", "limit"])
        .gives(Gives::Json),
        get(
            "/change-events/stream",
            "The same as server-sent events",
            changes::listen,
        )
        .asks(&["cursor", "actions", "item_types"])
        .gives(Gives::Events),
    ]
}

/// What people keep at hand: under their own name or none.
fn of_lists() -> Vec<Door> {
    let mut doors = Vec::new();
    for whose in ["", "/users/{user}"] {
        let favorites = format!("{whose}/my-favorites/children");
        let matters = format!("{whose}/my-matters/children");
        doors.extend([
            get(&favorites, "Favourites", shortcuts::favorites)
                .asks(PAGE)
                .gives(Gives::Array),
            post(&favorites, "Add a favourite", shortcuts::add_favorite)
                .fields(&["target_id"])
                .gives(Gives::Made),
            delete(
                &format!("{favorites}/{{id}}"),
                "Remove a favourite",
                shortcuts::remove_favorite,
            ),
            get(
                &matters,
                "The matters that somebody works on",
                shortcuts::matters,
            )
            .asks(PAGE)
            .gives(Gives::Array),
            post(&matters, "Add a matter", shortcuts::add_matter)
                .fields(&["target_id"])
                .gives(Gives::Made),
            delete(
                &format!("{matters}/{{id}}"),
                "Remove a matter",
                shortcuts::remove_matter,
            ),
        ]);
    }
    doors
}

/// Everything below one library.
pub(super) fn doors() -> Vec<Door> {
    let mut all = of_documents();
    all.extend(of_containers());
    all.extend(security::doors());
    all.extend(of_tables());
    all.extend(of_lists());
    all
}
