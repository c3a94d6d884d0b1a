-- What changes its state, for whoever follows that and wants to go on where he was: a subscription, or a
-- topic that came to be (then there is no subscription). Messages, dead letters and exchanges are rows of
-- their own, in order: they need none here, and what is published and delivered writes nothing here.
-- Subscriptions may be forgotten before this is, topics stay.
CREATE TABLE change (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  topic_id INTEGER NOT NULL,
  subscription_id INTEGER,
  state TEXT NOT NULL  -- of a subscription; 'created' of a topic
) STRICT;

-- The latest 100,000 stay.
CREATE TRIGGER change_added AFTER INSERT ON change BEGIN
  DELETE FROM change WHERE id = NEW.id - 100000;
END;

CREATE TRIGGER topic_change AFTER INSERT ON topic BEGIN
  INSERT INTO change (at, topic_id, state) VALUES (NEW.created_at, NEW.id, 'created');
END;
CREATE TRIGGER subscription_change_first AFTER INSERT ON subscription BEGIN
  INSERT INTO change (at, topic_id, subscription_id, state)
    VALUES (NEW.created_at, NEW.topic_id, NEW.id, NEW.state);
END;
-- Each state comes with its time.
CREATE TRIGGER subscription_change AFTER UPDATE OF state ON subscription
WHEN OLD.state <> NEW.state BEGIN
  INSERT INTO change (at, topic_id, subscription_id, state)
    VALUES (coalesce(CASE NEW.state WHEN 'active' THEN NEW.verified_at ELSE NEW.ended_at END,
                     NEW.created_at),
            NEW.topic_id, NEW.id, NEW.state);
END;
