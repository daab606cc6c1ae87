-- A booking of two seats as textbooks write it: lock the seats' rows, insert the booking and its items, update the seats.
SELECT nextval('pgbench_attempt') AS n \gset
\set show :n / 100 + 1
\set seat (:n % 100) * 2 + 1
BEGIN;
SELECT status FROM pgbench_seats WHERE show_id = :show AND seat_id IN (:seat, :seat + 1) FOR UPDATE;
INSERT INTO pgbench_bookings (booking_id, user_id, show_id, status, total_price, payment_id, idempotency_key)
VALUES (:n, 5, :show, 'confirmed', 50000, 'pay', 'i' || (:n)::BIGINT::TEXT);
INSERT INTO pgbench_items VALUES (:n, :show, :seat, 'A1', 25000), (:n, :show, :seat + 1, 'A2', 25000);
UPDATE pgbench_seats SET status = 'booked', booking_id = :n WHERE show_id = :show AND seat_id IN (:seat, :seat + 1);
COMMIT;
