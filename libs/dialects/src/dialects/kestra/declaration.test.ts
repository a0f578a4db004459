import { describe, expect, test } from 'vitest';
import { type Trigger } from '@millrace/contracts';
import { kestraDeclaration as declares } from './declaration.ts';

const DOCUMENT = '004';
const KEY = '4wjtkzwVGBM9yKnjm3yv8r';
const TRIGGER: Trigger = {
  id: 'webhook',
  dialect: 'kestra',
  address: {},
  methods: ['POST'],
  auth: 'path_key',
  mode: 'async',
  enabled: true,
};

describe('declarations', () => {
  const translate = (written: Readonly<Record<string, unknown>>) =>
    declares.translate?.({ dialect: 'kestra', ...written }, 'company/team/webhook_flow');

  test(`${DOCUMENT}: the example is accepted as it stands`, () => {
    expect(
      translate({
        id: 'webhook',
        type: 'io.kestra.plugin.core.trigger.Webhook',
        key: KEY,
        conditions: [{ type: 'io.kestra.plugin.core.condition.ExpressionCondition', expression: '{{ true }}' }],
        stopAfter: ['FAILED', 'KILLED'],
      }),
    ).toEqual({
      dialect: 'kestra',
      id: 'webhook',
      key: KEY,
      conditions: [{ type: 'io.kestra.plugin.core.condition.ExpressionCondition', expression: '{{ true }}' }],
      stop_after: ['failed', 'timed_out', 'cancelled'],
    });
  });

  test.each<[Readonly<Record<string, unknown>>, Readonly<Record<string, unknown>>]>([
    [{ key: "{{ secret('WEBHOOK_KEY') }}" }, { key_secret: 'WEBHOOK_KEY' }],
    [{ key: '  spaces  ' }, { key: 'spaces' }],
    [{ key: '{{ flow.namespace }}-{{flow.id}}' }, { key: 'company.team-webhook_flow' }],
    [
      { key: '{{ flow.id }}', flow: 'other' },
      { key: 'other', flow: 'other' },
    ],
    [{ stopAfter: ['SUCCESS'] }, { stop_after: ['completed'] }],
    [{ stop_after: ['failed'] }, { stop_after: ['failed'] }],
    [{ disabled: true }, { enabled: false }],
    [
      { wait: true, returnOutputs: true },
      { mode: 'sync', response: { body: 'result' } },
    ],
    [{ responseCode: 202 }, { response: { accepted: 202, completed: 202 } }],
    [{ responseContentType: 'text/plain' }, { response: { content_type: 'text/plain' } }],
  ])('%j means %j', (written, ours) => {
    expect(translate(written)).toEqual({ dialect: 'kestra', ...ours });
  });

  test.each<[Readonly<Record<string, unknown>>, string]>([
    [{ type: 'io.kestra.plugin.core.trigger.Schedule' }, 'type:'],
    [{ key: '{{ envs.key }}' }, 'key:'],
    [{ key: "a-{{ secret('WEBHOOK_KEY') }}" }, 'key:'],
    [{ stopAfter: ['RUNNING'] }, 'stopAfter:'],
    [{ stopAfter: ['WARNING'] }, 'stopAfter:'],
    [{ responseContentType: 'text/html' }, 'responseContentType:'],
  ])('%j is refused', (written, message) => {
    expect(() => translate(written)).toThrow(message);
  });

  test.each<[Trigger['address'], string]>([
    [{}, 'company.team/webhook_flow'],
    [{ namespace: 'prod' }, 'prod/webhook_flow'],
    [{ flow: 'other.flow' }, 'company.team/other.flow'],
  ])('address %j is found at %s', (address, place) => {
    expect(declares.placeOf(address, 'company/team/webhook_flow')).toBe(place);
  });

  test('the type of a trigger says that it is one of this dialect', () => {
    expect(declares.claims?.({ type: 'io.kestra.plugin.core.trigger.Webhook' })).toBe(true);
    expect(declares.claims?.({ type: 'io.kestra.plugin.core.trigger.Schedule' })).toBe(false);
  });

  test('a webhook without a key is refused', () => {
    expect(declares.complaints?.({ ...TRIGGER, keys: [] })).toHaveLength(1);
    expect(declares.complaints?.({ ...TRIGGER, keys: [{ secret: 'X' }] })).toEqual([]);
  });
});
