import { completed } from '@millrace/testkit';
import { expect, test } from 'vitest';
import { AdmissionFixture } from '../../testing/admission-fixture.ts';
import { admit } from './admit.ts';
import { executorOf } from './executor-of.ts';

const requestAll = (shard: AdmissionFixture, prefix: string, count: number, pool?: string): void => {
  for (let n = 0; n < count; n += 1) {
    shard.request(`${prefix}${n}`, `a/${prefix}`, pool === undefined ? {} : { pool });
  }
};

test('a run starts on an executor of its pool only, and one of the default pool on those that name none', () => {
  const shard = new AdmissionFixture();
  shard.beat('gpu1', { pools: ['gpu'] });
  requestAll(shard, 'plain', 1);
  expect(shard.start()).toEqual([]);
  requestAll(shard, 'drawn', 1, 'gpu');
  expect(shard.start()).toEqual(['drawn0']);
  shard.beat('any');
  expect(shard.start()).toEqual(['plain0']);
  expect([executorOf(shard.state, 'drawn0'), executorOf(shard.state, 'plain0')]).toEqual(['gpu1', 'any']);
});

test('a pool that is full holds up nobody else', () => {
  const shard = new AdmissionFixture(100);
  shard.beat('gpu1', { pools: ['gpu'], slots: 1 });
  shard.beat('ex1', { slots: 3 });
  requestAll(shard, 'drawn', 5, 'gpu');
  requestAll(shard, 'plain', 5);
  expect(shard.start().sort()).toEqual(['drawn0', 'plain0', 'plain1', 'plain2']);
});

test('pools share what the server allows, whatever waits for them', () => {
  const shard = new AdmissionFixture(4);
  shard.beat('gpu1', { pools: ['gpu'] });
  shard.beat('ex1');
  requestAll(shard, 'plain', 50);
  requestAll(shard, 'drawn', 2, 'gpu');
  expect(shard.start().sort()).toEqual(['drawn0', 'drawn1', 'plain0', 'plain1']);
  shard.record(completed({ runId: 'drawn0' }));
  expect(shard.start()).toEqual(['plain2']);
});

test('an executor may be of several pools', () => {
  const shard = new AdmissionFixture();
  shard.beat('both', { pools: ['default', 'gpu'], slots: 2 });
  requestAll(shard, 'plain', 2);
  requestAll(shard, 'drawn', 2, 'gpu');
  expect(shard.start().sort()).toEqual(['drawn0', 'plain0']);
});

test('a workflow that moves to another pool takes its later runs there', () => {
  const shard = new AdmissionFixture();
  shard.beat('ex1', { slots: 1 });
  requestAll(shard, 'it', 2);
  shard.request('moved', 'a/it', { pool: 'gpu' });
  expect(shard.start()).toEqual(['it0']);
  shard.beat('gpu1', { pools: ['gpu'] });
  expect(shard.start()).toEqual([]);
  shard.record(completed({ runId: 'it0' }));
  expect(shard.start()).toEqual(['it1', 'moved']);
});

test('a request that will not wait is rejected once somebody of its pool is there', () => {
  const shard = new AdmissionFixture();
  shard.beat('ex1');
  shard.request('eager', 'a/eager', { pool: 'gpu', onLimit: 'reject' });
  expect(admit(shard.state, 0)).toEqual([]);
  expect(shard.take()).not.toContainEqual(expect.objectContaining({ type: 'end' }));
  shard.beat('gpu1', { pools: ['gpu'], slots: 0 });
  expect(admit(shard.state, 0)).toEqual([]);
  expect(shard.take()).toContainEqual({ type: 'end', runId: 'eager', ending: 'rejected' });
});
