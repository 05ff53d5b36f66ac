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
INSERT INTO "box" VALUES('epoch','f6f8e7b132fc1fb8');
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
INSERT INTO "journey" VALUES(1,'01KB0CCCCCCCCCC1',1795262410000,10000,'boot-a',1,'incoming','gsm1','+8613800138000','101','answered',2000,60864,68864,16,'caller','+861012345678','+8613800138000','["complaint","快递"]','地铁广告',150000,'CNY',1,X'789CAD55C18ED33010FD15CB57B22549DBA8DBDB8240E20048BDA255E526B35953C70EB6B3A55AED15890342E24BF8A695F63F18DB49EB940A84440E5566EC9979EFCD4C7A4F05D4862E3FDC535ED125AD4D7371E51F9AD02D97BD0F8D8A6B282D57123D5C96AAE1B24637AB2A0DC6846B193A64D76C40A3FD6C5164D3459AFA9F144F8C65DA42B56EF0768A91D2EC40F7768E57120AB2EAED62B12866092D5967802EB36238DBEC31B3BD058F082CE302ED77EFC9CBABD5EACDAB157A1B85E1B21322A14299C3FB476E2D689FDB391E929EB0E1EDC50BFF1C09A3EF84B0EA6CAD4E0967E9886F306392734F6AC473F17F79CE26F97CE0994ED26C3E229AE593F9C375423F75D0C17AC7B80D9DF6B6E3C90418EA4ADA6323E6638007C0787F608221AD323C689323C31A33F40AB87A1A950A95508C1AC2D1F4449CBC18170A364ADB091760B6BC6D7D290DCC842648C2C806CD2D31388140B2D932CDE941BDD0E85AABAE8DC8E17CAF5DA787AE4790F2BF400AFD3B40928A04056250C7F2D9E53F153F3F2CA7C21F8A47DA9FA9FD67EAF190BBFEDC2A5185FEF831FB1D8BDBC61198A973B850AB11C80DE810CEAC3F9D85EBFDF6309C3F178839A3F456F9D799C3AC9A5600D6A2CB1B260C44137E94D815339DBE83FD30B2A6DF4503FA8E97E05631942F42F91617D40D38EEC0062FFB97D16426E3342D788C43926C9424087A3E0F22DB69D6AEBBB657213A1CEB589CAEFB65805AAACAED9FD255CF542A0BE792F5E01621CCC26777B463081157A16442900D2BB70437E3AD9215DBFB64963720B884B845C7F6203EEBC4EB93E13726242A590384CB786C467F0686C583DCA79DC78DC7E98B336F610F15411EE4F1CB0FF2F4F5DBD3F79FE43979AD95B4A402B33DD98F5189EB875F9F4D0EEE','+8613800138000',' 101 gsm1 103 102 ','101',1);
INSERT INTO "journey" VALUES(2,'01KB0CCCCCCCCCC2',1795262410000,10000,'boot-a',1,'incoming','gsm1','+8613800138000','101','answered',2000,60864,68864,16,'caller','+861012345678','+8613800138000','["complaint","快递"]','地铁广告',150000,'CNY',1,X'789CAD55C18ED33010FD15CB57B22549DBA8DBDB8240E20048BDA255E526D3ACA96307DBD952AD7A45E28090F812BE69A5FD0FC676DA3AA50221914395197B66DE7B33933E5001B5A1F30F0F9457744E6BD35CDDF8872674C365EF43A3E21A4ACB95440F97A56AB8ACD1CDAA4A8331E15A860ED9352BD0683F9B15D97896A6FE27C5136399B6502D1BBC9D62A4345BD0BD9DE3958482AC7ABB98CD8A49424BD619A0F3AC389CAD7698D9DE814704967181F6BBF7E4E5CD62F1E6D502BD8DC270D9099150A1CCF1FD23B716B4CFED1CFBA4276C787BF5C23F27C2E83B23AC3A5BAB73C26BADA42515984D4C3B4BB333AE53CF6D4077F67FE94E46F9F440371DA5D974C037CB47D3FD6D423F75D0C172CBB80D0DF7B6A3CB0418EA4ADA533FA6438047C078FFC004435A6578902847863566E81570F5340A162AA1183584A3F1993879312C146C54B8132EC06C78DBFA521A9809BD908491159A1B627010816493799AD3A37AA1DFB5565D1B91C3315FBA861F9A1F41CAFF0229F4EF08492A121488419DCA67D7FF54FCF2B09C0B7F2C1E697FA1F69FA9C7B3EEFA73A74415FAE3C7EC772C6E290760C6CEE142AD46206BD0219C597F3A09D7FB2562387F2E107346E9ADF2AF13875935AD00AC45E76B260C44137E92D815339DBE87DD61644DBF9206F43D2FC16D64285F84F22DEEA91B70DC81155EF62F83C94C86695AF0180F49B2419220E8E53C886CAB59BBECDA5E85E870A86371BEEED7016AA92AB77F4A573D53A92C5C4AD6839B85300B9FDDD19621445C8592094156ACDC10DC8CB74A566CE79359DE80E012E2169DDA83F8AC13AF4F86DF9890A8640D102EE3B119FC2718160F729F761A371EA72FCEBC811D54047990C72F3FC8D3D76F4FDF7F92E7E475FCF18CF76350E276FF0B6BD8124C',NULL,' 101 gsm1 front desk 103 102 ','front desk',1);
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
INSERT INTO "outbox" VALUES(1,'01KB0CCCCCCCCCC1',1,NULL);
INSERT INTO "outbox" VALUES(2,'01KB0CCCCCCCCCC2',1,NULL);
CREATE TABLE party (
    number TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
INSERT INTO "party" VALUES('+8613800138000');
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
INSERT INTO "voicemail" VALUES(1,0,'104','104/one.wav',41000,5000,1,0);
INSERT INTO "voicemail" VALUES(2,0,'104','104/one.wav',41000,5000,1,0);
CREATE INDEX agent_span_by_start ON agent_span (started_wall_ms);
CREATE INDEX journey_listing ON journey (started_wall_ms, outcome, recorded, people, party);
CREATE INDEX journey_by_party ON journey (party, started_wall_ms) WHERE party IS NOT NULL;
CREATE INDEX text_out_waiting ON text_out (seq) WHERE state IN ('queued', 'uncertain');
CREATE INDEX message_by_mailbox ON message (mailbox, state, id);
CREATE UNIQUE INDEX lost_caller_open ON lost_caller (number) WHERE closed_wall_ms IS NULL AND number IS NOT NULL;
CREATE INDEX letter_waiting ON letter (id) WHERE state = 'waiting';
COMMIT;
