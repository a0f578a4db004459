import { Compile, type Validator } from 'typebox/compile';
import { RUN_EVENT_SCHEMAS, type RunEvent, type RunEventType } from './run-events.ts';
import { type MayStand, writerRuleOf } from './writers.ts';

/** One decoded member of a commit: an event we know, or the reason why it cannot be used. Nothing is dropped silently. */
export type DecodedEvent =
  | { readonly known: true; readonly event: RunEvent }
  | { readonly known: false; readonly type: string | undefined; readonly reason: string };

const validators = new Map<string, Validator>();

const validatorOf = (type: RunEventType): Validator => {
  let validator = validators.get(type);
  if (validator === undefined) {
    validator = Compile(RUN_EVENT_SCHEMAS[type]);
    validators.set(type, validator);
  }
  return validator;
};

const isRunEventType = (type: unknown): type is RunEventType =>
  typeof type === 'string' && Object.hasOwn(RUN_EVENT_SCHEMAS, type);

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const ENVELOPE_TEXTS = ['id', 'source', 'subject', 'time', 'workspace', 'workflow'] as const;

/** JSON text of one event; events of one commit are joined by {@link encodeCommit}. */
export const encodeEvent = (event: RunEvent): string => JSON.stringify(event);

/** A commit in CloudEvents' JSON batch format, from the texts of its events. */
export const encodeCommit = (events: readonly string[]): string => `[${events.join(',')}]`;

/** Checks envelope and data of one parsed event. An unknown type is a result, not an error: newer writers may exist. */
export const decodeEvent = (value: unknown): DecodedEvent => {
  if (typeof value !== 'object' || value === null) return { known: false, type: undefined, reason: 'not an object' };
  const candidate = value as Record<string, unknown>;
  const type = candidate['type'];
  if (!isRunEventType(type)) {
    return { known: false, type: isText(type) ? type : undefined, reason: 'unknown event type' };
  }
  const missing = ENVELOPE_TEXTS.find((name) => !isText(candidate[name]));
  if (candidate['specversion'] !== '1.0' || missing !== undefined) {
    return { known: false, type, reason: `envelope: ${missing ?? 'specversion'} is missing` };
  }
  if (!validatorOf(type).Check(candidate['data']))
    return { known: false, type, reason: 'data does not fit its schema' };
  return { known: true, event: value as RunEvent };
};

const checkWriter = (decoded: DecodedEvent, mayStand: MayStand): DecodedEvent =>
  decoded.known && !mayStand(decoded.event)
    ? { known: false, type: decoded.event.type, reason: 'not for the writers of its subject to say' }
    : decoded;

/**
 * Every member of a commit, in order. A text that is no JSON array decodes to one unusable member, and what the writers of the subject
 * may not say is unusable as well.
 */
export const decodeCommit = (text: string, subject: string): readonly DecodedEvent[] => {
  let members: unknown;
  try {
    members = JSON.parse(text);
  } catch {
    return [{ known: false, type: undefined, reason: 'not JSON' }];
  }
  if (!Array.isArray(members)) return [{ known: false, type: undefined, reason: 'not a JSON batch' }];
  const mayStand = writerRuleOf(subject);
  return members.map((member) => checkWriter(decodeEvent(member), mayStand));
};
