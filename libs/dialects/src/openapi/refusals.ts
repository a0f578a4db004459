/** Which refusals a route answers with, found by asking the dialect to render one of each kind. */
import { STATUS_CODES } from 'node:http';
import { AppError, type ErrorKind } from '@millrace/kernel';
import { type TSchema } from 'typebox';
import { type Dialect, type DialectRoute } from '../dialect.ts';
import { type MediaTypes } from '../route-description.ts';

type Sample = readonly [kind: ErrorKind, code: string, details?: Readonly<Record<string, unknown>>];

const UNAUTHENTICATED: Sample = ['unauthenticated', 'auth.unauthorized'];
const FORBIDDEN: Sample = ['forbidden', 'auth.forbidden'];
const UNAVAILABLE: Sample = ['unavailable', 'log.unknown_outcome'];
const TOO_MANY_FAILURES: Sample = ['over_limit', 'auth.too_many_failures'];
const RUN_NOT_FOUND: Sample = ['not_found', 'run.not_found'];
const READING: readonly Sample[] = [UNAUTHENTICATED, FORBIDDEN, RUN_NOT_FOUND, TOO_MANY_FAILURES, UNAVAILABLE];
const TRIGGER_NOT_FOUND: Sample = ['not_found', 'workflow.not_found', { workflow: 'a/b' }];
const WRONG_METHOD: Sample = ['refused', 'http.method_not_allowed', { allow: ['POST'] }];

const CLIENT_HEADER: Sample = ['forbidden', 'auth.missing_client_header'];

const STARTING: readonly Sample[] = [
  UNAUTHENTICATED,
  ['unauthenticated', 'signature.refused', { reason: 'missing_signature' }],
  ['unauthenticated', 'signature.refused', { reason: 'bad_signature' }],
  FORBIDDEN,
  ['forbidden', 'trigger.address_refused'],
  TRIGGER_NOT_FOUND,
  WRONG_METHOD,
  ['refused', 'trigger.stopped'],
  ['too_large', 'http.body_too_large', { max_bytes: 1 }],
  ['unsupported', 'http.media_type'],
  ['invalid', 'body.invalid_json'],
  ['invalid', 'input.invalid', { pointer: '/a' }],
  TOO_MANY_FAILURES,
  ['over_limit', 'trigger.over_rate'],
  ['over_limit', 'run.over_limit', { max: 1 }],
  UNAVAILABLE,
  ['bug', 'gateway.bug'],
];

const samplesOf = (route: DialectRoute): readonly Sample[] => {
  switch (route.does) {
    case 'start':
      return route.demandsClientHeader === true ? [...STARTING, CLIENT_HEADER] : STARTING;
    case 'answer':
      if (route.access === 'read') return [UNAUTHENTICATED, FORBIDDEN, TOO_MANY_FAILURES];
      return route.mayBeUnknown === true ? [TRIGGER_NOT_FOUND, WRONG_METHOD] : [];
    default:
      return READING;
  }
};

const ofSample = ([kind, code, details = {}]: Sample): AppError => new AppError(kind, code, 'why', { details });

/** Errors that a route may answer with, one of each kind. */
export const sampleErrors = (route: DialectRoute): readonly AppError[] => samplesOf(route).map(ofSample);

export interface Refusal {
  readonly status: number;
  readonly codes: readonly string[];
  readonly content: MediaTypes;
}

export const mediaTypeOfAnswer = (headers: Readonly<Record<string, string>> = {}): string | undefined =>
  headers['content-type']?.split(';')[0];

/**
 * The refusals of a route by status.
 *
 * @param schemas Bodies by media type; a type that is not among them is described as anything.
 */
export const refusalsOf = (
  route: DialectRoute,
  { renderError }: Pick<Dialect, 'renderError'>,
  schemas: MediaTypes,
): readonly Refusal[] => {
  const byStatus = new Map<number, { readonly codes: Set<string>; readonly content: Record<string, TSchema> }>();
  for (const error of sampleErrors(route)) {
    const { status, headers, body } = (route.renderError ?? renderError)(error, undefined, '/');
    const there = byStatus.get(status) ?? { codes: new Set(), content: {} };
    byStatus.set(status, there);
    there.codes.add(error.code);
    const type = body === undefined ? undefined : mediaTypeOfAnswer(headers);
    if (type !== undefined) there.content[type] = schemas[type] ?? {};
  }
  return [...byStatus]
    .map(([status, { codes, content }]) => ({ status, codes: [...codes], content }))
    .toSorted((a, b) => a.status - b.status);
};

export const nameOfStatus = (status: number): string => STATUS_CODES[status] ?? 'Answer';
