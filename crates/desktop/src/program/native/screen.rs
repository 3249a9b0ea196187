//! One window with its pixels.

use super::{Call, Content, NoWindow, ROOT};
use crate::painter::{Canvas, Painter};
use egui::{Context, Vec2, ViewportBuilder, ViewportCommand, ViewportInfo, pos2, vec2};
use egui_winit::{ActionRequested, accesskit_winit};
use std::num::NonZeroU32;
use std::sync::Arc;
use winit::event::WindowEvent;
use winit::event_loop::{ActiveEventLoop, EventLoopProxy, OwnedDisplayHandle};
use winit::window::{Window, WindowId};

type Surface = softbuffer::Surface<OwnedDisplayHandle, Arc<Window>>;

/// No texture is larger on a side.
const LARGEST: usize = 8192;

/// See the module.
pub(super) struct Screen {
    ctx: Context,
    state: egui_winit::State,
    info: ViewportInfo,
    painter: Painter,
    /// What the toolkit asks of the window, from one frame to the next.
    asked: Vec<ActionRequested>,
    // Before its window.
    surface: Surface,
    window: Arc<Window>,
}

/// What a screen has besides a window: its frame and the desktop's panel.
const BESIDES: Vec2 = vec2(16.0, 72.0);

/// In the middle of the screen, where the system lets a program say so, and
/// no larger than it.
fn centered(builder: ViewportBuilder, events: &ActiveEventLoop) -> ViewportBuilder {
    let monitor = events
        .primary_monitor()
        .or_else(|| events.available_monitors().next());
    let (Some(monitor), Some(size)) = (monitor, builder.inner_size) else {
        return builder;
    };
    let scale = monitor.scale_factor();
    let whole = monitor.size().to_logical::<f32>(scale);
    let corner = monitor.position().to_logical::<f32>(scale);
    let (whole, corner) = (vec2(whole.width, whole.height), pos2(corner.x, corner.y));
    let size = size.min((whole - BESIDES).max(Vec2::splat(1.0)));
    builder
        .with_inner_size(size)
        .with_position(corner + (whole - size) / 2.0)
}

impl Screen {
    /// A window that nobody sees yet.
    pub(super) fn open(
        ctx: Context,
        builder: &ViewportBuilder,
        events: &ActiveEventLoop,
        proxy: EventLoopProxy<Call>,
    ) -> Result<Self, NoWindow> {
        // A screen reader has to be told of it before it is seen.
        let builder = centered(builder.clone().with_visible(false), events);
        let window = egui_winit::create_window(&ctx, events, &builder);
        let window = Arc::new(window.map_err(|error| NoWindow::because(&error))?);
        let mut info = ViewportInfo::default();
        egui_winit::update_viewport_info(&mut info, &ctx, &window, true);
        let scale = window.scale_factor() as f32;
        let theme = window.theme();
        let mut state =
            egui_winit::State::new(ctx.clone(), ROOT, events, Some(scale), theme, Some(LARGEST));
        state.init_accesskit(events, &window, proxy);
        let surface = softbuffer::Context::new(events.owned_display_handle())
            .and_then(|context| Surface::new(&context, Arc::clone(&window)))
            .map_err(|error| NoWindow::because(&error))?;
        Ok(Self {
            ctx,
            state,
            info,
            painter: Painter::default(),
            asked: Vec::new(),
            surface,
            window,
        })
    }

    pub(super) fn id(&self) -> WindowId {
        self.window.id()
    }

    /// From now on it is seen.
    pub(super) fn appear(&self) {
        self.window.set_visible(true);
        self.window.request_redraw();
    }

    /// A frame, as soon as the system takes one.
    pub(super) fn ask_to_draw(&self) {
        self.window.request_redraw();
    }

    /// Takes in what the person or the system did. True when it is to be
    /// drawn at once: a window that is being resized shows what was there
    /// before, or nothing, until then.
    pub(super) fn take_in(&mut self, event: &WindowEvent) -> bool {
        if let WindowEvent::Occluded(is_covered) = event {
            self.info.occluded = Some(*is_covered);
        }
        let response = self.state.on_window_event(&self.window, event);
        if matches!(event, WindowEvent::Resized(_)) {
            return true;
        }
        if response.repaint {
            self.window.request_redraw();
        }
        false
    }

    /// Takes in what a screen reader asks. True when it is to be drawn at once.
    pub(super) fn hear_reader(&mut self, event: accesskit_winit::WindowEvent) -> bool {
        match event {
            accesskit_winit::WindowEvent::InitialTreeRequested => {
                self.ctx.enable_accesskit();
                true
            }
            accesskit_winit::WindowEvent::ActionRequested(request) => {
                self.state.on_accesskit_action_request(request);
                self.window.request_redraw();
                false
            }
            accesskit_winit::WindowEvent::AccessibilityDeactivated => {
                self.ctx.disable_accesskit();
                false
            }
        }
    }

    /// Lets the content follow what has happened. False when it wants to go.
    pub(super) fn look(&mut self, content: &mut dyn Content) -> bool {
        let mut commands = Vec::new();
        let stays = content.look(&self.ctx, &mut commands);
        self.obey(commands);
        stays
    }

    fn obey(&mut self, commands: Vec<ViewportCommand>) {
        let asked = &mut self.asked;
        egui_winit::process_viewport_commands(
            &self.ctx,
            &mut self.info,
            commands,
            &self.window,
            asked,
        );
        for action in asked.drain(..) {
            let event = match action {
                ActionRequested::Cut => egui::Event::Cut,
                ActionRequested::Copy => egui::Event::Copy,
                ActionRequested::Paste => match self.state.clipboard_text() {
                    Some(text) if !text.is_empty() => {
                        egui::Event::Paste(text.replace("\r\n", "\n"))
                    }
                    _ => continue,
                },
                // Nothing here asks for a picture of itself.
                ActionRequested::Screenshot(_) | ActionRequested::PaintWhileHidden => continue,
            };
            self.state.egui_input_mut().events.push(event);
            self.window.request_redraw();
        }
    }

    /// Draws a frame and shows it.
    pub(super) fn draw(
        &mut self,
        events: &ActiveEventLoop,
        content: &mut dyn Content,
    ) -> Result<(), NoWindow> {
        egui_winit::update_viewport_info(&mut self.info, &self.ctx, &self.window, false);
        let mut input = self.state.take_egui_input(&self.window);
        input.viewports.insert(ROOT, self.info.clone());
        let mut output = self.ctx.run_ui(input, |ui| content.draw(ui));
        // They were in the input.
        self.info.events.clear();
        self.state.handle_platform_output_with_event_loop(
            &self.window,
            events,
            output.platform_output,
        );
        self.painter.take_in(&mut output.textures_delta);
        let scale = output.pixels_per_point;
        let primitives = self.ctx.tessellate(output.shapes, scale);
        let size = self.window.inner_size();
        // A window that is an icon of itself has no size.
        if let (Some(width), Some(height)) =
            (NonZeroU32::new(size.width), NonZeroU32::new(size.height))
        {
            let because = |error: softbuffer::SoftBufferError| NoWindow::because(&error);
            self.surface.resize(width, height).map_err(because)?;
            let mut pixels = self.surface.buffer_mut().map_err(because)?;
            let mut canvas = Canvas::new(&mut pixels, size.width as usize);
            canvas.fill(content.ground());
            self.painter.paint(&primitives, scale, &mut canvas);
            self.window.pre_present_notify();
            pixels.present().map_err(because)?;
        }
        let commands = output.viewport_output.remove(&ROOT);
        self.obey(commands.map(|own| own.commands).unwrap_or_default());
        Ok(())
    }
}
