-- Counts one week's events by tenant, day and latency bucket.
INSERT INTO analytics.rollups (tenant_id, day, bucket, events, bytes, duration_ms, slow_events)
SELECT e.tenant_id,
       (e.created_at AT TIME ZONE 'UTC')::date,
       b.bucket,
       count(*),
       sum(e.bytes),
       sum(e.duration_ms),
       count(*) FILTER (WHERE e.duration_ms >= a.slow_ms)
FROM analytics.events e
JOIN analytics.apps a ON a.app_id = e.app_id
JOIN analytics.latency_buckets b ON e.duration_ms >= b.from_ms AND e.duration_ms < b.until_ms
WHERE e.created_at >= '2024-01-08 00:00+00'
  AND e.created_at < '2024-01-15 00:00+00'
GROUP BY e.tenant_id, (e.created_at AT TIME ZONE 'UTC')::date, b.bucket
ON CONFLICT (tenant_id, day, bucket) DO UPDATE
SET events = excluded.events,
    bytes = excluded.bytes,
    duration_ms = excluded.duration_ms,
    slow_events = excluded.slow_events;
