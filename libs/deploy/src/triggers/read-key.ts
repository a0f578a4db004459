import { createHash } from 'node:crypto';
import { type TriggerKey } from '@millrace/contracts';
import { type TriggerDeclaration } from '@millrace/dialects';
import { type Complaint } from '../schema-complaints.ts';
import { type WrittenTrigger } from './trigger-definition.ts';

/** Shorter texts can be guessed by trying. */
const SAFE_LENGTH = 16;
const LENGTHS = [SAFE_LENGTH, 256] as const;

/** What the author is told about a key. Its text is never repeated. */
export const keyComplaints = (
  { key }: WrittenTrigger,
  { keyLengths: [min, max] = LENGTHS }: TriggerDeclaration,
): readonly Complaint[] => {
  if (key === undefined) return [];
  const { length } = key;
  if (length >= min && length <= max) return [];
  return [{ keys: ['key'], reason: `key has ${length} characters; it must have ${min} to ${max}` }];
};

/** The digest of a key that was written, and the name of one that is a secret. The text goes no further than here. */
export const keysOf = ({ key, key_secret: secret }: WrittenTrigger): readonly TriggerKey[] => [
  ...(key === undefined
    ? []
    : [
        {
          sha256: createHash('sha256').update(key).digest('hex'),
          ...(key.length < SAFE_LENGTH && { short: true as const }),
        },
      ]),
  ...(secret === undefined ? [] : [{ secret }]),
];
