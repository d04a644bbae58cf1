// Package api is the HTTP interface under /api/v1: it decodes, checks, calls workflow and encodes. It decides nothing
// about a case itself.
//
// # The model
//
//	request → around (id, limits, log) → guard (who, may they) → huma (decode, check) → handler → workflow.Engine
//
// The table in routes.go is the whole interface: one entry per route with its method, path, permission and handler.
// From it and the Go types comes the OpenAPI 3.1 document, which docs/openapi.json holds and from which the clients'
// types are made; the page at /docs shows it without anything from outside the network.
//
// A caller is the person their access token names, with the posts the organisation gives them at that moment. A
// permission says which roles may knock at a route at all; what they see there and may do to a case is decided behind
// it, by scope in the query and by casework.
//
// # Failure
//
// Handlers return errors; one place writes them, as RFC 9457 problem documents with code, reason and a Chinese message
// that says what to do. A refused command brings the commands allowed now, a version conflict the current state. What a
// person may not see is not_found. The cause of an internal error stands in the log under the request id, never in the
// answer. Access logs name routes and ids, never a query, a body or a name.
package api
