//! Cuts SOQL into words, texts, numbers and signs.

use super::answer::Refusal;

/// A piece of a query.
#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    Word(String),
    Text(String),
    Number(String),
    Sign(&'static str),
}

const SIGNS: [&str; 11] = ["<=", ">=", "!=", "<>", "=", "<", ">", "(", ")", ",", ":"];
/// The longest string a condition may hold.
const LONGEST_TEXT: usize = 4_000;
/// The pieces of a query.
pub fn tokens(text: &str) -> Result<Vec<Token>, Refusal> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, after) = if first == '\'' {
            string(rest)?
        } else if first.is_ascii_digit() || first == '-' {
            let (number, after) = split(rest, |c| c.is_ascii_alphanumeric() || "-+:.".contains(c));
            (Token::Number(number.to_owned()), after)
        } else if first.is_ascii_alphabetic() || first == '_' {
            let (word, after) = split(rest, |c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
            (Token::Word(word.to_owned()), after)
        } else {
            let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign));
            let sign = sign.ok_or_else(|| unexpected(&first.to_string()))?;
            (Token::Sign(sign), rest.split_at(sign.len()).1)
        };
        tokens.push(token);
        rest = after.trim_start();
    }
    Ok(tokens)
}

fn split(text: &str, of: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !of(c)).unwrap_or(text.len()))
}

fn string(text: &str) -> Result<(Token, &str), Refusal> {
    let mut value = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\'' if value.len() > LONGEST_TEXT => {
                return Err(Refusal::malformed_query(
                    "maximum string length exceeded in a filter",
                ));
            }
            '\'' => return Ok((Token::Text(value), text.split_at(at + 1).1)),
            '\\' => match chars.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, 'r')) => value.push('\r'),
                Some((_, 't')) => value.push('\t'),
                Some((_, c @ ('\'' | '"' | '\\' | '_' | '%'))) => value.push(c),
                _ => return Err(Refusal::malformed_query("Illegal string escape")),
            },
            c => value.push(c),
        }
    }
    Err(Refusal::malformed_query(
        "line 1: mismatched character '<EOF>' expecting '''",
    ))
}

/// A piece that does not belong there.
pub fn unexpected(what: &str) -> Refusal {
    Refusal::malformed_query(format!("unexpected token: '{what}'"))
}

/// A piece as it was written.
pub fn shown(token: &Token) -> String {
    match token {
        Token::Word(text) | Token::Number(text) => text.clone(),
        Token::Text(text) => format!("'{text}'"),
        Token::Sign(sign) => (*sign).to_owned(),
    }
}
