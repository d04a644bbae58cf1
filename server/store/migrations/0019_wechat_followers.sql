-- Who follows the official account, by the blind index of their openid there. person_id is whose code they scanned.
CREATE TABLE wechat_followers (
	id          VARCHAR(64) NOT NULL PRIMARY KEY,
	union_index VARCHAR(64) NOT NULL,
	person_id   VARCHAR(40) NOT NULL,
	sealed      TEXT        NOT NULL,
	sealed_key  INTEGER     NOT NULL,
	follows     SMALLINT    NOT NULL,
	changed_at  BIGINT      NOT NULL
) {{options}};
CREATE INDEX wechat_followers_union ON wechat_followers (union_index, follows, id);
CREATE INDEX wechat_followers_person ON wechat_followers (person_id, follows, id);
CREATE INDEX wechat_followers_sealed ON wechat_followers (sealed_key, id);

-- A sign-in at the console that was confirmed on the phone instead of with a password.
ALTER TABLE sign_ins ADD COLUMN scanned SMALLINT NOT NULL DEFAULT 0;
