-- What a booking is once its payment is settled: it is written as confirmed, and confirming it changes nothing of it. Until then it is
-- pending, as pending_bookings says, and bookings_now.
UPDATE bookings SET status = 'confirmed'
WHERE booking_id IN (SELECT booking_id FROM pending_bookings) AND status = 'pending';
ALTER TABLE bookings RENAME COLUMN status TO outcome;
CREATE VIEW bookings_now AS
SELECT b.booking_id, b.user_id, b.show_id, b.cinema_id, b.hold_id, CASE WHEN p.booking_id IS NULL THEN b.outcome ELSE 'pending' END AS status,
    b.total, b.currency, b.payment_id, b.booked_by, b.idempotency_key, b.created_at, b.cancelled_at, b.seats, b.proof
FROM bookings b LEFT JOIN pending_bookings p ON p.booking_id = b.booking_id;
--@postgres ALTER TABLE bookings RESET (fillfactor);
