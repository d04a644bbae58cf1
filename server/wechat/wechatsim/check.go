package wechatsim

import (
	"bytes"
	"crypto/sha256"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Words in a text that the stand-in finds something in.
const (
	RiskyWord  = "违法"
	ReviewWord = "待审"
)

const visitedWithin = 2 * time.Hour

func (s *Server) checkText(in *request) (any, error) {
	var ask struct {
		Version int    `json:"version"`
		OpenID  string `json:"openid"`
		Scene   int    `json:"scene"`
		Content string `json:"content"`
	}
	if err := in.read(&ask); err != nil {
		return nil, err
	}
	switch {
	case ask.Content == "":
		return nil, refused{44002, "empty post data"}
	case ask.Version != 2:
		return nil, refused{48001, "version 1 has been frozen"}
	case utf8.RuneCountInString(ask.Content) > 2500:
		return nil, refused{47001, "content size out of limit"}
	}
	if err := s.visitor(in.account, ask.OpenID, ask.Scene); err != nil {
		return nil, err
	}
	suggest, label := "pass", 100
	switch {
	case strings.Contains(ask.Content, RiskyWord):
		suggest, label = "risky", 20006
	case strings.Contains(ask.Content, ReviewWord):
		suggest, label = "review", 20003
	}
	s.looked(ask.OpenID, false, suggest)
	return map[string]any{
		"errcode": 0, "errmsg": "ok", "trace_id": draw(36), "result": map[string]any{"suggest": suggest, "label": label},
		"detail": []any{map[string]any{"strategy": "content_model", "errcode": 0, "suggest": suggest, "label": label, "prob": 90}},
	}, nil
}

// visitor checks who a text or picture is of.
func (s *Server) visitor(a *account, openid string, scene int) error {
	if scene < 1 || scene > 4 {
		return refused{40129, "invalid scene"}
	}
	p := s.user(a, openid)
	switch {
	case p == nil:
		return refused{40003, "invalid openid"}
	case s.rules.VisitWithin2h && s.now().Sub(p.Visited) > visitedWithin:
		return refused{61010, "code is expired"}
	}
	return nil
}

func (s *Server) checkMedia(in *request) (any, error) {
	var ask struct {
		URL     string `json:"media_url"`
		Type    int    `json:"media_type"`
		Version int    `json:"version"`
		OpenID  string `json:"openid"`
		Scene   int    `json:"scene"`
	}
	if err := in.read(&ask); err != nil {
		return nil, err
	}
	switch {
	case ask.Version != 2:
		return nil, refused{48001, "version 1 has been frozen"}
	case ask.URL == "" || ask.Type != 1 && ask.Type != 2:
		return nil, refused{40004, "invalid media type"}
	case !strings.HasPrefix(ask.URL, "http://") && !strings.HasPrefix(ask.URL, "https://"):
		return nil, refused{40035, "invalid media_url"}
	}
	if err := s.visitor(in.account, ask.OpenID, ask.Scene); err != nil {
		return nil, err
	}
	id := draw(36)
	s.tasks.Go(func() { // it is fetched later: there is no waiting for it
		e := event{FromUserName: ask.OpenID, Event: "wxa_media_check", AppID: s.app.id, TraceID: id, Version: 2, ErrCode: new(int)}
		img, err := s.fetch(ask.URL)
		s.mu.Lock()
		defer s.mu.Unlock()
		found := result{Suggest: Lost}
		if err != nil {
			*e.ErrCode, e.ErrMsg = s.rules.LostPictureCode, "picture cannot be fetched"
		} else {
			found = judge(img)
			e.Result = &found
		}
		s.looked(ask.OpenID, true, found.Suggest)
		s.tell(s.app, e)
	})
	return map[string]any{"errcode": 0, "errmsg": "ok", "trace_id": id}, nil
}

// Look is what the stand-in found in a text or a picture.
type Look struct {
	Phone   string    `json:"phone"`
	Picture bool      `json:"picture"`
	Suggest string    `json:"suggest"` // as the platform says it, or Lost
	At      time.Time `json:"at"`
}

// Lost is what a look says at a picture that could not be fetched.
const Lost = "lost"

const maxLooks = 200

func (s *Server) looked(openid string, picture bool, suggest string) {
	l := Look{Picture: picture, Suggest: suggest, At: s.now()}
	if p := s.user(s.app, openid); p != nil {
		l.Phone = p.ID
	}
	s.looks = append(s.looks, l)
	if len(s.looks) > maxLooks {
		s.looks = s.looks[1:]
	}
	s.changed()
}

// Looks gives what was looked at, the newest first.
func (s *Server) Looks() []Look {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := append([]Look{}, s.looks...)
	slices.Reverse(list)
	return list
}

// Scannable is a code that was made: of the mini-program, or of the official account.
type Scannable struct {
	Content string    `json:"content"`
	Follow  bool      `json:"follow"` // of the official account
	Scene   string    `json:"scene"`
	Page    string    `json:"page"`
	At      time.Time `json:"at"`
	Ends    time.Time `json:"ends"` // zero for never
}

const maxScans = 200

func (s *Server) made(c Scannable) {
	c.At = s.now()
	s.scans = append(s.scans, &c)
	if len(s.scans) > maxScans {
		s.scans = s.scans[1:]
	}
	s.changed()
}

// scannable gives the newest code with this content, unless it has ended.
func (s *Server) scannable(content string) *Scannable {
	for i := len(s.scans) - 1; i >= 0; i-- {
		if c := s.scans[i]; c.Content == content && (c.Ends.IsZero() || s.now().Before(c.Ends)) {
			return c
		}
	}
	return nil
}

// Scannables gives the codes that were made, the newest first.
func (s *Server) Scannables() []Scannable {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Scannable, 0, len(s.scans))
	for i := len(s.scans) - 1; i >= 0; i-- {
		list = append(list, *s.scans[i])
	}
	return list
}

