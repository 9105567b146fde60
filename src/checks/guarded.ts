/** What a role may read only now and then, inside a query that must not fail for those that may not. */

/**
 * The JSON of a query, or NULL where the condition does not hold. PostgreSQL looks at privileges of tables and of functions in
 * FROM before it runs any of a query, CASE or not; query_to_xml plans its text only when it is called. Base64, as XML knows
 * fewer characters than a name may have.
 * @param sql one SELECT of one JSON value
 */
export function jsonWhere(condition: string, sql: string): string {
  const encoded = `SELECT encode(convert_to((${sql})::text, 'UTF8'), 'base64') AS base64`;
  return `CASE WHEN ${condition} THEN convert_from(decode(substring(query_to_xml('${encoded.replaceAll("'", "''")}', false, true, '')::text
    FROM '<base64>(.*)</base64>'), 'base64'), 'UTF8')::json END`;
}
