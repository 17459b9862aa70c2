//! Carries nudges: by mail over SMTP, into a chat by its webhook.

use anyhow::Context;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use secrecy::ExposeSecret;
use url::Url;

use super::nudges::Nudges;
use crate::domain::Time;
use crate::store::nudges::Nudge;

/// The ways out.
pub struct Post {
    mail: Option<(AsyncSmtpTransport<Tokio1Executor>, Mailbox)>,
    chat: Option<Url>,
}

/// Why a message was not taken.
#[derive(Debug)]
pub enum Unsent {
    /// It may be another time.
    Later(String),
    /// It never will be.
    Never(String),
}

impl Post {
    /// The ways a configuration opens.
    ///
    /// # Errors
    /// Naming the key and the remedy.
    pub fn new(nudges: &Nudges) -> anyhow::Result<Self> {
        let smtp = nudges.smtp.expose_secret();
        let mail = match smtp.is_empty() {
            true => None,
            false => {
                let remedy = "nudges.smtp: write smtps://USER:PASSWORD@HOST or smtp://HOST:25";
                let server = AsyncSmtpTransport::<Tokio1Executor>::from_url(smtp);
                // The address holds a password: it is not repeated.
                let server = server.map_err(|_| anyhow::anyhow!("{remedy}"))?;
                let from = nudges.from.parse().with_context(|| {
                    format!(
                        "nudges.from = \"{}\": write NAME <ADDRESS>, whom mail comes from",
                        nudges.from
                    )
                })?;
                Some((server.build(), from))
            }
        };
        let webhook = nudges.webhook.expose_secret();
        let chat = match webhook.is_empty() {
            true => None,
            false => Some(Url::parse(webhook).map_err(|_| {
                anyhow::anyhow!("nudges.webhook is no address: write the one the chat gave you")
            })?),
        };
        Ok(Self { mail, chat })
    }

    /// Carries one message to an address.
    ///
    /// # Errors
    /// Why it was not taken; holds no words of the message.
    pub async fn carry(
        &self,
        nudge: &Nudge,
        (to, public_url): (&str, &str),
        now: Time,
    ) -> Result<(), Unsent> {
        match nudge.way.as_str() {
            "email" => self.mail(nudge, (to, public_url), now).await,
            _ => self.chat(nudge, to).await,
        }
    }

    async fn mail(
        &self,
        nudge: &Nudge,
        (to, public_url): (&str, &str),
        now: Time,
    ) -> Result<(), Unsent> {
        let Some((server, from)) = &self.mail else {
            return Err(Unsent::Never("mail is switched off".to_owned()));
        };
        let to: Mailbox = to
            .parse()
            .map_err(|_| Unsent::Never("the address is none".to_owned()))?;
        let header = |name: &'static str, value: String| {
            HeaderValue::new(HeaderName::new_from_ascii_str(name), value)
        };
        let leave = format!("<{public_url}/unsubscribe/{}>", nudge.id);
        let message = Message::builder()
            .from(from.clone())
            .to(to)
            .subject(nudge.subject.clone())
            .date(now.into())
            // The same at every try: whoever was given it already knows it by this.
            .message_id(Some(format!("<{}@latitude.invalid>", nudge.id)))
            .raw_header(header("List-Unsubscribe", leave))
            .raw_header(header(
                "List-Unsubscribe-Post",
                "List-Unsubscribe=One-Click".to_owned(),
            ))
            .raw_header(header("Auto-Submitted", "auto-generated".to_owned()))
            .header(ContentType::TEXT_PLAIN)
            .body(nudge.body.clone())
            .map_err(|error| Unsent::Never(error.to_string()))?;
        match server.send(message).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_permanent() => Err(Unsent::Never(said(&error))),
            Err(error) => Err(Unsent::Later(said(&error))),
        }
    }

    async fn chat(&self, nudge: &Nudge, to: &str) -> Result<(), Unsent> {
        let Some(place) = &self.chat else {
            return Err(Unsent::Never("the chat is switched off".to_owned()));
        };
        let text = format!("{}\n{}", nudge.subject, nudge.body);
        let body = serde_json::json!({"text": text, "to": to, "id": nudge.id});
        match crate::http::tell(place, &body).await {
            Ok(200..=299) => Ok(()),
            Ok(status @ (400 | 401 | 403 | 404 | 410)) => {
                Err(Unsent::Never(format!("the chat answered with {status}")))
            }
            Ok(status) => Err(Unsent::Later(format!("the chat answered with {status}"))),
            Err(why) => Err(Unsent::Later(why)),
        }
    }
}

/// What went wrong, by kind: a server's own words may repeat an address.
fn said(error: &lettre::transport::smtp::Error) -> String {
    match error.status() {
        Some(code) => format!("the mail server answered with {code}"),
        None if error.is_timeout() => "the mail server did not answer in time".to_owned(),
        None => "the mail server could not be reached".to_owned(),
    }
}
