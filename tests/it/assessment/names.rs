//! Names of any culture are alike.

use super::invariance::{each_part, stays, with_words_replaced};

/// First names that occur in the set.
const NAMES_THERE: [&str; 67] = [
    "Terry",
    "Gord",
    "Fanie",
    "Ilze",
    "Maribel",
    "Kostas",
    "Kip",
    "Patrick",
    "Gemma",
    "Naledi",
    "Yolanda",
    "Declan",
    "Bartek",
    "Delroy",
    "Bev",
    "Hank",
    "Ewa",
    "Gil",
    "Kunle",
    "Anneliese",
    "Lyn",
    "Juris",
    "Dawn",
    "Stavros",
    "Eamon",
    "Fiona",
    "Sjoerd",
    "Tendai",
    "Kofi",
    "Brooke",
    "Renzo",
    "Ruan",
    "Bernadette",
    "Joan",
    "Priyanka",
    "Birgitta",
    "Gareth",
    "Eirin",
    "Dora",
    "Callum",
    "Robert",
    "Henk",
    "Kadidia",
    "Kerstin",
    "Andrei",
    "Doug",
    "Orla",
    "Petra",
    "Marek",
    "Somchai",
    "Lindiwe",
    "Jean",
    "Pekka",
    "Rohit",
    "Rosario",
    "Joe",
    "Sjaak",
    "Chebet",
    "Outi",
    "Sheila",
    "Dele",
    "Sunita",
    "Marta",
    "Donal",
    "Meg",
    "Una",
    "Rui",
];

/// First names from many cultures, of women and men.
const NAMES: [[&str; 8]; 6] = [
    [
        "Oluwaseun",
        "Chiamaka",
        "Kwabena",
        "Thandiwe",
        "Tendai",
        "Amina",
        "Desta",
        "Wanjiru",
    ],
    [
        "Xiuying", "Haruto", "Minjun", "Nguyen", "Siriporn", "Budi", "Jasmin", "Dashiell",
    ],
    [
        "Lakshmi", "Arjun", "Fatemeh", "Yusuf", "Gulnara", "Tariq", "Shlomit", "Levon",
    ],
    [
        "Guadalupe",
        "Joaquín",
        "Thiago",
        "Itzel",
        "Ximena",
        "Caetano",
        "Nayra",
        "Evo",
    ],
    [
        "Siobhán", "Björn", "Zsófia", "Wojciech", "Aurélie", "Giorgos", "Kadri", "Ignas",
    ],
    [
        "John", "Emily", "Michael", "Susan", "Robert", "Karen", "James", "Linda",
    ],
];

fn renamed(text: &str, names: &[&str]) -> String {
    let pairs: Vec<(&str, &str)> = NAMES_THERE
        .into_iter()
        .zip(names.iter().copied().cycle())
        .collect();
    with_words_replaced(text, &pairs)
}

#[test]
fn names_of_any_culture_are_alike() {
    for names in NAMES {
        stays(names[0], |answers| {
            each_part(answers, |text| renamed(text, &names))
        });
    }
}

#[test]
fn names_in_lower_case_are_alike() {
    for names in NAMES {
        println!("{}", names[0]);
        stays("lower case", |answers| {
            each_part(answers, |text| renamed(text, &names).to_lowercase())
        });
    }
}
