-- The same rows on every side and in every run: everything follows from the event's number. :events is replaced.
INSERT INTO analytics.apps
SELECT app_id, 'app ' || app_id, 200 + 100 * (app_id % 5)
FROM generate_series(1, 12) AS app_id;

INSERT INTO analytics.latency_buckets VALUES
  (1, 0, 5), (2, 5, 20), (3, 20, 50), (4, 50, 100), (5, 100, 200), (6, 200, 500), (7, 500, 1000), (8, 1000, 100000);

INSERT INTO analytics.tenants
SELECT tenant_id, 'tenant ' || tenant_id
FROM generate_series(1, 100) AS tenant_id;

-- Of 109 events in a row tenant 1 has ten, every other tenant one. Four weeks, evenly; durations from 1 to 10,000 ms,
-- most of them short.
INSERT INTO analytics.events
SELECT CASE WHEN i % 109 < 10 THEN 1 ELSE i % 109 - 8 END,
       i,
       1 + (i * 7) % 12,
       timestamptz '2024-01-01 00:00+00' + i * (interval '28 days' / :events),
       floor(10 ^ ((i * 48271 % 4001) / 1000.0::double precision))::integer,
       100 + (i * 16807 % 9973)::integer,
       (i * 69621 % 50021)::integer
FROM generate_series(0::bigint, :events - 1) AS i;
