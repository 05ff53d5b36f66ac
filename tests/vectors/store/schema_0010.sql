BEGIN TRANSACTION;
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
CREATE TABLE audio_file (
    kind            TEXT NOT NULL, -- recording, voicemail
    path            TEXT NOT NULL, -- relative to that kind's folder
    journey_id      TEXT NOT NULL,
    bytes           INTEGER NOT NULL,
    sha256          TEXT NOT NULL,
    exported        INTEGER NOT NULL DEFAULT 0,
    removed_wall_ms INTEGER,
    removed_because TEXT NOT NULL DEFAULT '', uploaded INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (kind, path)
) STRICT, WITHOUT ROWID;
CREATE TABLE box (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "box" VALUES('epoch','69a0d92942711e94');
CREATE TABLE hook_delivery (
    seq        INTEGER PRIMARY KEY,
    url        TEXT NOT NULL,
    event      TEXT NOT NULL,
    id         TEXT NOT NULL, -- the same for every repeat
    body       TEXT NOT NULL,
    created_ms INTEGER NOT NULL -- wall clock
) STRICT;
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
, did TEXT, caller_normalised TEXT, tags TEXT NOT NULL DEFAULT '[]', source TEXT NOT NULL DEFAULT '', cost_micros INTEGER, currency TEXT NOT NULL DEFAULT '', revision INTEGER NOT NULL DEFAULT 1, parts BLOB NOT NULL DEFAULT x'', party TEXT, people TEXT NOT NULL DEFAULT ' ', talked_with TEXT NOT NULL DEFAULT '', recorded INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO "journey" VALUES(1,'01KB0DDDDDDDDDD1',1795262410000,10000,'boot-a',1,'incoming','gsm1','+8613800138000','101','answered',2000,60864,68864,16,'caller',NULL,'+8613800138000','[]','',NULL,'',1,X'789CBD92CD4AC34010C75F65D9AB29267E84D05B15052F0ABD4A29DBEC10D7EC87EC4ED0527A153C88E093F84C42DFC3E926A969BDBB8725FFFFCCCEEC6FB22BAEA10A7C7CBFE24AF231AF82194DE2E209AF95ED3C1252792851394B8EB2A533CA56640B293D84D0A66564D8C62CC0933E2AF2ECB448D3B8A51409283C829C1BCA4EE9A40DCFE03B7D422909072B3B9D17457E96F0523401F838CBFBD8624995F101E28D0085D2A46FEFD8E5643ABDB99A926B1C1DB78DD609D72EECBE1F1522F8587B6BAC930E38A8A7D1455CBFC0E41D00BB062B77089CA57BBCAD1C429E47A83DCEE2BF3967094765402B0BF12F0BECE7DFC3A240A07A082FD8F664A5D09A36034C598AD00B99FF7D1C416CBD7E965DD996B8ABEC696A83CA352C41329A12FB7EFD649BB7F7CDC7173B66D7DE596412423D68D5B20C5ACCD63F941ED7E3','+8613800138000',' 101 gsm1 ','101',1);
INSERT INTO "journey" VALUES(2,'01KB0DDDDDDDDDD2',1795262410000,10000,'boot-a',1,'outgoing','gsm1','+8613800138000','13911112222','answered',2000,60137,68137,16,'caller',NULL,'+8613800138000','[]','',NULL,'',1,X'789CBD92CF4AC34010C65F65D9AB2926166BE8AD8A8217855CA5946D76886BF68FEC4ED0527A153C88E093F84C42DFC3E926D1B4DEDDC392EF9BD999FD4D76CD3554814FEFD65C493EE55530A3595C3CE1B5B29D47422A0F252A67C951B67446D98A6C21A58710DAB48C0CDB982578D247F9241BE7691AB79422018547900B43D9299DB4E1097CA74F2825E16065A72779363E4B78299A007C9A4DFAD8724595F11EE28D0085D2A46F6ED9C5AC28AE2F0B728DA3E3B6D13AE1DA859FEF0785083ED6DE199BA4030EEA71741ED72F307907C0AEC1CA1D0267E91E6F2B8790A7116A8F33FF6FCE79C25119D0CA42FCCB02FBF9F7B02810A81EC233B63D5929B4A6CD00539622F442167F1F47103BAF9F6557B625EE2A7B9ADAA0720D2B908CA6C4BE5E3ED8F6F56DFBFEC98ED99577169984500F5AB52C8316F3CD377D90D7D5','+8613911112222',' 13911112222 gsm1 101 ','101',1);
CREATE TABLE legal_hold (
    journey_id TEXT PRIMARY KEY,
    reason     TEXT NOT NULL,
    since_ms   INTEGER NOT NULL -- wall clock
) STRICT, WITHOUT ROWID;
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
CREATE TABLE name (
    word TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
INSERT INTO "name" VALUES('101');
INSERT INTO "name" VALUES('13911112222');
INSERT INTO "name" VALUES('gsm1');
CREATE TABLE open_journey (
    slot     INTEGER PRIMARY KEY,
    id       TEXT NOT NULL,
    noted    BLOB NOT NULL,
    snapshot BLOB NOT NULL
) STRICT;
CREATE TABLE outbox (
    position   INTEGER PRIMARY KEY,
    journey_id TEXT NOT NULL UNIQUE,
    revision   INTEGER NOT NULL,
    refused    TEXT -- why the cloud will not have this one; it is set aside until somebody looks
) STRICT;
INSERT INTO "outbox" VALUES(1,'01KB0DDDDDDDDDD1',1,NULL);
INSERT INTO "outbox" VALUES(2,'01KB0DDDDDDDDDD2',1,NULL);
CREATE TABLE party (
    number TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
INSERT INTO "party" VALUES('+8613633334444');
INSERT INTO "party" VALUES('+8613800138000');
INSERT INTO "party" VALUES('+8613911112222');
CREATE TABLE recording (
    journey     INTEGER NOT NULL REFERENCES journey (seq) ON DELETE CASCADE,
    position    INTEGER NOT NULL,
    path        TEXT NOT NULL, -- relative to the recordings folder
    started_ms  INTEGER NOT NULL,
    duration_ms INTEGER,
    complete    INTEGER NOT NULL,
    "left"      TEXT,
    "right"     TEXT, pauses TEXT NOT NULL DEFAULT '[]',
    PRIMARY KEY (journey, position)
) STRICT, WITHOUT ROWID;
INSERT INTO "recording" VALUES(1,0,'2026/11/one.wav',8000,60864,1,'gsm-AAAAAA','sip-BBBBBB','[]');
INSERT INTO "recording" VALUES(2,0,'2026/11/one.wav',8000,60137,1,'gsm-AAAAAA','sip-BBBBBB','[]');
CREATE TABLE routing_memory (
    subject TEXT PRIMARY KEY,
    value   TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE schema_version (version INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;
INSERT INTO "schema_version" VALUES(1,'0001_journeys.sql');
INSERT INTO "schema_version" VALUES(2,'0002_whole_journey.sql');
INSERT INTO "schema_version" VALUES(3,'0003_trace.sql');
INSERT INTO "schema_version" VALUES(4,'0004_compact_journeys.sql');
INSERT INTO "schema_version" VALUES(5,'0005_texts.sql');
INSERT INTO "schema_version" VALUES(6,'0006_voice.sql');
INSERT INTO "schema_version" VALUES(7,'0007_routing.sql');
INSERT INTO "schema_version" VALUES(8,'0008_copies.sql');
INSERT INTO "schema_version" VALUES(9,'0009_names.sql');
INSERT INTO "schema_version" VALUES(10,'0010_messages_as_listed.sql');
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
CREATE TABLE text_part (
    message   INTEGER NOT NULL REFERENCES text_out (seq) ON DELETE CASCADE,
    part      INTEGER NOT NULL, -- from 1
    parts     INTEGER NOT NULL,
    reference INTEGER NOT NULL, -- in its delivery report too
    delivery  TEXT NOT NULL DEFAULT '', -- delivered, trying, failed; empty: no report yet
    PRIMARY KEY (message, part)
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
CREATE INDEX agent_span_by_start ON agent_span (started_wall_ms);
CREATE INDEX journey_listing ON journey (started_wall_ms, outcome, recorded, people, party);
CREATE INDEX journey_by_party ON journey (party, started_wall_ms) WHERE party IS NOT NULL;
CREATE INDEX text_out_waiting ON text_out (seq) WHERE state IN ('queued', 'uncertain');
CREATE UNIQUE INDEX lost_caller_open ON lost_caller (number) WHERE closed_wall_ms IS NULL AND number IS NOT NULL;
CREATE INDEX letter_waiting ON letter (id) WHERE state = 'waiting';
CREATE INDEX message_as_listed ON message (mailbox, urgent DESC, id, state);
COMMIT;
