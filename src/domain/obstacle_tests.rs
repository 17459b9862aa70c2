//! The state machine as a table of every state and deed, and under random deeds and clocks.

use proptest::prelude::*;

use super::*;

fn time(text: &str) -> Time {
    text.parse().expect("a time")
}

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

fn tuesday() -> Time {
    time("2026-11-17T09:00:00Z")
}

fn hours() -> Hours {
    Hours::default()
}

fn to(level: Level) -> To {
    To {
        level,
        responder: Some(level.word().into()),
        owed: hours().day() * level.usual_days(),
    }
}

/// What the CRM shows of it, and when an answer is due.
fn shown(obstacle: &Obstacle, now: Time) -> (&'static str, Option<Time>) {
    let turn = obstacle.turn();
    let turn = turn.map(|it| (it.level, it.clock.due(&hours())));
    (need_state(turn, now), turn.and_then(|(_, due)| due))
}

fn add() -> Deed {
    Deed::Add(Choice {
        kind: Kind::Partner,
        text: "A partner has it".to_owned(),
    })
}

fn send_up(ground: Ground, gap: bool) -> Deed {
    let need = Need {
        what: "An architect for two days".to_owned(),
        whom: "Ines".to_owned(),
        by: day("2026-11-30"),
        gap,
    };
    Deed::SendUp(ground, need, to(Level::Manager))
}

fn backed() -> Deed {
    let until = day("2026-11-20");
    Deed::Answer(
        Answer::Backed {
            until,
            note: String::new(),
        },
        None,
    )
}

fn no() -> Deed {
    let because = "The architects are booked until March".to_owned();
    let change = "A signed order".to_owned();
    Deed::Answer(Answer::No { because, change }, None)
}

fn question() -> Deed {
    let question = "Which system is it?".to_owned();
    Deed::Answer(Answer::OneQuestion { question }, None)
}

fn passed_up(level: Level) -> Deed {
    let backing = "It would open the whole account".to_owned();
    Deed::Answer(Answer::PassedUp { backing }, Some(to(level)))
}

fn reply() -> Deed {
    Deed::Reply("The billing system".to_owned())
}

fn close(outcome: Outcome) -> Deed {
    Deed::Close(Closing {
        outcome,
        helped: Some(true),
        lesson: "Their own team wrote it".to_owned(),
    })
}

fn after(deeds: &[Deed]) -> Obstacle {
    let mut obstacle = Obstacle::new("They want single sign-on").expect("words");
    for deed in deeds {
        obstacle
            .take(deed.clone(), tuesday(), &hours())
            .unwrap_or_else(|error| panic!("{deed:?}: {error}"));
    }
    obstacle
}

#[test]
fn every_state_takes_just_the_deeds_that_lead_on() {
    use State::{Answered, Asked, Chosen, Closed, Draft, Kept, Missed, Promised, WithOptions};
    let own = || send_up(Ground::OwnOption, false);
    let think = || send_up(Ground::ThinkWithMe, false);
    let asked = || vec![add(), own()];
    let missed = {
        let mut it = after(&[add(), own(), backed()]);
        it.take(Deed::SayLate, time("2026-11-23T09:00:00Z"), &hours())
            .expect("its day is over");
        it
    };
    let ways: Vec<(State, Obstacle)> = vec![
        (Draft, after(&[])),
        (WithOptions, after(&[add()])),
        (Chosen, after(&[add(), Deed::Choose(0)])),
        (Asked, after(&asked())),
        (Answered, after(&[&asked()[..], &[no()]].concat())),
        (Promised, after(&[&asked()[..], &[backed()]].concat())),
        (
            Kept,
            after(&[&asked()[..], &[backed(), Deed::SayKept]].concat()),
        ),
        (Missed, missed),
        (Closed, after(&[close(Outcome::Accepted)])),
    ];
    // Rows: deed; columns: the state it leads to from each state above, none where it is refused.
    let n = None;
    let done = Some(Closed);
    #[rustfmt::skip]
    let table: Vec<(Deed, [Option<State>; 9])> = vec![
        (Deed::Reword("It is their audit".to_owned()), [Some(Draft), Some(WithOptions), Some(Chosen), n, n, n, n, n, n]),
        (add(),            [Some(WithOptions), Some(WithOptions), Some(Chosen), n, Some(WithOptions), n, Some(Kept), Some(Missed), n]),
        (Deed::Choose(0),  [n, Some(Chosen), Some(Chosen), n, Some(Chosen), n, Some(Kept), Some(Missed), n]),
        (own(),            [n, Some(Asked), Some(Asked), n, Some(Asked), n, Some(Asked), Some(Asked), n]),
        (think(),          [Some(Asked), Some(Asked), Some(Asked), n, Some(Asked), n, Some(Asked), Some(Asked), n]),
        (backed(),         [n, n, n, Some(Promised), n, n, n, n, n]),
        (no(),             [n, n, n, Some(Answered), n, n, n, n, n]),
        (question(),       [n, n, n, Some(Asked), n, n, n, n, n]),
        (passed_up(Level::Director), [n, n, n, Some(Asked), n, n, n, n, n]),
        (passed_up(Level::Product),  [n; 9]),
        (reply(),          [n; 9]),
        (Deed::PassOver(to(Level::Director)), [n; 9]),
        (Deed::SayKept,    [n, n, n, n, n, Some(Kept), n, Some(Kept), n]),
        (Deed::SayLate,    [n, n, n, n, n, n, n, Some(Missed), n]),
        (close(Outcome::Removed), [done, done, done, done, done, done, done, done, n]),
    ];
    for (deed, leads_to) in table {
        for ((state, before), expected) in ways.iter().zip(leads_to) {
            assert_eq!(before.state, *state);
            let mut after = before.clone();

            let taken = after.take(deed.clone(), tuesday(), &hours());

            let led = taken.is_ok().then_some(after.state);
            assert_eq!(led, expected, "{state}: {deed:?}: {taken:?}");
            if taken.is_err() {
                assert_eq!(after, *before, "a refused deed changed something: {deed:?}");
            }
        }
    }
}

