/**
 * Fetches JSON from a URL and turns it into a flat table: one row per value, named by the keys that lead to it.
 * Without a URL it fetches a document that it carries with it, so it works without a network.
 */
import { defineWorkflow } from '@millrace/sdk';

interface Input {
  /** Where the JSON is; `http:`, `https:` or `data:`. */
  readonly url?: string;
  /** Only rows whose name begins with this. */
  readonly prefix?: string;
}

interface Row {
  readonly name: string;
  readonly value: string | number | boolean | null;
}

const ORDERS = {
  orders: [
    { id: 1, customer: { city: 'Lyon' }, cents: 1250 },
    { id: 2, customer: { city: 'Oslo' }, cents: 990 },
  ],
};
const SAMPLE_URL = `data:application/json,${encodeURIComponent(JSON.stringify(ORDERS))}`;

/** Depth first, in the order of the document. */
const flatten = (value: unknown, name = ''): readonly Row[] => {
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([key, member]) => flatten(member, name === '' ? key : `${name}.${key}`));
  }
  return [{ name, value: value as Row['value'] }];
};

export default defineWorkflow<Input>(
  {
    description: 'Fetches JSON and flattens it to a table',
    input: {
      type: 'object',
      additionalProperties: false,
      properties: {
        url: { type: 'string', pattern: '^(https?|data):' },
        prefix: { type: 'string' },
      },
    },
    timeout: '30s',
    retries: { failed: 2 },
  },
  async ({ input: { url = SAMPLE_URL, prefix = '' }, log, progress, signal, run }) => {
    progress(10, 'fetching');
    const response = await fetch(url, {
      signal,
      headers: { accept: 'application/json', traceparent: run.traceparent },
    });
    if (!response.ok) throw new Error(`${url} answered ${response.status} ${response.statusText}`);
    const document: unknown = await response.json();

    progress(60, 'transforming');
    const rows = flatten(document).filter(({ name }) => name.startsWith(prefix));
    log.info('transformed', { rows: rows.length });
    return { source: url.startsWith('data:') ? 'sample' : url, count: rows.length, rows };
  },
);
