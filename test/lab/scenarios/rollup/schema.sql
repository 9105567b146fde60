-- Web analytics of many tenants: raw events, and rollups computed from them once a day.
CREATE SCHEMA analytics AUTHORIZATION app_owner;
SET ROLE app_owner;

CREATE TABLE analytics.tenants (
  tenant_id integer PRIMARY KEY,
  name text NOT NULL
);

CREATE TABLE analytics.apps (
  app_id integer PRIMARY KEY,
  name text NOT NULL,
  slow_ms integer NOT NULL
);

CREATE TABLE analytics.latency_buckets (
  bucket integer PRIMARY KEY,
  from_ms integer NOT NULL,
  until_ms integer NOT NULL
);

CREATE TABLE analytics.events (
  tenant_id integer NOT NULL,
  event_id bigint NOT NULL,
  app_id integer NOT NULL,
  created_at timestamptz NOT NULL,
  duration_ms integer NOT NULL,
  bytes integer NOT NULL,
  visitor_id integer NOT NULL,
  PRIMARY KEY (tenant_id, event_id)
);
CREATE INDEX events_created_at_idx ON analytics.events (created_at);

CREATE TABLE analytics.rollups (
  tenant_id integer NOT NULL,
  day date NOT NULL,
  bucket integer NOT NULL,
  events bigint NOT NULL,
  bytes bigint NOT NULL,
  duration_ms bigint NOT NULL,
  slow_events bigint NOT NULL,
  PRIMARY KEY (tenant_id, day, bucket)
);

RESET ROLE;
