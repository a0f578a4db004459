import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Bundles, type Catalog, connectLog, ensureTopology, openBundles, openCatalog } from '@millrace/eventlog';
import { claimNats, eventually, makeTempFolder } from '@millrace/testkit';
import { expect, test } from 'vitest';
import { deployFolder } from './deploy-folder.ts';

const clock = { now: () => Date.parse('2026-11-21T12:00:00Z') };

test('of two deployers that take one address at the same moment exactly one has it', async () => {
  await using stop = new AsyncDisposableStack();
  const { url } = claimNats();
  const open = async (name: string): Promise<{ readonly catalog: Catalog; readonly bundles: Bundles }> => {
    const connection = await connectLog({ url, name });
    stop.defer(() => connection.close());
    await ensureTopology(connection);
    const catalog = openCatalog(connection);
    stop.defer(() => catalog.close());
    await catalog.ready;
    return { catalog, bundles: openBundles(connection) };
  };
  const { catalog, bundles } = await open('first deployer');
  const { catalog: theirs } = await open('second deployer');
  for (let round = 0; round < 5; round += 1) {
    const workspace = `race-${round}`;
    const bothHaveClaimed = Promise.withResolvers<undefined>();
    let claims = 0;
    const deployerOf = async (name: string, own: Catalog) => {
      const folder = makeTempFolder(workspace);
      await mkdir(join(folder, 'race'));
      await writeFile(join(folder, `race/${name}.sh`), '#!/bin/sh\n');
      const triggers = 'triggers: [{ dialect: hooks, path: /same, auth: public }]\n';
      await writeFile(join(folder, `race/${name}.yaml`), triggers);
      const put: Catalog['put'] = async (entry) => {
        claims += 1;
        if (claims === 2) bothHaveClaimed.resolve(undefined);
        await bothHaveClaimed.promise;
        return own.put(entry);
      };
      const { entries, get, revisionOf, remove } = own;
      const taking = { entries, get, revisionOf, remove, put };
      return deployFolder({ folder, bundles, clock, workspace, catalog: taking, source: name });
    };
    const reports = await Promise.all([deployerOf('left', catalog), deployerOf('right', theirs)]);
    expect(reports.map(({ deployed }) => deployed.length).sort()).toEqual([0, 1]);
    const [problem] = reports.flatMap(({ problems }) => problems);
    expect(problem?.reason).toMatch(/has the same address and method as/);
    await eventually(() => {
      const there = ['left', 'right'].map((name) => catalog.get(workspace, `race/${name}`));
      expect(there.filter((entry) => entry?.current !== undefined)).toHaveLength(1);
      expect(there.filter((entry) => entry?.problem !== undefined)).toHaveLength(1);
    });
  }
});
