//! Changing one opportunity: what stands in the way, and what each column takes.

use chrono::NaiveDate;
use serde_json::{Map, Value as Json};

use super::columns::{STANDARD, open_stages};
use super::query::unknown_column;
use super::{Answer, Org, refuse};
use crate::domain::deal::Standing;
use crate::sandbox::world::{Deal, State, Trouble};

/// The integration user, who makes every change that comes through the API.
pub const APP: usize = 0;

/// Changes one row: all of it, or nothing.
pub fn update(
    org: &Org,
    state: &mut State,
    row: usize,
    body: &Map<String, Json>,
) -> Result<(), Answer> {
    in_the_way(org, state, row)?;
    let mut changed = state.deals[row].clone();
    for (column, value) in body {
        set(state, &mut changed, column, value)?;
    }
    state.deals[row] = changed;
    org.world.touch(state, row, APP);
    Ok(())
}

/// What keeps the row from being written.
fn in_the_way(org: &Org, state: &mut State, row: usize) -> Result<(), Answer> {
    let standing = state.stages[state.deals[row].stage].standing;
    let deal = &mut state.deals[row];
    let deadlock = || {
        Err(refuse(
            500,
            "0x80044150",
            "Generic SQL error. CRM ErrorCode: -2147204784 Sql ErrorCode: -2146232060 Sql Number: 1205",
        ))
    };
    let no_right = || {
        let message = format!(
            "Principal with id {} does not have WriteAccess right(s) for record with id {} of \
             entity opportunity.",
            state.people[APP].id, deal.id
        );
        Err(refuse(403, "0x80040220", &message))
    };
    match &mut deal.trouble {
        Some(Trouble::Refused(why)) => return Err(refuse(400, "0x80040265", why)),
        Some(Trouble::Busy(left)) if *left > 0 => {
            *left -= 1;
            return deadlock();
        }
        Some(Trouble::Locked) => {
            let message = "The record is locked until its approval is decided.";
            return Err(refuse(400, "0x80040265", message));
        }
        Some(Trouble::ReadOnly) => return no_right(),
        _ => {}
    }
    if org.world.weather().busy() {
        return deadlock();
    }
    if standing != Standing::Open {
        let message = "The opportunity is in a state in which it cannot be updated.";
        return Err(refuse(400, "0x80040203", message));
    }
    Ok(())
}

fn set(state: &State, deal: &mut Deal, column: &str, value: &Json) -> Result<(), Answer> {
    if let Some(definition) = state.fields.get(column) {
        if value.is_null() {
            deal.custom.remove(column);
        } else {
            let held = super::metadata::checked(column, definition, value)?;
            deal.custom.insert(column.to_owned(), held);
        }
        return Ok(());
    }
    let wrong = || {
        let message = format!(
            "Error identified in Payload provided by the user for Entity :'opportunities', \
             Cannot convert the value of '{column}'."
        );
        refuse(400, "0x80048d19", &message)
    };
    match column {
        "name" => {
            let text = value.as_str().ok_or_else(wrong)?;
            fits(column, text, 300)?;
            text.clone_into(&mut deal.name);
        }
        "estimatedvalue" => match value {
            Json::Null => deal.amount = None,
            _ => deal.amount = Some(value.as_f64().ok_or_else(wrong)?),
        },
        "estimatedclosedate" => {
            let day = value
                .as_str()
                .and_then(|text| text.parse::<NaiveDate>().ok());
            deal.close_on = day.ok_or_else(wrong)?;
        }
        "salesstage" => {
            let stage = value.as_u64().ok_or_else(wrong)? as usize;
            if stage >= open_stages(state) {
                return Err(outside(column, value));
            }
            deal.stage = stage;
        }
        "ownerid@odata.bind" => {
            let bound = value.as_str().unwrap_or_default();
            let id = bound
                .rsplit('(')
                .next()
                .unwrap_or_default()
                .trim_end_matches(')');
            deal.owner = state.person_at(id).ok_or_else(wrong)?;
        }
        known if STANDARD.iter().any(|(name, ..)| *name == known) => {}
        annotation if annotation.contains('@') => {}
        unknown => return Err(unknown_column(unknown, "opportunity")),
    }
    Ok(())
}

/// Refuses a text that is longer than its column, counted in UTF-16 units.
pub fn fits(column: &str, text: &str, most: usize) -> Result<(), Answer> {
    if text.encode_utf16().count() <= most {
        return Ok(());
    }
    let message = format!(
        "A validation error occurred.  The length of the '{column}' attribute of the \
         'opportunity' entity exceeded the maximum allowed length of '{most}'."
    );
    Err(refuse(400, "0x80044331", &message))
}

/// The refusal of a number that is no option of a picklist, or out of range.
pub fn outside(column: &str, value: &Json) -> Answer {
    let message = format!(
        "A validation error occurred. The value {value} of '{column}' on record of type \
         'opportunity' is outside the valid range."
    );
    refuse(400, "0x8004431A", &message)
}
