//! What every administration call may answer, once for all of them.

use std::collections::BTreeMap;

use utoipa::IntoResponses;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};

/// The refusals of a call for administrators, or managers too.
pub(super) struct AdminAlone;

/// The refusals of such a call that takes a body.
pub(super) struct AdminWithBody;

const ADMIN: [(&str, &str); 2] = [("401", "`unauthenticated`"), ("403", "`forbidden`")];
const BODY: [(&str, &str); 3] =
    [("400", "`malformed_json`"), ("415", "`unsupported_media_type`"), ("422", "`invalid_request`")];

impl IntoResponses for AdminAlone {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        ADMIN.into_iter().map(problem).collect()
    }
}

impl IntoResponses for AdminWithBody {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        ADMIN.into_iter().chain(BODY).map(problem).collect()
    }
}

fn problem((status, code): (&str, &str)) -> (String, RefOr<Response>) {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let response = ResponseBuilder::new().description(code).content("application/problem+json", content).build();
    (status.to_owned(), response.into())
}
