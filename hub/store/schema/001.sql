-- Times are microseconds since 1970-01-01T00:00:00Z, leases are seconds. Ids come from AUTOINCREMENT:
-- an id that a person wrote down, or that a delivery carries, never comes to mean something else.
-- Text that peers chose is kept byte for byte; an empty text means that there is none.

CREATE TABLE topic (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  url TEXT NOT NULL UNIQUE,
  -- The end of the log. Kept here, so that "who is behind?" needs no look at the messages.
  last_message INTEGER NOT NULL DEFAULT 0,
  active INTEGER NOT NULL DEFAULT 0,  -- subscriptions, counted by triggers
  created_at INTEGER NOT NULL,
  etag TEXT NOT NULL DEFAULT '',
  last_modified TEXT NOT NULL DEFAULT '',
  content_hash TEXT NOT NULL DEFAULT '',
  fetched_at INTEGER
) STRICT;

CREATE TABLE subscription (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  topic_id INTEGER NOT NULL REFERENCES topic (id),
  callback TEXT NOT NULL,
  origin TEXT NOT NULL,  -- of the callback, as limits are keyed by: scheme://host:port
  secret TEXT NOT NULL,
  state TEXT NOT NULL,
  lease INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  verified_at INTEGER,
  expires_at INTEGER,
  ended_at INTEGER,
  -- Where the log ended when it became active: what came before is not for it.
  start INTEGER NOT NULL DEFAULT 0,
  -- Of the message after the cursor; retry_at is set only while the subscription is active.
  attempts INTEGER NOT NULL DEFAULT 0,
  first_attempt INTEGER,
  retry_at INTEGER
) STRICT;

-- One subscription in force for a topic and callback (HUB-REQ-05); the engine itself refuses a second.
CREATE UNIQUE INDEX subscription_in_force ON subscription (topic_id, callback)
  WHERE state IN ('pending', 'active');
-- A fan-out walks a topic's subscribers by id. No index knows a cursor: it would have to be rewritten
-- with every delivery.
CREATE INDEX subscription_walk ON subscription (topic_id) WHERE state = 'active';
-- The same among the callbacks on one origin.
CREATE INDEX subscription_origin ON subscription (topic_id, origin) WHERE state = 'active';
-- Few wait for a retry, so that these are small and most deliveries do not touch them. Both are walked
-- by time, then by id.
CREATE INDEX subscription_retry ON subscription (retry_at) WHERE retry_at IS NOT NULL;
CREATE INDEX subscription_origin_retry ON subscription (origin, retry_at) WHERE retry_at IS NOT NULL;
CREATE INDEX subscription_lease ON subscription (expires_at) WHERE state = 'active';
-- For looking only.
CREATE INDEX subscription_topic ON subscription (topic_id, state);
CREATE INDEX subscription_state ON subscription (state);
-- For forgetting.
CREATE INDEX subscription_ended ON subscription (ended_at) WHERE ended_at IS NOT NULL;
-- With the topic, because a confirmed request looks for the earlier ones about the same two.
CREATE INDEX subscription_callback ON subscription (callback, topic_id);

-- How far a subscription has come, from when it became active on. Apart from the rest, because every
-- delivery writes here and nowhere else: some 300 cursors share a page, where whole subscriptions would
-- fill one with 15.
CREATE TABLE position (
  subscription_id INTEGER PRIMARY KEY REFERENCES subscription (id),
  topic_id INTEGER NOT NULL,
  cursor INTEGER NOT NULL,
  waits INTEGER NOT NULL  -- 1 while it is active: then it is counted in standing.waiting
) STRICT;

