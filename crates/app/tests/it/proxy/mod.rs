//! nginx in front, with the configuration of `deploy/nginx`: what it passes on and to whom, and two nodes behind it.

mod nginx;
mod nodes;
mod passing;
mod watching;
