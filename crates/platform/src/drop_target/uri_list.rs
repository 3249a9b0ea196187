//! `text/uri-list` (RFC 2483), of which files of this machine are taken
//! (`file` URIs, RFC 8089).

use percent_encoding::percent_decode;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

/// The longest list that is read, in bytes.
pub(super) const LONGEST: usize = 1024 * 1024;
/// So many files are taken of one.
const FILES: usize = 4096;

/// The files that are named, without those of other machines and without
/// anything that is no file. `host` is this machine's name.
pub(super) fn files(list: &[u8], host: &str) -> Vec<PathBuf> {
    // Some sources end their text with a zero.
    let list = list.strip_suffix(b"\0").unwrap_or(list);
    list.split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii)
        .filter(|line| !line.is_empty() && !line.starts_with(b"#"))
        .filter_map(|line| file(line, host))
        .take(FILES)
        .collect()
}

fn file(uri: &[u8], host: &str) -> Option<PathBuf> {
    let (scheme, rest) = uri.split_at_checked(5)?;
    if !scheme.eq_ignore_ascii_case(b"file:") {
        return None;
    }
    let path = match rest.strip_prefix(b"//") {
        Some(named) => {
            let slash = named.iter().position(|byte| *byte == b'/')?;
            let (authority, path) = named.split_at(slash);
            let is_here = authority.is_empty()
                || authority.eq_ignore_ascii_case(b"localhost")
                || (!host.is_empty() && authority.eq_ignore_ascii_case(host.as_bytes()));
            is_here.then_some(path)?
        }
        None => rest,
    };
    // A query or a fragment is of no file; a name with such a character has it
    // encoded.
    let is_plain = |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#');
    // Names beside ASCII ought to be encoded, and sources do not all do so.
    if !path.starts_with(b"/") || !path.iter().all(|byte| is_plain(byte) || *byte >= 0x80) {
        return None;
    }
    if !is_encoded(path) {
        return None;
    }
    let path: Vec<u8> = percent_decode(path).collect();
    let steps_back = path.split(|byte| *byte == b'/').any(|step| step == b"..");
    if steps_back || path.contains(&0) {
        return None;
    }
    Some(PathBuf::from(OsString::from_vec(path)))
}

/// Whether every `%` stands before two hexadecimal digits.
fn is_encoded(path: &[u8]) -> bool {
    path.split(|byte| *byte == b'%').skip(1).all(
        |rest| matches!(rest, [one, two, ..] if one.is_ascii_hexdigit() && two.is_ascii_hexdigit()),
    )
}

#[cfg(test)]
mod tests {
    use super::{FILES, files};
    use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
    use proptest::collection::vec;
    use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    use std::path::PathBuf;

    #[test]
    fn files_of_this_machine_and_nothing_else() {
        for (list, expected) in [
            ("file:///tmp/a%20b.eml\r\n", vec!["/tmp/a b.eml"]),
            ("file:///a\nfile:///b\n", vec!["/a", "/b"]),
            ("# what it is\r\nfile:///a\r\n\r\n", vec!["/a"]),
            ("file:///a\0", vec!["/a"]),
            ("FILE://LocalHost/a", vec!["/a"]),
            ("file://Desk/a", vec!["/a"]),
            ("file:/a", vec!["/a"]),
            ("file:///%D8%AF", vec!["/د"]),
            ("file:///د", vec!["/د"]),
            ("file:///a%2Fb%23c%3F", vec!["/a/b#c?"]),
            ("file://elsewhere/a", vec![]),
            ("file://", vec![]),
            ("file:a", vec![]),
            ("file", vec![]),
            ("https://work.example.com/a", vec![]),
            ("/tmp/a", vec![]),
            ("javascript:file:///a", vec![]),
            ("file:///a%00b", vec![]),
            ("file:///a\0b", vec![]),
            ("file:///a%", vec![]),
            ("file:///a%2", vec![]),
            ("file:///a%zz", vec![]),
            ("file:///a%%41", vec![]),
            ("file:///a b", vec![]),
            ("file:///a?b", vec![]),
            ("file:///a#b", vec![]),
            ("file:///a/../etc/passwd", vec![]),
            ("file:///a/%2e%2E/b", vec![]),
            ("file:///a..b", vec!["/a..b"]),
            ("http://x\r\nfile:///a\r\nfile://y/b\r\n", vec!["/a"]),
        ] {
            let expected: Vec<PathBuf> = expected.into_iter().map(PathBuf::from).collect();
            assert_eq!(files(list.as_bytes(), "desk"), expected, "{list:?}");
        }
        assert_eq!(files(b"file:///a", ""), [PathBuf::from("/a")]);
        assert_eq!(files(b"file://x/a", ""), Vec::<PathBuf>::new());
    }

    #[test]
    fn a_list_has_an_end() {
        let list = "file:///a\n".repeat(FILES + 100);
        assert_eq!(files(list.as_bytes(), "desk").len(), FILES);
    }

    proptest! {
        #[test]
        fn whatever_a_source_says_names_whole_paths(list in any::<Vec<u8>>()) {
            for file in files(&list, "desk") {
                prop_assert!(file.is_absolute());
                prop_assert!(!file.as_os_str().as_bytes().contains(&0));
            }
        }

        #[test]
        fn every_name_there_can_be_comes_through(
            name in vec(any::<u8>().prop_filter("no byte of a name", |byte| !matches!(byte, 0 | b'/')), 3..40)
        ) {
            let path = [b"/tmp/".as_slice(), &name].concat();
            let list = format!("file:///tmp/{}\r\n", percent_encode(&name, NON_ALPHANUMERIC));
            let expected = PathBuf::from(std::ffi::OsString::from_vec(path));
            prop_assert_eq!(files(list.as_bytes(), "desk"), [expected]);
        }
    }
}
