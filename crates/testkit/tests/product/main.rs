//! The product as people use it.
