//! The Work API as the agent lets it through: where everything is, and the
//! few calls that the commands share.

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::sign_in::{How, sign_in, signed_in};
use chancery_client::local::{Agent, LocalError, empty_body};
use chancery_proto::discovery::{Discovery, DiscoveryLibrary};
use chancery_proto::ids::{ContainerId, DocumentId, LibraryAlias};
use chancery_proto::level::{ApiLevel, Capability, capabilities_of};
use chancery_proto::work::Data;
use http::{HeaderMap, Method};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Used where a server's own address for it makes no sense.
const USUAL_BASE: &str = "/work/api/v2";
const USUAL_CUSTOMER: i64 = 1;

/// A server that somebody is signed in to.
#[derive(Debug)]
pub(crate) struct Work {
    agent: Agent,
    customer: String,
    discovery: Discovery,
}

impl Work {
    /// Looks at the server of this command, signing in where that is needed.
    pub(crate) async fn open(context: &Context) -> Result<Self, Failure> {
        let agent = context.agent().await?;
        let ask = async |agent: &Agent| -> Result<Data<Discovery>, LocalError> {
            get(agent, "/work/api").await
        };
        let mut discovery = signed_in(context, &agent, ask).await?.data;
        if discovery.user.is_none() {
            sign_in(context, &agent, None, None, How::default()).await?;
            discovery = ask(&agent).await?.data;
        }
        let base = base_of(&discovery);
        let customer = discovery
            .user
            .as_ref()
            .map(|user| user.customer_id)
            .filter(|id| *id > 0)
            .unwrap_or(USUAL_CUSTOMER);
        Ok(Self {
            agent,
            customer: format!("{base}/customers/{customer}"),
            discovery,
        })
    }

    pub(crate) fn agent(&self) -> &Agent {
        &self.agent
    }

    /// The libraries that are shown.
    pub(crate) fn libraries(&self) -> Vec<&DiscoveryLibrary> {
        self.discovery
            .work
            .iter()
            .flat_map(|work| &work.libraries)
            .filter(|library| !library.is_hidden)
            .collect()
    }

    /// Whether the server can do this.
    pub(crate) fn can(&self, capability: Capability) -> bool {
        let level = ApiLevel::parse(&self.discovery.dms_version);
        capabilities_of(level, self.discovery.capabilities.as_deref()).contains(&capability)
    }

    /// The path of everything of the customer.
    pub(crate) fn customer(&self) -> &str {
        &self.customer
    }

    /// The path of a library.
    pub(crate) fn library(&self, alias: &LibraryAlias) -> String {
        format!("{}/libraries/{alias}", self.customer)
    }

    /// The path of a folder.
    pub(crate) fn folder(&self, id: &ContainerId) -> String {
        format!("{}/folders/{id}", self.library(&id.library))
    }

    /// The path of a workspace.
    pub(crate) fn workspace(&self, id: &ContainerId) -> String {
        format!("{}/workspaces/{id}", self.library(&id.library))
    }

    /// The path of one version of a document.
    pub(crate) fn document(&self, id: &DocumentId) -> String {
        format!("{}/documents/{id}", self.library(&id.library))
    }

    /// Fetches JSON.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, LocalError> {
        get(&self.agent, path).await
    }

    /// The document that a person named: one version, or the latest.
    pub(crate) async fn named_document(&self, text: &str) -> Result<DocumentId, Failure> {
        if let Ok(id) = text.parse::<DocumentId>() {
            return Ok(id);
        }
        let Ok(id) = text.parse::<ContainerId>() else {
            return Err(Failure::usage(format!(
                "“{text}” is no document. A document is written like ACTIVE!34.1, or ACTIVE!34 for its latest version."
            )));
        };
        let path = format!(
            "{}/documents?document_number={}&limit=500",
            self.library(&id.library),
            id.number
        );
        let answer: Value = self.get(&path).await?;
        items(&answer)
            .iter()
            .filter_map(|item| item.get("id")?.as_str()?.parse::<DocumentId>().ok())
            .filter(|found| found.number == id.number)
            .max_by_key(|found| found.version)
            .ok_or_else(|| {
                Failure::new(
                    Exit::NotFound,
                    "NRC_NO_RECORD",
                    format!("There is no document “{text}”, or you may not see it. “chancery ls” shows what is there."),
                )
            })
    }
}

async fn get<T: DeserializeOwned>(agent: &Agent, path: &str) -> Result<T, LocalError> {
    agent
        .call(Method::GET, path, HeaderMap::new(), empty_body())
        .await?
        .success()
        .await?
        .json()
        .await
}

/// The items of a list, whichever of the two shapes it has.
pub(crate) fn items(answer: &Value) -> &[Value] {
    let data = answer.get("data");
    data.and_then(|data| data.get("results"))
        .or(data)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// The id of a folder or workspace that a person typed.
pub(crate) fn container(text: &str) -> Result<ContainerId, Failure> {
    text.parse().map_err(|_| {
        Failure::usage(format!(
            "“{text}” is no folder. A folder is written like ACTIVE!12; “chancery ls” shows them."
        ))
    })
}

/// The path of the newest API, from the address that the server gives: the
/// entry named `v2`, else the one of the highest version.
fn base_of(discovery: &Discovery) -> String {
    let version = |text: &str| -> Vec<u64> {
        text.split('.')
            .map(|part| part.parse().unwrap_or(0))
            .collect()
    };
    let entry = discovery
        .versions
        .iter()
        .find(|entry| entry.name == "v2")
        .or_else(|| {
            discovery
                .versions
                .iter()
                .max_by_key(|entry| version(&entry.version))
        });
    entry
        .and_then(|entry| {
            let (_, rest) = entry.url.split_once("://")?;
            let path = &rest[rest.find('/')?..];
            Some(path.trim_end_matches('/').to_owned())
        })
        .filter(|path| !path.is_empty())
        .unwrap_or_else(|| USUAL_BASE.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{base_of, items};
    use chancery_proto::discovery::{ApiVersion, Discovery};
    use serde_json::json;

    fn versions(list: &[(&str, &str, &str)]) -> Discovery {
        Discovery {
            versions: list
                .iter()
                .map(|(name, version, url)| ApiVersion {
                    name: (*name).to_owned(),
                    version: (*version).to_owned(),
                    url: (*url).to_owned(),
                })
                .collect(),
            ..Discovery::default()
        }
    }

    #[test]
    fn the_base_is_where_the_server_says() {
        for (list, base) in [
            (vec![], "/work/api/v2"),
            (
                vec![
                    ("v1", "1.0", "http://chancery/api/v1"),
                    ("v2", "2.1", "http://chancery/api/v2/"),
                ],
                "/api/v2",
            ),
            (
                vec![
                    ("a", "2.9", "http://chancery/a"),
                    ("b", "2.10", "http://chancery/b"),
                ],
                "/b",
            ),
            (vec![("v2", "2", "nonsense")], "/work/api/v2"),
        ] {
            assert_eq!(base_of(&versions(&list)), base);
        }
    }

    #[test]
    fn both_list_shapes_are_lists() {
        assert_eq!(items(&json!({"data": [1, 2]})).len(), 2);
        assert_eq!(items(&json!({"data": {"results": [1]}})).len(), 1);
        assert!(items(&json!({"data": {}})).is_empty());
    }
}
