package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"
	"github.com/gin-gonic/gin"

	"xiaopu/server/apperr"
	"xiaopu/server/casework"
	"xiaopu/server/workflow"
)

// Problem is the body of every error: an RFC 9457 problem document. Its extension members say what the client can act
// on; it never holds a cause.
type Problem struct {
	Title     string         `json:"title" doc:"HTTP 状态的名称"`
	Status    int            `json:"status" doc:"HTTP 状态码"`
	Code      apperr.Code    `json:"code" doc:"错误类别"`
	Reason    string         `json:"reason" doc:"具体原因，稳定不变，如 case.version_conflict"`
	Message   string         `json:"message" doc:"给人看的中文说明：怎么了，该怎么办"`
	RequestID string         `json:"request_id" doc:"请求编号，报障时提供"`
	Fields    []apperr.Field `json:"fields,omitempty" doc:"哪几个输入有误"`
	// Allowed comes with a refused command, and is then there also when it is empty.
	Allowed []casework.Allowed `json:"allowed,omitzero" doc:"操作被拒绝时：您现在可以进行的操作"`
	Current *CurrentState      `json:"current,omitempty" doc:"版本冲突时：难事的最新状态"`
	// Preview comes when a change of the organisation would now do something else than what was read.
	Preview *workflow.OrganisationPreview `json:"preview,omitempty" doc:"组织架构变更与预览不同时：新的预览"`

	wait time.Duration // until it is worth another try; 0 for soon
}

// CurrentState is what a case is now, for a client that saw an older version.
type CurrentState struct {
	Version     int64           `json:"version"`
	Status      casework.Status `json:"status"`
	StatusLabel string          `json:"status_label"`
	Tier        casework.Tier   `json:"tier,omitempty"`
}

// Error is the message, for huma.
func (p *Problem) Error() string { return p.Message }

// GetStatus is the HTTP status, for huma.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is application/problem+json, for huma.
func (*Problem) ContentType(string) string { return problemType }

// GetHeaders are the headers that some statuses ask for, for huma.
func (p *Problem) GetHeaders() http.Header {
	switch p.Status {
	case http.StatusUnauthorized:
		return http.Header{"Www-Authenticate": {"Bearer"}}
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		return http.Header{"Retry-After": {strconv.Itoa(max(1, int(math.Ceil(p.wait.Seconds()))))}}
	}
	return nil
}

const problemType = "application/problem+json"

// statuses maps every code to its HTTP status. Reasons of HTTP's own have a more telling one.
var (
	statuses = map[apperr.Code]int{
		apperr.InvalidArgument:    http.StatusBadRequest,
		apperr.Unauthenticated:    http.StatusUnauthorized,
		apperr.PermissionDenied:   http.StatusForbidden,
		apperr.NotFound:           http.StatusNotFound,
		apperr.AlreadyExists:      http.StatusConflict,
		apperr.Aborted:            http.StatusConflict,
		apperr.FailedPrecondition: http.StatusConflict,
		apperr.ResourceExhausted:  http.StatusTooManyRequests,
		apperr.Unavailable:        http.StatusServiceUnavailable,
		apperr.Internal:           http.StatusInternalServerError,
	}
	reasonStatuses = map[string]int{
		errTooLarge.Reason:   http.StatusRequestEntityTooLarge,
		errMediaType.Reason:  http.StatusUnsupportedMediaType,
		errNoMethod.Reason:   http.StatusMethodNotAllowed,
		errSlowUpload.Reason: http.StatusRequestTimeout,
	}
)

var (
	errTooLarge   = apperr.New(apperr.InvalidArgument, "request.too_large", "提交的内容过大（一般最多 1 MB，推送工单最多 4 MB），请精简或分批后重试。")
	errMediaType  = apperr.New(apperr.InvalidArgument, "request.media_type", "请以 application/json 格式提交。")
	errNoMethod   = apperr.New(apperr.InvalidArgument, "request.method", "这个地址不支持这种请求方法，请核对接口文档。")
	errSlowUpload = apperr.New(apperr.InvalidArgument, "request.slow", "接收内容超时，请检查网络后重试。")
	errBroken     = apperr.New(apperr.InvalidArgument, "request.broken", "提交的内容没有收全，请检查网络后重试。")
	errNoRoute    = apperr.New(apperr.NotFound, "request.no_route", "没有这个地址，请核对接口文档。")
	errNoBody     = apperr.New(apperr.InvalidArgument, "request.no_body", "没有提交内容，请按接口文档提交 JSON。")
	errNoToken    = apperr.New(apperr.Unauthenticated, "auth.no_token", "请先登录。")
	errTrialToken = apperr.New(apperr.Unauthenticated, "auth.token_invalid", "登录凭证无效，请重新登录。").With(errors.New("it belongs to no session"))
	errNoSignIn   = apperr.New(apperr.Unavailable, "auth.unavailable", "本服务没有启用登录，请联系系统管理员。")
	errLeft       = apperr.New(apperr.Unauthenticated, "auth.left", "该账号已停用或不存在，请联系系统管理员。")
	errDenied     = apperr.New(apperr.PermissionDenied, "auth.denied", "您的岗位没有这项权限；如工作需要，请联系系统管理员。")
	errCancelled  = apperr.New(apperr.Unavailable, "request.cancelled", "请求已取消。")
	errTimeout    = apperr.New(apperr.Unavailable, "request.timeout", "处理超时，操作是否生效请刷新页面查看，再决定是否重新提交。")
)

