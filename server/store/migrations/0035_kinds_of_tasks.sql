-- What waits for somebody says which kind of task it is, as the case does: support, duty, onsite.
UPDATE case_todos SET kind = COALESCE(REPLACE(JSON_EXTRACT((SELECT CAST(cases.body AS CHAR) FROM cases WHERE cases.id = case_todos.case_id), CONCAT('$.tasks."', ref, '".kind')), '"', ''), 'support') WHERE kind = 'task';
