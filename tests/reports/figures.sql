-- The figures once more, independently: DuckDB over the raw journeys (table `raw`, as they are written to the cloud),
-- the agents' time (`span`) and staff (`staff`). `since`, `until` and `now` are macros set by the test.

CREATE TABLE call AS
WITH seen AS (
    SELECT id, started.wall_ms AS begun, line, called, caller_normalised, talked_ms, duration_ms, outcome, answered_ms, legs,
        queue_waits, rings, wrap_ups, survey, tags,
        legs[1].kind <> 'sip' AS inbound,
        len(voicemails) > 0 AS message,
        least(talked_ms, coalesce(list_sum([h.ended_ms - h.started_ms for h in holds]), 0)) AS held,
        coalesce(list_sum([w.ended_ms - w.started_ms for w in wrap_ups]), 0) AS wrapped,
        coalesce(queue_waits[1].entered_ms, list_min([r.started_ms for r in rings])) AS began,
        list_min([l.answered_ms for l in legs[2:] if l.answered_ms IS NOT NULL]) AS reached_ms
    FROM raw)
SELECT *,
    CASE WHEN inbound THEN caller_normalised ELSE '+86' || right(called, 11) END AS number,
    CASE WHEN outcome = 'answered' THEN 'answered'
        WHEN outcome = 'failed' THEN 'failed'
        WHEN NOT inbound THEN 'missed'
        WHEN began IS NULL THEN 'ivr'
        WHEN message THEN 'missed'
        WHEN outcome = 'abandoned' THEN 'abandoned'
        ELSE 'missed' END AS fate,
    CASE WHEN began IS NULL THEN NULL
        WHEN outcome = 'answered' THEN reached_ms - began
        WHEN outcome = 'failed' THEN duration_ms - began
        ELSE coalesce(queue_waits[-1].ended_ms, duration_ms) - began END AS waited
FROM seen;

CREATE VIEW of_period AS SELECT * FROM call WHERE begun >= since() AND begun < until();
CREATE VIEW inward AS SELECT * FROM of_period WHERE inbound;
CREATE VIEW outward AS SELECT * FROM of_period WHERE NOT inbound;
CREATE VIEW handled AS SELECT * FROM of_period WHERE fate = 'answered';
CREATE VIEW contact AS SELECT number, begun FROM call WHERE fate = 'answered' AND number IS NOT NULL;
CREATE VIEW answer AS SELECT id, unnest(survey).points AS points, unnest(survey).best AS best FROM inward;
CREATE VIEW code AS SELECT id, lower(unnest(wrap_ups).code) AS word FROM of_period;

-- What each agent did of a call: connected time on the agent's own leg, or the whole talk of a call made, and wrap-up.
CREATE VIEW work AS
SELECT id, agent, sum(ms) AS ms, bool_or(talked) AS talked FROM (
    SELECT id, leg.address AS agent, leg.ended_ms - leg.answered_ms AS ms, true AS talked
    FROM (SELECT id, unnest(legs[2:]) AS leg FROM inward) WHERE leg.kind = 'sip' AND leg.answered_ms IS NOT NULL
    UNION ALL SELECT id, line, talked_ms, true FROM outward
    UNION ALL SELECT id, w.agent, w.ended_ms - w.started_ms, false FROM (SELECT id, unnest(wrap_ups) AS w FROM of_period))
GROUP BY ALL;

CREATE VIEW taken AS
SELECT id, leg.address AS line, greatest(begun + leg.started_ms, since()) AS f, least(begun + leg.ended_ms, until()) AS t
FROM (SELECT id, begun, unnest(legs) AS leg FROM of_period) WHERE leg.kind = 'gsm' AND leg.ended_ms > leg.started_ms;

CREATE VIEW busy AS
SELECT max(load) AS u FROM (
    SELECT sum(least(t, (h + 1) * 3600000) - greatest(f, h * 3600000)) / 3600000.0 AS load
    FROM (SELECT f, t, unnest(range(f // 3600000, (t - 1) // 3600000 + 1)) AS h FROM taken) GROUP BY h);
