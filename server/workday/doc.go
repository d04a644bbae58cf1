// Package workday counts working days and office hours in Shanghai.
//
// The model: a day is worked when it is Monday to Friday, unless the State Council's yearly notice says otherwise
// (Year: days off, and make-up working weekends 调休) or the office itself was shut (Closure: a typhoon). A working
// day consists of the office's Hours. Everything is a value: nothing here reads a clock, a file or a time zone
// database, and a Calendar never changes once made, so it may be shared between goroutines.
//
// Two questions are answered. Periods of "N working days" count whole days: the opening date is day 0, and the
// period ends when the office closes on the Nth working day after it (AddWorkingDays). Only hours count office time
// (AddWorkingTime, SubWorkingTime, WorkingTime).
//
// What it cannot know it says: a year whose notice is not loaded counts Monday to Friday, and a Deadline that rests
// on such days is Provisional. So is one that rests on days from 20 December on while the next year is not loaded,
// because New Year's Day arrangements reach back that far (the notice for 2019 made 29 December 2018 a working
// Saturday and gave 30 and 31 December off).
//
// It fails only at its edges: New, Validate, ParseDate and ParseNotice refuse bad data with Chinese messages that
// say what to do. Counting itself cannot fail, and costs the same however long the period.
package workday
