-- A claim is open until its payment is settled: one row says so for all of its seats, and settling it changes none of theirs. So show_seats
-- says whose a seat is, and seats_now how they have it.
CREATE TABLE open_claims (
    booking_id UUID NOT NULL PRIMARY KEY
) --@sqlite WITHOUT ROWID
;

INSERT INTO open_claims (booking_id) SELECT DISTINCT booking_id FROM show_seats WHERE status = 'claimed';
UPDATE show_seats SET status = 'booked' WHERE status = 'claimed';
CREATE VIEW seats_now AS
SELECT s.show_id, s.seat_id, CASE WHEN o.booking_id IS NULL THEN s.status ELSE 'claimed' END AS status, s.booking_id
FROM show_seats s LEFT JOIN open_claims o ON o.booking_id = s.booking_id;
--@postgres ALTER TABLE show_seats RESET (fillfactor);
