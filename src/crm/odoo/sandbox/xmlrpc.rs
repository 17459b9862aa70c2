//! XML-RPC, the oldest of the protocols and the one most scripts speak.
//!
//! It knows no empty value: a method that returns none is a fault, an empty field is `false`.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use dxr::{Fault, FaultResponse, MethodCall, MethodResponse, Value as Xml};
use serde_json::{Map, Number, Value};

use super::{Exception, rpc, struck};
use crate::sandbox::world::World;

/// One call; faults come with status 200.
pub async fn answer(
    State(world): State<World>,
    Path(service): Path<String>,
    body: Bytes,
) -> Response {
    let struck = match struck(&world) {
        Some(Err(answer)) => return answer,
        Some(Ok(exception)) => Some(exception),
        None => None,
    };
    let answered = match struck {
        Some(exception) => Err(exception),
        None => called(&world, &service, &body),
    };
    let text = match answered {
        Ok(value) => MethodResponse { value }.to_xml(),
        Err(exception) => FaultResponse {
            fault: fault(&exception),
        }
        .to_xml(),
    };
    let head = [(CONTENT_TYPE, "text/xml; charset=utf-8")];
    let text = text.unwrap_or_else(|error| unreachable!("own values are XML: {error}"));
    (head, format!("<?xml version=\"1.0\"?>\n{text}")).into_response()
}

fn called(world: &World, service: &str, body: &[u8]) -> Result<Xml, Exception> {
    let unreadable = |why: &str| Exception::new(500, "xml.parsers.expat.ExpatError", why);
    let text = std::str::from_utf8(body).map_err(|_| unreadable("not well-formed"))?;
    let call = MethodCall::from_xml(text).map_err(|_| unreadable("not well-formed"))?;
    let args: Vec<Value> = call.params.into_iter().map(json_of).collect();
    let edition = rpc::edition(&args);
    let value = rpc::dispatch(world, edition, (service, &call.name), &args)?;
    xml_of(value)
}

/// Which number a fault has: warnings for people, refused sign-ins and rights apart from the rest.
fn fault(exception: &Exception) -> Fault {
    let (code, text) = match exception.name {
        "odoo.exceptions.AccessDenied" => (3, exception.message.clone()),
        "odoo.exceptions.AccessError" => (4, exception.message.clone()),
        name if name.starts_with("odoo.exceptions.") => (2, exception.message.clone()),
        name => {
            let name = name.strip_prefix("builtins.").unwrap_or(name);
            let trace = "Traceback (most recent call last):\n  …\n";
            (1, format!("{trace}{name}: {}\n", exception.message))
        }
    };
    Fault::new(code, text)
}

fn json_of(value: Xml) -> Value {
    match value {
        Xml::Integer(number) => number.into(),
        Xml::Long(number) => number.into(),
        Xml::Boolean(yes) => yes.into(),
        Xml::String(text) => text.into(),
        Xml::Double(number) => Number::from_f64(number).map_or(Value::Null, Value::Number),
        Xml::DateTime(at) => Value::String(format!(
            "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
            at.year(),
            at.month(),
            at.day(),
            at.hour(),
            at.minute(),
            at.second()
        )),
        Xml::Base64(bytes) => String::from_utf8_lossy(&bytes).into_owned().into(),
        Xml::Struct(members) => members
            .into_iter()
            .map(|(name, value)| (name, json_of(value)))
            .collect::<Map<_, _>>()
            .into(),
        Xml::Array(items) => items.into_iter().map(json_of).collect(),
        _ => Value::Null,
    }
}

fn xml_of(value: Value) -> Result<Xml, Exception> {
    let told = |name, why| Exception::new(500, name, why);
    Ok(match value {
        Value::Null => {
            let why = "cannot marshal None unless allow_none is enabled";
            return Err(told("builtins.TypeError", why));
        }
        Value::Bool(yes) => Xml::Boolean(yes),
        Value::Number(number) => {
            match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => {
                    let whole = i32::try_from(whole);
                    Xml::Integer(whole.map_err(|_| {
                        told("builtins.OverflowError", "int exceeds XML-RPC limits")
                    })?)
                }
                (None, other) => Xml::Double(other.unwrap_or_default()),
            }
        }
        Value::String(text) => Xml::String(text),
        Value::Array(items) => Xml::Array(items.into_iter().map(xml_of).collect::<Result<_, _>>()?),
        Value::Object(members) => {
            let mut told = std::collections::BTreeMap::new();
            for (name, value) in members {
                told.insert(name, xml_of(value)?);
            }
            Xml::Struct(told)
        }
    })
}
