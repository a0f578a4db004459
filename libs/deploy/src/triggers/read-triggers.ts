/** Declarations of triggers, checked by what their dialects know, and as the records that a version carries. */
import { type ScheduleTrigger, SCHEDULE_DIALECT, type Trigger } from '@millrace/contracts';
import { type TriggerDeclaration } from '@millrace/dialects';
import { AppError, messageOf, parseDuration } from '@millrace/kernel';
import { Type } from 'typebox';
import { type Complaint, hintOf, schemaComplaints } from '../schema-complaints.ts';
import { authComplaints } from './auth-complaints.ts';
import { DECLARABLE } from './declarable-dialects.ts';
import { expressionComplaints } from './expression-complaints.ts';
import { makeTrigger } from './make-trigger.ts';
import { meets } from './meeting-triggers.ts';
import { keyComplaints } from './read-key.ts';
import { isSchedule, readSchedule, type ScheduleReading } from './read-schedule.ts';
import { readSignature } from './read-signature.ts';
import { COMMON_MEMBERS, type WrittenTrigger } from './trigger-definition.ts';

export interface TriggersReading {
  /** Only those without complaints. */
  readonly triggers: readonly Trigger[];
  readonly schedules: readonly ScheduleTrigger[];
  readonly complaints: readonly Complaint[];
}

type Reading = { readonly trigger: Trigger } | { readonly complaints: readonly Complaint[] };

/** Of which dialect, and what it is called unless it has a name of its own. */
interface Place {
  readonly dialect: string;
  readonly id: string;
}

const PER_MAX_MS = 86_400_000;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const refused = (...complaints: readonly Complaint[]): Reading => ({ complaints });

const below = (key: string, complaints: readonly Complaint[]): readonly Complaint[] =>
  complaints.map(({ keys, reason }) => ({ keys: [key, ...keys], reason }));

const rateComplaints = ({ rate_limit: rate }: WrittenTrigger): readonly Complaint[] => {
  if (rate === undefined) return [];
  const keys = ['rate_limit', 'per'];
  if (typeof rate.per !== 'number' && typeof rate.per !== 'string') {
    return [{ keys, reason: 'rate_limit.per must be a number of seconds, or a duration such as 1m' }];
  }
  try {
    const ms = parseDuration(rate.per);
    return ms >= 1 && ms <= PER_MAX_MS ? [] : [{ keys, reason: 'rate_limit.per must be between 1s and 1d' }];
  } catch (error) {
    return [{ keys, reason: `rate_limit.per: ${messageOf(error)}` }];
  }
};

/** What is wrong with a declaration whose members are known to be of the right types. */
const furtherComplaints = (written: WrittenTrigger, declares: TriggerDeclaration): readonly Complaint[] => [
  ...keyComplaints(written, declares),
  ...(written.signature === undefined ? [] : below('signature', readSignature(written.signature).complaints)),
  ...expressionComplaints(written),
  ...rateComplaints(written),
];

/** The declaration in our words, or why the dialect cannot read it. */
const translated = (
  written: Readonly<Record<string, unknown>>,
  { translate }: TriggerDeclaration,
  workflow: string,
): Readonly<Record<string, unknown>> | AppError => {
  try {
    return translate?.(written, workflow) ?? written;
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
};

const readOf = (value: Readonly<Record<string, unknown>>, declares: TriggerDeclaration, place: Place): Reading => {
  const schema = Type.Object({ ...declares.address.properties, ...COMMON_MEMBERS }, { additionalProperties: false });
  const byShape = schemaComplaints(schema, value, 'the trigger');
  const misshapen = new Set(byShape.map(({ keys }) => keys[0]));
  const known = Object.fromEntries(Object.entries(value).filter(([name]) => !misshapen.has(name)));
  const written = { ...known, dialect: place.dialect } as WrittenTrigger;
  const complaints = [...byShape, ...furtherComplaints(written, declares)];
  if (complaints.length > 0) return refused(...complaints);
  const trigger = makeTrigger(written, declares, written.id ?? place.id);
  const together = [
    ...authComplaints(written, trigger),
    ...(declares.complaints?.(trigger) ?? []).map((reason) => ({ keys: [], reason })),
  ];
  return together.length > 0 ? refused(...together) : { trigger };
};

/** As it says, or as a word in it shows. */
const dialectOf = (value: unknown): unknown => {
  if (!isRecord(value)) return undefined;
  if (isSchedule(value)) return SCHEDULE_DIALECT;
  if (value['dialect'] !== undefined) return value['dialect'];
  return [...DECLARABLE].find(([, { claims }]) => claims?.(value) === true)?.[0];
};

const readTrigger = (value: unknown, position: number, workflow: string): Reading | ScheduleReading => {
  if (!isRecord(value)) return refused({ keys: [], reason: 'a trigger is a mapping of keys to values' });
  const dialect = dialectOf(value);
  if (typeof dialect !== 'string') return refused({ keys: [], reason: 'a trigger needs a dialect, or cron' });
  const id = position === 0 ? dialect : `${dialect}-${position + 1}`;
  if (dialect === SCHEDULE_DIALECT) return readSchedule(value, id);
  const declares = DECLARABLE.get(dialect);
  if (declares === undefined) {
    const hint = hintOf(dialect, [...DECLARABLE.keys()], 'there are');
    return refused({ keys: ['dialect'], reason: `there is no dialect "${dialect}" to declare triggers of; ${hint}` });
  }
  const inOurWords = translated(value, declares, workflow);
  if (inOurWords instanceof AppError) return refused({ keys: [], reason: inOurWords.message });
  return readOf({ ...inOurWords, dialect }, declares, { dialect, id });
};

/** Two triggers of one workflow that nothing tells apart. */
const clashComplaints = (
  reading: Exclude<Reading | ScheduleReading, { readonly complaints: unknown }>,
  { triggers, schedules }: Pick<TriggersReading, 'triggers' | 'schedules'>,
): readonly Complaint[] => {
  const { id } = 'trigger' in reading ? reading.trigger : reading.schedule;
  if ([...triggers, ...schedules].some((one) => one.id === id)) {
    return [{ keys: ['id'], reason: `the id ${id} is there twice` }];
  }
  const other = 'trigger' in reading ? triggers.find((one) => meets(reading.trigger, one)) : undefined;
  return other === undefined ? [] : [{ keys: [], reason: `${id} has the same address and method as ${other.id}` }];
};

/**
 * Reads declared triggers. Every problem is reported at once, and a text that was written as a key is never part of one.
 *
 * @param list As it stands in the metadata.
 * @param workflow Path of the workflow.
 */
export const readTriggers = (list: readonly unknown[], workflow = ''): TriggersReading => {
  const triggers: Trigger[] = [];
  const schedules: ScheduleTrigger[] = [];
  const complaints: Complaint[] = [];
  const positions = new Map<unknown, number>();
  for (const [index, value] of list.entries()) {
    const dialect = dialectOf(value);
    const position = positions.get(dialect) ?? 0;
    positions.set(dialect, position + 1);
    const reading = readTrigger(value, position, workflow);
    const own = 'complaints' in reading ? reading.complaints : clashComplaints(reading, { triggers, schedules });
    complaints.push(...own.map(({ keys, reason }) => ({ keys: ['triggers', String(index), ...keys], reason })));
    if (own.length > 0) continue;
    if ('trigger' in reading) triggers.push(reading.trigger);
    if ('schedule' in reading) schedules.push(reading.schedule);
  }
  return { triggers, schedules, complaints };
};
