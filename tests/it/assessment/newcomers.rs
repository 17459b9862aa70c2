//! What sellers of other voices write: whose matter it is, what notes leave out, and meetings.

use latitude::domain::grade::Grade;
use latitude::domain::rubric::{Rubric, assess};

use super::answers;
use super::terse::{does_not_hear, hears};

fn grade(parts: [&str; 4]) -> Grade {
    assess(&answers(parts), &Rubric::default()).grade
}

fn told(rule: &str, parts: [&str; 4]) -> bool {
    let findings = assess(&answers(parts), &Rubric::default()).findings;
    findings.iter().any(|it| it.rule == rule)
}

#[test]
fn a_matter_of_ones_own_is_no_deal_however_well_it_is_planned() {
    let own = [
        [
            "My monitor flickers since the move and Ludmila in facilities has two spare ones locked away.",
            "Ludmila says which of the two I get before the audit.",
            "I bring her the serial number instead of a ticket, because tickets wait eleven days.",
            "She needs a signature. I ask Renzo for one on Tuesday, or take the one from the training room.",
        ],
        [
            "Balcony door at home jams, our bathroom ceiling is wet twice a week. Caretaker Osei has the keys",
            "Osei opens the flat above with me",
            "look first: insurer pays only if the pipe is theirs, not ours",
            "Tenant above is away. I call his sister Thurs, else the water is shut off Mon",
        ],
    ];
    for parts in own {
        assert_eq!(grade(parts), Grade::NotEnoughYet, "{}", parts[0]);
    }
}

#[test]
fn what_is_only_carried_along_of_ones_own_makes_no_private_matter() {
    let deal = [
        "Pulp mill, 3 sheet breaks a night. Machine tender Aino restarts alone, foreman counts 40k a month",
        "Aino shows me which dryer felt she would change first",
        "That felt only: the mill refused the big survey twice because it stops the line",
        "No felt in stock. I bring two in my car on Friday and my wife drives the third one up, else Aino borrows from Kotka.",
    ];

    assert!(!told("off_topic", deal));
    assert!(matches!(grade(deal), Grade::Solid | Grade::Strong));
}

#[test]
fn minutes_of_a_meeting_are_thin_whatever_days_they_hold() {
    let minutes = [
        "Attendees: Borja, Ulrike, Sven. Topics: racks, access, invoices.",
        "Ulrike circulates the annex on 4 March, Borja uploads the drawing by 6 March",
        "Next meeting 11 March 10:00, Sven hosts",
        "Projector failed, Sven resends the slides on Friday",
    ];

    assert_eq!(grade(minutes), Grade::Thin);
    assert!(told("minutes", minutes));
}

#[test]
fn what_names_nothing_that_is_found_anywhere_is_thin() {
    let nothing = [
        "Mrs. Oduya (managing director) hopes for more because her chairman Mr. Brandt expects more.",
        "Mrs. Oduya says by 4 May whether she agrees and tells Mr. Brandt on Monday.",
        "I'd rather ask than write, because she told others she doesn't read long mails. Mr. Brandt trusts her.",
        "If it's no, I ask her what was missing, or I go to Ms. Renner on Thursday. She offered me that already.",
    ];

    assert_eq!(grade(nothing), Grade::Thin);
}

#[test]
fn a_day_may_be_told_with_of() {
    hears(
        "day",
        &[
            "Oriane answers on 20 of September",
            "Oriane signs the 9th of May",
        ],
    );
    does_not_hear("day", &["Oriane has 20 of those kilns"]);
}

#[test]
fn a_hyphen_between_spaces_is_a_dash() {
    hears("day", &["Oriane asks the glazier Wed - he says which kiln"]);
    does_not_hear("day", &["- Oriane has a wed-ding kiln"]);
}

#[test]
fn what_opens_the_answer_about_obstacles_stands_in_the_way() {
    hears(
        "overcome",
        &[
            "Glaziers paid by the tile. I fit a counter with Oriane on Friday",
            "Kiln on Ulm time. We swap the first shift with Oriane",
        ],
    );
    does_not_hear(
        "overcome",
        &["Oriane is keen on loggers. I fit battery ones on Friday"],
    );
}

#[test]
fn an_everyday_word_is_a_deed_where_something_is_done_to_something() {
    hears(
        "own_deed",
        &["We key the first 200 kilns", "I halve her list"],
    );
    does_not_hear("own_deed", &["We have the first 200", "I know her kiln"]);
}

#[test]
fn a_thing_of_another_answer_is_taken_up_to_say_more_of_it() {
    let plan = |approach| {
        [
            "Tile works, cracks 9 percent. Kiln foreman Kwabena pays for them from his bonus",
            "Kwabena gives us kiln 4 for a week",
            approach,
            "Glazier refuses. I ask him on Friday",
        ]
    };

    assert!(told(
        "taken_up",
        plan("Kiln 4: oldest bricks, nobody fights for it")
    ));
    assert!(told(
        "taken_up",
        plan("kiln 4 - foreman's own, he will look")
    ));
    assert!(!told(
        "taken_up",
        plan("Kwabena, then the others, then all of them")
    ));
    assert!(!told("taken_up", plan("Kiln 4")));
}
