/** The questions that make up one side: by URI, by fields, or by an entry of pg_service.conf. */
import * as vscode from 'vscode';
import { type ConnectionSettings, defaultColors, type SslMode, sslModes } from '../shared/migration';
import type { Side } from '../shared/side';
import { errorText } from './messages';
import { askChoice, askText, back, type InputStep, type Step } from './quick-steps';
import { sideWord } from './side-names';

/** The side being described; the password never enters the settings. */
export interface SideAnswers {
  settings: ConnectionSettings;
  password?: string | undefined;
}

/** Reads and writes one side inside whatever larger answers a form collects. */
export interface SideLens<A> {
  get(answers: A): SideAnswers;
  set(answers: A, side: SideAnswers): A;
}

type Method = 'uri' | 'fields' | 'service';

/** Asks how the side is described, then for its parts, then goes on with `next`. */
export function connectionStep<A>(title: string, side: Side, lens: SideLens<A>, next: Step<A> | undefined): Step<A> {
  return async (answers, canGoBack) => {
    const { settings } = lens.get(answers);
    const { listServices } = await import('../cluster/service-file');
    const services = await listServices().catch(() => []);
    const method = await askChoice<Method>({
      title: `${title}: ${side}`,
      canGoBack,
      placeholder: `How do you want to describe the ${side}?`,
      choices: [
        {
          iconPath: new vscode.ThemeIcon('link'),
          label: 'Connection URI',
          description: 'postgres://user@host:5432/database',
          value: 'uri',
        },
        {
          iconPath: new vscode.ThemeIcon('list-unordered'),
          label: 'Fields',
          description: 'host, port, database, user, TLS',
          value: 'fields',
        },
        {
          iconPath: new vscode.ThemeIcon('file'),
          label: 'Entry of pg_service.conf',
          description: services.length > 0 ? services.slice(0, 4).join(', ') : 'none found',
          value: 'service',
        },
      ],
      active: settings.service ? 'service' : settings.host ? 'fields' : 'uri',
    });
    if (method === back) return back;
    if (method === 'uri') return { answers, next: uriStep(title, side, lens, next) };
    if (method === 'service') return { answers, next: serviceStep(title, side, lens, services, next) };
    return { answers, next: fieldSteps(title, side, lens, next) };
  };
}

function uriStep<A>(title: string, side: Side, lens: SideLens<A>, next: Step<A> | undefined): Step<A> {
  return async (answers, canGoBack) => {
    const { parseConnectionUri } = await import('../cluster/connection-uri');
    const uri = await askText({
      title: `${title}: ${side}`,
      canGoBack,
      prompt: `URI or DSN of the ${side}. A password in it is cut out and kept in the secret storage, never in settings.`,
      placeholder: 'postgres://user:password@host:5432/database?sslmode=verify-full',
      validate: value => {
        try {
          parseConnectionUri(value);
          return undefined;
        } catch (error) {
          return errorText(error);
        }
      },
    });
    if (uri === back) return back;
    const { settings, password } = parseConnectionUri(uri);
    const { label, color, protected: isProtected } = lens.get(answers).settings;
    const kept = { ...(label ? { label } : {}), ...(color ? { color } : {}) };
    const guarded = isProtected === undefined ? {} : { protected: isProtected };
    return { answers: lens.set(answers, { settings: { ...settings, ...kept, ...guarded }, password }), next };
  };
}

function serviceStep<A>(
  title: string,
  side: Side,
  lens: SideLens<A>,
  services: string[],
  next: Step<A> | undefined,
): Step<A> {
  return async (answers, canGoBack) => {
    const { label, color, protected: isProtected, service } = lens.get(answers).settings;
    const common = { title: `${title}: ${side}`, canGoBack };
    const chosen =
      services.length > 0
        ? await askChoice({
            ...common,
            placeholder: `Entry of pg_service.conf that describes the ${side}`,
            choices: services.map(name => ({ label: name, value: name })),
            ...(service ? { active: service } : {}),
          })
        : await askText({
            ...common,
            prompt: 'No entry was found (~/.pg_service.conf, PGSERVICEFILE). Name one that will be there.',
            value: service ?? '',
            validate: value => (value.trim() === '' ? 'Give the name of the entry.' : undefined),
          });
    if (chosen === back) return back;
    const settings: ConnectionSettings = { service: chosen };
    if (label) settings.label = label;
    if (color) settings.color = color;
    if (isProtected !== undefined) settings.protected = isProtected;
    return { answers: lens.set(answers, { settings }), next };
  };
}

type TextField = 'host' | 'port' | 'database' | 'user' | 'sslrootcert' | 'sslcert' | 'sslkey';

