//! Using it by labels and keys, as a screen reader and a keyboard do.

use crate::pictures::{Shown, harness};
use crate::scenes::{self, DIALOG, WINDOW};
use chancery_desktop::model::login::Step;
use chancery_desktop::model::{Choice, Event, Model};
use chancery_desktop::theme::LIGHT;
use chancery_proto::local::{Show, State};
use egui::{Key, Role};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};

fn login() -> Harness<'static, Shown> {
    let mut model = scenes::knowing(scenes::servers(State::Deferred));
    let _ = model.apply(Event::Show(Show::Login));
    let mut shown = harness(model, DIALOG, 1.0, &LIGHT);
    shown.run();
    shown
}

fn window(model: Model) -> Harness<'static, Shown> {
    let mut shown = harness(model, WINDOW, 1.0, &LIGHT);
    shown.run();
    shown
}

fn type_in(shown: &Harness<'_, Shown>, text: &str) {
    shown.event(egui::Event::Text(text.to_owned()));
}

#[test]
fn the_web_address_has_the_keyboard_and_return_presses_login() {
    let mut shown = login();
    assert!(
        shown.get_by_label("Web address").is_focused()
            || shown
                .get_all_by_label("Web address")
                .any(|node| node.is_focused())
    );
    type_in(&shown, "work.example.com");
    shown.run();
    shown.key_press(Key::Enter);
    shown.run();
    assert_eq!(
        shown.state().model.login.as_ref().expect("open").address,
        "work.example.com"
    );
    assert_eq!(shown.state().chosen, [Choice::Press]);
}

#[test]
fn escape_leaves_the_dialog() {
    let mut shown = login();
    shown.key_press(Key::Escape);
    shown.run();
    assert_eq!(shown.state().chosen, [Choice::No]);
}

#[test]
fn a_known_server_is_offered_and_taken_with_one_press() {
    let mut shown = login();
    shown
        .get_by_label("Archive, archive.example.com:8443")
        .click();
    shown.run();
    assert_eq!(shown.state().chosen, [Choice::Press]);
    let login = shown.state().model.login.as_ref().expect("open");
    assert_eq!(login.address, "https://archive.example.com:8443");
}

#[test]
fn user_and_password_are_typed_with_the_keyboard_alone() {
    let mut shown = login();
    {
        let login = shown.state_mut().model.login.as_mut().expect("open");
        login.address.push_str("work.example.com");
        let (number, _) = login.press().expect("an attempt");
        login.failed(
            number,
            chancery_desktop::trouble::Trouble {
                sentence: "Sign in.".to_owned(),
                kind: chancery_desktop::trouble::Kind::NeedsUser,
            },
        );
        assert_eq!(login.step, Step::Password);
    }
    shown.run();
    type_in(&shown, "jdoe");
    shown.run();
    shown.key_press(Key::Tab);
    shown.run();
    type_in(&shown, "secret");
    shown.run();
    shown.key_press(Key::Enter);
    shown.run();
    let login = shown.state_mut().model.login.as_mut().expect("open");
    assert_eq!(login.user, "jdoe");
    assert_eq!(login.password.edit(), "secret");
    assert_eq!(shown.state().chosen, [Choice::Press]);
}

#[test]
fn a_password_that_was_used_does_not_come_back() {
    let mut shown = login();
    let asks = chancery_desktop::trouble::Trouble {
        sentence: "Sign in.".to_owned(),
        kind: chancery_desktop::trouble::Kind::NeedsUser,
    };
    {
        let login = shown.state_mut().model.login.as_mut().expect("open");
        login.address.push_str("work.example.com");
        let (number, _) = login.press().expect("an attempt");
        login.failed(number, asks);
        login.user.push_str("jdoe");
        login.focus = Some(chancery_desktop::model::login::Field::Password);
    }
    shown.run();
    for letter in "secret".chars() {
        type_in(&shown, &letter.to_string());
        shown.run();
    }
    {
        let login = shown.state_mut().model.login.as_mut().expect("open");
        assert_eq!(login.password.edit(), "secret");
        let (number, _) = login.press().expect("an attempt");
        let wrong = chancery_desktop::trouble::Trouble {
            sentence: "It is wrong.".to_owned(),
            kind: chancery_desktop::trouble::Kind::WrongPassword,
        };
        login.failed(number, wrong);
    }
    shown.run();
    shown.key_press_modifiers(egui::Modifiers::COMMAND, Key::Z);
    shown.run();
    let login = shown.state_mut().model.login.as_mut().expect("open");
    assert_eq!(login.password.edit(), "");
}

#[test]
fn the_window_is_used_by_its_labels() {
    let mut model = scenes::knowing(scenes::servers(State::Connected));
    let _ = model.apply(Event::Show(Show::List));
    let mut shown = window(model);
    shown.get_by_label("Disconnect").click();
    shown.run();
    shown.get_by_label("Archive, Known, jdoe").click();
    shown.run();
    shown
        .get_by_role_and_label(Role::ListBoxOption, "Applications")
        .click();
    shown.run();
    assert_eq!(
        shown.state().chosen,
        [
            Choice::Disconnect,
            Choice::Select("archive.example.com:8443".to_owned()),
            Choice::Page(chancery_desktop::model::Page::Applications),
        ]
    );
}

#[test]
fn every_button_is_reached_with_the_tab_key() {
    let mut model = scenes::knowing(scenes::servers(State::Connected));
    let _ = model.apply(Event::Show(Show::List));
    let mut shown = window(model);
    let mut reached = Vec::new();
    for _ in 0..24 {
        shown.key_press(Key::Tab);
        shown.run();
        let focused = shown
            .root()
            .children_recursive()
            .find(|node| node.is_focused());
        if let Some(label) = focused.and_then(|node| node.accesskit_node().label()) {
            reached.push(label);
        }
    }
    for wanted in [
        "Disconnect",
        "Servers",
        "Applications",
        "Preferences",
        "Sign out",
        "Rename…",
        "Remove…",
        "Add a server…",
        "Move down",
    ] {
        assert!(
            reached.iter().any(|label| label == wanted),
            "{wanted}: {reached:?}"
        );
    }
}

#[test]
fn nothing_is_drawn_again_while_nothing_happens() {
    for (name, size, model) in scenes::all() {
        let mut shown = harness(model, size, 1.0, &LIGHT);
        shown.run();
        let delay = shown
            .output()
            .viewport_output
            .values()
            .map(|viewport| viewport.repaint_delay)
            .min();
        assert_eq!(delay, Some(std::time::Duration::MAX), "{name}");
    }
}
