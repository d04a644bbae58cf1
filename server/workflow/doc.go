// Package workflow is the one write path: everything that changes a case, from whatever client, ends in Engine.
//
//	Do:      authorise → load → casework.Decide → save with events, inbox and outbox, in one transaction
//	Tick:    the same for what fell due by itself; Sweep gives it to every due case
//	TakeIn:  tickets in → triggers → new cases, attached tickets, ratings, in one transaction per batch
//
// # Knowledge
//
// Calendar, policy versions and the organisation are read once and kept as an immutable Knowledge; a revision number
// in the database, looked at no more than once a second, says when to read anew. A case notes the calendar revision its
// clocks were counted with, so a process that had not yet noticed a new calendar can do no lasting harm: the next tick
// counts again.
//
// # Matters
//
// Which matter a ticket is about is found by an index that every process keeps in memory, made of the stored tickets and of what
// persons decided; who takes tickets in has it as long as they have the turn. See type matters.
//
// # Failure
//
// Errors are *apperr.Error. A refused command still saves what had fallen due. Whoever lost a race gets
// case.version_conflict; whoever repeats an Idempotency-Key gets what the first request did.
package workflow
