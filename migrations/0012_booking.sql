-- Bookings that wait for their payment's outcome, in a table of their own that is nearly always small: so bookings has no
-- index over what changes, and a booking is settled without new index entries.
CREATE TABLE pending_bookings (
    booking_id UUID NOT NULL PRIMARY KEY
) --@sqlite WITHOUT ROWID
;

INSERT INTO pending_bookings (booking_id) SELECT booking_id FROM bookings WHERE status = 'pending';
DROP INDEX bookings_pending;
--@postgres ALTER TABLE bookings SET (fillfactor = 50);
