//go:build !race

package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"xiaopu/server/casework"
	"xiaopu/server/store"
	"xiaopu/server/store/storetest"
	"xiaopu/server/ticket"
)

// Every SELECT that the store sends is run on tables of some thousand rows and explained on both engines: it must find
// its rows by an index and, where it gives them in an order, by an index that has that order. Sorting is left to the
// few rows that come out of a derived table. A new method on DB or Tx that reads finds its place in reads below.

// small are the tables that may be read whole: they grow by some rows a year (anchors: by one a day; accounts: one for each
// of the staff).
var small = []string{"revisions", "sequences", "calendar_years", "calendar_closures", "policies", "organisation", "gazetteer", "anchors", "schema_migrations", "vault_keys", "platforms", "import_profiles", "accounts", "wechat_holds", "privacy_notices", "catalogues", "models"}

// aliases are the names under which the big tables stand in the texts.
var aliases = map[string]string{
	"cases": "", "c": "cases", "case_events": "", "e": "case_events", "case_viewers": "", "v": "case_viewers", "case_todos": "", "happenings": "", "tickets": "", "tk": "tickets",
	"ticket_identities": "", "ti": "ticket_identities", "retention_certificates": "", "retention_items": "",
	"imports": "", "ticket_facts": "", "import_problems": "", "anchor_heads": "", "matters": "", "evidence": "", "inbox": "", "outbox": "", "idempotency": "", "audit_log": "", "ticket_links": "",
	"sign_ins": "", "sessions": "", "refresh_tokens": "", "wechat_identities": "", "resident_phones": "", "one_use_codes": "", "wechat_followers": "", "privacy_consents": "", "family_consents": "", "f": "family_consents", "rp": "resident_phones", "resident_enterprises": "", "order_lookups": "", "subscribe_switches": "", "ticket_topics": "",
	"organisation_changes": "", "handovers": "",
	"import_chunks": "", "import_rows": "",
	"attachments": "", "reviews": "", "ticket_notes": "", "locations": "", "publications": "", "p": "publications", "me_toos": "", "matter_decisions": "", "matter_pairs": "",
	"deliveries": "", "d": "deliveries", "delivery_events": "", "de": "delivery_events", "message_grants": "", "grant_reports": "", "notice_bundles": "", "o": "outbox", "i": "inbox",
	"wechat_pushes": "", "platform_tickets": "", "platform_feed": "", "platform_requests": "",
}

// notReads are the methods that send no SELECT, or one whose text is another's.
var notReads = []string{
	"Close", "Engine", "InTx", "InTxAgain", "AfterCommit", "OnEnd", "Migrate", "Ping", "ReadsAtOnce", "Schema", "Behind", "Sealer", "Stats", // the database itself
	"Backup", "Restore", // read and write whole tables: that is their task
	"AddImportChunk", "CreateImport", "DropImportFile", "EndImport", "MarkRead", "QueueImport", "ReleaseImport", "StopImport",
	"AddHandovers", "AddOrganisationChange", "DecideOrganisationChange", "DropOrganisation", "DropViewer", "EndHandover", "PreviewAgain",
	"AddImportRows", "DropImportProblems", "EraseKeptRow",
	"KeepWeChatPush", "TakeWeChatPush", "PutOffWeChatPush", "EndWeChatPush",
	"AddPlatform", "AppendFeed", "NoteRequest", "SetPlatform",
	"CountAgain", // a case and its timeline, as Case and StoredEvents read them
	"AddCalendarYear", "AddCertificate", "AddClosure", "AddImportProblems", "AddPolicy", "EraseRow", "InsertCase", "InsertTickets", "KeepPersonFrom", "MoveSequence", "NoteDone",
	"PutOrganisation", "RevokeClosure", "Revise", "SaveCase", "SaveCertificate", "LeaveCase", "SetMatterCase", "SetTicketCase", "SetTicketLinks", "SetTicketMatter", "AddMatterDecisions", "PutMatterPairs", "DropMatterPairs", "PutGazetteer", "SpendEvidence", "StopAging", "UpdateTicket", "WithdrawPolicy",
	"PutPublication", "AddMeToo", "ForgetMeToo", "InsertLocation", "DropLocation", "KeepLocationFrom", "InsertNote", "SettleNote", "DropNote", "KeepForNote", "ReviewAttachment",
	"InsertReview", "DecideReview", "DropReviews", "TakeReview", "TraceReview", "ReviewToPeople", "ChaseReview", "RecountReviews", "InsertAttachment", "AttachmentIsReady", "KeepAttachment", "MoveAttachments", "DropAttachment", "EraseAttachment", "KeepAttachmentFrom", "AttachmentIsGone",
	"InsertImportProfile", "UpdateImportProfile", "DeleteImportProfile", "PutTicketFact", "FactsArrived",
	"EndDelivery", "ForgetDeliveries", "PostponeNotice", "ReopenNotice", "SettleNotice", "StartDelivery",
	"DropSignIns", "EndSession", "EndSessions", "FinishSignIn", "InsertAccount", "InsertRefreshToken", "InsertSession", "InsertSignIn", "RotateRefreshToken",
	"CountCode", "SaveAccount", "SaveSignIn", "ShowTOTP", "TouchSession",
	"DropResidentPhone", "HoldWeChat", "InsertOneUseCode", "PutResidentPhone", "ReleaseWeChat", "SaveWeChatIdentity", "StepOneUseCode", "TryOneUseCode", "UseOneUseCode", "VoidOneUseCodes", "PartFollower", "Unfollow", "DropFollowers", "DropGrants", "DropSessions", "DropUploads", "AskErasure",
	"Consent", "DropEnterprises", "DropWeChatIdentity", "EndFamilyConsent", "EndFamilyConsents", "InsertFamilyConsent", "InsertPrivacyNotice", "PutEnterprise", "ForgetLookups", "ForgetTopics", "SetTicketTopics", "AddCatalogue", "StopModel",
	"BreakOff", "Exec", "MigrateFS", "MigrateTo", "PreparedTexts", "Query", "Record", "Scan", // of these tests
}

// readsAll is what reads a whole table or index because that is its task: the audit, and the state of the keys.
var readsAll = []string{"OrphanEvents", "KeyUses"}

// maySort is what finds its rows by an index and puts them into another order: once a day, the cases of that day.
var maySort = []string{"MakeAnchor"}

type read struct {
	method, what string
	// One of the two: outside or inside a transaction.
	outside func(ctx context.Context, db *store.DB) error
	inside  func(ctx context.Context, tx *store.Tx) error
}

