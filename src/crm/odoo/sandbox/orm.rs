//! The ORM's public methods: which arguments they take, and which model answers.

use serde_json::{Map, Value, json};

use super::{Caller, Edition, Exception, convenience, leads, not_found, tables};
use crate::sandbox::world::World;

/// Arguments by name.
pub type Args = Map<String, Value>;

/// A method's signature: whether it wants records, and its parameters in order.
struct Signature {
    method: &'static str,
    records: bool,
    parameters: &'static [&'static str],
    required: &'static [&'static str],
}

const fn of_model(method: &'static str, parameters: &'static [&'static str]) -> Signature {
    Signature {
        method,
        records: false,
        parameters,
        required: &[],
    }
}

const fn of_records(
    method: &'static str,
    parameters: &'static [&'static str],
    required: &'static [&'static str],
) -> Signature {
    Signature {
        method,
        records: true,
        parameters,
        required,
    }
}

const SIGNATURES: &[Signature] = &[
    of_model("context_get", &[]),
    of_model("fields_get", &["allfields", "attributes"]),
    of_model("search", &["domain", "offset", "limit", "order"]),
    of_model("search_count", &["domain", "limit"]),
    of_model(
        "search_read",
        &["domain", "fields", "offset", "limit", "order", "load"],
    ),
    Signature {
        method: "create",
        records: false,
        parameters: &["vals_list"],
        required: &["vals_list"],
    },
    of_records("read", &["fields", "load"], &[]),
    of_records("write", &["vals"], &["vals"]),
    of_records("unlink", &[], &[]),
    of_records("has_access", &["operation"], &["operation"]),
    of_model(
        "web_search_read",
        &[
            "domain",
            "specification",
            "offset",
            "limit",
            "order",
            "count_limit",
        ],
    ),
    of_records("web_read", &["specification"], &["specification"]),
    // Older versions call the second one `args`.
    of_model(
        "name_search",
        &["name", "domain", "operator", "limit", "args"],
    ),
    of_model("name_create", &["name"]),
    of_records("name_get", &[], &[]),
    of_model(
        "read_group",
        &[
            "domain", "fields", "groupby", "offset", "limit", "orderby", "lazy",
        ],
    ),
    of_records("copy", &["default"], &[]),
    of_records("exists", &[], &[]),
    of_model("check_access_rights", &["operation", "raise_exception"]),
    of_model("default_get", &["fields"]),
    of_records(
        "message_post",
        &[
            "body",
            "body_is_html",
            "subject",
            "subtype_xmlid",
            "message_type",
            "partner_ids",
        ],
        &[],
    ),
    of_records("action_set_won", &[], &[]),
    of_records("action_set_lost", &["lost_reason_id"], &[]),
    of_records(
        "web_save_multi",
        &["vals_list", "specification"],
        &["vals_list", "specification"],
    ),
];

const MODELS: &[&str] = &[
    "crm.lead",
    "crm.lost.reason",
    "crm.stage",
    "crm.tag",
    "crm.team",
    "ir.config_parameter",
    "ir.filters",
    "ir.model",
    "ir.model.data",
    "ir.model.fields",
    "ir.model.fields.selection",
    "ir.ui.view",
    "res.company",
    "res.currency",
    "res.partner",
    "res.users",
];

/// Models only administrators may look at.
const ADMINISTRATION: &[&str] = &[
    "ir.config_parameter",
    "ir.model",
    "ir.model.data",
    "ir.model.fields",
    "ir.model.fields.selection",
    "ir.ui.view",
];

/// A call with arguments by position and name, as JSON-RPC makes it.
pub fn call_positional(
    world: &World,
    caller: Caller,
    (model, method): (&str, &str),
    positional: &[Value],
    mut args: Args,
) -> Result<Value, Exception> {
    let single = method == "create" && positional.first().is_some_and(Value::is_object);
    if let Ok(signature) = signature(caller, model, method) {
        let ids = signature.records.then_some("ids");
        let names: Vec<&str> = ids
            .into_iter()
            .chain(signature.parameters.iter().copied())
            .collect();
        if positional.len() > names.len() {
            let why = format!("{method}() takes {} positional arguments", names.len());
            return Err(Exception::new(500, "builtins.TypeError", why));
        }
        for (name, value) in names.into_iter().zip(positional) {
            args.insert(name.to_owned(), value.clone());
        }
    }
    if let Some(Value::Number(one)) = args.get("ids") {
        args.insert("ids".to_owned(), json!([one]));
    }
    let answer = call(world, caller, model, method, &args)?;
    match (single, answer) {
        (true, Value::Array(ids)) => Ok(ids.into_iter().next().unwrap_or_default()),
        (_, answer) => Ok(answer),
    }
}

