/** What superusers alone can make, and managed services do not allow (number 32). */
import * as z from 'zod/mini';
import { sides } from '../../shared/side';
import { answered, unanswered } from '../answers';
import { type Check, type CheckQuery, defineCheck } from '../check';
import { conclude } from '../conclude';
import { coordinatorOf } from '../nodes';
import { serviceOf, serviceRoleQuery } from '../services';
import { isUsers } from '../tables/tables-sql';
import { isNoExtensions } from './grants-sql';

const maxThings = 500;

const thingsSchema = z.strictObject({
  service: z.nullable(z.string()),
  things: z.array(z.strictObject({ what: z.string(), name: z.string() })),
  more: z.number(),
});

const superuserQuery: CheckQuery<z.infer<typeof thingsSchema>> = {
  name: 'superuserThings',
  nodes: 'coordinator',
  sql: () => `WITH routine AS (
  SELECT n.nspname || '.' || p.proname AS name, p.*, l.lanname, l.lanpltrusted, r.rolsuper
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
    JOIN pg_roles r ON r.oid = p.proowner
   WHERE ${isUsers('n.nspname')} AND ${isNoExtensions('pg_proc', 'p.oid')}
), found AS (
  SELECT 'function in the untrusted language ' || lanname AS what, name FROM routine WHERE NOT lanpltrusted
  UNION ALL SELECT 'SECURITY DEFINER function of a superuser', name FROM routine WHERE prosecdef AND rolsuper
  UNION ALL SELECT 'LEAKPROOF function', name FROM routine WHERE proleakproof
  UNION ALL SELECT 'function that reads or runs files of the server', name FROM routine
   WHERE lanpltrusted AND prosrc ~* 'pg_(read_(binary_)?file|ls_dir|stat_file|file_write)|lo_(import|export)|[[:<:]]program[[:>:]]'
  UNION ALL SELECT 'event trigger', evtname FROM pg_event_trigger t WHERE ${isNoExtensions('pg_event_trigger', 't.oid')}
  UNION ALL SELECT 'tablespace', spcname FROM pg_tablespace WHERE spcname !~ '^pg_'
  UNION ALL SELECT 'foreign server that reads files', srvname FROM pg_foreign_server s
    JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw WHERE w.fdwname = 'file_fdw'
  UNION ALL SELECT 'base type', n.nspname || '.' || t.typname FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
   WHERE t.typtype = 'b' AND t.typelem = 0 AND ${isUsers('n.nspname')} AND ${isNoExtensions('pg_type', 't.oid')}
  UNION ALL SELECT 'operator class', n.nspname || '.' || o.opcname FROM pg_opclass o JOIN pg_namespace n ON n.oid = o.opcnamespace
   WHERE ${isUsers('n.nspname')} AND ${isNoExtensions('pg_opclass', 'o.oid')}
  UNION ALL SELECT 'publication of all tables', pubname FROM pg_publication WHERE puballtables
  UNION ALL SELECT 'superuser that logs in', rolname FROM pg_roles WHERE rolsuper AND rolcanlogin AND oid <> 10
  UNION ALL SELECT 'member of ' || r.rolname, u.rolname FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid
    JOIN pg_roles u ON u.oid = m.member
   WHERE r.rolname IN ('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program')
)
SELECT json_build_object('service', ${serviceRoleQuery}, 'more', (SELECT greatest(count(*) - ${maxThings}, 0) FROM found),
  'things', (SELECT coalesce(json_agg(row_to_json(f)), '[]')
     FROM (SELECT * FROM found ORDER BY what, name LIMIT ${maxThings}) AS f))`,
  answer: thingsSchema,
};

const superuser = defineCheck({
  id: 'roles.superuser',
  group: 'roles',
  title: 'What needs a superuser',
  question: 'Does the source use what superusers alone can make, while the target is a managed service without them?',
  why: 'Services have no superuser for their customers: such objects cannot be restored there, and what relies on them stops working.',
  reference:
    'PostgreSQL documentation, "CREATE FUNCTION", "CREATE EVENT TRIGGER", "CREATE TYPE", "CREATE OPERATOR CLASS" and "Predefined Roles"',
  severity: 'high',
  sides,
  queries: { superuser: superuserQuery },
  judge({ source, target }) {
    const from = coordinatorOf(answered(source.answers.superuser));
    const to = coordinatorOf(answered(target.answers.superuser));
    const service = serviceOf(to?.answer.service);
    const here = serviceOf(from?.answer.service);
    const things = from?.answer.things ?? [];
    const differences =
      service && !here
        ? things.map(({ what, name }) => ({ what: `${what}: ${name}`, source: 'there', target: `not on ${service}` }))
        : [];
    return conclude({
      differences,
      remarks:
        service || things.length === 0
          ? []
          : [`a restore needs a superuser for: ${things.map(({ what, name }) => `${what} ${name}`).join(', ')}`],
      unknown: [
        ...unanswered(source.answers.superuser, target.answers.superuser),
        ...((from?.answer.more ?? 0) > 0 ? [{ what: `${from!.answer.more} more of them are not listed` }] : []),
      ],
      pass: service
        ? `the source uses nothing that ${service} does not allow`
        : `the target is no known managed service; ${things.length} things of the source need a superuser`,
    });
  },
});

export const rolesSuperuserChecks: readonly Check[] = [superuser];
