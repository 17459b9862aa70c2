//! What costs points: what the seller means to do, and nothing that is only spoken of.

use latitude::domain::rubric::{Rubric, assess};
use latitude::domain::strategy::Answers;

/// The rules that take points from a plan because of this sentence in it.
fn against(sentence: &str) -> Vec<String> {
    let answers = Answers {
        customer_outcome: "Ines Duarte, who runs the mill, lost two buyers over late deliveries."
            .to_owned(),
        conversation_goal: "Ines says which of her three lines is late most often.".to_owned(),
        approach: format!(
            "One line instead of all three, because Ines trusts figures.\n{sentence}"
        ),
        ..Answers::default()
    };
    let findings = assess(&answers, &Rubric::default()).findings;
    let taken = findings.into_iter().filter(|finding| finding.points < 0);
    let mut rules: Vec<String> = taken.map(|finding| finding.rule).collect();
    rules.dedup();
    rules
}

#[test]
fn what_is_only_spoken_of_costs_nothing() {
    for sentence in [
        "I could of course do the forty slide deck from marketing, or count the late pallets.",
        "Ines had the numbers in her own deck.",
        "I can cover three nights under the demo budget.",
        "Ines asked thirty drivers past and present.",
        "The rota was made up in one evening with us present.",
        "Because a presentation shows screens, and Ines needs to see her own loom.",
        "Results by 15 September demonstrates good faith to the auditor.",
        "Everyone's been pitching Ines on speed.",
        "The whole plant is the natural pitch and gets read as job cuts.",
        "The shift lead is the one who gets the awkward follow-up questions.",
        "Meeting with both of them is on 24 February at her office.",
        "The baker takes the cheapest in town and will be waiting for flour.",
        "Waiting for the new shed looks prudent but the season is over by then.",
        "The foreman would say we manage, since Ines pays the overtime.",
        "Either leave out the second loom or wait for the tender and risk a Dutch bid.",
        "I hope Ines will tell which loom stops first.",
        "A line sized on hope stands in the competitor's yard.",
        "I can't do anything about the permit except apply again in May with Ines.",
        "Renee Whitlock counts the pallets, and Renee signs for them.",
    ] {
        assert_eq!(against(sentence), Vec::<String>::new(), "{sentence}");
    }
}

#[test]
fn what_the_seller_means_to_do_costs_what_it_did() {
    for (sentence, rule) in [
        (
            "I present the new product line and our capabilities to Ines.",
            "pitch",
        ),
        ("Go through the slides and present our range.", "pitch"),
        ("We will follow up and stay close.", "vague"),
        ("Waiting for their answer.", "waiting"),
        ("Finalise the order.", "close"),
        ("I would offer Ines a discount of ten percent.", "price_cut"),
    ] {
        let rules = against(sentence);
        assert!(rules.iter().any(|it| it == rule), "{sentence}: {rules:?}");
    }
}

#[test]
fn facts_of_ones_own_product_are_no_facts_of_the_customer() {
    let heard = |sentence: &str| {
        let answers = Answers {
            customer_outcome: sentence.to_owned(),
            ..Answers::default()
        };
        let findings = assess(&answers, &Rubric::default()).findings;
        findings.into_iter().any(|it| it.rule == "fact")
    };

    assert!(heard("The mill loses 30 pallets a week on the old line."));
    assert!(!heard(
        "Our belt uses 30% less energy and runs for 900 hours."
    ));
}
