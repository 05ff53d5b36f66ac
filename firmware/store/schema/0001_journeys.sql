-- One journey a call, everything about it below; times inside a journey are milliseconds since its start.

CREATE TABLE journey (
    seq             INTEGER PRIMARY KEY, -- order of closing: right even before the clock was set
    id              TEXT NOT NULL UNIQUE,
    started_wall_ms INTEGER NOT NULL,
    started_mono_ms INTEGER NOT NULL,
    boot_id         TEXT NOT NULL,
    clock_set       INTEGER NOT NULL,
    direction       TEXT NOT NULL,
    line            TEXT NOT NULL,
    caller          TEXT,
    called          TEXT,
    outcome         TEXT,
    answered_ms     INTEGER,
    talked_ms       INTEGER NOT NULL,
    duration_ms     INTEGER,
    cause           INTEGER,
    hung_up_by      TEXT NOT NULL
) STRICT;

CREATE INDEX journey_by_start ON journey (started_wall_ms);

CREATE TABLE leg (
    journey     INTEGER NOT NULL REFERENCES journey (seq) ON DELETE CASCADE,
    position    INTEGER NOT NULL,
    id          TEXT NOT NULL,
    kind        TEXT NOT NULL,
    direction   TEXT NOT NULL,
    address     TEXT NOT NULL,
    number      TEXT,
    started_ms  INTEGER NOT NULL,
    answered_ms INTEGER,
    ended_ms    INTEGER,
    cause       INTEGER,
    ended_by    TEXT,
    detail      TEXT NOT NULL,
    PRIMARY KEY (journey, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE timeline (
    journey  INTEGER NOT NULL REFERENCES journey (seq) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    at_ms    INTEGER NOT NULL,
    kind     TEXT NOT NULL,
    text     TEXT NOT NULL,
    leg_id   TEXT,
    PRIMARY KEY (journey, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE recording (
    journey     INTEGER NOT NULL REFERENCES journey (seq) ON DELETE CASCADE,
    position    INTEGER NOT NULL,
    path        TEXT NOT NULL, -- relative to the recordings folder
    started_ms  INTEGER NOT NULL,
    duration_ms INTEGER,
    complete    INTEGER NOT NULL,
    "left"      TEXT,
    "right"     TEXT,
    PRIMARY KEY (journey, position)
) STRICT, WITHOUT ROWID;

-- What the cloud has not confirmed yet; a row is made in the transaction that writes its journey.
CREATE TABLE outbox (
    journey_id TEXT PRIMARY KEY -- sorts by time
) STRICT, WITHOUT ROWID;

-- Calls that run, or ran when the power went: the journey so far as deflated JSON (one page instead
-- of three), and when that was noted. There are as many rows as running calls, so an index on id would cost
-- more writing than it saves reading.
CREATE TABLE open_journey (
    slot     INTEGER PRIMARY KEY,
    id       TEXT NOT NULL,
    noted    BLOB NOT NULL,
    snapshot BLOB NOT NULL
) STRICT;
