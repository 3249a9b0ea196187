//! OLE's drops: an `IDropTarget` of a window.

#![expect(unsafe_code, reason = "the system's own calls")]

mod contents;
mod medium;
#[cfg(test)]
mod tests;

use super::{Answer, Drag, RawWindow, Unavailable};
use ::windows::Win32::Foundation::{HWND, POINT, POINTL};
use ::windows::Win32::Graphics::Gdi::ScreenToClient;
use ::windows::Win32::System::Com::IDataObject;
use ::windows::Win32::System::Ole::{
    DROPEFFECT, DROPEFFECT_COPY, DROPEFFECT_NONE, IDropTarget, IDropTarget_Impl, OleInitialize,
    OleUninitialize, RegisterDragDrop, RevokeDragDrop,
};
use ::windows::Win32::System::SystemServices::MODIFIERKEYS_FLAGS;
use std::cell::Cell;
use windows_core::{Ref, Result, implement};

/// The window that has a target of ours, until it is dropped: on the thread
/// that made it, since neither OLE nor the target leaves that.
pub(super) struct Taken {
    window: HWND,
    _target: IDropTarget,
}

impl Taken {
    pub(super) fn on(window: RawWindow, answer: Answer) -> std::result::Result<Self, Unavailable> {
        let RawWindow::Win32(handle) = window else {
            return Err(Unavailable::because("it is no window of this system"));
        };
        let window = HWND(std::ptr::with_exposed_provenance_mut(
            handle.cast_unsigned(),
        ));
        // SAFETY: the call takes no pointers; each that worked is undone once.
        unsafe { OleInitialize(None) }.map_err(Unavailable::because)?;
        let target: IDropTarget = Target {
            window,
            answer,
            is_offered: Cell::new(false),
        }
        .into();
        // SAFETY: a handle that is no window is refused; the target is counted.
        if let Err(error) = unsafe { RegisterDragDrop(window, &target) } {
            // SAFETY: it was initialised above, on this thread.
            unsafe { OleUninitialize() };
            return Err(Unavailable::because(error));
        }
        Ok(Self {
            window,
            _target: target,
        })
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        // SAFETY: a window that is gone is refused, and its target with it.
        if let Err(error) = unsafe { RevokeDragDrop(self.window) } {
            tracing::debug!(%error, "the window took its target with it");
        }
        // SAFETY: it was initialised with this value, which stays on its thread.
        unsafe { OleUninitialize() };
    }
}

#[implement(IDropTarget, Agile = false)]
struct Target {
    window: HWND,
    answer: Answer,
    /// Whether what is over the window can be taken at all.
    is_offered: Cell<bool>,
}

impl Target {
    /// Where that is in the window.
    fn within(&self, at: &POINTL) -> (i32, i32) {
        let mut point = POINT { x: at.x, y: at.y };
        // SAFETY: the point may be written.
        if !unsafe { ScreenToClient(self.window, &raw mut point) }.as_bool() {
            tracing::debug!("the window is gone");
        }
        (point.x, point.y)
    }

    /// What would be done with it there.
    fn over(&self, at: &POINTL, allowed: DROPEFFECT) -> DROPEFFECT {
        let is_copied = allowed.contains(DROPEFFECT_COPY);
        let at = self.within(at);
        if is_copied && self.is_offered.get() && (self.answer)(Drag::Over { at }) {
            DROPEFFECT_COPY
        } else {
            DROPEFFECT_NONE
        }
    }

    /// What was done with it.
    fn dropped(&self, data: &IDataObject, at: &POINTL) -> DROPEFFECT {
        let at = self.within(at);
        match contents::take(data) {
            Ok(taken) if !taken.files.is_empty() => {
                let files = taken.files.clone();
                let is_taken = (self.answer)(Drag::Dropped { at, files });
                // What was made for this goes away with it.
                drop(taken);
                if is_taken {
                    return DROPEFFECT_COPY;
                }
            }
            outcome => {
                if let Err(error) = outcome {
                    tracing::warn!(%error, "what was dropped cannot be taken");
                }
                let _nothing = (self.answer)(Drag::Left);
            }
        }
        DROPEFFECT_NONE
    }
}

impl IDropTarget_Impl for Target_Impl {
    fn DragEnter(
        &self,
        data: Ref<'_, IDataObject>,
        _keys: MODIFIERKEYS_FLAGS,
        at: &POINTL,
        effect: *mut DROPEFFECT,
    ) -> Result<()> {
        let is_offered = data.as_ref().is_some_and(contents::is_offered);
        self.is_offered.set(is_offered);
        // SAFETY: OLE hands over an effect that may be read and written.
        unsafe { *effect = self.over(at, *effect) };
        Ok(())
    }

    fn DragOver(
        &self,
        _keys: MODIFIERKEYS_FLAGS,
        at: &POINTL,
        effect: *mut DROPEFFECT,
    ) -> Result<()> {
        // SAFETY: as above.
        unsafe { *effect = self.over(at, *effect) };
        Ok(())
    }

    fn DragLeave(&self) -> Result<()> {
        if self.is_offered.take() {
            let _nothing = (self.answer)(Drag::Left);
        }
        Ok(())
    }

    fn Drop(
        &self,
        data: Ref<'_, IDataObject>,
        _keys: MODIFIERKEYS_FLAGS,
        at: &POINTL,
        effect: *mut DROPEFFECT,
    ) -> Result<()> {
        // SAFETY: as above.
        let allowed = unsafe { *effect };
        let done = match data.as_ref() {
            Some(data) if self.is_offered.take() && allowed.contains(DROPEFFECT_COPY) => {
                self.dropped(data, at)
            }
            _ => DROPEFFECT_NONE,
        };
        // SAFETY: as above.
        unsafe { *effect = done };
        Ok(())
    }
}
