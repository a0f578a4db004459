import { isRunId, type Position, type RunEvent, WORKFLOW_PATH_PATTERN } from '@millrace/contracts';
import { type Commit } from '@millrace/eventlog';

/** An event that rows can be made of. */
export interface RecordedEvent {
  readonly event: RunEvent;
  readonly position: Position;
  /** The event's own, in RFC 3339, UTC, milliseconds; when the log stored it where that is no time. */
  readonly time: string;
}

/** An entry of the log that no row can be made of. */
export interface UnusableEntry {
  readonly position: Position;
  readonly type: string;
  readonly reason: string;
}

const WORKFLOW_PATH = new RegExp(WORKFLOW_PATH_PATTERN);
const WORKSPACE = /^[A-Za-z0-9_-]{1,200}$/;
const ATTEMPT_MAX = 1_000_000;
/** Times that Postgres and RFC 3339 both know. */
const TIME_MIN = Date.UTC(1970, 0, 1);
const TIME_MAX = Date.UTC(9999, 11, 31);

/** What our own writers write, on days that every month has: is what it becomes. */
const CANONICAL =
  /^(?:19[7-9]|[2-9]\d\d)\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/;

const timeOf = (text: string, storedAt: number): string => {
  if (CANONICAL.test(text)) return text;
  const time = Date.parse(text);
  return new Date(time >= TIME_MIN && time <= TIME_MAX ? time : storedAt).toISOString();
};

const isAttempt = (attempt: unknown): boolean =>
  attempt === undefined || (Number.isInteger(attempt) && Number(attempt) >= 0 && Number(attempt) <= ATTEMPT_MAX);

const isOptionalText = (value: unknown): boolean => value === undefined || typeof value === 'string';

/** What the schema of the data does not say about the envelope, and rows, subjects and headers need. Written as rules: name, then check. */
const RULES: readonly (readonly [flaw: string, holds: (event: RunEvent) => boolean])[] = [
  ['the subject is no run id', ({ subject }) => isRunId(subject)],
  ['the workflow is no path', ({ workflow }) => WORKFLOW_PATH.test(workflow)],
  ['the workspace is no name', ({ workspace }) => WORKSPACE.test(workspace)],
  ['the attempt is no count', ({ attempt }) => isAttempt(attempt)],
  [
    'the content type is not JSON',
    ({ datacontenttype }: { readonly datacontenttype: string }) => datacontenttype === 'application/json',
  ],
  [
    'traceparent or causationid is no text',
    ({ traceparent, causationid }) => isOptionalText(traceparent) && isOptionalText(causationid),
  ],
];

const flawOf = (event: RunEvent): string | undefined => RULES.find(([, holds]) => !holds(event))?.[0];

/** The event with a time that is one. */
const withTime = (event: RunEvent, time: string): RunEvent => (event.time === time ? event : { ...event, time });

/** The entries of a commit, each either usable or with the reason why it is not. Never throws: what is in the log cannot be taken out. */
export const readEntries = (commit: Commit): readonly (RecordedEvent | UnusableEntry)[] =>
  commit.events.map((decoded, index) => {
    const position = { sequence: commit.sequence, index };
    if (!decoded.known) return { position, type: decoded.type ?? 'none', reason: decoded.reason };
    const { event } = decoded;
    const flaw = flawOf(event);
    if (flaw !== undefined) return { position, type: event.type, reason: flaw };
    const time = timeOf(event.time, commit.time);
    return { event: withTime(event, time), position, time };
  });

export const isUsable = (entry: RecordedEvent | UnusableEntry): entry is RecordedEvent => 'event' in entry;
