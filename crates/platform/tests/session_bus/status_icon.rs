//! The status icon, before a panel of our own on a real bus.

use crate::panel::{Entry, Manner, PATIENCE, Panel, Seen};
use crate::{is_inside, run_inside};
use chancery_platform::status_icon::{Chosen, Item, Picture, Shown, StatusIcon};
use chancery_testkit::keyring::SessionBus;
use chancery_testkit::waiting::eventually;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

fn inside(name: &str, with_bus: bool, test: impl FnOnce()) {
    if is_inside() {
        return test();
    }
    let home = tempfile::tempdir().expect("made");
    let elsewhere = tempfile::tempdir().expect("made");
    let bus = SessionBus::start(home.path());
    let address = if with_bus { bus.address() } else { "" };
    run_inside(&format!("status_icon::{name}"), address, elsewhere.path());
}

fn command(id: &str, label: &str, enabled: bool) -> Item {
    Item::Command {
        id: id.to_owned(),
        label: label.to_owned(),
        enabled,
    }
}

fn server(id: &str, label: &str, marked: bool) -> Item {
    Item::Choice {
        id: id.to_owned(),
        label: label.to_owned(),
        marked,
        enabled: true,
    }
}

fn connected() -> Shown {
    Shown {
        name: "chancery-connected",
        pictures: vec![Picture {
            size: 1,
            rgba: vec![1, 2, 3, 4],
        }],
        title: "Chancery".to_owned(),
        tooltip: "Connected as <Ada>".to_owned(),
        needs_attention: false,
        menu: vec![
            Item::Note("Connected as ada_b\u{202e}\n".to_owned()),
            server("one", "work_one", true),
            server("two", "محمد", false),
            Item::Separator,
            command("list", "Choose from the list…", true),
            command("sign-in", "Sign in", false),
            Item::Menu {
                label: "More".to_owned(),
                items: vec![command("open", "Open Chancery", true)],
            },
        ],
    }
}

fn show(shown: Shown) -> (StatusIcon, Receiver<Chosen>) {
    let (told, chosen) = mpsc::channel();
    let icon = StatusIcon::show(shown, move |what| {
        let _gone = told.send(what);
    });
    (icon.expect("a bus is enough"), chosen)
}

fn labels(menu: &[Entry]) -> Vec<&str> {
    menu.iter().map(|entry| entry.label.as_str()).collect()
}

fn becomes_seen(icon: &StatusIcon, wanted: bool) {
    eventually("the panel has taken or lost the icon", || {
        (icon.is_seen() == wanted).then_some(())
    });
}

#[test]
fn a_panel_reads_clicks_and_activates() {
    inside("a_panel_reads_clicks_and_activates", true, || {
        let panel = Panel::start(Manner::Takes);
        let (icon, chosen) = show(connected());
        assert!(icon.is_seen());
        let seen = panel.icon();
        assert!(seen.name.starts_with("org.kde.StatusNotifierItem-"));
        assert_eq!(seen.text("Title"), "Chancery");
        assert_eq!(seen.text("Id"), "chancery");
        assert_eq!(seen.text("Status"), "Active");
        assert_eq!(seen.text("IconName"), "chancery-connected");
        // Alpha stands in front.
        assert_eq!(seen.pictures("IconPixmap"), [(1, 1, vec![4, 1, 2, 3])]);
        assert_eq!(seen.pictures("AttentionIconPixmap"), []);
        let words = |text: &str| text.to_owned();
        let tooltip = (words(""), words("Connected as ‹Ada›"), words(""));
        assert_eq!(seen.tooltip(), tooltip);
        menu_is_read_and_clicked(&seen, &chosen);
        seen.activate();
        let activated = chosen.recv_timeout(PATIENCE).expect("told");
        assert_eq!(activated, Chosen::Activated);
    });
}

fn menu_is_read_and_clicked(seen: &Seen, chosen: &Receiver<Chosen>) {
    let menu = seen.menu();
    let expected = [
        "Connected as ada__b",
        "work__one",
        "محمد",
        "",
        "Choose from the list…",
        "Sign in",
        "More",
    ];
    assert_eq!(labels(&menu), expected);
    let marks: Vec<_> = menu.iter().map(|entry| entry.marked).collect();
    let none = None;
    assert_eq!(
        marks,
        [none, Some(true), Some(false), none, none, none, none]
    );
    let able: Vec<_> = menu.iter().map(|entry| entry.enabled).collect();
    assert_eq!(able, [false, true, true, true, true, false, true]);
    assert!(menu[3].separates);
    assert_eq!(labels(&menu[6].inner), ["Open Chancery"]);
    // Notes and what cannot be chosen say nothing: the next that can is told
    // first.
    for (entry, id) in [
        (&menu[0], None),
        (&menu[2], Some("two")),
        (&menu[5], None),
        (&menu[4], Some("list")),
        (&menu[6].inner[0], Some("open")),
    ] {
        seen.click(entry.number);
        if let Some(id) = id {
            let told = chosen.recv_timeout(PATIENCE).expect("told");
            assert_eq!(told, Chosen::Command(id.to_owned()));
        }
    }
}