func reads() (list []read) {
	ignore := func(_ any, err error) error { return err }
	add := func(method, what string, run func(ctx context.Context, db *store.DB) error) {
		list = append(list, read{method: method, what: what, outside: run})
	}
	inside := func(method, what string, run func(ctx context.Context, tx *store.Tx) error) {
		list = append(list, read{method: method, what: what, inside: run})
	}

	for _, viewers := range [][]casework.Addressee{nil, {}, {"department:d-01"}, {"department:d-01", "grid:g-01", "person:p-001"}} {
		for _, status := range []casework.Status{"", casework.Handling, casework.Closed} {
			for _, every := range []bool{false, true} {
				for mask := range 32 {
					for _, behind := range []bool{false, true} {
						f := store.CaseFilter{Viewers: viewers, Status: status, All: every, Overdue: mask&16 != 0, Limit: 21}
						if mask&1 != 0 {
							f.Tier = casework.TierII
						}
						if mask&2 != 0 {
							f.LeadDepartmentID = "d-01"
						}
						if mask&4 != 0 {
							f.GridID = "g-01"
						}
						if mask&8 != 0 {
							f.Domain = casework.Livelihood
						}
						if behind {
							f.AfterSort, f.AfterID = day(20), "c-00300"
						}
						add("Cases", fmt.Sprintf("%+v", f), func(ctx context.Context, db *store.DB) error { return ignore(db.Cases(ctx, f)) })
					}
				}
			}
		}
	}
	for _, viewers := range [][]casework.Addressee{nil, {"department:d-01"}, {"department:d-01", "grid:g-01", "department:d-02"}} {
		for _, tier := range []casework.Tier{"", casework.TierII, "none"} {
			for _, from := range []time.Time{{}, day(10)} {
				f := store.CaseFilter{Viewers: viewers, Stuck: true, Tier: tier, DueFrom: from, DueBefore: day(30), Limit: 21}
				if tier == "none" {
					f.Tier, f.Untiered = "", true
				}
				add("Cases", fmt.Sprintf("due %+v", f), func(ctx context.Context, db *store.DB) error { return ignore(db.Cases(ctx, f)) })
				f.AfterSort, f.AfterID = day(20), "c-00300"
				add("Cases", fmt.Sprintf("due %+v", f), func(ctx context.Context, db *store.DB) error { return ignore(db.Cases(ctx, f)) })
			}
		}
		add("CountTiers", fmt.Sprint(viewers), func(ctx context.Context, db *store.DB) error {
			return ignore(db.CountTiers(ctx, viewers, day(20), day(30)))
		})
	}
	for _, f := range []store.HappeningFilter{{}, {Departments: []string{"d-01", "d-02"}}, {Grids: []string{"g-01"}}, {Departments: []string{"d-01"}, Grids: []string{"g-01"}}} {
		f.From, f.Before = "2026-02-01", "2026-03-01"
		what := fmt.Sprintf("%+v", f)
		add("HappeningsByDay", what, func(ctx context.Context, db *store.DB) error { return ignore(db.HappeningsByDay(ctx, f)) })
		add("HappeningsByDepartment", what, func(ctx context.Context, db *store.DB) error { return ignore(db.HappeningsByDepartment(ctx, f)) })
		add("HappeningsByTopic", what, func(ctx context.Context, db *store.DB) error { return ignore(db.HappeningsByTopic(ctx, f)) })
	}
	add("SolvedCases", "", func(ctx context.Context, db *store.DB) error {
		_, _, err := db.SolvedCases(ctx, "2026-02-01", "2026-03-01")
		return err
	})
	add("CaseIDs", "", func(ctx context.Context, db *store.DB) error { return ignore(db.CaseIDs(ctx, "c-00300", 21)) })
	for _, before := range []string{"", "c-00300"} {
		add("ReportedCases", before, func(ctx context.Context, db *store.DB) error {
			return ignore(db.ReportedCases(ctx, "p-003", before, 21))
		})
	}
	inPerson := casework.TodoRange{For: "person:p-002", Here: "person:p-002@department:d-01", Elsewhere: []casework.Addressee{"person:p-002@grid:g-01", "person:p-002@community:c-01"}}
	for _, keys := range [][]casework.Addressee{{"department_head:d-01"}, {"department_head:d-01", "person:p-001", "centre"}} {
		for _, after := range []*store.TodoRow{nil, {DueAt: day(20), CaseID: "c-00300", Kind: casework.TodoHandle}} {
			what := fmt.Sprint(len(keys), " keys, behind another: ", after != nil)
			add("Todos", what, func(ctx context.Context, db *store.DB) error { return ignore(db.Todos(ctx, whole(keys), after, 21)) })
			add("Todos", "at a post, "+what, func(ctx context.Context, db *store.DB) error {
				return ignore(db.Todos(ctx, append(whole(keys), inPerson), after, 21))
			})
		}
		add("CountTodosAt", fmt.Sprint(len(keys), " keys"), func(ctx context.Context, db *store.DB) error {
			return ignore(db.CountTodosAt(ctx, [][]casework.TodoRange{whole(keys), append(whole(keys), inPerson)}))
		})
		add("CountTodos", fmt.Sprint(len(keys), " keys"), func(ctx context.Context, db *store.DB) error {
			return ignore(db.CountTodos(ctx, keys, []casework.TodoKind{casework.TodoAccept, casework.TodoHandle, casework.TodoOnSite}))
		})
	}
	for _, state := range []store.ReviewState{store.ReviewDecided, store.ReviewOpen} {
		for _, after := range []string{"", "rv-00300"} {
			add("Reviews", fmt.Sprint(state, after), func(ctx context.Context, db *store.DB) error { return ignore(db.Reviews(ctx, state, after, 21)) })
		}
	}
	for _, state := range []store.ReviewState{store.ReviewOpen, store.ReviewOutside} {
		add("DueReviews", fmt.Sprint(state), func(ctx context.Context, db *store.DB) error { return ignore(db.DueReviews(ctx, state, day(20), 21)) })
	}
	add("ReviewOfTrace", "", func(ctx context.Context, db *store.DB) error { return ignore(db.ReviewOfTrace(ctx, "trace-00300")) })
	add("ReviewsWaiting", "", func(ctx context.Context, db *store.DB) error {
		_, _, err := db.ReviewsWaiting(ctx)
		return err
	})
	for _, after := range []string{"", "a-00300"} {
		add("OwnAttachments", after, func(ctx context.Context, db *store.DB) error {
			return ignore(db.OwnAttachments(ctx, "p-003", after, 21))
		})
	}
	add("Review", "", func(ctx context.Context, db *store.DB) error { return ignore(db.Review(ctx, "rv-00300")) })
	inside("Review", "inside", func(ctx context.Context, tx *store.Tx) error { return ignore(tx.Review(ctx, "rv-00300")) })
	inside("ResealReviews", "", func(ctx context.Context, tx *store.Tx) error {
		_, _, err := tx.ResealReviews(ctx)
		return err
	})
	add("Attachment", "", func(ctx context.Context, db *store.DB) error { return ignore(db.Attachment(ctx, "a-00300")) })
	inside("Attachment", "inside", func(ctx context.Context, tx *store.Tx) error { return ignore(tx.Attachment(ctx, "a-00300")) })
	add("Publication", "", func(ctx context.Context, db *store.DB) error { return ignore(db.Publication(ctx, "pb-00030")) })
	inside("Publication", "inside", func(ctx context.Context, tx *store.Tx) error { return ignore(tx.Publication(ctx, "pb-00030")) })
	add("CasePublication", "", func(ctx context.Context, db *store.DB) error { return ignore(db.CasePublication(ctx, "c-00030")) })
	inside("CasePublication", "inside", func(ctx context.Context, tx *store.Tx) error { return ignore(tx.CasePublication(ctx, "c-00030")) })
	for _, at := range []time.Time{{}, day(20)} {
		add("PublishedCases", fmt.Sprint(at), func(ctx context.Context, db *store.DB) error {
			return ignore(db.PublishedCases(ctx, at, "pb-00300", 21))
		})
		add("Stories", fmt.Sprint(at), func(ctx context.Context, db *store.DB) error { return ignore(db.Stories(ctx, at, "pb-00300", 21)) })
	}
	inside("HasMeToo", "", func(ctx context.Context, tx *store.Tx) error { return ignore(tx.HasMeToo(ctx, "pb-00030", "q-1")) })
	add("Note", "", func(ctx context.Context, db *store.DB) error { return ignore(db.Note(ctx, "n-00300")) })
	inside("Note", "inside", func(ctx context.Context, tx *store.Tx) error { return ignore(tx.Note(ctx, "n-00300")) })
	add("NotesOf", "", func(ctx context.Context, db *store.DB) error { return ignore(db.NotesOf(ctx, "t-00030", 30)) })
	inside("NotesOf", "inside", func(ctx context.Context, tx *store.Tx) error { return ignore(tx.NotesOf(ctx, "t-00030", 30)) })
	add("WaitingReports", "", func(ctx context.Context, db *store.DB) error { return ignore(db.WaitingReports(ctx, "p-030", 20)) })
	inside("WaitingReports", "inside", func(ctx context.Context, tx *store.Tx) error { return ignore(tx.WaitingReports(ctx, "p-030", 20)) })
	for _, after := range []string{"", "n-00300"} {
		add("CaseNotes", after, func(ctx context.Context, db *store.DB) error {
			return ignore(db.CaseNotes(ctx, []string{"t-00030"}, after, 51))
		})
	}
	add("NoteAttachments", "", func(ctx context.Context, db *store.DB) error {
		return ignore(db.NoteAttachments(ctx, []string{"n-00300", "n-00301"}))
	})
	inside("NoteAttachments", "inside", func(ctx context.Context, tx *store.Tx) error {
		return ignore(tx.NoteAttachments(ctx, []string{"n-00300"}))
	})
	inside("ResealNotes", "", func(ctx context.Context, tx *store.Tx) error {
		_, _, _, err := tx.ResealNotes(ctx, store.ResealFrom{}, 50)
		return err
	})
	for _, after := range []string{"", "c-00030"} {
		add("Locations", after, func(ctx context.Context, db *store.DB) error {
			return ignore(db.Locations(ctx, []string{"c-00030", "t-00030"}, after, 51))
		})
		inside("Locations", "inside "+after, func(ctx context.Context, tx *store.Tx) error {
			return ignore(tx.Locations(ctx, []string{"c-00030"}, after, 51))
		})
		add("AgedLocations", after, func(ctx context.Context, db *store.DB) error {
			return ignore(db.AgedLocations(ctx, day(20), store.Aged{ID: after, At: day(3)}, 100))
		})
	}
	inside("ResealLocations", "", func(ctx context.Context, tx *store.Tx) error {
		_, _, _, err := tx.ResealLocations(ctx, store.ResealFrom{}, 50)
		return err
	})
	for _, after := range []string{"", "a-00300"} {
		add("CaseAttachments", after, func(ctx context.Context, db *store.DB) error {
			return ignore(db.CaseAttachments(ctx, "c-00030", after, 21))
		})
		add("EveryAttachment", after, func(ctx context.Context, db *store.DB) error { return ignore(db.EveryAttachment(ctx, after, 200)) })
		add("AgedAttachments", after, func(ctx context.Context, db *store.DB) error {
			return ignore(db.AgedAttachments(ctx, day(20), store.Aged{ID: after, At: day(3)}, 100))
		})
	}
	add("DueAttachments", "", func(ctx context.Context, db *store.DB) error { return ignore(db.DueAttachments(ctx, day(3), 100)) })
	inside("Uploads", "", func(ctx context.Context, tx *store.Tx) error {
		_, _, err := tx.Uploads(ctx, "p-001")
		return err
	})
	inside("ResealAttachments", "", func(ctx context.Context, tx *store.Tx) error {
		_, _, _, err := tx.ResealAttachments(ctx, store.ResealFrom{}, 50)
		return err
	})
	for _, unread := range []bool{false, true} {
		for _, before := range []string{"", "n-02000"} {
			add("Inbox", fmt.Sprint("unread ", unread, " before ", before), func(ctx context.Context, db *store.DB) error {
				return ignore(db.Inbox(ctx, "p-001", unread, before, 21))
			})
		}
	}
	for _, f := range []store.TicketFilter{
		{}, {CaseID: "c-00001"}, {Matter: "m-0001"}, {CaseID: "c-00001", Matter: "m-0001"}, {Source: ticket.Hotline, OrderNo: "NO-t-00100"},
		{Requester: "r-0001"}, {Identity: "x-0001"},
	} {
		f.Limit = 21
		add("Tickets", fmt.Sprintf("%+v", f), func(ctx context.Context, db *store.DB) error { return ignore(db.Tickets(ctx, f)) })
		f.AfterAt, f.AfterID = day(30), "t-00500"
		add("Tickets", fmt.Sprintf("%+v", f), func(ctx context.Context, db *store.DB) error { return ignore(db.Tickets(ctx, f)) })
	}
	for _, after := range []store.Aged{{}, {ID: "t-00500", At: day(1)}} {
		add("AgedRows", fmt.Sprint(after), func(ctx context.Context, db *store.DB) error { return ignore(db.AgedRows(ctx, day(2), after, 200)) })
		add("AgedPeople", fmt.Sprint(after), func(ctx context.Context, db *store.DB) error { return ignore(db.AgedPeople(ctx, day(2), after, 200)) })
	}
	for _, before := range []string{"", "rc-0100"} {
		add("Certificates", before, func(ctx context.Context, db *store.DB) error { return ignore(db.Certificates(ctx, before, 21)) })
	}
	add("Certificate", "", func(ctx context.Context, db *store.DB) error { return ignore(db.Certificate(ctx, "SC-0100")) })
	add("OpenCertificate", "", func(ctx context.Context, db *store.DB) error { return ignore(db.OpenCertificate(ctx)) })
	add("CertifiedItems", "", func(ctx context.Context, db *store.DB) error {
		return ignore(db.CertifiedItems(ctx, "rc-0001", 3, 100))
	})
	add("CheckKeys", "", func(ctx context.Context, db *store.DB) error { return db.CheckKeys(ctx, monday) })
	add("KeyUses", "", func(ctx context.Context, db *store.DB) error { return ignore(db.KeyUses(ctx)) })
	inside("Reseal", "", func(ctx context.Context, tx *store.Tx) error {
		_, _, _, err := tx.Reseal(ctx, store.ResealFrom{}, 100)
		return err
	})
	inside("ResealPeople", "", func(ctx context.Context, tx *store.Tx) error { _, _, err := tx.ResealPeople(ctx); return err })
	inside("ResealAccounts", "", func(ctx context.Context, tx *store.Tx) error { _, _, err := tx.ResealAccounts(ctx); return err })
	inside("ForgetKeys", "", func(ctx context.Context, tx *store.Tx) error { return tx.ForgetKeys(ctx) })
	inside("ErasePerson", "", func(ctx context.Context, tx *store.Tx) error {
		r, err := tx.Ticket(ctx, "t-00001")
		if err != nil {
			return err
		}
		return ignore(tx.ErasePerson(ctx, r))
	})
	inside("EraseNotices", "", func(ctx context.Context, tx *store.Tx) error { return ignore(tx.EraseNotices(ctx, "r-0001", 100)) })
	for _, public := range []bool{false, true} {
		add("Events", fmt.Sprint("public ", public), func(ctx context.Context, db *store.DB) error {
			return ignore(db.Events(ctx, "c-00001", 2, public, 51))
		})
	}

	for _, f := range []store.AuditFilter{{}, {Actor: "p-001"}, {Action: "ticket.unmask"}, {Object: "ticket:t-00100"}, {Before: 40}, {Actor: "p-001", Before: 40}} {
		f.Limit = 21
		add("AuditLog", fmt.Sprintf("%+v", f), func(ctx context.Context, db *store.DB) error { return ignore(db.AuditLog(ctx, f)) })
	}
	for _, status := range []store.ChangeStatus{"", store.ChangeOpen} {
		for _, before := range []string{"", "oc-0500"} {
			add("OrganisationChanges", fmt.Sprint(status, " before ", before), func(ctx context.Context, db *store.DB) error {
				return ignore(db.OrganisationChanges(ctx, status, before, 21))
			})
		}
	}
	add("OrganisationChange", "", func(ctx context.Context, db *store.DB) error { return ignore(db.OrganisationChange(ctx, "oc-0500")) })
	add("Handovers", "", func(ctx context.Context, db *store.DB) error { return ignore(db.Handovers(ctx, "ho-0100", 20)) })
	for _, after := range []store.Held{{}, {Viewer: "person:p-001", CaseID: "c-00100"}, {Viewer: "person:p-001@department:d-01", CaseID: "c-00100"}} {
		add("HeldCases", string(after.Viewer), func(ctx context.Context, db *store.DB) error {
			return ignore(db.HeldCases(ctx, "p-001", after, 200))
		})
	}
	inside("ResealChanges", "", func(ctx context.Context, tx *store.Tx) error { return ignore(tx.ResealChanges(ctx)) })
	inside("NextRevision", "", func(ctx context.Context, tx *store.Tx) error {
		return ignore(tx.NextRevision(ctx, store.OrganisationRevision))
	})
	add("AuditLinks", "", func(ctx context.Context, db *store.DB) error { return ignore(db.AuditLinks(ctx, 10, 500)) })
	inside("AppendAudit", "", func(ctx context.Context, tx *store.Tx) error {
		return tx.AppendAudit(ctx, &store.AuditEntry{Action: "a.b"})
	})
	add("AuditLength", "", func(ctx context.Context, db *store.DB) error { return ignore(db.AuditLength(ctx)) })
	add("Account", "", func(ctx context.Context, db *store.DB) error { _, _, err := db.Account(ctx, "p-0100"); return err })
	add("AccountByLogin", "", func(ctx context.Context, db *store.DB) error {
		_, _, err := db.AccountByLogin(ctx, "i-0100")
		return err
	})
	add("Accounts", "", func(ctx context.Context, db *store.DB) error { return ignore(db.Accounts(ctx, "p-0100", "p-0120")) })
	add("UnusedAccounts", "", func(ctx context.Context, db *store.DB) error { return ignore(db.UnusedAccounts(ctx, day(3), 100)) })
	add("SignIn", "", func(ctx context.Context, db *store.DB) error { _, _, err := db.SignIn(ctx, "h-0100"); return err })
	add("Session", "", func(ctx context.Context, db *store.DB) error { _, _, err := db.Session(ctx, "s-0100"); return err })
	add("Sessions", "", func(ctx context.Context, db *store.DB) error { return ignore(db.Sessions(ctx, "p-0100", 100)) })
	add("SessionHistory", "", func(ctx context.Context, db *store.DB) error { return ignore(db.SessionHistory(ctx, "p-0100", 100)) })
	add("SignedInFrom", "", func(ctx context.Context, db *store.DB) error {
		return ignore(db.SignedInFrom(ctx, "p-0100", "10.0.0.1", day(3)))
	})
	add("RefreshToken", "", func(ctx context.Context, db *store.DB) error { _, _, err := db.RefreshToken(ctx, "h-0100"); return err })
	add("ForgetSignIns", "", func(ctx context.Context, db *store.DB) error {
		return ignore(db.ForgetSignIns(ctx, day(1), day(1), day(1), 2))
	})
	anIdentity := func(_ store.WeChatIdentity, _ bool, err error) error { return err }
	add("WeChatIdentity", "", func(ctx context.Context, db *store.DB) error { return anIdentity(db.WeChatIdentity(ctx, "r-0100")) })
	add("WeChatIdentityOf", "", func(ctx context.Context, db *store.DB) error { return anIdentity(db.WeChatIdentityOf(ctx, "o-0100")) })
	add("WeChatIdentityOfStaff", "", func(ctx context.Context, db *store.DB) error {
		return anIdentity(db.WeChatIdentityOfStaff(ctx, "p-0100"))
	})
	add("ResidentPhones", "", func(ctx context.Context, db *store.DB) error { return ignore(db.ResidentPhones(ctx, "r-0100")) })
	add("PhoneHolder", "", func(ctx context.Context, db *store.DB) error { _, _, err := db.PhoneHolder(ctx, "q-0100"); return err })
	add("Resident", "", func(ctx context.Context, db *store.DB) error { _, _, err := db.Resident(ctx, "r-0100"); return err })
	add("OneUseCode", "", func(ctx context.Context, db *store.DB) error {
		_, _, err := db.OneUseCode(ctx, "scan", "h-9999")
		return err
	})
	add("OneUseCodeFor", "", func(ctx context.Context, db *store.DB) error {
		_, _, err := db.OneUseCodeFor(ctx, "scan", "p-none", day(1))
		return err
	})
	add("FollowerOf", "", func(ctx context.Context, db *store.DB) error { return ignore(db.FollowerOf(ctx, "p-none", "u-none")) })
	inside("NoteFollower", "", func(ctx context.Context, tx *store.Tx) error {
		return tx.NoteFollower(ctx, store.WeChatFollower{OpenID: "o-none", ChangedAt: day(1)})
	})
	add("PrivacyNotice", "", func(ctx context.Context, db *store.DB) error { _, _, err := db.PrivacyNotice(ctx); return err })
	add("Consents", "", func(ctx context.Context, db *store.DB) error { return ignore(db.Consents(ctx, "r-0100")) })
	add("FamilyHistory", "", func(ctx context.Context, db *store.DB) error { return ignore(db.FamilyHistory(ctx, "r-0100")) })
	add("NobodysIdentities", "", func(ctx context.Context, db *store.DB) error { return ignore(db.NobodysIdentities(ctx, 100)) })
	add("UnusedIdentities", "", func(ctx context.Context, db *store.DB) error { return ignore(db.UnusedIdentities(ctx, day(1), 100)) })
	add("StaffIdentities", "", func(ctx context.Context, db *store.DB) error { return ignore(db.StaffIdentities(ctx, "p-0100", 100)) })
	add("ForgetFollowers", "", func(ctx context.Context, db *store.DB) error {
		return ignore(db.ForgetFollowers(ctx, day(1), day(1), 2))
	})
	for _, after := range []store.Aged{{}, {ID: "t-0100", At: day(1)}} {
		add("AskedErasures", fmt.Sprint(after), func(ctx context.Context, db *store.DB) error {
			return ignore(db.AskedErasures(ctx, day(2), after, 200))
		})
	}
	add("FamilyConsents", "", func(ctx context.Context, db *store.DB) error { return ignore(db.FamilyConsents(ctx, "r-0100")) })
	inside("InsertNotices", "", func(ctx context.Context, tx *store.Tx) error {
		return tx.InsertNotices(ctx, []store.InboxRow{{ID: "n-new", Recipient: "requester:q-0100", Kind: casework.NoticeAccepted, CreatedAt: day(1)}, {ID: "n-new2", Recipient: "requester:q-0101", Kind: casework.NoticeAccepted, CreatedAt: day(1)}})
	})
	add("SwitchedOff", "", func(ctx context.Context, db *store.DB) error { return ignore(db.SwitchedOff(ctx, "acc-0100")) })
	add("FamilyConsent", "", func(ctx context.Context, db *store.DB) error {
		_, _, err := db.FamilyConsent(ctx, "f-0100")
		return err
	})
	add("Enterprises", "", func(ctx context.Context, db *store.DB) error { return ignore(db.Enterprises(ctx, "r-0100")) })
	add("Catalogue", "", func(ctx context.Context, db *store.DB) error { return ignore(db.Catalogue(ctx, store.TopicCatalogue)) })
	add("Models", "", func(ctx context.Context, db *store.DB) error { return ignore(db.Models(ctx)) })
	add("ModelBody", "", func(ctx context.Context, db *store.DB) error {
		if _, err := db.ModelBody(ctx, "none"); !errors.Is(err, store.ErrNoModel) {
			return err
		}
		return nil
	})
	add("TopicCounts", "", func(ctx context.Context, db *store.DB) error { return ignore(db.TopicCounts(ctx, "2026-01-28")) })
	inside("AddModel", "", func(ctx context.Context, tx *store.Tx) error {
		return tx.AddModel(ctx, store.StoredModel{Version: "v-1", Kind: store.TopicModel, Figures: []byte("{}"), CreatedAt: day(1)}, []byte("body"))
	})
	inside("SwitchModel", "", func(ctx context.Context, tx *store.Tx) error {
		return ignore(tx.SwitchModel(ctx, "v-1", "p-0100", day(1)))
	})
	inside("TakeLookup", "", func(ctx context.Context, tx *store.Tx) error {
		_, _, err := tx.TakeLookup(ctx, "acc-0100", "2026-01-02", 5)
		return err
	})
	inside("CaseOfOrder", "", func(ctx context.Context, tx *store.Tx) error {
		_, _, err := tx.CaseOfOrder(ctx, "o-00100", ticket.Sources...)
		return err
	})
	inside("WeChatHeld", "", func(ctx context.Context, tx *store.Tx) error { return ignore(tx.WeChatHeld(ctx, "p-0100")) })
	inside("EndWeChatSessions", "", func(ctx context.Context, tx *store.Tx) error {
		return ignore(tx.EndWeChatSessions(ctx, "r-0100", "", day(1)))
	})
	inside("ResealEach", "", func(ctx context.Context, tx *store.Tx) error {
		for from := (store.ResealFrom{}); !from.Done; {
			_, next, _, err := tx.ResealEach(ctx, from, 50)
			if err != nil {
				return err
			}
			from = next
		}
		return nil
	})
	add("AgingTickets", "", func(ctx context.Context, db *store.DB) error { return ignore(db.AgingTickets(ctx, day(3), 200)) })
	add("WaitingTickets", "", func(ctx context.Context, db *store.DB) error {
		return ignore(db.WaitingTickets(ctx, ticket.Resident, day(3), "t-00100", 21))
	})
	add("WaitingTickets", "first", func(ctx context.Context, db *store.DB) error {
		return ignore(db.WaitingTickets(ctx, ticket.Resident, time.Time{}, "", 21))
	})
	for _, f := range []store.CaseFilter{{LeadDepartmentID: "d-01", HandlerID: "p-001"}, {LeadDepartmentID: "d-01", NoHandler: true}} {
		f.Limit = 21
		add("Cases", fmt.Sprintf("team %+v", f), func(ctx context.Context, db *store.DB) error { return ignore(db.Cases(ctx, f)) })
		f.AfterSort, f.AfterID = day(20), "c-00300"
		add("Cases", fmt.Sprintf("team %+v", f), func(ctx context.Context, db *store.DB) error { return ignore(db.Cases(ctx, f)) })
	}
	add("CountTeam", "", func(ctx context.Context, db *store.DB) error { return ignore(db.CountTeam(ctx, "d-01", day(3))) })
	add("CountWaiting", "", func(ctx context.Context, db *store.DB) error { return ignore(db.CountWaiting(ctx, ticket.Resident)) })
	add("AnchoredHeads", "", func(ctx context.Context, db *store.DB) error { return ignore(db.AnchoredHeads(ctx, "an-001")) })
	add("AnchorsMade", "", func(ctx context.Context, db *store.DB) error { return ignore(db.AnchorsMade(ctx)) })
	add("Anchors", "", func(ctx context.Context, db *store.DB) error { return ignore(db.Anchors(ctx, 10)) })
	add("CalendarYears", "", func(ctx context.Context, db *store.DB) error { return ignore(db.CalendarYears(ctx)) })
	add("Case", "", func(ctx context.Context, db *store.DB) error { return ignore(db.Case(ctx, "c-00001")) })
	add("CasesByID", "", func(ctx context.Context, db *store.DB) error {
		return ignore(db.CasesByID(ctx, []string{"c-00001", "c-00002", "c-00003"}))
	})
	add("CaseID", "", func(ctx context.Context, db *store.DB) error { return ignore(db.CaseID(ctx, "NS-c-00001")) })
	add("ChainHeads", "", func(ctx context.Context, db *store.DB) error { return ignore(db.ChainHeads(ctx, "c-00300", 200)) })
	add("ChainHeads", "first", func(ctx context.Context, db *store.DB) error { return ignore(db.ChainHeads(ctx, "", 200)) })
	add("Closures", "", func(ctx context.Context, db *store.DB) error { return ignore(db.Closures(ctx)) })
	add("CountUnread", "", func(ctx context.Context, db *store.DB) error { return ignore(db.CountUnread(ctx, "p-001")) })
	add("DueCases", "", func(ctx context.Context, db *store.DB) error { return ignore(db.DueCases(ctx, day(2), 200)) })
	add("EventHash", "", func(ctx context.Context, db *store.DB) error { return ignore(db.EventHash(ctx, "c-00001", 1)) })
	add("FindDone", "", func(ctx context.Context, db *store.DB) error {
		_, _, err := db.FindDone(ctx, "p-001", "k-00001")
		return err
	})
	add("ForgetDone", "", func(ctx context.Context, db *store.DB) error { return ignore(db.ForgetDone(ctx, day(1), 500)) })
	add("DueWeChatPushes", "", func(ctx context.Context, db *store.DB) error { return ignore(db.DueWeChatPushes(ctx, day(30), 50)) })
	add("ForgetWeChatPushes", "", func(ctx context.Context, db *store.DB) error {
		_, _, err := db.ForgetWeChatPushes(ctx, day(1), 50)
		return err
	})
	add("Import", "", func(ctx context.Context, db *store.DB) error { return ignore(db.Import(ctx, "i-001")) })
	add("ImportProblems", "", func(ctx context.Context, db *store.DB) error { return ignore(db.ImportProblems(ctx, "i-001", 2, 5)) })
	for _, at := range []time.Time{{}, day(0)} {
		add("Imports", fmt.Sprint("behind ", at), func(ctx context.Context, db *store.DB) error { return ignore(db.Imports(ctx, at, "i-500", 21)) })
	}
	add("WaitingImports", "", func(ctx context.Context, db *store.DB) error { return ignore(db.WaitingImports(ctx, day(0), 5)) })
	add("LeaseImport", "", func(ctx context.Context, db *store.DB) error {
		return ignore(db.LeaseImport(ctx, "i-001", "l", day(0), day(1)))
	})
	add("KeepImport", "", func(ctx context.Context, db *store.DB) error { return ignore(db.KeepImport(ctx, "i-001", "l", day(1))) })
	inside("NoteImport", "", func(ctx context.Context, tx *store.Tx) error {
		return ignore(tx.NoteImport(ctx, "i-001", "l", store.ImportProgress{Result: []byte(`{}`)}, day(1)))
	})
	add("ImportChunk", "", func(ctx context.Context, db *store.DB) error {
		_, err := db.ImportChunk(ctx, "i-001", 3)
		if !errors.Is(err, store.ErrNoChunk) { // what is seeded there is not sealed
			return nil
		}
		return err
	})
	add("KeptRows", "", func(ctx context.Context, db *store.DB) error {
		return ignore(db.KeptRows(ctx, store.KeptRow{ImportID: "i-none", ImportRow: store.ImportRow{Line: 7}}, 100))
	})
	add("ImportRows", "", func(ctx context.Context, db *store.DB) error { return ignore(db.ImportRows(ctx, "i-none", 1, 5)) })
	add("ForgetImportFiles", "", func(ctx context.Context, db *store.DB) error {
		return ignore(db.ForgetImportFiles(ctx, day(-1), day(-1), 5))
	})
	add("Platforms", "", func(ctx context.Context, db *store.DB) error { return ignore(db.Platforms(ctx)) })
	add("Feed", "", func(ctx context.Context, db *store.DB) error { return ignore(db.Feed(ctx, "pf-01", 50, 21)) })
	pushed := []store.PlatformTicket{{TicketID: "t-00001", Platform: "pf-01"}, {TicketID: "t-00002", Platform: "pf-01"}, {TicketID: "t-90000", Platform: "pf-01"}}
	inside("PlatformTickets", "", func(ctx context.Context, tx *store.Tx) error {
		return ignore(tx.PlatformTickets(ctx, []string{"t-00001", "t-00002", "t-90000"}))
	})
	inside("AddPlatformTickets", "", func(ctx context.Context, tx *store.Tx) error { return tx.AddPlatformTickets(ctx, pushed) })
	inside("ResealPlatforms", "", func(ctx context.Context, tx *store.Tx) error { return ignore(tx.ResealPlatforms(ctx)) })
	inside("CountOn", "", func(ctx context.Context, tx *store.Tx) error { return ignore(tx.CountOn(ctx, "case-2026", 3)) })
	inside("RequestDone", "", func(ctx context.Context, tx *store.Tx) error { return ignore(tx.RequestDone(ctx, "pf-01", "s-00001")) })
	inside("TakeRequests", "", func(ctx context.Context, tx *store.Tx) error { return ignore(tx.TakeRequests(ctx, day(10), 5)) })
	inside("TicketFacts", "", func(ctx context.Context, tx *store.Tx) error {
		return ignore(tx.TicketFacts(ctx, ticket.Hotline, []string{"NO-t-00001", "NO-t-00002"}))
	})
	inside("ResealFacts", "", func(ctx context.Context, tx *store.Tx) error {
		_, _, err := tx.ResealFacts(ctx)
		return err
	})
	add("ForgetWaitingFacts", "", func(ctx context.Context, db *store.DB) error { return ignore(db.ForgetWaitingFacts(ctx, day(-1), 5)) })
	add("ImportProfiles", "", func(ctx context.Context, db *store.DB) error { return ignore(db.ImportProfiles(ctx, ticket.Petition)) })
	add("LastAnchor", "", func(ctx context.Context, db *store.DB) error { return ignore(db.LastAnchor(ctx)) })
	add("NextDueAt", "", func(ctx context.Context, db *store.DB) error { return ignore(db.NextDueAt(ctx)) })
	add("Organisation", "", func(ctx context.Context, db *store.DB) error { return ignore(db.Organisation(ctx)) })
	add("OrphanEvents", "", func(ctx context.Context, db *store.DB) error { return ignore(db.OrphanEvents(ctx, 10)) })
	add("OutdatedCases", "", func(ctx context.Context, db *store.DB) error { return ignore(db.OutdatedCases(ctx, 2, 200)) })
	add("OutdatedCases", "nothing to do", func(ctx context.Context, db *store.DB) error { return ignore(db.OutdatedCases(ctx, 1, 200)) })
	add("Policies", "", func(ctx context.Context, db *store.DB) error { return ignore(db.Policies(ctx)) })
	add("Revisions", "", func(ctx context.Context, db *store.DB) error { return ignore(db.Revisions(ctx)) })
	add("Sequence", "", func(ctx context.Context, db *store.DB) error { return ignore(db.Sequence(ctx, "case-2026")) })
	add("StoredEvents", "", func(ctx context.Context, db *store.DB) error { return ignore(db.StoredEvents(ctx, "c-00001")) })
	add("OutboxWaiting", "", func(ctx context.Context, db *store.DB) error {
		_, _, err := db.OutboxWaiting(ctx, day(1))
		return err
	})
	add("LeaseNotices", "", func(ctx context.Context, db *store.DB) error {
		return ignore(db.LeaseNotices(ctx, "l", day(1), day(1).Add(time.Minute), 100))
	})
	for _, before := range []string{"", "n-02000"} {
		add("UnsettledNotices", before, func(ctx context.Context, db *store.DB) error {
			return ignore(db.UnsettledNotices(ctx, store.NoticeUntold, store.StaffAudience, before, 21))
		})
	}
	add("CountNotices", "", func(ctx context.Context, db *store.DB) error {
		return ignore(db.CountNotices(ctx, store.NoticeUntold, store.StaffAudience))
	})
	add("Outgoing", "", func(ctx context.Context, db *store.DB) error { return ignore(db.Outgoing(ctx, "n-00100")) })
	add("Deliveries", "", func(ctx context.Context, db *store.DB) error { return ignore(db.Deliveries(ctx, "n-00100")) })
	add("StrayEvents", "", func(ctx context.Context, db *store.DB) error {
		return ignore(db.StrayEvents(ctx, day(3), day(4), 100))
	})
	add("Grants", "", func(ctx context.Context, db *store.DB) error { return ignore(db.Grants(ctx, "a-001")) })
	inside("CloseBundle", "", func(ctx context.Context, tx *store.Tx) error {
		o := store.Outgoing{SendAt: day(1)}
		o.ID, o.Recipient = "n-00100", "p-001"
		return ignore(tx.CloseBundle(ctx, o))
	})
	inside("ParkNotice", "", func(ctx context.Context, tx *store.Tx) error {
		for _, id := range []string{"n-02998", "n-02999"} {
			o := store.Outgoing{}
			o.ID, o.Recipient = id, "p-new"
			if err := tx.ParkNotice(ctx, o, "", day(300)); err != nil {
				return err
			}
		}
		return nil
	})
	inside("ConfirmNotice", "", func(ctx context.Context, tx *store.Tx) error { return tx.ConfirmNotice(ctx, "n-00100", "once", day(1)) })
	inside("ToldOtherwise", "", func(ctx context.Context, tx *store.Tx) error {
		_, _, err := tx.ToldOtherwise(ctx, "n-00101", "p-001", "phone", day(1))
		if errors.Is(err, store.ErrNoNotice) {
			err = nil
		}
		return err
	})
	inside("AddDeliveryEvent", "", func(ctx context.Context, tx *store.Tx) error {
		return tx.AddDeliveryEvent(ctx, store.DeliveryEvent{ID: "new", Channel: "once", Account: "a-001", MessageID: "m-00200", Delivered: true, At: day(1)}, day(1))
	})
	inside("MatchSent", "", func(ctx context.Context, tx *store.Tx) error {
		return tx.MatchSent(ctx, store.Delivery{Channel: "once", Account: "a-001", MessageID: "m-00200"}, day(1))
	})
	inside("MatchStray", "", func(ctx context.Context, tx *store.Tx) error {
		return tx.MatchStray(ctx, store.DeliveryEvent{ID: "e-00001", Channel: "once", Account: "a-001", At: day(3)}, false, day(3))
	})
	inside("ReportGrant", "", func(ctx context.Context, tx *store.Tx) error {
		return ignore(tx.ReportGrant(ctx, "a-001", store.GrantReport{ID: "new", Source: store.FromClient, Template: "tpl-1", Answer: store.GrantAccepted, At: day(3)}))
	})
	add("PolicyVersions", "", func(ctx context.Context, db *store.DB) error { return ignore(db.PolicyVersions(ctx)) })
	add("TicketsBetween", "first", func(ctx context.Context, db *store.DB) error {
		return ignore(db.TicketsBetween(ctx, day(3), day(40), time.Time{}, "", 100))
	})
	add("TicketsBetween", "", func(ctx context.Context, db *store.DB) error {
		return ignore(db.TicketsBetween(ctx, day(3), day(40), day(20), "t-00100", 100))
	})
	add("TicketsByID", "", func(ctx context.Context, db *store.DB) error {
		return ignore(db.TicketsByID(ctx, []string{"t-00001", "t-00100", "t-02000"}))
	})
	add("TicketRequesters", "", func(ctx context.Context, db *store.DB) error {
		return ignore(db.TicketRequesters(ctx, []string{"t-00001", "t-00100", "t-02000"}))
	})
	add("MatterTickets", "outside", func(ctx context.Context, db *store.DB) error {
		return ignore(db.MatterTickets(ctx, []store.MatterSpan{{Matter: "m-0001", From: day(0), To: day(13)}}))
	})
	add("TicketsByOrder", "outside", func(ctx context.Context, db *store.DB) error {
		return ignore(db.TicketsByOrder(ctx, ticket.Hotline, []string{"NO-t-00001", "NO-t-00002"}))
	})
	add("Ticket", "", func(ctx context.Context, db *store.DB) error { return ignore(db.Ticket(ctx, "t-00001")) })

	inside("Case", "inside", func(ctx context.Context, tx *store.Tx) error { return ignore(tx.Case(ctx, "c-00001")) })
	inside("ImportProfile", "", func(ctx context.Context, tx *store.Tx) error {
		if _, err := tx.ImportProfile(ctx, "ip-1"); !errors.Is(err, store.ErrNoProfile) {
			return fmt.Errorf("found one: %w", err)
		}
		return nil
	})
	inside("MakeAnchor", "", func(ctx context.Context, tx *store.Tx) error {
		_, _, err := tx.MakeAnchor(ctx, store.Anchor{UntilAt: day(400)}, "an-new", day(401), day(401))
		return err
	})
	inside("MatterCases", "", func(ctx context.Context, tx *store.Tx) error {
		return ignore(tx.MatterCases(ctx, []string{"m-0001", "m-0002", "m-0003"}))
	})
	inside("MatterTickets", "", func(ctx context.Context, tx *store.Tx) error {
		return ignore(tx.MatterTickets(ctx, []store.MatterSpan{{Matter: "m-0001", From: day(0), To: day(13)}}))
	})
	inside("MatterTickets", "several", func(ctx context.Context, tx *store.Tx) error {
		var spans []store.MatterSpan
		for i := range 150 {
			spans = append(spans, store.MatterSpan{Matter: fmt.Sprintf("m-%04d", i), From: day(0), To: day(13)}, store.MatterSpan{Matter: fmt.Sprintf("m-%04d", i), From: day(20), To: day(33)})
		}
		return ignore(tx.MatterTickets(ctx, spans))
	})
	some := func(format string) (list []string) {
		for i := range 100 {
			list = append(list, fmt.Sprintf(format, 30*i))
		}
		return list
	}
	for _, mark := range []store.MatterMark{{}, {Seq: 1500, ID: "t-01500"}} {
		what := fmt.Sprint(mark)
		add("MatterRows", "outside "+what, func(ctx context.Context, db *store.DB) error { return ignore(db.MatterRows(ctx, mark, 100)) })
		inside("MatterRows", what, func(ctx context.Context, tx *store.Tx) error { return ignore(tx.MatterRows(ctx, mark, 100)) })
		add("MatterDecisions", "outside "+what, func(ctx context.Context, db *store.DB) error { return ignore(db.MatterDecisions(ctx, mark, 100)) })
		inside("MatterDecisions", what, func(ctx context.Context, tx *store.Tx) error { return ignore(tx.MatterDecisions(ctx, mark, 100)) })
	}
	add("MatterRowsOf", "outside", func(ctx context.Context, db *store.DB) error { return ignore(db.MatterRowsOf(ctx, some("t-%05d"))) })
	inside("MatterRowsOf", "", func(ctx context.Context, tx *store.Tx) error { return ignore(tx.MatterRowsOf(ctx, some("t-%05d"))) })
	add("TicketDecisions", "outside", func(ctx context.Context, db *store.DB) error { return ignore(db.TicketDecisions(ctx, some("t-%05d"))) })
	inside("TicketDecisions", "", func(ctx context.Context, tx *store.Tx) error { return ignore(tx.TicketDecisions(ctx, some("t-%05d"))) })
	inside("MatterDecisionsAbout", "", func(ctx context.Context, tx *store.Tx) error { return ignore(tx.MatterDecisionsAbout(ctx, "m-00042")) })
	inside("CaseMatters", "", func(ctx context.Context, tx *store.Tx) error { return ignore(tx.CaseMatters(ctx, "c-00001")) })
	add("MatterCase", "", func(ctx context.Context, db *store.DB) error { return ignore(db.MatterCase(ctx, "m-0001")) })
	add("MatterSizes", "", func(ctx context.Context, db *store.DB) error { return ignore(db.MatterSizes(ctx, some("m-%04d"))) })
	add("MatterSizes", "one", func(ctx context.Context, db *store.DB) error {
		return ignore(db.MatterSizes(ctx, []string{"m-0001"}))
	})
	add("MatterCases", "outside", func(ctx context.Context, db *store.DB) error {
		return ignore(db.MatterCases(ctx, []string{"m-0001", "m-0002"}))
	})
	add("OpenPairs", "first", func(ctx context.Context, db *store.DB) error { return ignore(db.OpenPairs(ctx, nil, 21)) })
	add("OpenPairs", "", func(ctx context.Context, db *store.DB) error {
		p := store.NewMatterPair(store.PairSide{Matter: "m-0001"}, store.PairSide{Matter: "m-0300"}, .4, day(1))
		return ignore(db.OpenPairs(ctx, &p, 21))
	})
	add("MatterPairs", "outside", func(ctx context.Context, db *store.DB) error { return ignore(db.MatterPairs(ctx, some("m-%04d"))) })
	inside("MatterPairs", "", func(ctx context.Context, tx *store.Tx) error { return ignore(tx.MatterPairs(ctx, some("m-%04d"))) })
	inside("TicketPairs", "", func(ctx context.Context, tx *store.Tx) error { return ignore(tx.TicketPairs(ctx, some("t-%05d"))) })
	add("Gazetteer", "outside", func(ctx context.Context, db *store.DB) error { return ignore(db.Gazetteer(ctx)) })
	inside("Gazetteer", "", func(ctx context.Context, tx *store.Tx) error { return ignore(tx.Gazetteer(ctx)) })
	inside("NextNumber", "", func(ctx context.Context, tx *store.Tx) error { return ignore(tx.NextNumber(ctx, "case-2026")) })
	inside("SpentEvidence", "", func(ctx context.Context, tx *store.Tx) error { return ignore(tx.SpentEvidence(ctx, "m-0001")) })
	inside("Ticket", "inside", func(ctx context.Context, tx *store.Tx) error { return ignore(tx.Ticket(ctx, "t-00001")) })
	inside("TicketByOrder", "", func(ctx context.Context, tx *store.Tx) error {
		return ignore(tx.TicketByOrder(ctx, ticket.Hotline, "NO-t-00001"))
	})
	inside("TicketsByID", "", func(ctx context.Context, tx *store.Tx) error { return ignore(tx.TicketsByID(ctx, some("t-%05d"))) })
	inside("TicketsByOrder", "", func(ctx context.Context, tx *store.Tx) error {
		return ignore(tx.TicketsByOrder(ctx, ticket.Hotline, some("NO-t-%05d")))
	})
	inside("TicketsNaming", "", func(ctx context.Context, tx *store.Tx) error {
		return ignore(tx.TicketsNaming(ctx, ticket.Hotline, some("NO-t-%05d")))
	})
	inside("TicketKeys", "", func(ctx context.Context, tx *store.Tx) error {
		return ignore(tx.TicketKeys(ctx, ticket.Hotline, some("NO-t-%05d")))
	})
	return list
}

