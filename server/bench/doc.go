// Package bench measures the product against bare programs that do the same SQL, in one run, on both engines.
//
//	make bench             # everything, under ten minutes
//	BENCH=HTTP make bench  # one part: HTTP, Sweep, Import, Push, Privacy, Notify or Recognize; and Phone, which is miniprogram/scripts/bench.mjs
//
// # What is compared
//
// HTTP: the real handler, with token, scope, access log and timeline, against gin, database/sql and encoding/json alone.
// The bare handlers send the same statements (where MariaDB can tell, its log of both is compared before anything is
// measured), decode the stored JSON they answer with, and encode an answer of the same shape. Each side is a process of
// its own; 32 keep-alive connections send the next request when the last is answered; the sides take turns, round by
// round, and the medians are compared. CPU per request (of the process, and of the database) is told beside the rates:
// it is what other work on the machine changes least.
//
// Growth: the same reads on 10,000 and on 300,000 cases, again in turns.
//
// Sweep: 2,000 cases that fall due at once, three engines in three processes on one MariaDB, against three bare loops
// that share the same cases without ever meeting.
//
// Import: a workbook of 100,000 rows and 26 columns into an empty database, wall time and peak memory of the process.
//
// Push: eight connections push signed batches of 20 to 50 tickets for 20 seconds into a database with 20,000, triggers
// evaluated; every ticket acknowledged is looked for afterwards.
//
// Privacy: the same import with the vault and with a Sealer that does nothing, in turns; and a look-up by phone among
// 1,000,000 tickets against one among 10,000.
//
// Notify: 4,000 notices over the official account of a stand-in whose every answer takes 50 ms, by one dispatcher.
//
// Recognize: a classification model learned from 10,000 texts made here, and how many it classifies in a second. And a new ticket placed among 100,000 and among 1,000,000 by their words, the index's memory, and 100,000 grouped from nothing;
// the texts are made up, always the same.
//
// # The numbers
//
// Nothing here fails for being slow: the last table says for each target whether it was met. Cases are made through
// casework and then multiplied inside the database with ids, numbers, departments and deadlines of their own.
package bench
