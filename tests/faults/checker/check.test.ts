import { describe, expect, test } from 'vitest';
import { check } from './check.ts';
import { type Observations, type SubscriberSaw } from './observations.ts';

const STORY = ['requested', 'dispatched', 'started', 'completed'] as const;

const storyOf = (runId: string, first: number): readonly SubscriberSaw[] =>
  STORY.map((name, index) => ({
    name,
    runId,
    workflow: 'witness/script',
    attempt: index === 0 ? 0 : 1,
    position: `${first + index}.0`,
    ...(index === 0 ? { key: `key ${runId}` } : {}),
  }));

/** Two runs as they should be, one after the other. */
const GOOD: Observations = {
  experiment: { limit: 1, endpoints: ['one'] },
  clients: ['a', 'b'].map((runId) => ({ at: 0, key: `key ${runId}`, outcome: 'acknowledged', runId, tookMs: 1 })),
  witness: ['a', 'b'].flatMap((run, index) => [
    { what: 'start', run, attempt: 1, pid: 1, at: 10 * index },
    { what: 'end', run, attempt: 1, pid: 1, at: 10 * index + 10 },
  ]),
  events: [...storyOf('a', 1), ...storyOf('b', 5)],
  statuses: ['a', 'b'].map((runId) => ({ runId, state: 'completed', attempt: 1 })),
  streams: STORY.map((name, index) => ({
    runId: 'a',
    id: `${index + 1}.0-0-0`,
    type: name === 'completed' ? 'complete' : 'state',
  })),
  census: [{ at: 0, live: 1 }],
  receiver: ['a', 'b'].map((runId) => ({
    at: 0,
    endpoint: 'one',
    id: `msg ${runId}`,
    runId,
    event: 'completed',
    bodyHash: runId,
    isSigned: true,
  })),
};

const rulesBroken = (change: Partial<Observations>): readonly string[] => [
  ...new Set(check({ ...GOOD, ...change }).findings.map(({ rule }) => rule)),
];

test('a history as it should be has no findings', () => {
  expect(check(GOOD)).toEqual({ acknowledged: 2, finished: 2, lost: 0, doubled: 0, liveMax: 1, findings: [] });
});

describe('each promise that is broken is found', () => {
  const [client, witness, event, receipt] = [GOOD.clients[0]!, GOOD.witness[0]!, GOOD.events[3]!, GOOD.receiver[0]!];

  test.each<[string, Partial<Observations>]>([
    ['lost', { clients: [...GOOD.clients, { ...client, key: 'key c', runId: 'c' }] }],
    ['lost', { statuses: GOOD.statuses.slice(1) }],
    ['key', { clients: [...GOOD.clients, { ...client, runId: 'b' }] }],
    ['end', { events: [...GOOD.events, { ...event, name: 'failed', position: '9.0' }] }],
    ['start', { witness: [...GOOD.witness, { ...witness, at: 30 }] }],
    ['dispatch', { witness: [...GOOD.witness, { ...witness, attempt: 2, at: 30 }] }],
    ['witness', { witness: GOOD.witness.slice(2) }],
    ['order', { events: [...GOOD.events, { ...event, runId: 'c', name: 'requested', position: '4.1' }] }],
    ['story', { events: [...GOOD.events, { ...event, name: 'started', position: '9.0' }] }],
    ['story', { events: GOOD.events.slice(1) }],
    ['status', { statuses: GOOD.statuses.map((status) => ({ ...status, state: 'failed' })) }],
    ['stream', { streams: GOOD.streams.slice(1) }],
    ['stream', { streams: [...GOOD.streams.slice(0, 1), ...GOOD.streams] }],
    ['refusal', { clients: [...GOOD.clients, { ...client, outcome: 'refused', status: 503, retryAfter: false }] }],
    ['limit', { census: [{ at: 0, live: 2 }] }],
    ['limit', { witness: GOOD.witness.map((seen) => ({ ...seen, at: seen.what === 'start' ? 0 : 10 })) }],
    ['webhook', { receiver: GOOD.receiver.slice(1) }],
    ['webhook', { receiver: [...GOOD.receiver, { ...receipt, bodyHash: 'other' }] }],
    ['webhook', { receiver: [...GOOD.receiver, { ...receipt, id: 'other' }] }],
    ['webhook', { receiver: GOOD.receiver.map((seen) => ({ ...seen, isSigned: false })) }],
  ])('%s: %j', (rule, change) => {
    expect(rulesBroken(change)).toContain(rule);
  });

  test('and counted', () => {
    const clients = [...GOOD.clients, { ...client, key: 'key c', runId: 'c' }, { ...client, runId: 'b' }];
    expect(check({ ...GOOD, clients })).toMatchObject({ acknowledged: 3, finished: 2, lost: 1, doubled: 1 });
  });
});

test('what may or may not have happened is held against nobody', () => {
  const clients: Observations['clients'] = [
    ...GOOD.clients,
    { at: 0, key: 'key c', outcome: 'unknown', tookMs: 5_000 },
  ];
  expect(check({ ...GOOD, clients }).findings).toEqual([]);
});
