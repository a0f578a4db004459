import { join } from 'node:path';
import { type CatalogEntry } from '@millrace/contracts';
import { SERVER_FILE } from '@millrace/runtime';
import { type Platform } from './platform.ts';

const FAVOURITE = 'hello/world';

/** The workflow to show: the friendliest one when it is there, else the first that is in service. */
const chooseWorkflow = (entries: readonly CatalogEntry[]): CatalogEntry | undefined => {
  const inService = entries.filter(({ current }) => current?.methods.includes('POST') === true);
  return inService.find(({ path }) => path === FAVOURITE) ?? inService[0];
};

interface PropertySchema {
  readonly type?: unknown;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly examples?: readonly unknown[];
}

const BY_TYPE: Readonly<Record<string, unknown>> = {
  string: 'you',
  number: 1,
  integer: 1,
  boolean: true,
  array: [],
  object: {},
};

const sampleValue = (schema: PropertySchema): unknown =>
  schema.examples?.[0] ?? schema.default ?? schema.const ?? schema.enum?.[0] ?? BY_TYPE[String(schema.type)] ?? 'you';

/** An input with what the schema requires, or with its first property when it requires nothing. */
export const sampleInput = (schema: unknown): Readonly<Record<string, unknown>> => {
  // A JSON Schema that deploy has accepted; whatever else it says, these two members have these shapes.
  const { properties = {}, required = [] } = (schema ?? {}) as {
    readonly properties?: Readonly<Record<string, PropertySchema>>;
    readonly required?: readonly string[];
  };
  const names = required.length > 0 ? required : Object.keys(properties).slice(0, 1);
  return Object.fromEntries(names.map((name) => [name, sampleValue(properties[name] ?? {})]));
};

const singleQuoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

const TOKEN_IN_FILE = /^[\w.~+/=-]+$/;

/** Reads the token where it is kept, so that the line works as often as it is pasted and shows nothing. */
const tokenReference = ({ token, tokenOrigin }: Platform, dataDir: string): string => {
  if (tokenOrigin !== 'configured') return `$(cat ${singleQuoted(join(dataDir, 'admin-token'))})`;
  if (!TOKEN_IN_FILE.test(token)) return '$MILLRACE_TOKEN';
  return `$(sed -n 's/^ *"token": "\\(.*\\)",*$/\\1/p' ${singleQuoted(join(dataDir, SERVER_FILE))})`;
};

/** A line that starts a workflow and shows its result when pasted into a shell; `undefined` while there is none. */
export const curlLine = (platform: Platform, dataDir: string): string | undefined => {
  const workflow = chooseWorkflow(platform.deployment.workflows());
  if (workflow === undefined) return undefined;
  const body = JSON.stringify(sampleInput(workflow.current?.inputSchema));
  return [
    'curl -sS -X POST',
    `'${platform.url}/run/${workflow.path}?wait=20'`,
    `-H "Authorization: Bearer ${tokenReference(platform, dataDir)}"`,
    `-H 'X-Workflow-Client: curl'`,
    `-H 'Content-Type: application/json'`,
    `--data ${singleQuoted(body)}`,
  ].join(' ');
};