// Scan is a person scanning a code: that of the official account follows it, that of the mini-program opens a page.
func (s *Server) Scan(phone, content string) (Opened, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.phone(phone)
	if p == nil {
		return Opened{}, errPhone
	}
	c := s.scannable(content)
	if c == nil {
		return Opened{}, errScan
	}
	if c.Follow {
		s.follow(p, c.Scene)
		return Opened{AppID: s.oa.id}, nil
	}
	p.Visited = s.now()
	s.changed()
	o := opened(s.app.id, c.Page)
	o.Query["scene"] = c.Scene
	return o, nil
}

const sceneLetters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ!#$&'()*+,/:;=?@-._~"

func (s *Server) scanCode(in *request) (any, error) {
	var ask struct {
		Scene   string `json:"scene"`
		Page    string `json:"page"`
		Check   *bool  `json:"check_path"`
		Version string `json:"env_version"`
		Width   int    `json:"width"`
		Hyaline bool   `json:"is_hyaline"`
	}
	if in.read(&ask) != nil || ask.Scene == "" || len(ask.Scene) > 32 {
		return nil, refused{40169, "invalid length for scene, or the data is not json string"}
	}
	switch {
	case strings.ContainsFunc(ask.Scene, func(c rune) bool { return !strings.ContainsRune(sceneLetters, c) }):
		return nil, refused{40129, "invalid scene"}
	case !strings.Contains(" release trial develop", " "+ask.Version):
		return nil, refused{40097, "invalid env_version"}
	case strings.HasPrefix(ask.Page, "/") || strings.Contains(ask.Page, "?") || ask.Page != "" && (ask.Check == nil || *ask.Check) && !s.there(ask.Page):
		return nil, refused{41030, "invalid page"}
	case ask.Width != 0 && (ask.Width < 280 || ask.Width > 1280):
		return nil, refused{40097, "invalid width"}
	}
	s.made(Scannable{Content: "mp:" + ask.Page + "?" + ask.Scene, Scene: ask.Scene, Page: ask.Page})
	img := pattern(ask.Scene)
	var b bytes.Buffer
	if ask.Hyaline {
		err := png.Encode(&b, img)
		return picture{s.rules.PictureType, b.Bytes()}, err
	}
	err := jpeg.Encode(&b, img, nil)
	return picture{"image/jpeg", b.Bytes()}, err
}

// pattern is a picture that differs from scene to scene and cannot be scanned.
func pattern(scene string) image.Image {
	const cells, size = 16, 20
	img := image.NewGray(image.Rect(0, 0, cells*size, cells*size))
	sum := sha256.Sum256([]byte(scene))
	for y := range cells * size {
		for x := range cells * size {
			if bit := y/size*cells + x/size; sum[bit/8]>>(bit%8)&1 == 0 {
				img.SetGray(x, y, color.Gray{Y: 255})
			}
		}
	}
	return img
}

func (s *Server) followCode(in *request) (any, error) {
	var ask struct {
		Seconds int    `json:"expire_seconds"`
		Action  string `json:"action_name"`
		Info    struct {
			Scene struct {
				Str string `json:"scene_str"`
			} `json:"scene"`
		} `json:"action_info"`
	}
	if err := in.read(&ask); err != nil {
		return nil, err
	}
	switch {
	case ask.Action != "QR_STR_SCENE" && ask.Action != "QR_LIMIT_STR_SCENE":
		return nil, refused{40053, "invalid action info"}
	case short(ask.Info.Scene.Str, 1, 64):
		return nil, refused{40051, "invalid scene_str"}
	case ask.Seconds < 0 || ask.Seconds > 30*24*3600:
		return nil, refused{40097, "invalid expire_seconds"}
	case ask.Seconds == 0:
		ask.Seconds = 60
	}
	ticket := "gQH" + draw(80) + "=="
	content := "http://weixin.qq.com/q/" + draw(22)
	s.made(Scannable{Content: content, Follow: true, Scene: ask.Info.Scene.Str, Ends: s.now().Add(time.Duration(ask.Seconds) * time.Second)})
	return map[string]any{"ticket": ticket, "expire_seconds": ask.Seconds, "url": content}, nil
}

// linkSite begins the links to pages of mini-programs.
const linkSite = "https://wxaurl.cn/"

func (s *Server) link(in *request) (any, error) {
	var ask struct {
		Path     string `json:"path"`
		Query    string `json:"query"`
		Type     int    `json:"expire_type"`
		Interval int    `json:"expire_interval"`
	}
	if err := in.read(&ask); err != nil {
		return nil, err
	}
	switch {
	case ask.Type == 1 && (ask.Interval < 1 || ask.Interval > 30):
		return nil, refused{85401, "invalid expire_interval"}
	case ask.Path != "" && !s.there(ask.Path):
		return nil, refused{40165, "invalid weapp pagepath"}
	}
	content := linkSite + draw(11)
	s.made(Scannable{Content: content, Page: strings.TrimPrefix(ask.Path, "/") + "?" + ask.Query})
	return map[string]any{"errcode": 0, "errmsg": "ok", "url_link": content}, nil
}
