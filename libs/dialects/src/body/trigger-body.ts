import { isUtf8 } from 'node:buffer';
import { AppError } from '@millrace/kernel';
import { type InboundRequest, mediaTypeOf } from '../inbound-request.ts';
import { parseJson } from './parse-json.ts';

const TEXT_TYPE = /^(?:$|text\/)|json|xml|form-urlencoded|yaml|csv|javascript|graphql/;

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

/**
 * A body as `trigger.body` has it: JSON objects and arrays as what they mean, every other text as it came, whatever its type is said to
 * be; bytes that are no text as base64; `null` when there is none or when its parts were read.
 *
 * @throws AppError `invalid` `body.too_deep`, `body.too_many_members`, `body.forbidden_name`.
 */
export const triggerBodyOf = (request: InboundRequest): unknown => {
  if (request.body.length === 0 || request.multipart !== undefined) return null;
  const value = jsonOrText(request.text());
  const isReadable = typeof value !== 'string' || TEXT_TYPE.test(mediaTypeOf(request)) || isUtf8(request.body);
  return isReadable ? value : Buffer.from(request.body).toString('base64');
};
