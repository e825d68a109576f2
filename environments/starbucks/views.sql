-- Starbucks: portfolio.json (offers), profile.json.gz (members), transcript.json.gz (events, in hours since the start).
-- In each join the smaller table stands on the left: that side is held in memory, the other streams past it.
-- The start is taken to be 2018-08-01T00:00Z, which is second 1533081600.

-- Each offer under a name that people can read: type, reward, difficulty, duration in days.
CREATE VIEW offers AS
SELECT
    id,
    concat(offer_type, '_', CAST(reward AS BIGINT), '_', CAST(difficulty AS BIGINT), '_', CAST(duration AS BIGINT), 'd')
        AS action,
    offer_type,
    reward,
    difficulty,
    duration * 24 AS valid_hours,
    channels
FROM portfolio;

CREATE VIEW members AS
SELECT
    id AS member_id,
    CAST(to_date(CAST(became_member_on AS VARCHAR), '%Y%m%d') AS TIMESTAMP) AS joined_at,
    nullif(age, 118) AS age,
    gender,
    income
FROM profile;

CREATE VIEW rewards AS
SELECT action, kind, amount, threshold, pays_at, valid_hours, channels
FROM (
    SELECT
        1 AS place, action, offer_type AS kind, reward AS amount, difficulty AS threshold,
        CASE WHEN offer_type <> 'informational' THEN 'completed' END AS pays_at, valid_hours, channels
    FROM offers
    UNION ALL
    SELECT 0, 'none', 'none', 0, NULL, NULL, NULL, NULL
)
ORDER BY place, kind, amount, threshold, valid_hours, action;

-- Offers as they were received (under their own id if the portfolio doesn't list them: that is then an error). A table,
-- since it is read more than once.
CREATE TABLE received AS
SELECT t.person AS member_id, t.time, coalesce(offers.action, t.value['offer id']) AS action
FROM offers
RIGHT JOIN transcript AS t ON t.value['offer id'] = offers.id
WHERE t.event = 'offer received';

-- Every member in every wave: those without an offer are decisions for 'none'.
CREATE VIEW decisions AS
SELECT
    concat(drawn.member_id, '@', drawn.time) AS decision_id,
    drawn.member_id,
    to_timestamp_seconds(1533081600 + 3600 * drawn.time) AS decided_at,
    coalesce(received.action, 'none') AS action
FROM received
RIGHT JOIN (
    SELECT profile.id AS member_id, waves.time
    FROM (SELECT DISTINCT time FROM received) AS waves
    CROSS JOIN profile
) AS drawn
ON received.member_id = drawn.member_id AND received.time = drawn.time;

CREATE VIEW events AS
SELECT
    t.person AS member_id,
    to_timestamp_seconds(1533081600 + 3600 * t.time) AS at,
    CASE t.event WHEN 'offer viewed' THEN 'viewed' WHEN 'offer completed' THEN 'completed' ELSE t.event END AS event,
    coalesce(offers.action, t.value['offer id'], t.value['offer_id']) AS action,
    t.value['amount'] AS value
FROM offers
RIGHT JOIN transcript AS t ON offers.id = coalesce(t.value['offer id'], t.value['offer_id'])
WHERE t.event <> 'offer received';
