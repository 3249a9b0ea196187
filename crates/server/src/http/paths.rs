//! One spelling for every prefix that clients use.

use std::borrow::Cow;

/// Prefixes with identical meaning, and the one that routes know.
const PREFIXES: [(&str, &str); 5] = [
    ("/work/web/api/v2", "/api/v2"),
    ("/platform/api/v2", "/api/v2"),
    ("/work/api/v2", "/api/v2"),
    ("/imanage/api/v1", "/api/v1"),
    ("/work/api", "/api"),
];

/// The path as routes know it: no doubled slashes, none at the end, one prefix.
///
/// Nothing is decoded here, and `.` and `..` stay what they are: no route
/// matches them.
pub(crate) fn canonical(path: &str) -> Cow<'_, str> {
    let mut path = Cow::Borrowed(path);
    if path.contains("//") {
        let mut single = String::with_capacity(path.len());
        for character in path.chars() {
            if character != '/' || !single.ends_with('/') {
                single.push(character);
            }
        }
        path = Cow::Owned(single);
    }
    if path.len() > 1 && path.ends_with('/') {
        path = Cow::Owned(path.trim_end_matches('/').to_owned());
    }
    for (prefix, known) in PREFIXES {
        if let Some(rest) = path.strip_prefix(prefix)
            && (rest.is_empty() || rest.starts_with('/'))
        {
            // Only the bare `/work/api` is discovery; `/work/api/v3` is nothing.
            if known == "/api" && !rest.is_empty() {
                break;
            }
            return Cow::Owned(format!("{known}{rest}"));
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn every_prefix_and_doubled_slash_comes_to_the_same() {
        for path in [
            "/api/v2/customers/1/libraries/ACTIVE/classes",
            "/work/api/v2/customers/1//libraries/ACTIVE/classes",
            "/work/web/api/v2/customers/1/libraries/ACTIVE/classes/",
            "//platform/api/v2/customers///1/libraries/ACTIVE/classes",
        ] {
            assert_eq!(
                canonical(path),
                "/api/v2/customers/1/libraries/ACTIVE/classes"
            );
        }
        assert_eq!(canonical("/work/api"), "/api");
        assert_eq!(canonical("/work/api/"), "/api");
        assert_eq!(
            canonical("/imanage/api/v1/session/login"),
            "/api/v1/session/login"
        );
        assert_eq!(canonical("/"), "/");
    }

    #[test]
    fn nothing_else_is_touched() {
        for path in [
            "/api/v2/customers/1/libraries/A!1",
            "/work/apix",
            "/api/v2/../v1",
            "/work/api/v3",
            "/a%2fb",
        ] {
            assert_eq!(canonical(path), path);
        }
    }
}
