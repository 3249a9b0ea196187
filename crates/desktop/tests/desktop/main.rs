//! The desktop as people see it and use it, without a display: every screen
//! and state is drawn to a picture, and everything is reached by its label.

mod canvas;
mod morning;
mod pictures;
mod scenes;
mod using;
