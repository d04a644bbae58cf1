// Package recognition finds what makes a ticket a hard case (难事), and says why (policy 二.1, 四; domain §2).
//
// # The model
//
// Evaluate takes a ticket, those about the same matter, those it was reassigned from, and the evidence that has
// already counted for the matter. It gives the rules that fire, each with every record behind it.
//
//	Matters ──matter──→ Fact… ─┐
//	Ticket, Chain ─────────────┼─Evaluate→ casework.Trigger… ─Items→ what the caller stores as spent
//	Spent, Policy ─────────────┘
//
// Two kinds of rule differ in how evidence counts once per matter:
//
//   - Rules over many tickets (burst, hot_topic) count only tickets that have not counted: five rejected calls and a
//     sixth are one call.
//   - Rules over one ticket (unaccepted, reassigned, dissatisfied, cross) look at all it shows, and fire when
//     something in it is new: a fourth reassignment is news about a matter whose first three are known.
//
// What a source only counts (“重新交办 3 次”) and what it names (order numbers, departments) can be the same things.
// A name that comes later for what was counted before is not news.
//
// Matters says which tickets are about the same matter: by place and kind, as columns and the gazetteer tell them, then by words
// (package matter).
//
// # Failure
//
// Nothing here fails, reads a clock or does I/O. A ticket that says little gives no trigger, and a matter of its own.
package recognition
