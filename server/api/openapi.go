package api

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"xiaopu/server/workday"
)

const (
	schemaPrefix = "#/components/schemas/"
	bearer       = "bearer"
	platformKey  = "platform"
)

// document makes the OpenAPI document before any route is on it.
func document() *huma.OpenAPI {
	registry := huma.NewMapRegistry(schemaPrefix, schemaName)
	registry.RegisterTypeAlias(reflect.TypeFor[workday.Date](), reflect.TypeFor[dateText]())
	for _, e := range enumerations {
		registry.RegisterTypeAlias(e.from, e.to)
	}
	return &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title: "小浦帮办 API", Version: "1",
			Description: "“难事快办”分级响应机制的接口。时间一律为带时区的 RFC 3339，日期为 2026-03-02 的形式；列表用 next 翻页，没有 next 即到末尾；错误一律为 application/problem+json。",
		},
		Servers: []*huma.Server{{URL: "/"}},
		Components: &huma.Components{
			Schemas: registry,
			SecuritySchemes: map[string]*huma.SecurityScheme{
				bearer:      {Type: "http", Scheme: "bearer", BearerFormat: "JWT", Description: "登录令牌"},
				platformKey: {Type: "apiKey", In: "header", Name: "X-Signature", Description: "对接平台的签名，连同 X-Platform 和 X-Timestamp"},
			},
		},
		Tags: []*huma.Tag{
			{Name: tagSignIn, Description: "工作人员登录。得到的 access_token 放在 Authorization: Bearer 里"},
			{Name: tagMe, Description: "我是谁，什么在等我"},
			{Name: tagCases, Description: "难事项目库"},
			{Name: tagCommands, Description: "对一件难事的每一种操作。谁在什么状态下可以办，以难事的 allowed 为准"},
			{Name: tagTickets}, {Name: tagReviews, Description: "诉求人写的文字和上传的照片，别人看到之前先过审"}, {Name: tagAttachments, Description: "照片和文件：分段上传，断了接着传；凭几分钟有效的地址查看"}, {Name: tagAccounts, Description: "系统管理员管理工作人员的账号"}, {Name: tagOrganisation}, {Name: tagCalendar}, {Name: tagImports},
			{Name: tagIntake, Description: "向我们推送工单的其他系统"},
			{Name: tagDemo, Description: "仅演示环境"}, {Name: tagSystem},
		},
	}
}

// schemaName names a type in the document. Types of ticket bear its name, because casework has some of the same.
func schemaName(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	name := huma.DefaultSchemaNamer(t, hint)
	if strings.HasSuffix(t.PkgPath(), "/ticket") && !strings.HasPrefix(name, "Ticket") {
		name = "Ticket" + name
	}
	return name
}

// operation finds a route in the document.
func operation(doc *huma.OpenAPI, method, path string) *huma.Operation {
	item := doc.Paths[path]
	switch method {
	case http.MethodGet:
		return item.Get
	case http.MethodPost:
		return item.Post
	case http.MethodPut:
		return item.Put
	case http.MethodDelete:
		return item.Delete
	}
	panic(fmt.Sprintf("api: no place in the document for %s %s", method, path))
}

// describe gives every property and parameter without a description of its own the one of its name, one word per
// thing, and tells what its values mean.
func describe(doc *huma.OpenAPI) {
	for of, schema := range doc.Components.Schemas.Map() {
		for name, property := range schema.Properties {
			property.Description = description(cmp.Or(property.Description, words[of+"."+name], words[name]), property)
		}
	}
	for _, item := range doc.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Delete} {
			if op == nil {
				continue
			}
			for _, p := range op.Parameters {
				p.Description = description(p.Description, p.Schema)
				p.Schema.Description = ""
			}
		}
	}
}

// labelsKey carries an enumeration's labels from its schema to describe.
const labelsKey = "x-labels"

