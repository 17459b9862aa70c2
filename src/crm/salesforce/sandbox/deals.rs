//! Opportunities: what a write may change and what stands in its way, creation, deletion.

use serde_json::{Map, Value, json};

use super::answer::Refusal;
use super::ids;
use super::org::{Caller, Org};
use super::plan::{Access, custom_kind};
use super::query::deal_at;
use super::schema::{Kind, STAMP, moment};
use super::tables::OPPORTUNITIES;
use crate::sandbox::world::{Deal, State, Trouble};

/// Writes some fields of one deal, or says why not.
pub fn update(
    org: &Org,
    state: &mut State,
    caller: &Caller,
    id: &str,
    fields: &Map<String, Value>,
) -> Result<(), Refusal> {
    let n = deal_at(state, id).ok_or_else(|| no_such_deal(id))?;
    if state.deals[n].deleted_at.is_some() {
        return Err(Refusal::new(404, "ENTITY_IS_DELETED", "entity is deleted"));
    }
    if org.world.weather().busy() {
        return Err(busy(id));
    }
    stands_in_the_way(&mut state.deals[n])?;
    let access = org.access(state, caller.user);
    let mut changed = state.deals[n].clone();
    for (name, value) in fields {
        if name != "attributes" && !name.eq_ignore_ascii_case("Id") {
            set(state, &access, &mut changed, name, value)?;
        }
    }
    state.deals[n] = changed;
    org.world.touch(state, n, caller.user);
    Ok(())
}

fn no_such_deal(id: &str) -> Refusal {
    if ids::is_id(id) {
        Refusal::new(
            404,
            "INVALID_CROSS_REFERENCE_KEY",
            "invalid cross reference id",
        )
    } else {
        Refusal::new(400, "MALFORMED_ID", format!("malformed id {id}")).of_field("Id")
    }
}

fn busy(id: &str) -> Refusal {
    let message = format!("unable to obtain exclusive access to this record or 1 records: {id}");
    Refusal::new(400, "UNABLE_TO_LOCK_ROW", message)
}

fn stands_in_the_way(deal: &mut Deal) -> Result<(), Refusal> {
    let refusal = match deal.trouble.clone() {
        None => return Ok(()),
        Some(Trouble::Refused(message)) => {
            Refusal::new(400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", message)
        }
        Some(Trouble::Busy(times)) => {
            deal.trouble = (times > 1).then(|| Trouble::Busy(times - 1));
            busy(&deal.id)
        }
        Some(Trouble::Locked) => {
            let message = "the entity is locked for editing";
            Refusal::new(400, "ENTITY_IS_LOCKED", message)
        }
        Some(Trouble::ReadOnly) => {
            let message = "insufficient access rights on object id";
            Refusal::new(403, "INSUFFICIENT_ACCESS_OR_READONLY", message)
        }
    };
    Err(refusal)
}

fn set(
    state: &State,
    access: &Access,
    deal: &mut Deal,
    name: &str,
    value: &Value,
) -> Result<(), Refusal> {
    let standard = OPPORTUNITIES
        .columns
        .iter()
        .find(|it| it.name.eq_ignore_ascii_case(name));
    if let Some(column) = standard {
        return match column.writable {
            true => set_standard(state, deal, column.name, value),
            false => Err(not_writable(name)),
        };
    }
    let custom = state
        .fields
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name));
    let Some((name, definition)) = custom.filter(|(name, _)| access.read.contains(*name)) else {
        let message = format!("No such column '{name}' on sobject of type Opportunity");
        return Err(Refusal::new(400, "INVALID_FIELD", message));
    };
    if !access.edit.contains(name) {
        return Err(not_writable(name));
    }
    match fitting(definition, name, value)? {
        Value::Null => deal.custom.remove(name),
        fitting => deal.custom.insert(name.clone(), fitting),
    };
    Ok(())
}

fn not_writable(name: &str) -> Refusal {
    let message = format!(
        "Unable to create/update fields: {name}. Please check the security settings of this field \
         and verify that it is read/write for your profile or permission set."
    );
    Refusal::new(400, "INVALID_FIELD_FOR_INSERT_UPDATE", message).of_field(name)
}

fn wrong_type(name: &str, wanted: &str, value: &Value) -> Refusal {
    let message = format!("Cannot deserialize instance of {wanted} from {value} for field {name}");
    Refusal::new(400, "JSON_PARSER_ERROR", message).of_field(name)
}

