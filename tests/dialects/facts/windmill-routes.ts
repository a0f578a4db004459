/** Who may call routes of one's own, and who is told of changes. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '@millrace/testkit';
import { expect } from 'vitest';
import { type World } from '../world.ts';
import { type Fact } from './fact.ts';
import { ECHO, JOBS } from './windmill-calls.ts';

/** What the workspace webhook has told of one workflow. */
const toldOf = ({ receiver }: World, path: string) =>
  receiver
    .received()
    .map(({ headers, body }) => ({ headers, told: JSON.parse(body) as Readonly<Record<string, unknown>> }))
    .filter(({ told }) => told['path'] === path);

const isTold = (world: World, path: string, type: string) =>
  eventually(
    () => {
      const found = toldOf(world, path).find(({ told }) => told['type'] === type);
      if (found === undefined) throw new Error(`${type} was not told`);
      return found;
    },
    { timeoutMs: 30_000 },
  );

export const WINDMILL_ROUTES: readonly Fact[] = [
  {
    shows: ['1.6/routes-workspace'],
    says: 'routes: the workspace stands before the path where the route says so',
    show: async ({ call }) => {
      expect((await call('/api/r/demo/spaced', { body: { n: 1 } })).json).toEqual({ n: 1 });
      expect((await call('/api/r/spaced', { body: {} })).status).toBe(404);
    },
  },
  {
    shows: ['1.6/routes-token'],
    says: 'routes: any token that may run the workflow; there is no scope of routes',
    show: async ({ call, token }) => {
      const statusWith = async (scope: string) =>
        (await call('/api/r/later', { token: await token(scope), body: {} })).status;
      expect([await statusWith('jobs:run:scripts:shop/routes'), await statusWith(`run:${ECHO}`)]).toEqual([201, 404]);
      expect((await call('/tokens', { body: { scopes: ['http_triggers:read:later'] } })).status).toBe(400);
    },
  },
  {
    shows: ['1.6/routes-script'],
    says: 'routes: a script that checks by itself sees the raw text and the headers that it names',
    show: async ({ call }) => {
      const headers = { 'x-sign': 'signed' };
      const { json } = await call('/api/r/checks', { token: null, headers, body: '{"n":1}' });
      expect(json).toEqual({ n: 1, x_sign: 'signed', raw_string: '{"n":1}' });
    },
  },
  {
    shows: ['1.6/workspace-webhook', '1.6/workspace-others', '1.6/workspace-delivery'],
    says: 'workspace webhook: scripts that are made, changed and removed, signed; other changes are CloudEvents',
    show: async (world) => {
      const { call, platform, receiver } = world;
      const url = `${receiver.url}/workspace`;
      expect((await call('/webhooks', { body: { url, format: 'windmill' } })).status).toBe(201);
      expect((await call('/webhooks', { body: { url, format: 'windmill', events: ['token.created'] } })).status).toBe(
        400,
      );
      const path = `f/told/made-${crypto.randomUUID()}`;
      platform.saveWorkflow(`${path}.sh`, '#!/bin/sh\necho 1\n');
      const { headers, told } = await isTold(world, path, 'CreateScript');
      expect(told).toEqual({ type: 'CreateScript', workspace: 'default', path, hash: expect.any(String) as string });
      expect(headers).toMatchObject({ 'webhook-signature': expect.stringMatching(/^v1,/) as string });
      platform.saveWorkflow(`${path}.sh`, '#!/bin/sh\necho 2\n');
      await isTold(world, path, 'UpdateScript');
      rmSync(join(platform.workflowsDir, `${path}.sh`));
      expect((await isTold(world, path, 'DeleteScriptPath')).told).not.toHaveProperty('hash');
      await eventually(async () => expect((await call(`${JOBS}/run/p/${path}`, { body: {} })).status).toBe(404));
    },
  },
];
