-- What callers leave behind: messages in mailboxes, callers nobody talked with; letters (e-mail) to be sent.

CREATE TABLE mailbox (
    name             TEXT PRIMARY KEY,
    pin              TEXT NOT NULL DEFAULT '', -- argon2 hash; empty: none set
    wrong_pins       INTEGER NOT NULL DEFAULT 0, -- in a row
    locked_wall_ms   INTEGER NOT NULL DEFAULT 0, -- until when no PIN is taken
    greeting         TEXT NOT NULL DEFAULT 'default', -- default, busy, away, recorded
    away_until       TEXT -- ISO 8601 day
) STRICT, WITHOUT ROWID;

CREATE TABLE message (
    id              TEXT PRIMARY KEY, -- sorts by time
    mailbox         TEXT NOT NULL,
    state           TEXT NOT NULL, -- being left, new, saved, deleted
    urgent          INTEGER NOT NULL,
    caller          TEXT,
    caller_name     TEXT,
    journey_id      TEXT,
    path            TEXT NOT NULL, -- relative to the voicemail folder
    received_wall_ms INTEGER NOT NULL,
    received_mono_ms INTEGER NOT NULL,
    boot_id         TEXT NOT NULL,
    clock_set       INTEGER NOT NULL,
    duration_ms     INTEGER NOT NULL,
    complete        INTEGER NOT NULL,
    forwarded_by    TEXT NOT NULL,
    changed_wall_ms INTEGER NOT NULL -- when it was heard, saved or deleted
) STRICT, WITHOUT ROWID;

CREATE INDEX message_by_mailbox ON message (mailbox, state, id);

-- Callers nobody talked with: a task until somebody closes it.
CREATE TABLE lost_caller (
    id             TEXT PRIMARY KEY, -- sorts by time
    number         TEXT, -- E.164; NULL: withheld, so nobody can call back
    shown          TEXT, -- as it was presented
    name           TEXT NOT NULL,
    calls          INTEGER NOT NULL,
    first_wall_ms  INTEGER NOT NULL,
    last_wall_ms   INTEGER NOT NULL,
    last_journey   TEXT NOT NULL,
    wanted         TEXT NOT NULL, -- extension, group or queue it was for
    why            TEXT NOT NULL, -- abandoned, unanswered, failed, interrupted
    texted         INTEGER NOT NULL DEFAULT 0, -- whether "we missed you" was sent
    closed_wall_ms INTEGER,
    closed_by      TEXT NOT NULL DEFAULT '',
    closed_why     TEXT NOT NULL DEFAULT '' -- called back, rang again, nothing to do …
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX lost_caller_open ON lost_caller (number) WHERE closed_wall_ms IS NULL AND number IS NOT NULL;

CREATE TABLE letter (
    id              TEXT PRIMARY KEY, -- sorts by time
    recipient       TEXT NOT NULL,
    subject         TEXT NOT NULL,
    body            TEXT NOT NULL,
    attachments     TEXT NOT NULL, -- JSON list of {path, name, kind}
    purpose         TEXT NOT NULL,
    state           TEXT NOT NULL, -- waiting, sent, failed
    attempts        INTEGER NOT NULL,
    created_wall_ms INTEGER NOT NULL,
    changed_wall_ms INTEGER NOT NULL,
    detail          TEXT NOT NULL -- why it is not sent yet, or never will be
) STRICT, WITHOUT ROWID;

CREATE INDEX letter_waiting ON letter (id) WHERE state = 'waiting';
