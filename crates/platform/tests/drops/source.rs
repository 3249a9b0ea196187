//! A source of drags of our own, for what real ones never do.

use chancery_testkit::waiting::eventually;
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    Atom, AtomEnum, ChangeWindowAttributesAux, ClientMessageEvent, ConnectionExt, CreateWindowAux,
    EventMask, PropMode, Property, SelectionNotifyEvent, SelectionRequestEvent, Window,
    WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

pub(crate) struct Source {
    pub(crate) display: RustConnection,
    pub(crate) window: Window,
    target: Window,
    pub(crate) proxy: Window,
}

/// What a target answered to a place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) taken: bool,
    pub(crate) action: String,
}

impl Source {
    /// Finds whom to speak to, as the protocol says.
    pub(crate) fn towards(target: Window) -> Self {
        let (display, screen) = x11rb::connect(None).expect("a display");
        let root = display.setup().roots[screen].root;
        let window = display.generate_id().expect("a number");
        let (class, visual) = (WindowClass::INPUT_ONLY, x11rb::COPY_FROM_PARENT);
        let aux = CreateWindowAux::new();
        display
            .create_window(0, window, root, 0, 0, 1, 1, 0, class, visual, &aux)
            .expect("sent");
        let mut source = Self {
            display,
            window,
            target,
            proxy: x11rb::NONE,
        };
        let proxy = source.numbers(target, "XdndProxy");
        source.proxy = *proxy.first().expect("a proxy");
        assert_eq!(source.numbers(source.proxy, "XdndProxy"), [source.proxy]);
        assert_eq!(source.numbers(source.proxy, "XdndAware"), [5]);
        assert_eq!(source.numbers(target, "XdndAware"), [5]);
        let selection = source.atom("XdndSelection");
        source
            .display
            .set_selection_owner(window, selection, x11rb::CURRENT_TIME)
            .expect("sent");
        source
    }

    /// From now on the proxy is taken for the target itself, as browsers do.
    pub(crate) fn takes_the_proxy_for_it(&mut self) {
        self.target = self.proxy;
    }

    pub(crate) fn atom(&self, name: &str) -> Atom {
        let asked = self.display.intern_atom(false, name.as_bytes());
        asked.expect("sent").reply().expect("a name").atom
    }

    pub(crate) fn numbers(&self, window: Window, property: &str) -> Vec<u32> {
        let property = self.atom(property);
        let asked = self
            .display
            .get_property(false, window, property, AtomEnum::ANY, 0, 8);
        let told = asked.expect("sent").reply().expect("a window");
        told.value32().into_iter().flatten().collect()
    }

    /// A message to the target, by way of its proxy.
    pub(crate) fn say(&self, kind: &str, data: [u32; 4]) {
        self.say_as(self.window, kind, data);
    }

    pub(crate) fn say_as(&self, source: Window, kind: &str, data: [u32; 4]) {
        let [one, two, three, four] = data;
        let data = [source, one, two, three, four];
        let message = ClientMessageEvent::new(32, self.target, self.atom(kind), data);
        self.display
            .send_event(false, self.proxy, EventMask::NO_EVENT, message)
            .expect("sent");
        self.display.flush().expect("sent");
    }

    /// Enters with these kinds of data; more than three in a list.
    pub(crate) fn enter(&self, kinds: &[&str]) {
        let mut atoms: Vec<Atom> = kinds.iter().map(|kind| self.atom(kind)).collect();
        let listed = atoms.len() > 3;
        if listed {
            let (mode, list) = (PropMode::REPLACE, self.atom("XdndTypeList"));
            self.display
                .change_property32(mode, self.window, list, AtomEnum::ATOM, &atoms)
                .expect("sent");
        }
        atoms.resize(if listed { 0 } else { 3 }, x11rb::NONE);
        atoms.resize(3, x11rb::NONE);
        let flags = 5 << 24 | u32::from(listed);
        self.say("XdndEnter", [flags, atoms[0], atoms[1], atoms[2]]);
    }

    /// Moves to a place of the screen; what the target says to it.
    pub(crate) fn position(&self, x: i16, y: i16) -> Status {
        let place = u32::from(x.cast_unsigned()) << 16 | u32::from(y.cast_unsigned());
        let copy = self.atom("XdndActionCopy");
        self.say("XdndPosition", [0, place, x11rb::CURRENT_TIME, copy]);
        let data = self.told("XdndStatus");
        assert_eq!(data[0], self.target);
        assert_eq!(data[1] & 2, 2, "every further place is wanted");
        let action = if data[4] == x11rb::NONE {
            String::new()
        } else {
            let asked = self.display.get_atom_name(data[4]).expect("sent");
            String::from_utf8(asked.reply().expect("a name").name).expect("a text")
        };
        Status {
            taken: data[1] & 1 == 1,
            action,
        }
    }

    pub(crate) fn drop_it(&self) {
        self.say("XdndDrop", [0, 7, 0, 0]);
    }

