-- What the trace says as a code with values, besides the English text; 'null' where there is no code.

ALTER TABLE timeline ADD COLUMN said TEXT NOT NULL DEFAULT 'null';
