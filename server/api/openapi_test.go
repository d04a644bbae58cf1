package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"xiaopu/server/casework"
)

func TestOpenAPIIsUpToDate(t *testing.T) {
	var a, b bytes.Buffer
	if err := OpenAPI(&a); err != nil {
		t.Fatal(err)
	}
	if err := OpenAPI(&b); err != nil {
		t.Fatal(err)
	}
	if a.String() != b.String() {
		t.Error("two runs give different documents")
	}
	golden(t, "../../docs/openapi.json", a.Bytes())
}

// operations lists what the document has, by method and path.
func operations(doc *huma.OpenAPI) map[string]*huma.Operation {
	out := map[string]*huma.Operation{}
	for path, item := range doc.Paths {
		for method, op := range map[string]*huma.Operation{
			http.MethodGet: item.Get, http.MethodPost: item.Post, http.MethodDelete: item.Delete, http.MethodPut: item.Put, http.MethodPatch: item.Patch,
		} {
			if op != nil {
				out[method+" "+path] = op
			}
		}
	}
	return out
}

// Every route has a permission: in the table, in the document, and there is no other way in.
func TestEveryRouteHasAPermission(t *testing.T) {
	router, doc := build(Options{DevClock: true})
	table := map[string]route{}
	for _, r := range routes() {
		key := r.Method + " " + r.Path
		if _, twice := table[key]; twice {
			t.Errorf("%s stands twice in the table", key)
		}
		table[key] = r
		if r.Permission != signedIn && !slices.Contains(withoutToken, r.Permission) && len(grants[r.Permission]) == 0 {
			t.Errorf("%s has no permission that anybody has: %q", key, r.Permission)
		}
		path, inside := strings.CutPrefix(r.Path, v1)
		if (r.Permission == public) != (!inside || slices.Contains(signInRoutes, path)) {
			t.Errorf("%s: public is what lies outside %s and the routes of signing in, nothing else", key, v1)
		}
		if r.ID == "" || r.Tag == "" || !inChinese(r.Summary) {
			t.Errorf("%s: id, tag and Chinese summary must be there", key)
		}
	}
	documented := operations(doc)
	for key, op := range documented {
		r, ok := table[key]
		if !ok {
			t.Errorf("%s is documented and not in the table", key)
		}
		if op.Extensions["x-permission"] != string(r.Permission) || r.Permission == "" {
			t.Errorf("%s: x-permission %v", key, op.Extensions["x-permission"])
		}
		if (len(op.Security) == 0) != (r.Permission == public || r.Permission == byLink) {
			t.Errorf("%s: security %v", key, op.Security)
		}
		if op.Responses["default"] == nil || op.Responses["default"].Content[problemType] == nil {
			t.Errorf("%s does not document its problems", key)
		}
	}
	if len(documented) != len(table) {
		t.Errorf("%d operations for %d routes", len(documented), len(table))
	}
	pages := []string{"GET " + docsPath, "GET " + docsPath + "/", "GET " + docsPath + "/:file", "GET " + specPath}
	byTemplate := map[string]bool{}
	for key := range table {
		byTemplate[strings.NewReplacer("{", ":", "}", "").Replace(key)] = true
	}
	for _, r := range router.Routes() {
		if key := r.Method + " " + r.Path; !byTemplate[key] && !slices.Contains(pages, key) {
			t.Errorf("%s is on the router and not in the table", key)
		}
	}
	for p := range grants {
		if !slices.ContainsFunc(routes(), func(r route) bool { return r.Permission == p }) {
			t.Errorf("permission %q opens nothing", p)
		}
	}
}

// systemOnly are commands that no person gives: they have no route.
var systemOnly = []casework.Name{"report", "add_evidence", "update_ticket", "hand_over", "settle_content"}

func TestEveryCommandHasARoute(t *testing.T) {
	doc := func() *huma.OpenAPI { _, doc := build(Options{DevClock: true}); return doc }()
	documented := operations(doc)
	for _, name := range casework.Names() {
		op := documented["POST "+v1+"/cases/{id}/"+string(name)]
		switch {
		case slices.Contains(systemOnly, name): // a case to come, and the system's own
			if op != nil {
				t.Errorf("%s has a route", name)
			}
		case op == nil:
			t.Errorf("%s has no route", name)
		case op.Summary != name.Label():
			t.Errorf("%s: %s", name, op.Summary)
		default:
			schema := doc.Components.Schemas.SchemaFromRef(op.RequestBody.Content["application/json"].Schema.Ref)
			if schema == nil || schema.Properties["version"] == nil || !slices.Contains(schema.Required, "version") || schema.AdditionalProperties != any(false) {
				t.Errorf("%s: body %+v", name, schema)
			}
		}
	}
}

