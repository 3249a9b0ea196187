//! The picture: laid out by hand, with the names and words of the code.

use super::{STATES, events as event, icon, name};
use chancery_proto::local::State;
use std::fmt::Write as _;

/// A way between states, as it is drawn.
pub(super) struct Arrow {
    pub(super) from: &'static [State],
    pub(super) to: State,
    pub(super) because: &'static [&'static str],
    /// The line, as an SVG path.
    line: &'static str,
    /// Where its words begin, and to which side of that they stand.
    words: (i32, i32, Side, &'static [&'static str]),
}

#[derive(Clone, Copy)]
enum Side {
    Left,
    Middle,
    Right,
}

/// The states in which a connection is wanted: the frame in the picture.
const WANTED: &[State] = &[
    State::Deferred,
    State::SigningIn,
    State::Connected,
    State::Offline,
    State::NeedsUser,
];
/// Those from which connecting leads somewhere else.
const NOT_CONNECTED: &[State] = &[
    State::NoServer,
    State::Disconnected,
    State::Deferred,
    State::SigningIn,
    State::Offline,
    State::NeedsUser,
];

const fn arrow(
    from: &'static [State],
    to: State,
    because: &'static [&'static str],
    line: &'static str,
    words: (i32, i32, Side, &'static [&'static str]),
) -> Arrow {
    Arrow {
        from,
        to,
        because,
        line,
        words,
    }
}

pub(super) const ARROWS: [Arrow; 22] = [
    arrow(
        &[State::Starting],
        State::NoServer,
        &[event::LIST_READ],
        "M220 98H326",
        (274, 88, Side::Middle, &["none chosen"]),
    ),
    arrow(
        &[State::Starting],
        State::Disconnected,
        &[event::LIST_READ],
        "M130 60V42Q130 28 144 28H706Q720 28 720 42V56",
        (425, 46, Side::Middle, &["disconnected before"]),
    ),
    arrow(
        &[State::Starting],
        State::Deferred,
        &[event::LIST_READ],
        "M90 136V436",
        (100, 164, Side::Right, &["list read, server chosen"]),
    ),
    arrow(
        &[State::Disconnected],
        State::NoServer,
        &[event::REMOVE],
        "M620 98H514",
        (568, 88, Side::Middle, &["taken off"]),
    ),
    arrow(
        WANTED,
        State::NoServer,
        &[event::REMOVE],
        "M420 180V140",
        (430, 164, Side::Right, &["server taken off the list"]),
    ),
    arrow(
        WANTED,
        State::Disconnected,
        &[event::DISCONNECT],
        "M720 180V140",
        (730, 164, Side::Right, &["the person disconnects"]),
    ),
    arrow(
        NOT_CONNECTED,
        State::Connected,
        &[event::CONNECT],
        "M1035 136V436",
        (1025, 164, Side::Left, &[]),
    ),
    arrow(
        &[State::Deferred],
        State::SigningIn,
        &[event::FIRST_USE],
        "M165 440V315",
        (175, 350, Side::Right, &["first use"]),
    ),
    arrow(
        &[State::SigningIn],
        State::Deferred,
        &[event::GIVEN_UP],
        "M300 311V436",
        (290, 404, Side::Left, &["put off: busy"]),
    ),
    arrow(
        &[State::NeedsUser],
        State::SigningIn,
        &[event::PERSON],
        "M425 440V315",
        (
            435,
            342,
            Side::Right,
            &["the person is asked,", "or keyring tried again"],
        ),
    ),
    arrow(
        &[State::SigningIn],
        State::NeedsUser,
        &[event::NO_WAY, event::GIVEN_UP],
        "M600 311V436",
        (590, 402, Side::Left, &["no silent way,", "or put off"]),
    ),
    arrow(
        &[State::Connected],
        State::SigningIn,
        &[event::RENEW],
        "M825 440V315",
        (835, 342, Side::Right, &["renewed,", "or refused"]),
    ),
    arrow(
        &[State::SigningIn],
        State::Connected,
        &[event::SESSION, event::GIVEN_UP],
        "M965 311V436",
        (955, 404, Side::Left, &["a session"]),
    ),
    arrow(
        &[State::SigningIn],
        State::Offline,
        &[event::NO_WAY, event::GIVEN_UP, event::NOT_REACHED],
        "M665 311V641",
        (675, 470, Side::Right, &["not", "reached"]),
    ),
    arrow(
        &[State::Offline],
        State::SigningIn,
        &[event::FIRST_USE, event::RENEW, event::PERSON],
        "M755 645V315",
        (745, 522, Side::Left, &["next", "use"]),
    ),
    arrow(
        &[State::Deferred],
        State::Offline,
        &[event::NOT_REACHED],
        "M165 516V641",
        (175, 558, Side::Right, &["not reached"]),
    ),
    arrow(
        &[State::Offline],
        State::Deferred,
        &[event::ANSWERS],
        "M300 645V520",
        (290, 612, Side::Left, &["answers again"]),
    ),
    arrow(
        &[State::NeedsUser],
        State::Offline,
        &[event::NOT_REACHED],
        "M425 516V641",
        (435, 558, Side::Right, &["not reached"]),
    ),
    arrow(
        &[State::Offline],
        State::NeedsUser,
        &[event::ANSWERS],
        "M600 645V520",
        (590, 612, Side::Left, &["answers again"]),
    ),
    arrow(
        &[State::Connected],
        State::Offline,
        &[event::NOT_REACHED],
        "M825 516V641",
        (835, 558, Side::Right, &["not reached"]),
    ),
    arrow(
        &[State::Offline],
        State::Connected,
        &[event::ANSWERS],
        "M965 645V520",
        (955, 612, Side::Left, &["answers again"]),
    ),
    arrow(
        &[State::Connected],
        State::Deferred,
        &[event::RUNS_OUT],
        "M1035 516V752Q1035 766 1021 766H104Q90 766 90 752V520",
        (560, 756, Side::Middle, &["the session runs out, unused"]),
    ),
];

