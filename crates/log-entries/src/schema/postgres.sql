-- The lines that workers produced to Kafka's topic log_entries, as `mainspring logs consume` writes them.

CREATE TABLE log_entries (
    team_id         bigint         NOT NULL,
    log_source      text           NOT NULL,
    log_source_id   text           NOT NULL,
    -- The run id of the workflow.
    instance_id     text           NOT NULL,
    "timestamp"     timestamptz(6) NOT NULL,
    level           text           NOT NULL,
    message         text           NOT NULL,
    -- Where the line is in Kafka. That is its identity: two lines of one microsecond stay two lines.
    kafka_partition integer        NOT NULL,
    kafka_offset    bigint         NOT NULL,
    -- A record has one instance_id, so this key is the identity still; with it in front, following a run reads what is new.
    PRIMARY KEY (instance_id, kafka_partition, kafka_offset)
);

-- What an application asks: the lines of one of its things, in order.
CREATE INDEX log_entries_of_a_source ON log_entries (team_id, log_source, log_source_id, instance_id, "timestamp");

-- Small, for: DELETE FROM log_entries WHERE "timestamp" < now() - interval '90 days'.
CREATE INDEX log_entries_by_time ON log_entries USING brin ("timestamp");

-- Records that are no lines, as they came, each with the reason.
CREATE TABLE log_entries_rejects (
    kafka_partition integer     NOT NULL,
    kafka_offset    bigint      NOT NULL,
    reason          text        NOT NULL,
    value           bytea,
    rejected_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (kafka_partition, kafka_offset)
);

-- How far each partition is read. A row changes in the transaction that writes its lines.
CREATE TABLE log_entries_offsets (
    topic           text    NOT NULL,
    kafka_partition integer NOT NULL,
    next_offset     bigint  NOT NULL,
    -- All that Kafka had of the partition at this moment is in the table.
    reached_at      timestamptz,
    PRIMARY KEY (topic, kafka_partition)
);
