-- What a booking was sold as is read and written with it alone: its seats stand in its own row.
ALTER TABLE bookings ADD COLUMN seats TEXT NOT NULL DEFAULT '[]';
--@sqlite UPDATE bookings SET seats = (
--@sqlite     SELECT json_group_array(json_object('seat_id', seat_id, 'label', label, 'category', category, 'price', price,
--@sqlite         'ticket_id', lower(hex(ticket_id))))
--@sqlite     FROM (SELECT * FROM booking_seats WHERE booking_seats.booking_id = bookings.booking_id ORDER BY position));
--@postgres UPDATE bookings SET seats = COALESCE((
--@postgres     SELECT json_agg(json_build_object('seat_id', seat_id, 'label', label, 'category', category, 'price', price,
--@postgres         'ticket_id', ticket_id) ORDER BY position)::text
--@postgres     FROM booking_seats WHERE booking_seats.booking_id = bookings.booking_id), '[]');
DROP TABLE booking_seats;

-- Bookings that wait for their payment's outcome, in a table of their own that is nearly always small: so bookings has no
-- index over what changes, and a booking is settled without new index entries.
CREATE TABLE pending_bookings (
    booking_id UUID NOT NULL PRIMARY KEY
) --@sqlite WITHOUT ROWID
;

INSERT INTO pending_bookings (booking_id) SELECT booking_id FROM bookings WHERE status = 'pending';
DROP INDEX bookings_pending;
--@postgres ALTER TABLE bookings SET (fillfactor = 50);