/// Where a state stands: left, top, width; all are equally high.
fn place(state: State) -> (i32, i32, i32) {
    match state {
        State::Starting => (40, 60, 180),
        State::NoServer => (330, 60, 180),
        State::Disconnected => (620, 60, 220),
        State::SigningIn => (135, 235, 850),
        State::Deferred => (40, 440, 280),
        State::NeedsUser => (405, 440, 220),
        State::Connected => (800, 440, 280),
        State::Offline => (135, 645, 850),
    }
}

const HEIGHT: i32 = 76;

/// What is drawn beside the name, around the point 0, 0.
fn sign(state: State) -> &'static str {
    const PLUG: &str =
        r#"<path class="sign" d="M-4-12V-5M4-12V-5M-8-5H8V0A8 8 0 0 1-8 0ZM0 8V13"/>"#;
    match state {
        State::Starting => r#"<circle class="sign grey" r="9" stroke-dasharray="4 3"/>"#,
        State::NoServer => r#"<circle class="sign grey" r="9"/>"#,
        State::Deferred => PLUG,
        State::Disconnected => {
            r#"<path class="sign" d="M-4-12V-5M4-12V-5M-8-5H8V0A8 8 0 0 1-8 0ZM0 8V13M-13 11 13-11"/>"#
        }
        State::SigningIn => r#"<path class="sign blue" d="M9 3A9.5 9.5 0 1 1 7-6.500M8-12V-6H2"/>"#,
        State::Connected => {
            r#"<circle class="full green" r="11"/><path class="mark" d="M-5 0-1.5 4 5-4"/>"#
        }
        State::Offline => {
            r#"<path class="sign red" d="M-7 8A5.5 5.5 0 0 1-7.5-3A7.5 7.5 0 0 1 6.5-4A6 6 0 0 1 7 8ZM-12 12 12-12"/>"#
        }
        State::NeedsUser => {
            r#"<circle class="full amber" r="11"/><path class="mark" d="M0-6V1M0 5.500V6"/>"#
        }
    }
}