func description(text string, s *huma.Schema) string {
	values := s
	if s.Items != nil {
		values = s.Items
	}
	labels, _ := values.Extensions[labelsKey].(map[string]string)
	delete(values.Extensions, labelsKey)
	said := make([]string, 0, len(values.Enum))
	for _, v := range values.Enum {
		value, _ := v.(string)
		if label := labels[value]; label != "" {
			said = append(said, value+" "+label)
		}
	}
	if len(said) == 0 {
		return text
	}
	return strings.TrimPrefix(text+"："+strings.Join(said, "、"), "：")
}

// exemplify gives every JSON body an example, so that whoever tries an operation on the documentation page has only to
// put real values in: what must be there, and the ids that are chosen in most cases.
func exemplify(doc *huma.OpenAPI) {
	for _, item := range doc.Paths {
		for _, op := range []*huma.Operation{item.Post, item.Put} {
			if op == nil || op.RequestBody == nil {
				continue
			}
			if body := op.RequestBody.Content["application/json"]; body != nil && body.Example == nil {
				body.Example = example(doc.Components.Schemas, body.Schema)
			}
		}
	}
}

// usuallyChosen are optional properties that a person gives more often than not.
var usuallyChosen = []string{"handler_id", "text", "until", "working_days"}

func example(r huma.Registry, s *huma.Schema) any {
	for s.Ref != "" {
		s = r.SchemaFromRef(s.Ref)
	}
	switch {
	case len(s.Examples) > 0:
		return s.Examples[0]
	case len(s.Enum) > 0:
		return s.Enum[0]
	case s.Type == huma.TypeObject:
		out := map[string]any{}
		for name, property := range s.Properties {
			if slices.Contains(s.Required, name) || slices.Contains(usuallyChosen, name) {
				out[name] = example(r, property)
			}
		}
		return out
	case s.Type == huma.TypeArray:
		return []any{example(r, s.Items)}
	case s.Type == huma.TypeInteger:
		return 1
	case s.Type == huma.TypeBoolean:
		return true
	case s.Format == "date-time":
		return "2026-03-05T17:00:00+08:00"
	case s.Format == "date":
		return "2026-12-31"
	}
	text, _, _ := strings.Cut(s.Description, "；")
	return cmp.Or(text, "……")
}

// encodeDocument writes the document indented, with its keys in order, so that two runs give the same bytes.
func encodeDocument(doc *huma.OpenAPI) ([]byte, error) {
	raw, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("openapi: %w", err)
	}
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		return nil, fmt.Errorf("openapi: %w", err)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("openapi: %w", err)
	}
	return b.Bytes(), nil
}

// dateText is how a date looks in JSON.
type dateText struct{}

// Schema is a string of format date.
func (dateText) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date"}
}

// enumeration lets a string type of the core show its values in the document and be checked against them.
type enumeration struct {
	from, to reflect.Type
	values   []any
	labels   map[string]string
}

// valuesOf is the stand-in that huma asks for the schema of T.
type valuesOf[T ~string] struct{}

// Schema lists the values of T.
func (valuesOf[T]) Schema(huma.Registry) *huma.Schema {
	for _, e := range enumerations {
		if e.from == reflect.TypeFor[T]() {
			return &huma.Schema{Type: huma.TypeString, Enum: slices.Clone(e.values), Extensions: map[string]any{labelsKey: e.labels}}
		}
	}
	return &huma.Schema{Type: huma.TypeString}
}

// enumerate makes the enumeration of a type's values with a label each.
func enumerate[T ~string](values []T, label func(T) string) enumeration {
	e := enumeration{from: reflect.TypeFor[T](), to: reflect.TypeFor[valuesOf[T]](), labels: map[string]string{}}
	for _, v := range values {
		e.values = append(e.values, string(v))
		e.labels[string(v)] = label(v)
	}
	return e
}

// labelled makes an enumeration of values that have their labels here.
func labelled[T ~string](labels ...pair[T]) enumeration {
	byValue := map[T]string{}
	values := make([]T, len(labels))
	for i, p := range labels {
		values[i], byValue[p.value] = p.value, p.label
	}
	return enumerate(values, func(v T) string { return byValue[v] })
}

type pair[T ~string] struct {
	value T
	label string
}
