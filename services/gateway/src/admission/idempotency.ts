import { AppError } from '@millrace/kernel';
import { DEFAULT_WORKSPACE, IDEMPOTENCY_KEY_LENGTH_MAX } from '@millrace/contracts';
import { sha256Hex } from '@millrace/runtime';
import { type StartArguments } from '@millrace/dialects';

/** What makes two requests the same one. */
export interface IdempotentRequest {
  readonly principalId: string;
  readonly workflow: string;
  readonly key: string;
  readonly arguments: Pick<StartArguments, 'input' | 'env'>;
}

/**
 * The value of the header `Idempotency-Key`.
 *
 * @throws AppError `invalid` `idempotency.invalid_key` for one that is empty or too long.
 */
export const readIdempotencyKey = (header: string | string[] | undefined): string | undefined => {
  if (header === undefined) return undefined;
  const key = typeof header === 'string' ? header : header.join(',');
  if (key !== '' && key.length <= IDEMPOTENCY_KEY_LENGTH_MAX) return key;
  throw new AppError(
    'invalid',
    'idempotency.invalid_key',
    `Idempotency-Key must have 1 to ${IDEMPOTENCY_KEY_LENGTH_MAX} characters`,
  );
};

/** Keys belong to a token and a workflow: another token under the same key is another request. */
export const identifyRequest = (request: IdempotentRequest): { readonly keyHash: string; readonly digest: string } => ({
  keyHash: sha256Hex(JSON.stringify([DEFAULT_WORKSPACE, request.principalId, request.workflow, request.key])),
  digest: sha256Hex(JSON.stringify([request.arguments.input, request.arguments.env])),
});
