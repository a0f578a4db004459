import { type InboundRequest } from '../inbound-request.ts';
import { checkUtf8 } from './check-utf8.ts';
import { parseJson } from './parse-json.ts';

/**
 * A body as JSON; an empty one is `undefined`.
 *
 * @throws AppError as `parseJson`, and `invalid` `body.not_utf8` for bytes that only the replacement of what is no UTF-8 makes JSON.
 */
export const readJson = (request: Pick<InboundRequest, 'body' | 'text'>): unknown => {
  const value = parseJson(request.text());
  checkUtf8(request.body);
  return value;
};
