-- A call's lists in one deflated JSON text instead of nine tables: a call touches a third of the pages, a month is
-- read in half the time, and a new field of a list needs no column. Recordings and messages stay tables, because
-- the storage keeper asks for them. `deflate` and `normalise` are functions of the firmware that applies this file.

ALTER TABLE journey ADD COLUMN parts BLOB NOT NULL DEFAULT x''; -- see rows.py
ALTER TABLE journey ADD COLUMN party TEXT; -- the outside person's number, E.164: who called, or who was called
ALTER TABLE journey ADD COLUMN people TEXT NOT NULL DEFAULT ' '; -- ' 101 gsm1 ': who and what took part
ALTER TABLE journey ADD COLUMN talked_with TEXT NOT NULL DEFAULT ''; -- '101 104': who answered
ALTER TABLE journey ADD COLUMN recorded INTEGER NOT NULL DEFAULT 0; -- pieces of recording

UPDATE journey SET
    caller_normalised = coalesce(caller_normalised, normalise(caller)),
    party = CASE WHEN direction = 'outgoing'
            OR (SELECT kind FROM leg WHERE journey = seq AND position = 0) IN ('sip', 'handset', 'softphone')
        THEN (SELECT normalise(number) FROM leg
            WHERE journey = seq AND kind NOT IN ('sip', 'handset', 'softphone') ORDER BY position LIMIT 1)
        ELSE coalesce(caller_normalised, normalise(caller)) END,
    people = ' ' || coalesce((SELECT group_concat(name, ' ') || ' ' FROM (
        SELECT called AS name WHERE called IS NOT NULL UNION SELECT address FROM leg WHERE journey = seq
        UNION SELECT target FROM ring WHERE journey = seq)), ''),
    talked_with = coalesce((SELECT group_concat(DISTINCT address) FROM leg
        WHERE journey = seq AND position > 0 AND answered_ms IS NOT NULL), ''),
    recorded = (SELECT count(*) FROM recording WHERE journey = seq),
    parts = deflate(json_object(
        'legs', (SELECT json_group_array(json_object('id', id, 'kind', kind, 'direction', direction,
                'address', address, 'number', number, 'started_ms', started_ms, 'answered_ms', answered_ms,
                'ended_ms', ended_ms, 'cause', cause, 'ended_by', ended_by, 'detail', detail, 'mos', mos, 'loss', loss,
                'jitter_ms', jitter_ms)) FROM (SELECT * FROM leg WHERE journey = seq ORDER BY position)),
        'timeline', (SELECT json_group_array(json_object('at_ms', at_ms, 'kind', kind, 'text', text, 'leg_id', leg_id,
                'said', json(said)))
            FROM (SELECT * FROM timeline WHERE journey = seq ORDER BY position)),
        'queue_waits', (SELECT json_group_array(json_object('queue', queue, 'entered_ms', entered_ms,
                'ended_ms', ended_ms, 'end', "end", 'position', place, 'agent', agent))
            FROM (SELECT * FROM queue_wait WHERE journey = seq ORDER BY position)),
        'rings', (SELECT json_group_array(json_object('target', target, 'started_ms', started_ms, 'ended_ms', ended_ms,
                'result', result, 'reason', reason, 'cause', cause, 'group', "group", 'leg_id', leg_id))
            FROM (SELECT * FROM ring WHERE journey = seq ORDER BY position)),
        'holds', (SELECT json_group_array(json_object('by', "by", 'started_ms', started_ms, 'ended_ms', ended_ms))
            FROM (SELECT * FROM hold WHERE journey = seq ORDER BY position)),
        'transfers', (SELECT json_group_array(json_object('at_ms', at_ms, 'kind', kind, 'by', "by", 'to', "to",
                'completed', json(iif(completed, 'true', 'false')), 'detail', detail))
            FROM (SELECT * FROM transfer WHERE journey = seq ORDER BY position)),
        'survey', (SELECT json_group_array(json_object('question', question, 'at_ms', at_ms, 'points', points,
                'best', best, 'agent', agent)) FROM (SELECT * FROM survey_answer WHERE journey = seq ORDER BY position)),
        'wrap_ups', (SELECT json_group_array(json_object('agent', agent, 'started_ms', started_ms,
                'ended_ms', ended_ms, 'code', code)) FROM (SELECT * FROM wrap_up WHERE journey = seq ORDER BY position)),
        'notes', (SELECT json_group_array(json_object('agent', agent, 'at_ms', at_ms, 'text', text))
            FROM (SELECT * FROM note WHERE journey = seq ORDER BY position))));
UPDATE journey SET talked_with = replace(talked_with, ',', ' ') WHERE talked_with LIKE '%,%';

DROP TABLE leg;
DROP TABLE timeline;
DROP TABLE queue_wait;
DROP TABLE ring;
DROP TABLE hold;
DROP TABLE transfer;
DROP TABLE survey_answer;
DROP TABLE wrap_up;
DROP TABLE note;

-- The list of calls, newest first, is filtered in this index alone.
DROP INDEX journey_by_start;
CREATE INDEX journey_listing ON journey (started_wall_ms, outcome, recorded, people, party);

-- Everybody who ever called or was called, once: a part of a number is looked for here, not in every call.
DROP INDEX journey_by_caller;
CREATE INDEX journey_by_party ON journey (party, started_wall_ms) WHERE party IS NOT NULL;
CREATE TABLE party (
    number TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
INSERT INTO party SELECT DISTINCT party FROM journey WHERE party IS NOT NULL;
