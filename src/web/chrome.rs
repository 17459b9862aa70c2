//! What stands around every page, and how a page becomes an answer.

use axum::http::header;
use axum::response::{Html, IntoResponse, Response};

use super::assets;
use super::error::Problem;
use super::session::{Me, Reader};
use crate::domain::role::Role;

/// What stands around a page: its title, where else to go, who is signed in.
pub struct Chrome {
    /// The page's title.
    pub title: String,
    /// The address of the style sheet.
    pub style: &'static str,
    /// The address of the script.
    pub script: &'static str,
    /// Where else to go.
    pub links: Vec<Link>,
    /// Who is signed in.
    pub who: Option<Who>,
    /// Goes with every form.
    pub csrf: String,
}

/// A place to go.
pub struct Link {
    /// What it is called.
    pub name: &'static str,
    /// Where it leads.
    pub href: &'static str,
    /// Whether one is there.
    pub here: bool,
}

/// Who is signed in.
pub struct Who {
    /// Display name.
    pub name: String,
    /// The label of the role.
    pub role: &'static str,
    /// Whether they owe answers, and so may promise how soon they come.
    pub promises: bool,
}

/// Where those who run Latitude go.
pub const OPS_PLACES: [(&str, &str); 2] = [("Ledger", "/ledger"), ("Connections", "/connect")];

impl Chrome {
    /// Around a page that is the same for everyone.
    pub fn bare(title: &str) -> Self {
        Self {
            title: title.to_owned(),
            style: assets::STYLE.href(),
            script: assets::SCRIPT.href(),
            links: Vec::new(),
            who: None,
            csrf: String::new(),
        }
    }

    /// Around a page for someone; `here` is the address of the place it belongs to.
    pub fn of(title: &str, reader: &Reader, here: &str) -> Self {
        let mut places = vec![("Home", "/")];
        places.extend(places_of(reader));
        places.extend([("Obstacles", "/obstacles"), ("Library", "/library")]);
        if reader.is_ops() {
            places.extend(OPS_PLACES);
        }
        Self {
            links: places
                .into_iter()
                .map(|(name, href)| Link {
                    name,
                    href,
                    here: href == here,
                })
                .collect(),
            who: reader.first().map(|me| Who {
                name: me.face.name.clone(),
                role: me.role.label(),
                promises: reader.owes_answers(),
            }),
            csrf: reader.csrf(),
            ..Self::bare(title)
        }
    }
}

/// Where each role that someone has leads to, the one furthest from customers first.
fn places_of(reader: &Reader) -> Vec<(&'static str, &'static str)> {
    let mut places = Vec::new();
    if reader.is(Role::Product) {
        places.push(("Queue", "/queue"));
    }
    if reader.is(Role::Executive) {
        places.push(("Pyramid", "/pyramid"));
    }
    if reader.me.iter().any(Me::leads) {
        places.push(("Board", "/board"));
    } else if reader.is(Role::Seller) {
        places.push(("Deals", "/board"));
    }
    if reader.owes_answers() {
        places.push(("Answers", "/answers"));
    }
    if reader.is(Role::Seller) {
        places.push(("Week", "/week"));
    }
    places
}

/// A page as an answer, never kept by anyone on the way.
pub struct Show<T>(pub T);

impl<T: askama::Template> IntoResponse for Show<T> {
    fn into_response(self) -> Response {
        match self.0.render() {
            Ok(html) => ([(header::CACHE_CONTROL, "no-store")], Html(html)).into_response(),
            Err(error) => Problem::broken(error).into_response(),
        }
    }
}
