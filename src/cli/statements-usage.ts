export const statementsUsage = `Usage: cutover statements --source URI --target URI [options]

Compares pg_stat_statements of both clusters, on every node, statement by statement: regressions first, reads and writes
apart. Executes nothing.

Clusters:
  --source URI               the cluster moved from; default: CUTOVER_SOURCE_URI
  --target URI               the cluster moved to; default: CUTOVER_TARGET_URI
                             As for cutover explain. Not needed where a snapshot stands in.
  --source-label TEXT        what to call it; default: source
  --target-label TEXT        the same for the target
  --migration NAME           what to call the pair
  --statement-timeout MS     ends a query on the server; default 60000, 0 for none

Snapshots:
  --save-source FILE         write what was read of the source into a snapshot file; a former snapshot is replaced
  --save-target FILE         the same for the target
  --source-snapshot FILE     compare the source as it is in that file
  --target-snapshot FILE     the same for the target
  --source-since FILE        count only what came after that snapshot of the source
  --target-since FILE        the same for the target

Output:
  --format FORMAT            text (default), json (docs/statements-report.schema.json), markdown or csv
  --top N                    at most N pairs, and N statements on either side only; default 20 for text and markdown,
                             else all
  --writes                   writes only
  --reads                    reads only

  --help, --version

Passwords: in the URI; else CUTOVER_SOURCE_PASSWORD and CUTOVER_TARGET_PASSWORD; else the service entry, PGPASSWORD and
the password file, as for psql.
Exit codes: 0 both sides were read; 1 a side could not be read, the other is printed; 2 wrong use (also: a snapshot could
not be written); 70 a defect in Cutover; 130 cancelled by Ctrl-C, on the servers too.
`;
