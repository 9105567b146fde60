/** Triggers, event triggers and rules: number 48 of the list of checks. */
import type { Check } from '../check';
import { defineObjectCheck } from './compare';
import { dotted, isNoExtensions, isUsersTable, quotedTable } from './objects-sql';

const firing: ReadonlyMap<string, string> = new Map([
  ['O', 'ENABLE'],
  ['D', 'DISABLE'],
  ['A', 'ENABLE ALWAYS'],
  ['R', 'ENABLE REPLICA'],
]);

/** What follows CREATE for one that does not fire as CREATE leaves it. */
const firingSql = (state: string, before: string, after: string): string =>
  `CASE ${state} WHEN 'O' THEN '' ELSE chr(10) || ${before} || CASE ${state} ${[...firing]
    .map(([letter, words]) => `WHEN '${letter}' THEN ' ${words}'`)
    .join(' ')} END || ${after} || ';' END`;

const triggers = defineObjectCheck(
  {
    id: 'objects.triggers',
    title: 'Triggers, event triggers and rules',
    question: 'Has the target every trigger, event trigger and rule, firing as on the source?',
    why: 'Loads disable triggers, and forget to enable them; one that is ALWAYS on fires twice under logical replication.',
    reference: 'PostgreSQL documentation, "ALTER TABLE: ENABLE TRIGGER" and "ALTER EVENT TRIGGER"',
    severity: 'high',
  },
  {
    noun: '',
    plural: 'triggers',
    rows: server => `
  SELECT 'trigger ' || t.tgname || ' of ' || ${dotted} AS name, json_build_array('ALTER TABLE ' || ${quotedTable}, ' TRIGGER ' || quote_ident(t.tgname))::text AS note,
         'fires ' || t.tgenabled::text || chr(10) || pg_get_triggerdef(t.oid) AS definition,
         -- That of a partition comes with its table's.
         CASE WHEN coalesce(to_jsonb(t) ->> 'tgparentid', '0') = '0' THEN pg_get_triggerdef(t.oid) || ';'
           || ${firingSql('t.tgenabled', `'ALTER TABLE ' || ${quotedTable}`, `' TRIGGER ' || quote_ident(t.tgname)`)} END AS created,
         format('DROP TRIGGER %I ON %s;', t.tgname, ${quotedTable}) AS dropped, t.oid::bigint AS place
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE NOT t.tgisinternal AND ${isUsersTable(server)} AND ${isNoExtensions('pg_trigger', 't.oid')}
   UNION ALL
  SELECT 'event trigger ' || v.evtname, json_build_array('ALTER EVENT TRIGGER ' || quote_ident(v.evtname), '')::text,
         concat_ws(chr(10), 'fires ' || v.evtenabled::text, 'on ' || v.evtevent, 'when tag in ' || array_to_string(v.evttags, ', '),
                   'runs ' || f.nspname || '.' || p.proname),
         format('CREATE EVENT TRIGGER %I ON %s%s EXECUTE FUNCTION %I.%I();', v.evtname, v.evtevent,
             (SELECT ' WHEN TAG IN (' || string_agg(quote_literal(tag), ', ') || ')' FROM unnest(v.evttags) AS tag), f.nspname, p.proname)
           || ${firingSql('v.evtenabled', "'ALTER EVENT TRIGGER ' || quote_ident(v.evtname)", "''")},
         format('DROP EVENT TRIGGER %I;', v.evtname), v.oid::bigint
    FROM pg_event_trigger v JOIN pg_proc p ON p.oid = v.evtfoid JOIN pg_namespace f ON f.oid = p.pronamespace
   WHERE ${isNoExtensions('pg_event_trigger', 'v.oid')}
   UNION ALL
  SELECT 'rule ' || r.rulename || ' of ' || ${dotted}, NULL, 'fires ' || r.ev_enabled::text || chr(10) || pg_get_ruledef(r.oid),
         pg_get_ruledef(r.oid) || ${firingSql('r.ev_enabled', `'ALTER TABLE ' || ${quotedTable}`, `' RULE ' || quote_ident(r.rulename)`)},
         format('DROP RULE %I ON %s;', r.rulename, ${quotedTable}), r.oid::bigint
    FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE r.rulename <> '_RETURN' AND ${isUsersTable(server)}`,
    creates: { lock: 'writes to the table wait for a moment (SHARE ROW EXCLUSIVE); of a rule, reads too' },
    remedy: ({ source, target, lost, added }) => {
      const [wanted, now] = [lost, added].map(lines => firing.get(/^fires (.)$/.exec(lines.join())?.[1] ?? ''));
      if (!target || !source.note || !wanted || !now) return undefined;
      const [before = '', after = ''] = JSON.parse(source.note) as string[];
      return {
        sql: `${before} ${wanted}${after};`,
        lock: 'writes to the table wait for a moment (SHARE ROW EXCLUSIVE)',
        rollback: `${before} ${now}${after};`,
        verify: 'Run this check again. What was loaded while it was off has not been through it.',
      };
    },
  },
);

export const objectTriggerChecks: readonly Check[] = [triggers];
