import { createHmac } from 'node:crypto';
import { eventually } from '@millrace/testkit';
import { expect } from 'vitest';
import { type Request, type World } from '../world.ts';
import { type Fact } from './fact.ts';
import { FACT_SECRETS, SOURCES } from './workflows.ts';

const hook = (world: World, source: string, request: Request = {}) =>
  world.call(`/api/hooks/${source}`, { token: null, body: { action: 'opened' }, ...request });

const answered = async (world: World, source: string, request: Request = {}) => {
  const { status, text } = await hook(world, source, request);
  return [status, text];
};

/** The input of the last run that an event source has started. */
const lastInput = async (world: World): Promise<unknown> => {
  await world.runsOf('shop/sources');
  const { json } = await world.call('/runs?workflow=shop/sources&limit=1', { method: 'GET' });
  const [{ run_id: id }] = (json as { readonly runs: readonly [{ readonly run_id: string }] }).runs;
  return (await world.ended(id))['input'];
};

const SIGNED = `sha256=${createHmac('sha256', FACT_SECRETS.GITHUB).update('{"action":"opened"}').digest('hex')}`;

export const EVENT_SOURCES: readonly Fact[] = [
  {
    shows: ['3.6/address', '3.6/202', '3.6/404', '3.6/health'],
    says: '/api/hooks/{uuid}: 202 Accepted by any method, 404, and health',
    show: async (world) => {
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
        const request = method === 'GET' ? { method, body: undefined } : { method };
        expect([method, ...(await answered(world, SOURCES.open, request))]).toEqual([method, 202, 'Accepted']);
      }
      expect(await answered(world, '7d0c7a52-6a0e-4b62-9a55-0d2c1f9be0ff')).toEqual([404, 'Not Found']);
      expect(await answered(world, 'health', { method: 'GET', body: undefined })).toEqual([200, 'OK']);
    },
  },
  {
    shows: ['3.6/generic', '3.6/401'],
    says: 'generic: a signature that is missing or wrong is 401 with its text',
    show: async (world) => {
      expect(await answered(world, SOURCES.signed)).toEqual([401, 'Missing signature header: x-signature-256']);
      const headers = { 'x-signature-256': SIGNED };
      expect(await answered(world, SOURCES.signed, { headers })).toEqual([202, 'Accepted']);
      expect(await answered(world, SOURCES.signed, { headers, body: { action: 'closed' } })).toEqual([
        401,
        'Invalid signature',
      ]);
    },
  },
  {
    shows: ['3.6/graph', '3.6/200'],
    says: 'microsoft_graph: validationToken is echoed as text, a wrong clientState is 401',
    show: async (world) => {
      const { status, headers, text } = await hook(world, `${SOURCES.graph}?validationToken=a%20b`, {
        body: undefined,
      });
      expect([status, headers.get('content-type'), text]).toEqual([200, expect.stringContaining('text/plain'), 'a b']);
      const value = [{ clientState: 'wrong', resource: 'x' }];
      expect((await hook(world, SOURCES.graph, { body: { value } })).status).toBe(401);
    },
  },
  {
    shows: ['3.6/429'],
    says: '429 with source_id and Retry-After',
    show: async (world) => {
      expect((await hook(world, SOURCES.rated)).status).toBe(202);
      const { status, headers, json } = await hook(world, SOURCES.rated);
      expect([status, json]).toEqual([429, { error: 'rate_limit_exceeded', source_id: SOURCES.rated }]);
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    },
  },
  {
    shows: ['3.6/body', '3.6/generic'],
    says: 'the fields flat beside _event; of its type the field of the body wins over the header; texts are body',
    show: async (world) => {
      const headers = { 'x-event-type': 'by-header' };
      await hook(world, SOURCES.open, { headers, body: { kind: 'by-field', n: 1 } });
      const event = { type: 'by-field', body: { kind: 'by-field', n: 1 }, source_ip: expect.any(String) as string };
      expect(await lastInput(world)).toMatchObject({ kind: 'by-field', n: 1, _event: event });
      await hook(world, SOURCES.open, { headers, body: 'text' });
      expect(await lastInput(world)).toMatchObject({ body: 'text', _event: { type: 'by-header' } });
    },
  },
  {
    shows: ['3.6/fan-out', '3.6/rejected'],
    says: 'delivery states: requests that started nothing are listed with the reason, and delivered again by hand',
    show: async (world) => {
      const nonce = crypto.randomUUID();
      const headers = { 'x-signature-256': 'sha256=00' };
      expect((await hook(world, SOURCES.signed, { headers, body: { nonce } })).status).toBe(401);
      const refused = await eventually(async () => {
        const { json } = await world.call('/requests?workflow=shop/sources&outcome=refused', { method: 'GET' });
        const { requests } = json as {
          readonly requests: readonly { readonly id: string; readonly trigger: string; readonly code: string }[];
        };
        const found = requests.find(({ trigger, code }) => trigger === 'signed' && code === 'signature.refused');
        if (found === undefined) throw new Error('it is not listed yet');
        return found;
      });
      const again = await world.call(`/requests/${refused.id}/redeliver`);
      expect([again.status, again.json]).toMatchObject([202, { run_id: expect.any(String) as string }]);
    },
  },
];
