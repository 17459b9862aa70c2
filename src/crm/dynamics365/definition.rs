//! Our columns as the metadata API takes them.

use serde_json::{Value as Json, json};

use super::LONGEST_TEXT;
use crate::domain::field::{Field, Kind};

/// The first five digits of the option values of our picklists.
pub const OPTION_PREFIX: i64 = 72_700;
/// English, the base language of labels; organisations with another one show these all the same.
const LANGUAGE: u16 = 1033;
/// Lengths of our one-line columns.
const TEXT_LENGTH: usize = 100;
const LINK_LENGTH: usize = 500;

/// The body that creates a column.
pub fn definition(name: &str, field: Field) -> Json {
    let (kind, type_name, rest) = match field.kind() {
        Kind::LongText => (
            "Memo",
            "MemoType",
            json!({"Format": "TextArea", "ImeMode": "Auto", "MaxLength": LONGEST_TEXT,
                   "IsLocalizable": false}),
        ),
        Kind::Text => (
            "String",
            "StringType",
            json!({"FormatName": {"Value": "Text"}, "MaxLength": TEXT_LENGTH}),
        ),
        Kind::Link => (
            "String",
            "StringType",
            json!({"FormatName": {"Value": "Url"}, "MaxLength": LINK_LENGTH}),
        ),
        Kind::Number => (
            "Integer",
            "IntegerType",
            json!({"MinValue": 0, "MaxValue": 100, "Format": "None", "SourceTypeMask": 0}),
        ),
        Kind::Date => (
            "DateTime",
            "DateTimeType",
            json!({"Format": "DateOnly", "DateTimeBehavior": {"Value": "DateOnly"}}),
        ),
        Kind::DateTime => (
            "DateTime",
            "DateTimeType",
            json!({"Format": "DateAndTime", "DateTimeBehavior": {"Value": "UserLocal"}}),
        ),
        Kind::Pick(labels) => {
            let values = (OPTION_PREFIX * 10_000)..;
            let options: Vec<Json> = values
                .zip(labels)
                .map(|(value, name)| json!({"Value": value, "Label": label(name)}))
                .collect();
            (
                "Picklist",
                "PicklistType",
                json!({"SourceTypeMask": 0, "OptionSet": {
                    "@odata.type": "Microsoft.Dynamics.CRM.OptionSetMetadata",
                    "IsGlobal": false, "OptionSetType": "Picklist", "Options": options}}),
            )
        }
    };
    let mut body = json!({
        "@odata.type": format!("Microsoft.Dynamics.CRM.{kind}AttributeMetadata"),
        "AttributeType": kind,
        "AttributeTypeName": {"Value": type_name},
        "SchemaName": name,
        "RequiredLevel": {"Value": "None", "CanBeChanged": true,
            "ManagedPropertyLogicalName": "canmodifyrequirementlevelsettings"},
        "DisplayName": label(field.label()),
        "Description": label(field.help()),
    });
    if let (Json::Object(body), Json::Object(rest)) = (&mut body, rest) {
        body.extend(rest);
    }
    body
}

/// A text for people.
pub fn label(text: &str) -> Json {
    json!({
        "@odata.type": "Microsoft.Dynamics.CRM.Label",
        "LocalizedLabels": [{
            "@odata.type": "Microsoft.Dynamics.CRM.LocalizedLabel",
            "Label": text,
            "LanguageCode": LANGUAGE,
        }],
    })
}
