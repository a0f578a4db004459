import { parseArgs } from 'node:util';
import { AppError, suggest } from '@millrace/kernel';
import { SERVER_FLAGS } from '@millrace/runtime';

export interface ServeFlags {
  /** Texts by flag name without dashes, as `readServerConfig` takes them. */
  readonly flags: Readonly<Record<string, string | undefined>>;
  /** `--config`: path of the configuration file. */
  readonly file: string | undefined;
  /** `--json`: everything that is said is one JSON object a line. */
  readonly isJson: boolean;
  readonly wantsHelp: boolean;
}

const NAMES = ['config', ...SERVER_FLAGS.map(({ name }) => name)];

const SWITCHES = ['json', 'help'];

const options = {
  ...Object.fromEntries(NAMES.map((name) => [name, { type: 'string' as const }])),
  json: { type: 'boolean' as const },
  help: { type: 'boolean' as const, short: 'h' },
};

const unknownFlag = (name: string): string => {
  const near = suggest(name, [...NAMES, ...SWITCHES]);
  return `unknown flag --${name}${near === undefined ? '' : `: did you mean --${near}?`}`;
};

/** @throws AppError `invalid` `serve.usage` with every problem at once, one per line. */
export const parseServeFlags = (argv: readonly string[]): ServeFlags => {
  const { values, tokens } = parseArgs({ args: [...argv], options, strict: false, tokens: true });
  const problems = tokens.flatMap((token) => {
    if (token.kind === 'positional') return [`unexpected ${JSON.stringify(token.value)}`];
    if (token.kind !== 'option' || SWITCHES.includes(token.name)) return [];
    if (!NAMES.includes(token.name)) return [unknownFlag(token.name)];
    return token.value === undefined ? [`--${token.name} needs a value`] : [];
  });
  if (problems.length > 0) throw new AppError('invalid', 'serve.usage', problems.join('\n'));
  const text = (name: string): string | undefined => {
    const value: unknown = values[name];
    return typeof value === 'string' ? value : undefined;
  };
  const names = SERVER_FLAGS.map(({ name }) => name);
  return {
    flags: Object.fromEntries(names.map((name) => [name, text(name)])),
    file: text('config'),
    isJson: values.json === true,
    wantsHelp: values.help === true,
  };
};

/** The lines of `--help`. */
export const serveHelp = (): string => {
  const rows = [
    { name: 'config', description: 'Configuration file; millrace.toml where there is one.' },
    ...SERVER_FLAGS,
  ];
  const width = Math.max(...rows.map(({ name }) => name.length)) + 2;
  const lines = rows.map(({ name, description }) => `  --${name.padEnd(width)}${description}`);
  const switches = [
    `  --${'json'.padEnd(width)}Say everything as JSON, one object a line.`,
    `  --${'help'.padEnd(width)}This.`,
  ];
  return ['Starts Millrace and keeps it running until Ctrl-C.', '', ...lines, ...switches].join('\n');
};
