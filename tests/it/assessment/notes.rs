//! Questions back to the seller: each is asked when its occasion arises, and only then.

use latitude::domain::cadence::State;
use latitude::domain::coaching::{self, NOTES, Note};
use latitude::domain::grade::{Dimension, Grade};
use latitude::domain::rubric::{Rubric, assess};
use latitude::domain::strategy::Answers;

use super::{answers, set};

/// The question of this name that a strategy raises, all others being dismissed.
fn asked(name: &str, answers: &Answers) -> Vec<String> {
    let others = NOTES.into_iter().filter(|other| *other != name);
    let others: Vec<String> = others.map(str::to_owned).collect();
    let assessment = assess(answers, &Rubric::default());
    let public = coaching::applying(None, &assessment.notes, &others);
    let private = coaching::private_applying(&assessment.private_notes, &others);
    let public = public.into_iter().map(|note| note.text);
    public
        .chain(private.into_iter().map(|note| note.text))
        .collect()
}

fn thin() -> Answers {
    answers([
        "The bakery wants a new oven for the second shop in town",
        "Present our oven range and go over the quote",
        "Show the brochure and explain our warranty and energy class",
        "",
    ])
}

#[test]
fn every_question_is_asked_when_its_occasion_arises() {
    let price = answers([
        "The bakery burns bread in the old oven",
        "Get the order",
        "Show the brochure of the oven",
        "Price. I would offer a discount of ten percent",
    ]);
    let waiting = answers([
        "The bakery burns bread in the old oven",
        "Present the oven",
        "Show the brochure of the oven",
        "Waiting for their feedback on the offer",
    ]);
    let stuck = answers([
        "The bakery burns bread in the old oven, owner Jo told me",
        "Keep her calm",
        "Product must fix the thermostat. Support never answers her calls.",
        "Pricing won't let me move. It's their fault.",
    ]);
    let why = answers([
        "The bakery burns bread in the old oven, owner Jo told me",
        "Keep her calm",
        "Why can't product fix the thermostat of the oven",
        "Why do they never answer the phone of the bakery",
    ]);
    let need = Answers {
        need: "somebody from engineering".to_owned(),
        ..thin()
    };
    let single = answers([
        "The owner of the bakery asks for a new oven in the second shop",
        "Present our oven range",
        "Show the brochure and the energy class",
        "The price of the oven",
    ]);
    let counts = answers([
        "20 calls, 5 emails, 3 voicemails left, 2 opens",
        "Book 4 meetings this week, now at 2",
        "25 dials each morning, then 10 emails, then LinkedIn touches",
        "Gatekeeper. 6 more attempts",
    ]);
    for (name, raised_by, told) in [
        ("person", thin(), "Who, by name or role"),
        ("evidence", thin(), "Which part did the customer tell you"),
        (
            "customer_action",
            thin(),
            "”: You describe what you will present.",
        ),
        ("why_way", thin(), "What makes this the best way"),
        ("no_obstacle", thin(), "If this slipped by a month"),
        ("one_option", single.clone(), "What would you try"),
        ("date", thin(), "By when will you know"),
        ("need_open", need, "Who exactly could help"),
        (
            "gain",
            price.clone(),
            "“Get the order”: What will they take",
        ),
        ("price_first", price, "”: What else might they value"),
        (
            "waiting",
            waiting,
            "“Waiting for their feedback on the offer”: The plan waits",
        ),
        (
            "single",
            single,
            "What happens to the plan if the owner moves on?",
        ),
        (
            "not_mine",
            stuck,
            "”: Which part of this can you move yourself?",
        ),
        ("blame", why, "”: How could you turn that into"),
        (
            "activity",
            counts,
            "What should each of those conversations change?",
        ),
    ] {
        let asked = asked(name, &raised_by);
        assert_eq!(asked.len(), 1, "{name}: {asked:?}");
        assert!(asked[0].contains(told), "{name}: {asked:?}");
    }
}

#[test]
fn a_question_of_blame_stays_with_the_seller() {
    let rubric = Rubric::default();
    let stuck = answers([
        "The bakery burns bread in the old oven, owner Jo told me",
        "Keep her calm",
        "Why can't product fix the thermostat. Support never answers her calls.",
        "Pricing won't let me move. It's their fault.",
    ]);

    let assessment = assess(&stuck, &rubric);

    let private = ["blame", "not_mine", "copy"];
    assert!(
        assessment
            .notes
            .iter()
            .all(|note| !private.contains(&&*note.name))
    );
    assert_eq!(assessment.private_notes[0].name, "blame");
}

