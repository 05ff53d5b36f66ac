-- A mailbox in the order it is listed and heard, so that a page of it is read and not sorted out of all of it.

DROP INDEX message_by_mailbox;
CREATE INDEX message_as_listed ON message (mailbox, urgent DESC, id, state);
