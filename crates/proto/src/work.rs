//! Envelopes of the Work API and the few fields that clients need typed.

use serde::{Deserialize, Serialize};

/// `{"data":…}`: one object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Data<T> {
    /// The object.
    pub data: T,
}

/// `{"data":[…],"total_count":n,"overflow":b}`: the array list shape.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArrayList<T> {
    /// The items.
    pub data: Vec<T>,
    /// How many there are in all, when it was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_count: Option<u64>,
    /// Whether a search has more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overflow: Option<bool>,
}

/// `{"data":{"results":[…]},"cursor":"…","total_count":n}`: the results list shape.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultsList<T> {
    /// The items, one level down.
    pub data: Results<T>,
    /// Where the next page begins; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// How many there are in all, when it was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_count: Option<u64>,
}

/// The inner part of a [`ResultsList`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Results<T> {
    /// The items.
    pub results: Vec<T>,
}

/// What an item of a mixed list is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WsType {
    /// A document.
    Document,
    /// A filed message.
    Email,
    /// A folder.
    Folder,
    /// A workspace.
    Workspace,
}

/// Default security of a document, folder or workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DefaultSecurity {
    /// Everybody inside reads and writes.
    Public,
    /// Everybody inside reads.
    View,
    /// Only those who are named.
    Private,
    /// As the container above says.
    Inherit,
}

impl DefaultSecurity {
    /// The word that travels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::View => "view",
            Self::Private => "private",
            Self::Inherit => "inherit",
        }
    }
}
