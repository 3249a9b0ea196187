//! Notifications and the proxy portal, answered by a service on a real bus.

use crate::{is_inside, run_inside};
use chancery_platform::{notification, proxy};
use chancery_testkit::keyring::SessionBus;
use dbus::Message;
use dbus::blocking::Connection;
use dbus::channel::{MatchingReceiver, Sender};
use dbus::message::MatchRule;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

const NOTIFICATIONS: &str = "org.freedesktop.Notifications";
const PORTAL: &str = "org.freedesktop.portal.Desktop";

/// What a service heard: the member that was called and its texts.
type Heard = (String, Vec<String>);

/// A service that owns `name` until this process ends. `answer` gives the reply
/// to a call, or none to let the caller wait.
fn serve(
    name: &'static str,
    answer: impl Fn(&Message, &str) -> Option<Message> + Send + 'static,
) -> Receiver<Heard> {
    let (told, heard) = mpsc::channel();
    let (ready, is_ready) = mpsc::channel();
    std::thread::spawn(move || {
        let connection = Connection::new_session().expect("the bus answers");
        connection
            .request_name(name, false, true, true)
            .expect("the name is free");
        connection.start_receive(
            MatchRule::new_method_call(),
            Box::new(move |call, connection| {
                let member = call.member().expect("a call").to_string();
                let texts = call
                    .iter_init()
                    .filter_map(|argument| argument.as_str().map(str::to_owned))
                    .collect();
                if let Some(reply) = answer(&call, &member) {
                    connection.send(reply).expect("sent");
                }
                let _gone = told.send((member, texts));
                true
            }),
        );
        ready.send(()).expect("somebody waits");
        loop {
            connection
                .process(Duration::from_secs(60))
                .expect("the bus lives");
        }
    });
    is_ready.recv().expect("the service is there");
    heard
}

fn inside(name: &str, with_bus: bool, test: impl FnOnce()) {
    if is_inside() {
        return test();
    }
    let home = tempfile::tempdir().expect("made");
    let elsewhere = tempfile::tempdir().expect("made");
    let bus = SessionBus::start(home.path());
    let address = if with_bus { bus.address() } else { "" };
    run_inside(&format!("desktop::{name}"), address, elsewhere.path());
}

fn desktop_with(abilities: &'static [&'static str]) -> Receiver<Heard> {
    serve(NOTIFICATIONS, move |call, member| {
        let reply = call.method_return();
        Some(match member {
            "GetCapabilities" => reply.append1(abilities.to_vec()),
            _ => reply.append1(7_u32),
        })
    })
}

#[test]
fn a_notification_is_shown_and_nothing_in_it_is_markup() {
    inside(
        "a_notification_is_shown_and_nothing_in_it_is_markup",
        true,
        || {
            let heard = desktop_with(&["body", "body-markup"]);
            notification::show("Sign in <here>", "“R&D” <b>wait</b>").expect("shown");
            assert_eq!(heard.recv().expect("asked").0, "GetCapabilities");
            let (member, texts) = heard.recv().expect("shown");
            assert_eq!(member, "Notify");
            assert_eq!(
                texts,
                [
                    "Chancery",
                    "",
                    "Sign in <here>",
                    "“R&amp;D” &lt;b&gt;wait&lt;/b&gt;"
                ]
            );
        },
    );
}

#[test]
fn a_desktop_without_markup_gets_the_text_as_it_is() {
    inside(
        "a_desktop_without_markup_gets_the_text_as_it_is",
        true,
        || {
            let heard = desktop_with(&["body"]);
            notification::show("Sign in", "R&D <waits>").expect("shown");
            let texts = heard.iter().nth(1).expect("shown").1;
            assert_eq!(texts.last().map(String::as_str), Some("R&D <waits>"));
        },
    );
}

#[test]
fn nobody_who_shows_notifications_is_told() {
    inside("nobody_who_shows_notifications_is_told", true, || {
        let error = notification::show("Sign in", "now").expect_err("nobody");
        let said = error.to_string();
        assert!(
            said.starts_with("The desktop shows no notifications"),
            "{said}"
        );
    });
}

#[test]
fn a_desktop_without_a_bus_is_no_fault_and_starts_none() {
    inside(
        "a_desktop_without_a_bus_is_no_fault_and_starts_none",
        false,
        || {
            let error = notification::show("Sign in", "now").expect_err("nobody");
            assert!(error.to_string().contains("no session bus"), "{error}");
            assert_eq!(proxy::for_address("foo", "work.example.com", 443), None);
        },
    );
}

#[test]
fn a_desktop_that_hangs_costs_two_seconds() {
    inside("a_desktop_that_hangs_costs_two_seconds", true, || {
        let _heard = serve(NOTIFICATIONS, |_, _| None);
        let begun = Instant::now();
        let error = notification::show("Sign in", "now").expect_err("late");
        assert_eq!(error, notification::NotificationError::Late);
        let took = begun.elapsed();
        assert!(
            took >= Duration::from_secs(1) && took < Duration::from_secs(15),
            "{took:?}"
        );
    });
}

// `foo` is a scheme that no variable of whoever runs this test is set for; the
// portal is asked for it as for any other.

#[test]
fn where_the_environment_is_silent_the_desktop_names_the_proxy() {
    inside(
        "where_the_environment_is_silent_the_desktop_names_the_proxy",
        true,
        || {
            let heard = serve(PORTAL, |call, _| {
                let proxies = vec!["http://ada:word@proxy.example.com:3128", "direct://"];
                Some(call.method_return().append1(proxies))
            });
            let found = proxy::for_address("foo", "work.example.com", 8443).expect("one");
            assert_eq!(
                (found.host.as_str(), found.port),
                ("proxy.example.com", 3128)
            );
            assert_eq!(found.user.as_deref(), Some("ada"));
            let (member, texts) = heard.recv().expect("asked");
            assert_eq!(member, "Lookup");
            assert_eq!(texts, ["foo://work.example.com:8443/"]);
            proxy::for_address("foo", "2001:db8::1", 443).expect("one");
            assert_eq!(heard.recv().expect("asked").1, ["foo://[2001:db8::1]:443/"]);
        },
    );
}

#[test]
fn a_portal_that_says_direct_and_one_that_hangs_are_no_proxy() {
    inside(
        "a_portal_that_says_direct_and_one_that_hangs_are_no_proxy",
        true,
        || {
            let _heard = serve(PORTAL, |call, _| {
                let asked: String = call.read1().expect("an address");
                // For the first the way is direct; the second waits for ever.
                let direct = asked.contains("direct.example.com");
                direct.then(|| call.method_return().append1(vec!["direct://"]))
            });
            assert_eq!(proxy::for_address("foo", "direct.example.com", 1), None);
            let begun = Instant::now();
            assert_eq!(proxy::for_address("foo", "hangs.example.com", 1), None);
            let took = begun.elapsed();
            assert!(
                took >= Duration::from_millis(400) && took < Duration::from_secs(15),
                "{took:?}"
            );
        },
    );
}
