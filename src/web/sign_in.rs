//! Signing in and out. In the demo, by picking a person.

use std::collections::BTreeSet;

use axum::Form;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use serde::Deserialize;

use super::chrome::{Chrome, Show};
use super::crm_sign_in;
use super::error::Problem;
use super::session::{self, Me, Reader, cookie_name};
use super::settings::SignIn;
use super::table::{For, Table};
use super::{Shared, csrf, words};
use crate::domain::ids::ConnectionId;
use crate::domain::role::Role;

/// People offered on the demo's page, of each role.
const OFFERED: usize = 6;
/// People looked at to find them.
const LOOKED_AT: i64 = 400;

/// Adds the routes.
pub fn routes(table: Table) -> Table {
    table
        .get(For::Anyone, "/sign-in", page)
        .post(For::Anyone, "/sign-in", pick)
        .post(For::People, "/sign-out", sign_out)
        .post(For::People, "/sign-out-everywhere", sign_out_everywhere)
}

#[derive(Deserialize)]
struct Wish {
    #[serde(default)]
    next: String,
}

#[derive(askama::Template)]
#[template(path = "sign_in.html")]
struct Page {
    chrome: Chrome,
    next: String,
    groups: Vec<Group>,
    is_demo: bool,
    /// Each way: what people call it, and where it begins.
    ways: Vec<(String, String)>,
    by_crm: bool,
}

struct Group {
    role: &'static str,
    does: &'static str,
    people: Vec<Pick>,
}

struct Pick {
    key: String,
    name: String,
    about: String,
}

/// A path of ours, or the front door: never another site.
pub fn own_path(next: &str) -> &str {
    let plain = next.starts_with('/')
        && !next.starts_with("//")
        && !next.contains(['\\', '\r', '\n', '\t'])
        && !next.starts_with("/sign-");
    if plain { next } else { "/" }
}

async fn page(
    State(app): State<Shared>,
    jar: CookieJar,
    Query(wish): Query<Wish>,
) -> Result<Response, Problem> {
    let is_demo = matches!(app.settings.sign_in, SignIn::Demo);
    let mut groups = Vec::new();
    if is_demo {
        let mut tx = app.store.read().await?;
        let faces = tx.faces(LOOKED_AT).await?;
        let mut people = Vec::with_capacity(faces.len());
        for face in faces.into_iter().filter(|it| it.email.is_some()) {
            people.push(Me::read(&app, &mut tx, face).await?);
        }
        let connections: BTreeSet<&str> = people.iter().map(|me| me.connection.as_str()).collect();
        let several = connections.len() > 1;
        for role in Role::ALL {
            let is_one =
                |me: &&Me| me.role == role && (!me.team.is_empty() || me.face.manager.is_some());
            let mut all: Vec<&Me> = people.iter().filter(is_one).collect();
            if role == Role::Seller {
                // A team together: the same deal is to be seen through its manager's eyes too.
                all.sort_by_key(|me| boss(me, &people).map(|it| it.face.name.as_str()));
            }
            let picks: Vec<Pick> = all
                .into_iter()
                .take(OFFERED)
                .map(|me| Pick {
                    key: format!("{}:{}", me.connection, me.face.id),
                    name: me.face.name.clone(),
                    about: about(me, &people, several),
                })
                .collect();
            if !picks.is_empty() {
                groups.push(Group {
                    role: role.label(),
                    does: does(role),
                    people: picks,
                });
            }
        }
    }
    let next = own_path(&wish.next);
    let mut ways = crm_sign_in::offers(&app, next).await;
    if let SignIn::Openid(provider) = &app.settings.sign_in {
        let path = format!("/sign-in/openid?next={}", words::encoded(next));
        ways.push((provider.name.clone(), path));
    }
    // Whoever comes back here still has a cookie, and what they send is asked for its proof.
    let cookie = jar.get(cookie_name(&app.settings));
    let page = Page {
        chrome: Chrome {
            csrf: cookie.map_or_else(String::new, |it| csrf::token(&app.env, it.value())),
            ..Chrome::bare("Sign in")
        },
        next: next.to_owned(),
        groups,
        is_demo,
        ways,
        by_crm: matches!(app.settings.sign_in, SignIn::Crm),
    };
    Ok(Show(page).into_response())
}

