use super::*;
use crate::crm::setup::Place;
use crate::domain::field::Field;

fn reply(status: u16, body: &str) -> Reply {
    Reply {
        method: "POST".to_owned(),
        path: "/json/2/crm.lead/write".to_owned(),
        status,
        headers: reqwest::header::HeaderMap::new(),
        body: body.as_bytes().to_vec(),
        now: chrono::DateTime::UNIX_EPOCH,
    }
}

fn word(fault: &Fault) -> &'static str {
    match fault {
        Fault::Later { .. } => "later",
        Fault::Spent { .. } => "spent",
        Fault::Expired(_) => "expired",
        Fault::Reconnect(_) => "reconnect",
        Fault::Setup(_) => "setup",
        Fault::Gone(_) => "gone",
        Fault::Lost(_) => "lost",
        Fault::Unknown(_) => "unknown",
    }
}

#[test]
fn the_exceptions_name_decides_and_not_the_status() {
    let table = [
        (
            401,
            "werkzeug.exceptions.Unauthorized",
            "Invalid apikey",
            "reconnect",
        ),
        (
            403,
            "odoo.exceptions.AccessDenied",
            "Access Denied",
            "reconnect",
        ),
        (
            403,
            "odoo.exceptions.AccessError",
            "You are not allowed",
            "setup",
        ),
        (
            404,
            "odoo.exceptions.MissingError",
            "Record does not exist",
            "gone",
        ),
        (
            404,
            "werkzeug.exceptions.NotFound",
            "the model 'x' does not exist",
            "setup",
        ),
        (409, "odoo.exceptions.LockError", "locked", "later"),
        (
            422,
            "odoo.exceptions.ValidationError",
            "Missing required value",
            "setup",
        ),
        (
            422,
            "werkzeug.exceptions.UnprocessableEntity",
            "missing 'vals'",
            "unknown",
        ),
        (
            400,
            "werkzeug.exceptions.BadRequest",
            "could not parse",
            "unknown",
        ),
        (
            500,
            "builtins.ValueError",
            "Invalid field 'x' in 'crm.lead'",
            "setup",
        ),
        (
            500,
            "builtins.TypeError",
            "unexpected keyword argument",
            "setup",
        ),
        (
            500,
            "psycopg2.errors.SerializationFailure",
            "could not serialize",
            "later",
        ),
        (
            500,
            "psycopg2.OperationalError",
            "server closed the connection",
            "later",
        ),
        (
            200,
            "psycopg2.OperationalError",
            "database \"nodb\" does not exist",
            "setup",
        ),
        (500, "some.module.Surprise", "what", "unknown"),
    ];
    for (status, name, message, wanted) in table {
        let error = serde_json::json!({"name": name, "message": message, "debug": "secret"});
        let json2 = of(&reply(status, &error.to_string()));
        assert_eq!(word(&json2), wanted, "{name} over JSON-2");
        assert_eq!(json2.cause().code.as_deref(), Some(name));
        assert!(!json2.cause().to_string().contains("secret"));

        let rpc: RpcError = serde_json::from_value(
            serde_json::json!({"code": 200, "message": "Odoo Server Error", "data": error}),
        )
        .expect("an error");
        assert_eq!(
            word(&of_rpc(&reply(200, ""), &rpc)),
            wanted,
            "{name} over JSON-RPC"
        );
    }
}

#[test]
fn answers_of_gateways_and_of_other_servers_are_understood() {
    for (status, body, wanted) in [
        (404, "<!DOCTYPE html><title>404 Not Found</title>", "setup"),
        (302, "", "setup"),
        (401, "", "reconnect"),
        (429, "<html>slow down</html>", "later"),
        (502, "<html>Bad Gateway</html>", "later"),
        (503, "", "later"),
        (415, "<!doctype html>", "unknown"),
        (500, "[1,2]", "later"),
        (418, "{\"deep\":{}}", "unknown"),
    ] {
        assert_eq!(word(&of(&reply(status, body))), wanted, "{status} {body}");
    }
    assert_eq!(word(&page_in_place_of_data(&reply(200, "<html>"))), "later");
}

#[test]
fn a_refused_write_says_what_became_of_its_record() {
    let place = Place {
        name: "x_latitude_grade".to_owned(),
        ..Place::default()
    };
    let fields = FieldMap([(Field::Grade, place)].into());
    let told = |name: &str, message: &str| {
        let body = serde_json::json!({"name": name, "message": message}).to_string();
        outcome(of(&reply(500, &body)), "14", &fields)
    };
    let missing = "Record does not exist or has been deleted.\n(Record: crm.lead(14,), User: 7)";
    let target = "Record does not exist or has been deleted.\n(Record: crm.stage(9,), User: 7)";

    assert_eq!(
        told("odoo.exceptions.MissingError", missing).ok(),
        Some(Outcome::Gone)
    );
    assert!(matches!(
        told("odoo.exceptions.MissingError", target),
        Ok(Outcome::Refused(Refusal { setup: false, .. }))
    ));
    assert!(matches!(
        told(
            "psycopg2.errors.SerializationFailure",
            "could not serialize"
        ),
        Ok(Outcome::Busy(_))
    ));
    let Ok(Outcome::Refused(wrong)) = told(
        "builtins.ValueError",
        "Wrong value for crm.lead.x_latitude_grade: 'zz'",
    ) else {
        panic!("a wrong value is refused");
    };
    assert!(wrong.setup);
    assert_eq!(wrong.fields, [Field::Grade]);
    assert!(told("werkzeug.exceptions.Unauthorized", "Invalid apikey").is_err());
    assert_eq!(
        missing_deals("(Record: crm.lead(1, 22), User: 7)"),
        ["1", "22"]
    );
    assert!(missing_deals("crm.lead(").is_empty());
}
