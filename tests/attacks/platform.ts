import { type HttpCaller } from '@millrace/testkit';

/** A script that ends at once. */
export const QUICK = '#!/bin/sh\necho done\n';
/** A TypeScript workflow that returns its input. */
export const ECHO = `
import { defineWorkflow } from '@millrace/sdk';
export default defineWorkflow({}, async ({ input }) => input);
`;

/** Makes a token. */
export const makeToken = async (http: HttpCaller, ...scopes: readonly string[]): Promise<string> => {
  const { status, json, text } = await http.post('/tokens', { body: { label: 'attack', scopes } });
  if (status !== 201) throw new Error(`POST /tokens answered ${status}: ${text}`);
  return (json as { readonly token: string }).token;
};

/** A run id as the server makes them, of no run. */
export const NO_RUN = '01a1fe04-148e-7730-95d0-3c1cf9210df0';

/** How many runs there are, up to 200, everything counted that was recorded before. */
export const countRuns = async (http: HttpCaller): Promise<number> => {
  // That a run is not there is said only when the read models know all that the log holds.
  const { status } = await http.get(`/runs/${NO_RUN}`);
  if (status !== 404) throw new Error(`GET /runs/${NO_RUN} answered ${status}`);
  const { json } = await http.get('/runs?limit=200');
  return (json as { readonly runs: readonly unknown[] }).runs.length;
};