#[test]
fn nothing_goes_up_without_an_own_option_except_to_think_together_or_when_urgent() {
    let rows = [
        (Ground::OwnOption, false, false),
        (Ground::OwnOption, true, true),
        (Ground::ThinkWithMe, false, true),
        (Ground::Urgent, false, true),
    ];
    for (ground, with_option, goes) in rows {
        let deeds = if with_option { vec![add()] } else { vec![] };
        let mut obstacle = after(&deeds);

        let taken = obstacle.take(send_up(ground, false), tuesday(), &hours());

        assert_eq!(taken.is_ok(), goes, "{ground} with option {with_option}");
    }
}

#[test]
fn silence_is_passed_up_at_150_percent_and_not_a_minute_before() {
    let mut obstacle = after(&[add(), send_up(Ground::OwnOption, false)]);
    let over = Deed::PassOver(to(Level::Director));

    let early = obstacle.take(over.clone(), time("2026-11-18T12:59:00Z"), &hours());
    assert!(early.is_err());
    let late = time("2026-11-18T13:00:00Z");
    obstacle
        .take(over, late, &hours())
        .expect("150 % have gone");

    assert_eq!(obstacle.turn().map(|it| it.level), Some(Level::Director));
    assert_eq!(obstacle.turns[0].ended, Some((late, Ended::Silent)));
    assert_eq!(
        shown(&obstacle, late),
        ("With director", Some(time("2026-11-20T13:00:00Z")))
    );
}

#[test]
fn a_gap_in_the_product_goes_to_its_owner_once_backed() {
    let mut obstacle = after(&[add(), send_up(Ground::OwnOption, true)]);

    assert_eq!(obstacle.levels_above(true).first(), Some(&Level::Product));
    assert!(!obstacle.levels_above(false).contains(&Level::Product));
    obstacle
        .take(passed_up(Level::Product), tuesday(), &hours())
        .expect("it is a gap");

    assert_eq!(shown(&obstacle, tuesday()).0, "With product");
    assert_eq!(obstacle.levels_above(false), [Level::Executive]);
}

#[test]
fn one_question_pauses_once_and_only_until_it_is_answered() {
    let mut obstacle = after(&[add(), send_up(Ground::OwnOption, false), question()]);

    assert_eq!(
        shown(&obstacle, time("2027-01-01T00:00:00Z")),
        ("With manager", None)
    );
    assert!(obstacle.take(question(), tuesday(), &hours()).is_err());
    obstacle
        .take(reply(), time("2026-11-18T09:00:00Z"), &hours())
        .expect("it was asked");
    assert!(
        obstacle
            .take(question(), time("2026-11-18T10:00:00Z"), &hours())
            .is_err()
    );

    let overdue = shown(&obstacle, time("2026-11-18T17:00:00Z"));
    assert_eq!(overdue, ("Overdue", Some(time("2026-11-18T17:00:00Z"))));
}

