import { type Encoding } from './encoding.ts';

/** Hash functions of the generic HMAC; a sender never chooses. */
export type Algorithm = 'sha1' | 'sha256' | 'sha512';

/** What a rule may say beside its preset. Each preset knows some of these: see `members` of the preset. */
export interface RuleMembers {
  /** How far the sender's clock may be away, in either direction, in seconds; 300 when absent. */
  readonly toleranceSeconds?: number;
  /** Header that carries the signature. */
  readonly header?: string;
  /** Stands before the signature in its header, e.g. `sha256=`. */
  readonly prefix?: string;
  readonly algorithm?: Algorithm;
  readonly encoding?: Encoding;
  /** Header with the time of the signature, in seconds since the epoch; when given, mandatory in every request. */
  readonly timestampHeader?: string;
  /** What is signed, made of `{body}`, `{timestamp}`, `{id}`, `{method}` and `{url}`; `{body}`, or `{timestamp}.{body}` with a time. */
  readonly template?: string;
  /** Header by which the sender names a delivery. */
  readonly deliveryHeader?: string;
}

export type RuleMember = keyof RuleMembers;

export const TOLERANCE_DEFAULT_SECONDS = 300;
export const TOLERANCE_MAX_SECONDS = 86_400;

const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/;

const isHeaderName = (value: unknown): boolean => typeof value === 'string' && HEADER_NAME.test(value);

/** What each member has to be: a test, and words for people. */
export const MEMBER_SHAPES: Readonly<
  Record<RuleMember, { readonly is: (value: unknown) => boolean; readonly words: string }>
> = {
  toleranceSeconds: {
    is: (value) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= TOLERANCE_MAX_SECONDS,
    words: `a whole number of seconds, 1 to ${TOLERANCE_MAX_SECONDS}`,
  },
  header: { is: isHeaderName, words: 'the name of a header' },
  prefix: { is: (value) => typeof value === 'string' && value.length <= 64, words: 'a text of at most 64 characters' },
  algorithm: { is: (value) => ['sha1', 'sha256', 'sha512'].includes(String(value)), words: 'sha1, sha256 or sha512' },
  encoding: {
    is: (value) => ['hex', 'base64', 'base64url'].includes(String(value)),
    words: 'hex, base64 or base64url',
  },
  timestampHeader: { is: isHeaderName, words: 'the name of a header' },
  template: {
    is: (value) => typeof value === 'string' && value.includes('{body}') && value.length <= 256,
    words: 'a text of at most 256 characters with {body} in it',
  },
  deliveryHeader: { is: isHeaderName, words: 'the name of a header' },
};