/// A value as the field keeps it.
fn fitting(definition: &Value, name: &str, value: &Value) -> Result<Value, Refusal> {
    let label = definition["Metadata"]["label"].as_str().unwrap_or(name);
    let too_long = |text: &str, most: usize| {
        let message = format!("{label}: data value too large: {text} (max length={most})");
        Err(Refusal::new(400, "STRING_TOO_LONG", message).of_field(name))
    };
    match (custom_kind(definition), value) {
        (_, Value::Null) => Ok(Value::Null),
        (_, Value::String(text)) if text.trim().is_empty() => Ok(Value::Null),
        (Kind::Number, Value::Number(_)) => number(definition, name, value),
        (Kind::Number, _) => Err(wrong_type(name, "double", value)),
        (Kind::Truth, Value::Bool(_)) => Ok(value.clone()),
        (Kind::Truth, _) => Err(wrong_type(name, "boolean", value)),
        (Kind::Date, Value::String(text)) => match text.parse::<chrono::NaiveDate>() {
            Ok(date) => Ok(date.to_string().into()),
            Err(_) => Err(wrong_type(name, "date", value)),
        },
        (Kind::Moment, Value::String(text)) => match moment(text) {
            Some(time) => Ok(time.format(STAMP).to_string().into()),
            None => Err(wrong_type(name, "datetime", value)),
        },
        (Kind::Picklist, Value::String(text)) => {
            let set = &definition["Metadata"]["valueSet"];
            let values = set["valueSetDefinition"]["value"].as_array();
            let known =
                values.is_some_and(|values| values.iter().any(|it| it["valueName"] == **text));
            if known || set["restricted"] != true {
                return Ok(value.clone());
            }
            let message = format!("{label}: bad value for restricted picklist field: {text}");
            Err(
                Refusal::new(400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message)
                    .of_field(name),
            )
        }
        (Kind::LongText(most) | Kind::Text(most), Value::String(text)) => {
            let most = most as usize;
            // Long texts keep the blanks around them out, as every text does.
            let text = text.trim();
            if text.encode_utf16().count() > most {
                too_long(text, most)
            } else {
                Ok(text.into())
            }
        }
        (Kind::Url, Value::String(text)) if text.len() > 255 => too_long(text, 255),
        (_, Value::String(_)) => Ok(value.clone()),
        _ => Err(wrong_type(name, "string", value)),
    }
}

fn number(definition: &Value, name: &str, value: &Value) -> Result<Value, Refusal> {
    let metadata = &definition["Metadata"];
    let whole =
        metadata["precision"].as_u64().unwrap_or(18) - metadata["scale"].as_u64().unwrap_or(0);
    let number = value.as_f64().unwrap_or_default();
    let most = 10f64.powi(i32::try_from(whole).unwrap_or(18));
    if number.abs() >= most {
        let message = format!("value outside of valid range on numeric field: {number}");
        return Err(Refusal::new(400, "NUMBER_OUTSIDE_VALID_RANGE", message).of_field(name));
    }
    Ok(json!(number))
}

fn set_standard(state: &State, deal: &mut Deal, name: &str, value: &Value) -> Result<(), Refusal> {
    let wrong = |wanted| wrong_type(name, wanted, value);
    let text = || value.as_str().ok_or_else(|| wrong("string"));
    match name {
        "Name" => {
            let name = text()?.trim();
            if name.chars().count() > 120 {
                let message =
                    format!("Opportunity Name: data value too large: {name} (max length=120)");
                return Err(Refusal::new(400, "STRING_TOO_LONG", message).of_field("Name"));
            }
            name.clone_into(&mut deal.name);
        }
        "StageName" => {
            let wanted = text()?;
            let stage = state.stages.iter().position(|stage| stage.name == wanted);
            deal.stage = stage.ok_or_else(|| {
                let message = format!("Stage: bad value for restricted picklist field: {wanted}");
                let code = "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST";
                Refusal::new(400, code, message).of_field("StageName")
            })?;
        }
        "Amount" if value.is_null() => deal.amount = None,
        "Amount" => deal.amount = Some(value.as_f64().ok_or_else(|| wrong("double"))?),
        "CloseDate" => deal.close_on = text()?.parse().map_err(|_| wrong("date"))?,
        _ => {
            let owner = state.person_at(&ids::checked(text()?));
            deal.owner = owner.ok_or_else(|| {
                let message = "invalid cross reference id";
                Refusal::new(400, "INVALID_CROSS_REFERENCE_KEY", message).of_field("OwnerId")
            })?;
        }
    }
    Ok(())
}

/// Makes a deal; its id.
pub fn create(
    org: &Org,
    state: &mut State,
    caller: &Caller,
    fields: &Map<String, Value>,
) -> Result<String, Refusal> {
    let missing: Vec<String> = ["Name", "StageName", "CloseDate"]
        .into_iter()
        .filter(|name| fields.get(*name).is_none_or(Value::is_null))
        .map(str::to_owned)
        .collect();
    if !missing.is_empty() {
        let message = format!("Required fields are missing: [{}]", missing.join(", "));
        let mut refusal = Refusal::new(400, "REQUIRED_FIELD_MISSING", message);
        refusal.fields = missing;
        return Err(refusal);
    }
    let now = org.world.now();
    let n = state.deals.len();
    let id = ids::id(ids::OPPORTUNITY, n);
    let mut deal = Deal {
        id: id.clone(),
        name: String::new(),
        account: String::new(),
        stage: 0,
        amount: None,
        currency: "EUR",
        close_on: now.date_naive(),
        owner: caller.user,
        created_at: now,
        changed_at: now,
        changed_by: caller.user,
        visible_at: now,
        deleted_at: None,
        revision: 1,
        custom: std::collections::BTreeMap::new(),
        mind: std::collections::BTreeMap::new(),
        trouble: None,
    };
    let access = org.access(state, caller.user);
    for (name, value) in fields.iter().filter(|(name, _)| *name != "attributes") {
        set(state, &access, &mut deal, name, value)?;
    }
    state.deals.push(deal);
    org.world.touch(state, n, caller.user);
    Ok(id)
}

/// Puts a deal into the recycle bin.
pub fn delete(org: &Org, state: &mut State, caller: &Caller, id: &str) -> Result<(), Refusal> {
    let n = deal_at(state, id).ok_or_else(|| no_such_deal(id))?;
    if state.deals[n].deleted_at.is_some() {
        return Err(Refusal::new(404, "ENTITY_IS_DELETED", "entity is deleted"));
    }
    org.world.touch(state, n, caller.user);
    state.deals[n].deleted_at = Some(org.world.now());
    Ok(())
}
