-- The fleet's records. Partitioned by the month in a journey's id, which never changes, so that a repeat always meets
-- the row it repeats; when a call began may be corrected later (a box without the time).

CREATE TABLE IF NOT EXISTS site (
    site      text PRIMARY KEY,
    key       text NOT NULL, -- shared secret of its signatures
    added     timestamptz NOT NULL DEFAULT now(),
    last_seen timestamptz
);

CREATE TABLE IF NOT EXISTS record (
    site       text NOT NULL,
    id         text NOT NULL,
    filed      date NOT NULL,
    epoch      text NOT NULL,
    seq        bigint NOT NULL,
    revision   integer NOT NULL,
    started    timestamptz, -- NULL while the box didn't know the time
    traffic    text NOT NULL,
    fate       text NOT NULL,
    line       text NOT NULL,
    did        text,
    party      text,
    waited_ms  bigint,
    talk_ms    bigint NOT NULL,
    hold_ms    bigint NOT NULL,
    wrap_ms    bigint NOT NULL,
    journey    jsonb NOT NULL,
    received   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (site, id, filed)
) PARTITION BY RANGE (filed);

CREATE TABLE IF NOT EXISTS record_undated PARTITION OF record DEFAULT;

CREATE INDEX IF NOT EXISTS record_by_start ON record (site, started);

-- What could not be taken, for somebody to look at.
CREATE TABLE IF NOT EXISTS refused (
    received timestamptz NOT NULL DEFAULT now(),
    site     text NOT NULL,
    reason   text NOT NULL,
    body     bytea NOT NULL
);

-- Numbers of one epoch have no gaps at the box, so a gap here is a record that hasn't arrived.
CREATE OR REPLACE VIEW site_gap AS
    SELECT site, epoch, max(seq) AS newest, max(seq) - min(seq) + 1 - count(*) AS missing
    FROM record GROUP BY site, epoch;

-- firmware.reports.waiting in SQL, a row a site and month; T = 20 s, short abandons under 5 s.
CREATE OR REPLACE VIEW site_month AS
    SELECT site, date_trunc('month', started) AS month,
        count(*) AS calls_in,
        count(*) FILTER (WHERE fate = 'answered') AS answered,
        count(*) FILTER (WHERE fate = 'ivr') AS ivr_only,
        count(*) FILTER (WHERE fate IN ('abandoned', 'missed', 'failed')) AS lost,
        count(*) FILTER (WHERE fate = 'answered' AND waited_ms <= 20000)::float
            / nullif(count(*) FILTER (WHERE fate = 'answered' OR (fate = 'abandoned' AND waited_ms >= 5000)), 0)
            AS service_level,
        count(*) FILTER (WHERE fate = 'abandoned' AND waited_ms >= 5000)::float
            / nullif(count(*) FILTER (WHERE fate = 'answered' OR (fate = 'abandoned' AND waited_ms >= 5000)), 0)
            AS abandon_rate,
        avg(waited_ms) FILTER (WHERE fate = 'answered') / 1000 AS asa_s,
        count(*) FILTER (WHERE fate = 'answered')::float / nullif(count(*) FILTER (WHERE fate <> 'ivr'), 0) AS connect_rate,
        count(*) FILTER (WHERE fate = 'abandoned' AND waited_ms < 5000) AS short_abandons
    FROM record WHERE traffic = 'inbound' AND started IS NOT NULL GROUP BY 1, 2;

-- firmware.reports.handling and outbound.
CREATE OR REPLACE VIEW site_month_work AS
    SELECT site, date_trunc('month', started) AS month,
        avg(talk_ms + hold_ms + wrap_ms) FILTER (WHERE fate = 'answered') / 1000 AS aht_s,
        avg(talk_ms) FILTER (WHERE fate = 'answered') / 1000 AS att_s,
        avg(wrap_ms) FILTER (WHERE fate = 'answered') / 1000 AS wrap_up_s,
        count(*) FILTER (WHERE traffic = 'outbound') AS calls_out,
        count(*) FILTER (WHERE traffic = 'outbound' AND fate = 'answered')::float
            / nullif(count(*) FILTER (WHERE traffic = 'outbound'), 0) AS work_rate
    FROM record WHERE traffic <> 'internal' AND started IS NOT NULL GROUP BY 1, 2;

-- firmware.reports.callers: one call was enough (7 days, mature calls only), and what callers thought of it.
CREATE OR REPLACE VIEW site_month_callers AS
    WITH contact AS (
        SELECT site, id, started, fate, journey, CASE WHEN party IS NOT NULL
            THEN lead(started) OVER (PARTITION BY site, party ORDER BY started) END AS again
        FROM record WHERE traffic = 'inbound' AND started IS NOT NULL),
    answer AS (
        SELECT site, id, (one->>'points')::int AS points FROM contact, jsonb_array_elements(journey->'survey') AS one
        WHERE one->>'points' IS NOT NULL)
    SELECT contact.site, date_trunc('month', started) AS month,
        avg((again IS NULL OR again > started + interval '7 days')::int)
            FILTER (WHERE fate = 'answered' AND started <= now() - interval '7 days') AS fcr,
        sum(given.points)::float / nullif(count(given.points), 0) AS csat,
        count(*) FILTER (WHERE fate = 'answered' AND journey->'tags' ? 'complaint')::float
            / nullif(count(*) FILTER (WHERE fate = 'answered'), 0) AS complaints
    FROM contact LEFT JOIN (SELECT site, id, sum(points) AS points FROM answer GROUP BY 1, 2) AS given USING (site, id)
    GROUP BY 1, 2;

-- Calls in by hour of the day and by day, in the database's time zone.
CREATE OR REPLACE VIEW site_hour AS
    SELECT site, date_trunc('month', started) AS month, extract(hour FROM started)::int AS hour, count(*) AS calls_in,
        count(*) FILTER (WHERE fate = 'answered') AS answered
    FROM record WHERE traffic = 'inbound' AND started IS NOT NULL GROUP BY 1, 2, 3;
