import { matchesPattern } from '@millrace/domain';
import { AppError } from '@millrace/kernel';
import { makeValueRedactor, type ValueRedactor } from '@millrace/runtime';
import { type OpenSecret, type SecretValues } from '@millrace/secrets';

/** What one run gets to know. */
export interface RunSecrets {
  /** By name, the newest value first; never empty. */
  readonly values: Readonly<Record<string, readonly [string, ...string[]]>>;
  readonly redactor: ValueRedactor;
}

/** The secrets of a run by the names that its version declares; `undefined` when it declares none. */
export type SecretsOf = (workflow: string, declared: readonly string[]) => RunSecrets | undefined;

const isReadableBy = ({ workflows }: OpenSecret, workflow: string): boolean =>
  workflows?.some((pattern) => matchesPattern(pattern, workflow)) ?? true;

const valuesFor = (
  workflow: string,
  name: string,
  secrets: Pick<SecretValues, 'get'>,
): readonly [string, ...string[]] => {
  const secret = secrets.get(name);
  if (secret === undefined) {
    throw new AppError(
      'refused',
      'secret.missing',
      `there is no secret ${name}: set it with millrace secret set ${name}`,
    );
  }
  if (!isReadableBy(secret, workflow)) {
    throw new AppError('refused', 'secret.denied', `${workflow} may not read the secret ${name}`);
  }
  const [newest, ...older] = secret.values;
  if (newest !== undefined) return [newest, ...older];
  throw new AppError('refused', 'secret.sealed', `the secret ${name} is sealed under another master key`);
};

/** @returns a function that throws AppError `refused` `secret.missing`, `secret.denied` or `secret.sealed` naming the first secret that a run cannot have. */
export const makeSecretsOf =
  (secrets: Pick<SecretValues, 'get'>): SecretsOf =>
  (workflow, declared) => {
    if (declared.length === 0) return undefined;
    const values = Object.fromEntries(declared.map((name) => [name, valuesFor(workflow, name, secrets)] as const));
    return { values, redactor: makeValueRedactor(Object.values(values).flat()) };
  };
