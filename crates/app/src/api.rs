//! The published API: every module's routes under `/api/v1`, and the OpenAPI document made from them.

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::IntoResponse;
use axum::routing::get;
use bytes::Bytes;
use marquee_accounts::KnowsCinema;
use marquee_catalog::Catalog;
use marquee_http::{FieldError, NoQuery, Problem, ProblemDoc};
use marquee_web::Site;
use tower::ServiceBuilder;
use tower_http::compression::CompressionLayer;
use utoipa::OpenApi as _;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{SchemaType, Type};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{Content, ContentBuilder, OpenApi, Ref, RefOr, ResponseBuilder, Schema};
use utoipa_axum::router::OpenApiRouter;

use crate::services::Services;

/// The statuses any call may answer, declared once for all of them.
const EVERYWHERE: [(&str, &str); 6] = [
    ("408", "The request did not arrive in time."),
    ("413", "`too_large`: more than 1 MiB."),
    ("429", "`rate_limited`: wait as `Retry-After` says."),
    ("431", "The request's head is too large."),
    ("500", "`internal`: a fault of ours, with the request id."),
    ("503", "`unavailable`: wait as `Retry-After` says."),
];
/// What any call answers to a parameter that it does not know; OAuth's forms alone ignore it.
const UNKNOWN_PARAMETER: (&str, &str) = ("422", "`invalid_request`: a parameter that this call does not have.");
/// What a call answers that changes something, to a cookie that another site may have had sent.
const NOT_OURS: (&str, &str) =
    ("403", "`csrf`: authenticated by a cookie, without `X-Marquee-Csrf: 1` or from elsewhere.");
/// A call's caller is told by a token of its own, or by the cookie of a browser's session.
const BEARER: &str = "bearer";
const SESSION: &str = "session";
const NO_SCOPES: [&str; 0] = [];
const SESSION_IS: &str = "The session of a browser, as `POST /session` begins it; behind TLS the name has the prefix `__Host-`. \
                          A call that changes something carries `X-Marquee-Csrf: 1`, too.";
const FORM: &str = "application/x-www-form-urlencoded";
/// The documentation page brings its own scripts and styles, from this server alone.
const DOCS_POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                           script-src 'self' 'unsafe-inline'; frame-ancestors 'none'";

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Marquee",
        description = "Browse films and shows, see a live seat map, hold seats, pay, get tickets, cancel. Errors are \
                       problem details (RFC 9457) with a stable `code`.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    components(schemas(ProblemDoc, FieldError))
)]
struct Document;

/// The routes and the document of the API.
pub(crate) fn describe(services: &Services) -> (Router, OpenApi) {
    let compressed = OpenApiRouter::new()
        .merge(marquee_accounts::router(services.accounts.clone()))
        .merge(marquee_accounts::administration_router(services.accounts.clone(), knows_cinema(&services.catalog)))
        .merge(marquee_catalog::router(services.catalog.clone()))
        .merge(marquee_booking::router(services.booking.clone()))
        .layer(CompressionLayer::new());
    // Seat maps come with encodings of their own, made once per version.
    let api = compressed.merge(marquee_seating::router(services.seating.clone()));
    let (router, mut document) =
        OpenApiRouter::with_openapi(Document::openapi()).nest("/api/v1", api).split_for_parts();
    finish(&mut document);
    (router, document)
}

/// Whether there is a cinema, for those who appoint people to one.
fn knows_cinema(catalog: &Catalog) -> KnowsCinema {
    let catalog = catalog.clone();
    Arc::new(move |cinema_id| {
        let catalog = catalog.clone();
        Box::pin(async move {
            match catalog.cinema(cinema_id).await {
                Ok(_) => Ok(true),
                Err(marquee_catalog::Error::CinemaNotFound) => Ok(false),
                Err(error) => Err(error.into()),
            }
        })
    })
}

