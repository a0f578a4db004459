import { logBounds } from '@millrace/eventlog';
import { type Trigger } from '@millrace/contracts';
import { claimDatabase, claimNats, eventually } from '@millrace/testkit';
import { type LightMyRequestResponse } from 'fastify';
import { expect } from 'vitest';
import { lastEvent } from './play-executor.ts';
import { startTestGateway, type TestGateway, type TestGatewayOptions } from './start-test-gateway.ts';

/** Secrets that the gateway of the hooks knows, by their names. */
export const SECRETS = {
  GITHUB_SECRET: 'a-secret-of-github',
  STRIPE_SECRET: 'whsec_stripe_secret',
  SLACK_SECRET: 'a-secret-of-slack',
  STANDARD_SECRET: `whsec_${Buffer.from('a-key-of-standard-webhooks').toString('base64')}`,
  META_SECRET: 'verify_meta_token',
  GRAPH_SECRET: 'graph-client-state',
  ZOOM_SECRET: 'a-secret-of-zoom',
  TWITCH_SECRET: 'a-secret-of-twitch',
  HOOK_KEY: 'a-key-that-is-a-secret',
} as const;

type Declared = Partial<Omit<Trigger, 'address'>> & { readonly path: string };

export const hook = ({ path, ...rest }: Declared): Trigger => ({
  id: path.replaceAll(/\W/g, '_'),
  dialect: 'hooks',
  address: { path },
  methods: ['POST'],
  auth: 'token',
  mode: 'async',
  enabled: true,
  ...rest,
});

export const signed = (
  path: string,
  preset: string,
  secret: keyof typeof SECRETS,
  rest: Partial<Trigger> = {},
): Trigger => hook({ path, auth: 'signature', signature: { preset, secrets: [secret], rule: {} }, ...rest });

export const open = (path: string, rest: Partial<Trigger> = {}): Trigger => hook({ path, auth: 'public', ...rest });

export interface Sent {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'HEAD' | 'OPTIONS';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

export const JSON_TYPE = { 'content-type': 'application/json' };

/** A gateway with one workflow that declares hooks, and what senders do with it. None of them has a token unless it says so. */
export interface HooksGateway {
  readonly gateway: TestGateway;
  readonly send: (path: string, sent?: Sent) => Promise<LightMyRequestResponse>;
  readonly json: (path: string, value: unknown) => Promise<LightMyRequestResponse>;
  /** Input of the run that was recorded last. */
  readonly input: () => Promise<unknown>;
  /** Grows with everything that is recorded. */
  readonly logEnd: () => Promise<number>;
}

export const startHooksGateway = async (
  triggers: readonly Trigger[],
  settings: TestGatewayOptions['settings'] = {},
): Promise<HooksGateway> => {
  const urls = { natsUrl: claimNats().url, databaseUrl: (await claimDatabase()).url };
  const gateway = await startTestGateway({ ...urls, settings });
  await gateway.deploy('tests/hooked', { triggers: [...triggers] });
  for (const [name, value] of Object.entries(SECRETS)) {
    await gateway.call({ method: 'PUT', url: `/secrets/${name}`, payload: { value } });
  }
  await eventually(() => {
    expect(gateway.catalog.entries().size).toBe(1);
    for (const [name, value] of Object.entries(SECRETS)) expect(gateway.secretValues.valuesOf(name)).toEqual([value]);
  });
  const send: HooksGateway['send'] = (path, { method = 'POST', headers = {}, body } = {}) =>
    gateway.app.inject({
      method,
      url: `/hooks${path}`,
      headers: { host: 'gateway.test', ...headers },
      ...(body === undefined ? {} : { payload: body }),
    });
  return {
    gateway,
    send,
    json: (path, value) => send(path, { headers: JSON_TYPE, body: JSON.stringify(value) }),
    input: async () => {
      const event = await lastEvent(gateway);
      return event?.type === 'dev.millrace.run.requested.v1' ? event.data.input : undefined;
    },
    logEnd: async () => (await logBounds(gateway.connection, 0)).last,
  };
};
