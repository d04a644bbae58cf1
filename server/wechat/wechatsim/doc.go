// Package wechatsim is a stand-in for WeChat: the endpoints that package wechat asks, as strict as the platform, and the phones
// of the people who use them. It is for trying out and for tests, never for production.
//
// # The model
//
// A Server holds three accounts (a mini-program, an official account, an app in WeCom), their templates, and phones. What a
// person does on a phone are methods, and requests below /_sim/: open the mini-program, press the phone button, answer
// the question for subscribe messages, follow, scan, tap a message. What the program asks are the platform's endpoints: codes
// are good once and for five minutes, tokens end and overlap, a grant is one message, values fit their keywords, pages exist,
// limits of minute and day hold, and refusals carry the platform's codes. Events are pushed sealed and signed, up to three
// times, as the platform pushes them.
//
// What is not known for sure about the platform is a switch in Rules. Faults are ordered: a time-out before or after the work is
// done, an HTTP error, a code, a cut answer, a token that ends while requests are under way.
//
// The page at / shows the phones.
//
// # Failure
//
// State is in memory; Keep names a file that outlives the process. Everything is for this machine: requests from elsewhere
// are refused.
package wechatsim
