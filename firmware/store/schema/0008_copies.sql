-- Which audio is in the owner's S3 storage, and what other systems have not been told yet.

ALTER TABLE audio_file ADD COLUMN uploaded INTEGER NOT NULL DEFAULT 0;

CREATE TABLE hook_delivery (
    seq        INTEGER PRIMARY KEY,
    url        TEXT NOT NULL,
    event      TEXT NOT NULL,
    id         TEXT NOT NULL, -- the same for every repeat
    body       TEXT NOT NULL,
    created_ms INTEGER NOT NULL -- wall clock
) STRICT;
