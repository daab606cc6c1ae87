-- What was sold of a show: to move it to another shard, and for who looks after it.
CREATE INDEX bookings_by_show ON bookings (show_id, booking_id);
