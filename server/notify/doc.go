// Package notify tells people outside the system what stands in their inbox: it sends the outbox over WeChat, WeCom and text
// messages.
//
// # The model
//
// The notice itself is written with the event, in the event's transaction. A Dispatcher takes notices that are due by a lease
// and goes through the channels in the order that the plan gives (configs/notices.yaml) until one has taken it. Before anything
// is sent, a row says that this channel is about to send this notice, and reserves the one-time grant it will use up. The row's
// key lets each channel send each notice once. Any number of processes may run one Dispatcher each.
//
// What is not urgent waits for the office's morning; what waits for the same person's morning goes as one message.
//
// A refusal has a Class: the same again a little later, after a limit's end, another channel, or another channel and an alert
// until somebody mends the settings. An answer that got lost leaves the delivery unconfirmed. Where the platform sends the same
// message once only, it is sent again within that window. Else the platform's event is waited for; when none comes an urgent
// notice goes on to the next channel, noted as a possible double, and another stands on the list of unconfirmed ones. What
// no channel can tell stands on the list of those that could not be told.
//
// # Failure
//
// A process may be killed at any moment. What it was about to send counts as unconfirmed once its lease has run out. With the
// database away nothing is sent; with the cache away circuits and quotas are each process's own.
//
// Messages name the case by its number and hold nothing personal. Whom they went to is stored as a blind index.
package notify
