//! The notification area, by a thread with a window of its own that nobody
//! sees. It sleeps while nothing happens.

#![expect(unsafe_code, reason = "windows, menus and icons are the system's")]

use super::label::with_mark_doubled;
use super::{Chosen, Item, Picture, Shown, Told, Unavailable};
use crate::windows::text::wide;
use std::cell::{Cell, RefCell};
use std::io;
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use windows_sys::Win32::Foundation::{HINSTANCE, HWND, LPARAM, LRESULT, WPARAM};
use windows_sys::Win32::System::LibraryLoader::GetModuleHandleW;
use windows_sys::Win32::UI::Shell::{
    NIF_ICON, NIF_MESSAGE, NIF_SHOWTIP, NIF_TIP, NIM_ADD, NIM_DELETE, NIM_MODIFY, NIM_SETVERSION,
    NIN_SELECT, NOTIFYICON_VERSION_4, NOTIFYICONDATAW, Shell_NotifyIconW,
};
use windows_sys::Win32::UI::WindowsAndMessaging::{
    AppendMenuW, CREATESTRUCTW, CheckMenuRadioItem, CreateIcon, CreatePopupMenu, CreateWindowExW,
    DefWindowProcW, DestroyIcon, DestroyMenu, DestroyWindow, DispatchMessageW, GWLP_USERDATA,
    GetMessageW, GetSystemMetrics, GetWindowLongPtrW, HICON, HMENU, MF_BYCOMMAND, MF_GRAYED,
    MF_POPUP, MF_SEPARATOR, MF_STRING, MSG, PostMessageW, PostQuitMessage, RegisterClassW,
    RegisterWindowMessageW, SM_CXSMICON, SetForegroundWindow, SetWindowLongPtrW, TPM_BOTTOMALIGN,
    TPM_NONOTIFY, TPM_RETURNCMD, TPM_RIGHTBUTTON, TrackPopupMenuEx, WM_APP, WM_CONTEXTMENU,
    WM_DESTROY, WM_NCCREATE, WM_NULL, WM_USER, WNDCLASSW, WS_OVERLAPPED,
};

/// What the panel says of the icon.
const PANEL: u32 = WM_APP;
/// There is something new to show.
const UPDATE: u32 = WM_APP + 1;
/// The icon is to go.
const END: u32 = WM_APP + 2;
/// Chosen by the keyboard; the system's own header makes it of this.
const KEY_SELECT: u32 = WM_USER + 1;

pub(super) struct Icon {
    wish: Arc<Mutex<Shown>>,
    seen: Arc<AtomicBool>,
    window: Address,
}

/// The address of the thread's window: a number for everybody else.
#[derive(Clone, Copy)]
struct Address(isize);

impl Icon {
    pub(super) fn put_on(shown: Shown, told: Told) -> Result<Self, Unavailable> {
        let wish = Arc::new(Mutex::new(shown));
        let seen = Arc::new(AtomicBool::new(false));
        let (first, said) = mpsc::sync_channel(1);
        let unavailable = |error: io::Error| Unavailable {
            why: error.to_string(),
        };
        let (to_show, is_seen) = (Arc::clone(&wish), Arc::clone(&seen));
        std::thread::Builder::new()
            .name("status-icon".to_owned())
            .spawn(move || {
                let panel = Panel {
                    wish: to_show,
                    seen: is_seen,
                    told,
                    drawn: RefCell::new(None),
                    is_open: Cell::new(false),
                    panel_is_new: panel_is_new(),
                };
                let opened = open(&panel);
                let window = *opened.as_ref().unwrap_or(&null_mut());
                if opened.is_ok() {
                    panel.put_on(window);
                }
                let _gone = first.send(opened.map(|window| Address(window as isize)));
                if !window.is_null() {
                    turn();
                    // Where it is still there it leads nowhere any more.
                    // SAFETY: a window of this thread, or one that is gone.
                    unsafe { SetWindowLongPtrW(window, GWLP_USERDATA, 0) };
                }
            })
            .map_err(unavailable)?;
        let broke_off = |_| io::Error::other("the icon's thread broke off");
        let window = said
            .recv()
            .map_err(broke_off)
            .and_then(|said| said)
            .map_err(unavailable)?;
        Ok(Self { wish, seen, window })
    }

    pub(super) fn update(&self, shown: Shown) {
        let mut last = self.wish.lock().unwrap_or_else(PoisonError::into_inner);
        if *last != shown {
            *last = shown;
            self.post(UPDATE);
        }
    }

