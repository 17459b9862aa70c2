//! The panel inside the form. Odoo signs nothing, so set-up puts a computed field there whose code
//! makes the frame's address anew for everyone who looks: the opportunity, the user, the time, and
//! an HMAC of the three. Its key stands in a system parameter, which only administrators may read.

use std::collections::BTreeMap;
use std::fmt::Write;

use chrono::{DateTime, TimeDelta};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use sha2::Sha256;

use super::rpc::Ask;
use super::setup::{create_definition, definitions, has_field, remove};
use super::wire::{field_name, option_key};
use crate::crm::push::{Proof, Push, Rejected, Viewer};
use crate::crm::session::Session;
use crate::crm::setup::Blueprint;
use crate::domain::ids::{DealId, PersonId};
use crate::http::fault::Fault;

/// How old an address may be: a form may stand open for a while before its page is.
const LIFETIME: TimeDelta = TimeDelta::minutes(10);
/// How far ahead of ours the server's clock may be.
const AHEAD: TimeDelta = TimeDelta::minutes(5);
/// The code of the field, with names to be put in.
const CODE: &str = include_str!("frame.py");
/// What the connection's secret is made into a key for.
const PURPOSE: &[u8] = b"latitude: panel in an odoo form";

/// The name of the field that shows the frame.
pub fn field(wanted: &Blueprint) -> String {
    field_name(&wanted.prefix, "frame")
}

/// What the field's code reads, by the names of system parameters; none where the admin set no
/// `embed_secret`, or Latitude has no pages.
fn parameters(session: &Session, wanted: &Blueprint) -> Option<BTreeMap<String, String>> {
    let secret = session.settings.embed_secret.as_ref()?;
    let address = session.embed.as_ref()?;
    let prefix = option_key(&wanted.prefix);
    Some(BTreeMap::from([
        (format!("{prefix}.embed_at"), escaped(address)),
        (format!("{prefix}.embed_key"), key(secret)),
    ]))
}

/// An address as it may stand in an attribute of HTML that nobody sanitises.
fn escaped(address: &str) -> String {
    let kept = |c: &char| !matches!(c, '"' | '\'' | '<' | '>' | '&') && !c.is_whitespace();
    address.chars().filter(kept).collect()
}

/// The key that Odoo signs with: made from the connection's secret, which itself stays here. As 64
/// hex digits it fills one block of the hash.
fn key(secret: &SecretString) -> String {
    hex(&mac(secret.expose_secret().as_bytes(), PURPOSE))
}

fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key)
        .unwrap_or_else(|error| unreachable!("a key may have any length: {error}"));
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap_or_default();
        hex
    })
}

#[derive(Deserialize)]
struct Parameter {
    id: i64,
    key: String,
    value: String,
}

async fn kept(session: &Session, names: &[String]) -> Result<Vec<Parameter>, Fault> {
    Ask::new("ir.config_parameter", "search_read")
        .arg("domain", json!([["key", "in", names]]))
        .named("fields", json!(["key", "value"]))
        .read(session)
        .await
}

/// Whether the form has the frame it should, or needs none.
pub async fn is_as_wanted(session: &Session, wanted: &Blueprint) -> Result<bool, Fault> {
    let Some(parameters) = parameters(session, wanted) else {
        return Ok(true);
    };
    if !has_field(session, "crm.lead", &field(wanted)).await? {
        return Ok(false);
    }
    let names: Vec<String> = parameters.keys().cloned().collect();
    let kept = kept(session, &names).await?;
    Ok(parameters
        .iter()
        .all(|(name, value)| kept.iter().any(|it| it.key == *name && it.value == *value)))
}

