import { expect } from 'vitest';
import { type Fact } from './fact.ts';
import { JOBS } from './windmill-calls.ts';

const IN_TYPESCRIPT = `
export async function preprocessor(event: { kind: string; body: any; raw_string: string; headers: any; query: any }) {
  const { kind, body, raw_string, headers, query } = event;
  return { items: body.items.length, from: [kind, headers['x-tenant'], query.page, raw_string, Object.keys(headers)] };
}
export async function main(items: number, from: unknown = 'nowhere', event?: unknown) {
  return { items, from, event };
}
`;
const IN_PYTHON = `
async def preprocessor(event: dict):
    headers = event["headers"]
    told = [event["kind"], headers["x-tenant"], event["query"]["page"], event["raw_string"], list(headers)]
    return {"items": len(event["body"]["items"]), "source": told}

def main(items: int, source: object = "nowhere", event: object = None):
    return {"items": items, "from": source, "event": event}
`;
/** Of a route: it hands on all that it sees. */
const OF_A_ROUTE = `
export async function preprocessor(event: unknown) {
  return { event };
}
export async function main(event: unknown) {
  return event;
}
`;
const SCHEMA = 'input: { type: object, required: [items], properties: { items: { type: integer } } }\n';

export const PREPARED: Readonly<Record<string, string>> = {
  'shop/prepared-ts.ts': IN_TYPESCRIPT,
  'shop/prepared-ts.yaml': SCHEMA,
  'shop/prepared-py.py': IN_PYTHON,
  'shop/prepared-py.yaml': SCHEMA,
  'shop/routed.ts': OF_A_ROUTE,
  'shop/routed.yaml': "triggers: [{ dialect: windmill, route: 'routed/:id', methods: [PUT] }]\n",
};

const OF_EACH: readonly Fact[] = ['shop/prepared-ts', 'shop/prepared-py'].flatMap((workflow) => {
  const address = `${JOBS}/run_wait_result/p/${workflow}`;
  return [
    {
      shows: ['1.3/preprocessor'],
      says: `${workflow}: its preprocessor makes the arguments of body, headers and query, credentials left out`,
      show: async ({ call }) => {
        const body = '{"items": [1, 2]}';
        const headers = { 'x-tenant': 'acme', 'x-api-key': 'secret' };
        const { items, from } = (await call(`${address}?page=3`, { body, headers })).json as {
          readonly items: number;
          readonly from: readonly unknown[];
        };
        expect([items, ...from.slice(0, 4)]).toEqual([2, 'webhook', 'acme', '3', body]);
        expect(from[4]).toContain('x-tenant');
        expect(from[4]).not.toContain('authorization');
        expect(from[4]).not.toContain('x-api-key');
      },
    },
    {
      shows: ['1.3/preprocessor', '1.3/options'],
      says: `${workflow}: skip_preprocessor, and any other protocol, calls main, whose schema counts`,
      show: async ({ call }) => {
        const skipping = `${address}?skip_preprocessor=true`;
        expect((await call(skipping, { body: { items: 5 } })).json).toMatchObject({ items: 5, from: 'nowhere' });
        expect((await call(skipping, { body: { items: [] } })).status).toBe(400);
        const input = { items: 6, event: { body: { items: [] } } };
        const { json } = await call(`/run/${workflow}?wait=20`, { body: input });
        expect(json.output).toEqual({ ...input, from: 'nowhere' });
      },
    },
    {
      shows: ['1.3/preprocessor'],
      says: `${workflow}: a rerun preprocesses again`,
      show: async ({ call, ended }) => {
        const headers = { 'x-tenant': 'acme' };
        const { text } = await call(`${JOBS}/run/p/${workflow}?page=1`, { body: { items: [1, 2, 3] }, headers });
        await ended(text);
        const { json } = await call(`/runs/${text}/rerun`);
        expect(await ended(json.run_id as string)).toMatchObject({ output: { items: 3 } });
      },
    },
  ] satisfies readonly Fact[];
});

export const WINDMILL_PREPROCESSORS: readonly Fact[] = [
  ...OF_EACH,
  {
    shows: ['1.6/routes-event', '1.7/everything'],
    says: 'of a route: kind http, with route, path, method and params beside the rest',
    show: async ({ call }) => {
      const headers = { 'x-tenant': 'acme' };
      const { json } = await call('/api/r/routed/7?page=3', { method: 'PUT', body: '{"n":1}', headers });
      expect(json).toMatchObject({
        kind: 'http',
        route: 'routed/:id',
        path: 'routed/7',
        method: 'PUT',
        params: { id: '7' },
        query: { page: '3' },
        headers: { 'x-tenant': 'acme' },
        body: { n: 1 },
        raw_string: '{"n":1}',
      });
    },
  },
  {
    shows: ['1.3/preprocessor-old'],
    says: 'one that takes wm_trigger is not called: main gets the arguments',
    show: async ({ call }) =>
      expect((await call(`${JOBS}/run_wait_result/p/shop/old`, { body: { n: 1 } })).json).toBe(1),
  },
];
