-- Open Bandit Dataset: one row an impression.

-- Numbered in the order of their values; impressions of one number are equal in everything that is read below.
CREATE VIEW numbered AS
SELECT
    *,
    CAST(row_number() OVER (
        ORDER BY timestamp, item_id, position, click, propensity_score, user_feature_0, user_feature_1, user_feature_2,
            user_feature_3
    ) AS VARCHAR) AS impression
FROM log;

CREATE VIEW members AS
SELECT impression AS member_id, user_feature_0, user_feature_1, user_feature_2, user_feature_3
FROM numbered;

-- Every item up to the largest number: one that was never drawn could have been.
CREATE VIEW items AS
SELECT unnest(generate_series(0, largest)) AS item
FROM (SELECT CAST(max(item_id) AS BIGINT) AS largest FROM log);

CREATE VIEW rewards AS
SELECT CAST(item AS VARCHAR) AS action, 'item' AS kind, 0 AS amount
FROM items
ORDER BY item;

CREATE VIEW decisions AS
SELECT
    impression AS decision_id,
    impression AS member_id,
    timestamp AS decided_at,
    CAST(item_id AS VARCHAR) AS action,
    propensity_score AS propensity,
    position
FROM numbered;

CREATE VIEW events AS
SELECT impression AS member_id, timestamp AS at, 'click' AS event, click AS value
FROM numbered
WHERE click > 0;
