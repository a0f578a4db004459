import { createHash, timingSafeEqual } from 'node:crypto';
import { type Trigger, type TriggerKey } from '@millrace/contracts';
import { type Credentials, type InboundRequest } from '@millrace/dialects';
import { bearerText } from '../auth/authenticate.ts';

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();

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

/** Whether one of the presented texts is a key of the trigger. Takes the same time wherever texts differ: digests are compared. */
export const holdsKey = (
  { keys = [] }: Pick<Trigger, 'keys'>,
  presented: readonly string[],
  valuesOf: (secret: string) => readonly string[],
): boolean => {
  const offered = presented.filter((text) => text !== '').map(digestOf);
  let holds = false;
  for (const key of keys) {
    for (const digest of digestsOf(key, valuesOf)) {
      for (const other of offered) holds = timingSafeEqual(digest, other) || holds;
    }
  }
  return holds;
};
