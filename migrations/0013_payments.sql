-- Captures to come, in a table of their own for the same reason.
CREATE TABLE captures (
    payment_id UUID   NOT NULL PRIMARY KEY,
    due_at     BIGINT NOT NULL
) --@sqlite WITHOUT ROWID
;

INSERT INTO captures (payment_id, due_at)
SELECT payment_id, capture_due_at FROM payments WHERE capture_due_at IS NOT NULL;
DROP INDEX payments_to_capture;
ALTER TABLE payments DROP COLUMN capture_due_at;
--@postgres ALTER TABLE payments SET (fillfactor = 50);
