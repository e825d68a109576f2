-- coffeehouse: the raw files as `guerdon generate` writes them.

CREATE VIEW members AS
SELECT
    member_id,
    CAST(joined_at AS TIMESTAMP) AS joined_at,
    tier, age_band, income_band, favourite, usual_daypart, home_distance_km, app, deal_seeker, game_player
FROM raw_members;

-- In the order of the file, which is the order of the catalogue.
CREATE VIEW rewards AS
SELECT action, kind, amount, threshold, pays_at, valid_hours, slot, channels
FROM raw_rewards;

CREATE VIEW decisions AS
SELECT
    decision_id,
    member_id,
    CAST(decided_at AS TIMESTAMP) AS decided_at,
    stage,
    action,
    CAST(propensity AS DOUBLE) AS propensity,
    policy_version
FROM raw_decisions;

CREATE VIEW events AS
SELECT member_id, at, event, action, value
FROM raw_events;