/// What someone of a role does here, for whoever has never seen Latitude.
fn does(role: Role) -> &'static str {
    match role {
        Role::Seller => {
            "Write a strategy for each deal, get questions back, and say what is needed."
        }
        Role::Manager => {
            "See where a talk would help, ask one question, and owe answers by a time."
        }
        Role::Director => "Answer what managers passed up, and see the deals of all their teams.",
        Role::Executive => "Answer what reached the top, and see where leaders are in the way.",
        Role::Product => "Answer what sellers lack in the product, each with its own ways around.",
    }
}

/// Whom someone reports to, among these people.
pub fn boss<'a>(me: &Me, people: &'a [Me]) -> Option<&'a Me> {
    let id = me.face.manager.as_ref()?;
    let mut same = people.iter().filter(|it| it.connection == me.connection);
    same.find(|it| it.face.id == *id)
}

/// Where someone stands among the others; in which CRM, where there are several.
fn about(me: &Me, people: &[Me], several: bool) -> String {
    let stands = match (me.team.len(), boss(me, people)) {
        (0, Some(boss)) => format!("reports to {}", boss.face.name),
        (0, None) => "reports to nobody here".to_owned(),
        (1, _) => "leads one person".to_owned(),
        (many, _) => format!("leads {many} people"),
    };
    match several {
        true => format!("{stands}, in {}", me.connection),
        false => stands,
    }
}

#[derive(Deserialize)]
struct Picked {
    person: String,
    #[serde(default)]
    next: String,
}

async fn pick(
    State(app): State<Shared>,
    jar: CookieJar,
    Form(picked): Form<Picked>,
) -> Result<Response, Problem> {
    if !matches!(app.settings.sign_in, SignIn::Demo) {
        return Err(Problem::NotFound);
    }
    let (connection, person) = picked.person.split_once(':').ok_or(Problem::NotFound)?;
    let mut tx = app.store.read().await?;
    let face = tx.face(&ConnectionId::from(connection), person).await?;
    drop(tx);
    let face = face.ok_or(Problem::NotFound)?;
    let jar = session::begin(&app, jar, &face, ("demo", None)).await?;
    Ok((jar, Redirect::to(own_path(&picked.next))).into_response())
}

async fn sign_out(State(app): State<Shared>, jar: CookieJar) -> Result<Response, Problem> {
    // Whoever it is, one who came by a link of `latitude connect` too.
    let cookie = jar.get(cookie_name(&app.settings)).ok_or(Problem::SignIn)?;
    let mut tx = app.store.write().await?;
    tx.end_session(&session::mark(cookie.value())).await?;
    tx.commit().await?;
    let jar = session::without_cookie(&app, jar);
    Ok((jar, Redirect::to("/sign-in")).into_response())
}

async fn sign_out_everywhere(
    State(app): State<Shared>,
    jar: CookieJar,
    reader: Reader,
) -> Result<Response, Problem> {
    let mut tx = app.store.write().await?;
    for me in &reader.me {
        tx.end_sessions(me.connection.as_str(), &me.face.id).await?;
    }
    tx.commit().await?;
    let jar = session::without_cookie(&app, jar);
    Ok((jar, Redirect::to("/sign-in")).into_response())
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn sign_in_leads_back_to_our_own_pages_only() {
        assert_eq!(own_path("/deals/a/b?c=d"), "/deals/a/b?c=d");
        for other in [
            "",
            "board",
            "//evil.test",
            "/\\evil.test",
            "https://evil.test",
            "/\tevil",
            "javascript:x",
            "/sign-in?next=/",
            "/\r\nset-cookie: a=b",
        ] {
            assert_eq!(own_path(other), "/", "{other}");
        }
    }
}
