//! Pages that ask something: a password, a yes, a code.

use super::Page;
use maud::{Markup, html};

/// What every form carries.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asking<'a> {
    /// Where the form goes.
    pub(crate) action: &'a str,
    /// The name of the application that wants to be let in.
    pub(crate) application: &'a str,
    /// It wants to administer.
    pub(crate) administers: bool,
    /// What was asked, to be asked again when the form comes back.
    pub(crate) carried: &'a [(&'static str, String)],
    /// This server's own mark on the form.
    pub(crate) form: &'a str,
    /// What went wrong before.
    pub(crate) wrong: Option<String>,
    /// What was typed for the user before.
    pub(crate) user: &'a str,
    /// Whether not to is a choice here.
    pub(crate) may_cancel: bool,
}

impl Asking<'_> {
    fn hidden(&self) -> Markup {
        html! {
            input type="hidden" name="form" value=(self.form);
            @for (name, value) in self.carried {
                input type="hidden" name=(name) value=(value);
            }
        }
    }

    fn wrong(&self) -> Markup {
        html! {
            @if let Some(wrong) = &self.wrong {
                p class="wrong" role="alert" id="wrong" { (wrong) }
            }
        }
    }
}

/// Name and password.
pub(crate) fn sign_in(asking: &Asking<'_>) -> Page {
    let described = asking.wrong.as_ref().map(|_| "wrong");
    let begins_with_password = !asking.user.is_empty();
    let body = html! {
        h1 { "Sign in" }
        p {
            "Signing in lets " strong { bdi { (asking.application) } }
            @if asking.administers { " administer this server in your name." } @else { " work with your documents in your name." }
        }
        (asking.wrong())
        form method="post" action=(asking.action) {
            (asking.hidden())
            label for="user" { "User" }
            input id="user" name="username" type="text" dir="auto" required maxlength="64" value=(asking.user)
                autocomplete="username" autocapitalize="none" spellcheck="false"
                autofocus[!begins_with_password] aria-describedby=[described];
            label for="password" { "Password" }
            input id="password" name="password" type="password" required
                autocomplete="current-password" autofocus[begins_with_password] aria-describedby=[described];
            div class="buttons" {
                button type="submit" name="step" value="sign-in" { "Sign in" }
                @if asking.may_cancel {
                    button type="submit" name="step" value="deny" class="second" formnovalidate { "Cancel" }
                }
            }
        }
    };
    Page::new("Sign in", body)
}

/// Somebody is signed in at this browser already: a yes is enough.
pub(crate) fn confirm(asking: &Asking<'_>, person: &str, redirect_is_here: bool) -> Page {
    let body = html! {
        h1 { "Continue as " bdi { (person) } "?" }
        p {
            strong { bdi { (asking.application) } }
            " wants to work with your documents in your name."
            @if redirect_is_here { " Continue only if you have just started this on this computer." }
        }
        (asking.wrong())
        form method="post" action=(asking.action) {
            (asking.hidden())
            div class="buttons" {
                button type="submit" name="step" value="allow" autofocus { "Continue" }
                button type="submit" name="step" value="other" class="second" { "Sign in as somebody else" }
                button type="submit" name="step" value="deny" class="second" { "Cancel" }
            }
        }
    };
    Page::new(format!("Continue as {person}?"), body)
}

/// Who is signed in at this browser, and whether they want to be.
pub(crate) fn leave(action: &str, person: Option<&str>, form: &str, wrong: Option<String>) -> Page {
    const GO_ON: &str = "If you sign out here, applications that you let in before go on: they have sessions of their own.";
    let title = match person {
        Some(_) => "You are signed in at this browser",
        None => "Sign out at this browser",
    };
    let asking = Asking {
        action,
        form,
        wrong,
        ..Asking::default()
    };
    let body = html! {
        h1 { (title) }
        @match person {
            Some(person) => p { "As " bdi { (person) } ". " (GO_ON) },
            None => p { "The server cannot look at the moment who is signed in here. You can sign out all the same. " (GO_ON) },
        }
        (asking.wrong())
        form method="post" action=(asking.action) {
            (asking.hidden())
            div class="buttons" {
                button type="submit" name="step" value="leave" autofocus { "Sign out" }
            }
        }
    };
    Page::new(title, body)
}

/// The code that another device shows.
pub(crate) fn code_form(asking: &Asking<'_>, person: &str, code: &str) -> Page {
    let described = asking.wrong.as_ref().map(|_| "wrong");
    let body = html! {
        h1 { "Connect another device" }
        p { "You are signed in as " bdi { (person) } ". Type the code that the device shows." }
        (asking.wrong())
        form method="post" action=(asking.action) {
            (asking.hidden())
            label for="code" { "Code" }
            input id="code" class="code" name="user_code" type="text" required maxlength="20" value=(code)
                autocomplete="off" autocapitalize="characters" spellcheck="false" autofocus aria-describedby=[described];
            div class="buttons" {
                button type="submit" name="step" value="look" { "Continue" }
                button type="submit" name="step" value="other" class="second" formnovalidate { "Sign in as somebody else" }
            }
        }
    };
    Page::new("Connect another device", body)
}

/// Which device it is, and whether it may.
#[derive(Debug, Clone)]
pub(crate) struct DeviceAsking<'a> {
    pub(crate) person: &'a str,
    pub(crate) device: &'a str,
    pub(crate) address: &'a str,
    pub(crate) code: &'a str,
}

pub(crate) fn confirm_device(asking: &Asking<'_>, device: &DeviceAsking<'_>) -> Page {
    let body = html! {
        h1 { "Let this device in?" }
        p {
            strong { bdi { (asking.application) } }
            " on another device wants to work with your documents in your name."
        }
        dl {
            dt { "Code" } dd { (device.code) }
            @if !device.device.is_empty() { dt { "Device" } dd { bdi { (device.device) } } }
            dt { "Address" } dd { (device.address) }
            dt { "You" } dd { bdi { (device.person) } }
        }
        p { "Allow it only if you started this yourself and the code is the one that your device shows. Nobody from your firm will ever ask you to." }
        form method="post" action=(asking.action) {
            (asking.hidden())
            input type="hidden" name="user_code" value=(device.code);
            div class="buttons" {
                button type="submit" name="step" value="allow" { "Allow" }
                button type="submit" name="step" value="deny" class="second" autofocus { "Do not allow" }
            }
        }
    };
    Page::new("Let this device in?", body)
}
