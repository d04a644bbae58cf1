// Package casework is the life of a hard case (难事) as pure functions over values.
//
// # The model
//
// A Case is a value. Decide takes a case, who acts, a command and the environment (instant, calendar, policy)
// and gives back the next case, the events that lead there and the notices to send. Nothing here reads a clock,
// a database or a random source, so every rule can be run, replayed and searched by property tests.
//
//	reported ─register→ registered ─dispatch→ dispatched ─accept→ handling ─submit→ verifying ─pass→ resolved ─strike_off→ closed
//	                        │  └claim──────────────────────────────→│  ↑└─────fail─────┘                 │
//	                        └open_at_ii, open_at_i→ convening ─convene─┘     ↑                            │
//	                                                   └ escalate, deadline ─┘  confirm, carry_over: a new round
//
// Ends: rejected, merged (split takes it back), closed. docs/state-machine.md shows who may do what in each state; the
// tests write it from the rules. testdata holds the mechanism as stories that a policy owner can read.
//
// # Time
//
// Everything that can fall due is a Clock in Case.Clocks; the earliest is the case's next due instant. Each command,
// and the sweeper's Tick, first fires every clock that has run out, in order, each stamped with the instant it fell
// due. A clock that fired is gone or set to its next instant in the same event, so nothing fires twice.
//
// # History
//
// Each event carries what changed (Change: path, before, after). Replay folds them from nothing to the stored state,
// and Seal chains them by hash, so that a row changed or removed afterwards shows.
//
// # Failure
//
// A refused command returns an *apperr.Error whose Detail is the list of commands this actor may give now. The
// decision still holds what fell due before it, and must be saved.
package casework
