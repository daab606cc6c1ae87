-- What proves a booking's tickets, so that they are the same for ever; none of bookings whose tickets were signed one by one.
ALTER TABLE bookings ADD COLUMN proof BYTEA;
-- A booking that was sold answers its key by itself, so keys are what tells which of them are old.
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (booking_id);
