-- Each figure's and variant's numerator and denominator, over the tables of figures.sql. The key stands above.

-- calls_in
SELECT count(*), 1 FROM inward;

-- calls_answered
SELECT count(*), 1 FROM inward WHERE fate = 'answered';

-- calls_out
SELECT count(*), 1 FROM outward;

-- service_level
SELECT countif(fate = 'answered' AND waited <= 20000), countif((fate = 'answered' OR (fate = 'abandoned' AND waited
    >= 5000))) FROM inward;

-- service_level.answered
SELECT countif(waited <= 20000), count(*) FROM inward WHERE fate = 'answered';

-- service_level.both
SELECT countif(waited <= 20000), count(*) FROM inward WHERE fate IN ('answered', 'abandoned');

-- service_level.missed
SELECT countif(fate = 'answered' AND waited <= 20000), count(*) FROM inward WHERE fate IN ('answered', 'abandoned',
    'missed');

-- abandon_rate
SELECT countif(fate = 'abandoned' AND (fate = 'answered' OR (fate = 'abandoned' AND waited >= 5000))), countif((fate
    = 'answered' OR (fate = 'abandoned' AND waited >= 5000))) FROM inward;

-- abandon_rate.all
SELECT countif(fate = 'abandoned'), count(*) FROM inward WHERE fate IN ('answered', 'abandoned');

-- short_abandons
SELECT countif(fate = 'abandoned' AND waited < 5000), 1 FROM inward;

-- asa
SELECT sum(waited) / 1000, count(*) FROM inward WHERE fate = 'answered';

-- asa.offered
SELECT sum(waited) / 1000, count(*) FROM inward WHERE waited IS NOT NULL;

-- connect_rate
SELECT countif(fate = 'answered'), count(*) FROM inward WHERE fate <> 'ivr';

-- connect_rate.all
SELECT countif(fate = 'answered'), count(*) FROM inward;

-- ivr_only
SELECT countif(fate = 'ivr'), count(*) FROM inward;

-- lost
SELECT countif(fate IN ('abandoned', 'missed', 'failed')), 1 FROM inward;

-- follow_up
SELECT countif(EXISTS (FROM contact n WHERE n.number = c.number AND n.begun > c.begun AND n.begun <= c.begun +
    86400000)), count(*) FROM inward c WHERE fate IN ('abandoned', 'missed', 'failed') AND number IS NOT NULL;

-- aht
SELECT sum(talked_ms + wrapped) / 1000, count(*) FROM handled;

-- aht.without_wrap_up
SELECT sum(talked_ms) / 1000, count(*) FROM handled;

-- att
SELECT sum(talked_ms - held) / 1000, count(*) FROM handled;

-- wrap_up
SELECT sum(wrapped) / 1000, count(*) FROM handled;

-- occupancy
SELECT (SELECT sum(ms) / 1000 FROM work WHERE agent IN (SELECT agent FROM span WHERE started.wall_ms < until() AND
    started.wall_ms + duration_ms > since())), (SELECT sum(least(started.wall_ms + duration_ms, until()) -
    greatest(started.wall_ms, since())) / 1000 FROM span WHERE started.wall_ms < until() AND started.wall_ms +
    duration_ms > since() AND state <> 'break');

-- calls_per_hour
SELECT (SELECT count(*) FROM handled WHERE id IN (SELECT id FROM work WHERE talked AND agent IN (SELECT agent FROM
    span WHERE started.wall_ms < until() AND started.wall_ms + duration_ms > since()))), (SELECT
    sum(least(started.wall_ms + duration_ms, until()) - greatest(started.wall_ms, since())) / 3600000 FROM span
    WHERE started.wall_ms < until() AND started.wall_ms + duration_ms > since() );

-- fcr
SELECT countif(NOT EXISTS (FROM call n WHERE n.inbound AND n.number = c.number AND n.begun > c.begun AND n.begun <=
    c.begun + 7 * 86400000)), count(*) FROM inward c WHERE fate = 'answered' AND begun <= now() - 7 * 86400000;

-- fcr.so_far
SELECT countif(NOT EXISTS (FROM call n WHERE n.inbound AND n.number = c.number AND n.begun > c.begun AND n.begun <=
    c.begun + 7 * 86400000)), count(*) FROM inward c WHERE fate = 'answered';

-- repeat_callers
SELECT countif(n > 1), count(*) FROM (SELECT count(*) AS n FROM inward WHERE number IS NOT NULL GROUP BY number);

-- csat
SELECT sum(points), count(DISTINCT id) FROM answer WHERE points IS NOT NULL;

-- csat.keys
SELECT sum(points), count(*) FROM answer WHERE points IS NOT NULL;

-- csat.share
SELECT sum(points), sum(best) FROM answer WHERE points IS NOT NULL;

-- response_rate
SELECT count(DISTINCT id) FILTER (points IS NOT NULL), count(DISTINCT id) FROM answer;

-- complaints
SELECT countif(list_contains(tags, 'complaint')), count(*) FROM inward WHERE fate = 'answered';

-- messages
SELECT countif(message), 1 FROM inward;

-- work_rate
SELECT countif(fate = 'answered'), count(*) FROM outward;

-- introduced
SELECT countif((SELECT word FROM code WHERE code.id = o.id LIMIT 1) IN ('success', '成功', 'failure', 'considering')),
    count(*) FROM outward o WHERE fate = 'answered';

-- sold
SELECT countif((SELECT word FROM code WHERE code.id = o.id LIMIT 1) IN ('success', '成功')), count(*) FROM outward o
    WHERE fate = 'answered';

-- sold.attempts
SELECT countif(fate = 'answered' AND (SELECT word FROM code WHERE code.id = o.id LIMIT 1) IN ('success', '成功')),
    count(*) FROM outward o;

-- orders
SELECT count(*), 1 FROM inward WHERE id IN (SELECT id FROM code WHERE word IN ('order', '工单'));

-- orders_followed
SELECT countif(EXISTS (FROM contact n WHERE n.number = c.number AND n.begun > c.begun AND n.begun <= c.begun + 7 *
    86400000)), count(*) FROM inward c WHERE number IS NOT NULL AND id IN (SELECT id FROM code WHERE word IN
    ('order', '工单'));

-- line_occupancy
SELECT sum(t - f) / 1000, count(DISTINCT line) * (least(until(), now()) - since()) / 1000 FROM taken;

-- busy_hour_traffic
SELECT u, 1 FROM busy;

-- blocking
SELECT (u ** n / factorial(n)) / list_sum([u ** k / factorial(k::INTEGER) for k in range(0, n + 1)]), 1 FROM (SELECT
    (SELECT u FROM busy) AS u, (SELECT count(DISTINCT line) FROM taken)::INTEGER AS n);

-- attendance
SELECT present, planned FROM staff;

-- turnover
SELECT leavers, full_time FROM staff;

-- monitoring_score
SELECT list_sum(scores), len(scores) FROM staff;
