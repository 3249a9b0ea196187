//! A few words on the person's desktop, where no window of ours is open.

/// Why nothing was shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotificationError {
    /// This desktop shows no notifications, or refused this one.
    #[error("The desktop shows no notifications: {why}.")]
    Unavailable {
        /// What the system said, for the log.
        why: String,
    },
    /// The desktop did not answer within two seconds.
    #[error("The desktop did not take the notification in time.")]
    Late,
}

/// Shows a notification. Neither text may hold a secret: a desktop shows them
/// on a locked screen and keeps them. `text` is plain: nothing in it is markup.
///
/// Blocks for at most two seconds: call from a blocking thread.
///
/// # Errors
/// [`NotificationError`]; then nobody has seen anything.
pub fn show(title: &str, text: &str) -> Result<(), NotificationError> {
    #[cfg(target_os = "linux")]
    return linux::show(title, text);
    #[cfg(not(target_os = "linux"))]
    {
        let _unseen = (title, text);
        Err(NotificationError::Unavailable {
            why: "notifications of this system are not spoken to yet".to_owned(),
        })
    }
}

#[cfg(target_os = "linux")]
mod linux {
    //! The desktop notifications of freedesktop.org, version 1.2.

    use super::NotificationError;
    use crate::bus::{self, BusError};
    use dbus::arg::PropMap;
    use std::time::Duration;

    const NAME: &str = "org.freedesktop.Notifications";
    const PATIENCE: Duration = Duration::from_secs(2);

    pub(super) fn show(title: &str, text: &str) -> Result<(), NotificationError> {
        let (title, text) = (title.to_owned(), text.to_owned());
        let asked = bus::ask(PATIENCE, move |connection| {
            let proxy = connection.with_proxy(NAME, "/org/freedesktop/Notifications", PATIENCE);
            let (abilities,): (Vec<String>,) = proxy.method_call(NAME, "GetCapabilities", ())?;
            // Only a desktop that reads markup takes characters for it.
            let body = if abilities.iter().any(|ability| ability == "body-markup") {
                escaped(&text)
            } else {
                text
            };
            let (_id,): (u32,) = proxy.method_call(
                NAME,
                "Notify",
                (
                    "Chancery",
                    0_u32,
                    "",
                    title,
                    body,
                    Vec::<String>::new(),
                    PropMap::new(),
                    -1_i32,
                ),
            )?;
            Ok(())
        });
        asked.map_err(|error| match error {
            BusError::Late => NotificationError::Late,
            BusError::Unavailable(why) => NotificationError::Unavailable { why },
        })
    }

    fn escaped(text: &str) -> String {
        let mut escaped = String::with_capacity(text.len());
        for character in text.chars() {
            match character {
                '&' => escaped.push_str("&amp;"),
                '<' => escaped.push_str("&lt;"),
                '>' => escaped.push_str("&gt;"),
                '"' => escaped.push_str("&quot;"),
                '\'' => escaped.push_str("&apos;"),
                other => escaped.push(other),
            }
        }
        escaped
    }
}
