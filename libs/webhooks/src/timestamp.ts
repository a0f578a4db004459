import { SECOND } from '@millrace/kernel';
import { headerOf, type SignedRequest } from './request.ts';
import { type RuleMembers, TOLERANCE_DEFAULT_SECONDS } from './rule.ts';
import { type Refusal, refuse } from './verdict.ts';

/** When the sender says that it signed. */
export interface Timestamp {
  /** As sent: part of what is signed. */
  readonly text: string;
  /** Milliseconds since the epoch. */
  readonly ms: number;
}

/** None begins with 0: a template may put it directly beside a body that ends with one. */
const SECONDS = /^[1-9]\d{0,11}$/;
const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;

/** Reads seconds since the epoch. */
export const parseSeconds = (text: string): Timestamp | undefined =>
  SECONDS.test(text) ? { text, ms: Number(text) * SECOND } : undefined;

/** Reads an RFC 3339 time. */
export const parseTime = (text: string): Timestamp | undefined => {
  const ms = RFC3339.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) ? undefined : { text, ms };
};

/** The timestamp in a header; seconds since the epoch unless said otherwise. */
export const timestampIn = (request: SignedRequest, name: string, parse = parseSeconds): Timestamp | Refusal => {
  const value = headerOf(request, name);
  if (typeof value !== 'string') {
    return value.problem === 'absent'
      ? refuse('missing_timestamp', `the header ${name} is missing`)
      : refuse('malformed_signature', `the header ${name} was sent more than once or is too long`);
  }
  return parse(value) ?? refuse('malformed_signature', `the header ${name} is not a time`);
};

/** Refuses what is older than the tolerance, and what is as far ahead: a clock that is wrong, or a delivery that is replayed. */
export const checkWindow = ({ ms }: Timestamp, rule: RuleMembers, nowMs: number): Refusal | undefined => {
  const seconds = rule.toleranceSeconds ?? TOLERANCE_DEFAULT_SECONDS;
  if (Math.abs(nowMs - ms) <= seconds * SECOND) return undefined;
  return ms > nowMs
    ? refuse('future_timestamp', `the signature was made more than ${seconds} s ahead of the clock here`)
    : refuse('stale_timestamp', `the signature was made more than ${seconds} s ago`);
};
