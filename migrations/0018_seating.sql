-- Why seats are kept from sale. A seat that was blocked before has no reason: it is a house seat.
ALTER TABLE show_seats ADD COLUMN block_reason TEXT;
ALTER TABLE show_seats ADD COLUMN block_note TEXT;
