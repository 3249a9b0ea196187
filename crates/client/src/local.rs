//! The agent, over its socket: what an application uses.
