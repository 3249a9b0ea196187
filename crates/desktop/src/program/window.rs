//! The window: opened when there is something to show, gone when there is not.

use super::desk::Desk;
use super::native::{self, Content, NoWindow};
use crate::fonts;
use crate::model::{Choice, Event, Open, Page};
use crate::picture::own_pixels;
use crate::theme::Palette;
use crate::view;
use crate::words::{say, say_with};
use chancery_proto::local::Theme;
use egui::{
    Color32, Context, IconData, UserAttentionType, Vec2, ViewportBuilder, ViewportCommand, vec2,
};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// As large as the window opens, and as small as it gets.
const WINDOW: [Vec2; 2] = [vec2(860.0, 600.0), vec2(640.0, 400.0)];
/// The same of the Login dialog alone.
const DIALOG: [Vec2; 2] = [vec2(440.0, 380.0), vec2(360.0, 220.0)];
/// The dialog gets no higher by itself; what is more is scrolled to.
const HIGHEST: f32 = 640.0;
/// Who uses the connection is asked anew so often while it is shown.
const FRESH: Duration = Duration::from_secs(2);
/// The program's own icon has so many pixels on a side.
const ICON: u16 = 64;

/// Keeps the program going: with a window where there is something to show,
/// and without one where there is not.
pub(super) fn keep(desk: Desk) -> Result<(), String> {
    let desk = Rc::new(RefCell::new(desk));
    loop {
        let (is_over, open) = {
            let desk = desk.borrow();
            (desk.is_over, desk.model.open)
        };
        if is_over {
            return Ok(());
        }
        if open == Open::Nothing {
            if !desk.borrow_mut().wait() {
                return Ok(());
            }
        } else {
            let ended = show(&desk, open);
            desk.borrow().waker.wakes(None);
            let mut desk = desk.borrow_mut();
            // What came while the program closed it is not the person's no.
            if !std::mem::take(&mut desk.closes_itself) {
                desk.take_in(Event::Chosen(Choice::Close));
            }
            if let Err(error) = ended {
                let why = say_with("trouble-window", &[("why", &error.to_string())]);
                if !desk.has_icon() {
                    return Err(why);
                }
                // The icon still tells how things are.
                desk.model.open = Open::Nothing;
                desk.model.report(why);
            }
        }
    }
}

fn sizes(open: Open) -> [Vec2; 2] {
    match open {
        Open::Window => WINDOW,
        Open::Dialog | Open::Nothing => DIALOG,
    }
}

fn show(desk: &Rc<RefCell<Desk>>, open: Open) -> Result<(), NoWindow> {
    let [size, least] = sizes(open);
    let side = u32::from(ICON);
    let icon = IconData {
        rgba: own_pixels(ICON),
        width: side,
        height: side,
    };
    let builder = ViewportBuilder::default()
        .with_title(say("app-name"))
        .with_app_id("chancery-desktop")
        .with_icon(Arc::new(icon))
        // What is dropped is taken by `platform`: a window has one target.
        .with_drag_and_drop(false)
        .with_inner_size(size)
        .with_min_inner_size(least);
    let mut window = Window {
        desk: Rc::clone(desk),
        open,
        painted: None,
        asked: Instant::now(),
        height: DIALOG[0].y,
    };
    native::show(builder, &mut window)
}

struct Window {
    desk: Rc<RefCell<Desk>>,
    open: Open,
    painted: Option<&'static Palette>,
    asked: Instant,
    /// The height that the dialog was given last.
    height: f32,
}

impl Window {
    /// The dialog is as high as what it shows.
    fn fit(&mut self, ctx: &Context) {
        if self.open != Open::Dialog {
            return;
        }
        let Some(height) = view::dialog_height(ctx) else {
            return;
        };
        let height = height.clamp(DIALOG[1].y, HIGHEST).ceil();
        if (height - self.height).abs() >= 1.0 {
            self.height = height;
            let size = vec2(DIALOG[0].x, height);
            ctx.send_viewport_cmd(ViewportCommand::InnerSize(size));
        }
    }

    /// The colours of now.
    fn palette(&mut self, ctx: &Context, theme: Theme) -> &'static Palette {
        let is_dark = ctx.system_theme() == Some(egui::Theme::Dark);
        let palette = Palette::of(theme, is_dark);
        if self.painted != Some(palette) {
            palette.apply(ctx);
            self.painted = Some(palette);
        }
        palette
    }

    /// What the person looks at is to be true.
    fn refresh(&mut self, ctx: &Context) {
        let page = {
            let desk = self.desk.borrow();
            (desk.model.open, desk.model.page)
        };
        if page != (Open::Window, Page::Applications) {
            return;
        }
        if self.asked.elapsed() >= FRESH {
            self.asked = Instant::now();
            let again = Event::Chosen(Choice::Page(Page::Applications));
            self.desk.borrow_mut().take_in(again);
        }
        ctx.request_repaint_after(FRESH);
    }

    /// The window as the model wants it. False when it wants none.
    fn follow(&mut self, commands: &mut Vec<ViewportCommand>) -> bool {
        let mut desk = self.desk.borrow_mut();
        if desk.is_over || desk.model.open == Open::Nothing {
            desk.closes_itself = true;
            return false;
        }
        if desk.model.open != self.open {
            self.open = desk.model.open;
            self.height = 0.0;
            let [size, least] = sizes(self.open);
            commands.push(ViewportCommand::MinInnerSize(least));
            commands.push(ViewportCommand::InnerSize(size));
        }
        if std::mem::take(&mut desk.model.wants_attention) {
            let attention = UserAttentionType::Informational;
            commands.push(ViewportCommand::Minimized(false));
            commands.push(ViewportCommand::Focus);
            commands.push(ViewportCommand::RequestUserAttention(attention));
        }
        true
    }
}

impl Content for Window {
    fn begin(&mut self, ctx: &Context) {
        ctx.set_fonts(fonts::definitions());
        self.desk.borrow().waker.wakes(Some(ctx.clone()));
    }

    fn look(&mut self, ctx: &Context, commands: &mut Vec<ViewportCommand>) -> bool {
        self.desk.borrow_mut().look();
        self.refresh(ctx);
        self.follow(commands)
    }

    fn draw(&mut self, ui: &mut egui::Ui) {
        let theme = self.desk.borrow().model.theme();
        let palette = self.palette(ui.ctx(), theme);
        let chosen = {
            let mut desk = self.desk.borrow_mut();
            let scene = desk.scene(palette);
            view::draw(ui, &mut desk.model, &scene)
        };
        self.fit(ui.ctx());
        if chosen.is_empty() {
            return;
        }
        for choice in chosen {
            self.desk.borrow_mut().take_in(Event::Chosen(choice));
        }
        // What was chosen is followed, and shows, at once.
        ui.ctx().request_repaint();
    }

    fn ground(&self) -> Color32 {
        self.painted
            .map_or(Color32::BLACK, |palette| palette.ground)
    }
}
