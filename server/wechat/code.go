package wechat

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/silenceper/wechat/v2/util"
)

const (
	pathCode   = "/wxa/getwxacodeunlimit"
	pathFollow = "/cgi-bin/qrcode/create"
	pathLink   = "/wxa/generate_urllink"

	// pictureOfFollow shows a scene code of the official account as a picture, to a browser.
	pictureOfFollow = "https://mp.weixin.qq.com/cgi-bin/showqrcode?ticket="
)

// Scan asks for a code of the mini-program, the round one, of which there may be any number.
type Scan struct {
	Scene string // what the page receives, 1 to 32 of the characters that the platform names; no secret that outlives its use
	Page  string // without query and without a slash in front; "" for the first page
	Width int    // pixels, 280 to 1280; 0 means 430
}

// Picture is an image.
type Picture struct {
	Type string // of its content, as its bytes say
	Data []byte
}

// ScanCode makes a code that opens a page of the mini-program. Whether the page is in the released version is not checked, so
// that codes can be made before a release.
func (c *Client) ScanCode(ctx context.Context, s Scan) (Picture, error) {
	in := struct {
		Scene     string `json:"scene"`
		Page      string `json:"page,omitempty"`
		CheckPath bool   `json:"check_path"`
		Version   string `json:"env_version"`
		Width     int    `json:"width,omitempty"`
	}{s.Scene, s.Page, false, c.options.Version, s.Width}
	var p Picture
	err := c.with(ctx, c.app, pathCode, func(ctx context.Context, token string) error {
		body, err := util.PostJSONContext(ctx, platform+pathCode+"?access_token="+url.QueryEscape(token), in)
		if err != nil {
			return err
		}
		// The platform has been seen to name one type and send another.
		if t := http.DetectContentType(body); t == "image/jpeg" || t == "image/png" {
			p = Picture{Type: t, Data: body}
			return nil
		}
		var refused answer
		if err := json.Unmarshal(body, &refused); err != nil {
			return err
		}
		return refusal(pathCode, refused.ErrCode, refused.ErrMsg, token, s.Scene)
	}, s.Scene)
	return p, err
}

// FollowCode is a code of the official account: who scans it follows the account, and the event of it carries the scene.
type FollowCode struct {
	Content string // what the code holds, for drawing it
	Picture string // an address that shows it
	Life    time.Duration
}

// FollowCode makes a code with a scene of 1 to 64 characters, good for as long as life, 30 days at the most.
func (c *Client) FollowCode(ctx context.Context, scene string, life time.Duration) (FollowCode, error) {
	type named struct {
		Scene string `json:"scene_str"`
	}
	in := struct {
		Seconds int    `json:"expire_seconds"`
		Action  string `json:"action_name"`
		Info    any    `json:"action_info"`
	}{int(life / time.Second), "QR_STR_SCENE", map[string]named{"scene": {scene}}}
	var out struct {
		Ticket  string `json:"ticket"`
		Seconds int    `json:"expire_seconds"`
		URL     string `json:"url"`
	}
	if err := c.post(ctx, c.oa, platform+pathFollow, in, &out, scene); err != nil {
		return FollowCode{}, err
	}
	return FollowCode{Content: out.URL, Picture: pictureOfFollow + url.QueryEscape(out.Ticket), Life: time.Duration(out.Seconds) * time.Second}, nil
}

// maxLinkDays is how long a link lasts at the most.
const maxLinkDays = 30

// Link makes an address that opens a page of the mini-program from outside WeChat, such as from an SMS, for up to 30 days.
// Anybody may open it: the page asks who they are.
func (c *Client) Link(ctx context.Context, page, query string, days int) (string, error) {
	in := struct {
		Path     string `json:"path"`
		Query    string `json:"query"`
		Version  string `json:"env_version"`
		Type     int    `json:"expire_type"`
		Interval int    `json:"expire_interval"`
	}{"/" + page, query, c.options.Version, 1, min(max(days, 1), maxLinkDays)}
	var out struct {
		Link string `json:"url_link"`
	}
	err := c.post(ctx, c.app, platform+pathLink, in, &out)
	return out.Link, err
}
