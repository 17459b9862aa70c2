//! Methods of every model that are made of simpler ones: what pages and scripts call beside
//! `search_read` and `write`.

use serde_json::{Map, Value, json};

use super::leads::STANDARD;
use super::orm::{self, Args};
use super::{Caller, Edition, Exception, tables};
use crate::sandbox::world::World;

/// One call; nothing where the method is not one of these.
pub fn call(
    world: &World,
    caller: Caller,
    model: &str,
    method: &str,
    args: &Args,
) -> Option<Result<Value, Exception>> {
    let of = Of {
        world,
        caller,
        model,
    };
    Some(match method {
        "web_search_read" => of.web_search_read(args),
        "web_read" => of.specified("read", args),
        "name_search" => of.name_search(args),
        "name_create" => of.name_create(args),
        "name_get" => of.names(args),
        "read_group" => of.read_group(args),
        "copy" => of.copy(args),
        "exists" => of.exists(args),
        "check_access_rights" => Ok(json!(true)),
        "default_get" if model == "crm.lead" => Ok(json!({"type": "opportunity"})),
        "default_get" => Ok(json!({})),
        // Notes are taken and told to nobody.
        "message_post" if model == "crm.lead" => Ok(of.number(json!(175))),
        _ => return None,
    })
}

/// Calls of one model.
struct Of<'a> {
    world: &'a World,
    caller: Caller,
    model: &'a str,
}

