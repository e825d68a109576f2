-- Hillstrom: one row a customer, with the e-mail that was sent and what followed.

-- Numbered in the order of all values: customers with the same number in two runs are equal in everything.
CREATE VIEW numbered AS
SELECT
    *,
    CAST(row_number() OVER (
        ORDER BY recency, history_segment, history, mens, womens, zip_code, newbie, channel, segment, visit, conversion,
            spend
    ) AS VARCHAR) AS member_id,
    to_timestamp('2008-03-01T00:00:00Z') AS sent_at
FROM customers;

CREATE VIEW members AS
SELECT member_id, recency, history, history_segment, mens, womens, zip_code, newbie, channel
FROM numbered;

CREATE VIEW rewards AS
SELECT column1 AS action, column2 AS kind, 0 AS amount
FROM (VALUES ('none', 'none', 0), ('mens_email', 'mens', 1), ('womens_email', 'womens', 2))
ORDER BY column3;

CREATE VIEW decisions AS
SELECT
    member_id AS decision_id,
    member_id,
    sent_at AS decided_at,
    CASE segment WHEN 'Mens E-Mail' THEN 'mens_email' WHEN 'Womens E-Mail' THEN 'womens_email' WHEN 'No E-Mail' THEN 'none'
        ELSE segment END AS action
FROM numbered;

CREATE VIEW events AS
SELECT member_id, sent_at AS at, 'visit' AS event, CAST(NULL AS DOUBLE) AS value
FROM numbered
WHERE visit = 1
UNION ALL
SELECT member_id, sent_at, 'order', spend
FROM numbered
WHERE conversion = 1 OR spend > 0;
