-- Starbucks: portfolio.json (offers), profile.json.gz (members), transcript.json.gz (events, in hours since the start).
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

-- Offers as they were received. A table: three views below read it.
CREATE TABLE received AS
SELECT t.person AS member_id, t.time, offers.action
FROM transcript AS t
JOIN offers ON offers.id = t.value['offer id']
WHERE t.event = 'offer received';

-- Every member in every wave: those without an offer are decisions for 'none'.
CREATE VIEW decisions AS
SELECT
    concat(profile.id, '@', waves.time) AS decision_id,
    profile.id AS member_id,
    to_timestamp_seconds(1533081600 + 3600 * waves.time) AS decided_at,
    coalesce(received.action, 'none') AS action
FROM profile
CROSS JOIN (SELECT DISTINCT time FROM received) AS waves
LEFT JOIN received ON received.member_id = profile.id AND received.time = waves.time;

CREATE VIEW events AS
SELECT
    t.person AS member_id,
    to_timestamp_seconds(1533081600 + 3600 * t.time) AS at,
    CASE t.event WHEN 'offer viewed' THEN 'viewed' WHEN 'offer completed' THEN 'completed' ELSE t.event END AS event,
    offers.action,
    t.value['amount'] AS value
FROM transcript AS t
LEFT JOIN offers ON offers.id = coalesce(t.value['offer id'], t.value['offer_id'])
WHERE t.event <> 'offer received';