const STYLE: &str = "
text{font-family:system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif;fill:#1c2430}
.ground{fill:#fff}
.frame{fill:#f6f8fb;stroke:#c3ccd8;stroke-width:1.5;stroke-dasharray:7 5}
.box{fill:#fff;stroke:#8593a6;stroke-width:1.5}
.name{font-size:19px;font-weight:600}
.icon{font-size:13px;fill:#5b687a}
.title{font-size:14px;fill:#5b687a;font-style:italic}
.words{font-size:14px;fill:#33404f}
.line{fill:none;stroke:#5f6e82;stroke-width:1.6}
.head{fill:#5f6e82}
.sign{fill:none;stroke:#3c4858;stroke-width:2;stroke-linecap:round;stroke-linejoin:round}
.mark{fill:none;stroke:#fff;stroke-width:2.5;stroke-linecap:round;stroke-linejoin:round}
.grey{stroke:#8b97a7}.blue{stroke:#2563c9}.red{stroke:#b5493a}
.full.green{fill:#1f8a4c}.full.amber{fill:#c67a00}
@media (prefers-color-scheme:dark){
text{fill:#e8edf4}
.ground{fill:#0f141b}
.frame{fill:#151c26;stroke:#3b4758}
.box{fill:#1d2632;stroke:#6c7b90}
.icon,.title{fill:#9dabbd}
.words{fill:#c9d3df}
.line{stroke:#93a2b6}
.head{fill:#93a2b6}
.sign{stroke:#d4dce6}
.mark{stroke:#0f141b}
.grey{stroke:#8b97a7}.blue{stroke:#6aa5ff}.red{stroke:#f0806f}
.full.green{fill:#3fc476}.full.amber{fill:#f0a92e}
}
";

pub(super) fn svg() -> String {
    let mut text = String::new();
    // Writing into a string does not fail.
    let _ = draw(&mut text);
    text
}

fn draw(svg: &mut String) -> std::fmt::Result {
    writeln!(
        svg,
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1120 820" role="img" aria-labelledby="title">"#
    )?;
    writeln!(
        svg,
        "<title id=\"title\">The states of the connection, and what leads from one to another</title>"
    )?;
    writeln!(svg, "<style>{STYLE}</style>")?;
    writeln!(
        svg,
        r#"<defs><marker id="head" viewBox="0 0 10 10" refX="8" refY="5" markerWidth="7" markerHeight="7" orient="auto"><path class="head" d="M0 .5 10 5 0 9.5 2.5 5Z"/></marker></defs>"#
    )?;
    writeln!(
        svg,
        r#"<rect class="ground" width="1120" height="820" rx="14"/>"#
    )?;
    writeln!(
        svg,
        r#"<rect class="frame" x="20" y="180" width="1080" height="620" rx="16"/>"#
    )?;
    writeln!(
        svg,
        r#"<text class="title" x="135" y="212">A server is chosen, and the person wants to be connected to it</text>"#
    )?;
    writeln!(
        svg,
        r#"<rect class="frame" x="900" y="60" width="190" height="76" rx="38"/><text class="words" x="995" y="93" text-anchor="middle">The person connects</text><text class="title" x="995" y="114" text-anchor="middle">from any state</text>"#
    )?;
    for arrow in &ARROWS {
        draw_arrow(svg, arrow)?;
    }
    for state in STATES {
        let (left, top, width) = place(state);
        // As wide as the longer word is, about.
        let longest = (name(state).len() * 12).max(icon(state).len() * 7);
        let words = i32::try_from(longest).unwrap_or(0) + 40;
        let start = left + (width - words) / 2;
        writeln!(
            svg,
            r#"<g data-state="{}"><rect class="box" x="{left}" y="{top}" width="{width}" height="{HEIGHT}" rx="12"/><g transform="translate({} {})">{}</g><text class="name" x="{}" y="{}">{}</text><text class="icon" x="{}" y="{}">{}</text></g>"#,
            state.as_str(),
            start + 13,
            top + HEIGHT / 2,
            sign(state),
            start + 40,
            top + 36,
            name(state),
            start + 40,
            top + 56,
            icon(state),
        )?;
    }
    writeln!(svg, "</svg>")
}

fn draw_arrow(svg: &mut String, arrow: &Arrow) -> std::fmt::Result {
    let from: Vec<_> = arrow.from.iter().map(|state| state.as_str()).collect();
    write!(
        svg,
        r#"<g data-from="{}" data-to="{}"><title>{} to {}: {}</title><path class="line" d="{}" marker-end="url(#head)"/>"#,
        from.join(" "),
        arrow.to.as_str(),
        arrow
            .from
            .iter()
            .map(|state| name(*state))
            .collect::<Vec<_>>()
            .join(", "),
        name(arrow.to),
        arrow.because.join("; or "),
        arrow.line,
    )?;
    let (x, y, side, lines) = arrow.words;
    let anchor = match side {
        Side::Right => "start",
        Side::Middle => "middle",
        Side::Left => "end",
    };
    for (line, y) in lines.iter().zip((y..).step_by(17)) {
        write!(
            svg,
            r#"<text class="words" x="{x}" y="{y}" text-anchor="{anchor}">{line}</text>"#
        )?;
    }
    writeln!(svg, "</g>")
}