/// A plan that any manager would call strong.
fn strong() -> Answers {
    Answers {
        check_on: "2027-02-12".parse().ok(),
        ..answers([
            "Ines Duarte, who runs the mill, lost two buyers over late deliveries last autumn and \
             has promised the board that none is late this season.",
            "Ines says which of her three lines is late most often, and agrees to try one of them \
             with us from 4 February.",
            "One line instead of all three, because Ines trusts her own figures and no supplier's. \
             I decided against the visit to our other customer: he weaves silk, she would shrug.",
            "The shift lead fears for the bonus. I can ask Ines to keep it fixed for the month, or \
             we begin on the night shift, where there is none. I lean towards the night shift.",
        ])
    }
}

#[test]
fn a_strong_plan_is_asked_what_would_change_the_mind() {
    let assessment = assess(&strong(), &Rubric::default());

    assert_eq!(assessment.grade, Grade::Strong);
    let names: Vec<&str> = assessment.notes.iter().map(|note| &*note.name).collect();
    assert_eq!(names, ["strong"]);
    assert!(
        assessment.notes[0]
            .text
            .ends_with("What would change your mind?")
    );
    assert!(asked("strong", &thin()).is_empty());
}

#[test]
fn a_deal_that_moved_is_asked_about_by_the_stage_it_moved_to() {
    let of_state = |state, stage| coaching::of_state(state, stage, &Rubric::default());
    let moved = of_state(State::StageMovedOn, "Prove").expect("a note");

    assert_eq!(moved.name, "stage_moved");
    assert_eq!(
        moved.text,
        "The deal moved to Prove. Which part of your plan still holds?"
    );
    assert_eq!(of_state(State::StageMovedOn, ""), None);
    let past = of_state(State::PastCheckDate, "Prove").expect("a note");
    assert_eq!(past.name, "date");
    assert_eq!(past.text, "By when will you know whether this worked?");
    for quiet in [State::Current, State::GettingOld, State::Asked] {
        assert_eq!(of_state(quiet, "Prove"), None);
    }
}

#[test]
fn at_most_two_apply_and_where_the_deal_stands_comes_first() {
    let note = |name: &str| Note {
        name: name.to_owned(),
        text: format!("{name}?"),
    };
    let notes = ["person", "gain", "why_way"].map(note);
    let names = |raised: Option<Note>, away: &[&str]| {
        let away: Vec<String> = away.iter().map(|it| (*it).to_owned()).collect();
        let notes = coaching::applying(raised, &notes, &away);
        let names: Vec<String> = notes.into_iter().map(|it| it.name).collect();
        names.join(" ")
    };

    assert_eq!(names(None, &[]), "person gain");
    assert_eq!(names(None, &["person"]), "gain why_way");
    assert_eq!(names(None, &["person", "gain"]), "why_way");
    assert_eq!(names(Some(note("date")), &["gain"]), "date person");
    assert_eq!(names(Some(note("date")), &["date"]), "person gain");
}

#[test]
fn a_copy_is_asked_about_in_private_and_names_the_plan_it_reads_like() {
    let copied = coaching::copied("Delta Mill", &Rubric::default());

    assert_eq!((copied.grade, copied.score), (Grade::NotEnoughYet, None));
    assert!(copied.notes.is_empty());
    let [asked] = copied.private_notes.as_slice() else {
        panic!("{:?}", copied.private_notes)
    };
    assert_eq!(asked.name, "copy");
    assert_eq!(
        asked.text,
        "This reads much like your plan for Delta Mill. What is different about this customer?"
    );
}

#[test]
fn a_person_is_asked_after_by_name_and_never_a_noun() {
    let by_name = answers([
        "They are interested in belts, Ines Duarte from finance is our contact",
        "Present our belts",
        "Show the brochure and the energy class",
        "The price of the belts. Either their partner pays or I bring our own box",
    ]);
    let nobody = answers([
        "The partner of the mill burns belts, patients complain",
        "Present our belts",
        "Show the brochure and the energy class",
        "The price of the belts",
    ]);

    assert_eq!(
        asked("single", &by_name),
        ["What happens to the plan if Ines Duarte moves on?"]
    );
    assert!(asked("single", &nobody).is_empty());
}

#[test]
fn nobody_is_told_what_they_did_not_write() {
    let blank_goal = answers([
        "Brandt Foods wants fewer returns before the audit",
        "",
        "Start with one line, because the plant lead trusts results",
        "IT may stall; then we begin with exported files, or with one subsidiary",
    ]);

    assert!(asked("customer_action", &blank_goal).is_empty());
    assert!(asked("why_way", &blank_goal).is_empty());
    assert!(asked("no_obstacle", &blank_goal).is_empty());
    assert!(asked("one_option", &blank_goal).is_empty());
}

