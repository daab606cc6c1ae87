-- Tables for textbook.sql: 20,000 shows of 200 seats, as many as Marquee sells beside it, a row for every seat.
DROP TABLE IF EXISTS pgbench_items, pgbench_bookings, pgbench_seats;
DROP SEQUENCE IF EXISTS pgbench_attempt;
CREATE TABLE pgbench_bookings (
    booking_id BIGINT PRIMARY KEY, user_id BIGINT, show_id BIGINT, status TEXT, total_price BIGINT, payment_id TEXT,
    idempotency_key TEXT UNIQUE, created_at TIMESTAMPTZ DEFAULT now()
);
CREATE INDEX ON pgbench_bookings (user_id);
CREATE TABLE pgbench_items (booking_id BIGINT, show_id BIGINT, seat_id INT, label TEXT, price BIGINT, PRIMARY KEY (booking_id, seat_id));
CREATE TABLE pgbench_seats (show_id BIGINT, seat_id INT, status TEXT, price BIGINT, booking_id BIGINT, PRIMARY KEY (show_id, seat_id));
INSERT INTO pgbench_seats SELECT s, n, 'available', 25000, NULL FROM generate_series(1, 20000) s, generate_series(1, 200) n;
CREATE SEQUENCE pgbench_attempt;
VACUUM ANALYZE pgbench_seats;
-- What the filling has left to be written must slow neither of the two, and its log is there to be used again, as on a server in use.
CHECKPOINT;
