-- What was paid for a show, to move it to another shard.
CREATE INDEX payments_by_show ON payments (show_id);
