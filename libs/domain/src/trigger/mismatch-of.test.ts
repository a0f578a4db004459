import { type Trigger } from '@millrace/contracts';
import { describe, expect, test } from 'vitest';
import { triggerOf } from '@millrace/testkit';
import { type Approach, mismatchOf } from './mismatch-of.ts';

describe('before the body is read', () => {
  const allowFrom = ['198.51.100.0/24', '2001:db8::/32'];
  const ok: Approach = { method: 'POST', from: '198.51.100.7', state: 'enabled' };
  test.each<[Partial<Trigger>, Partial<Approach>, string | undefined]>([
    [{}, {}, undefined],
    [{}, { from: '' }, undefined],
    [{ allowFrom }, {}, undefined],
    [{ allowFrom }, { from: '2001:db8::7' }, undefined],
    [{ allowFrom }, { from: '192.0.2.1' }, 'address'],
    [{ allowFrom }, { from: '' }, 'address'],
    [{ allowFrom: [] }, {}, 'address'],
    [{}, { method: 'PUT' }, 'method'],
    [{ methods: ['GET'] }, { method: 'HEAD' }, 'method'],
    [{ methods: ['GET', 'PUT'] }, { method: 'PUT' }, undefined],
    [{}, { state: 'stopped' }, 'stopped'],
    [{}, { state: 'disabled' }, 'disabled'],
    // The order in which callers are told: a foreign address learns neither methods nor states.
    [{ allowFrom }, { from: '192.0.2.1', method: 'PUT', state: 'stopped' }, 'address'],
    [{}, { method: 'PUT', state: 'stopped' }, 'method'],
  ])('a trigger %j keeps %j out: %s', (trigger, differs, expected) => {
    expect(mismatchOf(triggerOf(trigger), { ...ok, ...differs })).toBe(expected);
  });
});
