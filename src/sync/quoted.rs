//! What a CRM says about texts that it would not take may quote them. They are people's plans, and
//! what a CRM says is kept, shown and logged: so they are taken out of it before anyone sees it.

use std::collections::HashSet;

use crate::crm::write::{Outcome, Update};
use crate::domain::field::{Kind, Value};
use crate::http::fault::Fault;

/// Texts of fewer letters tell nothing of a plan.
const SHORTEST: usize = 8;
/// So many letters in a row are quoted, not said by chance; of a shorter text, all of them.
const RUN: usize = 16;
/// The longest way to write one sign, such as `&quot;`.
const LONGEST_SIGN: usize = 8;
/// Stands where something was taken out.
const LEFT_OUT: char = '…';

/// What became of each update of a batch, told without the texts that were sent. Codes and names of
/// fields stay.
pub(super) fn unquoted(
    told: Result<Vec<Outcome>, Fault>,
    sent: &[Update],
) -> Result<Vec<Outcome>, Fault> {
    match told {
        Ok(mut outcomes) => {
            for (outcome, update) in outcomes.iter_mut().zip(sent) {
                if let Outcome::Busy(refusal) | Outcome::Refused(refusal) = outcome {
                    refusal.message = without(&refusal.message, std::slice::from_ref(update));
                }
            }
            Ok(outcomes)
        }
        Err(mut fault) => {
            let cause = fault.cause_mut();
            cause.message = without(&cause.message, sent);
            Err(fault)
        }
    }
}

/// A message without the runs of letters that it shares with the texts of these updates. What stands
/// between letters does not count: CRMs write blanks, line breaks and signs in their own ways.
fn without(message: &str, sent: &[Update]) -> String {
    let said = letters(message);
    let mut quoted = vec![false; said.len()];
    // A grade or a state that a CRM has no label for is what an admin needs to read.
    let fields = sent.iter().flat_map(|update| &update.fields);
    let texts = fields.filter(|(field, _)| field.kind() == Kind::LongText);
    for (_, value) in texts {
        if let Value::Text(text) = value {
            mark(&said, &letters(text), &mut quoted);
        }
    }
    let mut kept = String::with_capacity(message.len());
    let (mut next, mut from) = (0, 0);
    while let Some(first) = quoted.iter().skip(next).position(|it| *it) {
        let first = next + first;
        let after = quoted.iter().skip(first).position(|it| !it);
        next = after.map_or(said.len(), |length| first + length);
        kept.push_str(message.get(from..said[first].0).unwrap_or_default());
        kept.push(LEFT_OUT);
        let (at, last) = said[next - 1];
        from = at + last.len_utf8();
    }
    kept.push_str(message.get(from..).unwrap_or_default());
    kept
}

/// Marks what of the said a text holds.
fn mark(said: &[(usize, char)], text: &[(usize, char)], quoted: &mut [bool]) {
    let plain = |some: &[(usize, char)]| some.iter().map(|(_, it)| *it).collect::<Vec<char>>();
    let (said, text) = (plain(said), plain(text));
    let run = text.len().min(RUN);
    if run < SHORTEST {
        return;
    }
    let runs: HashSet<&[char]> = text.windows(run).collect();
    for (n, window) in said.windows(run).enumerate() {
        if runs.contains(window) {
            quoted[n..n + run].fill(true);
        }
    }
}

/// The letters of a text, and where they stand; those that only write a sign (`\n`, `&quot;`) are none.
fn letters(text: &str) -> Vec<(usize, char)> {
    let mut letters = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let sign = match first {
            '\\' => 2,
            '&' => rest
                .find(';')
                .filter(|end| *end <= LONGEST_SIGN)
                .map_or(1, |end| end + 1),
            _ => first.len_utf8(),
        };
        if first.is_alphanumeric() {
            letters.push((text.len() - rest.len(), first));
        }
        rest = rest
            .get(sign..)
            .unwrap_or_else(|| rest.trim_start_matches(first));
    }
    letters
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::field::Field;

    #[test]
    fn what_was_sent_is_left_out_however_it_is_written_and_the_rest_stays() {
        let update = |text: &str| Update {
            deal: "1".into(),
            fields: vec![(Field::Approach, Value::text(text))],
            revision: None,
        };
        let plan = "Ask Ada for the gate,\nbecause \"she\" owns it.";
        for (message, left) in [
            (
                format!("Approach: too large: {plan} (max=8)"),
                "Approach: too large: …. (max=8)",
            ),
            (
                "bad value 'Ask Ada for the gate,\\nbecause &quot;she&quot; owns'".to_owned(),
                "bad value '…'",
            ),
            (
                "Close date cannot be in the past".to_owned(),
                "Close date cannot be in the past",
            ),
            (String::new(), ""),
        ] {
            assert_eq!(without(&message, &[update(plan)]), left);
        }
        let grade = Update {
            deal: "1".into(),
            fields: vec![(Field::Grade, Value::text("Not enough yet"))],
            revision: None,
        };
        let told = "bad value for restricted picklist field: Not enough yet";
        assert_eq!(without(told, &[grade]), told);
        let short = without("no value Ask Ada!", &[update("Ask Ada!")]);
        assert_eq!(short, "no value Ask Ada!");
        assert_eq!(
            without("no Ask Adam here", &[update("Ask Adam.")]),
            "no Ask Adam here"
        );
        assert_eq!(
            without("no Ask Ada 99 here", &[update("Ask Ada 99")]),
            "no … here"
        );
    }
}