/// Makes the field and its parameters; whether there is a frame to be shown now.
pub async fn make(session: &Session, wanted: &Blueprint) -> Result<bool, Fault> {
    let Some(parameters) = parameters(session, wanted) else {
        return has_field(session, "crm.lead", &field(wanted)).await;
    };
    let names: Vec<String> = parameters.keys().cloned().collect();
    let kept = kept(session, &names).await?;
    for (name, value) in &parameters {
        let ask = match kept.iter().find(|it| it.key == *name) {
            Some(known) if known.value == *value => continue,
            Some(known) => Ask::new("ir.config_parameter", "write")
                .arg("ids", json!([known.id]))
                .arg("vals", json!({"value": value})),
            None => Ask::new("ir.config_parameter", "create")
                .arg("vals_list", json!([{"key": name, "value": value}]))
                .once(),
        };
        ask.read::<Json>(session).await?;
    }
    let name = field(wanted);
    if !has_field(session, "crm.lead", &name).await? {
        let definition = json!({
            "name": name,
            "ttype": "html",
            "field_description": "Strategy panel",
            "help": "The panel of Latitude for this opportunity",
            "store": false,
            "readonly": true,
            "sanitize": false,
            "copied": false,
            "compute": code(wanted),
        });
        create_definition(session, &name, definition).await?;
    }
    Ok(true)
}

/// Takes field and parameters away.
pub async fn unmake(session: &Session, wanted: &Blueprint) -> Result<(), Fault> {
    let ids = definitions(session, &field(wanted)).await?;
    remove(session, "ir.model.fields", &ids).await?;
    let prefix = option_key(&wanted.prefix);
    let names = ["embed_at", "embed_key"].map(|name| format!("{prefix}.{name}"));
    let kept = kept(session, &names).await?;
    let ids: Vec<i64> = kept.into_iter().map(|it| it.id).collect();
    remove(session, "ir.config_parameter", &ids).await
}

fn code(wanted: &Blueprint) -> String {
    let list = |numbers: &[u32]| {
        let numbers: Vec<String> = numbers.iter().map(u32::to_string).collect();
        format!("[{}]", numbers.join(", "))
    };
    CODE.replace("{prefix}", &option_key(&wanted.prefix))
        .replace("{field}", &field(wanted))
        .replace("{constants}", &list(&roots(64, 3)))
        .replace("{start}", &list(&roots(8, 2)))
}

/// The first 32 bits behind the point of the square or cube roots of the first primes, of which
/// SHA-256 makes its constants.
fn roots(count: usize, degree: u32) -> Vec<u32> {
    let is_prime = |n: &u128| {
        (2..*n)
            .take_while(|d| d * d <= *n)
            .all(|d| !n.is_multiple_of(d))
    };
    let primes = (2..).filter(is_prime).take(count);
    let roots = primes.map(|prime| {
        // The largest whole number whose power is at most the prime, both moved by 32 bits.
        let wanted = prime << (32 * degree);
        let (mut low, mut high) = (0_u128, 1_u128 << 40);
        while high - low > 1 {
            let middle = u128::midpoint(low, high);
            match middle.pow(degree) <= wanted {
                true => low = middle,
                false => high = middle,
            }
        }
        u32::try_from(low & u128::from(u32::MAX)).unwrap_or_default()
    });
    roots.collect()
}

