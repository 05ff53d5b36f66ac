-- Text messages over the lines: what came in, what is to be sent and how far it has come.

CREATE TABLE text_in (
    seq              INTEGER PRIMARY KEY,
    ident            TEXT NOT NULL UNIQUE, -- the line's own: a message told again isn't stored again
    line             TEXT NOT NULL,
    number           TEXT NOT NULL,
    body             TEXT NOT NULL,
    complete         INTEGER NOT NULL,
    sent             TEXT, -- by the network's clock, ISO 8601
    received_wall_ms INTEGER NOT NULL,
    handled          INTEGER NOT NULL DEFAULT 0 -- whoever listens for messages has had it
) STRICT;

CREATE TABLE text_out (
    seq             INTEGER PRIMARY KEY,
    key             TEXT NOT NULL UNIQUE,
    line            TEXT, -- NULL: any that carries messages
    number          TEXT NOT NULL,
    body            TEXT NOT NULL,
    purpose         TEXT NOT NULL,
    author          TEXT NOT NULL,
    state           TEXT NOT NULL, -- queued, uncertain, sent, delivered, failed
    detail          TEXT NOT NULL,
    parts_done      INTEGER NOT NULL,
    created_wall_ms INTEGER NOT NULL,
    changed_wall_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX text_out_waiting ON text_out (seq) WHERE state IN ('queued', 'uncertain');

CREATE TABLE text_part (
    message   INTEGER NOT NULL REFERENCES text_out (seq) ON DELETE CASCADE,
    part      INTEGER NOT NULL, -- from 1
    parts     INTEGER NOT NULL,
    reference INTEGER NOT NULL, -- in its delivery report too
    delivery  TEXT NOT NULL DEFAULT '', -- delivered, trying, failed; empty: no report yet
    PRIMARY KEY (message, part)
) STRICT, WITHOUT ROWID;
