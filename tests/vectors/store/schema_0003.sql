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
    removed_because TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (kind, path)
) STRICT, WITHOUT ROWID;
CREATE TABLE box (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "box" VALUES('epoch','d820ff3f5b7f8bd9');
CREATE TABLE hold (
    journey    INTEGER NOT NULL REFERENCES journey (seq) ON DELETE CASCADE,
    position   INTEGER NOT NULL,
    "by"       TEXT NOT NULL,
    started_ms INTEGER NOT NULL,
    ended_ms   INTEGER,
    PRIMARY KEY (journey, position)
) STRICT, WITHOUT ROWID;
INSERT INTO "hold" VALUES(1,0,'101',20000,30000);
INSERT INTO "hold" VALUES(2,0,'101',20000,30000);
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
, did TEXT, caller_normalised TEXT, tags TEXT NOT NULL DEFAULT '[]', source TEXT NOT NULL DEFAULT '', cost_micros INTEGER, currency TEXT NOT NULL DEFAULT '', revision INTEGER NOT NULL DEFAULT 1) STRICT;
INSERT INTO "journey" VALUES(1,'01KB0BBBBBBBBBB1',1795262410000,10000,'boot-a',1,'incoming','gsm1','+8613800138000','101','answered',2000,60864,68864,16,'caller','+861012345678','+8613800138000','["complaint","快递"]','地铁广告',150000,'CNY',1);
INSERT INTO "journey" VALUES(2,'01KB0BBBBBBBBBB2',1795262410000,10000,'boot-a',1,'incoming','101','101','10086123456','answered',2000,60864,68864,16,'caller','+861012345678','101','["complaint","快递"]','地铁广告',150000,'CNY',1);
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
    detail      TEXT NOT NULL, mos REAL, loss REAL, jitter_ms REAL,
    PRIMARY KEY (journey, position)
) STRICT, WITHOUT ROWID;
INSERT INTO "leg" VALUES(1,0,'gsm-AAAAAA','gsm','incoming','gsm1','+8613800138000',0,2000,68864,16,'them','NO CARRIER',NULL,NULL,NULL);
INSERT INTO "leg" VALUES(1,1,'sip-BBBBBB','sip','outgoing','101','101',5000,8000,68864,16,'them','NO CARRIER',4.25,0.015,12.5);
INSERT INTO "leg" VALUES(2,0,'sip-CCCCCC','sip','incoming','101','101',0,0,9000,NULL,NULL,'',NULL,NULL,NULL);
INSERT INTO "leg" VALUES(2,1,'gsm-DDDDDD','gsm','outgoing','gsm2','075512345678',10,2000,9000,NULL,NULL,'',NULL,NULL,NULL);
CREATE TABLE legal_hold (
    journey_id TEXT PRIMARY KEY,
    reason     TEXT NOT NULL,
    since_ms   INTEGER NOT NULL -- wall clock
) STRICT, WITHOUT ROWID;
CREATE TABLE note (
    journey  INTEGER NOT NULL REFERENCES journey (seq) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    agent    TEXT NOT NULL,
    at_ms    INTEGER NOT NULL,
    text     TEXT NOT NULL,
    PRIMARY KEY (journey, position)
) STRICT, WITHOUT ROWID;
INSERT INTO "note" VALUES(1,0,'101',80000,'wants a call back on Monday');
INSERT INTO "note" VALUES(2,0,'101',80000,'wants a call back on Monday');
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
INSERT INTO "outbox" VALUES(1,'01KB0BBBBBBBBBB1',1,NULL);
INSERT INTO "outbox" VALUES(2,'01KB0BBBBBBBBBB2',1,NULL);
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
INSERT INTO "queue_wait" VALUES(1,0,'sales',2500,8000,'answered',2,'101');
INSERT INTO "queue_wait" VALUES(2,0,'sales',2500,8000,'answered',2,'101');
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
INSERT INTO "recording" VALUES(1,0,'2026/11/one.wav',8000,60864,1,'gsm-AAAAAA','sip-BBBBBB','[{"started_ms":15000,"ended_ms":18000,"reason":"card number"}]');
INSERT INTO "recording" VALUES(2,0,'2026/11/one.wav',8000,60864,1,'gsm-AAAAAA','sip-BBBBBB','[{"started_ms":15000,"ended_ms":18000,"reason":"card number"}]');
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
INSERT INTO "ring" VALUES(1,0,'103',2600,2600,'skipped','on a break since 14:02',NULL,'sales',NULL);
INSERT INTO "ring" VALUES(1,1,'102',2600,5000,'no answer','',19,'sales',NULL);
INSERT INTO "ring" VALUES(1,2,'101',5000,8000,'answered','',NULL,'sales','sip-BBBBBB');
INSERT INTO "ring" VALUES(2,0,'103',2600,2600,'skipped','on a break since 14:02',NULL,'sales',NULL);
INSERT INTO "ring" VALUES(2,1,'102',2600,5000,'no answer','',19,'sales',NULL);
INSERT INTO "ring" VALUES(2,2,'101',5000,8000,'answered','',NULL,'sales','sip-BBBBBB');
CREATE TABLE schema_version (version INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;
INSERT INTO "schema_version" VALUES(1,'0001_journeys.sql');
INSERT INTO "schema_version" VALUES(2,'0002_whole_journey.sql');
INSERT INTO "schema_version" VALUES(3,'0003_trace.sql');
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
INSERT INTO "survey_answer" VALUES(1,0,'service',60000,5,5,'101');
INSERT INTO "survey_answer" VALUES(1,1,'speed',61000,NULL,5,'101');
INSERT INTO "survey_answer" VALUES(2,0,'service',60000,5,5,'101');
INSERT INTO "survey_answer" VALUES(2,1,'speed',61000,NULL,5,'101');
CREATE TABLE timeline (
    journey  INTEGER NOT NULL REFERENCES journey (seq) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    at_ms    INTEGER NOT NULL,
    kind     TEXT NOT NULL,
    text     TEXT NOT NULL,
    leg_id   TEXT, said TEXT NOT NULL DEFAULT 'null',
    PRIMARY KEY (journey, position)
) STRICT, WITHOUT ROWID;
INSERT INTO "timeline" VALUES(1,0,0,'state','the call came in','gsm-AAAAAA','null');
INSERT INTO "timeline" VALUES(1,1,5000,'route','keyed 101 → 前台 / Front desk',NULL,'null');
INSERT INTO "timeline" VALUES(2,0,0,'state','the call came in','gsm-AAAAAA','null');
INSERT INTO "timeline" VALUES(2,1,5000,'route','keyed 101 → 前台 / Front desk',NULL,'null');
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
INSERT INTO "transfer" VALUES(1,0,40000,'attended','101','104',0,'no answer');
INSERT INTO "transfer" VALUES(2,0,40000,'attended','101','104',0,'no answer');
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
INSERT INTO "voicemail" VALUES(1,0,'104','104/one.wav',41000,5000,1,0);
INSERT INTO "voicemail" VALUES(2,0,'104','104/one.wav',41000,5000,1,0);
CREATE TABLE wrap_up (
    journey    INTEGER NOT NULL REFERENCES journey (seq) ON DELETE CASCADE,
    position   INTEGER NOT NULL,
    agent      TEXT NOT NULL,
    started_ms INTEGER NOT NULL,
    ended_ms   INTEGER,
    code       TEXT NOT NULL,
    PRIMARY KEY (journey, position)
) STRICT, WITHOUT ROWID;
INSERT INTO "wrap_up" VALUES(1,0,'101',68000,90000,'order');
INSERT INTO "wrap_up" VALUES(2,0,'101',68000,90000,'order');
CREATE INDEX journey_by_start ON journey (started_wall_ms);
CREATE INDEX journey_by_caller ON journey (caller_normalised, started_wall_ms)
    WHERE caller_normalised IS NOT NULL;
CREATE INDEX agent_span_by_start ON agent_span (started_wall_ms);
COMMIT;