#[test]
fn a_promise_whose_day_goes_by_is_missed() {
    let mut obstacle = after(&[add(), send_up(Ground::OwnOption, false), backed()]);
    let rows = [
        ("2026-11-20T23:59:59Z", State::Promised),
        ("2026-11-21T00:00:00Z", State::Missed),
    ];
    for (now, state) in rows {
        assert_eq!(obstacle.state_at(time(now), &hours()), state);
    }

    let monday = time("2026-11-23T09:00:00Z");
    assert!(obstacle.is_unsaid(monday, &hours()) && !obstacle.came_late());
    obstacle
        .take(Deed::SayLate, monday, &hours())
        .expect("it happened");
    assert!(!obstacle.is_unsaid(monday, &hours()) && obstacle.came_late());
}

#[test]
fn a_broken_promise_goes_on_to_the_next_level_in_a_round_of_its_own() {
    let mut obstacle = after(&[add(), send_up(Ground::OwnOption, false), backed()]);
    let over = Deed::PassOver(to(Level::Director));

    let early = obstacle.take(over.clone(), time("2026-11-20T17:00:00Z"), &hours());
    assert!(early.is_err());
    let monday = time("2026-11-23T09:00:00Z");
    obstacle
        .take(over.clone(), monday, &hours())
        .expect("the day is over");

    assert_eq!((obstacle.round, obstacle.promised), (2, None));
    assert_eq!(obstacle.turn().map(|it| it.level), Some(Level::Director));
    assert_eq!(obstacle.turns.len(), 2);
    assert!(obstacle.take(over, monday, &hours()).is_err());
}

#[test]
fn only_words_that_open_as_blame_are_offered_another_beginning() {
    let rows = [
        ("Why do they never ship on time?", true),
        ("Who dropped the ball in legal?", true),
        ("When will product finally build SSO?", true),
        ("They always change the price list", true),
        ("Whose fault is it?", true),
        ("Why would they move before January?", true),
        ("Their security team needs single sign-on", false),
        ("What can I do to get legal on board?", false),
        ("Who could I ask about their audit?", false),
        ("", false),
    ];
    for (text, blames) in rows {
        assert_eq!(opens_as_blame(text), blames, "{text}");
    }
}

fn deed() -> impl Strategy<Value = Deed> {
    let levels = Level::ALL;
    prop_oneof![
        Just(add()),
        (0_usize..3).prop_map(Deed::Choose),
        (0_usize..3, any::<bool>()).prop_map(|(n, gap)| send_up(Ground::ALL[n], gap)),
        Just(backed()),
        Just(no()),
        Just(question()),
        Just(reply()),
        (0..levels.len()).prop_map(|n| passed_up(levels[n])),
        (0..levels.len()).prop_map(|n| Deed::PassOver(to(levels[n]))),
        Just(Deed::SayKept),
        Just(Deed::SayLate),
    ]
}

fn rank(level: Level) -> u8 {
    match level {
        Level::Manager => 0,
        Level::Director => 1,
        Level::Product => 2,
        Level::Executive => 3,
    }
}

proptest! {
    #[test]
    fn whatever_is_done_and_however_long_it_takes_the_rules_hold(
        deeds in proptest::collection::vec((deed(), 0_i64..2400), 0..40)
    ) {
        let mut obstacle = Obstacle::new("They want single sign-on").expect("words");
        let mut now = tuesday();
        for (deed, minutes) in deeds {
            now += TimeDelta::minutes(minutes);
            let before = obstacle.clone();
            let silent = matches!(deed, Deed::PassOver(_));
            let taken = obstacle.take(deed, now, &hours());

            if taken.is_err() {
                prop_assert_eq!(&obstacle, &before);
            }
            if let (true, Ok(()), Some(turn)) = (silent, taken, before.turn()) {
                prop_assert!(turn.clock.run(&hours(), now) * 2 >= turn.clock.owed * 3);
            }
            if obstacle.state >= State::Asked {
                let excused = obstacle.ground != Some(Ground::OwnOption);
                prop_assert!(excused || !obstacle.options.is_empty());
                prop_assert!(obstacle.need.is_some());
            }
            let owing = obstacle.turns.iter().filter(|turn| turn.ended.is_none()).count();
            prop_assert_eq!(owing, usize::from(obstacle.state == State::Asked));
            prop_assert!(obstacle.turns.windows(2).all(|it| rank(it[0].level) < rank(it[1].level)));
            let promised = [State::Promised, State::Kept, State::Missed];
            prop_assert_eq!(obstacle.promised.is_some(), promised.contains(&obstacle.state));
        }
    }
}
