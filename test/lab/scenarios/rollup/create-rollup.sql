-- The statement of rollup.sql for any span of days, as the application calls it.
CREATE PROCEDURE analytics.create_rollup(from_day date, until_day date)
LANGUAGE plpgsql
AS $$
BEGIN
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
  WHERE e.created_at >= from_day::timestamp AT TIME ZONE 'UTC'
    AND e.created_at < until_day::timestamp AT TIME ZONE 'UTC'
  GROUP BY e.tenant_id, (e.created_at AT TIME ZONE 'UTC')::date, b.bucket
  ON CONFLICT (tenant_id, day, bucket) DO UPDATE
  SET events = excluded.events,
      bytes = excluded.bytes,
      duration_ms = excluded.duration_ms,
      slow_events = excluded.slow_events;
END
$$;
