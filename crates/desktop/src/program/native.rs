//! The window of the system: winit's loop, the toolkit's state between it and
//! what is drawn, and the pixels, which the processor draws.
//!
//! A frame is drawn when something has changed and at no other time. What has
//! to be looked at without one (a window that is covered gets none from some
//! systems) is looked at in [`Content::look`].

mod screen;

use egui::{Color32, Context, ViewportBuilder, ViewportCommand, ViewportId};
use egui_winit::accesskit_winit;
use screen::Screen;
use std::cell::RefCell;
use std::fmt::Display;
use std::time::Instant;
use winit::application::ApplicationHandler;
use winit::event::{StartCause, WindowEvent};
use winit::event_loop::{ActiveEventLoop, ControlFlow, EventLoop, EventLoopProxy};
use winit::platform::run_on_demand::EventLoopExtRunOnDemand as _;
use winit::window::WindowId;

/// What is in the window.
pub(super) trait Content {
    /// The toolkit is there, and nothing is drawn yet.
    fn begin(&mut self, ctx: &Context);

    /// Something happened, or its time has come: what the window is to do.
    /// False when it is to go.
    fn look(&mut self, ctx: &Context, commands: &mut Vec<ViewportCommand>) -> bool;

    /// Draws everything.
    fn draw(&mut self, ui: &mut egui::Ui);

    /// The colour under everything.
    fn ground(&self) -> Color32;
}

/// Why there is no window, or no window any more; in the system's words.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct NoWindow(String);

impl NoWindow {
    /// In the system's words. winit puts the place in its own source before
    /// them (`os error at FILE:LINE: WORDS`), which says nothing to anybody.
    fn because(error: &impl Display) -> Self {
        let whole = error.to_string();
        let words = whole
            .strip_prefix("os error at ")
            .and_then(|rest| rest.split_once(": "));
        Self(words.map_or_else(|| whole.clone(), |(_, words)| words.to_owned()))
    }
}

/// What comes to the loop from elsewhere.
#[derive(Debug)]
enum Call {
    /// Something is to be drawn anew, at that time.
    Repaint(Instant),
    /// A screen reader.
    Access(accesskit_winit::Event),
}

impl From<accesskit_winit::Event> for Call {
    fn from(event: accesskit_winit::Event) -> Self {
        Self::Access(event)
    }
}

thread_local! {
    /// A process has one for all its windows, one after the other.
    static LOOP: RefCell<Option<EventLoop<Call>>> = const { RefCell::new(None) };
}

/// Shows a window until the person closes it or its content wants it gone.
///
/// # Errors
/// When the system gives no window or takes no pixels.
pub(super) fn show(builder: ViewportBuilder, content: &mut dyn Content) -> Result<(), NoWindow> {
    LOOP.with_borrow_mut(|kept| {
        let events = match kept {
            Some(events) => events,
            None => {
                let events = EventLoop::with_user_event().build();
                kept.insert(events.map_err(|error| NoWindow::because(&error))?)
            }
        };
        let mut native = Native {
            builder,
            content,
            proxy: events.create_proxy(),
            screen: None,
            next: None,
            trouble: None,
        };
        events
            .run_app_on_demand(&mut native)
            .map_err(|error| NoWindow::because(&error))?;
        native.trouble.map_or(Ok(()), Err)
    })
}

struct Native<'a> {
    builder: ViewportBuilder,
    content: &'a mut dyn Content,
    proxy: EventLoopProxy<Call>,
    screen: Option<Screen>,
    /// When the next frame is due, if one is.
    next: Option<Instant>,
    trouble: Option<NoWindow>,
}

