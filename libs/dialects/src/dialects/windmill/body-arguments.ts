/** How a body becomes arguments: by its content type, as section 1.3 of the protocol has it. */
import { AppError } from '@millrace/kernel';
import { formPairs } from '../../body/form.ts';
import { readJson } from '../../body/read-json.ts';
import { type InboundRequest, mediaTypeOf, type MultipartBody } from '../../inbound-request.ts';
import { type Arguments, argumentsOfPairs } from './argument-names.ts';
import { type WindmillSettings } from './settings.ts';

/** What a body says, before the query has its say. */
export interface BodyArguments {
  /** What `wrap_body` wraps. */
  readonly value: unknown;
  readonly arguments: Arguments;
  /** Whether `raw_string` is an argument although nobody asked for it. */
  readonly isRaw: boolean;
  /** What `raw_string` is; default: the text of the whole body. */
  readonly text?: string;
}

type BodySettings = Pick<WindmillSettings, 'space_wraps' | 'unknown_types'>;

export const isPlainObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** An object is the arguments; anything else is the argument `body`. */
export const spread = (value: unknown): Arguments => (isPlainObject(value) ? value : { body: value });

const NOTHING: BodyArguments = { value: {}, arguments: {}, isRaw: false };

const jsonArguments = (request: InboundRequest, { space_wraps: spaceWraps }: BodySettings): BodyArguments => {
  const text = request.text();
  if (text === '') throw new AppError('invalid', 'body.invalid_json', 'invalid json: EOF while parsing a value');
  const value = readJson(request);
  const wraps = spaceWraps && !text.startsWith('{');
  return { value, arguments: wraps ? { body: value } : spread(value), isRaw: false };
};

const textArguments = (request: InboundRequest): BodyArguments => ({
  value: request.text(),
  arguments: {},
  isRaw: true,
});

const formArguments = (request: InboundRequest): BodyArguments => {
  const value = argumentsOfPairs(formPairs(request.text()));
  return { value, arguments: value, isRaw: false };
};

const multipartArguments = ({ fields, files }: MultipartBody): BodyArguments => {
  const byName = Map.groupBy(files, ({ name }) => name);
  const value = argumentsOfPairs([
    ...fields.map(({ name, value: text }) => [name, text] as const),
    ...[...byName].map(([name, ofName]) => [name, ofName.map(({ object }) => ({ s3: object }))] as const),
  ]);
  return { value, arguments: value, isRaw: false };
};

const unknownArguments = (request: InboundRequest, { unknown_types: unknown }: BodySettings): BodyArguments => {
  if (unknown === 'raw_string') return textArguments(request);
  throw new AppError('unsupported', 'http.media_type', 'send JSON, text, XML, a form or multipart/form-data');
};

const TEXT_TYPES: ReadonlySet<string> = new Set(['text/plain', 'text/xml', 'application/xml']);

/**
 * The arguments in a body.
 *
 * @throws AppError `invalid` for what is not valid, `unsupported` `http.media_type` for a type that is not known.
 */
export const bodyArguments = (request: InboundRequest, settings: BodySettings): BodyArguments => {
  const type = mediaTypeOf(request);
  if (type === '' && request.body.length === 0) return NOTHING;
  if (type === '' || type.startsWith('application/json')) return jsonArguments(request, settings);
  if (TEXT_TYPES.has(type)) return textArguments(request);
  if (type === 'application/x-www-form-urlencoded') return formArguments(request);
  if (request.multipart !== undefined) return multipartArguments(request.multipart);
  return unknownArguments(request, settings);
};
