import { AppError } from '@millrace/kernel';
import { type StartArguments } from '../dialect.ts';

const NOTHING: StartArguments = { input: {}, env: undefined };

/**
 * Input and environment from a parsed body. The member `input` is the input; without it, everything but `env` is.
 *
 * @throws AppError `invalid` `body.not_object`.
 */
export const readRunBody = (body: unknown): StartArguments => {
  if (body === undefined) return NOTHING;
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new AppError('invalid', 'body.not_object', 'the body must be a JSON object, such as {"env":{"TARGET":"a"}}');
  }
  const { env, ...rest } = body as { readonly env?: unknown; readonly input?: unknown };
  return { env, input: Object.hasOwn(rest, 'input') ? rest.input : rest };
};
