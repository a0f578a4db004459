import { expect } from 'vitest';
import { KEYS } from '../workflows.ts';
import { type Fact } from './fact.ts';
import { type Execution, WEBHOOKS, ECHO, hook, execution, polled, reaches, kill } from './kestra-calls.ts';
import { FACT_KEYS } from './workflows.ts';

export const KESTRA_CONDITIONS: readonly Fact[] = [
  {
    shows: ['4.6/all', '4.6/dates'],
    says: 'conditions: all of them; not, or; a time that is over',
    show: async (world) => {
      const path = `${WEBHOOKS}/shop/conditions`;
      const statusOf = async (key: string, body: unknown) => (await hook(world, `${path}/${key}`, { body })).status;
      expect(await statusOf(FACT_KEYS.both, { a: 1, b: 1 })).toBe(200);
      expect(await statusOf(FACT_KEYS.both, { a: 1, b: 2 })).toBe(204);
      expect(await statusOf(FACT_KEYS.not, { a: 1 })).toBe(204);
      expect(await statusOf(FACT_KEYS.not, { a: 2 })).toBe(200);
      expect(await statusOf(FACT_KEYS.or, { a: 2, b: 1 })).toBe(200);
      expect(await statusOf(FACT_KEYS.or, { a: 2, b: 2 })).toBe(204);
      expect(await statusOf(FACT_KEYS.before, {})).toBe(204);
    },
  },
  {
    shows: ['4.6/falsy'],
    says: 'a condition is false when its text is blank or `false`; `0` and `no` are true',
    show: async (world) => {
      const path = `${WEBHOOKS}/shop/conditions/${FACT_KEYS.text}`;
      for (const [said, status] of [
        ['0', 200],
        ['no', 200],
        ['false', 204],
        [' ', 204],
      ] as const)
        expect([said, (await hook(world, path, { body: { said } })).status]).toEqual([said, status]);
    },
  },
  {
    shows: ['4.6/strict', '4.6/error'],
    says: 'a missing variable makes a condition false, unless `is defined` or `??` asks for it',
    show: async (world) => {
      const path = `${WEBHOOKS}/shop/conditions`;
      expect((await hook(world, `${path}/${FACT_KEYS.defined}`, { body: {} })).status).toBe(204);
      expect((await hook(world, `${path}/${FACT_KEYS.defined}`, { body: { a: 1 } })).status).toBe(200);
      expect((await hook(world, `${path}/${FACT_KEYS.coalesced}`, { body: {} })).status).toBe(200);
    },
  },
  {
    shows: ['4.6/concurrency'],
    says: 'concurrency: at the limit it is 200 and waits; on_limit reject is 429 here',
    show: async (world) => {
      const queue = `${WEBHOOKS}/shop/kestra-queue/${KEYS.async}`;
      const first = await execution(world, queue);
      await reaches(world, first.id, 'RUNNING');
      const second = await hook(world, queue);
      expect(second.status).toBe(200);
      const { id } = second.json as Execution;
      expect((await polled(world, id)).state.current).toBeOneOf(['CREATED', 'QUEUED']);
      await kill(world, id, first.id);
      const reject = `${WEBHOOKS}/shop/kestra-reject/${KEYS.async}`;
      const only = await execution(world, reject);
      const { status, headers, json } = await hook(world, reject);
      expect([status, json]).toMatchObject([429, { message: expect.stringMatching(/^Too Many Requests: /) as string }]);
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
      await kill(world, only.id);
    },
  },
  {
    shows: ['4.6/stopAfter'],
    says: 'stopAfter stops the webhook here',
    show: async (world) => {
      const path = `${WEBHOOKS}/shop/stops/${KEYS.waits}`;
      expect((await hook(world, path)).status).toBe(200);
      expect((await hook(world, path)).status).toBe(409);
    },
  },
  {
    shows: ['4.6/labels'],
    says: 'labels say that it came from a trigger',
    show: async (world) =>
      expect(await execution(world, ECHO)).toMatchObject({
        labels: expect.arrayContaining([{ key: 'system.from', value: 'trigger' }]) as unknown,
      }),
  },
  {
    shows: ['4.7/methods'],
    says: 'a webhook may have fewer methods: the others are 405 with Allow',
    show: async (world) => {
      const path = `${WEBHOOKS}/shop/guarded/${KEYS.only}`;
      expect((await hook(world, path)).status).toBe(200);
      const { status, headers } = await hook(world, path, { method: 'PUT' });
      expect([status, headers.get('allow')]).toEqual([405, 'POST']);
    },
  },
];