/// See [`crate::crm::Crm::viewer`].
pub fn viewer(push: &Push, secret: &SecretString) -> Result<Viewer, Rejected> {
    let told = |name: &str| push.query(name).ok_or(Rejected::Malformed);
    let (deal, user, at) = (told("deal")?, told("user")?, told("at")?);
    let sign = told("sign")?;
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key(secret).as_bytes()).map_err(|_| Rejected::Signature)?;
    mac.update(format!("{deal}.{user}.{at}").as_bytes());
    let sign = bytes(&sign).ok_or(Rejected::Signature)?;
    // Compares in constant time.
    mac.verify_slice(&sign).map_err(|_| Rejected::Signature)?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    if !is_number(&deal) || !is_number(&user) {
        return Err(Rejected::Malformed);
    }
    let made = at
        .parse()
        .ok()
        .and_then(|at| DateTime::from_timestamp(at, 0));
    let made = made.ok_or(Rejected::Malformed)?;
    if push.now - made > LIFETIME || made - push.now > AHEAD {
        return Err(Rejected::Stale);
    }
    Ok(Viewer {
        person: Some(PersonId::from(user)),
        email: None,
        deal: DealId::from(deal),
        organisation: None,
        proof: Proof::of(&sign, true),
    })
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = hex.chars().map(|c| c.to_digit(16)).collect();
    let pairs = digits?;
    let pairs = pairs.chunks(2).map(|pair| match pair {
        [high, low] => u8::try_from(high * 16 + low).ok(),
        _ => None,
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_constants_are_those_of_the_standard() {
        assert_eq!(roots(64, 3)[..2], [0x428a_2f98, 0x7137_4491]);
        assert_eq!(roots(64, 3)[63], 0xc671_78f2);
        assert_eq!(roots(8, 2)[..2], [0x6a09_e667, 0xbb67_ae85]);
    }

    #[test]
    fn an_address_cannot_leave_its_attribute() {
        assert_eq!(
            escaped("https://a.test/\"><script>"),
            "https://a.test/script"
        );
    }

    /// The code as Odoo runs it: names of its own, one after the other, beside a few given ones.
    const STAND_IN: &str = "
import sys, json
class Parameters:
    def sudo(self): return self
    def get_param(self, name): return json.loads(sys.argv[2]).get(name)
class Env(dict):
    uid = 7
class Record(dict):
    id = 41
    @property
    def _origin(self): return self
class Records(list):
    env = Env({'ir.config_parameter': Parameters()})
class Clock:
    @staticmethod
    def time(): return 1795876800.9
record = Record()
exec(sys.argv[1], {'time': Clock}, {'self': Records([record])})
print(record['x_latitude_frame'])
";

    #[test]
    fn what_the_code_signs_is_believed() {
        let wanted = Blueprint {
            prefix: "latitude_".to_owned(),
            mapped: BTreeMap::new(),
            views: &[],
        };
        let secret = SecretString::from("a secret of the connection");
        let told = json!({
            "latitude.embed_at": "https://latitude.test/embed/sales",
            "latitude.embed_key": key(&secret),
        });
        let ran = std::process::Command::new("python3")
            .args(["-c", STAND_IN, &code(&wanted), &told.to_string()])
            .output()
            .expect("python3, which the clients of others need, too");
        let shown = String::from_utf8_lossy(&ran.stdout).into_owned();
        let errors = String::from_utf8_lossy(&ran.stderr).into_owned();
        let url = shown
            .split('"')
            .nth(1)
            .unwrap_or_else(|| panic!("{errors}"));
        let at = |url: &str, minutes| Push {
            method: "GET".to_owned(),
            url: url.to_owned(),
            headers: BTreeMap::new(),
            body: Vec::new(),
            now: DateTime::from_timestamp(1_795_876_800, 0).expect("a time")
                + TimeDelta::minutes(minutes),
        };
        let url = url.replace("&amp;", "&");

        let viewer_of = |url: &str, minutes| viewer(&at(url, minutes), &secret);
        let viewer = viewer_of(&url, 1).expect("a viewer");

        assert_eq!(viewer.deal.as_str(), "41");
        assert_eq!(
            viewer.person.map(|it| it.as_str().to_owned()).as_deref(),
            Some("7")
        );
        assert_eq!(viewer_of(&url, 11), Err(Rejected::Stale));
        assert_eq!(viewer_of(&url, -6), Err(Rejected::Stale));
        for other in [
            ("deal=41", "deal=42"),
            ("user=7", "user=2"),
            ("at=17", "at=18"),
        ] {
            let forged = url.replace(other.0, other.1);
            assert_eq!(viewer_of(&forged, 1), Err(Rejected::Signature), "{forged}");
        }
    }
}
