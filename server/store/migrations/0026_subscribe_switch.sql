-- WeChat accounts whose owner has switched subscribe messages off as a whole, as their client last said. Dropped when they allow something again.
CREATE TABLE subscribe_switches (
	account VARCHAR(64) NOT NULL PRIMARY KEY,
	off_at  BIGINT      NOT NULL
) {{options}};
