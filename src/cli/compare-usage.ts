export const compareUsage = `Usage: cutover compare --source URI --target URI [options]
       cutover compare [--settings FILE] [--migration NAME] [options]

Asks every node of both clusters what the catalogue of checks asks (docs/checks.md), and says what differs, why it matters
and what mends it. Reads only.

Clusters:
  --source URI               the cluster moved from; default without --settings: CUTOVER_SOURCE_URI
  --target URI               the cluster moved to; default without --settings: CUTOVER_TARGET_URI
                             As for cutover explain. Without either, those of a migration in the settings.
  --settings FILE            a settings.json of VS Code, or any JSON file with cutover.migrations; default: the nearest
                             .vscode/settings.json with a setting of Cutover, in this folder or above
  --migration NAME           which migration of the settings, when there are several; with URIs: what to call the pair
  --source-label TEXT        what to call it, with --source; default: source
  --target-label TEXT        the same for the target
  --statement-timeout MS     ends a query on the server; default 60000, 0 for none

Checks:
  --group NAME               only that group; repeatable. The group probe, which loads the nodes for a moment, is asked
                             only so: speed of a core, disk, round trip to the workers
  --fail-on SEVERITY         critical, high (default), medium, low or info: what ends with exit code 1

Earlier comparisons:
  --save FILE                keep this one in the file; a former comparison there is replaced
  --since FILE               say what changed since the one that is kept there

Output:
  --format FORMAT            text (default), json (docs/comparison-report.schema.json) or markdown
  --remedies                 in text, the SQL that mends each finding, too; never run by Cutover

  --help, --version

Passwords: in the URI; else CUTOVER_SOURCE_PASSWORD and CUTOVER_TARGET_PASSWORD; else the service entry, PGPASSWORD and
the password file, as for psql.
Exit codes: 0 no finding of that severity or worse, and all checks of such a severity could be judged; 1 there is one;
2 wrong use, or a check in error (also: the comparison could not be kept); 3 none, and a check of such a severity could not
be judged, or a side could not be reached; 70 a defect in Cutover; 130 cancelled by Ctrl-C, on the servers too.
`;
