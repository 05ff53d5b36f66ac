-- The whole journey: waits, rings, holds, transfers, voicemail, survey, wrap-up, notes; the agents' time; an
-- outbox that keeps the order of closing; what the storage keeper must know of files.

ALTER TABLE journey ADD COLUMN did TEXT;
ALTER TABLE journey ADD COLUMN caller_normalised TEXT; -- E.164; NULL in records of schema 0001
ALTER TABLE journey ADD COLUMN tags TEXT NOT NULL DEFAULT '[]'; -- JSON list of words
ALTER TABLE journey ADD COLUMN source TEXT NOT NULL DEFAULT '';
ALTER TABLE journey ADD COLUMN cost_micros INTEGER;
ALTER TABLE journey ADD COLUMN currency TEXT NOT NULL DEFAULT '';
ALTER TABLE journey ADD COLUMN revision INTEGER NOT NULL DEFAULT 1;
CREATE INDEX journey_by_caller ON journey (caller_normalised, started_wall_ms)
    WHERE caller_normalised IS NOT NULL;

ALTER TABLE leg ADD COLUMN mos REAL;
ALTER TABLE leg ADD COLUMN loss REAL;
ALTER TABLE leg ADD COLUMN jitter_ms REAL;

ALTER TABLE recording ADD COLUMN pauses TEXT NOT NULL DEFAULT '[]'; -- JSON list of {started_ms, ended_ms, reason}

CREATE TABLE queue_wait (
    journey    INTEGER NOT NULL REFERENCES journey (seq) ON DELETE CASCADE,
    position   INTEGER NOT NULL,
    queue      TEXT NOT NULL,
    entered_ms INTEGER NOT NULL,
    ended_ms   INTEGER,
    "end"      TEXT,
    place      INTEGER, -- in the queue on entering it
    agent      TEXT,
    PRIMARY KEY (journey, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE ring (
    journey    INTEGER NOT NULL REFERENCES journey (seq) ON DELETE CASCADE,
    position   INTEGER NOT NULL,
    target     TEXT NOT NULL,
    started_ms INTEGER NOT NULL,
    ended_ms   INTEGER,
    result     TEXT,
    reason     TEXT NOT NULL,
    cause      INTEGER,
    "group"    TEXT,
    leg_id     TEXT,
    PRIMARY KEY (journey, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE hold (
    journey    INTEGER NOT NULL REFERENCES journey (seq) ON DELETE CASCADE,
    position   INTEGER NOT NULL,
    "by"       TEXT NOT NULL,
    started_ms INTEGER NOT NULL,
    ended_ms   INTEGER,
    PRIMARY KEY (journey, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE transfer (
    journey   INTEGER NOT NULL REFERENCES journey (seq) ON DELETE CASCADE,
    position  INTEGER NOT NULL,
    at_ms     INTEGER NOT NULL,
    kind      TEXT NOT NULL,
    "by"      TEXT NOT NULL,
    "to"      TEXT NOT NULL,
    completed INTEGER NOT NULL,
    detail    TEXT NOT NULL,
    PRIMARY KEY (journey, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE voicemail (
    journey     INTEGER NOT NULL REFERENCES journey (seq) ON DELETE CASCADE,
    position    INTEGER NOT NULL,
    mailbox     TEXT NOT NULL,
    path        TEXT NOT NULL, -- relative to the voicemail folder
    started_ms  INTEGER NOT NULL,
    duration_ms INTEGER,
    complete    INTEGER NOT NULL,
    heard       INTEGER NOT NULL,
    PRIMARY KEY (journey, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE survey_answer (
    journey  INTEGER NOT NULL REFERENCES journey (seq) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    question TEXT NOT NULL,
    at_ms    INTEGER NOT NULL,
    points   INTEGER, -- NULL: the caller keyed nothing
    best     INTEGER NOT NULL,
    agent    TEXT,
    PRIMARY KEY (journey, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE wrap_up (
    journey    INTEGER NOT NULL REFERENCES journey (seq) ON DELETE CASCADE,
    position   INTEGER NOT NULL,
    agent      TEXT NOT NULL,
    started_ms INTEGER NOT NULL,
    ended_ms   INTEGER,
    code       TEXT NOT NULL,
    PRIMARY KEY (journey, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE note (
    journey  INTEGER NOT NULL REFERENCES journey (seq) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    agent    TEXT NOT NULL,
    at_ms    INTEGER NOT NULL,
    text     TEXT NOT NULL,
    PRIMARY KEY (journey, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE agent_span (
    seq             INTEGER PRIMARY KEY,
    agent           TEXT NOT NULL,
    state           TEXT NOT NULL,
    started_wall_ms INTEGER NOT NULL,
    started_mono_ms INTEGER NOT NULL,
    boot_id         TEXT NOT NULL,
    clock_set       INTEGER NOT NULL,
    duration_ms     INTEGER NOT NULL,
    reason          TEXT NOT NULL,
    "group"         TEXT NOT NULL
) STRICT;

CREATE INDEX agent_span_by_start ON agent_span (started_wall_ms);

-- In the order of closing; an amended journey goes to the end. Confirmed by position and revision, so that an
-- amendment made while the earlier revision was on its way is sent, too.
ALTER TABLE outbox RENAME TO outbox_0001;
CREATE TABLE outbox (
    position   INTEGER PRIMARY KEY,
    journey_id TEXT NOT NULL UNIQUE,
    revision   INTEGER NOT NULL,
    refused    TEXT -- why the cloud will not have this one; it is set aside until somebody looks
) STRICT;
INSERT INTO outbox (journey_id, revision)
    SELECT journey.id, 1 FROM journey JOIN outbox_0001 ON outbox_0001.journey_id = journey.id ORDER BY journey.seq;
DROP TABLE outbox_0001;

-- Databases that were damaged and begun anew count journeys from 1 again; the cloud tells them apart by this.
CREATE TABLE box (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO box VALUES ('epoch', lower(hex(randomblob(8))));

-- What audio files looked like when they were complete, and what became of them.
CREATE TABLE audio_file (
    kind            TEXT NOT NULL, -- recording, voicemail
    path            TEXT NOT NULL, -- relative to that kind's folder
    journey_id      TEXT NOT NULL,
    bytes           INTEGER NOT NULL,
    sha256          TEXT NOT NULL,
    exported        INTEGER NOT NULL DEFAULT 0,
    removed_wall_ms INTEGER,
    removed_because TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (kind, path)
) STRICT, WITHOUT ROWID;

CREATE TABLE legal_hold (
    journey_id TEXT PRIMARY KEY,
    reason     TEXT NOT NULL,
    since_ms   INTEGER NOT NULL -- wall clock
) STRICT, WITHOUT ROWID;
