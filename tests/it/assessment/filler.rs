//! Sentences that say nothing about a deal, in several voices. None of them stood in sight when a
//! list was made but the first.

/// Sentences that say nothing, as people write them between two thoughts.
pub const PLAIN: [&str; 12] = [
    "As always, it is important to keep this in mind going forward. All in all it is a matter of doing things well.",
    "Right, enough from me for the time being, there would be plenty to add on another occasion.",
    "As one might put it, these are the considerations that suggest themselves at first glance.",
    "Well, there it is. It is what it is, as they say.",
    "In other words, that is more or less the whole picture as it presents itself at the present time.",
    "I hope this makes sense. Thank you for reading this far.",
    "This has been written with care and it covers the main points as well as can be done here.",
    "There are always many sides to such a matter, and one should never forget that things may change.",
    "Everything mentioned here is meant in the best possible way.",
    "Much more could be written about it, yet the essential has been put down above.",
    "It remains to be noted that every situation has its own character and deserves attention.",
    "So that is roughly how it looks to me right now, nothing more and nothing less.",
];

/// The same, formal.
pub const FORMAL: [&str; 8] = [
    "It should be borne in mind that the above represents only a preliminary view of the subject.",
    "Naturally, a more exhaustive treatment would have exceeded the limits of this short summary.",
    "The foregoing remarks are intended to give a balanced impression of the overall position.",
    "One may safely assume that further clarity will emerge in due course.",
    "In the light of these reflections, a measured and thoughtful attitude appears advisable.",
    "These statements should be understood as a general orientation rather than a definitive account.",
    "As has often been observed, such matters seldom unfold exactly as one would expect.",
    "It would be premature to draw any sweeping conclusions from what has been set out here.",
];

/// The same, as spoken.
pub const SPOKEN: [&str; 8] = [
    "Yeah, so, that's basically the gist of it, you know, nothing fancy really.",
    "I mean, who knows, it could go any which way, but that's life I guess.",
    "Anyway, I'm rambling a bit now, sorry about that, just wanted to get it down.",
    "Honestly it's a bit of a mixed bag, but then again it always is.",
    "Okay, I think that's about everything I had on my mind for now.",
    "Not much else to say here really, it kind of speaks for itself.",
    "Long story, but I'll spare you the gory bits for another time.",
    "Bit of a funny one this, hard to put into words, but there you have it.",
];

/// Proverbs.
pub const PROVERBS: [&str; 8] = [
    "Rome was not built in a day, and a watched pot never boils.",
    "You can lead a horse to water but you cannot make it drink.",
    "The early bird catches the worm, although the second mouse gets the cheese.",
    "Every cloud has a silver lining, and still waters run deep.",
    "Slow and steady wins the race, as the tortoise would agree.",
    "A stitch in time saves nine, and fortune favours the brave.",
    "Where there is a will there is a way, and practice makes perfect.",
    "All that glitters is not gold, and the grass is always greener elsewhere.",
];

/// Praise of the deal and of one's own company.
pub const PRAISE: [&str; 8] = [
    "We are really excited about this opportunity and think it has a lot of potential.",
    "This is a great account and we have a very good feeling about where it is heading.",
    "Overall we feel positive and believe that we are well placed to succeed here.",
    "Our offering is strong and we are confident that quality will speak for itself.",
    "There is a lot of goodwill on all sides and the chemistry is excellent.",
    "We remain committed to adding value and being a trusted partner at every step.",
    "The relationship is warm and we are all looking forward to a fruitful cooperation.",
    "Everyone involved is enthusiastic and the general mood is upbeat.",
];

/// Remarks about the form and one's own day.
pub const ASIDE: [&str; 8] = [
    "I am typing this on the train, so please excuse any mistakes.",
    "My keyboard is playing up today, apologies for the odd missing letter.",
    "Filled this in between two other things, will tidy up the wording later.",
    "It is raining outside and I have had too much coffee already.",
    "This box is rather small, so I have kept things brief.",
    "I wrote this in one go without looking anything up.",
    "Typed on my phone, so forgive the short sentences.",
    "It has been a long week and it is nearly lunchtime.",
];

/// Praise, written before the lists were mended that the sentences above had shown to be wanting.
pub const LATER_PRAISE: [&str; 8] = [
    "It is a lovely company with a fine reputation and we enjoy every visit.",
    "They like us, we like them, and the energy in the room is wonderful.",
    "Our team is experienced and our solution is best in class, which will be obvious to anybody.",
    "All signals are green and I have every confidence that this will go our way.",
    "The brand is a household name and it would look great on our website.",
    "We have built a strong bond over the years and they value our professionalism.",
    "Our support is outstanding and nobody in the market comes close.",
    "This one has winner written all over it, the timing could hardly be better.",
];

/// Remarks, written before the lists were mended that the sentences above had shown to be wanting.
pub const LATER_ASIDE: [&str; 12] = [
    "Sorry for the typos, I am doing this one-handed while holding the dog's lead.",
    "Dictated this in the car, so the commas may be in odd places.",
    "The heating is off in the office again and my fingers are freezing.",
    "Had to retype all of it because the page logged me out halfway through.",
    "I am half asleep after the red-eye, will polish the text at home.",
    "Snow outside, nobody else is in, so it is quiet for once.",
    "Excuse my spelling, English is not my first language.",
    "Writing this with one eye on the clock, school run in ten minutes.",
    "My screen keeps flickering and autocorrect changes every other word.",
    "Pasted from my notebook, handwriting was bad, may contain gaps.",
    "Sat in a noisy café with a cold tea, hard to think straight.",
    "Bit of a headache today, so I will leave it at that.",
];

/// Praise, written when all lists were done.
pub const LAST_PRAISE: [&str; 8] = [
    "I love working with people like these and it shows.",
    "Honestly one of the best accounts in my whole territory.",
    "We are the obvious choice and everybody knows it.",
    "Great vibes all round, the future looks bright.",
    "Our reputation speaks volumes and references are superb.",
    "What a fantastic opportunity, I could not be happier.",
    "They appreciate our dedication and we appreciate theirs.",
    "A truly promising story with a happy ending in sight.",
];

/// Remarks, written when all lists were done.
pub const LAST_ASIDE: [&str; 10] = [
    "Had to do this on my lunch break, the Wi-Fi keeps dropping.",
    "My daughter is ill and I have been up since four, so please read this kindly.",
    "I am dictating while driving, punctuation to follow.",
    "The cat walked across the laptop, so there may be odd characters.",
    "Bear with me, I am new to this tool and still learning where everything goes.",
    "It is forty degrees in here and the fan is broken.",
    "Just back from holiday and my head is still at the beach.",
    "I copied the wrong paragraph first and then fixed it.",
    "Running for my flight, the rest another day.",
    "Monday mornings are not my best time for writing.",
];

/// Remarks, written before the words of other lives stood in the lists.
pub const NEWER_ASIDE: [&str; 12] = [
    "Sent from a bus shelter, forgive the brevity.",
    "I forgot my glasses, so this may read oddly.",
    "My coffee just went over the desk, so this is the short version.",
    "The kids are home today and it is loud.",
    "Battery at four percent, more tomorrow.",
    "It's my birthday and I'd rather be elsewhere, but here goes.",
    "My manager is looking over my shoulder while I write this.",
    "Third attempt at saving this page.",
    "Power went out twice while I was writing.",
    "Hungry, cold and on a delayed train, but this should do.",
    "My wrist hurts from typing so I stop here.",
    "Neighbour's drilling again, can't hear myself think.",
];
