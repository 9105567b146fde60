-- One group of colocated tables, so that the rollup runs inside the shards; small tables are on every node.
SELECT create_reference_table('analytics.apps');
SELECT create_reference_table('analytics.latency_buckets');
SELECT create_distributed_table('analytics.tenants', 'tenant_id');
SELECT create_distributed_table('analytics.events', 'tenant_id', colocate_with => 'analytics.tenants');
SELECT create_distributed_table('analytics.rollups', 'tenant_id', colocate_with => 'analytics.tenants');