impl Of<'_> {
    fn call(&self, method: &str, args: &Args) -> Result<Value, Exception> {
        orm::call(self.world, self.caller, self.model, method, args)
    }

    /// A new record's number, as each version returns it.
    fn number(&self, id: Value) -> Value {
        match self.caller.edition {
            Edition::Seventeen => id,
            Edition::Nineteen => json!([id]),
        }
    }

    fn web_search_read(&self, args: &Args) -> Result<Value, Exception> {
        let count = self.call("search_count", &only(args, &["domain", "context"]))?;
        let records = self.specified("search_read", args)?;
        Ok(json!({"length": count, "records": records}))
    }

    /// Records as a specification wants them: links as objects of the fields it names.
    fn specified(&self, method: &str, args: &Args) -> Result<Value, Exception> {
        let wanted = args.get("specification").and_then(Value::as_object);
        let wanted = wanted.cloned().unwrap_or_default();
        let names: Vec<&String> = wanted.keys().collect();
        let kept = ["ids", "domain", "offset", "limit", "order", "context"];
        let mut read = only(args, &kept);
        let names = if names.is_empty() {
            json!(["id"])
        } else {
            json!(names)
        };
        read.insert("fields".to_owned(), names);
        let mut rows = self.call(method, &read)?;
        for row in rows.as_array_mut().into_iter().flatten() {
            for (name, how) in &wanted {
                let is_link = row[name].get(1).is_some_and(Value::is_string);
                let id = row[name].get(0).and_then(Value::as_i64);
                let Some(id) = id.filter(|_| is_link) else {
                    continue;
                };
                row[name] = match how["fields"].as_object() {
                    Some(fields) => self.linked(name, id, &row[name][1], fields)?,
                    None => json!(id),
                };
            }
        }
        Ok(rows)
    }

    fn linked(
        &self,
        field: &str,
        id: i64,
        shown: &Value,
        fields: &Map<String, Value>,
    ) -> Result<Value, Exception> {
        let mut linked = Map::from_iter([("id".to_owned(), json!(id))]);
        let relation = STANDARD.iter().find(|(name, ..)| *name == field);
        let relation = relation.map_or("", |(.., relation)| *relation);
        let rows = tables::rows(&self.world.state(), relation);
        let row = rows.into_iter().find(|row| row["id"].as_i64() == Some(id));
        for name in fields.keys().filter(|name| *name != "id") {
            let value = match row.as_ref().and_then(|row| row.get(name)) {
                Some(value) => value.clone(),
                None if name == "display_name" || name == "name" => shown.clone(),
                None => return Err(orm::no_field(self.caller, relation, name)),
            };
            linked.insert(name.clone(), value);
        }
        Ok(Value::Object(linked))
    }

    fn name_search(&self, args: &Args) -> Result<Value, Exception> {
        // Older versions call it `args`.
        let domain = ["domain", "args"]
            .iter()
            .find_map(|name| args.get(*name)?.as_array());
        let mut domain = domain.cloned().unwrap_or_default();
        let text = args.get("name").and_then(Value::as_str).unwrap_or_default();
        if !text.is_empty() {
            let how = args.get("operator").cloned().unwrap_or(json!("ilike"));
            domain.push(json!(["name", how, text]));
        }
        let mut read = only(args, &["context"]);
        read.insert("domain".to_owned(), json!(domain));
        read.insert("fields".to_owned(), json!(["name"]));
        let limit = args.get("limit").cloned().unwrap_or(json!(100));
        read.insert("limit".to_owned(), limit);
        pairs(&self.call("search_read", &read)?)
    }

    fn name_create(&self, args: &Args) -> Result<Value, Exception> {
        let name = args.get("name").cloned().unwrap_or_default();
        let make = Args::from_iter([("vals_list".to_owned(), json!([{"name": name}]))]);
        let made = self.call("create", &make)?;
        Ok(json!([made[0], name]))
    }

    fn names(&self, args: &Args) -> Result<Value, Exception> {
        let mut read = only(args, &["ids", "context"]);
        read.insert("fields".to_owned(), json!(["name"]));
        pairs(&self.call("read", &read)?)
    }

    fn exists(&self, args: &Args) -> Result<Value, Exception> {
        let mut read = only(args, &["ids"]);
        read.insert("fields".to_owned(), json!(["id"]));
        let rows = self.call("read", &read)?;
        let rows = rows.as_array().cloned().unwrap_or_default();
        Ok(rows.into_iter().map(|row| row["id"].clone()).collect())
    }

    fn copy(&self, args: &Args) -> Result<Value, Exception> {
        let mut read = only(args, &["ids"]);
        let fields = [
            "name",
            "stage_id",
            "user_id",
            "partner_name",
            "expected_revenue",
            "date_deadline",
        ];
        read.insert("fields".to_owned(), json!(fields));
        read.insert("load".to_owned(), Value::Null);
        let rows = self.call("read", &read)?;
        let Some(row) = rows.get(0).and_then(Value::as_object) else {
            return Err(orm::missing(self.model, &orm::ids(args)));
        };
        let mut vals = row.clone();
        vals.remove("id");
        vals.insert(
            "name".to_owned(),
            json!(format!(
                "{} (copy)",
                row["name"].as_str().unwrap_or_default()
            )),
        );
        let other = args.get("default").and_then(Value::as_object);
        vals.extend(other.cloned().unwrap_or_default());
        let make = Args::from_iter([("vals_list".to_owned(), json!([vals]))]);
        let made = self.call("create", &make)?;
        Ok(self.number(made[0].clone()))
    }

    /// Groups by the first field, with the number of records and the sums asked for.
    fn read_group(&self, args: &Args) -> Result<Value, Exception> {
        let by = match args.get("groupby") {
            Some(Value::String(one)) => one.clone(),
            Some(Value::Array(some)) => some
                .first()
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
            _ => String::new(),
        };
        let asked = orm::names(args, "fields").unwrap_or_default();
        let sums: Vec<&str> = asked
            .iter()
            .filter_map(|it| {
                it.strip_suffix(":sum")
                    .or((*it == "expected_revenue").then_some(it.as_str()))
            })
            .collect();
        let mut read = only(args, &["domain", "context"]);
        let fields: Vec<&str> = std::iter::once(by.as_str())
            .chain(sums.iter().copied())
            .collect();
        read.insert("fields".to_owned(), json!(fields));
        read.insert("order".to_owned(), json!(format!("{by},id")));
        let rows = self.call("search_read", &read)?;
        let domain = args
            .get("domain")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        let mut groups: Vec<Value> = Vec::new();
        for row in rows.as_array().into_iter().flatten() {
            let at = groups.iter().position(|group| group[&by] == row[&by]);
            let at = at.unwrap_or_else(|| {
                let same = row[&by].get(0).unwrap_or(&row[&by]);
                let mut within = vec![json!("&"); domain.len().min(1)];
                within.extend(domain.iter().cloned());
                within.push(json!([by, "=", same]));
                groups.push(json!({(by.clone()): row[&by], "__domain": within}));
                groups.len() - 1
            });
            let count = format!("{by}_count");
            groups[at][&count] = json!(groups[at][&count].as_u64().unwrap_or(0) + 1);
            for sum in &sums {
                let so_far = groups[at][sum].as_f64().unwrap_or(0.0);
                groups[at][sum] = json!(so_far + row[sum].as_f64().unwrap_or(0.0));
            }
        }
        Ok(json!(groups))
    }
}

/// Number and name of each record.
fn pairs(rows: &Value) -> Result<Value, Exception> {
    let rows = rows.as_array().cloned().unwrap_or_default();
    Ok(rows
        .into_iter()
        .map(|row| json!([row["id"], row["name"]]))
        .collect())
}

fn only(args: &Args, names: &[&str]) -> Args {
    let kept = args
        .iter()
        .filter(|(name, _)| names.contains(&name.as_str()));
    kept.map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
