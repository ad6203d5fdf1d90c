-- The lines that workers produced to Kafka's topic log_entries, for a ClickHouse that reads the topic by itself.
-- Put your brokers where it says BROKERS.

CREATE TABLE log_entries
(
    team_id       UInt64,
    log_source    LowCardinality(String),
    log_source_id String,
    -- The run id of the workflow.
    instance_id   String,
    timestamp     DateTime64(6, 'UTC'),
    level         LowCardinality(String),
    message       String,
    _timestamp    DateTime,
    _partition    UInt64,
    _offset       UInt64
)
-- ClickHouse may read a record of Kafka again, after a restart or a rebalance. Rows of one sorting key become one row at a
-- merge, so a record that was read twice is one line again; until then, SELECT … FINAL counts it once.
ENGINE = ReplacingMergeTree(_timestamp)
-- Whole days are dropped, without a rewrite.
PARTITION BY toYYYYMMDD(timestamp)
-- What is asked: the lines of one team's one thing, one run, in order of time. The sorting key is the identity too, and here
-- lies its danger: two different lines of one microsecond would be one row. A worker gives each of its lines a microsecond of
-- its own, but two processes can write for one run in the same one: an attempt of an activity on each of two machines, or
-- a workflow and its activity. So where the record lay in Kafka, which no two records share, ends the key: nothing
-- collapses but what was read twice. It costs some 3 bytes a row, and no query needs to name it.
ORDER BY (team_id, log_source, log_source_id, instance_id, timestamp, _partition, _offset)
TTL toDateTime(timestamp) + INTERVAL 90 DAY
SETTINGS index_granularity = 1024, ttl_only_drop_parts = 1;

CREATE TABLE kafka_log_entries
(
    team_id       UInt64,
    log_source    String,
    log_source_id String,
    instance_id   String,
    timestamp     DateTime64(6, 'UTC'),
    level         String,
    message       String
)
ENGINE = Kafka('BROKERS', 'log_entries', 'clickhouse_log_entries', 'JSONEachRow')
-- What is no record is passed over, up to so many in a block, in place of stopping the table.
SETTINGS kafka_skip_broken_messages = 100;

CREATE MATERIALIZED VIEW log_entries_mv TO log_entries AS
SELECT team_id, log_source, log_source_id, instance_id, timestamp, level, message, _timestamp, _partition, _offset
FROM kafka_log_entries;
