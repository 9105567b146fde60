-- The application computes a rollup through this procedure.
CALL analytics.create_rollup('2024-01-08', '2024-01-15');

-- One tenant's report.
SELECT r.day, b.from_ms, b.until_ms, r.events, r.slow_events
FROM analytics.rollups r
JOIN analytics.latency_buckets b ON b.bucket = r.bucket
WHERE r.tenant_id = :tenant
ORDER BY r.day, b.from_ms;

-- Busiest apps of all tenants.
SELECT a.name, count(*) AS events, sum(e.bytes) AS bytes
FROM analytics.events e
JOIN analytics.apps a ON a.app_id = e.app_id
GROUP BY a.name
ORDER BY events DESC
LIMIT 10;
