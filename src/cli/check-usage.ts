export const checkUsage = `Usage: cutover check FILE.playbook.md [options]
       cutover check FILE.playbook.md --lint [--settings FILE]

Asks both clusters what the checks of a playbook ask, and says which pass. Reads only.

Clusters:
                             Those of the migration that the playbook names, as the settings have it.
  --settings FILE            a settings.json of VS Code, or any JSON file with cutover.migrations; default: the nearest
                             .vscode/settings.json with a setting of Cutover, beside the playbook or in a folder above
  --migration NAME           another migration of the settings than the playbook's
  --source URI               the cluster moved from; default without --settings: CUTOVER_SOURCE_URI
  --target URI               the cluster moved to; default without --settings: CUTOVER_TARGET_URI
                             As for cutover explain; both, in place of the settings.
  --source-label TEXT        what to call it, with --source; default: the playbook's name for it, else source
  --target-label TEXT        the same for the target
  --statement-timeout MS     ends a query on the server; default 60000, 0 for none

Checks:
  --phase NAME               only those of that phase; its beginning will do
  --id ID                    only that check; repeatable
  --lint                     asks no cluster: everything that is wrong with the playbook as it is written

Output:
  --format FORMAT            text (default), json (docs/check-report.schema.json) or junit
  --write                    record the results in the playbook, too: all in one step, when the last one is there

  --help, --version

Passwords: in the URI; else CUTOVER_SOURCE_PASSWORD and CUTOVER_TARGET_PASSWORD; else the service entry, PGPASSWORD and
the password file, as for psql. A check on every node logs in to each worker by the password file.
Exit codes: 0 every check that was asked passes; 1 at least one fails; 2 none fails, and one is in error: malformed,
refused, or answered with what it cannot judge (also: wrong use, an error found by --lint, results that could not be
written); 3 neither, and one is unknown, as a node did not answer, a privilege is missing, or a value is NULL; 70 a defect
in Cutover; 130 cancelled by Ctrl-C, on the servers too.
`;
