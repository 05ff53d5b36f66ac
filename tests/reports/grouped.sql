-- For each way to group: key, calls in, those answered, calls out, over the tables of figures.sql. The office is in
-- Shanghai, eight hours before Greenwich all year.

-- hour
SELECT printf('%02d', (begun // 3600000 + 8) % 24) AS key, countif(inbound), countif(inbound AND fate = 'answered'),
    countif(NOT inbound) FROM of_period GROUP BY key;

-- day
SELECT strftime(make_timestamp((begun + 8 * 3600000) * 1000), '%Y-%m-%d') AS key, countif(inbound), countif(inbound
    AND fate = 'answered'), countif(NOT inbound) FROM of_period GROUP BY key;

-- agent
SELECT agent, countif(inbound), countif(inbound AND talked), countif(NOT inbound) FROM (
    SELECT id, inbound, leg.address AS agent, leg.answered_ms IS NOT NULL AS talked
    FROM (SELECT id, inbound, unnest(legs[2:]) AS leg FROM inward)
    UNION ALL SELECT id, inbound, line, true FROM outward) GROUP BY agent;

-- group
SELECT key, count(DISTINCT id), count(DISTINCT id) FILTER (fate = 'answered'), 0 FROM (
    SELECT id, fate, unnest(queue_waits).queue AS key FROM of_period
    UNION ALL SELECT id, fate, unnest(rings)."group" FROM of_period) WHERE key IS NOT NULL GROUP BY key;

-- line
SELECT line, count(*), countif(fate = 'answered'), 0 FROM inward GROUP BY line;

-- did
SELECT raw.did, count(*), countif(fate = 'answered'), 0 FROM inward JOIN raw USING (id) WHERE raw.did IS NOT NULL GROUP
    BY raw.did;

-- caller
SELECT number, count(*), countif(fate = 'answered'), 0 FROM inward WHERE number IS NOT NULL GROUP BY number;

-- source
SELECT source, count(*), countif(fate = 'answered'), 0 FROM inward JOIN raw USING (id) WHERE source <> '' GROUP BY source;
