// Package wechat is the gateway to WeChat: signing in, phone numbers, codes to scan, messages, content checks, and the events
// that the platform pushes. It is the only importer of silenceper/wechat.
//
// # The model
//
// A Client speaks for three accounts: the mini-program (App), the official account (OA) whose template messages reach those
// who follow it, and the corporation in WeCom (Corp). Each has an access token of its own, fetched from the endpoint for
// stable tokens and shared by all processes through the cache, sealed there by the account's secret. When the platform says
// that a token is no longer good, one of the senders fetches another, the rest wait for it, and each repeats its call once.
//
// The SDK does what it does well: signing in, content checks, encryption of pushes. Where it loses the context, the
// error's code or a field, calls are made here over its helpers. Its HTTP client is one for the whole process; ours finds in
// the request's context which Client asks, and refuses what none asked for. A Client reaches the platform's hosts and no
// other, or a stand-in on this machine and no other (package wechatsim).
//
// A Receiver reads what the platform pushes: encrypted, signed, fresh, and not seen before.
//
// # Failure
//
// Every method's error is an *Error: which call, the platform's code and its number of the request (rid), and a Class that
// says what to do. What was sent may have arrived although its answer did not: that is Unknown, and nothing here repeats it.
// Error texts and log lines hold no secret, token, code or openid.
package wechat
