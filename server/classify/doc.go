// Package classify says what a message is about, how sure that is, and why.
//
// # The model
//
// A Model is learned from messages whose label somebody has set (Train): linear on n-grams of characters, so that it needs
// no dictionary, learns in seconds and fits into some megabytes. Its scores are made probabilities on messages that it had not
// seen, so that what it holds for 80 % likely is right four times in five. Reasons are the words of the message that
// decided. Written down (Bytes, Read) it is versioned and checksummed; the same examples make the same bytes.
//
// Measure gives the figures of answers, CrossValidate those that new messages may expect, Compare whether one model is better
// than another. Near copies of a message (Groups) are never learned from and tested at once.
//
// A Lexicon is a street's tree of topics with the words that tell them (configs/topics.yaml); it answers before anything has
// been learned, and finds what makes a ticket urgent or cross departments, with an eye to what is denied or only feared.
//
//	Query ──┬─ Lexicon ───────────────┐
//	        ├─ Model, if one is learned ├─ Knowledge.Combine → Answer{Domain, Branch, Topic, Lead, Crossings, Marks}
//	        ├─ Duty…  the duty list ───┤     each with its probability, what every source says for itself, and why
//	        └─ Decision… cases before ─┘     Ask: too unsure to stand without a clerk
//
// # Failure
//
// Train and Read fail with an apperr that says what to do. Nothing else fails, reads a clock or does I/O; a message that
// says nothing gets what is likely of any.
package classify
