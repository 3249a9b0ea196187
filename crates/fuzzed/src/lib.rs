#![doc = include_str!("../README.md")]

mod addresses;
mod answers;
mod forms;
mod headers;
mod lines;
mod lists;
mod local_service;
mod mutation;
mod negotiate;
mod paths;
mod policy;
mod tokens;
mod uploads;

pub use mutation::Mutations;

/// One reader of other people's input, and what must hold of it.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name: of its program, its seeds and its words.
    pub name: &'static str,
    /// Reads some bytes. Panics when what must hold does not.
    pub hold: fn(&[u8]),
    /// How many mutated inputs the ordinary tests try: it takes about a second.
    pub tried: u32,
}

/// All of them.
pub const TARGETS: [Target; 10] = [
    Target {
        name: "addresses",
        hold: addresses::hold,
        tried: 20_000,
    },
    Target {
        name: "forms",
        hold: forms::hold,
        tried: 10_000,
    },
    Target {
        name: "headers",
        hold: headers::hold,
        tried: 8_000,
    },
    Target {
        name: "lists",
        hold: lists::hold,
        tried: 1_500,
    },
    Target {
        name: "local_service",
        hold: local_service::hold,
        tried: 400,
    },
    Target {
        name: "negotiate",
        hold: negotiate::hold,
        tried: 20_000,
    },
    Target {
        name: "paths",
        hold: paths::hold,
        tried: 20_000,
    },
    Target {
        name: "policy",
        hold: policy::hold,
        tried: 3_000,
    },
    Target {
        name: "tokens",
        hold: tokens::hold,
        tried: 10_000,
    },
    Target {
        name: "uploads",
        hold: uploads::hold,
        tried: 2_000,
    },
];

/// The target of that name.
///
/// # Panics
/// There is none.
#[must_use]
pub fn target(name: &str) -> Target {
    let found = TARGETS.into_iter().find(|target| target.name == name);
    assert!(found.is_some(), "there is no target “{name}”");
    found.unwrap_or(TARGETS[0])
}
