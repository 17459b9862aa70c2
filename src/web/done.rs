//! One line after something was done, on the page that comes next. The address carries a word, and
//! the sentence is one of these: nobody can have a page say anything else.

use serde::Deserialize;

use super::deed::{ANSWER, Sent};

/// What a page is asked to say of what was done before it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Done {
    done: String,
}

impl Done {
    /// The sentence, where there is one; `name` is whom it reaches.
    pub fn sentence(&self, name: &str) -> Option<String> {
        let told = match self.done.as_str() {
            "asked" => "Your question is on its way to {}.",
            "offered" => "Your offer of help is with {}.",
            "said" => "Noted: {} reads why you see it differently.",
            "promised" => "Your promise is published: clocks run by it from now on.",
            "away" => "Put away. It stays on the deal’s page.",
            "talked" => "Noted: you spoke today.",
            "delete" => "Deleted. Nobody else has seen it.",
            "option" => "Your option is added.",
            "choose" => "Chosen.",
            "reword" | "alter" => "Your words are changed.",
            "send" => "Sent up. The clock runs from now.",
            "reply" => "Your reply is sent, and the clock runs again.",
            "over" => "Passed up.",
            "kept" => "Noted: it happened.",
            "late" => "Noted: it happened, but late.",
            "close" => "Closed.",
            "backed" => "Backed: {} knows that the time is cleared.",
            "one_question" => {
                "Your question is on its way to {}. The clock stands still until the reply."
            }
            "another" | "no" => "Your answer is on its way to {}.",
            "passed_up" => "Passed up with your backing.",
            _ => return None,
        };
        Some(told.replace("{}", name))
    }
}

/// An address that says what was done; the word of a deed on a card says it itself.
pub fn at(path: &str, word: &str) -> String {
    format!("{path}?done={word}")
}

/// The word for a deed on a card: of an answer, which one it was.
pub fn word<'a>(deed: &'a str, sent: &'a Sent) -> &'a str {
    match deed {
        ANSWER => &sent.kind,
        deed => deed,
    }
}
