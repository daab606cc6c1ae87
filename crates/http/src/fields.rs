//! Collects what is wrong with a request, so that a client hears all of it at once.

use marquee_kernel::Code;

use crate::Problem;

/// Field errors found so far.
#[derive(Debug, Default)]
pub struct Fields {
    found: Option<Problem>,
}

impl Fields {
    /// Notes `message` for `field` unless `ok`.
    pub fn check(&mut self, ok: bool, field: impl Into<String>, message: impl Into<String>) {
        if !ok {
            self.refuse(field, message);
        }
    }

    /// Notes `message` for `field`.
    pub fn refuse(&mut self, field: impl Into<String>, message: impl Into<String>) {
        let problem = self.found.take();
        let problem = problem.unwrap_or_else(|| Problem::new(Code::InvalidRequest, "Some fields are not valid."));
        self.found = Some(problem.field(field, message));
    }

    /// The value, or notes what is wrong with it.
    pub fn take<T, E: std::fmt::Display>(&mut self, field: &str, value: Result<T, E>) -> Option<T> {
        value.map_err(|error| self.refuse(field, error.to_string())).ok()
    }

    /// All is well, or 422 with everything that was noted.
    ///
    /// # Errors
    /// `invalid_request`.
    pub fn finish(self) -> Result<(), Problem> {
        self.found.map_or(Ok(()), Err)
    }
}
