// Package apperr is the one error type that crosses package borders.
//
// An Error says what kind of failure it is (Code, a closed set that the API maps to one HTTP status each),
// which rule refused (Reason, stable and greppable), and what the person should do (Message, Chinese).
// The cause stays inside for the log and never reaches a client. Any other error counts as Internal.
package apperr

import (
	"errors"
	"fmt"
)

// Code is the canonical class of a failure.
type Code string

// The closed set of codes; api maps each to one HTTP status.
const (
	InvalidArgument    Code = "invalid_argument"
	Unauthenticated    Code = "unauthenticated"
	PermissionDenied   Code = "permission_denied"
	NotFound           Code = "not_found"
	AlreadyExists      Code = "already_exists"
	Aborted            Code = "aborted"
	FailedPrecondition Code = "failed_precondition"
	ResourceExhausted  Code = "resource_exhausted"
	Unavailable        Code = "unavailable"
	Internal           Code = "internal"
)

// Field names one wrong input and says, in Chinese, what is expected of it.
type Field struct {
	Name    string `json:"name"`
	Message string `json:"message"`
}

// Error is a failure with its class, its rule and a Chinese message that says what to do.
type Error struct {
	Code    Code
	Reason  string  // e.g. case.version_conflict
	Message string  // for the person, Chinese
	Fields  []Field // which inputs are wrong, when several are
	Detail  any     // what the client can act on: the current state, the commands allowed now
	Err     error   // the cause, for the log only
}

// Error gives reason, message and cause, for logs and tests.
func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: %s: %v", e.Reason, e.Message, e.Err)
	}
	return e.Reason + ": " + e.Message
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// New makes an Error; the message is formatted with args.
func New(code Code, reason, message string, args ...any) *Error {
	if len(args) > 0 {
		message = fmt.Sprintf(message, args...)
	}
	return &Error{Code: code, Reason: reason, Message: message}
}

// With gives a copy of e that carries cause.
func (e *Error) With(cause error) *Error {
	c := *e
	c.Err = cause
	return &c
}

// Each takes a joined error apart, down to those that are no joins; none for nil.
func Each(err error) []error {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var out []error
	for _, e := range joined.Unwrap() {
		out = append(out, Each(e)...)
	}
	return out
}

// CodeOf gives the code of the first Error in err's chain, and Internal for any other error.
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return Internal
}

// ReasonOf gives the reason of the first Error in err's chain, or "".
func ReasonOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return ""
}
