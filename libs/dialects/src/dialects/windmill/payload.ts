import { AppError } from '@millrace/kernel';
import { readJson } from '../../body/read-json.ts';
import { type InboundRequest } from '../../inbound-request.ts';

/** A plus that was not percent-encoded arrives as a space. */
const normalised = (text: string): string => text.replaceAll(' ', '+').replaceAll('-', '+').replaceAll('_', '/');

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/**
 * The JSON of the query parameter `payload`, in base64 of either alphabet; `undefined` without one.
 *
 * @throws AppError `invalid` `windmill.bad_payload`.
 */
export const readPayload = (request: InboundRequest): { readonly value: unknown } | undefined => {
  const text = request.query('payload');
  if (text === undefined) return undefined;
  const encoded = normalised(text);
  try {
    if (!BASE64.test(encoded)) throw new AppError('invalid', 'windmill.bad_payload', 'it is not base64');
    const body = Buffer.from(encoded, 'base64');
    return { value: readJson({ body, text: () => body.toString('utf8') }) };
  } catch (cause) {
    throw new AppError('invalid', 'windmill.bad_payload', 'Impossible to decode query payload', { cause });
  }
};
