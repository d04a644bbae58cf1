-- A department's open cases of one handler are one range, what falls due first in front; so are the counts of all its handlers.
CREATE INDEX cases_team ON cases (lead_department_id, open, handler_id, sort_at, id);