func TestEveryReadIsExplained(t *testing.T) {
	known := slices.Clone(notReads)
	for _, r := range reads() {
		known = append(known, r.method)
	}
	for _, of := range []reflect.Type{reflect.TypeFor[*store.DB](), reflect.TypeFor[*store.Tx]()} {
		for i := range of.NumMethod() {
			if name := of.Method(i).Name; !slices.Contains(known, name) {
				t.Errorf("%s.%s: say in explain_test.go how it reads", of, name)
			}
		}
	}
}

func TestEveryTableIsSmallOrSearchedByIndex(t *testing.T) {
	db := storetest.Open(t)
	rows, err := db.Query(t.Context(), `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		if slices.Contains(small, name) == bigTable(name) {
			t.Errorf("table %s: say in explain_test.go whether it stays small", name)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

// seedForPlans fills the big tables as a street office would: most cases are over, some departments have more than
// others.
func seedForPlans(t testing.TB, db *store.DB) {
	t.Helper()
	const cases = 3000
	rnd := rand.New(rand.NewPCG(7, 8))
	some := func(format string, of int) string { return fmt.Sprintf(format, min(rnd.IntN(of), rnd.IntN(of))) }
	var rows, viewers, todos, events [][]any
	for i := range cases {
		id := fmt.Sprintf("c-%05d", i)
		status := casework.Closed
		if rnd.IntN(10) < 4 {
			status = casework.Statuses[rnd.IntN(len(casework.Statuses))]
		}
		open := status.Open()
		sort := store.Millis(day(rnd.IntN(60)))
		var next, revision any
		if open {
			next, revision = sort, 1
		}
		department, grid, person := some("d-%02d", 20), some("g-%02d", 40), some("p-%03d", 200)
		tier := []string{"III", "III", "III", "II", "I"}[rnd.IntN(5)]
		if status == casework.Reported || status == casework.Registered && i%2 == 0 {
			tier = ""
		}
		rows = append(rows, []any{
			id, "NS-" + id, 3, string(status), open, tier, 1, "标题", "地点", []string{"livelihood", "business"}[rnd.IntN(2)], "题", "manual",
			1, "", grid, department, person, open && rnd.IntN(20) == 0, false, next, sort, next, revision, "h", store.Millis(monday), store.Millis(day(rnd.IntN(400))), person, `{"facts":"` + strings.Repeat("x", 300) + `"}`,
		})
		for _, v := range []string{"department:" + department, "grid:" + grid, "person:" + person, "person:" + person + "@department:" + department, "requester:r-" + id} {
			viewers = append(viewers, []any{v, id, open, string(status), tier, sort})
		}
		if open {
			todos = append(todos, []any{"department_head:" + department, some("kind-%d", 5), id, "", sort}, []any{"person:" + person, "handle", id, "", sort}, []any{"centre", "verify", id, "", sort})
		}
		for seq := range 3 {
			events = append(events, []any{id, seq + 1, "progress", store.Millis(monday), store.Millis(monday), seq % 2, "h", "{}"})
		}
	}
	bulk(t, db, `cases (id, number, version, status, open, tier, round, title, place, domain, topic, triggers, tickets, community_id, grid_id,
		lead_department_id, handler_id, overdue, provisional, due_at, sort_at, next_due_at, calendar_revision, head_hash, created_at, updated_at, reporter, body)`, rows)
	bulk(t, db, `case_viewers (viewer, case_id, open, status, tier, sort_at)`, viewers)
	bulk(t, db, `case_todos (addressee, kind, case_id, ref, due_at)`, todos)
	bulk(t, db, `case_events (case_id, seq, kind, at, recorded_at, is_public, hash, body)`, events)

	var tickets, decisions, links, inbox, problems, heads, anchors, evidence, matters, pairs, keys, imports, entries, pieces, identities, certificates, items, ofPlatforms, feed, requests [][]any
	for i := range 3000 {
		matter := some("m-%04d", 1000)
		var aging, caseID any = nil, fmt.Sprintf("c-%05d", rnd.IntN(cases))
		if rnd.IntN(3) == 0 {
			aging, caseID = store.Millis(day(rnd.IntN(60))), ""
		}
		id := fmt.Sprintf("t-%05d", i)
		body, key := []byte(`{"id":"`+id+`"}`), 0 // a few are from before there were keys
		if i%30 > 0 {
			body, key = must[[]byte](t)(storetest.Sealer.SealBytes(body, "tickets.body:"+id)), 1
		}
		tickets = append(tickets, []any{id, "hotline", "NO-" + id, "f", matter, some("r-%04d", 900), store.Millis(day(rnd.IntN(60))), aging, caseID, body, nil, key, i, i, 1, 1, i / 10})
		pairs = append(pairs, []any{fmt.Sprintf("m-%04d", i/3), fmt.Sprintf("m-%04d", i/3+1+i%3), id, fmt.Sprintf("t-%05d", (i+7)%3000), i * 7 % 1000, []string{"open", "apart", "apart"}[i%7%3], i, nil, "", ""})
		decisions = append(decisions, []any{fmt.Sprintf("md-%05d", i), i / 10, id, matter, "apart", 1, "p-001", "另一件事"})
		links = append(links, []any{"hotline", some("NO-t-%05d", 3000), id})
		if i%10 == 0 {
			identities = append(identities, []any{some("x-%04d", 90), store.Millis(day(rnd.IntN(60))), id})
			items = append(items, []any{some("rc-%04d", 300), i, "row", id})
			certificates = append(certificates, []any{fmt.Sprintf("rc-%04d", i/10), fmt.Sprintf("SC-%04d", i/10), i < 2990, 1, 1, "{}"})
		}
		inbox = append(inbox, []any{fmt.Sprintf("n-%05d", i), some("p-%03d", 200), "", "c-00001", "NS", 1, "accepted", false, "{}", 1, rnd.IntN(4) > 0, nil})
		problems = append(problems, []any{fmt.Sprintf("i-%03d", i/500), i % 500 / 2, i % 2, false, "NO", "原因", store.Millis(day(i / 500))})
		heads = append(heads, []any{fmt.Sprintf("an-%03d", i/20), fmt.Sprintf("c-%05d", i), 1, "h"})
		evidence = append(evidence, []any{matter, fmt.Sprint("rating:", i), "c-00001"})
		keys = append(keys, []any{some("p-%03d", 200), fmt.Sprintf("k-%05d", i), "r", "c-00001", store.Millis(day(rnd.IntN(60)))})
		entries = append(entries, []any{i + 1, i, some("p-%03d", 200), some("a.b%02d", 30), some("ticket:t-%05d", 900), "h", "{}"})
		imports = append(imports, []any{fmt.Sprintf("i-%03d", i), "12345工单2026年3月.xlsx", "hotline", "", i, `{"rows":` + strings.Repeat("1", 150) + `}`, i%100 == 1, "l"})
		platform := some("pf-%02d", 5)
		ofPlatforms = append(ofPlatforms, []any{id, platform, "NO-" + id})
		feed = append(feed, []any{platform, i, i, "NO-" + id, "joined", "NS-1", "handling", nil, false})
		requests = append(requests, []any{platform, fmt.Sprintf("s-%05d", i), store.Millis(day(rnd.IntN(60))), 1, 1, 1, 0})
		pieces = append(pieces, []any{fmt.Sprintf("i-%03d", i/30), i % 30, "x", store.Millis(day(rnd.IntN(60)))})
		if i < 1000 {
			matters = append(matters, []any{fmt.Sprintf("m-%04d", i), fmt.Sprintf("c-%05d", i/2)})
			anchors = append(anchors, []any{fmt.Sprintf("an-%03d", i), i, store.Millis(day(i)), 20, "h", fmt.Sprintf("an-%03d", i-1)})
		}
	}
	var accounts, signIns, sessions, tokens [][]any
	for i := range 3000 {
		person := fmt.Sprintf("p-%04d", i)
		var disabled, ended any
		if rnd.IntN(10) == 0 {
			disabled = 1
		}
		if rnd.IntN(10) > 0 {
			ended = 1
		}
		at := store.Millis(day(rnd.IntN(60)))
		accounts = append(accounts, []any{person, 1, fmt.Sprintf("i-%04d", i), person, "h", at, nil, "[]", false, "", 0, "[]", nil, disabled, "", at, at, nil})
		signIns = append(signIns, []any{fmt.Sprintf("h-%04d", i), some("p-%04d", 3000), "h", false, "", at})
		sessions = append(sessions, []any{fmt.Sprintf("s-%04d", i), some("p-%04d", 300), "agent", some("10.0.0.%d", 200), 1800, at, at, at, ended, "", some("r-%04d", 300)})
		tokens = append(tokens, []any{fmt.Sprintf("h-%04d", i), some("s-%04d", 3000), at, nil, ""})
	}
	bulk(t, db, `accounts (person_id, version, login_index, login, password, password_at, password_until, history, must_change, totp, totp_step, recovery,
		unlocked_at, disabled_at, disabled_why, created_at, active_at, signed_in_at)`, accounts)
	bulk(t, db, `sign_ins (hash, person_id, password, second_factor, totp, expires_at)`, signIns)
	bulk(t, db, `sessions (id, person_id, agent, address, idle_seconds, started_at, seen_at, expires_at, ended_at, ended_why, wechat_id)`, sessions)
	bulk(t, db, `refresh_tokens (hash, session_id, made_at, rotated_at, salt)`, tokens)
	var inWeChat, phones, followers, consents, family, companies, codes [][]any
	for i := range 3000 {
		id := fmt.Sprintf("r-%04d", i)
		sealed := must[string](t)(storetest.Sealer.Seal([]byte(`{}`), "wechat_identities.sealed:"+id))
		number := must[string](t)(storetest.Sealer.Seal([]byte("1"), fmt.Sprintf("resident_phones.sealed:f-%04d", i)))
		index := storetest.Sealer.Blind("openid", fmt.Sprintf("o-%04d", i))
		inWeChat = append(inWeChat, []any{id, 1, index, some("u-%04d", 2000), sealed, i % 2, fmt.Sprintf("p-%04d", i), 1, 1, 1, 1})
		phones = append(phones, []any{fmt.Sprintf("q-%04d", i), fmt.Sprintf("f-%04d", i), some("r-%04d", 2000), number, i % 2, 1})
		consents = append(consents, []any{some("r-%04d", 2000), i, "h", 1})
		family = append(family, []any{fmt.Sprintf("c-%04d", i), some("r-%04d", 2000), some("r-%04d", 2000), "child", 1, nil, ""})
		companies = append(companies, []any{some("r-%04d", 2000), fmt.Sprintf("C%04d", i), "公司", 1})
		followers = append(followers, []any{fmt.Sprintf("f-%04d", i), some("u-%04d", 2000), some("p-%04d", 2000), must[string](t)(storetest.Sealer.Seal([]byte("o"), fmt.Sprintf("wechat_followers.sealed:f-%04d", i))), i % 2, i % 3, 1})
		codes = append(codes, []any{fmt.Sprintf("h-%04d", i), "scan", some("p-%04d", 300), "", "x", i % 2, 0, "", 1, store.Millis(day(rnd.IntN(60))), nil})
	}
	bulk(t, db, `wechat_identities (id, version, openid_index, union_index, sealed, sealed_key, staff_id, staff_at, resident_at, created_at, seen_at)`, inWeChat)
	bulk(t, db, `resident_phones (requester, id, identity_id, sealed, sealed_key, bound_at)`, phones)
	bulk(t, db, `wechat_followers (id, union_index, person_id, sealed, sealed_key, follows, changed_at)`, followers)
	bulk(t, db, `privacy_consents (person_id, version, hash, at)`, consents)
	bulk(t, db, `family_consents (id, grantor, grantee, relation, made_at, ended_at, ended_by)`, family)
	bulk(t, db, `resident_enterprises (identity_id, credit_code, name, bound_at)`, companies)
	var topics [][]any
	for i := range 3000 {
		topics = append(topics, []any{fmt.Sprintf("t-%05d", i), fmt.Sprintf("2026-01-%02d", i%30+1), some("topic-%d", 40), some("place-%d", 20)})
	}
	bulk(t, db, `ticket_topics (ticket_id, day, topic, place)`, topics)
	var happenings [][]any
	for i := range 5000 {
		happenings = append(happenings, []any{fmt.Sprintf("c-%05d", i), i % 7, some("kind-%d", 10), fmt.Sprintf("2026-%02d-%02d", i%12+1, i%28+1), some("d-%02d", 20), some("g-%02d", 40), some("topic-%d", 40)})
	}
	bulk(t, db, `happenings (case_id, seq, kind, happened_on, department_id, grid_id, topic)`, happenings)
	var lookups [][]any
	for i := range 2000 {
		lookups = append(lookups, []any{fmt.Sprintf("acc-%04d", i/4), fmt.Sprintf("2026-01-%02d", i%4+1), 1})
	}
	var switches [][]any
	for i := range 2000 {
		switches = append(switches, []any{fmt.Sprintf("acc-%04d", i), 1})
	}
	bulk(t, db, `subscribe_switches (account, off_at)`, switches)
	bulk(t, db, `order_lookups (account, day, tries)`, lookups)
	bulk(t, db, `one_use_codes (hash, kind, subject, step, sealed, sealed_key, tries, made_by, made_at, expires_at, used_at)`, codes)
	var changes, handovers [][]any
	for i := range 1000 {
		status := store.ChangeApplied
		if i%50 == 0 {
			status = store.ChangeOpen
		}
		changes = append(changes, []any{fmt.Sprintf("oc-%04d", i), string(status), true, false, 1, "p-001", i, "", nil, "{}", ""})
		handovers = append(handovers, []any{fmt.Sprintf("ho-%04d", i), some("p-%03d", 200), 1, i})
	}
	bulk(t, db, `organisation_changes (id, status, posts, whole, revision, proposed_by, proposed_at, decided_by, decided_at, preview, body)`, changes)
	bulk(t, db, `handovers (id, person_id, revision, created_at)`, handovers)
	bulk(t, db, `tickets (id, source, order_no, fingerprint, matter, requester, accepted_at, aging_at, case_id, sealed_body, sealed_raw, sealed_key, row_at, person_at, created_at, updated_at, matter_seq)`, tickets)
	bulk(t, db, `matter_decisions (id, seq, ticket_id, matter, kind, made_at, made_by, reason)`, decisions)
	bulk(t, db, `matter_pairs (matter_a, matter_b, ticket_a, ticket_b, likeness, state, found_at, decided_at, decided_by, reason)`, pairs)
	bulk(t, db, `ticket_identities (identity, accepted_at, ticket_id)`, identities)
	bulk(t, db, `retention_certificates (id, number, finished, started_at, version, body)`, certificates)
	bulk(t, db, `retention_items (certificate_id, seq, rule, ticket_id)`, items)
	bulk(t, db, `ticket_links (source, order_no, ticket_id)`, links)
	bulk(t, db, `inbox (id, recipient, stands_for, case_id, number, seq, kind, urgent, args, created_at, is_read, read_at)`, inbox)
	var outbox, deliveries, deliveryEvents, grants, reports, bundles [][]any
	for i, n := range inbox {
		state := []string{"told", "told", "told", "untold", "unconfirmed"}[rnd.IntN(5)]
		if i%3 > 0 {
			state = "waiting"
		}
		var bundle any
		if i%5 == 0 {
			bundle = some("n-%05d", 3000)
		}
		outbox = append(outbox, []any{n[0], n[0], n[1], n[6], false, i, i%3 == 0, 0, "", 0, state, "staff", bundle})
		at := store.Millis(day(rnd.IntN(60)))
		deliveries = append(deliveries, []any{n[0], "once", []string{"sent", "unconfirmed", "failed"}[rnd.IntN(3)], 1, some("a-%03d", 300), "tpl-1", 1, "", at, at, nil, 0, "", fmt.Sprintf("m-%05d", i), "", false})
		told := ""
		if i%10 > 0 {
			told = fmt.Sprint(n[0])
		}
		deliveryEvents = append(deliveryEvents, []any{fmt.Sprintf("e-%05d", i), "once", some("a-%03d", 300), "", fmt.Sprintf("m-%05d", i), true, "", at, told})
		grants = append(grants, []any{fmt.Sprintf("a-%03d", i/4), fmt.Sprintf("tpl-%d", i%4), 1, 0, nil, nil})
		reports = append(reports, []any{some("a-%03d", 300), fmt.Sprintf("tpl-%d", i%4), fmt.Sprint("r-", i), "client", "accept", at, true})
		bundles = append(bundles, []any{some("p-%03d", 200), i, n[0], false})
	}
	bulk(t, db, `outbox (id, inbox_id, recipient, kind, urgent, created_at, done, leased_until, lease, attempts, state, audience, bundle)`, outbox)
	bulk(t, db, `deliveries (notice_id, channel, state, tries, account, template, template_version, granted, started_at, tried_at, ended_at, code, rid, message_id, why, possible_double)`, deliveries)
	bulk(t, db, `delivery_events (id, channel, account, template, message_id, delivered, why, at, notice_id)`, deliveryEvents)
	bulk(t, db, `message_grants (account, template, remaining, standing, accepted_at, refused_at)`, grants)
	bulk(t, db, `grant_reports (account, template, id, source, answer, at, paired)`, reports)
	bulk(t, db, `notice_bundles (recipient, send_at, notice_id, joinable)`, bundles)
	var facts [][]any
	for i := range 3000 {
		facts = append(facts, []any{"hotline", fmt.Sprintf("NO-t-%05d", i), "dissatisfied", "2026-11-20", "s", i % 2, nil, i % 2, store.Millis(day(rnd.IntN(60)))})
	}
	var pushes [][]any
	for i := range 3000 {
		var next any
		if i%50 == 0 {
			next = store.Millis(day(rnd.IntN(60)))
		}
		pushes = append(pushes, []any{fmt.Sprintf("wp-%04d", i), "", store.Millis(day(rnd.IntN(60))), next, 0})
	}
	bulk(t, db, `wechat_pushes (id, body, received_at, next_at, attempts)`, pushes)
	bulk(t, db, `ticket_facts (source, order_no, list, listed_on, says, waiting, sealed_body, sealed_key, created_at)`, facts)
	bulk(t, db, `import_problems (import_id, line, part, fatal, order_no, message, created_at)`, problems)
	bulk(t, db, `anchor_heads (anchor_id, case_id, seq, hash)`, heads)
	bulk(t, db, `anchors (id, made_at, until_at, heads, hash, follows)`, anchors)
	bulk(t, db, `evidence (matter, item, case_id)`, evidence)
	bulk(t, db, `matters (matter, case_id)`, matters)
	bulk(t, db, `imports (id, file_name, source, created_by, started_at, result, active, lease)`, imports)
	bulk(t, db, `platform_tickets (ticket_id, platform, order_no)`, ofPlatforms)
	bulk(t, db, `platform_feed (platform, seq, at, order_no, kind, number, status, due_at, provisional)`, feed)
	bulk(t, db, `platform_requests (platform, signature, at, created, updated, unchanged, refused)`, requests)
	bulk(t, db, `import_chunks (import_id, no, body, created_at)`, pieces)
	bulk(t, db, `import_rows (import_id, line, body, created_at)`, pieces)
	var reviewed [][]any
	for i := range 3000 {
		key, state := 0, 0
		var next any
		switch i % 50 {
		case 0:
			key, state, next = 2, 1, store.Millis(day(rnd.IntN(60)))
		case 1:
			state, next = 2, store.Millis(day(rnd.IntN(60)))
		}
		reviewed = append(reviewed, []any{
			fmt.Sprintf("rv-%05d", i), state, false, "rate", some("c-%05d", 600), "NS-1", "t-1", "", "", key, "", "", store.Millis(day(3)), fmt.Sprintf("trace-%05d", i), next, next,
		})
	}
	bulk(t, db, `reviews (id, open, passed, command, case_id, number, ticket_id, attachment_id, sealed, sealed_key, reason, decided_by, created_at, trace, people_at, next_at)`, reviewed)
	var attachments [][]any
	for i := range 3000 {
		state, caseID, sealed, key := "kept", some("c-%05d", 600), "", 0
		var drop, kept any = nil, store.Millis(day(rnd.IntN(60)))
		switch i % 20 {
		case 0:
			state, caseID, kept, drop = "ready", "", nil, store.Millis(day(rnd.IntN(60)))
		case 1:
			state, kept = "erased", nil
		case 2, 3:
			key = 1
		default:
			key = 2
		}
		attachments = append(attachments, []any{fmt.Sprintf("a-%05d", i), some("p-%03d", 200), caseID, state, sealed, key, 100, "", "image/jpeg", 100, "h", true, 10, 10, store.Millis(day(3)), drop, kept})
	}
	bulk(t, db, `attachments (id, owner, case_id, state, sealed, sealed_key, announced, digest, type, size, sha256, thumb, width, height, created_at, drop_at, kept_at)`, attachments)
	var beside [][]any
	for i := range 3000 {
		key, ticketID := 2, some("t-%05d", 600)
		if i%10 == 0 {
			key, ticketID = 1, ""
		}
		beside = append(beside, []any{fmt.Sprintf("n-%05d", i), ticketID, some("p-%03d", 200), "facts", "shown", "", key, store.Millis(day(3))})
	}
	var places [][]any
	for i := range 3000 {
		key := 2
		if i%10 == 0 {
			key = 1
		}
		id := fmt.Sprintf("c-%05d", i)
		places = append(places, []any{id, id, some("p-%03d", 200), must[string](t)(db.Sealer().Seal([]byte("{}"), "locations.sealed:"+id)), key, store.Millis(day(3)), store.Millis(day(rnd.IntN(60)))})
	}
	bulk(t, db, `locations (id, case_id, author, sealed, sealed_key, created_at, kept_at)`, places)
	var told, met [][]any
	for i := range 3000 {
		var story any
		if i%3 == 0 {
			story = store.Millis(day(rnd.IntN(60)))
		}
		state := "published"
		if i%2 == 0 {
			state = "withdrawn"
		}
		told = append(told, []any{fmt.Sprintf("pb-%05d", i), fmt.Sprintf("c-%05d", i), state, "t", "w", store.Millis(day(rnd.IntN(60))), 0, "", "", "", story})
		met = append(met, []any{some("pb-%05d", 600), fmt.Sprintf("q-%05d", i), fmt.Sprintf("t-%05d", i), store.Millis(day(3))})
	}
	bulk(t, db, `publications (id, case_id, state, title, words, published_at, people, story_title, problem, done, story_at)`, told)
	bulk(t, db, `me_toos (publication_id, requester, ticket_id, at)`, met)
	bulk(t, db, `ticket_notes (id, ticket_id, author, kind, state, sealed, sealed_key, created_at)`, beside)
	bulk(t, db, `sequences (name, value)`, [][]any{{"case-2026", 5000}, {"audit-log", 3000}})
	bulk(t, db, `audit_log (seq, at, actor, action, object, hash, body)`, entries)
	bulk(t, db, `idempotency (actor, item, request, case_id, created_at)`, keys)
}

// analyse lets the database count its rows.
func analyse(t testing.TB, db *store.DB) {
	t.Helper()
	for name, of := range aliases {
		if of != "" {
			continue
		}
		text := `ANALYZE ` + name
		if db.Engine() == "mysql" {
			text = `ANALYZE TABLE ` + name
		}
		if _, err := db.Exec(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEveryReadUsesAnIndex(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		seedForPlans(t, db)
		take, err := db.Record()
		if err != nil {
			t.Fatal(err)
		}
		if db.Engine() == "mysql" {
			analyse(t, db) // it would by itself, some time later
		}
		type explained struct {
			store.Statement
			maySort bool
		}
		var statements []explained
		seen := map[string]bool{}
		for _, r := range reads() {
			take()
			var err error
			if r.outside != nil {
				err = r.outside(t.Context(), db)
			} else {
				err = db.InTx(t.Context(), func(ctx context.Context, tx *store.Tx) error { return errors.Join(r.inside(ctx, tx), errRollback) })
			}
			if err != nil && !errors.Is(err, errRollback) {
				t.Fatalf("%s %s: %v", r.method, r.what, err)
			}
			list := take()
			if len(list) == 0 {
				t.Errorf("%s %s sent no SELECT", r.method, r.what)
			}
			if slices.Contains(readsAll, r.method) {
				continue
			}
			for _, s := range list {
				key := s.Text + fmt.Sprint(s.Args...)
				if seen[key] {
					continue
				}
				seen[key] = true
				one := explained{s, slices.Contains(maySort, r.method)}
				statements = append(statements, one)
				if problems := explain(t, db, one.Statement, one.maySort); len(problems) > 0 {
					t.Errorf("%s %s: %s\n%s\n%v", r.method, r.what, strings.Join(problems, "\n"), s.Text, s.Args)
				}
			}
		}
		t.Logf("%d statements explained", len(statements))
		if db.Engine() == "sqlite" {
			// It never counts by itself; when somebody has let it, the plans must be as good.
			analyse(t, db)
			for _, s := range statements {
				if problems := explain(t, db, s.Statement, s.maySort); len(problems) > 0 {
					t.Errorf("analysed: %s\n%s\n%v", strings.Join(problems, "\n"), s.Text, s.Args)
				}
			}
		}
	})
}

var errRollback = errors.New("taken back")

// explain gives what is wrong with the plan of s.
func explain(t testing.TB, db *store.DB, s store.Statement, maySort bool) (problems []string) {
	t.Helper()
	prefix := `EXPLAIN `
	if db.Engine() == "sqlite" {
		prefix = `EXPLAIN QUERY PLAN `
	}
	rows, err := db.Query(t.Context(), prefix+s.Text, s.Args...)
	if err != nil {
		t.Fatalf("%v: %s", err, s.Text)
	}
	defer rows.Close()
	var plan []map[string]string
	names := must[[]string](t)(rows.Columns())
	for rows.Next() {
		cells := make([]sql.NullString, len(names))
		dest := make([]any, len(names))
		for i := range cells {
			dest[i] = &cells[i]
		}
		if err := rows.Scan(dest...); err != nil {
			t.Fatal(err)
		}
		row := map[string]string{}
		for i, name := range names {
			row[strings.ToLower(name)] = cells[i].String
		}
		plan = append(plan, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if db.Engine() == "sqlite" {
		problems = badSQLitePlan(plan, s.Text, maySort)
	} else {
		problems = badMySQLPlan(plan, s.Text, maySort)
	}
	if len(problems) > 0 {
		for _, row := range plan {
			line := ""
			for _, k := range slices.Sorted(maps.Keys(row)) {
				if row[k] != "" {
					line += " " + k + "=" + row[k]
				}
			}
			problems = append(problems, line)
		}
	}
	return problems
}

func bigTable(name string) bool { _, ok := aliases[name]; return ok }

// walks tells whether s reads a whole index in its order up to a limit: fine, it stops there.
func walks(text string) bool { return strings.Contains(text, "LIMIT") }

func badMySQLPlan(plan []map[string]string, text string, maySort bool) (problems []string) {
	for _, row := range plan {
		table, extra := row["table"], row["extra"]
		if !bigTable(table) {
			continue
		}
		sorts := strings.Contains(extra, "filesort") || strings.Contains(extra, "temporary")
		switch row["type"] {
		case "system", "const", "eq_ref", "ref", "range", "index_subquery", "unique_subquery":
		case "index":
			if !walks(text) || sorts {
				problems = append(problems, "reads a whole index of "+table)
			}
		default:
			problems = append(problems, "reads the whole table "+table)
		}
		if sorts && !maySort {
			problems = append(problems, "sorts "+table)
		}
		if strings.Contains(extra, "join buffer") {
			problems = append(problems, "joins "+table+" without an index")
		}
	}
	return problems
}

func badSQLitePlan(plan []map[string]string, text string, maySort bool) (problems []string) {
	outer := map[string]string{} // by parent: what its loop goes over
	for _, row := range plan {
		detail := row["detail"]
		words := strings.Fields(detail)
		switch words[0] {
		case "SCAN", "SEARCH":
			table := words[1]
			if _, ok := outer[row["parent"]]; !ok {
				outer[row["parent"]] = table
			}
			if !bigTable(table) {
				continue
			}
			switch {
			case strings.Contains(detail, "AUTOMATIC"):
				problems = append(problems, "makes an index of its own for "+table)
			case words[0] == "SCAN" && (!strings.Contains(detail, "INDEX") || !walks(text)):
				problems = append(problems, "reads the whole table "+table)
			}
		case "USE":
			if table := outer[row["parent"]]; bigTable(table) && !maySort {
				problems = append(problems, "sorts "+table)
			}
		}
	}
	return problems
}