#[test]
fn only_what_changed_is_sent() {
    inside("only_what_changed_is_sent", true, || {
        let panel = Panel::start(Manner::Takes);
        let (icon, _chosen) = show(connected());
        let seen = panel.icon();
        assert_eq!(seen.menu().len(), 7);

        let mut shown = connected();
        icon.update(shown.clone());
        shown.tooltip = "Offline".to_owned();
        icon.update(shown.clone());
        assert_eq!(panel.heard_before("NewToolTip"), Vec::<String>::new());
        assert_eq!(seen.tooltip().1, "Offline");

        shown.menu[2] = server("two", "another", false);
        icon.update(shown.clone());
        let changed = "ItemsPropertiesUpdated 1";
        assert_eq!(panel.heard_before(changed), Vec::<String>::new());

        shown.menu.pop();
        icon.update(shown.clone());
        assert_eq!(panel.heard_before("LayoutUpdated"), Vec::<String>::new());
        assert_eq!(seen.menu().len(), 6);

        shown.needs_attention = true;
        icon.update(shown.clone());
        eventually("the panel is to draw attention", || {
            (seen.text("Status") == "NeedsAttention").then_some(())
        });
        assert_eq!(seen.pictures("AttentionIconPixmap").len(), 1);
        assert!(
            panel
                .heard_before("NewAttentionIcon")
                .contains(&"NewStatus".to_owned())
        );

        shown.title = "Chancery, offline".to_owned();
        icon.update(shown);
        panel.heard_before("NewTitle");
        assert_eq!(seen.text("Title"), "Chancery, offline");
    });
}

#[test]
fn a_panel_that_comes_late_or_again_gets_the_icon() {
    inside(
        "a_panel_that_comes_late_or_again_gets_the_icon",
        true,
        || {
            let (icon, chosen) = show(connected());
            assert!(!icon.is_seen(), "nobody is there");
            // What was wanted meanwhile counts when it comes.
            icon.update(Shown {
                title: "later".to_owned(),
                ..connected()
            });
            for _turn in 0..3 {
                let panel = Panel::start(Manner::Takes);
                let seen = panel.icon();
                becomes_seen(&icon, true);
                assert_eq!(seen.text("Title"), "later");
                seen.activate();
                let activated = chosen.recv_timeout(PATIENCE).expect("told");
                assert_eq!(activated, Chosen::Activated);
                drop(panel);
                becomes_seen(&icon, false);
            }
        },
    );
}

#[test]
fn an_icon_that_is_taken_away_leaves_the_bus_and_two_are_two() {
    inside(
        "an_icon_that_is_taken_away_leaves_the_bus_and_two_are_two",
        true,
        || {
            let panel = Panel::start(Manner::Takes);
            let (one, _) = show(connected());
            let first = panel.icon();
            let (_two, _) = show(Shown {
                title: "the other".to_owned(),
                ..connected()
            });
            let second = panel.icon();
            assert_ne!(first.name, second.name);
            drop(one);
            eventually("the first is gone", || (!first.is_there()).then_some(()));
            assert_eq!(second.text("Title"), "the other");
        },
    );
}

#[test]
fn a_panel_that_refuses_is_asked_again() {
    inside("a_panel_that_refuses_is_asked_again", true, || {
        let refusing = Panel::start(Manner::Refuses);
        let (icon, _chosen) = show(connected());
        assert!(!icon.is_seen());
        drop(refusing);
        let taking = Panel::start(Manner::Takes);
        assert_eq!(taking.icon().text("Title"), "Chancery");
        becomes_seen(&icon, true);
    });
}

#[test]
fn a_panel_that_hangs_holds_nobody_up() {
    inside("a_panel_that_hangs_holds_nobody_up", true, || {
        let panel = Panel::start(Manner::Hangs);
        let begun = Instant::now();
        let (icon, _chosen) = show(connected());
        assert!(begun.elapsed() < Duration::from_secs(15));
        assert!(!icon.is_seen());
        let seen = panel.icon();
        for turn in 0..100 {
            icon.update(Shown {
                title: turn.to_string(),
                ..connected()
            });
        }
        drop(icon);
        eventually("the icon is gone", || (!seen.is_there()).then_some(()));
    });
}

#[test]
fn an_icon_sleeps_while_nothing_happens() {
    inside("an_icon_sleeps_while_nothing_happens", true, || {
        let panel = Panel::start(Manner::Takes);
        let (icon, _chosen) = show(connected());
        let seen = panel.icon();
        icon.update(Shown {
            title: "now".to_owned(),
            ..connected()
        });
        assert_eq!(panel.heard_before("NewTitle"), Vec::<String>::new());
        assert_eq!(seen.text("Title"), "now");
        // The last answer may still be on its way to sleep.
        eventually("half a second without a turn", || {
            let before = turns();
            let silent = panel.is_silent_for(Duration::from_millis(500));
            (silent && before == turns()).then_some(())
        });
    });
}

/// How often the icon's thread, and whatever threads it has begun, woke up.
fn turns() -> Vec<String> {
    let tasks = std::fs::read_dir("/proc/self/task").expect("threads");
    let own: Vec<_> = tasks
        .map(|task| task.expect("one").path())
        .filter(|task| {
            let name = std::fs::read_to_string(task.join("comm")).unwrap_or_default();
            ["status-icon", "zbus", "tokio", "async-io"]
                .iter()
                .any(|known| name.starts_with(known))
        })
        .collect();
    assert!(!own.is_empty(), "the icon has a thread");
    own.iter()
        .filter_map(|task| std::fs::read_to_string(task.join("status")).ok())
        .flat_map(|status| {
            let counts = status.lines().filter(|line| line.contains("ctxt_switches"));
            counts.map(str::to_owned).collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn without_a_bus_there_is_no_icon_and_that_is_said() {
    inside(
        "without_a_bus_there_is_no_icon_and_that_is_said",
        false,
        || {
            let refused = StatusIcon::show(connected(), |_| {}).expect_err("no bus");
            assert_eq!(
                refused.to_string(),
                "This desktop shows no status icons: there is no session bus."
            );
        },
    );
}