impl Native<'_> {
    fn open(&mut self, events: &ActiveEventLoop) -> Result<(), NoWindow> {
        let ctx = Context::default();
        ctx.set_embed_viewports(false);
        let proxy = self.proxy.clone();
        ctx.set_request_repaint_callback(move |info| {
            // None: at a time that never comes.
            if let Some(when) = Instant::now().checked_add(info.delay) {
                // A loop that is over draws nothing.
                let _sent = proxy.send_event(Call::Repaint(when));
            }
        });
        self.content.begin(&ctx);
        let mut screen = Screen::open(ctx, &self.builder, events, self.proxy.clone())?;
        screen.draw(events, self.content)?;
        screen.appear();
        self.screen = Some(screen);
        Ok(())
    }

    /// The loop may still tell of the window before this one.
    fn is_about_another(&self, id: WindowId) -> bool {
        self.screen.as_ref().is_none_or(|screen| screen.id() != id)
    }

    /// Does something with the window; where it fails there is none any more.
    fn with(
        &mut self,
        events: &ActiveEventLoop,
        does: impl FnOnce(&mut Screen, &mut dyn Content) -> Result<bool, NoWindow>,
    ) {
        let Some(screen) = &mut self.screen else {
            return;
        };
        match does(screen, self.content) {
            Ok(true) => {}
            Ok(false) => events.exit(),
            Err(trouble) => {
                self.trouble = Some(trouble);
                events.exit();
            }
        }
    }

    /// The time has come.
    fn look(&mut self, events: &ActiveEventLoop) {
        self.next = None;
        self.with(events, |screen, content| {
            let stays = screen.look(content);
            screen.ask_to_draw();
            Ok(stays)
        });
    }
}

impl ApplicationHandler<Call> for Native<'_> {
    fn resumed(&mut self, events: &ActiveEventLoop) {
        if self.screen.is_none()
            && let Err(trouble) = self.open(events)
        {
            self.trouble = Some(trouble);
            events.exit();
        }
    }

    fn new_events(&mut self, events: &ActiveEventLoop, cause: StartCause) {
        if matches!(cause, StartCause::ResumeTimeReached { .. })
            && self.next.is_some_and(|next| next <= Instant::now())
        {
            self.look(events);
        }
    }

    fn user_event(&mut self, events: &ActiveEventLoop, call: Call) {
        match call {
            Call::Repaint(when) => {
                self.next = Some(self.next.map_or(when, |next| next.min(when)));
                if self.next.is_some_and(|next| next <= Instant::now()) {
                    self.look(events);
                }
            }
            Call::Access(event) if self.is_about_another(event.window_id) => {}
            Call::Access(event) => self.with(events, |screen, content| {
                if screen.hear_reader(event.window_event) {
                    screen.draw(events, content)?;
                }
                Ok(true)
            }),
        }
    }

    fn window_event(&mut self, events: &ActiveEventLoop, id: WindowId, event: WindowEvent) {
        if self.is_about_another(id) {
            return;
        }
        match &event {
            WindowEvent::CloseRequested | WindowEvent::Destroyed => events.exit(),
            WindowEvent::RedrawRequested => self.with(events, |screen, content| {
                screen.draw(events, content)?;
                Ok(true)
            }),
            _ => self.with(events, |screen, content| {
                if screen.take_in(&event) {
                    screen.draw(events, content)?;
                }
                Ok(true)
            }),
        }
    }

    fn about_to_wait(&mut self, events: &ActiveEventLoop) {
        let flow = self.next.map_or(ControlFlow::Wait, ControlFlow::WaitUntil);
        events.set_control_flow(flow);
    }

    fn exiting(&mut self, _: &ActiveEventLoop) {
        // While the loop runs: the system is told that it has gone.
        self.screen = None;
    }
}

/// The one window.
const ROOT: ViewportId = ViewportId::ROOT;

#[cfg(test)]
mod tests {
    use super::NoWindow;

    #[test]
    fn what_is_wrong_is_said_without_the_place_in_a_librarys_source() {
        let told = |words: &str| NoWindow::because(&words).to_string();
        assert_eq!(
            told("os error at /some/where/mod.rs:89: Could not find a compositor: none"),
            "Could not find a compositor: none"
        );
        assert_eq!(told("the display is gone"), "the display is gone");
    }
}
