-- Every extension, line and number that ever took part in a call, once: a search for one that never did looks
-- at no call at all. The single words of journey.people, because a name may have spaces in it.

CREATE TABLE name (
    word TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

INSERT INTO name
WITH RECURSIVE split (word, rest) AS (
    SELECT '', people FROM (SELECT DISTINCT people FROM journey)
    UNION SELECT substr(rest, 1, instr(rest, ' ') - 1), substr(rest, instr(rest, ' ') + 1) FROM split
        WHERE instr(rest, ' ') > 0)
SELECT DISTINCT word FROM split WHERE word != '';
