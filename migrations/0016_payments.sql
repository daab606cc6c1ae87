-- Payments taken at a till, by a clerk, without the gateway: `payment_id` is the payment's, and goes where its show goes.
-- A payment without a row here is the gateway's. `paid_out_by` and `paid_out_at` are set when somebody gave the money back
-- by hand.
CREATE TABLE till_payments (
    payment_id  UUID   NOT NULL PRIMARY KEY,
    cinema_id   UUID   NOT NULL,
    clerk       UUID   NOT NULL,
    method      TEXT   NOT NULL,
    taken_at    BIGINT NOT NULL,
    paid_out_by UUID,
    paid_out_at BIGINT
) --@sqlite WITHOUT ROWID
;
CREATE INDEX till_payments_by_day ON till_payments (cinema_id, taken_at);
CREATE INDEX till_payments_paid_out ON till_payments (cinema_id, paid_out_at) WHERE paid_out_at IS NOT NULL;
