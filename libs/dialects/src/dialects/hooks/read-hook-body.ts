import { AppError } from '@millrace/kernel';
import { formPairs, pairsWithLists } from '../../body/form.ts';
import { multipartMembers } from '../../body/multipart-members.ts';
import { parseJson } from '../../body/parse-json.ts';
import { readJson } from '../../body/read-json.ts';
import { type InboundRequest, mediaTypeOf, type MultipartBody } from '../../inbound-request.ts';

export type Members = Readonly<Record<string, unknown>>;

export const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const utf8 = new TextDecoder('utf-8', { fatal: true });

const isJsonType = (type: string): boolean => type === 'application/json' || type.endsWith('+json');

/** JSON where the text is JSON, else nothing. */
const jsonOf = (text: string): { readonly value: unknown } | undefined => {
  try {
    return { value: parseJson(text) };
  } catch (error) {
    if (error instanceof AppError && error.code === 'body.invalid_json') return undefined;
    throw error;
  }
};

const startsLikeJson = (text: string): boolean => /^\s*[[{]/.test(text);

/** GitHub and Slack may send a form whose one field holds the JSON; `curl -d '{…}'` only says that it sends a form. */
const readForm = (text: string): unknown => {
  const whole = startsLikeJson(text) ? jsonOf(text) : undefined;
  if (whole !== undefined) return whole.value;
  const fields = pairsWithLists(formPairs(text));
  const { payload } = fields;
  const isAlone = typeof payload === 'string' && Object.keys(fields).length === 1 && startsLikeJson(payload);
  return (isAlone ? jsonOf(payload)?.value : undefined) ?? { ...fields };
};

const readParts = (body: MultipartBody): Members => ({
  ...multipartMembers(body, ({ filename, contentType, size, object }) => ({
    filename,
    content_type: contentType,
    size,
    object,
  })),
});

const textOf = (bytes: Uint8Array): string | undefined => {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
};

/**
 * What the body means by its content type: JSON, the fields of a form, the parts of a multipart body, else the text; bytes that are
 * no text as base64. `undefined` without a body.
 *
 * @throws AppError `invalid` `body.invalid_json` and `body.not_utf8` where the content type says JSON; `body.too_deep` and others of its kind.
 */
export const readHookBody = (request: InboundRequest): unknown => {
  if (request.multipart !== undefined) return readParts(request.multipart);
  if (request.body.length === 0) return undefined;
  const type = mediaTypeOf(request);
  if (isJsonType(type)) return readJson(request);
  const text = textOf(request.body);
  if (text === undefined) return Buffer.from(request.body).toString('base64');
  if (type === 'application/x-www-form-urlencoded') return readForm(text);
  return type === '' ? (jsonOf(text) ?? { value: text }).value : text;
};
