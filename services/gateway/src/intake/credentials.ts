import { hash, timingSafeEqual } from 'node:crypto';
import { type Trigger, type TriggerKey } from '@millrace/contracts';
import { type Credentials, type InboundRequest } from '@millrace/dialects';
import { bearerText } from '../auth/authenticate.ts';

const digestOf = (text: string): Buffer => hash('sha256', text, 'buffer');

/** What a caller of most protocols presents: `Authorization: Bearer <token>`. */
export const bearerOf = (request: Pick<InboundRequest, 'header'>): Credentials => {
  const text = bearerText(request.header('authorization'));
  return text === undefined ? { tokens: [], keys: [] } : { tokens: [{ text, source: 'header' }], keys: [text] };
};

/** All values that a key may have now: several while a secret is rotated. */
const digestsOf = (key: TriggerKey, valuesOf: (secret: string) => readonly string[]): readonly Buffer[] =>
  'sha256' in key
    ? [Buffer.from(key.sha256, 'hex')]
    : valuesOf(key.secret)
        .filter((value) => value !== '')
        .map(digestOf);

/** The digest of a declared key, or the name of its secret: the same for all values that the secret has while it is rotated. */
const nameOf = (key: TriggerKey): string => ('sha256' in key ? key.sha256 : key.secret);

/** Which key of the trigger one of the presented texts is; `undefined` when none of them is one. Takes the same time wherever texts differ: digests are compared. */
export const findKey = (
  { keys = [] }: Pick<Trigger, 'keys'>,
  presented: readonly string[],
  valuesOf: (secret: string) => readonly string[],
): string | undefined => {
  const offered = presented.filter((text) => text !== '').map(digestOf);
  let found: string | undefined;
  for (const key of keys) {
    for (const digest of digestsOf(key, valuesOf)) {
      for (const other of offered) found = timingSafeEqual(digest, other) ? nameOf(key) : found;
    }
  }
  return found;
};
