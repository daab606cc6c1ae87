-- A booking names its seats: they are found by their own key.
DROP INDEX show_seats_by_booking;
-- Each seat that is claimed is updated once, soon after: with room on its page the new row needs no new index entries.
--@postgres ALTER TABLE show_seats SET (fillfactor = 50);
