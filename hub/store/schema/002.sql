-- Who asked, and what a subscriber wishes. An empty text means that there is none.

ALTER TABLE subscription ADD COLUMN identity TEXT NOT NULL DEFAULT '';
ALTER TABLE subscription ADD COLUMN algorithm TEXT NOT NULL DEFAULT '';  -- of its signatures

ALTER TABLE intent ADD COLUMN identity TEXT NOT NULL DEFAULT '';
ALTER TABLE intent ADD COLUMN algorithm TEXT NOT NULL DEFAULT '';
ALTER TABLE intent ADD COLUMN verify_token TEXT NOT NULL DEFAULT '';

-- Set: mode is 'denied', the subscription has ended, and its callback is told so, and why.
ALTER TABLE intent ADD COLUMN reason TEXT;

ALTER TABLE exchange ADD COLUMN identity TEXT NOT NULL DEFAULT '';

-- Topics that publishers have registered.
ALTER TABLE topic ADD COLUMN registered_at INTEGER;
ALTER TABLE topic ADD COLUMN registered_by TEXT NOT NULL DEFAULT '';
