//! A work server, over TCP or TLS: what the agent uses.
