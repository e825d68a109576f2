-- bandit24: one row a decision. action = kind * 8 + amount * 2 + timing.

CREATE VIEW members AS
SELECT
    CAST(event_id AS VARCHAR) AS member_id,
    x0, x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11, x12, x13, x14, x15, x16, x17, x18, x19
FROM log;

CREATE VIEW rewards AS
SELECT
    CAST(value AS VARCHAR) AS action,
    concat('kind_', value / 8) AS kind,
    (value % 8) / 2 AS amount,
    concat('timing_', value % 2) AS slot
FROM generate_series(0, 23)
ORDER BY value;

CREATE VIEW decisions AS
SELECT
    CAST(event_id AS VARCHAR) AS decision_id,
    CAST(event_id AS VARCHAR) AS member_id,
    to_timestamp('2024-01-01T00:00:00Z') AS decided_at,
    CAST(action AS VARCHAR) AS action,
    propensity
FROM log;

CREATE VIEW events AS
SELECT
    CAST(event_id AS VARCHAR) AS member_id,
    to_timestamp('2024-01-01T00:00:00Z') AS at,
    'reward' AS event,
    reward AS value
FROM log
WHERE reward > 0;
