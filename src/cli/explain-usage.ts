export const explainUsage = `Usage: cutover explain --source URI --target URI (--sql TEXT | --file FILE [--line N]) [options]

Explains one statement on both clusters at once and says what differs, and why. A CALL, a DO or a SELECT of functions
shows the statements inside.

Clusters:
  --source URI               the cluster moved from; default: CUTOVER_SOURCE_URI
  --target URI               the cluster moved to; default: CUTOVER_TARGET_URI
                             postgresql://user@host:5432/database?sslmode=verify-full, key=value pairs as in
                             "host=… dbname=…", or service=NAME. What is missing comes from PG* variables.
  --source-label TEXT        what to call it; default: the playbook's name for it, else source
  --target-label TEXT        the same for the target
  --migration NAME           what to call the pair; default: the playbook's migration or file name

Statement:
  --sql TEXT                 the statement
  --file FILE                a file that holds it (SQL, or Markdown with \`\`\`sql fences); - is standard input
  --line N                   the statement on that line; needed when the file holds several
  --param VALUE              value of the next parameter ($1, $2, …, then :name in the order they appear); repeatable
  --param NAME=VALUE         value of the parameter of that name, when the statement has it; repeatable
  --null NAME                NULL for that parameter; repeatable
                             Without any value plain EXPLAIN shows the generic plan.

Execution:
  --analyze                  EXPLAIN ANALYZE: executes the statement on both sides
  --analyze-writes SIDES     source, target or both: execute what may write there, too, and roll it back. Naming the
                             source lifts its protection. Sequences, notifications and remote calls are not undone.
  --prove                    experiments on the slower side: the statement again with one setting as on the other side, by
                             turns with the unchanged one; rolled back. Needs --analyze, and for what may write
                             --analyze-writes naming that side.
  --runs N                   timed runs of each kind per experiment; default 5, at least 4
  --statement-timeout MS     ends the statement on the server; default 60000, 0 for none

Output:
  --format FORMAT            text (default), json (docs/explain-report.schema.json) or markdown
  --playbook FILE            record the result there, too; a new file begins with Cutover's template

  --help, --version

Passwords: in the URI; else CUTOVER_SOURCE_PASSWORD and CUTOVER_TARGET_PASSWORD; else the service entry, PGPASSWORD and
the password file, as for psql.
Exit codes: 0 explained on both sides; 1 at least one side failed, the other's result is printed; 2 wrong use, or refused
(also: the playbook could not be written); 70 a defect in Cutover; 130 cancelled by Ctrl-C, on the servers too.
`;
