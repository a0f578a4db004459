import { type AdmissionRules, DEFAULT_POOL, POOL_PATTERN, type RunPolicy } from '@millrace/contracts';
import { compileKey, PRIORITY_MAX, PRIORITY_MIN } from '@millrace/domain';
import { DAY, messageOf, type Milliseconds, parseDuration } from '@millrace/kernel';
import { type Static, Type } from 'typebox';
import { type Complaint, schemaComplaints } from './schema-complaints.ts';

const CONCURRENCY_MAX = 100_000;
const QUEUE_LIMIT_MAX = 1_000_000;
/** Their times are remembered. */
const RATE_LIMIT_MAX = 10_000;
const RATE_PERIOD_MAX: Milliseconds = DAY;
const DEBOUNCE_MAX: Milliseconds = DAY;
/** Longest wait for later runs, in periods, where the author says nothing. */
const DEBOUNCE_WAIT_PERIODS = 10;

const Limit = Type.Integer({ minimum: 1, maximum: CONCURRENCY_MAX });
const Expression = Type.String({ minLength: 1 });

const debounceFields = { period: Type.Unknown(), key: Type.Optional(Expression) };

const ConcurrencySchema = Type.Object(
  { limit: Limit, key: Type.Optional(Expression), total: Type.Optional(Limit) },
  { additionalProperties: false },
);
type ConcurrencyRule = Static<typeof Limit> | Static<typeof ConcurrencySchema>;

/** As authors write them; durations, expressions and `concurrency` are checked apart. */
export const ADMISSION_FIELDS = {
  concurrency: Type.Optional(Type.Unsafe<ConcurrencyRule>(Type.Unknown())),
  priority: Type.Optional(Type.Integer({ minimum: PRIORITY_MIN, maximum: PRIORITY_MAX })),
  pool: Type.Optional(Type.String({ pattern: POOL_PATTERN })),
  rate: Type.Optional(
    Type.Object(
      { limit: Type.Integer({ minimum: 1, maximum: RATE_LIMIT_MAX }), period: Type.Unknown() },
      { additionalProperties: false },
    ),
  ),
};
export const ON_LIMIT = Type.Enum(['queue', 'reject', 'cancel_previous', 'skip']);
export const QUEUE_LIMIT = Type.Integer({ minimum: 0, maximum: QUEUE_LIMIT_MAX });
/** In a `.yaml`. */
export const DebounceFileSchema = Type.Object(
  { ...debounceFields, max_wait: Type.Optional(Type.Unknown()) },
  { additionalProperties: false },
);
/** In code. */
export const DebounceDefinitionSchema = Type.Object(
  { ...debounceFields, maxWait: Type.Optional(Type.Unknown()) },
  { additionalProperties: false },
);

