// Package matter tells which tickets are about the same matter: the same concrete problem at the same concrete place or
// with the same party (policy 四: 多人同诉), and says why.
//
// # The model
//
// An Index holds the open tickets, each in one matter. Place finds where a new ticket belongs without changing
// anything; Put, Move and Remove change the index; Apart and Keep hold what a person decided, which no automatic step undoes.
//
//	Doc ─read→ signature ─keys→ candidates ─score→ pairs ─matter by matter→ Placement, with its Reasons
//
// What the package knows of the language, the problems of a street office (concepts), plain words and the endings of names, was
// written down from general knowledge; what words weigh, an Index learns from the tickets it is given.
//
// Two documents are compared by their words outside names, the names of places and parties, the problems (concepts), line
// numbers, who asks and when. No single one decides: weights adds them up to a probability. A matter is judged by its members
// most like the document. Group does it for a heap of documents, one after the other.
//
// The index keeps hashes, not texts: the words of a Reason come from the document that is asked about.
//
// # Failure
//
// Nothing here fails, reads a clock or does I/O. A document that says nothing is like no other. An Index is for one
// goroutine at a time.
package matter
