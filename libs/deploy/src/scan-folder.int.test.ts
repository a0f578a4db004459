import { chmod, mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeTempFolder } from '@millrace/testkit';
import { describe, expect, test } from 'vitest';
import { scanFolder } from './scan-folder.ts';

const SCANS = 300;

const makeFolder = async (...files: readonly string[]): Promise<string> => {
  const root = makeTempFolder('scan');
  for (const file of files) {
    await mkdir(join(root, dirname(file)), { recursive: true });
    await writeFile(join(root, file), file.includes('.') ? 'echo\n' : '#!/bin/sh\n');
  }
  return root;
};

const paths = async (root: string): Promise<readonly string[]> =>
  (await scanFolder(root)).sources.map(({ path }) => path);

describe('scanFolder', () => {
  test('takes nested folders for one longer folder name', async () => {
    expect(await paths(await makeFolder('a/b.sh', 'f/ops/deploy.py', 'f/ops/eu/deploy.ts'))).toEqual([
      'a/b',
      'f/ops/deploy',
      'f/ops/eu/deploy',
    ]);
  });

  test('finds all or refuses, however often the folder is moved away and back meanwhile', async () => {
    const files = ['a/b.sh', 'c/d.py', 'e/f/g.sh', 'h/i.js'];
    const root = await makeFolder(...files);
    const whole = await paths(root);
    let scans = 0;
    const moving = async (): Promise<void> => {
      while (scans < SCANS) {
        await rename(root, `${root}-away`);
        await rename(`${root}-away`, root);
        await new Promise(setImmediate);
      }
    };
    const moved = moving();
    for (; scans < SCANS; scans += 1) {
      const found = await paths(root).catch((error: unknown) => error);
      if (found instanceof Error) expect(found).toMatchObject({ code: 'deploy.no_folder' });
      else expect(found).toEqual(whole);
    }
    await moved;
  });

  test('passes over what is no workflow', async () => {
    const root = await makeFolder(
      ...['root.sh', 'a/.hidden.sh', '.git/a.sh', 'a/node_modules/x/y.js', 'a/b.test.ts', 'a/b.spec.js', 'a/b.d.ts'],
      ...['_lib/c.ts', 'a/_part.ts', 'a/b.sh~', 'a/4913.tmp', 'a/README.md', 'a/data.json', 'a/notexecutable'],
    );
    expect(await scanFolder(root)).toMatchObject({ sources: [], misplaced: [] });
  });

  test('takes any executable that begins with #!', async () => {
    const root = await makeFolder('a/b', 'a/c.rb');
    await chmod(join(root, 'a/b'), 0o755);
    await writeFile(join(root, 'a/c.rb'), '#!/usr/bin/env ruby\n', { mode: 0o755 });
    await chmod(join(root, 'a/c.rb'), 0o755);
    expect(await paths(root)).toEqual(['a/b', 'a/c']);
  });

  test('follows a link to a file, not one to a folder', async () => {
    const root = await makeFolder('a/b.sh');
    await symlink(join(root, 'a/b.sh'), join(root, 'a/link.sh'));
    await symlink(root, join(root, 'a/loop'));
    expect(await paths(root)).toEqual(['a/b', 'a/link']);
  });

  test('reports two files of one path, metadata of nothing and names that cannot be', async () => {
    const { sources, misplaced } = await scanFolder(
      await makeFolder(
        'a/b.sh',
        'a/b.py',
        'a/c.sh',
        'a/c.yaml',
        'a/c.yml',
        'a/d.yaml',
        'a/my job.sh',
        'a/-rf.sh',
        'x.y/z.sh',
      ),
    );
    expect(sources).toEqual([]);
    expect(misplaced).toEqual([
      { path: 'a/b', keepsVersion: true, fault: { file: 'a/b.sh', reason: 'a/b.py has the same path, a/b' } },
      { path: 'a/c', keepsVersion: true, fault: { file: 'a/c.yml', reason: 'a/c.yaml has the same path, a/c' } },
      {
        path: 'a/d',
        keepsVersion: false,
        fault: { file: 'a/d.yaml', reason: expect.stringMatching(/^metadata without a workflow/) },
      },
      { keepsVersion: false, fault: { file: 'a/-rf.sh', reason: expect.stringMatching(/^"-rf" cannot be part/) } },
      {
        keepsVersion: false,
        fault: { file: 'a/my job.sh', reason: expect.stringMatching(/^"my job" cannot be part/) },
      },
      { keepsVersion: false, fault: { file: 'x.y/z.sh', reason: expect.stringMatching(/^"x.y" cannot be part/) } },
    ]);
  });

  test('refuses a folder that is not there', async () => {
    await expect(scanFolder('/nonexistent/workflows')).rejects.toMatchObject({
      kind: 'invalid',
      code: 'deploy.no_folder',
    });
  });
});