    pub(super) fn is_seen(&self) -> bool {
        self.seen.load(Ordering::Acquire)
    }

    fn post(&self, message: u32) {
        // SAFETY: the window lives until `END`, which `Drop` alone sends; a
        // message to one that is gone is refused.
        unsafe { PostMessageW(self.window.0 as HWND, message, 0, 0) };
    }
}

impl Drop for Icon {
    fn drop(&mut self) {
        self.post(END);
    }
}

/// What the window's thread knows. The window leads to it, and messages come
/// while a menu is open: so it is shared by reference, never borrowed for long.
struct Panel {
    wish: Arc<Mutex<Shown>>,
    seen: Arc<AtomicBool>,
    told: Told,
    drawn: RefCell<Option<Drawn>>,
    is_open: Cell<bool>,
    /// The message by which a panel says that it has just come.
    panel_is_new: u32,
}

/// The system's form of the pictures that were given.
struct Drawn {
    of: Vec<Picture>,
    icon: HICON,
}

impl Drop for Drawn {
    fn drop(&mut self) {
        // SAFETY: made by `CreateIcon`, and given away to nobody.
        unsafe { DestroyIcon(self.icon) };
    }
}

fn panel_is_new() -> u32 {
    let name = wide("TaskbarCreated");
    // SAFETY: a text that ends in a zero.
    unsafe { RegisterWindowMessageW(name.as_ptr()) }
}

/// Makes the window that leads to `panel`, which has to live as long as it.
fn open(panel: &Panel) -> io::Result<HWND> {
    let class = wide("ChanceryStatusIcon");
    // SAFETY: null is this program.
    let program: HINSTANCE = unsafe { GetModuleHandleW(null()) };
    let described = WNDCLASSW {
        lpfnWndProc: Some(on_message),
        hInstance: program,
        lpszClassName: class.as_ptr(),
        // SAFETY: numbers and pointers, for all of which zero means none.
        ..unsafe { std::mem::zeroed() }
    };
    // SAFETY: the texts live until the call is over. A class that is there
    // already is ours, and the next call tells whether it is.
    unsafe { RegisterClassW(&raw const described) };
    let name = wide("Chancery");
    // A window for messages alone would not hear that a panel came.
    // SAFETY: as above; `panel` lives until the window's last message.
    let window = unsafe {
        CreateWindowExW(
            0,
            class.as_ptr(),
            name.as_ptr(),
            WS_OVERLAPPED,
            0,
            0,
            0,
            0,
            null_mut(),
            null_mut(),
            program,
            std::ptr::from_ref(panel).cast(),
        )
    };
    if window.is_null() {
        return Err(io::Error::last_os_error());
    }
    Ok(window)
}

/// Serves the window until it is gone.
fn turn() {
    // SAFETY: numbers and pointers, which the next call fills.
    let mut message: MSG = unsafe { std::mem::zeroed() };
    loop {
        // SAFETY: a place for one message.
        let told = unsafe { GetMessageW(&raw mut message, null_mut(), 0, 0) };
        // Zero at the end, below it on an error.
        if told <= 0 {
            return;
        }
        // SAFETY: the message that was filled just now.
        unsafe { DispatchMessageW(&raw const message) };
    }
}

/// # Safety
/// Called by the system alone, by the thread of the window.
unsafe extern "system" fn on_message(
    window: HWND,
    message: u32,
    word: WPARAM,
    long: LPARAM,
) -> LRESULT {
    if message == WM_NCCREATE {
        // SAFETY: with this message the system gives what `CreateWindowExW` got.
        let panel = unsafe { (*(long as *const CREATESTRUCTW)).lpCreateParams };
        // SAFETY: a number that is kept for this window.
        unsafe { SetWindowLongPtrW(window, GWLP_USERDATA, panel as isize) };
    }
    // SAFETY: kept above; null in what comes before.
    let panel = unsafe { GetWindowLongPtrW(window, GWLP_USERDATA) } as *const Panel;
    // SAFETY: it stands in `put_on`'s thread below everything that takes
    // messages, and is only ever shared.
    if let Some(panel) = unsafe { panel.as_ref() }
        && panel.hears(window, message, word, long)
    {
        return 0;
    }
    // SAFETY: the message as it came.
    unsafe { DefWindowProcW(window, message, word, long) }
}

