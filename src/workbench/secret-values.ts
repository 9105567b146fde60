/** Takes the values of secret parameters out of what is shown and recorded. No editor here. */
import type { CallView } from '../shared/nested';
import type { PlanDiffView } from '../shared/plan-diff';

const mask = '•••';

/**
 * The view without the secret values, wherever a server repeated them: filters of a plan, error texts, the statements
 * sent. Very short values are masked among the parameters only: they would tear holes into everything.
 */
export function withoutSecrets(view: PlanDiffView, answers: SecretAnswers): PlanDiffView {
  if (answers.secret.length === 0) return view;
  const masked = maskIn(view, secretsOf(answers)) as PlanDiffView;
  const parameters = masked.statement.parameters.map(parameter =>
    answers.secret.includes(parameter.name) ? { ...parameter, value: mask } : parameter,
  );
  return { ...masked, statement: { ...masked.statement, parameters } };
}

/** The same for the statements inside a call, where the values were put in place. */
export function callWithoutSecrets(call: CallView, answers: SecretAnswers): CallView {
  return answers.secret.length === 0 ? call : (maskIn(call, secretsOf(answers)) as CallView);
}

interface SecretAnswers {
  values: Record<string, string | null> | undefined;
  secret: string[];
}

function secretsOf({ values, secret }: SecretAnswers): string[] {
  return secret
    .map(name => values?.[name] ?? '')
    .filter(value => value.length >= 3)
    .sort((a, b) => b.length - a.length);
}

function maskIn(value: unknown, secrets: string[]): unknown {
  if (typeof value === 'string') return secrets.reduce((text, secret) => text.replaceAll(secret, mask), value);
  if (Array.isArray(value)) return value.map(item => maskIn(item, secrets));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, maskIn(item, secrets)]));
}
