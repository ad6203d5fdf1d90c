-- What analytics reads: a row for each payment, or repayment with less than nothing.
CREATE TABLE IF NOT EXISTS payments (
    id INTEGER PRIMARY KEY,
    paid_at TEXT NOT NULL CHECK (paid_at GLOB '????-??-??T??:??:??*Z'), -- in UTC, as 2026-11-20T12:00:00Z: texts compare as times do
    cents INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS payments_paid_at ON payments (paid_at);

-- What it writes: a row for each day, by UTC.
CREATE TABLE IF NOT EXISTS revenue_reports (
    day TEXT PRIMARY KEY,
    payments INTEGER NOT NULL,
    cents INTEGER NOT NULL,
    reported_at TEXT NOT NULL
);
