//! Notes are read like sentences: names without a list of verbs, asks without "please", days at the
//! end, reasons without "because".

use latitude::domain::rubric::{Rubric, assess};
use latitude::domain::strategy::Answers;

/// The words that a rule quotes in a text which answers one question.
fn quoted(rule: &str, text: &str) -> Vec<String> {
    let answers = Answers {
        obstacles: text.to_owned(),
        ..Answers::default()
    };
    let findings = assess(&answers, &Rubric::default()).findings;
    let mut quoted: Vec<String> = findings
        .iter()
        .filter(|finding| finding.rule == rule)
        .filter_map(|finding| answers.part(finding.part).get(finding.start..finding.end))
        .map(str::to_owned)
        .collect();
    quoted.dedup();
    quoted
}

pub fn hears(rule: &str, texts: &[&str]) {
    for text in texts {
        assert_ne!(quoted(rule, text), Vec::<String>::new(), "{rule}: {text}");
    }
}

pub fn does_not_hear(rule: &str, texts: &[&str]) {
    for text in texts {
        assert_eq!(quoted(rule, text), Vec::<String>::new(), "{rule}: {text}");
    }
}

#[test]
fn a_name_is_known_by_whatever_it_does_to_something() {
    hears(
        "decides",
        &[
            "Oriane reglazes the tiles before the kiln is cold",
            "Fitter Kwabena shims 40 bearings a month, nobody asked why",
            "Oriane ships ten from each kiln, says the lab",
        ],
    );
    does_not_hear(
        "decides",
        &[
            "Ladles scoops the slag, as every foundry has it",
            "Oriane's ladles the foundry never used",
        ],
    );
}

#[test]
fn a_name_before_a_colon_and_a_question_is_asked() {
    hears(
        "decides",
        &[
            "Oriane: kiln 2 or kiln 5?",
            "Foreman Kwabena: which of the moulds goes first",
            "Oriane: glaze lab yes/no",
        ],
    );
    does_not_hear("decides", &["Oriane, kiln 2, kiln 5", "Kiln: 2 or 5"]);
}

#[test]
fn a_department_in_brackets_tells_the_standing_of_a_name() {
    hears(
        "role",
        &[
            "Oriane (purchasing) lost two kilns of tiles",
            "Purchasing (O. Batiste) lost two kilns of tiles",
            "Kiln mgr Oriane lost two loads of tiles",
        ],
    );
    does_not_hear("role", &["Kilns (gas, electric) lost two loads of tiles"]);
}

#[test]
fn an_initial_is_the_name_it_stands_for() {
    let with = |doer: &str| {
        let text = format!("Oriane signs for kiln 5.\n{doer} asks the glaze lab on Friday.");
        quoted("day_who", &text)
    };

    assert_ne!(with("O."), Vec::<String>::new());
    assert_eq!(with("X."), Vec::<String>::new());
}

#[test]
fn notes_end_on_the_day() {
    hears(
        "day",
        &[
            "Oriane shows me the kiln Wed",
            "Oriane asks the lab Sat, I fetch the tiles",
        ],
    );
    does_not_hear(
        "day",
        &[
            "Oriane shows me where they sat",
            "Oriane asks for tiles that fade in the sun",
        ],
    );
}

#[test]
fn a_day_is_a_day_with_a_letter_wrong() {
    hears(
        "day",
        &[
            "Oriane shows me the kiln on the 1t2h",
            "Oriane shows me the kiln on the 122th",
            "Oriane shows me the kiln on the 23td",
            "Oriane shows me the kiln on the 199th",
        ],
    );
    does_not_hear(
        "day",
        &[
            "Oriane asks for the 33rd shelf of the kiln",
            "Oriane asks for 12kg of glaze for the kiln",
            "Oriane asks for 20ft of shelf for the kiln",
        ],
    );
}

#[test]
fn a_word_that_a_rule_names_may_be_misspelt() {
    let with = |might: &str| {
        let text = format!("Oriane signs for kiln 5. I {might} show her slide 14 of the deck");
        quoted("pitch", &text).len()
    };

    assert_eq!(with("will"), 1);
    assert_eq!(with("might"), 0);
    assert_eq!(with("migth"), 0);
}

