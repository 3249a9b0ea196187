//! Everything that lives as long as the program: what is known, the line to
//! the agent, and the icon.

use super::icon;
use crate::link::Link;
use crate::model::{Choice, Event, Model, Wish};
use crate::theme::Palette;
use crate::view::Scene;
use crate::words::say_with;
use chancery_platform::agent_process::AgentCommand;
use chancery_platform::directories::Directories;
use chancery_platform::status_icon::{Chosen, Shown, StatusIcon};
use chancery_platform::{desktop_program, logon};
use chancery_proto::clock::Timestamp;
use chancery_proto::local::Show;
use jiff::tz::TimeZone;
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

/// Wakes the window, where there is one, when something has happened.
#[derive(Clone, Default)]
pub(super) struct Waker(Arc<Mutex<Option<egui::Context>>>);

impl Waker {
    /// From now on that window is woken, or none.
    pub(super) fn wakes(&self, ctx: Option<egui::Context>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = ctx;
    }

    fn wake(&self) {
        // Not under the lock: the window may ask for it just then.
        let ctx = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some(ctx) = ctx {
            ctx.request_repaint();
        }
    }
}

/// See the module.
pub(super) struct Desk {
    pub(super) model: Model,
    pub(super) waker: Waker,
    /// The program is to end.
    pub(super) is_over: bool,
    link: Link,
    mail: Receiver<Event>,
    icon: Option<StatusIcon>,
    shown: Option<Shown>,
    directories: Directories,
    zone: TimeZone,
    starts: Option<bool>,
    /// This program's file, as it was started.
    own: PathBuf,
    /// Something happened since the icon was drawn.
    is_stale: bool,
    /// The window was closed by the program, and not by the person.
    pub(super) closes_itself: bool,
}

impl Desk {
    /// Opens the line to the agent and puts the icon on.
    pub(super) fn open(
        directories: Directories,
        command: AgentCommand,
        own: PathBuf,
        show: Option<Show>,
    ) -> io::Result<Self> {
        let (sender, mail) = channel();
        let waker = Waker::default();
        let post = poster(sender, waker.clone());
        let link = Link::open(directories.socket(), command, Arc::clone(&post))?;
        if let Some(show) = show {
            post(Event::Show(show));
        }
        let mut desk = Self {
            model: Model::default(),
            waker,
            is_over: false,
            link,
            mail,
            icon: None,
            shown: None,
            directories,
            zone: TimeZone::system(),
            starts: None,
            own,
            is_stale: false,
            closes_itself: false,
        };
        let shown = icon::shown(&desk.model, &desk.scene(&crate::theme::LIGHT));
        let told = move |chosen: Chosen| {
            let choice = match chosen {
                Chosen::Activated => Choice::Open,
                Chosen::Command(id) => icon::read(&id),
            };
            post(Event::Chosen(choice));
        };
        // A desktop without icons has the window and the add-ons.
        desk.icon = StatusIcon::show(shown.clone(), told).ok();
        desk.shown = Some(shown);
        Ok(desk)
    }

    /// What everything is drawn with.
    pub(super) fn scene(&self, palette: &'static Palette) -> Scene {
        Scene {
            palette,
            now: Timestamp(jiff::Timestamp::now().as_millisecond()),
            zone: self.zone.clone(),
        }
    }

    /// Whether the person can find the program without a window.
    pub(super) fn has_icon(&self) -> bool {
        self.icon.as_ref().is_some_and(StatusIcon::is_seen)
    }

    /// Waits for the next thing that happens, and takes it in. False when
    /// nothing can happen any more.
    pub(super) fn wait(&mut self) -> bool {
        match self.mail.recv() {
            Ok(event) => {
                self.take_in(event);
                self.look();
                true
            }
            Err(_) => false,
        }
    }

    /// Takes in what has happened.
    pub(super) fn look(&mut self) {
        while let Ok(event) = self.mail.try_recv() {
            self.take_in(event);
        }
        if !std::mem::take(&mut self.is_stale) {
            return;
        }
        let shown = icon::shown(&self.model, &self.scene(&crate::theme::LIGHT));
        if let Some(icon) = &self.icon
            && self.shown.as_ref() != Some(&shown)
        {
            icon.update(shown.clone());
            self.shown = Some(shown);
        }
    }

    /// Takes in one thing, and does what follows.
    pub(super) fn take_in(&mut self, event: Event) {
        self.is_stale = true;
        if matches!(event, Event::Listening) {
            // Whoever started this program may ask now.
            desktop_program::announce_ready();
        }
        for wish in self.model.apply(event) {
            self.carry_out(wish);
        }
        self.follow_settings();
    }

    fn carry_out(&mut self, wish: Wish) {
        match wish {
            Wish::Quit => self.is_over = true,
            other => self.link.wish(other),
        }
    }

    /// Whether the program starts at log-on follows the settings, whoever
    /// changed them.
    fn follow_settings(&mut self) {
        let wanted = match self.model.setting("desktop.start") {
            Some("true") => true,
            Some(_) => false,
            None => return,
        };
        if self.starts == Some(wanted) {
            return;
        }
        self.starts = Some(wanted);
        if let Err(error) = logon::set(&self.directories, &self.own, wanted) {
            let why = error.to_string();
            self.model
                .report(say_with("trouble-start", &[("why", &why)]));
        }
    }
}

fn poster(sender: Sender<Event>, waker: Waker) -> Arc<dyn Fn(Event) + Send + Sync> {
    let sender = Mutex::new(sender);
    Arc::new(move |event| {
        let sent = sender
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .send(event);
        // Whoever does not listen any more has ended.
        if sent.is_ok() {
            waker.wake();
        }
    })
}
