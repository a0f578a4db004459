import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { type Secret, type SecretChange } from '@millrace/client';
import { type CliContext, type CommonFlags } from '../context.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { formatTable } from '../output/table.ts';

export interface SetSecretFlags extends CommonFlags {
  readonly fromFile?: string;
  readonly value?: string;
  readonly add?: boolean;
  readonly retire?: boolean;
  readonly workflow?: readonly string[];
}

/** Shorter values cannot be told from ordinary text; see docs/secrets.md. */
const REDACTED_LENGTH_MIN = 4;

/** Editors and `echo` end a file with a line end that is not meant. */
const withoutLineEnd = (content: string): string => content.replace(/\r?\n$/, '');

const readFile = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new CommandError(EXIT.usage, `${path} cannot be read`, error instanceof Error ? error.message : '');
  }
};

const readValue = async ({ stdin }: CliContext, { fromFile, value }: SetSecretFlags): Promise<string> => {
  if (value !== undefined && fromFile !== undefined)
    throw new CommandError(EXIT.usage, 'give the value with --value or with --from-file, not with both');
  if (value !== undefined) return value;
  const content = fromFile === undefined ? await text(stdin) : readFile(fromFile);
  const read = withoutLineEnd(content);
  if (read !== '') return read;
  throw new CommandError(EXIT.usage, 'the value is empty', 'write it to stdin, or name a file with --from-file');
};

/** Without a value, only for what changes none. */
const changeOf = async (context: CliContext, flags: SetSecretFlags): Promise<SecretChange> => {
  const { add, retire, workflow } = flags;
  const workflows = workflow?.flatMap((pattern) => pattern.split(',')).filter((pattern) => pattern !== '');
  const limits = workflows === undefined ? {} : { workflows: workflows.includes('*') ? [] : workflows };
  if (retire !== true) return { value: await readValue(context, flags), ...(add === true && { add }), ...limits };
  if (flags.value === undefined && flags.fromFile === undefined && add !== true) return { retire, ...limits };
  throw new CommandError(EXIT.usage, '--retire takes no value: it keeps the newest one and drops the others');
};

const countText = (count: number): string => (count === 1 ? '1 value' : `${count} values`);

export async function setSecret(this: CliContext, flags: SetSecretFlags, name: string): Promise<void> {
  const screen = this.screen(flags);
  const change = await changeOf(this, flags);
  const secret = await this.client(flags).secrets.set(name, change);
  if (flags.json === true) {
    screen.json(secret, 'one-line');
    return;
  }
  screen.say(`secret ${name} has ${countText(secret.values.length)}; in effect within a second`);
  if (change.value !== undefined && change.value.length < REDACTED_LENGTH_MIN)
    screen.say(`a value of less than ${REDACTED_LENGTH_MIN} characters is not taken out of output and logs`);
  if (secret.values.length > 1) screen.say(`drop the older ones: millrace secret set ${name} --retire`);
}

const rowOf = ({ name, values, workflows, updated_at }: Secret): readonly string[] => [
  name,
  String(values.length),
  values[0]?.fingerprint ?? 'cannot be opened',
  updated_at,
  workflows?.join(',') ?? '*',
];

export async function listSecrets(this: CliContext, flags: CommonFlags): Promise<void> {
  const screen = this.screen(flags);
  const secrets = await this.client(flags).secrets.list();
  if (flags.json === true) {
    screen.json({ secrets }, 'one-line');
    return;
  }
  const [heading = '', ...lines] = formatTable([
    ['NAME', 'VALUES', 'FINGERPRINT', 'CHANGED', 'WORKFLOWS'],
    ...secrets.map(rowOf),
  ]);
  screen.data(screen.paint('dim', heading));
  for (const line of lines) screen.data(line);
}

export async function removeSecret(this: CliContext, flags: CommonFlags, name: string): Promise<void> {
  await this.client(flags).secrets.remove(name);
  if (flags.json === true) this.screen(flags).json({ name, status: 'removed' }, 'one-line');
  else this.screen(flags).say(`secret ${name} is removed`);
}
