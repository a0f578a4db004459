import { createHash } from 'node:crypto';
import { accessSync, constants, readdirSync, readFileSync } from 'node:fs';
import { encodeBundle } from '@millrace/contracts';
import { AppError } from '@millrace/kernel';
import { makeTempFolder } from '@millrace/testkit';
import { beforeEach, describe, expect, test } from 'vitest';
import { type BundleCache, makeBundleCache } from './bundles.ts';

const TEXT = '#!/bin/sh\necho hi\n';
const object = encodeBundle({ file: 'hi.sh' }, Buffer.from(TEXT));
const version = createHash('sha256').update(object).digest('hex');

let directory: string;
let fetches: number;
beforeEach(() => {
  directory = makeTempFolder('bundles');
  fetches = 0;
});

/** A store that fails so many times before it has the object. */
const cacheOf = (content: Uint8Array, failures = 0): BundleCache =>
  makeBundleCache({
    directory,
    fetch: async () => {
      fetches += 1;
      if (fetches <= failures) throw new AppError('unavailable', 'log.unreachable', 'away');
      return content;
    },
  });

describe('a bundle on an executor', () => {
  test('is one executable file under its version, fetched once however many ask', async () => {
    const cache = cacheOf(object);
    const [{ path, argv }] = await Promise.all([cache.load(version), cache.load(version)]);
    expect(fetches).toBe(1);
    expect([path, argv]).toEqual([`${directory}/${version}/hi.sh`, [`${directory}/${version}/hi.sh`]]);
    expect(readFileSync(path, 'utf8')).toBe(TEXT);
    accessSync(path, constants.X_OK);
    expect(readdirSync(directory)).toEqual([version]);
  });

  test('is found on the disk after a restart', async () => {
    await cacheOf(object).load(version);
    await cacheOf(object).load(version);
    expect(fetches).toBe(1);
  });

  test('is fetched again while the store is away', async () => {
    await cacheOf(object, 2).load(version);
    expect(fetches).toBe(3);
  });

  test('with other content than its name says is refused and not kept, and asked for again', async () => {
    const cache = cacheOf(encodeBundle({ file: 'hi.sh' }, Buffer.from('forged')));
    await expect(cache.load(version)).rejects.toMatchObject({ code: 'bundle.corrupt' });
    await expect(cache.load(version)).rejects.toMatchObject({ code: 'bundle.corrupt' });
    expect(fetches).toBe(2);
    expect(readdirSync(directory)).toEqual([]);
  });

  test('is never looked for outside of its folder', async () => {
    await expect(cacheOf(object).load('../../etc')).rejects.toMatchObject({ code: 'bundle.corrupt' });
    expect(fetches).toBe(0);
  });
});
