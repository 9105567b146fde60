/** Managed services, as far as a server shows that it is run by one, and what they keep to themselves. */

/** Roles that a service makes in every database server of its own, by which it is known. */
const services: Readonly<Record<string, string>> = {
  rds_superuser: 'Amazon RDS or Aurora',
  azure_pg_admin: 'Azure Database for PostgreSQL',
  azuresu: 'Azure Database for PostgreSQL',
  cloudsqlsuperuser: 'Google Cloud SQL',
  alloydbsuperuser: 'Google AlloyDB',
  crunchy_superuser: 'Crunchy Bridge',
  neon_superuser: 'Neon',
  supabase_admin: 'Supabase',
};

/** SQL of the first such role of a node; NULL: nobody's service. */
export const serviceRoleQuery = `(SELECT rolname FROM pg_catalog.pg_roles WHERE rolname IN (${Object.keys(services)
  .map(name => `'${name}'`)
  .join(', ')}) ORDER BY rolname LIMIT 1)`;

/** Its name, of what {@link serviceRoleQuery} found. */
export function serviceOf(role: string | null | undefined): string | undefined {
  return role ? (services[role] ?? role) : undefined;
}

/** Roles that services make for themselves: none of the migration's business. */
export const serviceRole = /^(?:azure|rds|cloudsql|alloydb|aiven|crunchy|supabase|neon_|doadmin)/;

/** Settings that the documentation of these services lists as theirs alone. */
const fixed =
  /^(?:fsync|full_page_writes|wal_sync_method|wal_log_hints|data_checksums|archive_.*|synchronous_standby_names|ssl|ssl_c.*|ssl_library|listen_addresses|port|unix_socket_.*|logging_collector|log_destination|log_(?:directory|filename|file_mode|rotation_.*|truncate_.*)|huge_pages.*|shared_memory_type|wal_(?:init_zero|recycle)|zero_damaged_pages|ignore_checksum_failure)$/;

export function isFixedByService(setting: string): boolean {
  return fixed.test(setting);
}
