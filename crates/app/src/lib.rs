//! Marquee: the program that joins the modules, and the commands a person runs.

mod api;
mod clock;
pub mod commands;
mod config;
mod demo;
mod ops;
mod server;
mod services;
mod start;

pub use config::{BadSetting, Config, DEFAULT, Database, Places, Replicas, Roles};
pub use services::Services;
pub use start::{Running, StartError, start};
