-- A number goes with the last call it took part in: `name` keeps the office's extensions and lines only (a number
-- has seven digits in a row, an extension at most six), `party` what calls are left of.

DELETE FROM name WHERE word GLOB '*[0-9][0-9][0-9][0-9][0-9][0-9][0-9]*';
DELETE FROM party WHERE NOT EXISTS (SELECT 1 FROM journey WHERE journey.party = number);
