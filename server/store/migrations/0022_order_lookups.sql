-- How often somebody has looked up an order number on a day in Shanghai. account is the blind index of their openid, so that leaving
-- and coming back begins no count anew; it is dropped when the day is over.
CREATE TABLE order_lookups (
	account VARCHAR(64) NOT NULL,
	day     VARCHAR(10) NOT NULL,
	tries   INTEGER     NOT NULL,
	PRIMARY KEY (account, day)
) {{options}};
CREATE INDEX order_lookups_day ON order_lookups (day);
