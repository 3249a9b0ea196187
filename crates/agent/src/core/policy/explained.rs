//! Every setting in words, for `chancery policy`.

use super::{Settings, Theme, Way, When};
use chancery_proto::local::{Setting, SettingSource};

impl Settings {
    /// Every setting, its value, who said so, and what it means.
    pub(crate) fn explained(&self) -> Vec<Setting> {
        let mut all = Vec::new();
        for server in self.provided() {
            let name = server.name.as_deref().unwrap_or(&server.address);
            all.push(Setting {
                name: "server".to_owned(),
                value: quoted(&server.address),
                from: SettingSource::Policy,
                meaning: format!("“{name}” is in the list from the start and stays there."),
            });
        }
        all.push(self.explained_others());
        all.push(self.explained_sign_in());
        for name in self.applications() {
            let (when, from) = self.sign_in_for(name);
            all.push(Setting {
                name: format!("application.{}.sign_in", key(name)),
                value: word(when),
                from,
                meaning: match when {
                    When::AtStart => format!(
                        "When {name} makes its first call to the agent, you are signed in, if that takes no password."
                    ),
                    When::FirstUse => {
                        format!("Starting {name} signs nobody in; its first use of the server does.")
                    }
                },
            });
        }
        all.extend(self.explained_storage());
        all.push(self.explained_way());
        all.extend(self.explained_desktop());
        all
    }

    fn explained_desktop(&self) -> [Setting; 2] {
        let (theme, from) = self.theme();
        let meaning = match theme {
            Theme::System => "The window is light or dark as the desktop is.",
            Theme::Light => "The window is light, whatever the desktop is.",
            Theme::Dark => "The window is dark, whatever the desktop is.",
            Theme::Contrast => "The window is black and white, with every edge drawn.",
        };
        let first = setting("desktop.theme", quoted(theme.as_str()), from, meaning);
        let (start, from) = self.desktop_starts();
        let meaning = if start {
            "The icon of the connection is there from when you log on."
        } else {
            "The icon of the connection is there once you or an application open it."
        };
        [
            first,
            setting("desktop.start", start.to_string(), from, meaning),
        ]
    }

    /// The applications that either file names, each once.
    fn applications(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        let both = [&self.policy.signing_in, &self.preferences.signing_in];
        for application in both.iter().flat_map(|one| &one.applications) {
            if !names
                .iter()
                .any(|name| name.eq_ignore_ascii_case(&application.name))
            {
                names.push(&application.name);
            }
        }
        names
    }

    fn explained_others(&self) -> Setting {
        let (others, from) = self.others();
        let meaning = match (others, self.provided()) {
            (true, _) => "You may connect to any work server.",
            (false, []) => "You may not connect to any server: the policy names none.",
            (false, _) => "You may connect to the servers named above, and to no other ones.",
        };
        setting("servers.others", others.to_string(), from, meaning)
    }

    fn explained_sign_in(&self) -> Setting {
        let (when, from) = self.sign_in();
        let meaning = match when {
            When::FirstUse => {
                "Delayed sign-in: starting an application neither connects nor asks; the first use of the server signs in."
            }
            When::AtStart => {
                "You are signed in when the agent or an application starts, if that takes no password. Nothing asks you by itself."
            }
        };
        setting("sign_in.when", word(when), from, meaning)
    }

    fn explained_storage(&self) -> [Setting; 2] {
        let (refresh_token, from) = self.refresh_token();
        let meaning = match (refresh_token, self.policy_is_mistaken) {
            (true, _) => {
                "A small secret in the keyring keeps you signed in when the agent ends. Passwords are never stored."
            }
            (false, true) => {
                "As long as the policy file has mistakes nothing is stored: you sign in again when the agent ends."
            }
            (false, false) => {
                "Nothing is put into the keyring: you sign in again when the agent ends."
            }
        };
        let first = setting(
            "storage.refresh_token",
            refresh_token.to_string(),
            from,
            meaning,
        );
        let (file, from) = self.file();
        let meaning = if file {
            "Where there is no keyring you may ask for a file instead, with --store-in-file."
        } else {
            "The secret is never put into a file, not even when you ask for it."
        };
        [
            first,
            setting("storage.file", file.to_string(), from, meaning),
        ]
    }

    fn explained_way(&self) -> Setting {
        let (way, from) = self.way();
        let (value, meaning) = match &way {
            Way::System => (
                "system".to_owned(),
                "The way to a server is the one that the environment or the desktop says."
                    .to_owned(),
            ),
            Way::Direct => (
                "none".to_owned(),
                "Servers are reached straight, whatever the environment or the desktop says."
                    .to_owned(),
            ),
            Way::Through(proxy) => (
                proxy.to_string().trim_end_matches('/').to_owned(),
                "Servers on other machines are reached through this proxy.".to_owned(),
            ),
        };
        Setting {
            name: "proxy.use".to_owned(),
            value: quoted(&value),
            from,
            meaning,
        }
    }
}

fn setting(name: &str, value: String, from: SettingSource, meaning: &str) -> Setting {
    Setting {
        name: name.to_owned(),
        value,
        from,
        meaning: meaning.to_owned(),
    }
}

fn word(when: When) -> String {
    quoted(match when {
        When::FirstUse => "first-use",
        When::AtStart => "at-start",
    })
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// A name as it stands in a file: between quotation marks where it has to.
fn key(name: &str) -> String {
    let bare = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if bare { name.to_owned() } else { quoted(name) }
}