impl Panel {
    /// Answers whether the message was for us.
    fn hears(&self, window: HWND, message: u32, word: WPARAM, long: LPARAM) -> bool {
        match message {
            PANEL => self.chosen(window, word, long),
            UPDATE => self.put_on(window),
            END => {
                // SAFETY: this thread's own window.
                unsafe { DestroyWindow(window) };
            }
            WM_DESTROY => {
                tell(NIM_DELETE, &description(window));
                // SAFETY: ends `turn`.
                unsafe { PostQuitMessage(0) };
            }
            new if new == self.panel_is_new && new != 0 => {
                // It is new, or the screen is another; the size may be too.
                let before = self.drawn.take();
                self.put_on(window);
                drop(before);
            }
            _ => return false,
        }
        true
    }

    fn shown(&self) -> Shown {
        let wish = self.wish.lock();
        wish.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Gives the panel what is to be seen now; for the first time, where it has
    /// nothing yet.
    fn put_on(&self, window: HWND) {
        let shown = self.shown();
        // Taken out meanwhile: the panel is another program, and while it is
        // spoken to a message may lead here again.
        let before = self.drawn.take();
        let is_same = |drawn: &Drawn| drawn.of == shown.pictures;
        let (drawn, before) = match before {
            Some(drawn) if is_same(&drawn) => (Some(drawn), None),
            other => (draw(&shown.pictures), other),
        };
        let mut wanted = description(window);
        wanted.uFlags = NIF_MESSAGE | NIF_TIP | NIF_SHOWTIP;
        wanted.uCallbackMessage = PANEL;
        if let Some(drawn) = &drawn {
            wanted.uFlags |= NIF_ICON;
            wanted.hIcon = drawn.icon;
        }
        // Here the mark of a mnemonic is taken out, and doubled it is not the
        // same everywhere.
        put(&shown.tooltip.replace('&', "＆"), &mut wanted.szTip);
        // It may have come through what we took for a new panel.
        let mut seen = tell(NIM_MODIFY, &wanted);
        if !seen {
            seen = tell(NIM_ADD, &wanted);
            wanted.Anonymous.uVersion = NOTIFYICON_VERSION_4;
            tell(NIM_SETVERSION, &wanted);
        }
        self.seen.store(seen, Ordering::Release);
        self.drawn.replace(drawn);
        // The panel may have looked at it until it had this one.
        drop(before);
    }

    fn chosen(&self, window: HWND, word: WPARAM, long: LPARAM) {
        let (event, _icon) = halves(long as usize);
        match u32::from(event) {
            NIN_SELECT | KEY_SELECT => (self.told)(Chosen::Activated),
            WM_CONTEXTMENU => {
                let (x, y) = halves(word);
                let at = (x.cast_signed().into(), y.cast_signed().into());
                if !self.is_open.replace(true) {
                    let chosen = ask(window, &self.shown().menu, at);
                    self.is_open.set(false);
                    if let Some(id) = chosen {
                        (self.told)(Chosen::Command(id));
                    }
                }
            }
            _ => {}
        }
    }
}

/// The lower and the upper of the two numbers that the system packs into one.
fn halves(both: usize) -> (u16, u16) {
    ((both & 0xffff) as u16, ((both >> 16) & 0xffff) as u16)
}

/// The icon of this window, with nothing wanted of it yet.
fn description(window: HWND) -> Box<NOTIFYICONDATAW> {
    Box::new(NOTIFYICONDATAW {
        cbSize: size_of::<NOTIFYICONDATAW>() as u32,
        hWnd: window,
        uID: 1,
        // SAFETY: numbers and pointers, for all of which zero means none.
        ..unsafe { std::mem::zeroed() }
    })
}

/// Whether the panel has done it.
fn tell(what: u32, wanted: &NOTIFYICONDATAW) -> bool {
    // SAFETY: a whole description, whose size stands in it.
    unsafe { Shell_NotifyIconW(what, std::ptr::from_ref(wanted)) != 0 }
}

/// `text` up to what fits, with a zero at its end.
fn put(text: &str, place: &mut [u16]) {
    let room = place.len().saturating_sub(1);
    let mut at = 0;
    for character in text.chars() {
        let mut units = [0; 2];
        let units = character.encode_utf16(&mut units);
        if at + units.len() > room {
            break;
        }
        place[at..at + units.len()].copy_from_slice(units);
        at += units.len();
    }
    place[at..].fill(0);
}

/// The picture that fits this screen best.
fn draw(pictures: &[Picture]) -> Option<Drawn> {
    // SAFETY: a question for a number.
    let wanted = unsafe { GetSystemMetrics(SM_CXSMICON) }
        .max(1)
        .cast_unsigned();
    let fits = |picture: &&Picture| picture.size >= wanted;
    let picture = pictures
        .iter()
        .filter(fits)
        .min_by_key(|picture| picture.size)
        .or_else(|| pictures.iter().max_by_key(|picture| picture.size))?;
    let side = i32::try_from(picture.size).ok()?;
    let mut colours = picture.rgba.clone();
    for pixel in colours.chunks_exact_mut(4) {
        pixel.swap(0, 2);
    }
    // One bit for each pixel, its rows of whole 16 bits; the alpha counts.
    let mask = vec![0_u8; picture.size.div_ceil(16) as usize * 2 * picture.size as usize];
    // SAFETY: both hold as many bytes as such a picture has: `colours` is a
    // whole picture (looked at in `Shown::made_safe`), `mask` is made for it.
    let icon = unsafe {
        CreateIcon(
            null_mut(),
            side,
            side,
            1,
            32,
            mask.as_ptr(),
            colours.as_ptr(),
        )
    };
    let of = pictures.to_vec();
    (!icon.is_null()).then_some(Drawn { of, icon })
}

/// Shows the menu and waits until something was chosen, or nothing.
fn ask(window: HWND, items: &[Item], (x, y): (i32, i32)) -> Option<String> {
    let mut ids = Vec::new();
    let menu = menu_of(items, &mut ids)?;
    // Without it the menu would stay when the person clicks elsewhere.
    // SAFETY: this thread's own window.
    unsafe { SetForegroundWindow(window) };
    let flags = TPM_RETURNCMD | TPM_NONOTIFY | TPM_RIGHTBUTTON | TPM_BOTTOMALIGN;
    // SAFETY: a menu and a window of this thread; no place is to be kept free.
    let number = unsafe { TrackPopupMenuEx(menu.0, flags, x, y, window, null()) };
    // So that a second menu comes at the first click.
    // SAFETY: this thread's own window.
    unsafe { PostMessageW(window, WM_NULL, 0, 0) };
    let at = usize::try_from(number).ok()?.checked_sub(1)?;
    ids.into_iter().nth(at)
}

/// A menu of the system's that belongs to nobody else.
struct Menu(HMENU);

impl Drop for Menu {
    fn drop(&mut self) {
        // SAFETY: made by `CreatePopupMenu`; those that were hung into another
        // are forgotten before.
        unsafe { DestroyMenu(self.0) };
    }
}

/// `ids` gets what the entries stand for; their numbers begin with one.
fn menu_of(items: &[Item], ids: &mut Vec<String>) -> Option<Menu> {
    // SAFETY: no arguments.
    let menu = unsafe { CreatePopupMenu() };
    if menu.is_null() {
        return None;
    }
    let menu = Menu(menu);
    let is_choice = |item: &Item| matches!(item, Item::Choice { .. });
    for group in items.chunk_by(|one, next| is_choice(one) && is_choice(next)) {
        let first = ids.len() + 1;
        let mut marked = None;
        for item in group {
            match item {
                Item::Separator => append(&menu, MF_SEPARATOR, 0, ""),
                Item::Note(label) => append(&menu, MF_STRING | MF_GRAYED, 0, label),
                Item::Command { id, label, enabled } => {
                    ids.push(id.clone());
                    append(&menu, able(*enabled), ids.len(), label);
                }
                Item::Choice {
                    id,
                    label,
                    marked: is_marked,
                    enabled,
                } => {
                    ids.push(id.clone());
                    append(&menu, able(*enabled), ids.len(), label);
                    if *is_marked {
                        marked = Some(ids.len());
                    }
                }
                Item::Menu { label, items } => {
                    let inner = menu_of(items, ids)?;
                    append(&menu, MF_POPUP, inner.0 as usize, label);
                    // It ends with the menu it hangs in.
                    std::mem::forget(inner);
                }
            }
        }
        if let Some(marked) = marked {
            let number = |at: usize| u32::try_from(at).unwrap_or_default();
            let (first, last) = (number(first), number(ids.len()));
            // SAFETY: a menu of this thread.
            unsafe { CheckMenuRadioItem(menu.0, first, last, number(marked), MF_BYCOMMAND) };
        }
    }
    Some(menu)
}

fn able(enabled: bool) -> u32 {
    if enabled {
        MF_STRING
    } else {
        MF_STRING | MF_GRAYED
    }
}

fn append(menu: &Menu, flags: u32, number: usize, label: &str) {
    let label = wide(with_mark_doubled(label, '&'));
    // SAFETY: a menu of this thread, and a text that ends in a zero and is
    // copied.
    unsafe { AppendMenuW(menu.0, flags, number, label.as_ptr()) };
}
