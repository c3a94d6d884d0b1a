-- Who asked, and what a subscriber wishes. An empty text means that there is none.

ALTER TABLE subscription ADD COLUMN identity TEXT NOT NULL DEFAULT '';
ALTER TABLE subscription ADD COLUMN algorithm TEXT NOT NULL DEFAULT '';  -- of its signatures

ALTER TABLE intent ADD COLUMN identity TEXT NOT NULL DEFAULT '';
ALTER TABLE intent ADD COLUMN algorithm TEXT NOT NULL DEFAULT '';
ALTER TABLE intent ADD COLUMN verify_token TEXT NOT NULL DEFAULT '';

-- Set: mode is 'denied', the subscription has ended, and its callback is told so, and why.
ALTER TABLE intent ADD COLUMN reason TEXT;

ALTER TABLE exchange ADD COLUMN identity TEXT NOT NULL DEFAULT '';

-- For a limit on subscriptions in force whose callbacks lie on one host.
CREATE INDEX subscription_host ON subscription (origin) WHERE state IN ('pending', 'active');

-- Topics that publishers have registered.
ALTER TABLE topic ADD COLUMN registered_at INTEGER;
ALTER TABLE topic ADD COLUMN registered_by TEXT NOT NULL DEFAULT '';

-- Where the messages just before the cursor were given up: the last message before them, and the last
-- of them. While the cursor is still there, gap_start is the last message that was taken.
ALTER TABLE subscription ADD COLUMN gap_start INTEGER NOT NULL DEFAULT 0;
ALTER TABLE subscription ADD COLUMN gap_end INTEGER NOT NULL DEFAULT 0;

-- The versions of a feed's entries, by their digests (core/feed_diff.h), where deliveries leave out what
-- went before: an entry is new for whoever has come to a message before the first that holds it. Rows
-- stay while the log has a message that holds the entry, and in any case those of the newest message.
CREATE TABLE feed_entry (
  topic_id INTEGER NOT NULL REFERENCES topic (id),
  digest TEXT NOT NULL,
  first_message INTEGER NOT NULL,
  last_message INTEGER NOT NULL,
  PRIMARY KEY (topic_id, digest)
) STRICT, WITHOUT ROWID;

CREATE INDEX feed_entry_last ON feed_entry (topic_id, last_message);

-- Messages that were handed over and are not in the log yet: their content is to be fetched, or they came
-- behind such a one of their topic. Only the first of a topic is due; the others have no time.
CREATE TABLE inbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  topic_id INTEGER NOT NULL REFERENCES topic (id),
  hosted TEXT NOT NULL,        -- under which name the hub hosts the topic, or may
  content_url TEXT NOT NULL,   -- empty: the body is the content
  content_type TEXT NOT NULL,  -- as the publisher said
  identity TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  first_attempt INTEGER NOT NULL,
  due_at INTEGER,
  body BLOB  -- NULL: none. Last, as a message's.
) STRICT;

CREATE INDEX inbox_due ON inbox (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX inbox_topic ON inbox (topic_id);

-- One row from the first start with a key on: then secrets and verify tokens are sealed with it
-- (hub/store/sealer.h).
CREATE TABLE seal (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  key_check TEXT NOT NULL,  -- a text that is known, sealed: tells whether a key is the one
  stage INTEGER NOT NULL,   -- 0: rows are being sealed; 1: what they were is being erased; 2: done
  -- In stage 0: the check of the key before, empty where there was none, and the last rows that are
  -- sealed with the new one.
  old_check TEXT NOT NULL,
  subscription_id INTEGER NOT NULL,
  intent_id INTEGER NOT NULL
) STRICT;
