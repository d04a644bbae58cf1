-- What the columns of a source's sheets mean, as people have said it. body is the profile.
CREATE TABLE import_profiles (
	id         VARCHAR(40)  NOT NULL PRIMARY KEY,
	source     VARCHAR(20)  NOT NULL,
	name       VARCHAR(100) NOT NULL,
	version    BIGINT       NOT NULL,
	body       MEDIUMTEXT   NOT NULL,
	created_at BIGINT       NOT NULL,
	created_by VARCHAR(40)  NOT NULL,
	updated_at BIGINT       NOT NULL,
	updated_by VARCHAR(40)  NOT NULL,
	UNIQUE (source, name)
) {{options}};

-- What an import was told beside its source: the profile, the list.
ALTER TABLE imports ADD COLUMN settings MEDIUMTEXT NULL;
