import { type InjectOptions, type LightMyRequestResponse } from 'fastify';
import { completed, dispatched, eventually, started } from '@millrace/testkit';
import { expect } from 'vitest';
import { lastEvent } from './play-executor.ts';
import { type TestGateway, TOKENS } from './start-test-gateway.ts';

export const WORKFLOW = 'tests/mine';
export const JOBS = '/api/w/demo/jobs';
export const JSON_TYPE = { 'content-type': 'application/json' };

export type Call = (options: InjectOptions) => Promise<LightMyRequestResponse>;

/** Calls as clients of Windmill do: with a token (admin by default), and nothing that is ours. */
export const windmillClient = (gateway: () => TestGateway) => {
  const call: Call = ({ headers = { authorization: `Bearer ${TOKENS.admin}` }, ...rest }) =>
    gateway().app.inject({ headers, ...rest });

  /** The input of the run that was requested last. */
  const lastInput = async (): Promise<unknown> => {
    const event = await lastEvent(gateway());
    return event?.type === 'dev.millrace.run.requested.v1' ? event.data.input : undefined;
  };

  const start = async (payload: object = {}): Promise<string> => {
    const response = await call({ method: 'POST', url: `${JOBS}/run/p/${WORKFLOW}`, payload });
    if (response.statusCode !== 201) throw new Error(`${response.statusCode} ${response.body}`);
    return response.body;
  };

  /** A run that took one second, as the read model shows it. */
  const startEnded = async (output: unknown): Promise<string> => {
    const runId = await start({ a: 1 });
    const about = { runId, workflow: WORKFLOW };
    await gateway().writer.append([
      dispatched(about),
      started({ ...about, time: '2026-01-02T03:04:05.000Z' }),
      completed({ ...about, output, time: '2026-01-02T03:04:06.000Z' }),
    ]);
    await eventually(async () => {
      const { statusCode } = await call({ url: `${JOBS}_u/completed/get/${runId}` });
      expect(statusCode).toBe(200);
    });
    return runId;
  };

  return { call, lastInput, start, startEnded };
};
