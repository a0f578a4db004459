import { AppError } from '@millrace/kernel';
import { Type } from 'typebox';
import { type TriggerDeclaration } from '../../dialect.ts';
import { placeOfWorkflow, WEBHOOK_TYPE } from './execution.ts';

type Written = Readonly<Record<string, unknown>>;

const TYPES: ReadonlySet<unknown> = new Set([WEBHOOK_TYPE, 'io.kestra.core.models.triggers.types.Webhook']);
const SECRET_KEY = /^\{\{-?\s*secret\(\s*(?:'([^'{}]+)'|"([^"{}]+)")\s*\)\s*-?\}\}$/;
const CONTENT_TYPES = ['application/json', 'text/plain'];

/** Our states that one of Kestra's stands for. `WARNING` is none: a run here ends well or it does not. */
const END_STATES: Readonly<Record<string, readonly string[]>> = {
  SUCCESS: ['completed'],
  WARNING: [],
  FAILED: ['failed', 'timed_out'],
  KILLED: ['cancelled'],
  CANCELLED: ['rejected'],
};

const invalid = (message: string): AppError => new AppError('invalid', 'trigger.invalid', message);

const keyOf = ({ key }: Written): Written => {
  if (typeof key !== 'string') return key === undefined ? {} : { key };
  const text = key.trim();
  const [, single, double] = SECRET_KEY.exec(text) ?? [];
  const secret = single ?? double;
  if (secret !== undefined) return { key_secret: secret };
  if (text.includes('{{')) throw invalid("key: a text, or {{ secret('NAME') }}; other expressions are not rendered");
  return { key: text };
};

const endStatesOf = (state: unknown): readonly unknown[] => {
  if (typeof state !== 'string' || state !== state.toUpperCase()) return [state];
  const states = END_STATES[state];
  if (states !== undefined) return states;
  throw invalid(`stopAfter: no run ends in ${state}; there are ${Object.keys(END_STATES).join(', ')}`);
};

const stopAfterOf = ({ stopAfter, stop_after: own = stopAfter }: Written): Written => {
  if (own === undefined) return {};
  const states = Array.isArray(own) ? [...new Set(own.flatMap(endStatesOf))] : own;
  if (Array.isArray(states) && states.length === 0) throw invalid('stopAfter: no run ends in any of these states here');
  return { stop_after: states };
};

const responseOf = ({ responseCode, responseContentType, returnOutputs, response }: Written): Written => {
  if (responseContentType !== undefined && !CONTENT_TYPES.some((type) => type === responseContentType)) {
    throw invalid(`responseContentType: one of ${CONTENT_TYPES.join(', ')}`);
  }
  const own = {
    ...(responseCode === undefined ? {} : { accepted: responseCode, completed: responseCode }),
    ...(responseContentType === undefined ? {} : { content_type: responseContentType }),
    ...(returnOutputs === true ? { body: 'result' } : {}),
  };
  if (Object.keys(own).length === 0) return response === undefined ? {} : { response };
  return { response: typeof response === 'object' ? { ...own, ...response } : own };
};

/** Members that only this system has. */
const THEIR_WORDS: ReadonlySet<string> = new Set([
  'type',
  'key',
  'stopAfter',
  'disabled',
  'wait',
  'responseCode',
  'responseContentType',
  'returnOutputs',
]);

const translate = (written: Written): Written => {
  const { type, disabled, wait, enabled, mode } = written;
  if (type !== undefined && !TYPES.has(type)) throw invalid(`type: the webhook trigger is ${WEBHOOK_TYPE}`);
  return {
    ...Object.fromEntries(Object.entries(written).filter(([name]) => !THEIR_WORDS.has(name))),
    ...keyOf(written),
    ...stopAfterOf(written),
    ...responseOf(written),
    ...(typeof disabled === 'boolean' && enabled === undefined ? { enabled: !disabled } : {}),
    ...(wait === true && mode === undefined ? { mode: 'sync' } : {}),
  };
};

const textOr = (value: unknown, otherwise: string): string => (typeof value === 'string' ? value : otherwise);

const Name = Type.String({ pattern: '^[A-Za-z0-9_.-]{1,200}$' });

export const kestraDeclaration: TriggerDeclaration = {
  translate,
  address: Type.Object({ namespace: Type.Optional(Name), flow: Type.Optional(Name) }, { additionalProperties: false }),
  defaults: { auth: 'path_key', methods: ['GET', 'POST', 'PUT'], mode: 'async' },
  placeOf: ({ namespace, flow }, workflow) => {
    const own = placeOfWorkflow(workflow);
    return `${textOr(namespace, own.namespace)}/${textOr(flow, own.flow)}`;
  },
  keyLengths: [1, 256],
  complaints: ({ auth, keys = [] }) =>
    auth === 'path_key' && keys.length === 0 ? ['a webhook of Kestra needs a key: it is part of its address'] : [],
};
