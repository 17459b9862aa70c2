//! A ferry is one customer's trade and another seller's holiday: who stands beside a word tells which.

use latitude::domain::grade::Grade;
use latitude::domain::rubric::{Rubric, assess};

use super::answers;

fn grade(parts: [&str; 4]) -> Grade {
    assess(&answers(parts), &Rubric::default()).grade
}

#[test]
fn a_trade_whose_words_are_others_free_time_is_work() {
    for plan in [
        [
            "Guests miss the ferry when the flight is late and the hotel eats the room, 190 nights last summer. \
             Reservations head Signe Lund told the owner she'd halve it.",
            "Signe decides on Friday whether late flight guests get the morning ferry or a taxi to the north port.",
            "Only guests of one flight, since that is 60% of it. A tool for all trips would be nicer, but the season \
             starts in four weeks and one flight she can manage by phone.",
            "The ferry line won't hold seats. I could ask them for ten on account, or book the taxi firm. I asked Bo at \
             the ferry line; he answers by the 8th, and if it's no the taxi man has said yes.",
        ],
        [
            "Nurses take the job offer and then don't turn up, 14 of 40 since May, and ward 6 runs on agency. Director \
             of nursing Abena Osei has to explain the agency bill to the board on the 20th.",
            "Abena tells me Tuesday which step they drop out at: the salary letter, the visa or the flat.",
            "Ring ten who dropped out instead of showing our resume database, because she has bought CVs before and CVs \
             weren't the trouble. If it's the flat then no recruiter can help her and I'd say so.",
            "HR lead Colm may refuse the numbers. I could ask Abena to ring two herself, or use the ones who came through \
             us last year. I'd begin with ours; Tess has the list ready for Monday.",
        ],
    ] {
        let grade = grade(plan);
        assert!(
            [Grade::Solid, Grade::Strong].contains(&grade),
            "{grade:?}: {}",
            plan[0]
        );
    }
}
