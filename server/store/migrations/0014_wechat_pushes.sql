-- What WeChat has pushed: kept before it is answered, worked on afterwards. next_at is when somebody looks at it next, and
-- then until when; NULL when it is done, and body, which is sealed, is empty then. The row stays a while, so that the same
-- push is known again.
CREATE TABLE wechat_pushes (
	id          VARCHAR(32) NOT NULL PRIMARY KEY,
	body        TEXT        NOT NULL,
	received_at BIGINT      NOT NULL,
	next_at     BIGINT      NULL,
	attempts    INTEGER     NOT NULL
) {{options}};
CREATE INDEX wechat_pushes_next ON wechat_pushes (next_at, id);
CREATE INDEX wechat_pushes_received ON wechat_pushes (received_at, id);
