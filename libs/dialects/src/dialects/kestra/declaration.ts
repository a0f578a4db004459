import { AppError } from '@millrace/kernel';
import { Type } from 'typebox';
import { type TriggerDeclaration } from '../../dialect.ts';
import { placeOfWorkflow, WEBHOOK_TYPE } from './execution.ts';

type Written = Readonly<Record<string, unknown>>;

const TYPES: ReadonlySet<unknown> = new Set([WEBHOOK_TYPE, 'io.kestra.core.models.triggers.types.Webhook']);
const SECRET_KEY = /^\{\{-?\s*secret\(\s*(?:'([^'{}]+)'|"([^"{}]+)")\s*\)\s*-?\}\}$/;
const FLOW_EXPRESSION = /\{\{-?\s*flow\.(id|namespace)\s*-?\}\}/g;
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

const textOr = (value: unknown, otherwise: string): string => (typeof value === 'string' ? value : otherwise);

/** Where the flow is, as its expressions have it. */
const flowOf = ({ namespace, flow }: Written, workflow: string): Readonly<Record<string, string>> => {
  const own = placeOfWorkflow(workflow);
  return { id: textOr(flow, own.flow), namespace: textOr(namespace, own.namespace) };
};

/** An expression that a key may have in it: what does not change from one request to the next, and is known at deploy. */
const rendered = (text: string, flow: Readonly<Record<string, string>>): string =>
  text.replaceAll(FLOW_EXPRESSION, (_match, member: string) => flow[member] ?? '').trim();

const keyOf = (written: Written, workflow: string): Written => {
  const { key } = written;
  if (typeof key !== 'string') return key === undefined ? {} : { key };
  const text = key.trim();
  const [, single, double] = SECRET_KEY.exec(text) ?? [];
  const secret = single ?? double;
  if (secret !== undefined) return { key_secret: secret };
  const whole = rendered(text, flowOf(written, workflow));
  if (whole.includes('{{') || whole.includes('{%')) {
    throw invalid(
      "key: a text with {{ flow.id }} and {{ flow.namespace }} in it, or {{ secret('NAME') }} alone; other expressions are not rendered",
    );
  }
  return { key: whole };
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

const translate = (written: Written, workflow: string): Written => {
  const { type, disabled, wait, enabled, mode } = written;
  if (type !== undefined && !TYPES.has(type)) throw invalid(`type: the webhook trigger is ${WEBHOOK_TYPE}`);
  return {
    ...Object.fromEntries(Object.entries(written).filter(([name]) => !THEIR_WORDS.has(name))),
    ...keyOf(written, workflow),
    ...stopAfterOf(written),
    ...responseOf(written),
    ...(typeof disabled === 'boolean' && enabled === undefined ? { enabled: !disabled } : {}),
    ...(wait === true && mode === undefined ? { mode: 'sync' } : {}),
  };
};

const Name = Type.String({ pattern: '^[A-Za-z0-9_.-]{1,200}$' });

export const kestraDeclaration: TriggerDeclaration = {
  claims: ({ type }) => TYPES.has(type),
  translate,
  address: Type.Object({ namespace: Type.Optional(Name), flow: Type.Optional(Name) }, { additionalProperties: false }),
  defaults: { auth: 'path_key', methods: ['GET', 'POST', 'PUT'], mode: 'async' },
  placeOf: (address, workflow) => {
    const { namespace = '', id = '' } = flowOf(address, workflow);
    return `${namespace}/${id}`;
  },
  keyLengths: [1, 256],
  complaints: ({ auth, keys = [] }) =>
    auth === 'path_key' && keys.length === 0 ? ['a webhook of Kestra needs a key: it is part of its address'] : [],
};
