//! Thunderbird, used with a mouse and a keyboard. What its menu shows is read
//! as a screen reader reads it.

use super::desk::{BUTTON, Desk, TOOLS};
use chancery_testkit::Thunderbird;
use chancery_testkit::waiting::eventually;
use serde_json::Value;
use std::path::PathBuf;

/// Thunderbird, and what a person does in it.
pub(super) struct Mail<'a> {
    pub(super) desk: &'a Desk,
    pub(super) program: Thunderbird,
}

/// An item of the menu, as it is told to somebody who does not see it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Item {
    pub(super) role: String,
    pub(super) name: String,
    pub(super) is_checked: bool,
    pub(super) is_focused: bool,
}

impl Mail<'_> {
    pub(super) fn tooltip(&mut self) -> String {
        let title = self.program.run(&format!("return {BUTTON}?.title"));
        title
            .as_str()
            .unwrap_or_default()
            .replace(['\u{2068}', '\u{2069}'], "")
    }

    #[track_caller]
    pub(super) fn shows(&mut self, tooltip: &str, picture: &str) {
        let mut seen = String::new();
        let wanted = format!("Chancery: {tooltip}");
        eventually(&format!("the button says “{wanted}”"), || {
            seen = self.tooltip();
            (seen == wanted).then_some(())
        });
        let script = format!("return {BUTTON}.outerHTML + {BUTTON}.getAttribute('style')");
        let button = self.program.run(&script);
        assert!(
            button.as_str().unwrap_or_default().contains(picture),
            "{button}"
        );
    }

    /// A click in the middle of an element.
    pub(super) fn click(&mut self, element: &str) {
        let place = self.program.run(&format!(
            "const place = ({element}).getBoundingClientRect(); \
             return [window.mozInnerScreenX + place.x + place.width / 2, \
                     window.mozInnerScreenY + place.y + place.height / 2]"
        ));
        let pixel = |value: &Value| value.as_f64().expect("a number").round() as i64;
        self.desk
            .display
            .click((pixel(&place[0]), pixel(&place[1])));
    }

    /// What stands in the button's menu; nothing when it is closed.
    pub(super) fn menu(&mut self) -> Vec<Item> {
        let items = self.program.run(
            r#"const service = Cc["@mozilla.org/accessibilityService;1"].getService(Ci.nsIAccessibilityService);
            const browser = document.querySelector(".webextension-popup-browser");
            const items = [];
            const walk = place => {
                if (!place) return;
                const role = service.getStringRole(place.role), state = {};
                place.getState(state, {});
                if (["radio menu item", "menuitem", "separator", "alert", "statusbar"].includes(role)) {
                    let name = place.name;
                    if (name === null) {
                        name = "";
                        for (let leaf = place.firstChild; leaf; leaf = leaf.nextSibling) name += leaf.name ?? "";
                    }
                    items.push({role, name, checked: Boolean(state.value & 0x10), focused: Boolean(state.value & 0x4)});
                    return;
                }
                for (let child = place.firstChild; child; child = child.nextSibling) walk(child);
            };
            if (browser) walk(service.getAccessibleFor(browser));
            return items;"#,
        );
        let text = |item: &Value, name: &str| item[name].as_str().unwrap_or_default().to_owned();
        let items = items.as_array().expect("a list").iter();
        items
            .map(|item| Item {
                role: text(item, "role"),
                name: text(item, "name"),
                is_checked: item["checked"] == true,
                is_focused: item["focused"] == true,
            })
            .collect()
    }

    /// Opens the button's menu with the mouse, and waits until it has the keys.
    #[track_caller]
    pub(super) fn open_menu(&mut self) -> Vec<Item> {
        self.click(BUTTON);
        eventually("the menu is open and has the keys", || {
            let menu = self.menu();
            (is_told(&menu) && menu.iter().any(|item| item.is_focused)).then_some(menu)
        })
    }

    /// Opens the button's menu, and gives what it says went wrong.
    #[track_caller]
    pub(super) fn open_menu_with_alert(&mut self) -> String {
        self.program
            .wait_for("the button is there", &format!("return Boolean({BUTTON})"));
        self.click(BUTTON);
        self.alert()
    }

    /// What the open menu says went wrong.
    #[track_caller]
    pub(super) fn alert(&mut self) -> String {
        eventually("the menu says what went wrong", || {
            let mut menu = self.menu().into_iter();
            let alert = menu.find(|item| item.role == "alert" && !item.name.is_empty());
            alert.map(|item| item.name)
        })
    }

    /// Chooses from the open menu with the keyboard.
    #[track_caller]
    pub(super) fn choose(&mut self, start: &str) {
        let count = self.menu().len();
        let wanted = |menu: &[Item]| {
            let focused = menu.iter().find(|item| item.is_focused);
            focused.map(|item| item.name.starts_with(start))
        };
        for step in 0..count {
            let before = self.menu();
            if wanted(&before) == Some(true) {
                self.desk.display.press("Return");
                return;
            }
            self.desk.display.press("Down");
            eventually(&format!("step {step} moves the focus"), || {
                let menu = self.menu();
                (menu.iter().any(|item| item.is_focused) && menu != before).then_some(())
            });
        }
        panic!("“{start}” is not in the menu: {:?}", self.menu());
    }

    #[track_caller]
    pub(super) fn menu_closes(&mut self) {
        eventually("the menu closes", || self.menu().is_empty().then_some(()));
    }

    /// Opens “Tools”, and gives the labels of the Connect menu in it.
    pub(super) fn tools(&mut self) -> Vec<(String, bool)> {
        self.program.run("document.getElementById('toolbar-menubar').removeAttribute('autohide'); document.getElementById('tasksMenu').open = true");
        self.program.wait_for(
            "the Connect menu is there",
            &format!("return Boolean({TOOLS})"),
        );
        let items = self.program.run(&format!(
            "return [...{TOOLS}.querySelector('menupopup').children].filter(item => item.localName == 'menuitem') \
             .map(item => [item.label, item.getAttribute('checked') === 'true' || item.hasAttribute('checked')])"
        ));
        let plain = |label: &Value| {
            let label = label.as_str().unwrap_or_default();
            label.replace(['\u{2068}', '\u{2069}'], "")
        };
        let items = items.as_array().expect("a list").iter();
        items
            .map(|item| (plain(&item[0]), item[1] == true))
            .collect()
    }

    pub(super) fn choose_in_tools(&mut self, id: &str) {
        self.program.run(&format!(
            "document.getElementById('thunderbird_addons_chancery-menuitem-_{id}').doCommand(); \
             document.getElementById('tasksMenu').open = false"
        ));
    }

    /// For the guide, where somebody wants it.
    pub(super) fn picture(&self, part: &str, name: &str) {
        if let Some(directory) = std::env::var_os("CHANCERY_PICTURES") {
            self.desk
                .display
                .picture(part, &PathBuf::from(directory).join(name));
        }
    }
}

/// What is told comes a moment after what is there.
fn is_told(menu: &[Item]) -> bool {
    menu.iter()
        .all(|item| item.role == "separator" || !item.name.is_empty())
}

pub(super) fn names(menu: &[Item]) -> Vec<&str> {
    menu.iter().map(|item| item.name.as_str()).collect()
}
