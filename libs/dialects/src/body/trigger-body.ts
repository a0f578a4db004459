import { isUtf8 } from 'node:buffer';
import { AppError } from '@millrace/kernel';
import { type InboundRequest, mediaTypeOf } from '../inbound-request.ts';
import { checkUtf8 } from './check-utf8.ts';
import { parseJson } from './parse-json.ts';

const TEXT_TYPE = /^text\/|xml|form-urlencoded|yaml|csv|javascript|graphql/;

const isWhole = (value: unknown): boolean => typeof value === 'object' && value !== null;

/** What the text means as JSON when it is an object or an array; anything else stays text, `42` and `null` too. */
const jsonOrText = (text: string): unknown => {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    const value = parseJson(text);
    return isWhole(value) ? value : text;
  } catch (error) {
    if (error instanceof AppError && error.code === 'body.invalid_json') return text;
    throw error;
  }
};

/** Bytes that are not UTF-8: of a text what can be read of it, else all of them. */
const bytesOrText = (request: InboundRequest): string => {
  const type = mediaTypeOf(request);
  if (type.includes('json')) checkUtf8(request.body);
  return TEXT_TYPE.test(type) ? request.text() : Buffer.from(request.body).toString('base64');
};

/**
 * A body as `trigger.body` has it: JSON objects and arrays as what they mean, every other text as it came, whatever its type is said to
 * be; bytes that are no text as base64; `null` when there is none or when its parts were read.
 *
 * @throws AppError `invalid` `body.not_utf8` where the type says JSON, `body.too_deep`, `body.too_many_members`, `body.forbidden_name`.
 */
export const triggerBodyOf = (request: InboundRequest): unknown => {
  if (request.body.length === 0 || request.multipart !== undefined) return null;
  return isUtf8(request.body) ? jsonOrText(request.text()) : bytesOrText(request);
};
