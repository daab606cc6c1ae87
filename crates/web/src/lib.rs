//! The app in the browser: its files, embedded as Node built them, and its pages.
//!
//! There is one page, `index.html`, whatever the path: what is on it, the app draws. What search engines and previews of
//! links read, its title and what it is about, this crate writes into its head; and, so that nobody waits for one thing after
//! the other, which files it needs, what the API answers to what it asks first, and its frame and heading. A program that was built before the app
//! was serves a page that says so.

mod files;
mod head;
mod http;
mod opening;
mod page;
mod pages;
mod policy;
mod schema;
mod site;
#[cfg(test)]
mod tests;
mod view;

pub use http::router;
pub use site::Site;