interface AdmissionMetadata {
  readonly concurrency?: ConcurrencyRule;
  readonly queueLimit?: number;
  readonly priority?: number;
  readonly pool?: string;
  readonly rate?: { readonly limit: number; readonly period: unknown };
  readonly debounce?: Static<typeof DebounceDefinitionSchema>;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

interface DurationRule {
  readonly keys: readonly string[];
  readonly max: Milliseconds;
  readonly maxText: string;
}

const durationComplaints = (value: unknown, { keys, max, maxText }: DurationRule): readonly Complaint[] => {
  const where = keys.join('.');
  if (typeof value !== 'string' && typeof value !== 'number') {
    return [{ keys, reason: `${where} must be a duration such as 500ms, 10s or 5m` }];
  }
  try {
    const ms = parseDuration(value);
    return ms >= 1 && ms <= max ? [] : [{ keys, reason: `${where} must be between 1ms and ${maxText}, not ${value}` }];
  } catch (error) {
    return [{ keys, reason: `${where}: ${messageOf(error)}` }];
  }
};

const keyComplaints = (source: unknown, keys: readonly string[]): readonly Complaint[] => {
  if (typeof source !== 'string') return [];
  try {
    compileKey(source);
    return [];
  } catch (error) {
    return [{ keys, reason: `${keys.join('.')}: ${messageOf(error)}` }];
  }
};

/** What is wrong with `concurrency`: one of its two forms; a union would complain of both. */
export const concurrencyComplaints = (concurrency: unknown): readonly Complaint[] => {
  if (concurrency === undefined) return [];
  const form = isRecord(concurrency) ? ConcurrencySchema : Limit;
  const complaints = schemaComplaints(Type.Object({ concurrency: form }), { concurrency }, 'concurrency');
  return [...complaints, ...(isRecord(concurrency) ? keyComplaints(concurrency['key'], ['concurrency', 'key']) : [])];
};

const rateComplaints = (rate: unknown): readonly Complaint[] =>
  isRecord(rate)
    ? durationComplaints(rate['period'], { keys: ['rate', 'period'], max: RATE_PERIOD_MAX, maxText: '1d' })
    : [];

const debounceComplaints = (debounce: unknown): readonly Complaint[] => {
  if (!isRecord(debounce)) return [];
  const wait = 'max_wait' in debounce ? 'max_wait' : 'maxWait';
  const rule = { max: DEBOUNCE_MAX, maxText: '1d' };
  return [
    ...durationComplaints(debounce['period'], { keys: ['debounce', 'period'], ...rule }),
    ...(wait in debounce ? durationComplaints(debounce[wait], { keys: ['debounce', wait], ...rule }) : []),
    ...keyComplaints(debounce['key'], ['debounce', 'key']),
  ];
};

/** `skip` and `cancel_previous` are about a limit of the workflow's own. */
const onLimitComplaints = (value: Readonly<Record<string, unknown>>): readonly Complaint[] => {
  const name = 'on_limit' in value ? 'on_limit' : 'onLimit';
  const onLimit = value[name];
  if ((onLimit !== 'skip' && onLimit !== 'cancel_previous') || value['concurrency'] !== undefined) return [];
  return [{ keys: [name], reason: `${name}: ${onLimit} needs concurrency` }];
};

/** A key is a part of the input that stays in the clear. */
const secrecyComplaints = (value: Readonly<Record<string, unknown>>): readonly Complaint[] => {
  if (value['delete_after_use'] !== true && value['deleteAfterUse'] !== true) return [];
  return ['concurrency', 'debounce'].flatMap((name) => {
    const rule = value[name];
    if (!isRecord(rule) || rule['key'] === undefined) return [];
    return [{ keys: [name, 'key'], reason: `${name}.key: a key cannot be deleted after use with the input` }];
  });
};

/** What is wrong with limits, rates and keys of a workflow, besides `concurrency` and what the schema says. */
export const admissionComplaints = (value: Readonly<Record<string, unknown>>): readonly Complaint[] => {
  const { rate, debounce } = value;
  return [
    ...rateComplaints(rate),
    ...debounceComplaints(debounce),
    ...onLimitComplaints(value),
    ...secrecyComplaints(value),
  ];
};

type Concurrency = Pick<RunPolicy, 'concurrency' | 'keyConcurrency'>;

const concurrencyOf = (concurrency: ConcurrencyRule | undefined): Concurrency => {
  if (concurrency === undefined) return {};
  if (typeof concurrency === 'number') return { concurrency };
  const { limit, key, total } = concurrency;
  if (key === undefined) return { concurrency: Math.min(limit, total ?? limit) };
  return { ...(total !== undefined && { concurrency: total }), keyConcurrency: limit };
};

const durationOf = (value: unknown): Milliseconds => parseDuration(value as string | number);

const debounceOf = ({
  period,
  maxWait,
}: NonNullable<AdmissionMetadata['debounce']>): NonNullable<RunPolicy['debounce']> => {
  const periodMs = durationOf(period);
  const maxMs = maxWait === undefined ? DEBOUNCE_WAIT_PERIODS * periodMs : durationOf(maxWait);
  return { periodMs, maxMs: Math.max(periodMs, maxMs) };
};

/** The limits that checked metadata states. */
export const admissionPolicyOf = (
  metadata: AdmissionMetadata,
): Pick<RunPolicy, 'concurrency' | 'keyConcurrency' | 'queueLimit' | 'rate' | 'debounce' | 'pool'> => {
  const { concurrency, queueLimit, rate, debounce, pool } = metadata;
  return {
    ...concurrencyOf(concurrency),
    ...(queueLimit !== undefined && { queueLimit }),
    ...(pool !== undefined && pool !== DEFAULT_POOL && { pool }),
    ...(rate !== undefined && { rate: { limit: rate.limit, periodMs: durationOf(rate.period) } }),
    ...(debounce !== undefined && { debounce: debounceOf(debounce) }),
  };
};

/** Expressions and priority that it states; `undefined` when there is none. */
export const admissionRulesOf = ({
  concurrency,
  debounce,
  priority,
}: AdmissionMetadata): AdmissionRules | undefined => {
  const concurrencyKey = typeof concurrency === 'object' ? concurrency.key : undefined;
  const rules = {
    ...(concurrencyKey !== undefined && { concurrencyKey }),
    ...(debounce?.key !== undefined && { debounceKey: debounce.key }),
    ...(priority !== undefined && { priority }),
  };
  return Object.keys(rules).length === 0 ? undefined : rules;
};