#[test]
fn what_is_left_out_is_understood() {
    hears(
        "contrast",
        &[
            "Old kilns crack the tiles, new ones don't",
            "A new kiln she can't pay for; a new shelf she can",
        ],
    );
    does_not_hear("contrast", &["Oriane pays for the kiln if she can"]);
    hears("rejected", &["Oriane fires kiln 5, not kiln 2, on Friday"]);
    does_not_hear("rejected", &["Oriane fires kiln 5, not decided when"]);
    hears(
        "reason",
        &["Oriane expects cracks there, so kiln 5 convinces her"],
    );
    does_not_hear(
        "reason",
        &["Oriane fires kiln 5, so far on Friday at the lab"],
    );
}

#[test]
fn what_is_done_about_an_obstacle_may_follow_without_an_if() {
    hears(
        "fallback",
        &[
            "Gate won't open before 8 → tiles through the lab",
            "Owner joins the firing: I ask Oriane for the glaze room",
        ],
    );
    does_not_hear(
        "fallback",
        &[
            "Kiln 5 → kiln 2",
            "My plan: I ask Oriane for the glaze room",
        ],
    );
    hears(
        "overcome",
        &["Foreman refuses any logger. I fit battery ones with Oriane on Friday"],
    );
    does_not_hear(
        "overcome",
        &["Foreman likes every logger. I fit battery ones with Oriane on Friday"],
    );
    hears(
        "option",
        &["Oriane lends two shelves. Else I hire the lab's on Friday"],
    );
    does_not_hear("option", &["Oriane lends two shelves to nobody else"]);
}

#[test]
fn too_much_of_anything_stands_in_the_way() {
    hears("obstacle", &["Shelves too wide for kiln 5, says Oriane"]);
    does_not_hear("obstacle", &["Shelves for kiln 5 too, says Oriane"]);
}

#[test]
fn whatever_the_seller_does_is_a_deed() {
    hears(
        "own_deed",
        &["Oriane fears the press, so I blur her tiles in the film"],
    );
    does_not_hear("own_deed", &["Oriane fears the press and blurs her tiles"]);
}

#[test]
fn a_day_on_which_something_was_said_is_no_next_step() {
    does_not_hear(
        "day",
        &[
            "Ingrid wants fewer rejects; she told me so on 24 November.",
            "The controller confirmed it in writing on Tuesday.",
        ],
    );
    hears(
        "day",
        &[
            "She told me they decide on 24 November.",
            "I told Ingrid I will bring the log on Tuesday.",
        ],
    );
}

#[test]
fn a_catalogue_that_tells_a_time_is_not_what_the_seller_shows() {
    let outcome = "She wants to cut the reject rate before the spring catalogue.";
    does_not_hear("pitch", &[outcome]);
    hears(
        "pitch",
        &["Send the catalogue and follow up after the fair."],
    );
}

#[test]
fn two_ways_in_plain_words_are_two_ways() {
    hears(
        "option",
        &[
            "Their IT will not open the firewall. I can use a mobile link, or we read the machines by hand.",
            "She might go quiet. I'd try her controller, Ahmed.",
        ],
    );
    does_not_hear(
        "option",
        &[
            "The air zone will otherwise cost them twelve pounds a day",
            "The board says yes or no in March",
        ],
    );
}

#[test]
fn a_sentence_in_which_the_seller_only_waits_earns_nothing() {
    let hears_nothing = |text| {
        let answers = Answers {
            obstacles: String::from(text),
            ..Answers::default()
        };
        let findings = assess(&answers, &Rubric::default()).findings;
        let earned = findings.iter().filter(|it| {
            it.points > 0 && it.dimension != Some(latitude::domain::grade::Dimension::Customer)
        });
        assert_eq!(earned.count(), 0, "{text}: {findings:?}");
    };
    hears_nothing("Nothing I can do until Ines delivers the case study on 4 March.");
    hears_nothing("Waiting for Ines to come back to me on Friday.");
}

#[test]
fn what_was_promised_not_to_happen_is_not_arranged() {
    hears("arranged", &["Ines has promised the keys"]);
    does_not_hear("arranged", &["Ines has promised it will not happen"]);
}