// What a reader of the document sees: every field in Chinese words, every reference with something behind it.
func TestDocumentIsWhole(t *testing.T) {
	_, doc := build(Options{DevClock: true})
	used := map[string]bool{}
	for name, schema := range doc.Components.Schemas.Map() {
		for property, p := range schema.Properties {
			if !inChinese(p.Description) && p.Description != "" || p.Description == "" {
				t.Errorf("%s.%s has no Chinese description: %q", name, property, p.Description)
			}
			used[property], used[name+"."+property] = true, true
		}
	}
	for _, w := range slices.Sorted(maps.Keys(words)) {
		if !used[w] {
			t.Errorf("words[%q] is the word for nothing", w)
		}
	}
	ids := map[string]string{}
	for key, op := range operations(doc) {
		if other, twice := ids[op.OperationID]; twice || op.OperationID == "" {
			t.Errorf("%s and %s share the id %q", key, other, op.OperationID)
		}
		ids[op.OperationID] = key
		for _, p := range op.Parameters {
			if !inChinese(p.Description) {
				t.Errorf("%s: parameter %s has no Chinese description", key, p.Name)
			}
		}
		changes := strings.HasPrefix(op.OperationID, "case_") || op.OperationID == "create_ticket" || op.OperationID == "start_upload" || op.OperationID == "report_case" || op.OperationID == "register_case" || op.OperationID == "split_matter" || op.OperationID == "merge_matters" || op.OperationID == "keep_matters_apart" || op.OperationID == "report_matter" || op.OperationID == "add_facts" || op.OperationID == "register_ticket" || op.OperationID == "answer_ticket"
		if has := slices.ContainsFunc(op.Parameters, func(p *huma.Param) bool { return p.Name == "Idempotency-Key" }); has != changes {
			t.Errorf("%s: Idempotency-Key documented: %v", key, has)
		}
	}
	var body bytes.Buffer
	if err := OpenAPI(&body); err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(body.Bytes(), &v); err != nil {
		t.Fatal(err)
	}
	checkReferences(t, doc, v)
	if n := strings.Count(body.String(), labelsKey); n > 0 {
		t.Errorf("%s is still there %d times", labelsKey, n)
	}
	for _, want := range []string{`"openapi": "3.1.0"`, `"bearerFormat": "JWT"`, "livelihood 民生"} {
		if !strings.Contains(body.String(), want) {
			t.Errorf("%s is not in the document", want)
		}
	}
}

func checkReferences(t *testing.T, doc *huma.OpenAPI, v any) {
	t.Helper()
	switch v := v.(type) {
	case map[string]any:
		if ref, ok := v["$ref"].(string); ok && doc.Components.Schemas.SchemaFromRef(ref) == nil {
			t.Errorf("%s points nowhere", ref)
		}
		for _, child := range v {
			checkReferences(t, doc, child)
		}
	case []any:
		for _, child := range v {
			checkReferences(t, doc, child)
		}
	}
}

// An example of the page is at least of the right form: the schema that refuses others accepts it.
func TestExamplesFitTheirSchemas(t *testing.T) {
	_, doc := build(Options{DevClock: true})
	for key, op := range operations(doc) {
		if op.RequestBody == nil || op.RequestBody.Content["application/json"] == nil {
			continue
		}
		body := op.RequestBody.Content["application/json"]
		raw, err := json.Marshal(body.Example)
		if err != nil {
			t.Fatal(err)
		}
		var v any
		if err := json.Unmarshal(raw, &v); err != nil {
			t.Fatal(err)
		}
		var res huma.ValidateResult
		huma.Validate(doc.Components.Schemas, body.Schema, huma.NewPathBuffer(nil, 0), huma.ModeWriteToServer, v, &res)
		for _, err := range res.Errors {
			t.Errorf("%s: the example %s does not fit: %v", key, raw, err)
		}
	}
}

// The values that the document lists are the ones the core knows: a new one must be named here too.
func TestEnumerationsHaveLabels(t *testing.T) {
	for _, e := range enumerations {
		if len(e.values) == 0 {
			t.Errorf("%s lists nothing", e.from)
		}
		for _, v := range e.values {
			if value := fmt.Sprint(v); !inChinese(e.labels[value]) && e.labels[value] != "Ⅲ级" {
				t.Errorf("%s %s: label %q", e.from, value, e.labels[value])
			}
		}
	}
}
