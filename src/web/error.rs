//! What went wrong, in a sentence for the person: as a page, or as JSON for other programs.

use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Serialize;

use super::Shared;
use super::again::{self, Field, How};
use super::api::problem::{for_tools, refused_by_api};
use super::chrome::{Chrome, Show};
use super::csrf::{self, Brought};
use super::frame;
use super::session::Reader;
use crate::store::trouble;

/// What people read while the database is gone or takes no writes.
const ABSENT: &str = "Nothing can be kept right now: the database does not answer. Keep this page \
                      open and send it again in a minute.";
/// … and what, where they only wanted to read.
const UNREADABLE: &str = "This cannot be shown right now: the database does not answer. Load it again \
                          in a minute.";
/// What they read who published while nobody was signed in any more.
const UNPUBLISHED: &str = "Not published: sign in, then publish it again.";

/// Why a page cannot be shown.
#[derive(Clone, Debug)]
pub enum Problem {
    /// Nobody is signed in.
    SignIn,
    /// There is no such thing, or it is not this person's to see: they cannot tell which.
    NotFound,
    /// The request is not one our pages make.
    Refused(&'static str),
    /// A tool's token does not open this; it would take one of that scope.
    Scope(&'static str),
    /// What was sent cannot be used, and why.
    Unfit(String),
    /// It changed meanwhile, or is no longer possible.
    Conflict(String),
    /// Too many requests.
    TooMany,
    /// It took longer than anyone waits, and was given up: what it was to keep is mostly not kept.
    TooSlow,
    /// Somebody else's service, which this takes, does not answer.
    Away(&'static str),
    /// The database or something else of ours failed.
    Broken(Arc<dyn std::error::Error + Send + Sync>),
}

impl Problem {
    /// Something of ours failed.
    pub fn broken(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Broken(Arc::new(error))
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::SignIn => StatusCode::UNAUTHORIZED,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Refused(_) | Self::Scope(_) => StatusCode::FORBIDDEN,
            Self::Unfit(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::TooSlow => StatusCode::SERVICE_UNAVAILABLE,
            Self::Away(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Broken(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn sentence(&self, id: &str) -> String {
        match self {
            Self::SignIn => "Nothing of this was kept. Sign in, then send it again.".to_owned(),
            Self::NotFound => "There is nothing here, or it is not yours to see.".to_owned(),
            Self::Refused(why) | Self::Away(why) => (*why).to_owned(),
            Self::Scope(scope) => format!(
                "This token does not open this. Make one that has the scope `{scope}`, on the page \
                 /tokens or with: latitude token make --scope {scope}"
            ),
            Self::Unfit(why) | Self::Conflict(why) => why.clone(),
            Self::TooMany => "That was a lot at once. Wait a minute, then try again.".to_owned(),
            Self::TooSlow => "This took us too long, and we gave it up. Try again in a minute; if \
                              you sent something, look first whether it was kept."
                .to_owned(),
            Self::Broken(_) => format!(
                "Something of ours failed. Try again; if it fails again, tell your admin this \
                 number: {id}"
            ),
        }
    }
}

impl From<crate::store::Error> for Problem {
    fn from(error: crate::store::Error) -> Self {
        Self::broken(error)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

#[derive(Serialize)]
struct Told {
    error: String,
}

#[derive(askama::Template)]
#[template(path = "error.html")]
struct ErrorPage {
    chrome: Chrome,
    title: &'static str,
    sentence: String,
    /// The form that was not taken, with what the person wrote into it.
    wrote: Vec<Field>,
    /// Where it can be sent once more, as soon as it is put right.
    again: Option<String>,
    /// Whether it may have been kept all the same.
    unsure: bool,
    /// What the panel's script keeps words under on the person's machine, where it was the panel's form.
    drafts: Option<String>,
    /// The way to the page they wrote it on: what it is called, and where it leads.
    back: Option<(&'static str, String)>,
}

/// The same in a frame of the CRM, where none of our own places can be gone to.
#[derive(askama::Template)]
#[template(path = "embed_refused.html")]
struct FramePage {
    title: &'static str,
    sentence: String,
}

/// What a frame says of a deal it cannot show: mostly one that was opened a moment ago.
const NOT_YET: &str = "Latitude does not know this deal yet, or it is not yours to see. A new deal \
                       shows here a few minutes after it is in the CRM.";

/// The page that a form was sent from, where that is one of ours.
fn sent_from(headers: &HeaderMap) -> Option<String> {
    let text = |name| headers.get(name)?.to_str().ok();
    let from = url::Url::parse(text(header::REFERER)?).ok()?;
    let host = from.origin().ascii_serialization();
    let host = host.split_once("://").map(|(_, host)| host)?;
    (Some(host) == text(header::HOST)).then(|| {
        let query = from.query().map(|it| format!("?{it}"));
        format!("{}{}", from.path(), query.unwrap_or_default())
    })
}

/// The sign-in, and where it leads to.
fn sign_in(next: &str) -> String {
    let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
    format!("/sign-in?next={next}")
}

/// Around a page that refuses: where else to go, for whoever is signed in.
async fn chrome(app: &Shared, headers: HeaderMap, title: &str) -> Chrome {
    let (mut parts, ()) = axum::http::Request::new(()).into_parts();
    parts.headers = headers;
    match Reader::from_request_parts(&mut parts, app).await {
        Ok(reader) => Chrome::of(title, &reader, ""),
        Err(_) => Chrome::bare(title),
    }
}

/// The deal whose panel a path belongs to, behind its connection, and what of the panel it is.
fn panel_of(path: &str) -> Option<(String, Option<&str>)> {
    let mut parts = path.strip_prefix("/panel/")?.splitn(3, '/');
    let mut plain = || {
        let part = parts.next()?.replace('+', "%2B");
        let mut read = url::form_urlencoded::parse(part.as_bytes());
        read.next().map(|(part, _)| part.into_owned())
    };
    let deal = format!("{}/{}", plain()?, plain()?);
    Some((deal, parts.next()))
}

/// Where no route leads.
pub async fn nothing_here() -> Problem {
    Problem::NotFound
}

/// Turns problems, and refusals of the framework, into pages or JSON.
pub async fn dress(State(app): State<Shared>, mut request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let asked = request
        .uri()
        .path_and_query()
        .map_or(path.clone(), |it| it.as_str().to_owned());
    let is_get = request.method() == axum::http::Method::GET;
    let accept = request.headers().get(header::ACCEPT);
    // A script that followed a redirect to the sign-in would take that page for its answer.
    let by_script = (path.starts_with("/embed/") || path.starts_with("/panel/"))
        && accept.is_some_and(|it| it.as_bytes().starts_with(b"application/json"));
    let framed = path.strip_prefix("/embed/").filter(|_| !by_script);
    let framed = framed
        .and_then(|it| it.split('/').next())
        .map(str::to_owned);
    let headers = request.headers().clone();
    let brought = Brought::default();
    request.extensions_mut().insert(brought.clone());
    let back = sent_from(request.headers()).filter(|_| !is_get);
    let mut response = next.run(request).await;
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let problem = match response.extensions().get::<Problem>() {
        Some(problem) => problem.clone(),
        // Refusals of extractors and layers: their wording is for programmers.
        None => match status {
            StatusCode::NOT_FOUND => Problem::NotFound,
            StatusCode::TOO_MANY_REQUESTS => Problem::TooMany,
            _ if status.is_server_error() => return response,
            _ if path.starts_with("/api/") => Problem::Unfit(refused_by_api(&mut response).await),
            _ => Problem::Unfit("This cannot be read as what our pages send.".to_owned()),
        },
    };
    let for_api = path.starts_with("/api/");
    let for_programs = for_api || by_script || path.starts_with("/push/");
    let wrote = brought.wrote();
    let mut wrote = wrote.map_or_else(Vec::new, |it| again::fields(&path, &it));
    if !wrote.iter().any(Field::is_written) && !again::lacks(&wrote) {
        wrote.clear();
    }
    if matches!(problem, Problem::SignIn) && !for_programs && wrote.is_empty() {
        let next = if is_get { Some(asked) } else { back };
        return Redirect::to(&sign_in(next.as_deref().unwrap_or("/"))).into_response();
    }
    let id = app.env.hex::<6>();
    let mut absent = false;
    if let Problem::Broken(error) = &problem {
        if let Some(error) = error.downcast_ref::<crate::store::Error>() {
            app.store.noticed(error, app.env.now());
            absent = trouble::is_away(error);
        }
        let error: &(dyn std::error::Error + 'static) = &**error;
        tracing::error!(error, problem.id = id, "a page failed");
    }
    let panel = panel_of(&path).filter(|_| !is_get);
    let sentence = match (&problem, absent) {
        (_, true) if is_get => UNREADABLE.to_owned(),
        (_, true) => ABSENT.to_owned(),
        (Problem::SignIn, _) if panel.as_ref().is_some_and(|(_, deed)| deed.is_none()) => {
            UNPUBLISHED.to_owned()
        }
        _ => problem.sentence(&id),
    };
    let mut dressed = if for_api {
        for_tools(&problem, (status, sentence))
    } else if for_programs {
        Json(Told { error: sentence }).into_response()
    } else {
        let title = match problem {
            Problem::SignIn => "You were signed out meanwhile",
            Problem::NotFound => "Nothing here",
            Problem::Broken(_) => "That failed",
            Problem::TooSlow => "That took too long",
            _ => "That did not work",
        };
        if let Some(connection) = framed {
            let sentence = match problem {
                Problem::NotFound => NOT_YET.to_owned(),
                _ => sentence,
            };
            let page = FramePage { title, sentence };
            frame::in_frame(&app, &connection, Show(page).into_response()).await
        } else {
            let chrome = match problem {
                // Whoever cannot be read now, or asks too much, is not asked who they are.
                Problem::SignIn | Problem::TooMany => Chrome::bare(title),
                Problem::Broken(_) if !absent => Chrome::bare(title),
                // Nor is the database asked for it again; the proof is in the cookie.
                Problem::TooSlow | Problem::Broken(_) => Chrome {
                    csrf: csrf::token_of(&app, &headers),
                    ..Chrome::bare(title)
                },
                _ => chrome(&app, headers, title).await,
            };
            // Their page leads by the sign-in, and back to itself.
            let back = match problem {
                Problem::SignIn => back.map(|it| ("Sign in and go back there", sign_in(&it))),
                _ => back.map(|it| ("Back", it)),
            };
            let again = !chrome.csrf.is_empty()
                && !wrote.is_empty()
                && (absent || again::helps(&problem, &wrote));
            Show(ErrorPage {
                chrome,
                title,
                sentence,
                wrote,
                again: again.then_some(asked),
                unsure: matches!(problem, Problem::TooSlow),
                drafts: panel.map(|(deal, _)| format!("latitude-draft:{deal}/")),
                back,
            })
            .into_response()
        }
    };
    // What a layer said besides, such as when to try again, stays.
    *dressed.status_mut() = if absent {
        StatusCode::SERVICE_UNAVAILABLE
    } else if status == StatusCode::OK {
        problem.status()
    } else {
        status
    };
    if let Some(later) = response.headers().get(header::RETRY_AFTER) {
        dressed
            .headers_mut()
            .insert(header::RETRY_AFTER, later.clone());
    }
    dressed
}
