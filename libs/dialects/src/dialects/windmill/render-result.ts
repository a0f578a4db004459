/** What a synchronous caller is answered: the result itself, or what the result says about its own answer. */
import { type Answer, emptyAnswer, jsonAnswer } from '../../answer.ts';
import { isPlainObject } from './body-arguments.ts';
import { CORS, internal } from './errors.ts';
import { type WindmillSettings } from './settings.ts';

type Members = Readonly<Record<string, unknown>>;

/** What a result says about its own answer. */
interface Composite {
  readonly status: number | undefined;
  readonly contentType: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly isBase64: boolean;
  /** Present: the body. */
  readonly result: { readonly value: unknown } | undefined;
}

const MARKS = ['status_code', 'content_type', 'headers', 'content_transfer_encoding'] as const;

const memberOf = (members: Members, name: string): unknown => members[`windmill_${name}`] ?? members[`wm_${name}`];

const isStatus = (value: unknown): value is number | undefined =>
  value === undefined || (Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 65_535);

const isText = (value: unknown): value is string | undefined => value === undefined || typeof value === 'string';

const isHeaders = (value: unknown): value is Readonly<Record<string, string>> | undefined =>
  value === undefined || (isPlainObject(value) && Object.values(value).every((text) => typeof text === 'string'));

/** `undefined` for an ordinary result, and for one whose marks are not what they should be: that is ordinary JSON then. */
const compositeOf = (value: unknown): Composite | undefined => {
  if (!isPlainObject(value) || MARKS.every((name) => memberOf(value, name) === undefined)) return undefined;
  const [status, contentType, headers, encoding] = MARKS.map((name) => memberOf(value, name));
  if (!isStatus(status) || !isText(contentType) || !isHeaders(headers)) return undefined;
  return {
    status,
    contentType,
    headers: headers ?? {},
    isBase64: encoding === 'base64',
    result: Object.hasOwn(value, 'result') ? { value: value['result'] } : undefined,
  };
};

/** RFC 9110 section 15: 100 to 599, of which 1xx is no final answer. */
const isFinalStatus = (status: number): boolean => status >= 200 && status <= 599;
const HAS_NO_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

const isSendable = (headers: Readonly<Record<string, string>>): boolean =>
  Object.entries(headers).every(([name, value]) => HEADER_NAME.test(name) && HEADER_VALUE.test(value));

const BASE64 = /^[\w+/-]*={0,2}$/;

/** Either alphabet, in lines or not, with or without padding; `undefined` for what is none: a decoder leaves out what it does not know. */
const base64Bytes = (text: string): Uint8Array | undefined => {
  const written = text.replaceAll(/\s/g, '');
  const isWhole = written.endsWith('=') ? written.length % 4 === 0 : written.length % 4 !== 1;
  return isWhole && BASE64.test(written) ? Buffer.from(written, 'base64') : undefined;
};

const bodyOf = (
  { contentType, isBase64 }: Composite,
  value: unknown,
  quoted: boolean,
): string | Uint8Array | undefined => {
  if (isBase64 && typeof value === 'string') return base64Bytes(value);
  if (contentType !== undefined && typeof value === 'string' && !quoted) return value;
  return JSON.stringify(value);
};

const lowerCased = (headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

const renderComposite = (composite: Composite, status: number, quoted: boolean): Answer => {
  if (!isFinalStatus(status)) return internal('Invalid status code');
  const { contentType, result } = composite;
  const headers = {
    ...CORS,
    'content-type': 'application/json',
    ...lowerCased(composite.headers),
    ...(contentType === undefined ? {} : { 'content-type': contentType }),
  };
  if (!isSendable(headers)) return internal('Invalid header');
  if (result === undefined || HAS_NO_BODY.has(status)) {
    return emptyAnswer(status, { ...CORS, ...lowerCased(composite.headers) });
  }
  const body = bodyOf(composite, result.value, quoted);
  return body === undefined ? internal('Invalid base64') : { status, headers, body };
};

/** A result may say that the run failed although it has an answer for its caller. */
export const saysFailed = (value: unknown): boolean => isPlainObject(value) && typeof value['wm_failure'] === 'string';

type ResultSettings = Pick<WindmillSettings, 'failed_status' | 'quoted_text'>;

/** The answer for a result; a result without a body of its own is 204. */
export const renderResult = (value: unknown, hasFailed: boolean, settings: ResultSettings): Answer => {
  const failed = hasFailed || saysFailed(value);
  const usual = failed ? settings.failed_status : 200;
  const composite = compositeOf(value);
  if (composite === undefined) return jsonAnswer(usual, value ?? null, CORS);
  const unsaid = composite.result === undefined && !failed ? 204 : usual;
  return renderComposite(composite, composite.status ?? unsaid, settings.quoted_text);
};