/// The API with its document, its documentation page and the published keys, and the app in the browser.
pub(crate) fn router(services: &Services) -> Router {
    let (router, document) = describe(services);
    let site = marquee_web::router(Site::embedded(), services.catalog.clone(), services.clock.clone(), router.clone());
    let json = Bytes::from(document.to_json().unwrap_or_default());
    let policy = (HeaderName::from_static("content-security-policy"), HeaderValue::from_static(DOCS_POLICY));
    let docs = Router::from(
        utoipa_swagger_ui::SwaggerUi::new("/api/docs").config(utoipa_swagger_ui::Config::new(["/api/v1/openapi.json"])),
    );
    let docs = docs.layer(ServiceBuilder::new().map_response(move |mut answer: axum::response::Response| {
        answer.headers_mut().insert(policy.0.clone(), policy.1.clone());
        answer
    }));
    router
        .route("/api/v1/openapi.json", get(async move |query: NoQuery| publish(&query, json)))
        .merge(docs)
        .merge(marquee_accounts::jwks_router(services.accounts.clone()))
        .merge(site)
}

fn publish(query: &NoQuery, document: Bytes) -> Result<impl IntoResponse + use<>, Problem> {
    query.check()?;
    Ok(([(header::CONTENT_TYPE, "application/json")], document))
}

fn finish(document: &mut OpenApi) {
    let components = document.components.get_or_insert_default();
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    components.add_security_scheme(BEARER, SecurityScheme::Http(bearer));
    let cookie = ApiKeyValue::with_description("marquee_access", SESSION_IS);
    components.add_security_scheme(SESSION, SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    for requirements in document.paths.paths.values_mut().flat_map(operations).filter_map(|it| it.security.as_mut()) {
        let either = requirements.contains(&SecurityRequirement::new(BEARER, NO_SCOPES));
        requirements.extend(either.then(|| SecurityRequirement::new(SESSION, NO_SCOPES)));
    }
    let problem = || {
        let content = ContentBuilder::new().schema(Some(RefOr::Ref(Ref::from_schema_name("Problem")))).build();
        ResponseBuilder::new().content("application/problem+json", content)
    };
    for operation in document.paths.paths.values_mut().flat_map(changing).filter(|it| it.security.is_some()) {
        let declared = || problem().description(NOT_OURS.1).build().into();
        operation.responses.responses.entry(NOT_OURS.0.to_owned()).or_insert_with(declared);
    }
    for operation in document.paths.paths.values_mut().flat_map(operations) {
        let mut takes_a_form = false;
        if let Some(RefOr::T(body)) = &mut operation.request_body {
            body.content.values_mut().for_each(leave_null_out);
            takes_a_form = body.content.contains_key(FORM);
        }
        let unknown_parameter = (!takes_a_form).then_some(UNKNOWN_PARAMETER);
        for (status, description) in EVERYWHERE.into_iter().chain(unknown_parameter) {
            let declared = || problem().description(description).build().into();
            operation.responses.responses.entry(status.to_owned()).or_insert_with(declared);
        }
    }
}

/// A body that may be left out is described as one that may be `null`, which is another thing.
fn leave_null_out(body: &mut RefOr<Content>) {
    let RefOr::T(Content { schema: Some(schema), .. }) = body else { return };
    let RefOr::T(Schema::OneOf(choice)) = schema else { return };
    let null = SchemaType::Type(Type::Null);
    let is_null = |item: &RefOr<Schema>| matches!(item, RefOr::T(Schema::Object(it)) if it.schema_type == null);
    choice.items.retain(|item| !is_null(item));
    if let [only] = choice.items.as_slice() {
        *schema = only.clone();
    }
}

/// The operations that change something.
fn changing(item: &mut utoipa::openapi::PathItem) -> impl Iterator<Item = &mut Operation> {
    let all = [&mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
    all.into_iter().filter_map(Option::as_mut)
}

fn operations(item: &mut utoipa::openapi::PathItem) -> impl Iterator<Item = &mut Operation> {
    let all = [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete, &mut item.head];
    all.into_iter().filter_map(Option::as_mut)
}
