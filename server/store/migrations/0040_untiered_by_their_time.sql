-- What nobody has dispatched yet stands in lists where the centre's time for it ends or has ended, not at when somebody is told again.
UPDATE cases SET sort_at = COALESCE((SELECT t.due_at FROM case_todos t WHERE t.case_id = cases.id AND t.addressee = 'centre' AND t.kind IN ('register', 'dispatch')), sort_at)
	WHERE status IN ('reported', 'registered') AND due_at IS NULL;
UPDATE case_viewers SET sort_at = (SELECT c.sort_at FROM cases c WHERE c.id = case_viewers.case_id) WHERE status IN ('reported', 'registered');