// problem turns any error into what the client reads, and logs what it must not read.
func (s *server) problem(ctx context.Context, err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	x := exchangeOf(ctx)
	var e *apperr.Error
	if !errors.As(err, &e) {
		switch { // drivers have words of their own for a context that ended
		case errors.Is(err, context.DeadlineExceeded), errors.Is(ctx.Err(), context.DeadlineExceeded):
			e = errTimeout.With(err)
		case errors.Is(err, context.Canceled), ctx.Err() != nil: // nobody reads the answer
			e = errCancelled.With(err)
		default:
			e = apperr.New(apperr.Internal, "internal", "").With(err)
		}
	}
	p = newProblem(x, e)
	if p.Status >= http.StatusInternalServerError && p.Reason != errCancelled.Reason {
		s.log.ErrorContext(ctx, "request failed", slog.String("request_id", x.requestID), slog.String("reason", p.Reason), slog.Any("error", err))
	}
	return p
}

func newProblem(x *exchange, e *apperr.Error) *Problem {
	status, ok := reasonStatuses[e.Reason]
	if !ok {
		if status, ok = statuses[e.Code]; !ok {
			status = http.StatusInternalServerError
		}
	}
	p := &Problem{
		Title: http.StatusText(status), Status: status, Code: e.Code, Reason: e.Reason, Message: e.Message, RequestID: x.requestID, Fields: e.Fields,
	}
	if status == http.StatusInternalServerError {
		p.Code = apperr.Internal
		p.Message = "系统内部错误，请稍后再试；如一直如此，请把请求编号 " + x.requestID + " 告诉系统管理员。"
	}
	switch detail := e.Detail.(type) {
	case []casework.Allowed:
		p.Allowed = detail
	case map[string]any:
		p.Current = currentState(detail)
	case workflow.OrganisationPreview:
		p.Preview = &detail
	case time.Duration:
		p.wait = detail
	}
	x.reason = p.Reason
	return p
}

// currentState reads what workflow says of a case that has moved on.
func currentState(detail map[string]any) *CurrentState {
	var c CurrentState
	c.Version, _ = detail["version"].(int64)
	c.Status, _ = detail["status"].(casework.Status)
	c.StatusLabel, _ = detail["status_label"].(string)
	c.Tier, _ = detail["tier"].(casework.Tier)
	if c.Version == 0 {
		return nil
	}
	return &c
}

// write answers a request with a problem outside a handler.
func (s *server) write(c *gin.Context, p *Problem) {
	c.Abort()
	header := c.Writer.Header()
	for name, value := range p.GetHeaders() {
		header[name] = value
	}
	header.Set("Content-Type", problemType)
	c.Writer.WriteHeader(p.Status)
	if err := writeJSON(c.Writer, p); err != nil {
		s.log.DebugContext(c.Request.Context(), "write problem", slog.Any("error", err)) // the client went away
	}
}

