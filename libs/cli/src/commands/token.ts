import { SCOPE_FORMS, SCOPE_PATTERN } from '@millrace/contracts';
import { type CliContext, type CommonFlags } from '../context.ts';
import { CommandError, EXIT } from '../exit-codes.ts';
import { safeLine } from '../output/safe-text.ts';
import { formatTable } from '../output/table.ts';

export interface CreateTokenFlags extends CommonFlags {
  readonly scope?: readonly string[];
  readonly label?: string;
  readonly ttl?: string;
}

const isScope = (text: string): boolean => new RegExp(SCOPE_PATTERN).test(text);

/** Commas part scopes; in a scope of Windmill they part paths, too: what is no scope belongs to the one before. */
const scopesIn = (text: string): readonly string[] =>
  text.split(',').reduce<readonly string[]>((found, piece) => {
    const last = found.at(-1);
    return last === undefined || isScope(piece) ? [...found, piece] : [...found.slice(0, -1), `${last},${piece}`];
  }, []);

/** @throws CommandError for none, or one that no server would take. */
const readScopes = (given: readonly string[] = []): readonly string[] => {
  const scopes = given.flatMap(scopesIn);
  if (scopes.length === 0) throw new CommandError(EXIT.usage, 'a token needs a scope', `--scope ${SCOPE_FORMS}`);
  const unknown = scopes.filter((scope) => !isScope(scope));
  if (unknown.length === 0) return scopes;
  const names = unknown.map((scope) => `"${scope}"`).join(', ');
  throw new CommandError(EXIT.usage, `${names}: no such scope`, `a scope is ${SCOPE_FORMS}`);
};

export async function createToken(this: CliContext, flags: CreateTokenFlags): Promise<void> {
  const screen = this.screen(flags);
  const scopes = readScopes(flags.scope);
  const created = await this.client(flags).tokens.create({
    scopes,
    ...(flags.label !== undefined && { label: flags.label }),
    ...(flags.ttl !== undefined && { expiresIn: flags.ttl }),
  });
  if (flags.json === true) {
    screen.json(created, 'one-line');
    return;
  }
  screen.data(created.token);
  screen.say(
    `shown once; ${created.expires_at === undefined ? 'it does not expire' : `it expires at ${created.expires_at}`}`,
  );
  screen.say(`take it back: millrace token revoke ${created.id}`);
}

export async function listTokens(this: CliContext, flags: CommonFlags): Promise<void> {
  const screen = this.screen(flags);
  const tokens = await this.client(flags).tokens.list();
  if (flags.json === true) {
    screen.json({ tokens }, 'one-line');
    return;
  }
  const rows = tokens.map(({ id, label, scopes, created_at, expires_at }) => [
    id,
    scopes.join(','),
    created_at,
    expires_at ?? 'never',
    safeLine(label),
  ]);
  const [heading = '', ...lines] = formatTable([['ID', 'SCOPES', 'CREATED', 'EXPIRES', 'LABEL'], ...rows]);
  screen.data(screen.paint('dim', heading));
  for (const line of lines) screen.data(line);
}

export async function revokeToken(this: CliContext, flags: CommonFlags, id: string): Promise<void> {
  await this.client(flags).tokens.revoke(id);
  if (flags.json === true) this.screen(flags).json({ id, status: 'revoked' }, 'one-line');
  else this.screen(flags).say(`token ${id} is revoked`);
}