/// A call with arguments by name.
pub fn call(
    world: &World,
    caller: Caller,
    model: &str,
    method: &str,
    args: &Args,
) -> Result<Value, Exception> {
    let signature = signature(caller, model, method)?;
    let unprocessable =
        |why: String| Exception::new(422, "werkzeug.exceptions.UnprocessableEntity", why);
    if !signature.records && args.contains_key("ids") {
        return Err(unprocessable(format!(
            "cannot call {model}.{method} with ids"
        )));
    }
    for name in args.keys() {
        if !matches!(name.as_str(), "ids" | "context")
            && !signature.parameters.contains(&name.as_str())
        {
            let why = format!("{method}() got an unexpected keyword argument '{name}'");
            return Err(Exception::new(500, "builtins.TypeError", why));
        }
    }
    if let Some(missing) = signature
        .required
        .iter()
        .find(|name| !args.contains_key(**name))
    {
        return Err(unprocessable(format!(
            "missing a required argument: '{missing}'"
        )));
    }
    if ADMINISTRATION.contains(&model) && !caller.admin {
        return Err(Exception::access(format!(
            "You are not allowed to access '{model}' records.\n\nThis operation is allowed for the \
             following groups:\n\t- Access Rights\n\nContact your administrator to request access \
             if necessary."
        )));
    }
    if let Some(answer) = convenience::call(world, caller, model, method, args) {
        return answer;
    }
    match model {
        "crm.lead" => leads::call(world, caller, method, args),
        _ => tables::call(world, caller, model, method, args),
    }
}

fn signature(caller: Caller, model: &str, method: &str) -> Result<&'static Signature, Exception> {
    let old = caller.edition == Edition::Seventeen;
    if !MODELS.contains(&model) {
        return Err(if old {
            Exception::user_error(format!("Object {model} doesn't exist"))
        } else {
            not_found(format!("the model '{model}' does not exist"))
        });
    }
    if method.starts_with('_') {
        let why =
            format!("Private methods (such as '{model}.{method}') cannot be called remotely.");
        return Err(Exception::access(why));
    }
    let found = SIGNATURES.iter().find(|it| it.method == method);
    // Newer versions keep what lost its use to themselves.
    if !old && method == "exists" {
        let why =
            format!("Private methods (such as '{model}.{method}') cannot be called remotely.");
        return Err(Exception::access(why));
    }
    found
        .filter(|it| match it.method {
            "web_save_multi" => !old,
            "name_get" => old,
            _ => true,
        })
        .ok_or_else(|| {
            if old {
                let why = format!("The method '{method}' does not exist on the model '{model}'");
                Exception::new(500, "builtins.AttributeError", why)
            } else {
                not_found(format!("The method '{model}.{method}' does not exist"))
            }
        })
}

/// The records a call names.
pub fn ids(args: &Args) -> Vec<i64> {
    let ids = args.get("ids").and_then(Value::as_array);
    ids.into_iter()
        .flatten()
        .filter_map(Value::as_i64)
        .collect()
}

/// A list of names in an argument; none where it is not given or `false`.
pub fn names(args: &Args, name: &str) -> Option<Vec<String>> {
    let list = args.get(name)?.as_array()?;
    Some(
        list.iter()
            .filter_map(|it| it.as_str().map(str::to_owned))
            .collect(),
    )
}

/// A number in an argument; none where it is not given or `false`.
pub fn number(args: &Args, name: &str) -> Option<usize> {
    usize::try_from(args.get(name)?.as_u64()?).ok()
}

/// The error for a field that does not exist.
pub fn no_field(caller: Caller, model: &str, field: &str) -> Exception {
    let preposition = match caller.edition {
        Edition::Seventeen => "on model",
        Edition::Nineteen => "in",
    };
    Exception::value_error(format!("Invalid field '{field}' {preposition} '{model}'"))
}

/// The error for a field in a domain that does not exist.
pub fn no_field_in_domain(caller: Caller, model: &str, leaf: &super::domain::Leaf) -> Exception {
    let word = match caller.edition {
        Edition::Seventeen => "leaf",
        Edition::Nineteen => "condition",
    };
    Exception::value_error(format!(
        "Invalid field {model}.{} in {word} ('{}', '{}', {})",
        leaf.field, leaf.field, leaf.operator, leaf.value
    ))
}

/// The error for a record that does not exist.
pub fn missing(model: &str, ids: &[i64]) -> Exception {
    let ids: Vec<String> = ids.iter().map(i64::to_string).collect();
    let ids = if ids.len() == 1 {
        format!("{},", ids[0])
    } else {
        ids.join(", ")
    };
    let why = format!(
        "Record does not exist or has been deleted.\n(Record: {model}({ids}), User: {})",
        tables::user_id(0)
    );
    Exception::new(404, "odoo.exceptions.MissingError", why)
}