    /// Whether the target has taken it, when it has finished.
    pub(crate) fn finished(&self) -> bool {
        let data = self.told("XdndFinished");
        assert_eq!(data[0], self.target);
        assert_eq!(data[1] == 1, data[2] == self.atom("XdndActionCopy"));
        data[1] == 1
    }

    /// The next message of this kind.
    fn told(&self, kind: &str) -> [u32; 5] {
        let wanted = self.atom(kind);
        self.event(kind, |event| match event {
            Event::ClientMessage(message) if message.type_ == wanted => {
                Some(message.data.as_data32())
            }
            _ => None,
        })
    }

    fn event<T>(&self, what: &str, choose: impl Fn(&Event) -> Option<T>) -> T {
        eventually(what, || {
            let event = self.display.poll_for_event().expect("the display lives")?;
            choose(&event)
        })
    }

    /// The target's question for the list of files.
    pub(crate) fn asked(&self) -> SelectionRequestEvent {
        self.asked_for("text/uri-list")
    }

    pub(crate) fn asked_for(&self, kind: &str) -> SelectionRequestEvent {
        let asked = self.event("the question for the data", |event| match event {
            Event::SelectionRequest(asked) => Some(*asked),
            _ => None,
        });
        assert_eq!(asked.target, self.atom(kind));
        assert_eq!(asked.time, 7);
        asked
    }

    /// Writes where the target wants to read.
    pub(crate) fn write(&self, asked: &SelectionRequestEvent, kind: &str, data: &[u8]) {
        let (mode, place) = (PropMode::REPLACE, asked.property);
        let kind = self.atom(kind);
        self.display
            .change_property8(mode, asked.requestor, place, kind, data)
            .expect("sent");
        self.display.flush().expect("sent");
    }

    /// Adds to what stands there.
    pub(crate) fn append(&self, asked: &SelectionRequestEvent, data: &[u8]) {
        let (mode, place) = (PropMode::APPEND, asked.property);
        let kind = self.atom("text/uri-list");
        self.display
            .change_property8(mode, asked.requestor, place, kind, data)
            .expect("sent");
        self.display.flush().expect("sent");
    }

    /// Does it while the display serves nobody else.
    pub(crate) fn together(&self, what: impl FnOnce()) {
        self.display.grab_server().expect("sent");
        what();
        self.display.ungrab_server().expect("sent");
        self.display.flush().expect("sent");
    }

    /// Says that the data is there, or that it will not come.
    pub(crate) fn notify(&self, asked: &SelectionRequestEvent, is_there: bool) {
        let told = SelectionNotifyEvent {
            response_type: x11rb::protocol::xproto::SELECTION_NOTIFY_EVENT,
            sequence: 0,
            time: asked.time,
            requestor: asked.requestor,
            selection: asked.selection,
            target: asked.target,
            property: if is_there {
                asked.property
            } else {
                x11rb::NONE
            },
        };
        self.display
            .send_event(false, asked.requestor, EventMask::NO_EVENT, told)
            .expect("sent");
        self.display.flush().expect("sent");
    }

    /// Wishes a name for a file that it has yet to make.
    pub(crate) fn wish(&self, name: &str) {
        let (mode, save) = (PropMode::REPLACE, self.atom("XdndDirectSave0"));
        let text = self.atom("text/plain");
        self.display
            .change_property8(mode, self.window, save, text, name.as_bytes())
            .expect("sent");
    }

    /// Where the target wants to have it.
    pub(crate) fn wished(&self) -> String {
        let save = self.atom("XdndDirectSave0");
        let asked = self
            .display
            .get_property(false, self.window, save, AtomEnum::ANY, 0, 1024);
        let told = asked.expect("sent").reply().expect("ours");
        String::from_utf8(told.value).expect("a text")
    }

    /// Gives the data in one piece.
    pub(crate) fn give(&self, data: &[u8]) {
        let asked = self.asked();
        self.write(&asked, "text/uri-list", data);
        self.notify(&asked, true);
    }

    /// Begins to give it in pieces.
    pub(crate) fn give_in_pieces(&self) -> SelectionRequestEvent {
        let asked = self.asked();
        self.begin_pieces(&asked);
        asked
    }

    pub(crate) fn begin_pieces(&self, asked: &SelectionRequestEvent) {
        let watch = ChangeWindowAttributesAux::new().event_mask(EventMask::PROPERTY_CHANGE);
        self.display
            .change_window_attributes(asked.requestor, &watch)
            .expect("sent");
        let (mode, place) = (PropMode::REPLACE, asked.property);
        let incr = self.atom("INCR");
        self.display
            .change_property32(mode, asked.requestor, place, incr, &[1])
            .expect("sent");
        self.notify(asked, true);
        self.has_read(asked);
    }

    /// Waits until the target has read what was written.
    pub(crate) fn has_read(&self, asked: &SelectionRequestEvent) {
        self.event("the target reads", |event| match event {
            Event::PropertyNotify(told)
                if told.atom == asked.property && told.state == Property::DELETE =>
            {
                Some(())
            }
            _ => None,
        });
    }
}
