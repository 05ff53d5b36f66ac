-- What routing remembers over a restart: used minutes, hunt memory, who is signed in. One JSON text a subject.

CREATE TABLE routing_memory (
    subject TEXT PRIMARY KEY,
    value   TEXT NOT NULL
) STRICT, WITHOUT ROWID;
