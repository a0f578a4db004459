import { type ReadCloudEvent } from '@millrace/domain';
import { AppError } from '@millrace/kernel';
import { eventBytes, eventText } from '../../body/cloud-event-body.ts';
import { formPairs } from '../../body/form.ts';
import { readJson } from '../../body/read-json.ts';
import { type InboundRequest, mediaTypeOf, type Pair } from '../../inbound-request.ts';
import { isCredentialHeader } from '../../secret-names.ts';
import { type WorkflowInService } from '../../trigger-directory.ts';

type Members = Readonly<Record<string, unknown>>;

/** What a workflow can ask for besides the members of the body and the parameters of the query. */
export const INJECTED = ['payload', 'body', 'headers', 'query', 'raw_body', 'raw_body_base64'] as const;
type Injected = (typeof INJECTED)[number];

/** For who asks for it alone: it is as long again as the body. */
const ONLY_ASKED: Injected = 'raw_body_base64';

/** No member of the request stands in their place: signatures are checked over them. */
const ALWAYS_RAW: ReadonlySet<Injected> = new Set(['raw_body', 'raw_body_base64']);

const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The last one of a name counts. A `__proto__` would be the prototype of whatever is merged with it. */
const lastOfEach = (pairs: readonly Pair[]): Readonly<Record<string, string>> =>
  Object.fromEntries(pairs.filter(([name]) => name !== '__proto__'));

/** JSON whatever the content type says, fields of a form, else the text; `null` without a body. */
const readBody = (request: InboundRequest): unknown => {
  if (request.body.length === 0) return null;
  try {
    return readJson(request) ?? null;
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'body.invalid_json') throw error;
  }
  const text = request.text();
  return mediaTypeOf(request) === 'application/x-www-form-urlencoded' ? lastOfEach(formPairs(text)) : text;
};

const titleCase = (name: string): string =>
  name.replaceAll(/(^|-)([a-z])/g, (_match, before: string, letter: string) => before + letter.toUpperCase());

/** Each header in lower case, as `X-Signature-256` has it, and as the caller spelled it; credentials only where they are kept. */
const readHeaders = (request: InboundRequest, keeps: boolean): Readonly<Record<string, string>> =>
  Object.fromEntries(
    request
      .headerPairs()
      .filter(([name]) => (keeps || !isCredentialHeader(name)) && name !== '__proto__')
      .flatMap(([name, value]) =>
        [name.toLowerCase(), titleCase(name.toLowerCase()), name].map((spelled) => [spelled, value] as const),
      ),
  );

/** What came as the body, its text, and its bytes. */
interface Came {
  readonly body: unknown;
  readonly text: () => string;
  readonly bytes: () => Uint8Array;
}

/** Of a CloudEvent the body is its data. */
const cameWith = (request: InboundRequest, event: ReadCloudEvent | undefined): Came =>
  event === undefined
    ? { body: readBody(request), text: () => request.text(), bytes: () => request.body }
    : { body: event.data ?? null, text: () => eventText(event, request), bytes: () => eventBytes(event, request) };

/** What is called `query` in the request where something is, else all parameters of the query; `null` without any. */
const queryOf = (named: Members, query: Members): unknown => {
  if (Object.hasOwn(named, 'query')) return named['query'];
  return Object.keys(query).length === 0 ? null : query;
};

interface Schema {
  readonly properties?: Readonly<Record<string, { readonly type?: unknown } | undefined>>;
  readonly additionalProperties?: unknown;
}

const schemaOf = ({ version }: Pick<WorkflowInService, 'version'>): Schema =>
  isMembers(version.inputSchema) ? version.inputSchema : {};

/** What the author asks for: by list, else by the names in the input schema, else everything. */
const wantedBy = ({ properties }: Schema, listed: unknown): readonly Injected[] => {
  if (Array.isArray(listed)) return INJECTED.filter((name) => listed.includes(name));
  return INJECTED.filter((name) => (properties === undefined ? name !== ONLY_ASKED : Object.hasOwn(properties, name)));
};

const TRUE = new Set(['true', '1', 'yes', 'on']);
const FALSE = new Set(['false', '0', 'no', 'off']);

const toNumber = (text: string): number | undefined => {
  const number = text.trim() === '' ? Number.NaN : Number(text);
  return Number.isFinite(number) ? number : undefined;
};

/** A text as the type that the schema asks for, where it says one; a text that is none stays as it is, and the schema refuses it. */
const coerce = (value: unknown, type: unknown): unknown => {
  if (typeof value !== 'string') return value;
  if (type === 'integer' || type === 'number') return toNumber(value) ?? value;
  if (type !== 'boolean') return value;
  const word = value.toLowerCase();
  if (TRUE.has(word)) return true;
  return FALSE.has(word) ? false : value;
};

/** Texts become what the schema says, and names that a closed schema does not have are dropped. */
const bind = (named: Members, { properties = {}, additionalProperties }: Schema): Members =>
  Object.fromEntries(
    Object.entries(named)
      .filter(([name]) => additionalProperties !== false || Object.hasOwn(properties, name))
      .map(([name, value]) => [name, Object.hasOwn(properties, name) ? coerce(value, properties[name]?.type) : value]),
  );

export interface ParameterRules {
  /** Which counts where the body or the query has a member called `payload`, `body`, `headers` or `query`. */
  readonly prefer: 'request' | 'members';
  /** Whether `headers` has those that hold credentials: a workflow that checks a shared token needs them. */
  readonly credential_headers: 'redact' | 'keep';
}

/** What the parameters are read from and for, besides the request. */
export interface Asked {
  /** Names that the trigger asks for, unchecked. */
  readonly listed?: unknown;
  /** What came, where it is a CloudEvent. */
  readonly event?: ReadCloudEvent;
}

/**
 * The parameters of a workflow: those of the query, members of the body over them, and what is injected. `raw_body` is always the text
 * of the body as it came, for signatures, and `raw_body_base64` its bytes.
 *
 * @throws AppError `invalid` `body.not_utf8`, `body.too_deep`, `body.too_many_members`, `body.forbidden_name`.
 */
export const readParameters = (
  request: InboundRequest,
  service: Pick<WorkflowInService, 'version'>,
  { listed, event }: Asked,
  { prefer, credential_headers: credentials }: ParameterRules,
): Members => {
  const schema = schemaOf(service);
  const query = lastOfEach(request.queryPairs());
  const { body, text, bytes } = cameWith(request, event);
  const named = bind({ ...query, ...(isMembers(body) ? body : {}) }, schema);
  const make: Readonly<Record<Injected, () => unknown>> = {
    payload: () => body,
    body: () => body,
    headers: () => readHeaders(request, credentials === 'keep'),
    query: () => queryOf(named, query),
    raw_body: text,
    raw_body_base64: () => Buffer.from(bytes()).toString('base64'),
  };
  const wanted = wantedBy(schema, listed).filter(
    (name) => ALWAYS_RAW.has(name) || prefer === 'request' || !Object.hasOwn(named, name),
  );
  return { ...named, ...Object.fromEntries(wanted.map((name) => [name, make[name]()])) };
};