// tuneHuma sets huma's package variables; this package is its only user. They are how huma lets its messages, its
// error document and its strictness be chosen.
var tuneHuma = sync.OnceFunc(func() {
	huma.DefaultArrayNullable = false
	huma.ValidateStrictCasing = true
	huma.NewError = func(status int, _ string, _ ...error) huma.StatusError { return &Problem{Status: status} }
	huma.NewErrorWithContext = func(ctx huma.Context, status int, message string, errs ...error) huma.StatusError {
		return exchangeOf(ctx.Context()).server.refused(ctx.Context(), status, message, errs)
	}
	validation.MsgUnexpectedProperty = unknownField
	validation.MsgExpectedRFC3339DateTime = wantTime
	validation.MsgExpectedRFC3339Date = "应为日期，如 2026-03-02"
	validation.MsgExpectedBoolean = "应为 true 或 false"
	validation.MsgExpectedNumber = "应为数字"
	validation.MsgExpectedInteger = "应为整数"
	validation.MsgExpectedString = "应为文字"
	validation.MsgExpectedArray = "应为列表"
	validation.MsgExpectedObject = "应为对象"
	validation.MsgExpectedArrayItemsUnique = "不能有重复项"
	validation.MsgExpectedOneOf = "只能是 %s 之一"
	validation.MsgExpectedMinimumNumber = "不能小于 %v"
	validation.MsgExpectedMaximumNumber = "不能大于 %v"
	validation.MsgExpectedMinLength = "至少 %d 个字"
	validation.MsgExpectedMaxLength = "最多 %d 个字"
	validation.MsgExpectedMatchPattern = "格式不正确"
	validation.MsgExpectedBePattern = "应为%s"
	validation.MsgExpectedMinItems = "至少要有 %d 项"
	validation.MsgExpectedMaxItems = "最多 %d 项"
	validation.MsgExpectedRequiredProperty = missing + "%s"
})

const (
	missing      = "缺少 " // before the name of a required property: it moves to the field's name
	required     = "这一项必填"
	unknownField = "没有这个字段，请核对名称"
	wantTime     = "应为带时区的时间，如 2026-03-02T09:00:00+08:00"
	maxFields    = 20 // told at once
)

// refused is the problem for what huma itself refuses: a request that cannot be read or does not fit its schema.
func (s *server) refused(ctx context.Context, status int, message string, errs []error) *Problem {
	for _, err := range errs {
		var p *Problem
		if errors.As(err, &p) { // one of ours, given by a resolver
			return p
		}
	}
	switch {
	case status == http.StatusRequestEntityTooLarge:
		return s.problem(ctx, errTooLarge)
	case status == http.StatusUnsupportedMediaType:
		return s.problem(ctx, errMediaType)
	case status == http.StatusRequestTimeout:
		return s.problem(ctx, errSlowUpload)
	case message == "cannot read request body":
		return s.problem(ctx, errBroken)
	case status != http.StatusBadRequest && status != http.StatusUnprocessableEntity:
		return s.problem(ctx, fmt.Errorf("huma: %d %s: %w", status, message, errors.Join(errs...)))
	case len(errs) == 0:
		return s.problem(ctx, errNoBody)
	}
	return s.problem(ctx, invalidInput(status, errs))
}

func invalidInput(status int, errs []error) *apperr.Error {
	e := apperr.New(apperr.InvalidArgument, "request.invalid", "")
	var said []string
	for _, err := range errs {
		f := field(status, err)
		if len(e.Fields) == maxFields {
			said = append(said, "等")
			break
		}
		e.Fields = append(e.Fields, f)
		if f.Name == "" {
			said = append(said, f.Message)
		} else {
			said = append(said, f.Name+"："+f.Message)
		}
	}
	e.Message = fmt.Sprintf("提交的内容有误：%s。请改正后重试。", strings.Join(said, "；"))
	return e
}

// field names the input that err is about and says in Chinese what is expected of it.
func field(status int, err error) apperr.Field {
	d := &huma.ErrorDetail{Message: err.Error()}
	var detailer huma.ErrorDetailer
	if errors.As(err, &detailer) {
		d = detailer.ErrorDetail()
	}
	_, name, inside := strings.Cut(d.Location, ".") // body.reason, query.limit, path.id, header.Idempotency-Key
	if !inside && d.Location == "body" && !inChinese(d.Message) {
		if status == http.StatusBadRequest {
			return apperr.Field{Message: "不是有效的 JSON"}
		}
		return apperr.Field{Message: "有字段的内容与要求不符"}
	}
	if property, ok := strings.CutPrefix(d.Message, missing); ok {
		if name != "" {
			property = name + "." + property
		}
		return apperr.Field{Name: property, Message: required}
	}
	return apperr.Field{Name: name, Message: expectation(d.Message)}
}

// expectation translates those of huma's messages that cannot be set.
func expectation(message string) string {
	switch {
	case strings.HasPrefix(message, "required ") && strings.HasSuffix(message, " parameter is missing"):
		return required
	case message == "invalid integer":
		return "应为整数"
	case message == "invalid boolean":
		return "应为 true 或 false"
	case strings.HasPrefix(message, "invalid date/time"):
		return wantTime
	case message == "unknown query parameter":
		return "没有这个查询参数，请核对名称"
	}
	message = strings.TrimPrefix(message, "invalid value: ")
	if inChinese(message) {
		return strings.TrimSuffix(message, "。")
	}
	return "格式不正确"
}

func inChinese(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Han, r) })
}