#[test]
fn nothing_is_asked_about_a_part_that_the_seller_has_not_come_to() {
    let begun = Answers {
        customer_outcome: ingrid().customer_outcome,
        ..Answers::default()
    };
    let notes = assess(&begun, &Rubric::default()).notes;
    let names =
        |notes: &[Note]| -> Vec<String> { notes.iter().map(|it| it.name.clone()).collect() };

    assert!(names(&notes).contains(&"why_way".to_owned()), "{notes:?}");
    let so_far = names(&coaching::so_far(&notes, &begun));
    assert!(!so_far.contains(&"why_way".to_owned()), "{so_far:?}");
    let whole = thin();
    let notes = assess(&whole, &Rubric::default()).notes;
    let left_out =
        |it: &Note| it.name == "no_obstacle" || it.name == "one_option" || it.name == "date";
    let about_the_rest: Vec<Note> = notes.iter().filter(|it| !left_out(it)).cloned().collect();
    assert_eq!(coaching::so_far(&notes, &whole), about_the_rest);
}

/// A plan that is clear in each part.
fn ingrid() -> Answers {
    answers([
        "Ingrid Solheim, head of kiln operations, wants to cut reject rate from 9 to 5 percent before \
         the spring catalogue; she told me so on 24 November.",
        "Ingrid and her controller agree on the one line and the measure for a two week proof by 9 \
         December.",
        "Walk the line with her shift lead first, because he logs the rejects and she trusts his \
         numbers more than ours.",
        "The controller may refuse a paid proof. Then I offer to run it on one kiln only, or ask \
         Northwind's sister plant to share its numbers. If neither works I step back until spring.",
    ])
}

#[test]
fn bars_say_no_more_than_the_grade() {
    let rubric = Rubric::default();
    for file in ["fit.jsonl", "adversarial.jsonl", "third_open.jsonl"] {
        for rated in set(file) {
            let assessment = assess(&rated.answers, &rubric);
            let levels = Dimension::ALL.map(|it| assessment.dims.of(it));
            let sum: u8 = levels.iter().sum();

            assert!(
                assessment.overall == 4 || sum < 5 * (assessment.overall + 1),
                "{}: {levels:?} and {}",
                rated.id,
                assessment.grade.label()
            );
        }
    }
}

#[test]
fn a_question_quotes_what_stands_in_the_way_and_not_what_hurts_the_customer() {
    let hurts_elsewhere = answers([
        "HR lead Sue gets 200 sick-note calls a month and her two clerks are drowning",
        "Sue agrees to try it with one ward",
        "One ward, because the nurses there asked for it",
        "The works council",
    ]);
    let asked = asked("one_option", &hurts_elsewhere);

    assert_eq!(asked, ["What would you try if that door were closed?"]);
}

#[test]
fn a_day_makes_no_plan_of_waiting_for_it() {
    let waits = Answers {
        check_on: "2027-01-15".parse().ok(),
        ..answers([
            "Linda, the CFO, told me that her month-end close takes 9 days where 3 would do",
            "Linda says on 15 January whether she takes the pilot",
            "Waiting for Linda to come back to me after her holiday",
            "Her controller may object; I would show him the two closes side by side",
        ])
    };

    let asked = asked("waiting", &waits);

    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(
        asked[0].starts_with("“Waiting for Linda to come back"),
        "{asked:?}"
    );
}

#[test]
fn whoever_says_that_nothing_is_in_the_way_is_asked_for_no_way_around_it() {
    for none in [
        "",
        "None",
        "No obstacles so far",
        "Can't think of any so far.",
    ] {
        let plan = answers([
            "HR lead Sue gets 200 sick-note calls a month and her two clerks are drowning",
            "Sue agrees to try it with one ward",
            "One ward, because the nurses there asked for it",
            none,
        ]);
        assert_eq!(asked("no_obstacle", &plan).len(), 1, "{none}");
        assert_eq!(asked("one_option", &plan), Vec::<String>::new(), "{none}");
    }
}

#[test]
fn names_and_days_without_an_aim_or_a_way_are_thin_whatever_the_day() {
    let plan = answers([
        "Meeting on 12 December at 10:00 with John, Mary and Peter",
        "Meeting on 12 December",
        "John, Mary, Peter on 12 December. Then 20 December",
        "None",
    ]);

    let assessment = assess(&plan, &Rubric::default());

    assert!(assessment.overall <= 1, "{assessment:?}");
}