const fields: Record<TextField, Pick<InputStep, 'prompt' | 'placeholder' | 'validate'>> = {
  host: { prompt: 'Host name, address, or folder of a Unix socket.', placeholder: 'PGHOST, else the local socket' },
  port: {
    prompt: 'Port of the coordinator.',
    placeholder: 'PGPORT, else 5432',
    validate: value =>
      value === '' || (/^\d+$/.test(value) && Number(value) >= 1 && Number(value) <= 65535)
        ? undefined
        : 'A port is a number from 1 to 65535.',
  },
  user: { prompt: 'Role to log in as.', placeholder: 'PGUSER, else your login name' },
  database: { prompt: 'Database.', placeholder: 'PGDATABASE, else the user name' },
  sslrootcert: { prompt: 'File of trusted root certificates.', placeholder: 'leave empty, or a path, or "system"' },
  sslcert: { prompt: 'File of your client certificate.', placeholder: 'leave empty, or a path' },
  sslkey: { prompt: 'File of your client key.', placeholder: 'leave empty, or a path' },
};

const tlsMeanings: Record<SslMode, string> = {
  disable: 'no TLS',
  allow: 'without TLS first, with it when the server insists',
  prefer: "TLS when the server offers it (libpq's default)",
  require: 'TLS always, certificate not checked',
  'verify-ca': 'TLS always, certificate checked',
  'verify-full': 'TLS always, certificate and host name checked',
};

function fieldSteps<A>(title: string, side: Side, lens: SideLens<A>, next: Step<A> | undefined): Step<A> {
  const certificates = textStep('sslrootcert', textStep('sslcert', textStep('sslkey', next)));
  const tls: Step<A> = async (answers, canGoBack) => {
    const mode = await askChoice<SslMode>({
      title: `${title}: ${side} · TLS`,
      canGoBack,
      placeholder: 'sslmode, with the meanings of libpq',
      choices: sslModes.map(value => ({ label: value, description: tlsMeanings[value], value })),
      active: lens.get(answers).settings.sslmode ?? 'prefer',
    });
    if (mode === back) return back;
    const { settings, password } = lens.get(answers);
    const changed = lens.set(answers, { settings: { ...settings, sslmode: mode }, password });
    return { answers: changed, next: mode === 'verify-ca' || mode === 'verify-full' ? certificates : next };
  };
  return textStep('host', textStep('port', textStep('user', textStep('database', tls))));

  function textStep(field: TextField, after: Step<A> | undefined): Step<A> {
    return async (answers, canGoBack) => {
      const { settings, password } = lens.get(answers);
      const step: InputStep = {
        title: `${title}: ${side} · ${field}`,
        canGoBack,
        value: String(settings[field] ?? ''),
        ...fields[field],
      };
      const answer = await askText(step);
      if (answer === back) return back;
      const { [field]: _former, service: _service, ...others } = settings;
      const value = field === 'port' ? Number(answer) : answer.trim();
      const changed = answer.trim() === '' ? others : { ...others, [field]: value };
      return { answers: lens.set(answers, { settings: changed, password }), next: after };
    };
  }
}

/** What the user calls the side. */
export function labelStep<A>(title: string, side: Side, lens: SideLens<A>, next: Step<A> | undefined): Step<A> {
  return async (answers, canGoBack) => {
    const { settings, password } = lens.get(answers);
    const label = await askText({
      title: `${title}: ${side} · label`,
      canGoBack,
      prompt: `What you call the ${side}: shown wherever it is meant.`,
      placeholder: side === 'source' ? 'Citus Cloud on AWS' : 'Hyperscale (Citus) on Azure',
      value: settings.label ?? settings.service ?? settings.host ?? sideWord(side),
    });
    if (label === back) return back;
    const { label: _former, ...others } = settings;
    const changed = label.trim() === '' ? others : { label: label.trim(), ...others };
    return { answers: lens.set(answers, { settings: changed, password }), next };
  };
}

/** The theme colours offered for a side. */
export async function askColor(title: string, current: string): Promise<string | typeof back> {
  const colors = {
    blue: defaultColors.source,
    orange: defaultColors.target,
    green: 'charts.green',
    purple: 'charts.purple',
    red: 'charts.red',
    yellow: 'charts.yellow',
  };
  return askChoice({
    title,
    placeholder: 'Theme colour that marks this side everywhere',
    choices: Object.entries(colors).map(([label, value]) => ({
      label,
      iconPath: new vscode.ThemeIcon('database', new vscode.ThemeColor(value)),
      value,
    })),
    active: current,
  });
}
