//! What a sign-in was granted, against what was asked for.
//!
//! CRMs tell it in the token answer, each in a way of its own: words between blanks or commas, or a
//! list; in the names that were asked for, or in others.

use serde_json::{Map, Value};

/// Stands for everything, where it is granted.
const EVERYTHING: &str = "full";
/// Asked for so that the sign-in lasts, or to know who signed in; not always told among the rest.
const QUIET: [&str; 4] = ["refresh_token", "offline_access", "openid", "oauth"];

/// The scopes a token answer tells; none where it tells none.
pub(super) fn told(
    members: &Map<String, Value>,
    words: Option<&[oauth2::Scope]>,
) -> Option<Vec<String>> {
    let listed = members.get("scopes").and_then(Value::as_array);
    let all: Vec<String> = match (listed, words) {
        (Some(list), _) => list
            .iter()
            .filter_map(|it| it.as_str().map(str::to_owned))
            .collect(),
        (None, Some(words)) => words.iter().flat_map(|it| split(it)).collect(),
        (None, None) => return None,
    };
    (!all.is_empty()).then_some(all)
}

fn split(words: &str) -> Vec<String> {
    let words = words.split([' ', ',']).filter(|it| !it.is_empty());
    words.map(str::to_owned).collect()
}

/// What was asked for and not granted. Nothing where the CRM speaks of scopes in other names than
/// those it is asked in: then nobody can tell.
pub fn lacking(asked: &[String], granted: &[String]) -> Vec<String> {
    let asked: Vec<String> = asked.iter().flat_map(|it| split(it)).collect();
    let has = |scope: &String| granted.contains(scope);
    if !asked.iter().any(has) || granted.iter().any(|it| it == EVERYTHING) {
        return Vec::new();
    }
    let loud = |it: &&String| !QUIET.contains(&it.as_str());
    asked
        .iter()
        .filter(|it| !has(it))
        .filter(loud)
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lacking_is_told_only_where_it_can_be_known() {
        let of = |words: &str| split(words);
        for (asked, granted, missing) in [
            ("read write", "read write more", ""),
            ("read write", "read", "write"),
            ("read,write", "read", "write"),
            ("read write refresh_token openid", "read write", ""),
            ("read write", "full", ""),
            ("read full_access", "full read", ""),
            ("read write", "modules.ALL", ""),
            ("", "read", ""),
        ] {
            assert_eq!(
                lacking(&of(asked), &of(granted)),
                of(missing),
                "{asked} / {granted}"
            );
        }
    }
}
