import { type BackoffPolicy } from '@millrace/contracts';
import { DAY, messageOf, type Milliseconds, MINUTE, parseDuration, SECOND } from '@millrace/kernel';
import { Type, type Static } from 'typebox';
import { type Complaint } from './schema-complaints.ts';

const FACTOR_MAX = 100;
/** The log keeps a request for a week: no pause may take most of it. */
const PAUSE_MAX_MS: Milliseconds = DAY;

/** As an author writes it; durations are checked apart, for they are texts or numbers. */
export const BackoffDefinitionSchema = Type.Object(
  {
    first: Type.Optional(Type.Unknown()),
    factor: Type.Optional(Type.Number({ minimum: 1, maximum: FACTOR_MAX })),
    max: Type.Optional(Type.Unknown()),
    jitter: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
  },
  { additionalProperties: false },
);
export type BackoffDefinition = Static<typeof BackoffDefinitionSchema>;

const DEFAULTS = { first: SECOND, factor: 2, max: 5 * MINUTE, jitter: 0.2 } as const;

const pauseComplaints = (name: 'first' | 'max', value: unknown): readonly Complaint[] => {
  const keys = ['retries', 'backoff', name];
  const where = keys.join('.');
  if (value === undefined) return [];
  if (typeof value !== 'string' && typeof value !== 'number') {
    return [{ keys, reason: `${where} must be a duration such as 500ms, 10s or 5m` }];
  }
  try {
    const ms = parseDuration(value);
    return ms >= 1 && ms <= PAUSE_MAX_MS ? [] : [{ keys, reason: `${where} must be between 1ms and 1d, not ${value}` }];
  } catch (error) {
    return [{ keys, reason: `${where}: ${messageOf(error)}` }];
  }
};

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What is wrong with the durations in `retries.backoff`. */
export const backoffComplaints = (retries: unknown): readonly Complaint[] => {
  const backoff = isRecord(retries) ? retries['backoff'] : undefined;
  if (!isRecord(backoff)) return [];
  return [...pauseComplaints('first', backoff['first']), ...pauseComplaints('max', backoff['max'])];
};

const millisecondsOf = (value: unknown, otherwise: Milliseconds): Milliseconds =>
  typeof value === 'string' || typeof value === 'number' ? parseDuration(value) : otherwise;

/** The policy that a checked definition states; what it leaves open is the default. */
export const readBackoff = ({ first, factor, max, jitter }: BackoffDefinition): BackoffPolicy => {
  const firstMs = millisecondsOf(first, DEFAULTS.first);
  return {
    firstMs,
    factor: factor ?? DEFAULTS.factor,
    maxMs: Math.max(firstMs, millisecondsOf(max, DEFAULTS.max)),
    jitter: jitter ?? DEFAULTS.jitter,
  };
};