-- How a topic's subscriptions stand to its log, counted as cursors move, so that neither the progress of
-- a message nor what everybody has passed needs a look at a million cursors. Message 0 is the beginning.
CREATE TABLE standing (
  topic_id INTEGER NOT NULL,
  message_id INTEGER NOT NULL,
  waiting INTEGER NOT NULL DEFAULT 0,  -- active subscriptions whose cursor is here
  taken INTEGER NOT NULL DEFAULT 0,    -- deliveries of it that were taken
  dead INTEGER NOT NULL DEFAULT 0,     -- given up
  PRIMARY KEY (topic_id, message_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX standing_waiting ON standing (topic_id, message_id) WHERE waiting > 0;

-- What is counted for people who look, because counting rows costs a walk over all of them: the states of
-- subscriptions by name, and other things.
CREATE TABLE tally (
  name TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO tally (name, value) VALUES
  ('pending', 0), ('active', 0), ('unverified', 0), ('denied', 0), ('unsubscribed', 0), ('expired', 0),
  ('gone', 0), ('retrying', 0), ('topics', 0), ('messages', 0), ('dead_letters', 0);

CREATE TRIGGER topic_added AFTER INSERT ON topic BEGIN
  UPDATE tally SET value = value + 1 WHERE name = 'topics';
END;

CREATE TRIGGER subscription_added AFTER INSERT ON subscription BEGIN
  UPDATE tally SET value = value + 1 WHERE name = NEW.state;
END;
CREATE TRIGGER subscription_changed AFTER UPDATE OF state ON subscription
WHEN OLD.state <> NEW.state BEGIN
  UPDATE tally SET value = value - 1 WHERE name = OLD.state;
  UPDATE tally SET value = value + 1 WHERE name = NEW.state;
  UPDATE topic SET active = active + (NEW.state = 'active') - (OLD.state = 'active')
    WHERE id = NEW.topic_id;
END;
-- One that ends waits for nothing more. The row of its cursor may be made only later in the transaction.
CREATE TRIGGER subscription_ended AFTER UPDATE OF state ON subscription
WHEN OLD.state = 'active' AND NEW.state <> 'active' BEGIN
  INSERT INTO standing (topic_id, message_id, waiting)
    SELECT topic_id, cursor, -1 FROM position WHERE subscription_id = NEW.id
    ON CONFLICT DO UPDATE SET waiting = waiting - 1;
  UPDATE position SET waits = 0 WHERE subscription_id = NEW.id;
END;
CREATE TRIGGER subscription_removed AFTER DELETE ON subscription BEGIN
  UPDATE tally SET value = value - 1 WHERE name = OLD.state;
END;
CREATE TRIGGER subscription_retries AFTER UPDATE OF retry_at ON subscription
WHEN (OLD.retry_at IS NULL) <> (NEW.retry_at IS NULL) BEGIN
  UPDATE tally SET value = value + (NEW.retry_at IS NOT NULL) - (OLD.retry_at IS NOT NULL)
    WHERE name = 'retrying';
END;

CREATE TABLE intent (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  subscription_id INTEGER NOT NULL REFERENCES subscription (id),
  mode TEXT NOT NULL,
  -- What the subscription gets once the callback confirms, and not before (HUB-REQ-06).
  secret TEXT NOT NULL,
  lease INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  due_at INTEGER NOT NULL
) STRICT;

CREATE INDEX intent_due ON intent (due_at);
CREATE INDEX intent_subscription ON intent (subscription_id);

CREATE TABLE message (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  topic_id INTEGER NOT NULL REFERENCES topic (id),
  created_at INTEGER NOT NULL,
  content_type TEXT NOT NULL,
  hubs TEXT NOT NULL,  -- URLs, one a line
  self TEXT NOT NULL,
  size INTEGER NOT NULL,
  -- Last, so that a list of messages does not read the pages that a long body fills.
  body BLOB NOT NULL
) STRICT;

CREATE INDEX message_log ON message (topic_id);

CREATE TRIGGER message_added AFTER INSERT ON message BEGIN
  UPDATE tally SET value = value + 1 WHERE name = 'messages';
END;
CREATE TRIGGER message_removed AFTER DELETE ON message BEGIN
  UPDATE tally SET value = value - 1 WHERE name = 'messages';
END;

-- What the hub hosts itself. The content is the message's: its body is stored once.
CREATE TABLE hosted (
  name TEXT PRIMARY KEY,
  message_id INTEGER NOT NULL REFERENCES message (id),
  etag TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX hosted_message ON hosted (message_id);

CREATE TABLE fetch (
  topic_id INTEGER PRIMARY KEY REFERENCES topic (id),
  pings INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  first_attempt INTEGER NOT NULL,
  due_at INTEGER NOT NULL
) STRICT;

CREATE INDEX fetch_due ON fetch (due_at);

CREATE TABLE dead_letter (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  subscription_id INTEGER NOT NULL REFERENCES subscription (id),
  message_id INTEGER NOT NULL,  -- no reference: messages go before letters do
  attempts INTEGER NOT NULL,
  reason TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;

CREATE INDEX dead_letter_subscription ON dead_letter (subscription_id);

CREATE TRIGGER dead_letter_added AFTER INSERT ON dead_letter BEGIN
  UPDATE tally SET value = value + 1 WHERE name = 'dead_letters';
END;
CREATE TRIGGER dead_letter_removed AFTER DELETE ON dead_letter BEGIN
  UPDATE tally SET value = value - 1 WHERE name = 'dead_letters';
END;

-- Exchanges refer to nothing by force: a request that was refused belongs to no subscription, and topic
-- and callback are recorded as they came.
--
-- Nearly all are deliveries, tens of thousands a second, so that what they repeat is not written again:
-- topic and callback are those of the subscription, the URL is the callback, and what the heads of a
-- message have in common lies in `head`. Those rows have a segment, which is the upper part of their id
-- (id >> 14): an index that begins with it is written near its end only, whereas one on subscription_id
-- would have every row of a fan-out change another page. A look for what belongs to a subscription asks
-- each segment once.
CREATE TABLE exchange (
  id INTEGER PRIMARY KEY,  -- counted on from the last segment, so that it is never used again
  segment INTEGER,         -- of a delivery; then topic_id, subscription_id and message_id are set
  at INTEGER NOT NULL,
  direction TEXT NOT NULL,
  kind TEXT NOT NULL,
  topic_id INTEGER,
  subscription_id INTEGER,
  message_id INTEGER,
  topic TEXT,     -- NULL: that of topic_id
  callback TEXT,  -- NULL: the subscription's
  url TEXT,       -- NULL: the callback
  peer TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  status INTEGER NOT NULL,
  fault TEXT NOT NULL,
  outcome TEXT NOT NULL,
  resolve INTEGER,
  connect INTEGER,
  tls INTEGER,
  first_byte INTEGER,
  total INTEGER NOT NULL,
  response_body_size INTEGER NOT NULL,
  -- Where the bytes of `head` stand in the request's head, and which; NULL: it is here as a whole.
  head_at INTEGER,
  head_id INTEGER,
  request_head BLOB NOT NULL,
  request_body BLOB NOT NULL,
  response_head BLOB NOT NULL,
  response_body BLOB NOT NULL
) STRICT;

CREATE INDEX exchange_delivery ON exchange (segment, topic_id, subscription_id)
  WHERE segment IS NOT NULL;
CREATE INDEX exchange_message ON exchange (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX exchange_failed ON exchange (status) WHERE status NOT BETWEEN 200 AND 299;
-- All but the deliveries: few.
CREATE INDEX exchange_kind ON exchange (kind) WHERE segment IS NULL;
CREATE INDEX exchange_topic ON exchange (topic, kind) WHERE segment IS NULL;
CREATE INDEX exchange_callback ON exchange (callback) WHERE segment IS NULL;
CREATE INDEX exchange_subscription ON exchange (subscription_id)
  WHERE segment IS NULL AND subscription_id IS NOT NULL;

-- What stands between request line and signature is the same for all deliveries of a message.
CREATE TABLE head (
  id INTEGER PRIMARY KEY,         -- the first exchange that has it
  last_exchange INTEGER NOT NULL,  -- the last one
  bytes BLOB NOT NULL
) STRICT;

-- 16,384 ids of exchanges each: how many there are, and when they began.
CREATE TABLE segment (
  id INTEGER PRIMARY KEY,
  exchanges INTEGER NOT NULL,
  last_exchange INTEGER NOT NULL,
  first_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL
) STRICT;
