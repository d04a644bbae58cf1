-- A sign-in at the console that was confirmed on a phone names the WeChat identity it was confirmed with, and so does its session:
-- both end with that identity. Those under way are scanned again.
DELETE FROM sign_ins WHERE scanned = 1;
ALTER TABLE sign_ins DROP COLUMN scanned;
ALTER TABLE sign_ins ADD COLUMN wechat_id VARCHAR(40) NOT NULL DEFAULT '';
-- 1 for a session at the console, which is no phone: it confirms no other console and has no other side.
ALTER TABLE sessions ADD COLUMN scanned SMALLINT NOT NULL DEFAULT 0;

-- What a member of staff bound WeChat with: phone, code (of the second factor) or invitation; '' for one bound before this was kept,
-- which counts as phone.
ALTER TABLE wechat_identities ADD COLUMN staff_by VARCHAR(10) NOT NULL DEFAULT '';

-- The same two residents have one consent at a time: ended_key is '' while it holds, and its id once it has ended.
ALTER TABLE family_consents ADD COLUMN ended_key VARCHAR(40) NOT NULL DEFAULT '';
UPDATE family_consents SET ended_at = made_at WHERE ended_at IS NULL AND id NOT IN
	(SELECT id FROM (SELECT MIN(id) AS id FROM family_consents WHERE ended_at IS NULL GROUP BY grantor, grantee) first);
UPDATE family_consents SET ended_key = id WHERE ended_at IS NOT NULL;
CREATE UNIQUE INDEX family_consents_holds ON family_consents (grantor, grantee, ended_key);
